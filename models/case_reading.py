"""Where a case stands, read from the records for the decision about what people do to it (5.3.2)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, or_, select

from models.case_life import CaseStatus
from models.cases import TO_SEND, WITHOUT_AGENT, CaseRow, ClockRow, InteractionRow, TickedStepRow
from models.clocks import ClockKind
from models.database import one_of
from models.desk_roster import staff_on_book
from models.desk_rules import CaseStand, Person
from models.eligibility import Agent, on_duty
from models.hard_complaint import HardComplaint, open_steps
from models.staff import StaffRow
from models.ticket_rows import TicketRow, ticket_number

ARRIVED = ("sent", "in_app")
"""The delivery states of an answer that the customer has."""


@dataclass(frozen=True, slots=True)
class DeskPeople:
    """Everybody of the desk at one moment: by code, and the codes of those on duty by role."""

    by_code: dict[str, Agent]
    on_duty: dict[str, list[str]]

    def person(self, code: str) -> Person | None:
        """The person of that code, whatever its case of letters; None where there is nobody."""
        found = next((one for known, one in self.by_code.items() if known.lower() == code.strip().lower()), None)
        if found is None or found.left:
            return None
        return Person(found.code, found.role, found.code in self.on_duty.get(found.role, []))

    def of_roles(self, roles: Collection[str]) -> list[str]:
        """The codes of everybody of these roles, on duty or not."""
        return sorted(one.code for one in self.by_code.values() if one.role in roles and not one.left)

    def told(self, role: str) -> list[str]:
        """Who of a role is told something now: those on duty, or all where nobody is."""
        return self.on_duty.get(role) or self.of_roles([role])


def desk_people(connection: Connection, now: datetime) -> DeskPeople:
    """Everybody of the desk, and who is on duty at `now` (UTC)."""
    people = staff_on_book(connection, now)
    present = {role: [one.code for one in ones if on_duty(one, now)] for role, ones in people.items()}
    return DeskPeople({one.code: one for ones in people.values() for one in ones}, present)


def case_rows(connection: Connection, case_ids: Sequence[int]) -> list[Row[Any]]:
    """The rows of these cases, each with the codes of its agent (`agent`) and its team leader (`team_leader`)."""
    agent, leader = StaffRow.__table__.alias("agent"), StaffRow.__table__.alias("leader")
    return list(
        connection.execute(
            select(CaseRow.__table__, agent.c.code.label("agent"), leader.c.code.label("team_leader"))
            .outerjoin(agent, agent.c.id == CaseRow.agent_id)
            .outerjoin(leader, leader.c.id == CaseRow.team_leader_id)
            .where(one_of(connection, CaseRow.id, case_ids))
            .order_by(CaseRow.id)
        )
    )


def handler_of(case: Row[Any]) -> str | None:
    """Who has a case: the leader who took it over, else its agent, else the leader it waits with."""
    waits = case.taken_over_at is not None or case.agent is None or case.status in WITHOUT_AGENT
    handler: str | None = case.team_leader if waits else case.agent
    return handler


def case_stands(connection: Connection, cases: Sequence[Row[Any]], hard: HardComplaint) -> dict[int, CaseStand]:
    """Where cases stand, by id, for `judge_action`: `cases` are their rows; a constant number of queries."""
    ids = [case.id for case in cases]
    tickets = _open_tickets(connection, ids)
    answers = _answers(connection, ids)
    ticked = _ticked(connection, [case.id for case in cases if case.severity == "hard"])
    stands = {}
    for case in cases:
        mine, (answered, undelivered) = tickets[case.id], answers.get(case.id, (False, False))
        steps = {"resolve": (), "close": ()} if case.severity != "hard" else _open_steps(ticked[case.id], hard)
        stands[case.id] = CaseStand(
            id=case.id,
            status=CaseStatus(case.status),
            hard=case.severity == "hard",
            agent=None if case.status in WITHOUT_AGENT else case.agent,
            team_leader=case.team_leader,
            taken_over=case.taken_over_at is not None,
            version=case.version,
            open_tickets=tuple(ticket_number(ticket) for ticket, _ in mine),
            settled=tuple(ticket_number(ticket) for ticket, status in mine if status == "settled"),
            answered=answered,
            undelivered=undelivered,
            steps_to_resolve=steps["resolve"],
            steps_to_close=steps["close"],
            anonymised=case.anonymised_at is not None,
        )
    return stands


def _open_tickets(connection: Connection, case_ids: Sequence[int]) -> dict[int, list[tuple[int, str]]]:
    found: dict[int, list[tuple[int, str]]] = defaultdict(list)
    for row in connection.execute(
        select(TicketRow.id, TicketRow.case_id, TicketRow.status)
        .where(one_of(connection, TicketRow.case_id, case_ids), TicketRow.status != "verified")
        .order_by(TicketRow.id)
    ):
        found[row.case_id].append((row.id, row.status))
    return found


def _answers(connection: Connection, case_ids: Sequence[int]) -> dict[int, tuple[bool, bool]]:
    """Of each case: whether the customer has, or is about to have, an answer since it was opened or reopened; and
    whether the latest one has not arrived."""
    began = (
        select(ClockRow.case_id, func.max(ClockRow.started_at).label("at"))
        .where(one_of(connection, ClockRow.case_id, case_ids), ClockRow.kind == ClockKind.FIRST_RESPONSE.value)
        .group_by(ClockRow.case_id)
        .subquery()
    )
    states: dict[int, list[str]] = defaultdict(list)
    for row in connection.execute(
        select(InteractionRow.case_id, InteractionRow.delivery)
        .outerjoin(began, began.c.case_id == InteractionRow.case_id)
        .where(one_of(connection, InteractionRow.case_id, case_ids), InteractionRow.direction == "out")
        .where(or_(began.c.at.is_(None), InteractionRow.at >= began.c.at))
        .order_by(InteractionRow.id)
    ):
        states[row.case_id].append(row.delivery)
    usable = {*ARRIVED, *TO_SEND}
    return {case_id: (bool(usable & set(seen)), seen[-1] not in ARRIVED) for case_id, seen in states.items()}


def _ticked(connection: Connection, case_ids: Sequence[int]) -> dict[int, set[str]]:
    found: dict[int, set[str]] = defaultdict(set)
    for row in connection.execute(
        select(TickedStepRow.case_id, TickedStepRow.step).where(one_of(connection, TickedStepRow.case_id, case_ids))
    ):
        found[row.case_id].add(row.step)
    return found


def _open_steps(ticked: set[str], instruction: HardComplaint) -> dict[str, tuple[str, ...]]:
    return {
        before: tuple(step.code for step in open_steps(instruction, ticked, before)) for before in ("resolve", "close")
    }
