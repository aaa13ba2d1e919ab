"""The monitor's round over the cases, in sets: clocks due, cases not accepted, agents gone, customers silent (4.1-4.2).

What a round costs grows with what is due: every question below is answered by an index of what is due. Everything runs
in the caller's `write_transaction`. `instruction` is the one in force; each case goes by the revision it was opened
under.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select, update

from models.case_clocks import as_running, change_clocks, stop_case_clocks
from models.case_life import OPEN, UNASSIGNED, WAITING, CaseStatus, take_step
from models.case_notices import CaseNotice, leader_for, said_of, write_notices
from models.case_reading import DeskPeople, handler_of
from models.cases import IS_OPEN, IS_WITH_LEADER, CaseRow, ClockRow
from models.clocks import Alarm, ClockKind
from models.desk_roster import staff_ids
from models.journal import entry, write_journal
from models.revisions import instructions_for
from models.staff import StaffRow
from models.work_instruction import WorkInstruction

MONITOR = "watch-cases"
"""The actor the journal names for what the monitor does."""
AT_ONCE = 2_000
"""Clocks, and cases, looked at in one round; the rest goes with the next."""
CLAUSES = {"accept": "4.1", "first_response": "5.3.2a", "leader_engaged": "5.3.2c", "settle": "5.3.2d"}
EVENTS = {
    Alarm.WARN: "case_clock_warned",
    Alarm.BREACH: "case_clock_breached",
    Alarm.ESCALATE: "case_clock_escalated",
}
TIME_LEFT = {
    "accept": "to accept it",
    "first_response": "for the first answer",
    "leader_engaged": "for a team leader to be at work on it",
    "settle": "to settle it",
}
LATE = {
    "accept": "late, it has not been accepted",
    "first_response": "late, the customer has had no answer",
    "leader_engaged": "late, no team leader is at work on it",
    "settle": "late, it is not settled",
}


@dataclass(slots=True)
class CaseRound:
    """What one round did for the cases."""

    warned: int = 0
    breached: int = 0
    escalated: int = 0
    relieved: int = 0
    handed_over: int = 0


def ring_clocks(
    connection: Connection, people: DeskPeople, instruction: WorkInstruction, now: datetime, done: CaseRound
) -> list[Row[Any]]:
    """Say what has to be said about the clocks that are due at `now` (UTC), most urgent first; returns the rows of
    those breached whose case was not accepted in time."""
    lapsed, changes, journal, notices = [], [], [], []
    due = _due_clocks(connection, now)
    rules = instructions_for(connection, {row.revision for row in due}, instruction)
    for row in due:
        own = rules.of(row.revision)
        alarm = as_running(row).alarm(now, own.clocks)
        change = {"of_id": row.id, "warned_at": row.warned_at, "breached_at": row.breached_at}
        change |= {"escalated_at": row.escalated_at}
        if alarm is not None:
            change |= _marked(alarm, now)
            detail = {"clock": row.kind, "agent": row.agent}
            clause = CLAUSES[row.kind]
            journal.append(entry(now, EVENTS[alarm], clause, own, detail, case_id=row.case_id, actor=MONITOR))
            notices += _alarm_notices(row, alarm, people)
            done.warned += alarm is Alarm.WARN
            done.breached += alarm is Alarm.BREACH
            done.escalated += alarm is Alarm.ESCALATE
            if alarm is Alarm.BREACH and row.kind == ClockKind.ACCEPT and row.status == CaseStatus.ASSIGNED:
                lapsed.append(row)
        changes.append(change | {"next_at": _next_at(row, change, own)})
    change_clocks(connection, changes)
    write_journal(connection, journal)
    write_notices(connection, notices, now)
    return lapsed


def _due_clocks(connection: Connection, now: datetime) -> Sequence[Row[Any]]:
    agent, leader = StaffRow.__table__.alias("agent"), StaffRow.__table__.alias("leader")
    case = CaseRow.__table__.c
    return connection.execute(
        select(
            ClockRow.__table__,
            case.status,
            case.severity,
            case.problem,
            case.revision,
            case.agent_id,
            case.passed_by,
            case.taken_over_at,
            agent.c.code.label("agent"),
            leader.c.code.label("team_leader"),
        )
        .join(CaseRow, CaseRow.id == ClockRow.case_id)
        .outerjoin(agent, agent.c.id == CaseRow.agent_id)
        .outerjoin(leader, leader.c.id == CaseRow.team_leader_id)
        .where(ClockRow.next_at <= now)
        .order_by(ClockRow.next_at)
        .limit(AT_ONCE)
    ).all()


def _marked(alarm: Alarm, now: datetime) -> dict[str, Any]:
    return {{Alarm.WARN: "warned_at", Alarm.BREACH: "breached_at", Alarm.ESCALATE: "escalated_at"}[alarm]: now}


def _next_at(row: Row[Any], change: dict[str, Any], instruction: WorkInstruction) -> datetime | None:
    after = replace(
        as_running(row),
        warned=change["warned_at"] is not None,
        breached=change["breached_at"] is not None,
        escalated=change["escalated_at"] is not None,
    )
    following = after.next_alarm(instruction.clocks)
    return following[1] if following else None


def _alarm_notices(row: Row[Any], alarm: Alarm, people: DeskPeople) -> list[CaseNotice]:
    """Who is told of a clock: whoever has the case, from its breach on the team leader, at last the supervisor."""
    leader = leader_for(row.case_id, row.team_leader, people.on_duty.get("team_leader", []))
    handler = leader if handler_of(row) == row.team_leader else row.agent
    what = said_of(row.case_id, row.severity == "hard", row.problem)
    told: list[str | None]
    if alarm is Alarm.WARN:
        told = [leader if row.kind == ClockKind.LEADER_ENGAGED else handler]
        title = f"{what}: little time left {TIME_LEFT[row.kind]}"
    elif alarm is Alarm.BREACH:
        told, title = [handler, leader], f"{what}: {LATE[row.kind]}"
        told += [] if leader else people.told("supervisor")
    else:
        told, title = [*people.told("supervisor")], f"{what}: still {LATE[row.kind]}; with {handler or 'nobody'}"
    cause = f"{row.kind}:{row.started_at:%Y%m%d%H%M%S}"
    return [CaseNotice(to, row.case_id, f"clock_{alarm}", cause, title) for to in dict.fromkeys(told) if to]


def take_from_agents(
    connection: Connection,
    lapsed: Sequence[Row[Any]],
    people: DeskPeople,
    instruction: WorkInstruction,
    now: datetime,
    done: CaseRound,
) -> list[int]:
    """Take from their agents the cases not accepted in time and those of agents gone off duty (4.1).

    They wait for an agent again; returns those that wait for a customer or a unit and are to be handed over as they
    are. Cases that a team leader took over stay where they are.
    """
    gone = _of_those_gone(connection, people)
    taken: list[tuple[Any, ...]] = [
        (row.case_id, row.status, row.agent, [*(row.passed_by or []), row.agent], "lapsed", row.revision)
        for row in lapsed
    ]
    there = {row.case_id for row in lapsed}
    taken += [
        (row.id, row.status, row.agent, None, "off duty", row.revision)
        for row in gone
        if row.id not in there and CaseStatus(row.status) not in WAITING
    ]
    _relieve(connection, taken, instruction, now)
    done.relieved += len(taken)
    return [row.id for row in gone if CaseStatus(row.status) in WAITING]


def _of_those_gone(connection: Connection, people: DeskPeople) -> Sequence[Row[Any]]:
    """Open cases of agents who are off duty."""
    present = people.on_duty.get("agent", [])
    ids = staff_ids(connection)
    away = [ids[code] for code in people.by_code if code not in present]
    held = [status.value for status in OPEN - UNASSIGNED]
    return connection.execute(
        select(CaseRow.id, CaseRow.status, CaseRow.passed_by, CaseRow.revision, StaffRow.code.label("agent"))
        .join(StaffRow, StaffRow.id == CaseRow.agent_id)
        .where(CaseRow.agent_id.in_(away), IS_OPEN, CaseRow.status.in_(held))
        .where(CaseRow.taken_over_at.is_(None))
        .order_by(CaseRow.id)
        .limit(AT_ONCE)
    ).all()


def _relieve(
    connection: Connection, taken: Sequence[tuple[Any, ...]], instruction: WorkInstruction, now: datetime
) -> None:
    if not taken:
        return
    rules = instructions_for(connection, {one[-1] for one in taken}, instruction)
    rows, journal = [], []
    for case_id, status, agent, passed_by, why, revision in taken:
        step = take_step(CaseStatus(status), "relieve")
        rows.append({"of_id": case_id, "status": step.status.value, "passed_by": passed_by})
        detail = {"agent": agent, "why": why}
        own = rules.of(revision)
        journal.append(entry(now, step.event, step.clause, own, detail, case_id=case_id, actor=MONITOR))
    relieved = update(CaseRow).where(CaseRow.id == bindparam("of_id"))
    connection.execute(
        relieved.values(status=bindparam("status"), passed_by=bindparam("passed_by"), agent_id=None), rows
    )
    stop_case_clocks(connection, [row["of_id"] for row in rows], now, [ClockKind.ACCEPT])
    write_journal(connection, journal)


def pass_on_leaders_cases(
    connection: Connection, people: DeskPeople, instruction: WorkInstruction, now: datetime
) -> int:
    """What a team leader took over or was asked about goes to one on duty when they go off duty, what was asked while
    none was, too (5.3.2b); how many."""
    present = people.on_duty.get("team_leader", [])
    if not present:
        return 0
    ids = staff_ids(connection)
    away = [ids[code] for code in people.by_code if code not in present]
    columns = select(CaseRow.id, CaseRow.severity, CaseRow.problem, CaseRow.revision, StaffRow.code)
    of_those_gone = (
        columns.join(StaffRow, StaffRow.id == CaseRow.team_leader_id)
        .where(CaseRow.team_leader_id.in_(away), IS_WITH_LEADER)
        .where((CaseRow.taken_over_at.is_not(None)) | (CaseRow.leader_asked_at.is_not(None)))
    )
    of_nobody = columns.outerjoin(StaffRow, StaffRow.id == CaseRow.team_leader_id).where(
        CaseRow.leader_asked_at.is_not(None), IS_OPEN, CaseRow.team_leader_id.is_(None)
    )
    rows = [row for asked in (of_those_gone, of_nobody) for row in connection.execute(asked.limit(AT_ONCE))]
    rules = instructions_for(connection, {row.revision for row in rows}, instruction)
    moves, journal, notices = [], [], []
    for row in rows:
        leader = str(leader_for(row.id, None, present))
        moves.append({"of_id": row.id, "leader": ids[leader]})
        detail = {"from": row.code, "to": leader}
        own = rules.of(row.revision)
        journal.append(entry(now, "leader_relieved", "5.3.2b", own, detail, case_id=row.id, actor=MONITOR))
        gone = f"{row.code} has gone, it is with you" if row.code else "the agent asked for a team leader"
        title = f"{said_of(row.id, row.severity == 'hard', row.problem)}: {gone}"
        notices.append(CaseNotice(leader, row.id, "leader_relieved", f"{now:%Y%m%d%H%M%S}", title))
    if moves:
        moved = update(CaseRow).where(CaseRow.id == bindparam("of_id"))
        connection.execute(moved.values(team_leader_id=bindparam("leader")), moves)
    write_journal(connection, journal)
    write_notices(connection, notices, now)
    return len(rows)
