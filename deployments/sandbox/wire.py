"""JSON answers and ISO times as the platforms write them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from starlette.responses import Response


class WireJSON(Response):
    """JSON with every character beyond ASCII escaped, so that any text, lone surrogates included, can be sent."""

    media_type = "application/json"
    charset = "utf-8"

    def __init__(self, content: Any, status_code: int = 200, headers: dict[str, str] | None = None) -> None:
        media = "application/problem+json" if _is_problem(content, status_code) else "application/json"
        super().__init__(content, status_code, headers, f"{media}; charset=utf-8")

    def render(self, content: Any) -> bytes:
        """Encode as compact ASCII JSON."""
        return json.dumps(content, ensure_ascii=True, separators=(",", ":")).encode("ascii")


def _is_problem(content: Any, status: int) -> bool:
    return status >= 400 and isinstance(content, dict) and "type" in content


def x_time(at: datetime) -> str:
    """X's created_at: whole seconds, written with `.000Z`."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def graph_time(at: datetime) -> str:
    """Graph's created_time: whole seconds, written with `+0000`."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")
