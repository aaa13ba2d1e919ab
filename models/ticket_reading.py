"""Where a ticket stands, read from the records for the decision; who is to be told; what its unit has said."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, select

from models.cases import CaseRow, ClockRow
from models.desk_roster import staff_on_book
from models.eligibility import on_duty
from models.staff import StaffRow
from models.ticket_life import TicketStatus
from models.ticket_rows import TicketRow, UnitUpdateRow, ticket_number
from models.ticket_steps import TicketClock, TicketStand


def ticket_row(connection: Connection, ticket_id: int) -> Row[Any] | None:
    """The ticket's row, or None."""
    return connection.execute(select(TicketRow.__table__).where(TicketRow.id == ticket_id)).one_or_none()


def ticket_stand(connection: Connection, ticket_id: int) -> TicketStand:
    """Where a ticket stands, for `next_step`."""
    row = connection.execute(select(TicketRow.__table__).where(TicketRow.id == ticket_id)).one()
    clocks = connection.execute(
        select(ClockRow.__table__).where(ClockRow.ticket_id == ticket_id, ClockRow.stopped_at.is_(None))
    )
    return TicketStand(
        number=ticket_number(ticket_id),
        status=TicketStatus(row.status),
        level=row.escalation_level,
        told_level=row.told_level,
        opened_at=row.opened_at,
        contacted_at=row.contacted_at,
        heard_at=row.heard_at,
        asked_at=row.asked_at,
        look_at=row.look_at,
        open_updates=connection.scalar(select(func.count()).where(*open_updates(ticket_id))) or 0,
        clocks=tuple(
            TicketClock(
                clock.kind,
                clock.warns_at,
                clock.due_at,
                clock.warned_at is not None,
                clock.breached_at is not None,
            )
            for clock in clocks
        ),
    )


def open_updates(ticket_id: int) -> tuple[Any, ...]:
    """What a unit's word must be to be still looked at for a ticket."""
    return (UnitUpdateRow.ticket_id == ticket_id, UnitUpdateRow.applied_at.is_(None))


def pic_code(connection: Connection, ticket: Row[Any]) -> list[str]:
    """The staff code of the ticket's PIC, in a list; empty where it has none."""
    code = connection.scalar(select(StaffRow.code).where(StaffRow.id == ticket.pic_id))
    return [code] if code else []


def agent_code(connection: Connection, ticket: Row[Any]) -> list[str]:
    """Who talks with the customer: the case's agent, else its team leader; in a list."""
    case = connection.execute(
        select(CaseRow.agent_id, CaseRow.team_leader_id).where(CaseRow.id == ticket.case_id)
    ).one()
    code = connection.scalar(select(StaffRow.code).where(StaffRow.id == (case.agent_id or case.team_leader_id)))
    return [code] if code else []


def supervisor_codes(connection: Connection, now: datetime) -> list[str]:
    """The supervisors on duty at `now` (UTC), or all of them where none is."""
    supervisors = staff_on_book(connection, now).get("supervisor", [])
    return [one.code for one in supervisors if on_duty(one, now)] or [one.code for one in supervisors]
