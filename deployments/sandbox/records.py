"""What the sandbox remembers: accounts, posts, Graph objects, requests, notices, and X's snowflake ids.

All times are timezone-aware UTC. Ids are strings on the wire and integers here where they are ordered.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

TWITTER_EPOCH_MS = 1288834974657
"""Snowflake ids count milliseconds from here, in their upper bits (X's published id format)."""

X_RATE_LIMITS = {"mentions": 450, "search": 450, "users": 300, "timeline": 900, "create": 100}
"""Calls in 15 minutes; creating and timelines count a user's own limit (X's published table)."""

GRAPH_EDGES = {"page_post": "feed", "tagged": "tagged", "visitor": "visitor_posts", "comment": "comments"}
"""The Graph edge on which each kind of Facebook mention stands."""


def snowflake(at: datetime, sequence: int) -> int:
    """The X id of something posted at `at`; `sequence` fills the lower 22 bits, so equal instants stay apart."""
    milliseconds = int(at.timestamp() * 1000)
    return ((milliseconds - TWITTER_EPOCH_MS) << 22) | (sequence & 0x3FFFFF)


def snowflake_time(post_id: int) -> datetime:
    """The instant (UTC, whole milliseconds) that an X id was made for."""
    return datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=(post_id >> 22) + TWITTER_EPOCH_MS)


@dataclass(frozen=True, slots=True)
class SandboxAccount:
    """An invented account. `category` is the ground truth of clause 5.2.1 (None: not priority); no answer shows it."""

    platform: str
    id: str
    handle: str
    name: str
    bio: str = ""
    followers: int = 0
    following: int = 0
    verified: str = "none"
    """X's verified_type: blue, business, government, none."""
    created: str = "2015-01-01"
    category: str | None = None
    gone: bool = False
    """Suspended or deleted: left out of includes, with an entry in errors."""
    parody: bool = False


@dataclass(frozen=True, slots=True)
class SandboxWatched:
    """A watched account of the scenario: care or bod (clause 5.3.1), with the profile it has on its platform."""

    account: SandboxAccount
    kind: str
    owner: str
    token: str | None = None


@dataclass(slots=True)
class XPost:
    """One version of a post on X; an edit is a further `XPost` sharing the `edit_history` list (oldest first)."""

    id: int
    author_id: str
    text: str
    visible_from: datetime
    conversation_id: int
    edit_history: list[int]
    references: tuple[tuple[str, int], ...] = ()
    in_reply_to_user_id: str | None = None
    visible_until: datetime | None = None
    lang: str = "in"
    mentioned: frozenset[str] = frozenset()
    """Lower-case handles in the text."""

    @property
    def posted_at(self) -> datetime:
        """Posting time, read from the id."""
        return snowflake_time(self.id)

    def visible(self, now: datetime) -> bool:
        """Whether this version is indexed and not yet replaced by an edit."""
        return self.visible_from <= now and (self.visible_until is None or now < self.visible_until)


@dataclass(slots=True)
class GraphObject:
    """A Facebook post or comment. `edge` is feed (the page's own), visitor_posts, tagged or comments."""

    id: str
    edge: str
    page_id: str
    author_id: str | None
    message: str
    created: datetime
    visible_from: datetime
    parent_id: str | None = None
    """The post or comment it answers; None for posts."""
    edits: list[tuple[datetime, str]] = field(default_factory=list)
    """(from when, new message): Facebook keeps the id when somebody edits."""

    def visible(self, now: datetime) -> bool:
        """Whether the object can be read at `now`."""
        return self.visible_from <= now

    def message_at(self, now: datetime) -> str:
        """The words as they stand at `now`, the latest edit counting."""
        current = self.message
        for since, message in self.edits:
            if since <= now:
                current = message
        return current


def graph_id(edge: str, page_id: str, parent: GraphObject | None, number: int) -> str:
    """A Facebook id: page_post, or actor_post where the page was tagged, or post_comment under a post."""
    if edge == "comments" and parent is not None:
        root = parent.id.split("_")[0 if parent.edge == "comments" else 1]
        return f"{root}_{number}"
    return f"{100_000_000_000_000 + number % 10**9 if edge == 'tagged' else page_id}_{number}"


@dataclass(frozen=True, slots=True)
class SandboxReply:
    """Something the desk wrote through the sandbox: POST /2/tweets or POST /{object}/comments."""

    platform: str
    id: str
    text: str
    in_reply_to: str | None
    author_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class SandboxNotice:
    """A notice received by the sink, as apprise's json:// plugin sends it."""

    number: int
    recipient: str
    at: datetime
    title: str
    message: str
    type: str
    payload: dict[str, Any]


@dataclass(frozen=True, slots=True)
class SeenRequest:
    """A request the sandbox answered; tokens and proofs are never kept."""

    at: datetime
    target: str
    method: str
    path: str
    query: dict[str, str]
    status: int
    fault: str | None = None
