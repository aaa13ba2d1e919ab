"""Customers of the sandbox who answer the desk, each with a temper of its own that is always the same.

What a customer says to an answer of the desk, and when, is `reaction`, a pure decision; `Customers` is the thread that
lets them say it in the sandbox.
"""

from __future__ import annotations

import threading
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from deployments.sandbox.records import SandboxAccount, SandboxReply
from deployments.sandbox.scenario import DEFAULT_SCENARIO, ScenarioError
from deployments.sandbox.state import SandboxState

ANSWERS: dict[str, dict[str, str]] = {
    "answers": {"asks": "details", "private": "details", "solved": "thanks"},
    "thanks": {"tells": "waiting", "asks": "details", "private": "details", "solved": "thanks"},
    "angrier": {"tells": "harder", "asks": "harder", "private": "harder", "solved": "grudging"},
    "silent": {},
    "comes_back": {"asks": "details", "private": "details", "solved": "thanks", "closes": "back"},
}
"""By temper: how the desk's answer was understood, and what the customer says to it."""
AFTER_ANGER = {"asks": "details", "private": "details"}
"""What an angry customer says once the anger is out."""
SAYINGS = ("details", "waiting", "thanks", "harder", "grudging", "back")
READINGS = ("solved", "closes", "private", "asks")
ONCE = frozenset({"waiting", "harder"})
"""What a customer says once in a conversation; `back` is said once in all."""
SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Temperament:
    """`customers.yaml`: who is how, what they say and how long they take over it."""

    shares: Mapping[str, float]
    pinned: Mapping[str, str]
    at_most: int
    waits: Mapping[str, float]
    reads: Mapping[str, tuple[str, ...]]
    words: Mapping[str, tuple[str, ...]]

    def temper(self, account: SandboxAccount) -> str:
        """How this account is: pinned, or by its share."""
        pinned = self.pinned.get(account.handle.lower())
        if pinned:
            return pinned
        left = share_of(account.platform, account.id) * sum(self.shares.values())
        for temper, share in self.shares.items():
            left -= share
            if left < 0:
                return temper
        return "silent"

    def read(self, text: str) -> str:
        """How a customer understands what the desk wrote: one of `READINGS`, or `tells`."""
        words = " ".join(text.lower().split())
        return next((name for name in READINGS if any(phrase in words for phrase in self.reads[name])), "tells")


@dataclass(frozen=True, slots=True)
class Heard:
    """What the desk has just written to a customer. `said` is what the customer has answered in this conversation so
    far, by kind; `came_back` whether they have complained again before."""

    conversation: str
    temper: str
    text: str
    said: tuple[str, ...] = ()
    came_back: bool = False


@dataclass(frozen=True, slots=True)
class Saying:
    """What a customer is going to say `after` so many seconds: of a kind, in a new post or where they were."""

    kind: str
    text: str
    after: float
    new_post: bool = False


def share_of(*parts: str) -> float:
    """A number from 0 to below 1 that is always the same for the same words."""
    return zlib.crc32("\x1f".join(parts).encode()) / 2**32


def reaction(heard: Heard, people: Temperament) -> Saying | None:
    """Decide what a customer says to an answer of the desk; None where nothing."""
    reading = people.read(heard.text)
    kind = ANSWERS[heard.temper].get(reading)
    if kind == "harder" and kind in heard.said:
        kind = AFTER_ANGER.get(reading)
    if kind is None or len(heard.said) >= people.at_most or (kind in ONCE and kind in heard.said):
        return None
    if kind == "back" and heard.came_back:
        return None
    chance = share_of(heard.conversation, kind, str(len(heard.said)))
    words = people.words[kind]
    wait = people.waits[kind] * (1 + chance / 2)
    new_post = kind == "back" and share_of(heard.conversation, "where") >= 0.5
    return Saying(kind, words[int(chance * len(words))], wait, new_post)


def scenario_file(folder: Path, name: str) -> tuple[Path, dict[str, Any]]:
    """A file of a scenario folder and what it says; what it leaves out, it says as the one in data/sandbox does."""
    usual, own = DEFAULT_SCENARIO / name, folder / name
    data = yaml.safe_load(usual.read_text("utf-8"))
    if own.exists():
        data |= yaml.safe_load(own.read_text("utf-8")) or {}
    return own if own.exists() else usual, data


def load_people(folder: Path) -> Temperament:
    """The customers of a scenario folder; raises `ScenarioError`."""
    path = folder / "customers.yaml"
    try:
        path, data = scenario_file(folder, "customers.yaml")
        people = _people(data)
    except (OSError, yaml.YAMLError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise ScenarioError(f"{path}: {type(error).__name__} {error}; keep the entries it came with.") from error
    for temper in (*people.shares, *people.pinned.values()):
        if temper not in ANSWERS:
            raise ScenarioError(f"{path}: {temper} is no temper; there are {', '.join(ANSWERS)}.")
    missing = [name for name in SAYINGS if not people.words.get(name) or name not in people.waits]
    missing += [name for name in READINGS if name not in people.reads]
    if missing:
        raise ScenarioError(f"{path}: nothing is said of {', '.join(missing)}; give words, waits and reads.")
    return people


def _people(data: dict[str, Any]) -> Temperament:
    return Temperament(
        shares={str(name): float(share) for name, share in data["shares"].items()},
        pinned={str(handle).lower(): str(temper) for handle, temper in (data["pinned"] or {}).items()},
        at_most=int(data["at_most"]),
        waits={str(kind): float(wait) for kind, wait in data["waits"].items()},
        reads={str(name): tuple(str(phrase).lower() for phrase in given) for name, given in data["reads"].items()},
        words={str(kind): tuple(map(str, given)) for kind, given in data["words"].items()},
    )


@dataclass(frozen=True, slots=True)
class Talk:
    """A conversation between a customer and an account of ours: where the next word goes."""

    customer: SandboxAccount
    ours: SandboxAccount
    conversation: str
    target: str


def talk_of(state: SandboxState, reply: SandboxReply) -> Talk | None:
    """Whom the desk's post answered, and where they would answer it; None where nobody known was addressed.

    On X they answer our post, on Facebook they comment under the same post.
    """
    ours = state.account(reply.platform, reply.author_id)
    if reply.platform == "x":
        post = state.x_posts.get(int(reply.in_reply_to)) if reply.in_reply_to else None
        author, conversation, target = (post.author_id, str(post.conversation_id), reply.id) if post else (None, "", "")
    else:
        thing = state.graph_objects.get(reply.in_reply_to or "")
        root = thing.parent_id if thing and thing.edge == "comments" else thing.id if thing else None
        author, conversation, target = (thing.author_id if thing else None, root or "", root or "")
    customer = state.account(reply.platform, author) if author else None
    watched = {(entry.account.platform, entry.account.id) for entry in state.watched}
    if ours is None or customer is None or (customer.platform, customer.id) in watched:
        return None
    return Talk(customer, ours, f"{customer.platform}:{customer.id}:{conversation}", target)


@dataclass(slots=True)
class _Memory:
    """What the customers have said: by conversation, and who has come back."""

    said: dict[str, list[str]] = field(default_factory=dict)
    came_back: set[str] = field(default_factory=set)


class Customers(threading.Thread):
    """Lets the customers of a sandbox react to every post of the desk from now on, until `ended` is set."""

    def __init__(self, state: SandboxState, people: Temperament) -> None:
        super().__init__(name="customers", daemon=True)
        self.state, self.people = state, people
        self.ended = threading.Event()
        self._seen = len(state.created)
        self._memory = _Memory()
        self._to_say: list[tuple[datetime, Talk, Saying]] = []

    def run(self) -> None:
        """Listen and talk until ended."""
        while not self.ended.wait(SECONDS):
            self.look()

    @property
    def about_to_speak(self) -> int:
        """How many things they are going to say."""
        return len(self._to_say)

    def look(self) -> None:
        """Take in what the desk has posted since, and say what is due by now."""
        with self.state.lock:
            fresh = self.state.created[self._seen :]
            self._seen += len(fresh)
        for reply in fresh:
            self._hear(reply)
        now = self.state.now()
        due = [one for one in self._to_say if one[0] <= now]
        self._to_say = [one for one in self._to_say if one[0] > now]
        for _, talk, saying in sorted(due, key=lambda one: one[0]):
            self._say(talk, saying)

    def _hear(self, reply: SandboxReply) -> None:
        talk = talk_of(self.state, reply)
        if talk is None:
            return
        said = self._memory.said.setdefault(talk.conversation, [])
        who = f"{talk.customer.platform}:{talk.customer.id}"
        temper = self.people.temper(talk.customer)
        heard = Heard(talk.conversation, temper, reply.text, tuple(said), who in self._memory.came_back)
        saying = reaction(heard, self.people)
        if saying is None:
            return
        said.append(saying.kind)
        if saying.kind == "back":
            self._memory.came_back.add(who)
        self._to_say.append((reply.at + timedelta(seconds=saying.after), talk, saying))

    def _say(self, talk: Talk, saying: Saying) -> None:
        by, platform = talk.customer.handle, talk.customer.platform
        if not saying.new_post:
            kind = "reply" if platform == "x" else "comment"
            self.state.post_mention(saying.text, by=by, platform=platform, kind=kind, re=talk.target)
        elif platform == "x":
            self.state.post_mention(f"@{talk.ours.handle} {saying.text}", by=by)
        else:
            self.state.post_mention(saying.text, by=by, platform=platform, kind="visitor", page=talk.ours.handle)
