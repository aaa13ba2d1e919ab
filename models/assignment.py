"""Which agent gets which waiting case, and why nobody else did (clauses 4.1, 5.1.1, 5.3.2a)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from models.eligibility import Agent, eligibility, is_away, on_duty
from models.work_instruction import WorkInstruction

NEVER = datetime(1, 1, 1, tzinfo=UTC)
PASSED = "did not accept it in time"


@dataclass(frozen=True, slots=True)
class WaitingCase:
    """A case without an agent. `next_due` is when its next clock ends, `handled_by_before` the codes of agents who
    have had a case of this customer."""

    id: int
    hard: bool
    priority_status: str
    category: str | None
    next_due: datetime | None
    opened_at: datetime
    handled_by_before: frozenset[str]
    passed_by: frozenset[str] = frozenset()
    """Codes of those it was given to who did not accept it in time."""
    team_leader: str | None = None
    """The code of the team leader it is with, who keeps it while on duty."""


@dataclass(frozen=True, slots=True)
class AgentLoad:
    """An agent, how many open cases they have, and when they last got one (None: never; UTC)."""

    agent: Agent
    load: int
    last_assigned_at: datetime | None


@dataclass(frozen=True, slots=True)
class Assignment:
    """What becomes of one waiting case.

    `passed_over` has, for each reason, the codes of the agents who did not get it for that reason. Without an
    eligible agent the case is the team leader's (None: none on duty) and the supervisor is told.
    """

    case_id: int
    agent_code: str | None
    team_leader_code: str | None
    tell_supervisor: bool
    reasons: tuple[str, ...]
    passed_over: Mapping[str, tuple[str, ...]]
    clause: str


@dataclass(slots=True)
class _Desk:
    """The agents as the round goes on: loads grow with every case given."""

    able: dict[str, AgentLoad]
    unable: dict[str, tuple[str, ...]]
    """Reason → codes of those no case can go to, whatever the case."""
    load: dict[str, int] = field(default_factory=dict)
    idle_since: dict[str, datetime] = field(default_factory=dict)
    given: dict[str, int] = field(default_factory=dict)
    """Cases of this round by agent: among agents who all got one at `now`, fewer means longer idle."""

    def rank(self, code: str) -> tuple[int, datetime, int, str]:
        return (self.load[code], self.idle_since[code], self.given[code], code)


def assign_cases(
    waiting: Sequence[WaitingCase],
    loads: Sequence[AgentLoad],
    team_leaders: Sequence[Agent],
    now: datetime,
    instruction: WorkInstruction,
) -> list[Assignment]:
    """Give waiting cases to agents at `now` (UTC), the most urgent first.

    Urgency is: hard before standard, priority before candidate, then the clock nearest its end, then the oldest.
    Eligible is who meets all six criteria of 5.1.1, is on duty and below capacity. Among them: who has handled this
    customer before, then the least loaded, then the longest idle.
    """
    desk = _desk(loads, now, instruction)
    leaders = [leader.code for leader in team_leaders if on_duty(leader, now)]
    handed = dict.fromkeys(sorted(leaders), 0)
    decisions = []
    for case in sorted(waiting, key=_urgency):
        able = [code for code in desk.able if code not in case.passed_by]
        free = [code for code in able if desk.load[code] < desk.able[code].agent.capacity]
        decisions.append(_to_agent(case, free, desk, now) if free else _to_team_leader(case, desk, handed))
    return decisions


def _urgency(case: WaitingCase) -> tuple[bool, bool, datetime, datetime, int]:
    due = case.next_due or datetime.max.replace(tzinfo=UTC)
    return (not case.hard, case.priority_status != "priority", due, case.opened_at, case.id)


def _desk(loads: Sequence[AgentLoad], now: datetime, instruction: WorkInstruction) -> _Desk:
    able: dict[str, AgentLoad] = {}
    unable: dict[str, tuple[str, ...]] = {}
    for one in sorted(loads, key=lambda load: load.agent.code):
        reason = _unable(one.agent, now, instruction)
        if reason is None:
            able[one.agent.code] = one
        else:
            unable[reason] = (*unable.get(reason, ()), one.agent.code)
    return _Desk(
        able,
        unable,
        {code: one.load for code, one in able.items()},
        {code: one.last_assigned_at or NEVER for code, one in able.items()},
        dict.fromkeys(able, 0),
    )


def _unable(agent: Agent, now: datetime, instruction: WorkInstruction) -> str | None:
    verdict = eligibility(agent, now, instruction.eligibility)
    if not verdict.eligible:
        return f"{verdict.clause} not met: {', '.join(verdict.failed)}"
    if is_away(agent, now):
        return "away"
    return None if on_duty(agent, now) else "off duty"


def _to_agent(case: WaitingCase, free: Sequence[str], desk: _Desk, now: datetime) -> Assignment:
    known = [code for code in free if code in case.handled_by_before]
    chosen = min(known or free, key=desk.rank)
    others: dict[str, list[str]] = {}
    for code, one in desk.able.items():
        if code != chosen:
            others.setdefault(_why_not(code, chosen, one, bool(known), case, desk), []).append(code)
    passed_over = desk.unable | {reason: tuple(codes) for reason, codes in others.items()}
    if known:
        why = "5.3.2a: has handled this customer before."
    elif len(free) == 1:
        why = "4.1: the only one on duty who is eligible and has room."
    else:
        why = f"4.1: the least loaded of {len(free)} who can take it ({desk.load[chosen]} open), then the longest idle."
    reasons = ("5.1.1: meets all six criteria and is on duty.", why)
    desk.load[chosen] += 1
    desk.given[chosen] += 1
    desk.idle_since[chosen] = now
    return Assignment(case.id, chosen, None, False, reasons, passed_over, "5.1.1")


def _why_not(code: str, chosen: str, one: AgentLoad, chosen_is_known: bool, case: WaitingCase, desk: _Desk) -> str:
    if code in case.passed_by:
        return PASSED
    if desk.load[code] >= one.agent.capacity:
        return _full(one)
    if chosen_is_known and code not in case.handled_by_before:
        return "has not handled this customer before"
    return "more loaded" if desk.load[code] > desk.load[chosen] else "idle for less long"


def _full(one: AgentLoad) -> str:
    return f"at capacity ({one.agent.capacity})"


def _to_team_leader(case: WaitingCase, desk: _Desk, handed: dict[str, int]) -> Assignment:
    full: dict[str, tuple[str, ...]] = {}
    for code, one in desk.able.items():
        why = PASSED if code in case.passed_by else _full(one)
        full[why] = (*full.get(why, ()), code)
    reasons = ["4.1: no agent is eligible, on duty and below capacity."]
    leader = min(handed, key=lambda code: (code != case.team_leader, handed[code], code), default=None)
    if leader is None:
        reasons.append("5.3.2a: no team leader is on duty either; the supervisor is told.")
    else:
        handed[leader] += 1
        reasons.append("5.3.2a: it goes to the team leader on duty; the supervisor is told.")
    return Assignment(case.id, None, leader, True, tuple(reasons), desk.unable | full, "5.3.2a")
