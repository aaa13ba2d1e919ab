"""Giving the cases that wait to qualified agents (clauses 4.1, 5.1.1, 5.3.2a), and telling whom it concerns."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, bindparam, func, insert, or_, select, update

from models.accounts import AccountRow
from models.assignment import Assignment, WaitingCase, assign_cases
from models.case_clocks import clock_row
from models.case_life import UNASSIGNED, CaseStatus, take_step
from models.case_notices import CaseNotice, said_of, write_notices
from models.cases import IS_WITHOUT_AGENT, WITHOUT_AGENT, CaseRow, ClockRow
from models.clocks import ClockKind
from models.database import one_of
from models.desk_roster import agent_loads, staff_ids, staff_on_book
from models.eligibility import Agent, on_duty, on_duty_or_all
from models.journal import DESK, entry, write_journal
from models.revisions import instructions_by_case
from models.staff import StaffRow
from models.work_instruction import WorkInstruction


@dataclass(frozen=True, slots=True)
class AssignmentOutcome:
    """What one round of assignment did. `waiting` cases stand with a team leader, or with nobody on duty at all."""

    assigned: int
    waiting: int


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A waiting case with what its notice says: references and verdicts, no words of the customer."""

    case: WaitingCase
    status: str
    problem: str
    team_leader_id: int | None
    since: datetime
    """Since when it has been without an agent: its latest clock began, or an agent last got it, whatever is later."""
    given_at: datetime | None
    """When an agent last got it."""


def assign_waiting_cases(
    connection: Connection,
    instruction: WorkInstruction,
    now: datetime,
    handed_over: Sequence[int] = (),
    actor: str = DESK,
) -> AssignmentOutcome:
    """Assign every case without an agent that an eligible agent can take; the rest go to the team leader on duty.

    `handed_over` are cases that wait for a customer or a unit and whose agents have gone off duty: they go on waiting,
    with whoever can take them; those nobody can take stay as they are.
    """
    waiting = _waiting_cases(connection, handed_over)
    if not waiting:
        return AssignmentOutcome(0, 0)
    people = staff_on_book(connection, now)
    loads = agent_loads(connection, [one for one in people["agent"] if not one.left])
    decisions = assign_cases(
        [row.case for row in waiting.values()],
        loads,
        people["team_leader"],
        now,
        instruction,
    )
    given = [decision for decision in decisions if decision.agent_code]
    stuck = [one for one in decisions if not one.agent_code and waiting[one.case_id].status in WITHOUT_AGENT]
    ids = staff_ids(connection)
    _give(connection, given, waiting, ids, instruction, now, actor)
    _hand_to_team_leader(connection, stuck, waiting, ids, instruction, now, actor)
    given_at = [load.last_assigned_at for load in loads] + [row.given_at for row in waiting.values()]
    last_given = max(filter(None, given_at), default=None)
    _write_notices(connection, [*given, *stuck], waiting, people, last_given, now)
    return AssignmentOutcome(len(given), len(stuck))


def _waiting_cases(connection: Connection, handed_over: Sequence[int]) -> dict[int, _Waiting]:
    wanted: ColumnElement[bool] = IS_WITHOUT_AGENT
    if handed_over:
        wanted = or_(wanted, one_of(connection, CaseRow.id, handed_over))
    running = (
        select(
            ClockRow.case_id,
            func.min(ClockRow.due_at).label("next_due"),
            func.max(ClockRow.started_at).label("since"),
        )
        .where(ClockRow.case_id.in_(select(CaseRow.id).where(wanted)), ClockRow.stopped_at.is_(None))
        .group_by(ClockRow.case_id)
        .subquery()
    )
    rows = connection.execute(
        select(CaseRow.__table__, AccountRow.priority_category, running.c.next_due, running.c.since)
        .join(AccountRow, AccountRow.id == CaseRow.account_id)
        .outerjoin(running, running.c.case_id == CaseRow.id)
        .where(wanted)
        .order_by(CaseRow.id)
    ).all()
    handled = _handled_before(connection, sorted({row.account_id for row in rows}))
    codes = {staff_id: code for code, staff_id in staff_ids(connection).items()}
    return {row.id: _waiting(row, handled.get(row.account_id, set()), codes.get(row.team_leader_id)) for row in rows}


def _waiting(row: Row[Any], handled_by: set[str], leader: str | None) -> _Waiting:
    return _Waiting(
        WaitingCase(
            id=row.id,
            hard=row.severity == "hard",
            priority_status=row.priority_status,
            category=row.priority_category,
            next_due=row.next_due,
            opened_at=row.opened_at,
            handled_by_before=frozenset(handled_by),
            passed_by=frozenset(row.passed_by or ()),
            team_leader=leader,
        ),
        row.status,
        row.problem,
        row.team_leader_id,
        max(filter(None, (row.since, row.assigned_at)), default=row.opened_at),
        row.assigned_at,
    )


def _handled_before(connection: Connection, account_ids: Sequence[int]) -> dict[int, set[str]]:
    handled: dict[int, set[str]] = defaultdict(set)
    for row in connection.execute(
        select(CaseRow.account_id, StaffRow.code)
        .join(StaffRow, StaffRow.id == CaseRow.agent_id)
        .where(one_of(connection, CaseRow.account_id, account_ids))
        .distinct()
    ):
        handled[row.account_id].add(row.code)
    return handled


def _verdict(decision: Assignment) -> dict[str, Any]:
    return {
        "agent": decision.agent_code,
        "team_leader": decision.team_leader_code,
        "reasons": list(decision.reasons),
        "passed_over": {reason: list(codes) for reason, codes in decision.passed_over.items()},
    }


def _give(
    connection: Connection,
    given: Sequence[Assignment],
    waiting: Mapping[int, _Waiting],
    ids: Mapping[str, int],
    instruction: WorkInstruction,
    now: datetime,
    actor: str,
) -> None:
    if not given:
        return
    own = instructions_by_case(connection, [decision.case_id for decision in given], instruction)
    rows, clocks, journal = [], [], []
    for decision in given:
        before = CaseStatus(waiting[decision.case_id].status)
        step = take_step(before, "assign" if before in UNASSIGNED else "hand_over")
        verdict = _verdict(decision)
        rows.append(
            {
                "of_id": decision.case_id,
                "status": step.status.value,
                "agent_id": ids[str(decision.agent_code)],
                "assignment": verdict,
            }
        )
        if step.status is CaseStatus.ASSIGNED:
            rules = own[decision.case_id]
            due = now + rules.assignment.accept_within
            clocks.append(clock_row(decision.case_id, ClockKind.ACCEPT, now, due, rules.clocks))
        clause = decision.clause if before in UNASSIGNED else step.clause
        journal.append(entry(now, step.event, clause, instruction, verdict, case_id=decision.case_id, actor=actor))
    names = ("status", "agent_id", "assignment")
    given_to = update(CaseRow).where(CaseRow.id == bindparam("of_id"))
    connection.execute(given_to.values(assigned_at=now, **{name: bindparam(name) for name in names}), rows)
    if clocks:
        connection.execute(insert(ClockRow), clocks)
    write_journal(connection, journal)


def _hand_to_team_leader(
    connection: Connection,
    stuck: Sequence[Assignment],
    waiting: Mapping[int, _Waiting],
    ids: Mapping[str, int],
    instruction: WorkInstruction,
    now: datetime,
    actor: str,
) -> None:
    """Nobody eligible: the team leader on duty has the case until somebody is. Journaled when that changes."""
    rows, journal = [], []
    for decision in stuck:
        leader = ids[decision.team_leader_code] if decision.team_leader_code else None
        if leader is None or leader == waiting[decision.case_id].team_leader_id:
            continue
        rows.append({"of_id": decision.case_id, "team_leader_id": leader, "assignment": _verdict(decision)})
        journal.append(
            entry(
                now,
                "case_with_team_leader",
                decision.clause,
                instruction,
                _verdict(decision),
                case_id=decision.case_id,
                actor=actor,
            )
        )
    if rows:
        connection.execute(
            update(CaseRow)
            .where(CaseRow.id == bindparam("of_id"))
            .values(team_leader_id=bindparam("team_leader_id"), assignment=bindparam("assignment")),
            rows,
        )
    write_journal(connection, journal)


def _write_notices(
    connection: Connection,
    decisions: Sequence[Assignment],
    waiting: Mapping[int, _Waiting],
    people: Mapping[str, Sequence[Agent]],
    last_given: datetime | None,
    now: datetime,
) -> None:
    """Put the notices into the outbox; with nobody on duty at all the supervisors are told once, not of each case."""
    supervisors = on_duty_or_all(people["supervisor"], now)
    nobody = not any(on_duty(agent, now) for agent in people["agent"])
    notices = []
    for decision in decisions:
        row = waiting[decision.case_id]
        body = "\n".join(decision.reasons)
        cause = _second(now if decision.agent_code else row.since)
        what = said_of(decision.case_id, row.case.hard, row.problem)
        who = f"{row.case.priority_status} customer" + (f" ({row.case.category})" if row.case.category else "")
        told: list[tuple[str, str, str]] = []
        if decision.agent_code:
            told.append((decision.agent_code, "assigned", f"{what}, is yours: by a {who}"))
        elif decision.team_leader_code:
            told.append((decision.team_leader_code, "no_agent", f"{what}, waits with you: no agent is eligible"))
        if decision.tell_supervisor and not nobody:
            told += [(code, "no_agent", f"{what}, has no eligible agent: by a {who}") for code in supervisors]
        notices += [CaseNotice(to, decision.case_id, kind, cause, title, body) for to, kind, title in told]
    if nobody and any(decision.tell_supervisor for decision in decisions):
        title = f"Nobody who could take a case is on duty: {len(decisions)} wait, and more may come"
        # While nobody is there, no case is given: whoever comes back begins a new period by getting one.
        cause = _second(last_given)
        notices += [CaseNotice(code, None, "nobody_on_duty", cause, title) for code in supervisors]
    write_notices(connection, notices, now)


def _second(moment: datetime | None) -> str:
    return f"{moment:%Y%m%d%H%M%S}" if moment else "never"
