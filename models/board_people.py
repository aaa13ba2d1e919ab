"""The people's side of the live board: how loaded each agent is, what waits for a team leader (4.2, 5.3.2b)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, case, func, select

from models.case_notices import leader_for
from models.case_reading import DeskPeople, case_rows, case_stands
from models.cases import (
    IS_HARD_AND_OPEN,
    IS_OPEN,
    IS_WITH_LEADER,
    IS_WITHOUT_AGENT,
    WITHOUT_AGENT,
    CaseRow,
    ClockRow,
)
from models.clocks import ClockKind
from models.desk_roster import staff_ids
from models.desk_rules import CaseStand
from models.eligibility import Agent, is_away
from models.hard_complaint import HardComplaint
from models.journal import JournalRow
from models.staff import StaffRow

SHOWN = 50
DONE = {"leader_advised", "case_taken_over", "case_given_back", "case_reassigned", "hard_complaint_withdrawn"}
LOOK_BACK = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class AgentLine:
    """An agent now: on duty until when, how many cases in which state, how many of them late or hard."""

    code: str
    name: str
    duty: str
    until: datetime | None
    capacity: int
    open: int
    assigned: int
    at_work: int
    waiting: int
    late: int
    hard: int


@dataclass(frozen=True, slots=True)
class LeaderCase:
    """A case that concerns a team leader: since when (UTC) and why; `leader` is who it goes to."""

    stand: CaseStand
    since: datetime
    why: str
    leader: str | None


@dataclass(frozen=True, slots=True)
class LeaderView:
    """What waits for a team leader, what they have taken over, what they have done of late."""

    on_duty: tuple[str, ...]
    waiting: tuple[LeaderCase, ...]
    taken_over: tuple[LeaderCase, ...]
    done: tuple[Row[Any], ...]


def agent_lines(connection: Connection, people: DeskPeople, now: datetime) -> list[AgentLine]:
    """Every agent at `now` (UTC), those on duty first; three queries."""
    count = {
        "assigned": CaseRow.status == "assigned",
        "at_work": CaseRow.status.in_(("accepted", "in_progress")),
        "waiting": CaseRow.status.in_(("waiting_customer", "waiting_unit")),
        "hard": CaseRow.severity == "hard",
    }
    counted = [func.sum(case((what, 1), else_=0)).label(name) for name, what in count.items()]
    held = connection.execute(
        select(CaseRow.agent_id, func.count().label("open"), *counted)
        .where(CaseRow.agent_id.is_not(None), IS_OPEN, CaseRow.status.not_in(WITHOUT_AGENT))
        .group_by(CaseRow.agent_id)
    )
    codes = {staff_id: code for code, staff_id in staff_ids(connection).items()}
    by_code = {codes[row.agent_id]: row for row in held}
    late: dict[str, int] = {
        row.code: row.cases
        for row in connection.execute(
            select(StaffRow.code, func.count(CaseRow.id.distinct()).label("cases"))
            .join(CaseRow, CaseRow.agent_id == StaffRow.id)
            .join(ClockRow, ClockRow.case_id == CaseRow.id)
            .where(ClockRow.stopped_at.is_(None), ClockRow.due_at <= now, ClockRow.ticket_id.is_(None))
            .where(ClockRow.paused_at.is_(None), IS_OPEN)
            .group_by(StaffRow.code)
        )
    }
    agents = [one for one in people.by_code.values() if one.role == "agent" and not one.left]
    lines = [_agent_line(one, by_code.get(one.code), late.get(one.code, 0), people, now) for one in agents]
    return sorted(lines, key=lambda line: (line.duty != "on duty", -line.open, line.code))


def _agent_line(agent: Agent, row: Row[Any] | None, late: int, people: DeskPeople, now: datetime) -> AgentLine:
    present = agent.code in people.on_duty.get("agent", [])
    return AgentLine(
        code=agent.code,
        name=agent.name,
        duty="away" if is_away(agent, now) else ("on duty" if present else "off duty"),
        until=max((ends for starts, ends in agent.shifts if starts <= now < ends), default=None) if present else None,
        capacity=agent.capacity,
        open=row.open if row else 0,
        assigned=row.assigned if row else 0,
        at_work=row.at_work if row else 0,
        waiting=row.waiting if row else 0,
        late=late,
        hard=row.hard if row else 0,
    )


def leader_view(connection: Connection, people: DeskPeople, hard: HardComplaint, now: datetime) -> LeaderView:
    """What concerns team leaders at `now` (UTC): questions asked, hard complaints without a leader, cases without an
    agent, takeovers, and what they did of late."""
    leaders = people.on_duty.get("team_leader", [])
    asked = [(row.id, row.leader_asked_at, "asked by the agent") for row in _asked(connection)]
    unled = [(row.case_id, row.started_at, "hard complaint, no leader yet") for row in _unled(connection)]
    agentless = [(row.id, row.opened_at, "no agent is eligible") for row in _agentless(connection)]
    taken = [(row.id, row.taken_over_at, "taken over") for row in _taken_over(connection)]
    why = {case_id: (since, reason) for case_id, since, reason in [*agentless, *unled, *asked]}
    rows = case_rows(connection, sorted({*why, *(case_id for case_id, _, _ in taken)}))
    stands = case_stands(connection, rows, hard)

    def line(case_id: int, since: datetime, reason: str) -> LeaderCase:
        return LeaderCase(stands[case_id], since, reason, leader_for(case_id, stands[case_id].team_leader, leaders))

    waiting = [line(case_id, since, reason) for case_id, (since, reason) in why.items()]
    return LeaderView(
        tuple(leaders),
        tuple(sorted(waiting, key=lambda one: (not one.stand.hard, one.since))),
        tuple(line(*one) for one in taken),
        tuple(_done(connection, now)),
    )


def _asked(connection: Connection) -> Sequence[Row[Any]]:
    mine = (IS_OPEN, CaseRow.leader_asked_at.is_not(None))
    wanted = select(CaseRow.id, CaseRow.leader_asked_at).where(*mine)
    return connection.execute(wanted.order_by(CaseRow.leader_asked_at).limit(SHOWN)).all()


def _unled(connection: Connection) -> Sequence[Row[Any]]:
    return connection.execute(
        select(ClockRow.case_id, ClockRow.started_at)
        .where(ClockRow.case_id.in_(select(CaseRow.id).where(IS_HARD_AND_OPEN)))
        .where(ClockRow.kind == ClockKind.LEADER_ENGAGED.value, ClockRow.stopped_at.is_(None))
        .order_by(ClockRow.due_at)
        .limit(SHOWN)
    ).all()


def _agentless(connection: Connection) -> Sequence[Row[Any]]:
    wanted = select(CaseRow.id, CaseRow.opened_at).where(IS_WITHOUT_AGENT)
    return connection.execute(wanted.order_by(CaseRow.id).limit(SHOWN)).all()


def _taken_over(connection: Connection) -> Sequence[Row[Any]]:
    mine = (IS_WITH_LEADER, CaseRow.taken_over_at.is_not(None))
    wanted = select(CaseRow.id, CaseRow.taken_over_at).where(*mine)
    return connection.execute(wanted.order_by(CaseRow.taken_over_at).limit(SHOWN)).all()


def _done(connection: Connection, now: datetime) -> Sequence[Row[Any]]:
    """What team leaders did of late, from the end of the journal back."""
    newest = connection.scalar(select(func.max(JournalRow.id))) or 0
    wanted = select(JournalRow.at, JournalRow.case_id, JournalRow.actor, JournalRow.event, JournalRow.clause).where(
        JournalRow.id > newest - 20_000, JournalRow.event.in_(DONE), JournalRow.at >= now - LOOK_BACK
    )
    return connection.execute(wanted.order_by(JournalRow.id.desc()).limit(SHOWN)).all()
