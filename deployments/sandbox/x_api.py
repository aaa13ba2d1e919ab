"""X API v2 as the sandbox answers it: mentions, timelines, recent search, users, create post. Mounted at /x.

Answers speak the old vocabulary (tweet.fields, includes.users). Rate-limit headers are on every answer.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from deployments.sandbox.records import SandboxAccount, XPost, snowflake_time
from deployments.sandbox.state import SandboxState
from deployments.sandbox.wire import WireJSON
from deployments.sandbox.x_checks import (
    Fields,
    Listing,
    XProblem,
    invalid,
    page_token,
    problem,
    read_fields,
    read_listing,
    signing_token,
)
from deployments.sandbox.x_create import create_post
from deployments.sandbox.x_includes import add_includes
from deployments.sandbox.x_search import matches
from deployments.sandbox.x_shapes import post_json, user_json

NEWEST_MENTIONS = 800
NEWEST_POSTS = 3200
WINDOW = timedelta(minutes=15)
Endpoint = Callable[[SandboxState, Request], Awaitable[tuple[int, Any]]]


def x_routes(state: SandboxState) -> list[Route]:
    """The routes under /x, bound to `state`."""
    return [
        Route("/2/users/{user_id}/mentions", _limited(state, "mentions", _mentions)),
        Route("/2/users/{user_id}/tweets", _limited(state, "timeline", _timeline)),
        Route("/2/tweets/search/recent", _limited(state, "search", _search)),
        Route("/2/users", _limited(state, "users", _users)),
        Route("/2/users/by/username/{username}", _limited(state, "users", _user_by_name)),
        Route("/2/tweets", _limited(state, "create", create_post), methods=["POST"]),
        # X answers unknown paths with 404 and an empty body (platforms.md).
        Route("/{rest:path}", lambda request: Response(status_code=404), methods=["GET", "POST", "DELETE"]),
    ]


def _limited(state: SandboxState, bucket: str, endpoint: Endpoint) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        headers, exhausted = _take(state, bucket)
        try:
            _authorise(state, request)
            if exhausted:
                raise problem(429, "Too Many Requests", "Too Many Requests")
            status, body = await endpoint(state, request)
        except XProblem as refusal:
            status, body = refusal.status, refusal.body
        return WireJSON(body, status, headers)

    return answer


def _take(state: SandboxState, bucket: str) -> tuple[dict[str, str], bool]:
    """Count a call in its 15-minute window; gives the headers and whether the window was already used up."""
    now, limit = state.now(), state.x_rate_limits[bucket]
    with state.lock:
        opened, used = state.x_calls.get(bucket, (now, 0))
        if now - opened >= WINDOW:
            opened, used = now, 0
        state.x_calls[bucket] = (opened, used + 1)
    headers = {
        "x-rate-limit-limit": str(limit),
        "x-rate-limit-remaining": str(max(0, limit - used - 1)),
        "x-rate-limit-reset": str(int((opened + WINDOW).timestamp())),
    }
    return headers, used >= limit


def _authorise(state: SandboxState, request: Request) -> None:
    """A bearer token that is not empty (the one wanted, where one is), or OAuth 1.0a with a watched account's token.

    The signature itself is not checked.
    """
    header = request.headers.get("authorization", "")
    scheme, _, token = header.partition(" ")
    wanted = state.credentials.x_bearer_token
    own = {entry.token for entry in state.watched if entry.token}
    bearer = scheme.lower() == "bearer" and token.strip() and (not wanted or token in {wanted, *own})
    if not bearer and signing_token(header) not in own:
        raise problem(401, "Unauthorized", "Unauthorized")


async def _mentions(state: SandboxState, request: Request) -> tuple[int, Any]:
    return _of_user(state, request, lambda account: state.x_mentions_of(account.handle, state.now())[:NEWEST_MENTIONS])


async def _timeline(state: SandboxState, request: Request) -> tuple[int, Any]:
    def posts(account: SandboxAccount) -> list[XPost]:
        return [post for post in state.x_visible(state.now()) if post.author_id == account.id][:NEWEST_POSTS]

    return _of_user(state, request, posts)


def _of_user(state: SandboxState, request: Request, posts: Callable[[SandboxAccount], list[XPost]]) -> tuple[int, Any]:
    """A page of a user's list; partial error for a user who is not there."""
    listing = read_listing(request.query_params, search=False)
    user_id = request.path_params["user_id"]
    if not user_id.isdigit():
        message = f"The `id` query parameter value [{user_id}] does not match ^[0-9]{{1,19}}$"
        raise invalid("id", user_id, message)
    account = state.account("x", user_id)
    if account is None or account.gone:
        return 200, {"errors": [_missing_user("id", user_id)]}
    return 200, _page(state, posts(account), listing, previous=True)


async def _search(state: SandboxState, request: Request) -> tuple[int, Any]:
    listing = read_listing(request.query_params, search=True)
    now = state.now()
    oldest = now - timedelta(days=7)
    if listing.since_id is not None and snowflake_time(listing.since_id) < oldest:
        message = (
            f"'since_id' must be a tweet id created after {oldest:%Y-%m-%dT%H:%MZ}. Please use a 'since_id'"
            " that is larger"
        )
        raise invalid("since_id", str(listing.since_id), message)
    if listing.start is not None and listing.start < oldest:
        message = f"Invalid 'start_time'. 'start_time' must be on or after {oldest:%Y-%m-%dT%H:%MZ}"
        raise invalid("start_time", request.query_params["start_time"], message)
    end = listing.end or now - timedelta(seconds=30)
    posts = [
        post for post in state.x_visible(now) if oldest <= post.posted_at < end and matches(listing.query, post, state)
    ]
    return 200, _page(state, posts, listing, previous=False)


def _page(state: SandboxState, posts: list[XPost], listing: Listing, *, previous: bool) -> dict[str, Any]:
    """Filter, page and write posts (newest first); since_id and until_id win over the times."""
    chosen = [post for post in posts if _wanted(post, listing)]
    if listing.after is not None:
        newer = [post for post in chosen if post.id > listing.after]
        page = newer[-listing.max_results :]
    else:
        older = [post for post in chosen if listing.before is None or post.id < listing.before]
        page = older[: listing.max_results]
    if not page:
        return {"meta": {"result_count": 0}}
    meta: dict[str, Any] = {
        "newest_id": str(page[0].id),
        "oldest_id": str(page[-1].id),
        "result_count": len(page),
    }
    if page[-1].id > chosen[-1].id:
        meta["next_token"] = page_token(page[-1].id, older=True)
    if previous and page[0].id < chosen[0].id:
        meta["previous_token"] = page_token(page[0].id, older=False)
    answer: dict[str, Any] = {"data": [post_json(state, post, listing.fields) for post in page]}
    add_includes(state, page, listing.fields, answer)
    answer["meta"] = meta
    return answer


def _wanted(post: XPost, listing: Listing) -> bool:
    if listing.since_id is not None:
        if post.id <= listing.since_id:
            return False
    elif listing.start is not None and post.posted_at < listing.start:
        return False
    if listing.until_id is not None:
        return post.id < listing.until_id
    return listing.end is None or post.posted_at < listing.end


async def _users(state: SandboxState, request: Request) -> tuple[int, Any]:
    fields = read_fields(request.query_params, frozenset({"ids"}))
    ids = request.query_params.get("ids", "")
    wanted = ids.split(",")
    if not ids or len(wanted) > 100 or not all(one.isdigit() for one in wanted):
        raise invalid("ids", ids, "The `ids` query parameter must hold 1 to 100 numeric ids")
    return 200, _user_answer(state, "ids", wanted, fields, [state.account("x", one) for one in wanted])


async def _user_by_name(state: SandboxState, request: Request) -> tuple[int, Any]:
    fields = read_fields(request.query_params, frozenset())
    name = request.path_params["username"]
    account = state.account_by_handle("x", name)
    answer = _user_answer(state, "username", [name], fields, [account])
    if "data" in answer:
        answer["data"] = answer["data"][0]
    return 200, answer


def _user_answer(
    state: SandboxState,
    parameter: str,
    wanted: list[str],
    fields: Fields,
    accounts: list[SandboxAccount | None],
) -> dict[str, Any]:
    answer: dict[str, Any] = {}
    shown = [user_json(account, fields) for account in accounts if account and not account.gone]
    pairs = zip(wanted, accounts, strict=True)
    missing = [_missing_user(parameter, one) for one, account in pairs if account is None or account.gone]
    if shown:
        answer["data"] = shown
    if missing:
        answer["errors"] = missing
    return answer


def _missing_user(parameter: str, value: str) -> dict[str, Any]:
    return {
        "value": value,
        "detail": f"Could not find user with {parameter}: [{value}].",
        "title": "Not Found Error",
        "resource_type": "user",
        "parameter": parameter,
        "resource_id": value,
        "type": "https://api.twitter.com/2/problems/resource-not-found",
    }
