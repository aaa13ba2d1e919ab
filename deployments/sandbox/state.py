"""The sandbox's memory and clock: plays the scenario, takes further mentions, remembers what it was sent.

Tests reach it as `RunningSandbox.state`; the server's thread and the test's thread share it under one lock.
"""

from __future__ import annotations

import re
import threading
from bisect import insort
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count

from deployments.sandbox.faults import FaultBox
from deployments.sandbox.records import (
    GRAPH_EDGES,
    X_RATE_LIMITS,
    GraphObject,
    SandboxAccount,
    SandboxNotice,
    SandboxReply,
    SeenRequest,
    XPost,
    graph_id,
    snowflake,
)
from deployments.sandbox.scenario import Scenario, ScenarioMention
from deployments.sandbox.units import SandboxUnits

HANDLE = re.compile(r"(?<![\w@])@(\w{1,15})")


def system_now() -> datetime:
    """The machine's clock, UTC."""
    return datetime.now(UTC)


def mentioned_in(text: str) -> frozenset[str]:
    """Lower-case handles named in a text."""
    return frozenset(match.lower() for match in HANDLE.findall(text))


class SandboxState:
    """Everything the sandbox knows. `now` is a callable giving aware UTC; `history` is how many seconds of the
    scenario before its start are already there; `speed` divides the waiting times after the start."""

    def __init__(
        self,
        scenario: Scenario,
        *,
        now: Callable[[], datetime] | None = None,
        speed: float = 1.0,
        history: float = 7200.0,
        play: bool = True,
    ) -> None:
        self.lock = threading.RLock()
        self.scenario = scenario
        self.credentials = scenario.credentials
        self.watched = scenario.watched
        self.faults = FaultBox()
        self.requests: deque[SeenRequest] = deque(maxlen=10_000)
        self.notices: list[SandboxNotice] = []
        self.created: list[SandboxReply] = []
        self.x_rate_limits = dict(X_RATE_LIMITS)
        self.x_calls: dict[str, tuple[datetime, int]] = {}
        self.graph_usage: int | None = None
        """Percent for the usage headers; None counts the calls of the last hour."""
        self.graph_calls: deque[datetime] = deque(maxlen=10_000)
        self.escape_text = True
        """X writes &, < and > in a post's text as HTML entities; False sends them bare."""
        self._clock = now or system_now
        self._offset = timedelta()
        self.units = SandboxUnits({}, self.now)
        self._sequence = count(1)
        self._accounts: dict[tuple[str, str], SandboxAccount] = {}
        self._handles: dict[tuple[str, str], str] = {}
        self.x_posts: dict[int, XPost] = {}
        self._x_order: list[int] = []
        self._x_mentions: dict[str, list[int]] = {}
        self.graph_objects: dict[str, GraphObject] = {}
        self._keys: dict[str, str] = {}
        for account in (*scenario.accounts, *(entry.account for entry in scenario.watched)):
            self.add_account(account)
        self.started = self.now()
        if play:
            self._play(speed, history)

    def now(self) -> datetime:
        """The sandbox's present instant (UTC), with what `advance` added."""
        return self._clock() + self._offset

    def advance(self, seconds: float) -> None:
        """Move the sandbox's clock forward; scenario entries due by then become visible."""
        self._offset += timedelta(seconds=seconds)

    def set_clock(self, now: Callable[[], datetime]) -> None:
        """Take the time from `now` from here on."""
        self._clock = now
        self._offset = timedelta()

    def add_account(self, account: SandboxAccount) -> SandboxAccount:
        """Add an account, or replace the one with the same platform and id."""
        with self.lock:
            self._accounts[account.platform, account.id] = account
            self._handles[account.platform, account.handle.lower()] = account.id
        return account

    def change_account(self, handle: str, *, platform: str = "x", **changes: object) -> SandboxAccount:
        """Change fields of an account, such as `bio` or `gone`."""
        return self.add_account(replace(self.account_named(handle, platform), **changes))  # type: ignore[arg-type]

    def account(self, platform: str, external_id: str) -> SandboxAccount | None:
        """The account with this external id."""
        return self._accounts.get((platform, external_id))

    def account_by_handle(self, platform: str, handle: str) -> SandboxAccount | None:
        """The account with this handle, in any case of letters."""
        external_id = self._handles.get((platform, handle.lower()))
        return None if external_id is None else self._accounts[platform, external_id]

    def account_named(self, handle: str, platform: str = "x") -> SandboxAccount:
        """The account with this handle; raises KeyError with a sentence where there is none."""
        account = self.account_by_handle(platform, handle)
        if account is None:
            raise KeyError(f"The sandbox has no {platform} account {handle!r}; add it with add_account.")
        return account

    def external_id(self, key: str) -> str:
        """The wire id of a scenario entry, by its key in mentions.jsonl."""
        return self._keys[key]

    def x_mentions_of(self, handle: str, now: datetime) -> list[XPost]:
        """Visible posts that mention `handle`, newest first."""
        with self.lock:
            ids = reversed(self._x_mentions.get(handle.lower(), []))
            return [post for post in map(self.x_posts.__getitem__, ids) if post.visible(now)]

    def x_visible(self, now: datetime) -> list[XPost]:
        """All visible posts, newest first."""
        with self.lock:
            ids = reversed(self._x_order)
            return [post for post in map(self.x_posts.__getitem__, ids) if post.visible(now)]

    def graph_visible(self, now: datetime) -> list[GraphObject]:
        """All visible Facebook posts and comments, newest first."""
        with self.lock:
            shown = [thing for thing in self.graph_objects.values() if thing.visible(now)]
        return sorted(shown, key=lambda thing: (thing.created, thing.id), reverse=True)

    def post_mention(
        self,
        text: str,
        *,
        by: str | None,
        platform: str = "x",
        kind: str | None = None,
        at: datetime | None = None,
        re: str | None = None,
        indexed_after: float = 0.0,
        page: str | None = None,
    ) -> str:
        """Post something now (or at `at`); `by` is a handle, `re` the wire id it answers, quotes or reposts.

        Kinds: X post, reply, quote, repost; Facebook tagged (default), visitor, comment, page_post. Returns the
        wire id. `indexed_after` seconds pass before it can be read.
        """
        at = at or self.now()
        visible = at + timedelta(seconds=indexed_after)
        with self.lock:
            if platform == "x":
                author = self.account_named(by or "")
                return str(self._add_x(author, text, kind or "post", at, visible, int(re) if re else None).id)
            author_id = None if by is None else self.account_named(by, "facebook").id
            return self._add_graph(author_id, text, kind or "tagged", at, visible, re, page).id

    def edit_mention(self, external_id: str, text: str, *, at: datetime | None = None) -> str:
        """Edit a post now (or at `at`): X gives a new id sharing the history, Facebook keeps the id."""
        at = at or self.now()
        with self.lock:
            if external_id in self.graph_objects:
                self.graph_objects[external_id].edits.append((at, text))
                return external_id
            old = self.x_posts[int(external_id)]
            old.visible_until = at
            new_id = snowflake(at, next(self._sequence))
            old.edit_history.append(new_id)
            shown = max(at, old.visible_from)
            self._store_x(
                replace(old, id=new_id, text=text, visible_from=shown, visible_until=None, mentioned=mentioned_in(text))
            )
            return str(new_id)

    def record_reply(self, platform: str, text: str, in_reply_to: str | None, author: SandboxAccount) -> str:
        """Store what the desk posted, visible at once; returns its wire id."""
        now = self.now()
        with self.lock:
            if platform == "x":
                parent = int(in_reply_to) if in_reply_to else None
                made = str(self._add_x(author, text, "reply" if parent else "post", now, now, parent).id)
            else:
                made = self._add_graph(author.id, text, "comment", now, now, in_reply_to, None).id
            self.created.append(SandboxReply(platform, made, text, in_reply_to, author.id, now))
        return made

    def _play(self, speed: float, history: float) -> None:
        for entry in self.scenario.mentions:
            # The page's own posts stay whatever the history: comments hang on them.
            if entry.at >= -history or entry.kind == "page_post":
                self._play_entry(entry, speed)

    def _play_entry(self, entry: ScenarioMention, speed: float) -> None:
        at = self.started + timedelta(seconds=entry.at / speed if entry.at > 0 else entry.at)
        # An answer to something outside the history still belongs to a conversation: it answers an unseen post.
        target = self._keys.get(entry.re) if entry.re else None
        if entry.kind in {"comment", "repost"} and target is None:
            return
        made = self.post_mention(
            entry.text,
            by=entry.by,
            platform=entry.platform,
            kind=entry.kind,
            at=at,
            re=target,
            indexed_after=entry.indexed_after / speed,
            page=entry.page,
        )
        self._keys[entry.key] = made
        if entry.edit_after is not None and entry.edit_text is not None:
            wait = entry.edit_after / speed if entry.at > 0 else entry.edit_after
            self.edit_mention(made, entry.edit_text, at=at + timedelta(seconds=wait))

    def _add_x(
        self,
        author: SandboxAccount,
        text: str,
        kind: str,
        at: datetime,
        visible: datetime,
        target_id: int | None,
    ) -> XPost:
        post_id = snowflake(at, next(self._sequence))
        target = self.x_posts.get(target_id) if target_id is not None else None
        target_author = self.account("x", target.author_id) if target else None
        references: tuple[tuple[str, int], ...] = ()
        conversation, reply_to_user = post_id, None
        if kind == "reply":
            parent = target_id or snowflake(at - timedelta(minutes=12), next(self._sequence))
            references = (("replied_to", parent),)
            conversation = target.conversation_id if target else parent
            reply_to_user = target_author.id if target_author else None
            if target_author and f"@{target_author.handle}".lower() not in text.lower():
                text = f"@{target_author.handle} {text}"
        elif kind == "quote":
            quoted = target_id or snowflake(at - timedelta(minutes=12), next(self._sequence))
            references = (("quoted", quoted),)
            text = f"{text} https://t.co/{quoted % 36**10:x}"
        elif kind == "repost" and target and target_author:
            references = (("retweeted", target.id),)
            text = f"RT @{target_author.handle}: {target.text}"
        history, named = [post_id], mentioned_in(text)
        post = XPost(
            post_id, author.id, text, visible, conversation, history, references, reply_to_user, mentioned=named
        )
        self._store_x(post)
        return post

    def _store_x(self, post: XPost) -> None:
        self.x_posts[post.id] = post
        insort(self._x_order, post.id)
        for handle in post.mentioned:
            insort(self._x_mentions.setdefault(handle, []), post.id)

    def _add_graph(
        self,
        author_id: str | None,
        text: str,
        kind: str,
        at: datetime,
        visible: datetime,
        target_id: str | None,
        page: str | None,
    ) -> GraphObject:
        pages = [entry.account for entry in self.watched if entry.account.platform == "facebook"]
        page_id = self.account_named(page, "facebook").id if page else pages[0].id
        number = 122_090_000_000_000_000 + next(self._sequence)
        edge = GRAPH_EDGES[kind]
        parent = self.graph_objects.get(target_id or "")
        if edge == "comments":
            if parent is None:
                raise KeyError(f"A comment needs the post or comment it answers; {target_id!r} does not exist.")
            page_id = parent.page_id
        external_id = graph_id(edge, page_id, parent, number)
        thing = GraphObject(external_id, edge, page_id, author_id, text, at, visible, target_id)
        self.graph_objects[external_id] = thing
        return thing
