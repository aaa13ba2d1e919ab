"""X API v2 through tweepy: mentions of a watched account, recent search by handle, look-up of authors.

tweepy's host is fixed in its code, so an adapter sends its requests to the base URL of the settings, with a timeout.
Source: X API v2 reference (GET /2/users/:id/mentions, /2/tweets/search/recent, /2/users).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import requests
import tweepy
from requests.adapters import HTTPAdapter

from models.mentions import Author, Page, Reads, WatchedAccount, Window
from tasks.platforms.errors import (
    CredentialsRefused,
    CreditsDepleted,
    CursorRefused,
    PlatformError,
    PlatformUnavailable,
    RateLimited,
    RequestRefused,
)
from tasks.platforms.x_parse import EPOCH_MS, parse_page, parse_users

TWEEPY_HOST = "https://api.twitter.com"
SEARCH_REACH = timedelta(days=7) - timedelta(minutes=5)
SEARCH_DELAY = timedelta(seconds=35)
"""Recent search takes no end later than 30 s ago."""
WINDOW = timedelta(minutes=15)
POST_FIELDS = [
    *("created_at", "conversation_id", "referenced_tweets", "entities", "note_tweet", "edit_history_tweet_ids"),
    *("lang", "author_id"),
]
USER_FIELDS = ["description", "name", "public_metrics", "username", "verified", "verified_type"]


def snowflake(moment: datetime) -> int:
    """The smallest id a post of `moment` (aware) can have."""
    return max(int(moment.timestamp() * 1000) - EPOCH_MS, 0) << 22


class _Redirect(HTTPAdapter):
    """Sends what is meant for tweepy's host to `base_url`; every request has a timeout and follows no redirect."""

    def __init__(self, base_url: str, timeout: float) -> None:
        super().__init__()
        self.base_url = base_url.rstrip("/")
        self.timeout = timeout

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        """Send one request."""
        if request.url:
            request.url = self.base_url + request.url.removeprefix(TWEEPY_HOST)
        return super().send(request, *args, **{**options, "timeout": self.timeout})


# tweepy logs its requests at DEBUG, bearer token included.
logging.getLogger("tweepy.client").addFilter(lambda _record: False)


def client_at(base_url: str, timeout: float, **keys: str) -> tweepy.Client:
    """tweepy's client with these keys, answered at `base_url` within `timeout` seconds a call; it never sleeps."""
    client = tweepy.Client(**keys, return_type=dict, wait_on_rate_limit=False)
    client.session.mount(TWEEPY_HOST, _Redirect(base_url, timeout))
    if urlsplit(base_url).hostname in {"127.0.0.1", "localhost", "::1"}:
        client.session.trust_env = False
    return client


class XClient:
    """Reads X. Every method raises `PlatformError` and nothing else for what the platform does."""

    def __init__(self, base_url: str, bearer_token: str, timeout: float = 10) -> None:
        self._client = client_at(base_url, timeout, bearer_token=bearer_token)

    def mentions_page(self, watched: WatchedAccount, window: Window, token: str | None, expand_authors: bool) -> Page:
        """One page of the newest mentions of `watched` in the window, newest first."""
        bounds: dict[str, Any] = {}
        if window.since:
            bounds["since_id"] = snowflake(window.since)
        if window.until:
            bounds["until_id"] = snowflake(window.until)
        answer = call(
            self._client.get_users_mentions,
            watched.external_id,
            max_results=100,
            pagination_token=token,
            **bounds,
            **_fields(expand_authors),
        )
        return parse_page(answer, source="x:mentions", owned=watched.kind == "care")

    def search_page(self, watched: WatchedAccount, window: Window, token: str | None, expand_authors: bool) -> Page:
        """One page of recent search for the handle: mentions the list of mentions has lost. Seven days at most."""
        now = datetime.now(UTC)
        oldest = now - SEARCH_REACH
        bounds: dict[str, Any] = {"start_time": max(window.since or oldest, oldest)}
        if window.until and window.until <= oldest:
            return Page((), warnings=(f"X: recent search reaches back to {oldest:%d %b %H:%M} UTC only",))
        if window.until and window.until < now - SEARCH_DELAY:
            bounds["end_time"] = window.until
        answer = call(
            self._client.search_recent_tweets,
            f"@{watched.handle} -is:retweet",
            max_results=100,
            next_token=token,
            **bounds,
            **_fields(expand_authors),
        )
        return parse_page(answer, source="x:search", owned=False)

    def look_up_users(self, ids: list[str]) -> tuple[list[Author], Reads]:
        """The profiles of up to 100 authors; deleted and suspended ones are left out."""
        answer = call(self._client.get_users, ids=ids, user_fields=USER_FIELDS, user_auth=False)
        authors = parse_users(answer.get("data"))
        return authors, Reads(users=len(authors), calls=1)


def _fields(expand_authors: bool) -> dict[str, Any]:
    fields: dict[str, Any] = {"tweet_fields": POST_FIELDS}
    if expand_authors:
        fields |= {"expansions": ["author_id"], "user_fields": USER_FIELDS}
    return fields


def call(method: Callable[..., Any], *args: Any, **options: Any) -> Mapping[str, Any]:
    """Call tweepy; what it raises becomes a `PlatformError` without the request (which carries the token)."""
    try:
        answer = method(*args, **options)
    except tweepy.HTTPException as error:
        raise refusal(error) from None
    except (requests.RequestException, ValueError) as error:
        raise PlatformUnavailable(f"X: no usable answer ({type(error).__name__}); tried again") from None
    except AttributeError:  # tweepy expects an object where an error body is a list
        raise PlatformUnavailable("X: no usable answer (malformed error); tried again") from None
    if not isinstance(answer, dict):
        raise PlatformUnavailable("X: no usable answer (not an object); tried again")
    if "data" not in answer and answer.get("errors") and "meta" not in answer:
        _refuse_partial(answer["errors"])
    return answer


def _refuse_partial(errors: Any) -> None:
    """A 200 that holds nothing but errors about the watched account itself."""
    first = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], dict) else {}
    if first.get("parameter") == "id":
        raise RequestRefused(f"X: the watched account is not there ({first.get('title', 'unknown error')})")


def refusal(error: tweepy.HTTPException) -> PlatformError:
    """What X's error answer to a read means."""
    response = error.response
    status = response.status_code
    kind = _problem_type(response)
    if status == 402 or kind == "credits-depleted":
        return CreditsDepleted("X: the read credits are used up; buy reads or raise the plan")
    if status == 429:
        return _too_many(response, kind)
    if status == 401:
        return CredentialsRefused("X: the bearer token was refused; renew it in the block x-credentials/default")
    if status >= 500:
        return PlatformUnavailable(f"X: answers {status}; tried again")
    # Only titles of X's own are repeated: a detail can echo what was sent.
    title = _title(response)
    if status == 400 and any(name in str(error) for name in ("since_id", "until_id", "start_time", "pagination_token")):
        return CursorRefused(f"X: {title}: it no longer knows where to go on; the next run begins anew")
    if status == 403:
        return RequestRefused(f"X: {title}: the app may not read this; check its access level")
    return RequestRefused(f"X: {status} {title}; check the watched account's id")


def _too_many(response: Any, kind: str) -> PlatformError:
    now = datetime.now(UTC)
    if kind in {"usage-capped", "usage-cap-exceeded"} or _title(response).replace(" ", "") == "UsageCapExceeded":
        return CreditsDepleted("X: the month's cap of reads is used up; raise the plan or wait for the next month")
    reset = response.headers.get("x-rate-limit-reset", "")
    at = datetime.fromtimestamp(int(reset), UTC) if reset.isascii() and reset.isdigit() and len(reset) < 12 else None
    return RateLimited("X", min(max(at or now + WINDOW, now + timedelta(seconds=1)), now + timedelta(days=1)))


def body_of(response: Any) -> dict[str, Any]:
    """The answer's JSON object; empty where it is none."""
    try:
        body = response.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _problem_type(response: Any) -> str:
    """The last part of the problem's type: the host before it varies."""
    return str(body_of(response).get("type", "")).rstrip("/").rsplit("/", 1)[-1]


def _title(response: Any) -> str:
    return str(body_of(response).get("title", "refused"))[:80]
