"""Where a ticket stands, read from the records for the decision; who is to be told; what its unit has said."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, select

from models.case_reading import case_rows, handler_of
from models.cases import ClockRow
from models.desk_roster import staff_on_book
from models.eligibility import on_duty_or_all
from models.mention_rows import MentionRow
from models.staff import StaffRow
from models.ticket_life import TicketStatus
from models.ticket_rows import TicketRow, UnitUpdateRow
from models.ticket_steps import TicketClock, TicketStand


def ticket_row(connection: Connection, ticket_id: int) -> Row[Any]:
    """The row of a ticket that exists."""
    return connection.execute(select(TicketRow.__table__).where(TicketRow.id == ticket_id)).one()


def is_ticket(connection: Connection, ticket_id: int) -> bool:
    """Whether there is a ticket of that id."""
    return connection.scalar(select(TicketRow.id).where(TicketRow.id == ticket_id)) is not None


def ticket_stand(connection: Connection, ticket_id: int) -> TicketStand:
    """Where a ticket stands, for `next_step`."""
    row = ticket_row(connection, ticket_id)
    clocks = connection.execute(
        select(ClockRow.__table__).where(ClockRow.ticket_id == ticket_id, ClockRow.stopped_at.is_(None))
    )
    return TicketStand(
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


def pic_code(connection: Connection, ticket: Row[Any]) -> str | None:
    """The staff code of the ticket's PIC; None where it has none."""
    return connection.scalar(select(StaffRow.code).where(StaffRow.id == ticket.pic_id))


def pics_to_tell(
    connection: Connection, ticket: Row[Any], now: datetime, *, and_supervisors: bool = False
) -> list[str]:
    """The ticket's PIC, and where that one is not on duty at `now` (UTC) those PICs who are; the supervisors on duty
    besides them where asked for, and where there is no PIC at all."""
    people = staff_on_book(connection, now)
    left = {one.code for ones in people.values() for one in ones if one.left}
    mine, present = pic_code(connection, ticket), on_duty_or_all(people.get("pic", []), now)
    mine = None if mine in left else mine
    told = [mine] if mine in present else [*filter(None, [mine]), *present]
    return told + (on_duty_or_all(people.get("supervisor", []), now) if and_supervisors or not told else [])


def handler_codes(connection: Connection, ticket: Row[Any]) -> list[str]:
    """Who talks with the customer: whoever has the case; in a list."""
    handler = handler_of(case_rows(connection, [ticket.case_id])[0])
    return [handler] if handler else []


def opening_mention(connection: Connection, case_id: int) -> Row[Any] | None:
    """What a customer said first in a case: text and url."""
    return connection.execute(
        select(MentionRow.text, MentionRow.url)
        .where(MentionRow.case_id == case_id)
        .order_by(MentionRow.posted_at, MentionRow.id)
        .limit(1)
    ).one_or_none()
