"""What X API v2 refuses: unknown parameters and fields, ranges, ids, times, tokens; and X's problem answers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

from starlette.datastructures import QueryParams

TWEET_FIELDS = frozenset(
    [
        "article",
        "attachments",
        "author_id",
        "card_uri",
        "community_id",
        "context_annotations",
        "conversation_id",
        "created_at",
        "display_text_range",
        "edit_controls",
        "edit_history_tweet_ids",
        "entities",
        "geo",
        "id",
        "in_reply_to_user_id",
        "lang",
        "media_metadata",
        "non_public_metrics",
        "note_tweet",
        "organic_metrics",
        "possibly_sensitive",
        "promoted_metrics",
        "public_metrics",
        "referenced_tweets",
        "reply_settings",
        "scopes",
        "source",
        "suggested_source_links",
        "text",
        "withheld",
    ]
)
USER_FIELDS = frozenset(
    [
        "affiliation",
        "confirmed_email",
        "connection_status",
        "created_at",
        "description",
        "entities",
        "id",
        "is_identity_verified",
        "location",
        "most_recent_tweet_id",
        "name",
        "parody",
        "pinned_tweet_id",
        "profile_banner_url",
        "profile_image_url",
        "protected",
        "public_metrics",
        "receives_your_dm",
        "subscription",
        "subscription_type",
        "url",
        "username",
        "verified",
        "verified_followers_count",
        "verified_type",
        "withheld",
    ]
)
EXPANSIONS = frozenset(
    [
        "article.cover_media",
        "article.media_entities",
        "attachments.media_keys",
        "attachments.media_source_tweet",
        "attachments.poll_ids",
        "author_id",
        "edit_history_tweet_ids",
        "entities.mentions.username",
        "geo.place_id",
        "in_reply_to_user_id",
        "entities.note.mentions.username",
        "referenced_tweets.id",
        "referenced_tweets.id.attachments.media_keys",
        "referenced_tweets.id.author_id",
    ]
)
OTHER_FIELDS = ("media.fields", "poll.fields", "place.fields")
MENTIONS = frozenset({"max_results", "pagination_token", "since_id", "until_id", "start_time", "end_time"})
SEARCH = MENTIONS | {"query", "next_token", "sort_order"}
FIELDS = frozenset({"tweet.fields", "user.fields", "expansions", *OTHER_FIELDS})
ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
TOKEN = re.compile(r"[bf]7140([0-9a-z]{1,16})")
SNOWFLAKE = re.compile(r"[0-9]{1,19}")


class XProblem(Exception):
    """A refusal as X writes it: HTTP status and JSON body."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        super().__init__(body.get("detail", ""))
        self.status = status
        self.body = body


@dataclass(frozen=True, slots=True)
class Fields:
    """What the caller asked to see besides the defaults."""

    tweet: frozenset[str]
    user: frozenset[str]
    expansions: frozenset[str]


@dataclass(frozen=True, slots=True)
class Listing:
    """A checked listing request. `before`/`after` come from a pagination token; times are aware UTC."""

    fields: Fields
    max_results: int
    before: int | None = None
    after: int | None = None
    since_id: int | None = None
    until_id: int | None = None
    start: datetime | None = None
    end: datetime | None = None
    query: str = ""


def problem(status: int, title: str, detail: str) -> XProblem:
    """A plain problem of type about:blank."""
    return XProblem(status, {"title": title, "detail": detail, "type": "about:blank", "status": status})


def invalid(parameter: str, value: str, message: str) -> XProblem:
    """400 Invalid Request naming the parameter, as X does."""
    return XProblem(
        400,
        {
            "errors": [{"parameters": {parameter: [value]}, "message": message}],
            "title": "Invalid Request",
            "detail": "One or more parameters to your request was invalid.",
            "type": "https://api.twitter.com/2/problems/invalid-request",
        },
    )


def signing_token(authorization: str) -> str | None:
    """The access token of an OAuth 1.0a header (RFC 5849, 3.5.1); None where the header is none."""
    scheme, _, signed = authorization.partition(" ")
    found = re.search(r'(?:^|[\s,])oauth_token="([^"]+)"', signed)
    if scheme.lower() != "oauth" or "oauth_signature=" not in signed or found is None:
        return None
    return unquote(found.group(1))


def read_fields(params: QueryParams, allowed: frozenset[str]) -> Fields:
    """Check parameter names and field lists; raises `XProblem` (400) for the first that X does not know."""
    known = allowed | FIELDS
    for name, value in params.multi_items():
        if name not in known:
            names = ",".join(sorted(known))
            raise invalid(name, value, f"The query parameter [{name}] is not one of [{names}]")
    return Fields(
        _chosen(params, "tweet.fields", TWEET_FIELDS),
        _chosen(params, "user.fields", USER_FIELDS),
        _chosen(params, "expansions", EXPANSIONS),
    )


def _chosen(params: QueryParams, name: str, known: frozenset[str]) -> frozenset[str]:
    if name not in params:
        return frozenset()
    chosen = params[name].split(",")
    for value in chosen:
        if value not in known:
            names = ",".join(sorted(known))
            raise invalid(name, params[name], f"The `{name}` query parameter value [{value}] is not one of [{names}]")
    return frozenset(chosen)


def read_listing(params: QueryParams, *, search: bool) -> Listing:
    """Check a mentions (or recent search) request; raises `XProblem` (400) as X would."""
    fields = read_fields(params, SEARCH if search else MENTIONS)
    least = 10 if search else 5
    token = params.get("next_token") or params.get("pagination_token")
    before, after = _token(token) if token else (None, None)
    start, end = _time(params, "start_time"), _time(params, "end_time")
    if start and end and start >= end:
        message = "Invalid 'start_time'. 'start_time' must be before 'end_time'"
        raise invalid("start_time", params["start_time"], message)
    if search:
        _refuse_pair(params, "since_id", "start_time")
        _refuse_pair(params, "until_id", "end_time")
    return Listing(
        fields,
        _number(params, "max_results", 10, least, 100),
        before,
        after,
        _id(params, "since_id"),
        _id(params, "until_id"),
        start,
        end,
        _query(params) if search else "",
    )


def _number(params: QueryParams, name: str, default: int, least: int, most: int) -> int:
    value = params.get(name)
    if value is None:
        return default
    if not value.isascii() or not value.isdigit() or not least <= int(value[:9]) <= most:
        message = f"The `{name}` query parameter value [{value}] is not between {least} and {most}"
        raise invalid(name, value, message)
    return int(value)


def _id(params: QueryParams, name: str) -> int | None:
    value = params.get(name)
    if value is None:
        return None
    if not SNOWFLAKE.fullmatch(value):
        raise invalid(name, value, f"The `{name}` query parameter value [{value}] does not match ^[0-9]{{1,19}}$")
    return int(value)


def _time(params: QueryParams, name: str) -> datetime | None:
    value = params.get(name)
    if value is None:
        return None
    message = f"The `{name}` query parameter value [{value}] is not a valid RFC3339 date-time (YYYY-MM-DDTHH:mm:ssZ)"
    if not ISO.fullmatch(value):
        raise invalid(name, value, message)
    try:
        return datetime.fromisoformat(value).astimezone(UTC)
    except ValueError as error:
        raise invalid(name, value, message) from error


def _query(params: QueryParams) -> str:
    query = params.get("query", "")
    if not query.strip():
        raise invalid("query", query, "The `query` query parameter can not be empty")
    if len(query) > 512:
        message = f"The `query` query parameter has a length of {len(query)}; at most 512 characters are allowed"
        raise invalid("query", query, message)
    return query


def _refuse_pair(params: QueryParams, first: str, second: str) -> None:
    if first in params and second in params:
        message = f"Only one of '{first}' and '{second}' may be given"
        raise invalid(first, params[first], message)


def _token(token: str) -> tuple[int | None, int | None]:
    match = TOKEN.fullmatch(token)
    if match is None:
        message = f"The `pagination_token` query parameter value [{token}] is not valid"
        raise invalid("pagination_token", token, message)
    post_id = int(match.group(1), 36)
    return (post_id, None) if token[0] == "b" else (None, post_id)


def page_token(post_id: int, *, older: bool) -> str:
    """An opaque token for the page before (older) or after the post."""
    digits, number = "", post_id
    while number:
        number, rest = divmod(number, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[rest] + digits
    return f"{'b' if older else 'f'}7140{digits or '0'}"
