"""The Graph API through requests: a page's tagged posts, visitor posts and the comments under its posts.

Source: Graph API reference v25.0 (/{page}/tagged, /{page}/visitor_posts, /{page}/feed, /{post}/comments). The token
travels in a header, never in an address; `paging.next`, which carries it, is read for its presence only.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import requests

from models.mentions import Page, Reads, WatchedAccount, Window
from tasks.platforms.errors import (
    CredentialsRefused,
    CursorRefused,
    PlatformError,
    PlatformUnavailable,
    RateLimited,
    RequestRefused,
)
from tasks.platforms.facebook_parse import parse_entries

OUTAGE = frozenset({1, 2})
THROTTLED = frozenset({4, 17, 32, 341, 613})
PERMISSION = frozenset({3, 10, *range(200, 300)})
HIGH_USAGE = 80
"""Percent of the page's call budget from which the report warns."""
COMMENTED_FOR = timedelta(days=3)
"""How old a post may be for its comments still to be read on every poll."""
POSTS_READ = 25
FULL_PAGE = 100
POST_FIELDS = "id,message,from,created_time,permalink_url"
COMMENT_FIELDS = f"{POST_FIELDS},parent"


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a pull stands: the edge, the cursor in it, and for comments the posts still to read."""

    edge: str = "tagged"
    after: str | None = None
    posts: tuple[str, ...] = ()

    def token(self) -> str:
        """As an opaque page token; it holds ids and a cursor, no secret."""
        return base64.urlsafe_b64encode(json.dumps(asdict(self)).encode()).decode()


class FacebookClient:
    """Reads a page. Every method raises `PlatformError` and nothing else for what the platform does."""

    def __init__(self, base_url: str, page_token: str, app_secret: str | None, timeout: float = 10) -> None:
        self._base_url = base_url.rstrip("/")
        self._timeout = timeout
        self._session = requests.Session()
        self._session.headers["Authorization"] = f"Bearer {page_token}"
        self._proof: dict[str, str] = {}
        if app_secret:
            digest = hmac.new(app_secret.encode(), page_token.encode(), hashlib.sha256)
            self._proof = {"appsecret_proof": digest.hexdigest()}
        if urlsplit(base_url).hostname in {"127.0.0.1", "localhost", "::1"}:
            self._session.trust_env = False

    def mentions_page(self, watched: WatchedAccount, window: Window, token: str | None) -> Page:
        """One page of what was said on and about the page in the window: tagged posts, then visitor posts, then the
        comments under each recent post."""
        place = _place(token)
        node = watched.external_id
        if place.edge == "comments":
            return self._comments(watched, window, place)
        answer, warnings = self._get(f"{node}/{place.edge}", POST_FIELDS, window, after=place.after, limit=100)
        after = next_cursor(answer)
        if after:
            following: _Place = _Place(place.edge, after)
        elif place.edge == "tagged":
            following = _Place("visitor_posts")
        else:
            following = _Place("comments", posts=("",))
        return self._page(answer, window, following.token(), warnings)

    def _comments(self, watched: WatchedAccount, window: Window, place: _Place) -> Page:
        """Comments under the posts still to read, as many posts as fill a page."""
        if place.posts == ("",):  # which posts to read comments of is asked when their turn comes
            posts, warnings = self._recent_posts(watched, window)
            token = _Place("comments", posts=posts).token() if posts else None
            return Page((), next_token=token, reads=Reads(calls=1), warnings=warnings)
        gathered: Page | None = None
        while place.posts and (gathered is None or len(gathered.mentions) < FULL_PAGE):
            post = place.posts[0]
            try:
                answer, warnings = self._get(
                    f"{post}/comments", COMMENT_FIELDS, window, after=place.after, limit=100, filter="stream"
                )
            except CursorRefused:  # the post was deleted since it was listed
                answer, warnings = {}, ()
            after = next_cursor(answer)
            place = _Place("comments", after, place.posts if after else place.posts[1:])
            token = place.token() if place.posts else None
            gathered = _joined(gathered, self._page(answer, window, token, warnings, post))
        return gathered or Page(())

    def _recent_posts(self, watched: WatchedAccount, window: Window) -> tuple[tuple[str, ...], tuple[str, ...]]:
        since = (window.since or datetime.now(UTC)) - COMMENTED_FOR
        answer, warnings = self._get(
            f"{watched.external_id}/feed", "id", Window(since, window.until), after=None, limit=POSTS_READ
        )
        ids = [str(entry["id"]) for entry in entries_of(answer) if isinstance(entry, dict) and entry.get("id")]
        if next_cursor(answer):
            warnings = (*warnings, f"Facebook: comments are read under the {POSTS_READ} newest posts only")
        return tuple(ids), warnings

    def _page(
        self,
        answer: Mapping[str, Any],
        window: Window,
        token: str | None,
        warnings: tuple[str, ...],
        post: str | None = None,
    ) -> Page:
        mentions, authors, refused = parse_entries(entries_of(answer), post)
        wanted = tuple(one for one in mentions if _within(one.posted_at, window))
        return Page(wanted, tuple(authors), tuple(refused), token, Reads(calls=1), warnings)

    def _get(
        self, path: str, fields: str, window: Window, *, after: str | None, **parameters: Any
    ) -> tuple[dict[str, Any], tuple[str, ...]]:
        """One call. Returns the answer and what its usage headers warn of."""
        query: dict[str, Any] = {"fields": fields, **parameters, **self._proof}
        if window.since:
            query["since"] = int(window.since.timestamp())
        if window.until:
            query["until"] = int(window.until.timestamp()) + 1
        if after:
            query["after"] = after
        try:
            response = self._session.get(
                f"{self._base_url}/{path}", params=query, timeout=self._timeout, allow_redirects=False
            )
            body = response.json()
        except (requests.RequestException, ValueError) as error:
            raise PlatformUnavailable(f"Facebook: no usable answer ({type(error).__name__}); tried again") from None
        if not isinstance(body, dict):
            raise PlatformUnavailable("Facebook: no usable answer (not an object); tried again")
        if "error" in body or response.status_code >= 400:
            raise refusal(response, body.get("error"))
        return body, _usage_warning(response)


def _joined(before: Page | None, page: Page) -> Page:
    if before is None:
        return page
    return Page(
        before.mentions + page.mentions,
        before.authors + page.authors,
        before.refused + page.refused,
        page.next_token,
        before.reads + page.reads,
        tuple(dict.fromkeys(before.warnings + page.warnings)),
    )


def _place(token: str | None) -> _Place:
    if token is None:
        return _Place()
    known = json.loads(base64.urlsafe_b64decode(token))
    return _Place(known["edge"], known["after"], tuple(known["posts"]))


def entries_of(answer: Mapping[str, Any]) -> list[Any]:
    """An edge's entries as they came; empty where the answer has none."""
    data = answer.get("data")
    return data if isinstance(data, list) else []


def next_cursor(answer: Mapping[str, Any]) -> str | None:
    """The cursor to go on from; Graph's list ends only where `paging.next` is absent."""
    paging = answer.get("paging")
    if not isinstance(paging, dict) or not paging.get("next"):
        return None
    cursors = paging.get("cursors")
    after = cursors.get("after") if isinstance(cursors, dict) else None
    return after if isinstance(after, str) and after else None


def _within(moment: datetime, window: Window) -> bool:
    return (window.since is None or moment > window.since) and (window.until is None or moment <= window.until)


def refusal(response: requests.Response, error: Any) -> PlatformError:
    """What Graph's error code means; its message is left out, it can echo what was sent."""
    details = error if isinstance(error, dict) else {}
    code = details.get("code") if isinstance(details.get("code"), int) else 0
    if code == 190:
        return CredentialsRefused(
            "Facebook: the page token was refused; renew it in the block facebook-credentials/default"
        )
    if code in THROTTLED or response.status_code == 429:
        return RateLimited("Facebook", datetime.now(UTC) + _regain(response))
    if code in OUTAGE or details.get("is_transient") or response.status_code >= 500:
        return PlatformUnavailable(f"Facebook: answers {response.status_code} (code {code}); tried again")
    if code in PERMISSION:
        return RequestRefused(f"Facebook: permission missing (code {code}); the app needs pages_read_user_content")
    if code == 100 and details.get("error_subcode") == 33:
        return CursorRefused("Facebook: what was asked for is no longer there (code 100/33)")
    if code == 368:
        return RequestRefused("Facebook: blocked for policy reasons (code 368); see the app's dashboard")
    return RequestRefused(f"Facebook: refuses the request (HTTP {response.status_code}, code {code})")


def _regain(response: requests.Response) -> timedelta:
    """When Facebook says it can be asked again; a quarter of an hour where it does not."""
    minutes = [
        entry.get("estimated_time_to_regain_access")
        for entries in _header(response, "X-Business-Use-Case-Usage").values()
        if isinstance(entries, list)
        for entry in entries
        if isinstance(entry, dict)
    ]
    longest = max((one for one in minutes if isinstance(one, int) and one > 0), default=15)
    return timedelta(minutes=min(longest, 24 * 60))


def _usage_warning(response: requests.Response) -> tuple[str, ...]:
    figures = [
        value
        for name in ("X-App-Usage", "X-Page-Usage")
        for value in _header(response, name).values()
        if isinstance(value, int | float)
    ]
    highest = max(figures, default=0)
    return (f"Facebook: {highest:.0f} % of the call budget is used",) if highest >= HIGH_USAGE else ()


def _header(response: requests.Response, name: str) -> dict[str, Any]:
    try:
        found = json.loads(response.headers.get(name, "{}"))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
