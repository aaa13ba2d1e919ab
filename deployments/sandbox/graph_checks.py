"""What the Graph API refuses: unknown fields, limits, orders, cursors; and Graph's error answers."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from starlette.datastructures import QueryParams

PAGE_FIELDS = frozenset(["id", "name", "username", "about", "category", "followers_count", "fan_count", "link"])
POST_FIELDS = frozenset(
    [
        "id",
        "message",
        "created_time",
        "updated_time",
        "from",
        "permalink_url",
        "story",
        "message_tags",
        "is_hidden",
        "parent_id",
        "status_type",
        "attachments",
        "to",
    ]
)
COMMENT_FIELDS = frozenset(
    [
        "id",
        "message",
        "created_time",
        "from",
        "parent",
        "permalink_url",
        "comment_count",
        "like_count",
        "can_comment",
        "can_reply_privately",
        "is_hidden",
        "message_tags",
        "object",
        "attachment",
        "user_likes",
    ]
)
FIELD = re.compile(r"(\w+)((?:\.\w+\([^)]*\))*)(\{[\w,{}.()]*\})?")


class GraphProblem(Exception):
    """A refusal as Graph writes it: HTTP status and JSON body."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        super().__init__(body["error"]["message"])
        self.status = status
        self.body = body


@dataclass(frozen=True, slots=True)
class Edge:
    """A checked edge request; since and until are Unix seconds."""

    limit: int
    after: str | None
    before: str | None
    since: float | None
    until: float | None
    order: str
    filter: str


def graph_problem(code: int, message: str, *, subcode: int | None = None, status: int = 400) -> GraphProblem:
    """An error of Graph's form; nearly all come with HTTP 400."""
    error: dict[str, Any] = {"message": message, "type": "OAuthException", "code": code}
    if subcode is not None:
        error["error_subcode"] = subcode
        error["type"] = "GraphMethodException"
    return GraphProblem(status, {"error": {**error, "fbtrace_id": "AsandboxTrace000000000"}})


def unknown_object(node: str) -> GraphProblem:
    """Code 100, subcode 33: the object does not exist or cannot be seen."""
    message = (
        f"Unsupported get request. Object with ID '{node}' does not exist, cannot be loaded due to missing"
        " permissions, or does not support this operation."
    )
    return graph_problem(100, message, subcode=33)


def read_fields(wanted: str | None, known: frozenset[str], default: tuple[str, ...], node_type: str) -> tuple[str, ...]:
    """The field names asked for, sub-selections stripped; raises `GraphProblem` (code 100) for an unknown one."""
    if wanted is None:
        return default
    names = []
    for match in FIELD.finditer(wanted):
        if match.group(1) not in known:
            message = f"(#100) Tried accessing nonexisting field ({match.group(1)}) on node type ({node_type})"
            raise graph_problem(100, message)
        names.append(match.group(1))
    return tuple(names)


def read_edge(params: QueryParams) -> Edge:
    """Check an edge request; parameters Graph does not know are ignored, as Graph does."""
    limit = params.get("limit", "25")
    if not limit.isascii() or not limit.isdigit() or not 1 <= int(limit[:6]) <= 100:
        raise graph_problem(100, "(#100) The 'limit' parameter should be a number from 1 to 100")
    order, choice = params.get("order", "chronological"), params.get("filter", "toplevel")
    if order not in {"chronological", "reverse_chronological", "ranked"}:
        message = "(#100) Param order must be one of {chronological, reverse_chronological}"
        raise graph_problem(100, message)
    if choice not in {"toplevel", "stream"}:
        raise graph_problem(100, "(#100) Param filter must be one of {toplevel, stream}")
    return Edge(
        int(limit),
        _position(params.get("after")),
        _position(params.get("before")),
        _instant(params, "since"),
        _instant(params, "until"),
        order,
        choice,
    )


def _instant(params: QueryParams, name: str) -> float | None:
    value = params.get(name)
    if value is None:
        return None
    if re.fullmatch(r"\d{1,12}", value):
        return float(value)
    try:
        at = datetime.fromisoformat(value)
    except ValueError as error:
        raise graph_problem(100, f"(#100) Invalid parameter: {name} must be a Unix time or a date") from error
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()


def cursor(external_id: str) -> str:
    """An opaque cursor standing at an object."""
    return base64.urlsafe_b64encode(f"QVF|{external_id}".encode()).decode().rstrip("=")


def _position(value: str | None) -> str | None:
    if not value:
        return None
    try:
        text = base64.urlsafe_b64decode(value + "=" * (-len(value) % 4)).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError) as error:
        raise graph_problem(100, "(#100) Invalid cursors values for after or before cursor") from error
    if not text.startswith("QVF|"):
        raise graph_problem(100, "(#100) Invalid cursors values for after or before cursor")
    return text.removeprefix("QVF|")
