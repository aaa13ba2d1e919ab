"""Giving the cases that wait to qualified agents (clauses 4.1, 5.1.1, 5.3.2a), and telling whom it concerns."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, func, insert, select, update

from models.accounts import AccountRow
from models.assignment import Assignment, WaitingCase, assign_cases
from models.case_book import clock, entry, write_journal
from models.case_life import CaseStatus, transition
from models.cases import CaseRow, ClockRow, case_number
from models.clocks import ClockKind
from models.database import one_of
from models.desk_roster import WITHOUT_AGENT, agent_loads, staff_ids, staff_on_book
from models.eligibility import on_duty_or_all
from models.notices import NoticeRow
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
    """When its latest clock began: the opening, the reopening, or the moment it turned hard."""


def assign_waiting_cases(connection: Connection, instruction: WorkInstruction, now: datetime) -> AssignmentOutcome:
    """Assign every case without an agent that an eligible agent can take; the rest go to the team leader on duty."""
    waiting = _waiting_cases(connection)
    if not waiting:
        return AssignmentOutcome(0, 0)
    people = staff_on_book(connection, now)
    decisions = assign_cases(
        [row.case for row in waiting.values()],
        agent_loads(connection, people["agent"]),
        people["team_leader"],
        now,
        instruction,
    )
    given = [decision for decision in decisions if decision.agent_code]
    stuck = [decision for decision in decisions if not decision.agent_code]
    ids = staff_ids(connection)
    _give(connection, given, waiting, ids, instruction, now)
    _hand_to_team_leader(connection, stuck, waiting, ids, instruction, now)
    supervisors = on_duty_or_all(people["supervisor"], now)
    _write_notices(connection, decisions, waiting, supervisors, now)
    return AssignmentOutcome(len(given), len(stuck))


def _waiting_cases(connection: Connection) -> dict[int, _Waiting]:
    running = (
        select(
            ClockRow.case_id,
            func.min(ClockRow.due_at).label("next_due"),
            func.max(ClockRow.started_at).label("since"),
        )
        .join(CaseRow, CaseRow.id == ClockRow.case_id)
        .where(CaseRow.status.in_(WITHOUT_AGENT), ClockRow.stopped_at.is_(None))
        .group_by(ClockRow.case_id)
        .subquery()
    )
    rows = connection.execute(
        select(CaseRow.__table__, AccountRow.priority_category, running.c.next_due, running.c.since)
        .join(AccountRow, AccountRow.id == CaseRow.account_id)
        .outerjoin(running, running.c.case_id == CaseRow.id)
        .where(CaseRow.status.in_(WITHOUT_AGENT))
        .order_by(CaseRow.id)
    ).all()
    handled = _handled_before(connection, sorted({row.account_id for row in rows}))
    return {
        row.id: _Waiting(
            WaitingCase(
                id=row.id,
                hard=row.severity == "hard",
                priority_status=row.priority_status,
                category=row.priority_category,
                next_due=row.next_due,
                opened_at=row.opened_at,
                handled_by_before=frozenset(handled.get(row.account_id, ())),
            ),
            row.status,
            row.problem,
            row.team_leader_id,
            row.since or row.opened_at,
        )
        for row in rows
    }


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
) -> None:
    if not given:
        return
    rows, clocks, journal = [], [], []
    for decision in given:
        status = transition(CaseStatus(waiting[decision.case_id].status), "assign")
        verdict = _verdict(decision)
        rows.append(
            {
                "of_id": decision.case_id,
                "status": status.value,
                "agent_id": ids[str(decision.agent_code)],
                "assignment": verdict,
            }
        )
        due = now + instruction.assignment.accept_within
        clocks.append(clock(decision.case_id, ClockKind.ACCEPT, now, due))
        journal.append(entry(now, "case_assigned", decision.clause, instruction, verdict, case_id=decision.case_id))
    connection.execute(
        update(CaseRow)
        .where(CaseRow.id == bindparam("of_id"))
        .values(
            status=bindparam("status"),
            agent_id=bindparam("agent_id"),
            assignment=bindparam("assignment"),
            assigned_at=now,
        ),
        rows,
    )
    connection.execute(insert(ClockRow), clocks)
    write_journal(connection, journal)


def _hand_to_team_leader(
    connection: Connection,
    stuck: Sequence[Assignment],
    waiting: Mapping[int, _Waiting],
    ids: Mapping[str, int],
    instruction: WorkInstruction,
    now: datetime,
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
    supervisors: Sequence[str],
    now: datetime,
) -> None:
    """Put the notices into the outbox; what was said for the same cause before is not said again."""
    rows: dict[str, dict[str, Any]] = {}
    for decision in decisions:
        row = waiting[decision.case_id]
        number = case_number(decision.case_id)
        what = f"{'hard complaint' if row.case.hard else 'complaint'} about {row.problem}"
        who = f"{row.case.priority_status} customer" + (f" ({row.case.category})" if row.case.category else "")
        told: list[tuple[str, str, str]] = []
        if decision.agent_code:
            told.append((decision.agent_code, "assigned", f"{number} is yours: {what} by a {who}"))
        elif decision.team_leader_code:
            told.append(
                (decision.team_leader_code, "no_agent", f"{number} waits with you, no agent is eligible: {what}")
            )
        if decision.tell_supervisor:
            told += [(code, "no_agent", f"{number} has no eligible agent: {what} by a {who}") for code in supervisors]
        for recipient, kind, title in told:
            cause = f"{kind}:{decision.case_id}:{recipient}:{row.since:%Y%m%d%H%M%S}"
            rows[cause] = {
                "recipient": recipient,
                "case_id": decision.case_id,
                "kind": kind,
                "cause": cause,
                "title": title,
                "body": "\n".join(decision.reasons),
                "created_at": now,
                "attempts": 0,
            }
    known = set(connection.scalars(select(NoticeRow.cause).where(one_of(connection, NoticeRow.cause, rows))))
    fresh = [row for cause, row in rows.items() if cause not in known]
    if fresh:
        connection.execute(insert(NoticeRow), fresh)
