"""The notice sink, the admin endpoints (/_faults, /_requests) and the page a person sees at /."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from html import escape
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from deployments.sandbox.faults import FaultError
from deployments.sandbox.records import SandboxNotice
from deployments.sandbox.state import SandboxState
from deployments.sandbox.wire import WireJSON

FAULT_FIELDS = frozenset({"target", "kind", "path", "times", "seconds"})
STYLE = """body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222}
table{border-collapse:collapse;width:100%}td,th{text-align:left;vertical-align:top;padding:.35rem .6rem;
border-bottom:1px solid #ddd;overflow-wrap:anywhere}pre{white-space:pre-wrap;margin:0;font:inherit}"""


def notice_routes(state: SandboxState) -> list[Route]:
    """Sink, admin and page routes, bound to `state`."""

    async def receive(request: Request) -> Response:
        return await _receive(state, request)

    async def listed(request: Request) -> Response:
        limit = int(request.query_params.get("limit", "200")) if _is_count(request) else 200
        return WireJSON({"notices": [_plain(notice) for notice in state.notices[::-1][:limit]]})

    async def faults(request: Request) -> Response:
        return await _faults(state, request)

    async def requests(request: Request) -> Response:
        return WireJSON({"requests": [_plain(seen) for seen in reversed(state.requests)]})

    async def page(request: Request) -> Response:
        headers = {"content-security-policy": "default-src 'none'; style-src 'unsafe-inline'"}
        return HTMLResponse(page_html(state).encode("utf-8", "replace"), headers=headers)

    return [
        Route("/", page),
        Route("/notices", listed),
        Route("/notices/{recipient:path}", receive, methods=["POST"]),
        Route("/_faults", faults, methods=["GET", "POST", "DELETE"]),
        Route("/_requests", requests),
    ]


def _is_count(request: Request) -> bool:
    value = request.query_params.get("limit", "")
    return value.isascii() and value.isdigit() and len(value) < 6


def _plain(record: Any) -> dict[str, Any]:
    row = asdict(record)
    row["at"] = row["at"].isoformat()
    return row


async def _receive(state: SandboxState, request: Request) -> Response:
    """Take a notice as apprise's json:// plugin sends it: version, title, message, attachments, type."""
    try:
        payload = json.loads(await request.body())
    except ValueError:
        return WireJSON({"error": "The notice is not JSON; send what apprise's json:// plugin sends."}, 400)
    if not isinstance(payload, dict) or not isinstance(payload.get("message"), str):
        return WireJSON({"error": "The notice has no message; send an object with title and message."}, 400)
    with state.lock:
        notice = SandboxNotice(
            len(state.notices) + 1,
            request.path_params["recipient"],
            state.now(),
            str(payload.get("title", "")),
            payload["message"],
            str(payload.get("type", "info")),
            payload,
        )
        state.notices.append(notice)
    return WireJSON({"number": notice.number})


async def _faults(state: SandboxState, request: Request) -> Response:
    if request.method == "DELETE":
        state.faults.clear()
    elif request.method == "POST":
        try:
            asked = json.loads(await request.body())
            if not isinstance(asked, dict) or asked.keys() - FAULT_FIELDS:
                raise FaultError(f"Send an object of these fields: {', '.join(sorted(FAULT_FIELDS))}.")
            state.faults.add(**asked)
        except (ValueError, TypeError) as error:
            return WireJSON({"error": f"The fault was not set: {error}"}, 400)
    return WireJSON({"faults": state.faults.listed()})


def page_html(state: SandboxState) -> str:
    """The readable page: what this is, counts, the newest notices. Everything that came from outside is escaped."""
    now = state.now()
    counts = {
        "Watched accounts": len(state.watched),
        "Invented accounts": len(state.scenario.accounts),
        "Posts on X visible by now": len(state.x_visible(now)),
        "Facebook posts and comments visible by now": len(state.graph_visible(now)),
        "Replies written by the desk": len(state.created),
        "Notices received": len(state.notices),
        "Requests answered": len(state.requests),
        "Faults set": len(state.faults.listed()),
    }
    notices = ((n.at.strftime("%H:%M:%S"), n.recipient, n.title, n.message) for n in state.notices[::-1][:50])
    replies = ((r.at.strftime("%H:%M:%S"), r.platform, r.in_reply_to or "", r.text) for r in state.created[::-1][:20])
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Sandbox</title><style>{STYLE}</style>'
        "<h1>The sandbox</h1><p>A simulated outside world: X API v2 under <code>/x</code>, the Facebook Graph API"
        " under <code>/graph</code>, and a sink for notices. Every account and every word in it is invented.</p>"
        + _table(("What", "How many"), ((name, str(number)) for name, number in counts.items()))
        + f"<p>Sandbox time {now:%Y-%m-%d %H:%M:%S} UTC, playing since {state.started:%H:%M:%S}.</p>"
        + "<h2>Newest notices</h2>"
        + _table(("UTC", "To", "Title", "Message"), notices)
        + "<h2>Newest replies by the desk</h2>"
        + _table(("UTC", "Platform", "Answers", "Text"), replies)
    )


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    titles = "".join(f"<th>{escape(title)}</th>" for title in head)
    body = "".join("<tr>" + "".join(f"<td><pre>{escape(cell)}</pre></td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><tr>{titles}</tr>{body}</table>"
