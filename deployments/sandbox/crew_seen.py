"""What the scripted crew knows of the cases: what notices told its people, and what they have done themselves."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from deployments.sandbox.records import SandboxNotice
from deployments.sandbox.state import SandboxState

PARAGRAPH = re.compile(r"^N-\d{6,10} (?P<title>.*)$")
CASE = re.compile(r"\bC-\d{6,10}\b")
TICKET = re.compile(r"\bT-\d{6,10}\b")
PROBLEM = re.compile(r"complaint about (?P<problem>\w+)")
HANDLE = re.compile(r"^@(?P<handle>.+?): “", re.MULTILINE)
UNIT = re.compile(r"\bC-\d{6,10}, (?P<unit>\w+)\)|goes to (?P<goes>\w+)")


@dataclass(frozen=True, slots=True)
class Told:
    """One notice as a member of staff reads it."""

    recipient: str
    at: datetime
    title: str
    body: str = ""


@dataclass(slots=True)
class TicketSeen:
    """A ticket as the crew knows it.

    `stand` is open, confirm (a unit says it is settled), refused, unreachable, phoned, asked (the PIC has passed on
    the customer's word) or verified; `since` when it came to that; `round` counts how often it has been settled.
    """

    number: str
    unit: str
    since: datetime
    stand: str = "open"
    pic: str | None = None
    round: int = 0


@dataclass(slots=True)
class CaseSeen:
    """A case as the crew knows it. `asks` is what the desk told them to see to, `done` what they have done in this
    life of the case, `spoke_at` when they last answered the customer, `replies` how often in all."""

    number: str
    since: datetime
    problem: str = "other"
    hard: bool = False
    handle: str = ""
    agent: str | None = None
    leader: str | None = None
    taken_over: bool = False
    lives: int = 1
    asks: set[str] = field(default_factory=set)
    done: list[str] = field(default_factory=list)
    tickets: dict[str, TicketSeen] = field(default_factory=dict)
    replies: int = 0
    spoke_at: datetime | None = None
    alone_until: datetime | None = None
    left: bool = False
    """It is a person's from here on: an answer could not be sent."""

    @property
    def handler(self) -> str | None:
        """Who talks with the customer."""
        return self.leader if self.taken_over or self.agent is None else self.agent

    @property
    def id(self) -> int:
        """The number alone."""
        return int(self.number[2:])


def read_notice(notice: SandboxNotice) -> Iterator[Told]:
    """The notices of one message, one or several."""
    title, lines = "", list[str]()
    for line in notice.message.splitlines():
        found = PARAGRAPH.match(line)
        if found:
            if title:
                yield Told(notice.recipient, notice.at, title, "\n".join(lines))
            title, lines = found["title"], []
        else:
            lines.append(line)
    if title:
        yield Told(notice.recipient, notice.at, title, "\n".join(lines))


def take_in(cases: dict[str, CaseSeen], told: Told, roles: Mapping[str, str]) -> None:
    """Learn from a notice; `roles` says of each staff code what its holder is."""
    found = CASE.search(told.title)
    if not found:
        return
    fresh = found[0] not in cases
    case = cases.setdefault(found[0], CaseSeen(found[0], told.at))
    problem, handle = PROBLEM.search(told.title), HANDLE.search(told.body)
    case.problem = problem["problem"] if problem else case.problem
    case.handle = handle["handle"] if handle else case.handle
    case.hard = case.hard or "hard complaint" in told.title
    role = roles.get(told.recipient, "")
    for phrase, learn in SIGNS:
        if phrase in told.title:
            learn(case, told, role)
            break
    if fresh and not case.asks & {"assigned", "leader"}:
        case.done += ["accept", "first"]  # it has been at work since before anybody here looked


def _assigned(case: CaseSeen, told: Told, role: str) -> None:
    if "resolve" in case.done:  # it lives again
        case.lives, case.tickets = case.lives + 1, {}
        case.done, case.asks, case.taken_over, case.since = [], set(), False, told.at
    if role == "agent":
        case.agent = told.recipient
    if "accept" in case.done:
        case.done.remove("accept")
    case.asks.add("assigned")


def _given_back(case: CaseSeen, told: Told, role: str) -> None:
    case.agent, case.taken_over = told.recipient, False


def _for_the_leader(case: CaseSeen, told: Told, role: str) -> None:
    if role == "team_leader":
        case.leader = told.recipient
        if "engaged" not in case.done:
            case.asks.add("leader")


def _without_agent(case: CaseSeen, told: Told, role: str) -> None:
    if role == "team_leader":
        case.agent = None
    _for_the_leader(case, told, role)


def _advised(case: CaseSeen, told: Told, role: str) -> None:
    _engaged(case)
    case.agent = told.recipient


def _taken_over(case: CaseSeen, told: Told, role: str) -> None:
    by = re.search(r"(\S+) has taken it over", told.title)
    case.leader, case.taken_over = by[1] if by else case.leader, True
    _engaged(case)


def _engaged(case: CaseSeen) -> None:
    case.asks.discard("leader")
    if "engaged" not in case.done:
        case.done.append("engaged")


def _passed_on(case: CaseSeen, told: Told, role: str) -> None:
    case.leader = told.recipient


def _verified(case: CaseSeen, told: Told, role: str) -> None:
    for ticket in case.tickets.values():
        ticket.stand = "verified"


def _silent(case: CaseSeen, told: Told, role: str) -> None:
    case.asks.add("silent")


def _answered(case: CaseSeen, told: Told, role: str) -> None:
    case.asks.discard("silent")
    if role == "agent":
        case.agent = told.recipient


def _not_sent(case: CaseSeen, told: Told, role: str) -> None:
    case.left = True


def _ticket(stand: str) -> Callable[[CaseSeen, Told, str], None]:
    def learn(case: CaseSeen, told: Told, role: str) -> None:
        found, unit = TICKET.search(told.title), UNIT.search(told.title)
        if not found:
            return
        of = (unit["unit"] or unit["goes"]) if unit else ""
        ticket = case.tickets.setdefault(found[0], TicketSeen(found[0], of, told.at))
        ticket.pic = told.recipient if role == "pic" else ticket.pic
        ticket.unit = of or ticket.unit
        if ticket.stand != stand:
            ticket.stand, ticket.since = stand, told.at
            ticket.round += stand == "confirm"

    return learn


SIGNS: tuple[tuple[str, Callable[[CaseSeen, Told, str], None]], ...] = (
    ("is yours again", _given_back),
    ("is yours", _assigned),
    ("asks for a team leader", _for_the_leader),
    ("is a hard complaint", _for_the_leader),
    ("waits with you", _without_agent),
    ("has advice for you", _advised),
    ("has taken it over", _taken_over),
    ("has gone, it is with you", _passed_on),
    ("every ticket is verified", _verified),
    ("the customer has not answered", _silent),
    ("the customer has answered", _answered),
    ("did not reach the customer", _not_sent),
    ("the customer has to confirm", _ticket("confirm")),
    ("refused it", _ticket("refused")),
    ("could not be reached: the PIC phones", _ticket("unreachable")),
    ("you follow it", _ticket("open")),
)
"""What notices say, by words of their titles, and what the crew learns from it."""


def heard_from(state: SandboxState, case: CaseSeen) -> list[str]:
    """What the customer of a case has said since our last answer to them; empty while that is still on its way."""
    with state.lock:
        ours = [reply for reply in state.created if case.number in reply.text]
        if not ours or len(ours) < case.replies:
            return []
        last, now = ours[-1], state.now()
        if last.platform == "x":
            answered = state.x_posts.get(int(last.in_reply_to or 0))
            posts = [post for post in state.x_visible(now) if answered and post.author_id == answered.author_id]
            return [post.text for post in reversed(posts) if post.id > int(last.id)]
        thing = state.graph_objects.get(last.in_reply_to or "")
        said = [one for one in state.graph_visible(now) if thing and one.author_id == thing.author_id]
    return [one.message_at(now) for one in reversed(said) if one.created > last.at]
