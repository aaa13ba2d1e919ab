"""Faults on request: what goes wrong, where and how often. Filled by `POST /_faults` or from a test.

Kinds that answer instead of the endpoint: rate_limit, server_error, timeout, bad_token, credits_depleted.
Kinds that spoil the endpoint's answer: half_page, malformed_json, duplicates, partial_error.
"""

from __future__ import annotations

import json
import threading
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from itertools import count
from math import ceil
from typing import Any

TARGETS = frozenset({"x", "graph", "notices"})
KINDS_INSTEAD = frozenset({"rate_limit", "server_error", "timeout", "bad_token", "credits_depleted"})
KINDS_SPOILING = frozenset({"half_page", "malformed_json", "duplicates", "partial_error"})
KINDS = KINDS_INSTEAD | KINDS_SPOILING


class FaultError(ValueError):
    """A fault that cannot be set; the text names the field and what it may hold."""


@dataclass(slots=True)
class Fault:
    """One fault: it strikes the next `times` matching requests (None: all until deleted)."""

    number: int
    target: str
    kind: str
    path: str = ""
    """Part of the request's path; empty matches every path of the target."""
    times: int | None = 1
    seconds: float = 60.0
    """rate_limit: until the reset. timeout: how long the answer hangs. The other kinds ignore it."""
    struck: int = 0


class FaultBox:
    """The faults set at present; safe across threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []
        self._numbers = count(1)

    def add(self, target: str, kind: str, *, path: str = "", times: int | None = 1, seconds: float = 60.0) -> Fault:
        """Set a fault; raises `FaultError` for a target, kind, times or seconds outside its vocabulary."""
        if target not in TARGETS:
            raise FaultError(f"target {target!r} is unknown; use one of {', '.join(sorted(TARGETS))}.")
        if kind not in KINDS:
            raise FaultError(f"kind {kind!r} is unknown; use one of {', '.join(sorted(KINDS))}.")
        if times is not None and times < 1:
            raise FaultError("times must be at least 1, or null for every request until the fault is deleted.")
        if not 0 <= seconds <= 3600:
            raise FaultError("seconds must lie between 0 and 3600.")
        with self._lock:
            fault = Fault(next(self._numbers), target, kind, path, times, seconds)
            self._faults.append(fault)
        return fault

    def strike(self, target: str, path: str) -> Fault | None:
        """The first fault that matches this request, counted as having struck; None where all is well."""
        with self._lock:
            for fault in self._faults:
                spent = fault.times is not None and fault.struck >= fault.times
                if not spent and fault.target == target and fault.path in path:
                    fault.struck += 1
                    return fault
        return None

    def clear(self) -> None:
        """Delete every fault."""
        with self._lock:
            self._faults.clear()

    def listed(self) -> list[dict[str, Any]]:
        """The faults as plain values, spent ones included, in the order they were set."""
        with self._lock:
            return [asdict(fault) for fault in self._faults]


def answer_instead(fault: Fault, now: datetime) -> tuple[int, Any, dict[str, str]]:
    """Status, body and headers that stand in for the endpoint's answer (platforms.md, the errors of both)."""
    if fault.target == "graph":
        return _graph_answer(fault)
    if fault.target == "notices":
        status = {"rate_limit": 429, "bad_token": 401}.get(fault.kind, 503)
        return status, {"error": "The notice sink was told to fail."}, {}
    return _x_answer(fault, now)


def _x_answer(fault: Fault, now: datetime) -> tuple[int, Any, dict[str, str]]:
    reset = str(ceil((now + timedelta(seconds=fault.seconds)).timestamp()))
    headers = {"x-rate-limit-limit": "450", "x-rate-limit-remaining": "449", "x-rate-limit-reset": reset}
    if fault.kind == "rate_limit":
        headers["x-rate-limit-remaining"] = "0"
        return 429, _problem("Too Many Requests", "Too Many Requests", 429), headers
    if fault.kind == "bad_token":
        return 401, _problem("Unauthorized", "Unauthorized", 401), headers
    if fault.kind == "credits_depleted":
        detail = "Your enrolled account does not have any credits to fulfill this request."
        kind = "https://api.x.com/2/problems/credits-depleted"
        return 402, {**_problem("CreditsDepleted", detail, 402), "type": kind}, headers
    return 503, _problem("Service Unavailable", "Service Unavailable", 503), headers


def _problem(title: str, detail: str, status: int) -> dict[str, Any]:
    return {"title": title, "detail": detail, "type": "about:blank", "status": status}


def _graph_answer(fault: Fault) -> tuple[int, Any, dict[str, str]]:
    error: dict[str, Any] = {"type": "OAuthException", "fbtrace_id": f"AsandboxFault{fault.number:04d}"}
    headers: dict[str, str] = {}
    if fault.kind in {"rate_limit", "credits_depleted"}:
        error |= {"message": "(#4) Application request limit reached", "code": 4, "is_transient": True}
        usage = {"call_count": 100, "total_cputime": 25, "total_time": 25}
        minutes = ceil(fault.seconds / 60)
        headers["x-app-usage"] = json.dumps(usage)
        headers["x-business-use-case-usage"] = json.dumps(
            {"0": [{"type": "pages", **usage, "estimated_time_to_regain_access": minutes}]}
        )
        return 400, {"error": error}, headers
    if fault.kind == "bad_token":
        message = "Error validating access token: Session has expired."
        return 400, {"error": {"message": message, "code": 190, "error_subcode": 463, **error}}, headers
    message = "An unexpected error has occurred. Please retry your request later."
    return 500, {"error": {"message": message, "code": 2, "is_transient": True, **error}}, headers


def spoil(fault: Fault, body: bytes) -> bytes:
    """The endpoint's body as the fault leaves it; half_page is cut by the sender, so it passes unchanged here."""
    if fault.kind == "malformed_json":
        return body[: max(1, len(body) * 2 // 3)] + b'"<html>upstream'
    if fault.kind not in {"duplicates", "partial_error"}:
        return body
    answer = json.loads(body)
    if isinstance(answer, dict) and isinstance(answer.get("data"), list):
        answer = _doubled(answer) if fault.kind == "duplicates" else _partial(answer, fault.target)
    return json.dumps(answer, ensure_ascii=True).encode("ascii")


def _doubled(answer: dict[str, Any]) -> dict[str, Any]:
    answer["data"] = [row for row in answer["data"] for _ in range(2)]
    if "meta" in answer:
        answer["meta"]["result_count"] = len(answer["data"])
    return answer


def _partial(answer: dict[str, Any], target: str) -> dict[str, Any]:
    """X: the first included author is withheld, with its entry in errors. Graph: the rows come without `from`."""
    if target == "graph":
        answer["data"] = [{k: v for k, v in row.items() if k != "from"} for row in answer["data"]]
        return answer
    users = answer.get("includes", {}).get("users") or [{"id": "1"}]
    lost = users[0]["id"]
    if "includes" in answer:
        answer["includes"]["users"] = users[1:]
    answer.setdefault("errors", []).append(gone_error(lost, "author_id"))
    return answer


def gone_error(user_id: str, parameter: str) -> dict[str, Any]:
    """X's entry for a user that is suspended or deleted: title Forbidden, type resource-not-found."""
    return {
        "resource_id": user_id,
        "parameter": parameter,
        "resource_type": "user",
        "section": "includes",
        "title": "Forbidden",
        "value": user_id,
        "detail": f"User has been suspended: [{user_id}].",
        "type": "https://api.twitter.com/2/problems/resource-not-found",
    }
