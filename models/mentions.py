"""What comes in at the platforms' doors: one typed `Mention` whatever the platform, and the pages it arrives in.

Past `tasks/platforms` nobody sees a raw payload. All times are timezone-aware UTC.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class Platform(StrEnum):
    """The social networks the desk watches (clause 2)."""

    X = "x"
    FACEBOOK = "facebook"


class MentionKind(StrEnum):
    """How the author said it; reposts carry somebody else's words."""

    POST = "post"
    REPLY = "reply"
    QUOTE = "quote"
    REPOST = "repost"
    COMMENT = "comment"


@dataclass(frozen=True, slots=True)
class Author:
    """A profile as the platform showed it. Absent parts are None: Facebook gives an id and a name at most."""

    platform: Platform
    external_id: str
    handle: str | None = None
    name: str | None = None
    bio: str | None = None
    followers: int | None = None
    verified: str | None = None
    """X's verified_type: blue, business, government; None for unverified or unknown."""


@dataclass(frozen=True, slots=True)
class Mention:
    """One thing said about or to a watched account.

    `external_id` is the id of the first version of the post (X makes a new id for every edit);
    `version` orders the versions of one mention (X: the newest id, zero-padded to 20 digits; Facebook: "").
    `author_id` is None where the platform does not tell who wrote it (Facebook's tagged posts).
    """

    platform: Platform
    external_id: str
    version: str
    kind: MentionKind
    author_id: str | None
    conversation_id: str
    text: str
    posted_at: datetime
    url: str
    mentioned_handles: tuple[str, ...] = ()
    in_reply_to: str | None = None
    language: str | None = None


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """An entry that cannot be a mention, kept whole with the reasons, so that it can be released and replayed."""

    source: str
    external_id: str | None
    payload: dict[str, Any]
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reads:
    """What a call consumed of the platform's paid quota. X bills posts, owned posts (one's own mentions) and users."""

    posts: int = 0
    owned_posts: int = 0
    users: int = 0
    calls: int = 0

    def __add__(self, other: Reads) -> Reads:
        """Sum two bills."""
        return Reads(
            self.posts + other.posts,
            self.owned_posts + other.owned_posts,
            self.users + other.users,
            self.calls + other.calls,
        )


@dataclass(frozen=True, slots=True)
class WatchedAccount:
    """A care or BOD account whose mentions are pulled; `external_id` is the platform's id of that account."""

    id: int
    platform: Platform
    external_id: str
    handle: str
    kind: str
    """`care` or `bod` (clause 5.3.1)."""


@dataclass(frozen=True, slots=True)
class Window:
    """The stretch of posting time to pull: (since, until]; None leaves that end open. Overlap is already applied."""

    since: datetime | None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a watched account's mentions.

    `authors` holds the profiles the page brought; authors missing from it are looked up later or stay unknown.
    `next_token` is None on the last page; it is opaque and never stored beyond a run.
    `warnings` are sentences for the run's report: partial errors, high usage, repeated tokens.
    """

    mentions: tuple[Mention, ...]
    authors: tuple[Author, ...] = ()
    refused: tuple[RefusedRow, ...] = ()
    next_token: str | None = None
    reads: Reads = field(default_factory=Reads)
    warnings: tuple[str, ...] = ()
