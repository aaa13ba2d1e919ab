"""The Graph API as the sandbox answers it: tagged, visitor_posts, feed, comments, objects, replies. Mounted at /graph.

Facebook tells the author only on comments and on the page's own posts (platforms.md, finding 5).
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from deployments.sandbox.graph_checks import (
    COMMENT_FIELDS,
    PAGE_FIELDS,
    POST_FIELDS,
    Edge,
    GraphProblem,
    cursor,
    graph_problem,
    read_edge,
    read_fields,
    unknown_object,
)
from deployments.sandbox.records import GraphObject, SandboxAccount
from deployments.sandbox.state import SandboxState
from deployments.sandbox.wire import WireJSON, graph_time

VERSIONS = frozenset({"v23.0", "v24.0", "v25.0", "v26.0"})
POST_EDGES = {"tagged": {"tagged"}, "visitor_posts": {"visitor_posts"}, "feed": {"feed", "visitor_posts"}}
CALLS_PER_HOUR = 4800
Endpoint = Callable[[SandboxState, Request], Awaitable[Any]]


def graph_routes(state: SandboxState) -> list[Route]:
    """The routes under /graph, bound to `state`."""
    return [
        Route("/{version}/{node}", _answered(state, _object)),
        Route("/{version}/{node}/{edge}", _answered(state, _edge), methods=["GET", "POST"]),
        Route("/{rest:path}", _answered(state, _nowhere), methods=["GET", "POST"]),
    ]


def _answered(state: SandboxState, endpoint: Endpoint) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        status = 200
        try:
            if request.path_params.get("version", "v25.0") not in VERSIONS:
                raise graph_problem(2500, f"Unknown path components: {request.url.path.removeprefix('/graph')}")
            _authorise(state, await _parameters(request))
            body = await endpoint(state, request)
        except GraphProblem as refusal:
            status, body = refusal.status, refusal.body
        return WireJSON(body, status, _usage(state, request))

    return answer


async def _parameters(request: Request) -> dict[str, str]:
    """Query and form (or JSON) parameters together, as Graph reads them; a Bearer header counts as access_token."""
    found = dict(request.query_params)
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() in {"bearer", "oauth"} and token:
        found["access_token"] = token
    if request.method == "POST":
        body = (await request.body()).decode("utf-8", "replace")
        if request.headers.get("content-type", "").startswith("application/json"):
            try:
                sent = json.loads(body or "{}")
            except ValueError as error:
                raise graph_problem(100, "(#100) The body is not valid JSON") from error
            found |= {name: str(value) for name, value in sent.items()} if isinstance(sent, dict) else {}
        else:
            found |= dict(parse_qsl(body, keep_blank_values=True))
    return found


def _authorise(state: SandboxState, params: dict[str, str]) -> None:
    token, wanted = params.get("access_token", ""), state.credentials.graph_token
    if not token:
        raise graph_problem(190, "An access token is required to request this resource.")
    if wanted and token != wanted:
        raise graph_problem(190, "Invalid OAuth access token - Cannot parse access token")
    secret, proof = state.credentials.app_secret, params.get("appsecret_proof")
    if secret is None:
        return
    if proof is None:
        raise graph_problem(100, "API calls from the server require an appsecret_proof argument")
    expected = hmac.new(secret.encode(), token.encode(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected.encode(), proof.encode("utf-8", "replace")):
        raise graph_problem(100, "Invalid appsecret_proof provided in the API argument")


def _usage(state: SandboxState, request: Request) -> dict[str, str]:
    now = state.now()
    with state.lock:
        state.graph_calls.append(now)
        recent = sum(1 for at in state.graph_calls if now - at < timedelta(hours=1))
    percent = state.graph_usage if state.graph_usage is not None else min(100, 100 * recent // CALLS_PER_HOUR)
    usage = {"call_count": percent, "total_cputime": percent // 3, "total_time": percent // 2}
    page = request.path_params.get("node", "0").split("_")[0]
    regain = 12 if percent >= 100 else 0
    business = {page: [{"type": "pages", **usage, "estimated_time_to_regain_access": regain}]}
    return {
        "x-app-usage": json.dumps(usage),
        "x-page-usage": json.dumps(usage),
        "x-business-use-case-usage": json.dumps(business),
        "facebook-api-version": request.path_params.get("version", "v25.0"),
    }


async def _nowhere(state: SandboxState, request: Request) -> Any:
    raise graph_problem(2500, f"Unknown path components: {request.url.path.removeprefix('/graph')}")


async def _object(state: SandboxState, request: Request) -> Any:
    node, wanted = request.path_params["node"], request.query_params.get("fields")
    page = _page_named(state, node)
    if page is not None:
        fields = read_fields(wanted, PAGE_FIELDS, ("id", "name"), "Page")
        known: dict[str, Any] = {"id": page.id, "name": page.name, "username": page.handle, "about": page.bio}
        known |= {"followers_count": page.followers, "fan_count": page.followers}
        known |= {"link": f"https://www.facebook.com/{page.handle}", "category": "Telecommunication Company"}
        return {name: known[name] for name in known if name in fields or name == "id"}
    thing = _visible_object(state, node)
    return _shape(state, thing, _fields_of(thing.edge, wanted))


def _page_named(state: SandboxState, node: str) -> SandboxAccount | None:
    pages = [entry.account for entry in state.watched if entry.account.platform == "facebook"]
    return next((page for page in pages if node in {page.id, page.handle}), None)


def _visible_object(state: SandboxState, node: str) -> GraphObject:
    thing = state.graph_objects.get(node)
    if thing is None or not thing.visible(state.now()):
        raise unknown_object(node)
    return thing


def _fields_of(edge: str, wanted: str | None) -> tuple[str, ...]:
    if edge == "comments":
        return read_fields(wanted, COMMENT_FIELDS, ("created_time", "from", "message", "id"), "Comment")
    return read_fields(wanted, POST_FIELDS, ("created_time", "message", "id"), "Post")


async def _edge(state: SandboxState, request: Request) -> Any:
    node, name = request.path_params["node"], request.path_params["edge"]
    page = _page_named(state, node)
    if name == "comments" and page is None:
        thing = _visible_object(state, node)
        if request.method == "POST":
            return _reply(state, thing, await _parameters(request))
        edge = read_edge(request.query_params)
        return _listing(state, request, edge, _comments_of(state, thing, edge), "comments")
    if name not in POST_EDGES or request.method == "POST":
        raise graph_problem(2500, f"Unknown path components: /{name}")
    if page is None:
        raise unknown_object(node)
    edge = read_edge(request.query_params)
    shown = state.graph_visible(state.now())
    things = [thing for thing in shown if thing.page_id == page.id and thing.edge in POST_EDGES[name]]
    return _listing(state, request, edge, things, name)


def _comments_of(state: SandboxState, thing: GraphObject, edge: Edge) -> list[GraphObject]:
    """Comments under an object: its own, or with filter=stream those under them too; oldest first by default."""
    family = {thing.id}
    found = []
    for comment in reversed(state.graph_visible(state.now())):
        if comment.edge == "comments" and comment.parent_id in family:
            found.append(comment)
            if edge.filter == "stream":
                family.add(comment.id)
    return found[::-1] if edge.order == "reverse_chronological" else found


def _listing(state: SandboxState, request: Request, edge: Edge, things: list[GraphObject], name: str) -> Any:
    fields = _fields_of("comments" if name == "comments" else "feed", request.query_params.get("fields"))
    kept = [
        thing
        for thing in things
        if (edge.since is None or thing.created.timestamp() >= edge.since)
        and (edge.until is None or thing.created.timestamp() <= edge.until)
    ]
    ids = [thing.id for thing in kept]
    begin, end = 0, edge.limit
    if edge.after is not None:
        begin = ids.index(edge.after) + 1 if edge.after in ids else len(ids)
        end = begin + edge.limit
    elif edge.before is not None:
        end = ids.index(edge.before) if edge.before in ids else 0
        begin = max(0, end - edge.limit)
    page = kept[begin:end]
    if not page:
        return {"data": []}
    paging: dict[str, Any] = {"cursors": {"before": cursor(page[0].id), "after": cursor(page[-1].id)}}
    if end < len(kept):
        paging["next"] = _link(request, "after", cursor(page[-1].id))
    if begin > 0:
        paging["previous"] = _link(request, "before", cursor(page[0].id))
    return {"data": [_shape(state, thing, fields) for thing in page], "paging": paging}


def _link(request: Request, direction: str, value: str) -> str:
    # Graph writes the access token into its links; the proof is left to the caller.
    kept = [(k, v) for k, v in request.query_params.multi_items() if k not in {"after", "before", "appsecret_proof"}]
    base = str(request.url).split("?")[0]
    return f"{base}?{urlencode([*kept, (direction, value)])}"


def _shape(state: SandboxState, thing: GraphObject, fields: tuple[str, ...]) -> dict[str, Any]:
    known: dict[str, Any] = {
        "created_time": graph_time(thing.created),
        "updated_time": graph_time(thing.edits[-1][0] if thing.edits else thing.created),
        "message": thing.message_at(state.now()),
        "permalink_url": f"https://www.facebook.com/{thing.id.replace('_', '/posts/')}",
        "is_hidden": False,
    }
    author = state.account("facebook", thing.author_id or "")
    if author is not None and thing.edge in {"comments", "feed"}:
        known["from"] = {"name": author.name, "id": author.id}
    if thing.edge == "comments":
        known |= {"like_count": 0, "can_comment": True}
        if "comment_count" in fields:
            replies = [other for other in state.graph_visible(state.now()) if other.parent_id == thing.id]
            known["comment_count"] = len(replies)
        parent = state.graph_objects.get(thing.parent_id or "")
        if parent is not None and parent.edge == "comments":
            known["parent"] = {"id": parent.id, "created_time": graph_time(parent.created)}
    row = {name: known[name] for name in fields if name in known}
    return {**row, "id": thing.id}


def _reply(state: SandboxState, thing: GraphObject, params: dict[str, str]) -> dict[str, str]:
    message = params.get("message", "")
    if not message.strip():
        raise graph_problem(100, "(#100) Missing message or attachment")
    page = state.account("facebook", thing.page_id)
    if page is None:
        raise unknown_object(thing.page_id)
    return {"id": state.record_reply("facebook", message, thing.id, page)}
