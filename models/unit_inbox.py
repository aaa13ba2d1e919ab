"""What units say, taken in before anything is made of it: each change once, pulled or pushed (clause 4.4)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, insert, select, update

from models.database import one_of
from models.journal import entry, write_journal
from models.revisions import instructions_by_case
from models.ticket_book import Rules
from models.ticket_life import TicketStatus
from models.ticket_rows import ContactRow, TicketRow, UnitRow, UnitUpdateRow

MISSED = timedelta(days=1)


def pulled_until(connection: Connection, unit: str) -> datetime | None:
    """Up to when (UTC, the unit's clock) a unit's changes are known."""
    return connection.scalar(select(UnitRow.pulled_until).where(UnitRow.code == unit))


def take_in_changes(
    connection: Connection, unit: str, changes: Sequence[dict[str, Any]], via: str, now: datetime
) -> int:
    """Keep the changes not known yet; returns how many. A change is a dict of update_id, reference, status, note and
    changed_at (UTC). One about a reference that no ticket has yet waits for it."""
    given = {change["update_id"]: change for change in changes}
    known = set(
        connection.scalars(
            select(UnitUpdateRow.update_id).where(
                UnitUpdateRow.unit == unit, one_of(connection, UnitUpdateRow.update_id, given)
            )
        )
    )
    fresh = [change for update_id, change in given.items() if update_id not in known]
    if fresh:
        tickets = tickets_by_reference(connection, unit, [change["reference"] for change in fresh])
        rows = [
            {
                "unit": unit,
                "ticket_id": tickets.get(change["reference"]),
                "received_at": now,
                "via": via,
                **change,
            }
            for change in fresh
        ]
        connection.execute(insert(UnitUpdateRow), rows)
    return len(fresh)


def tickets_by_reference(connection: Connection, unit: str, references: Sequence[str]) -> dict[str, int]:
    """The tickets a unit knows, or knew, by these references, in one query."""
    rows = connection.execute(
        select(ContactRow.reference, ContactRow.ticket_id).where(
            ContactRow.unit == unit, one_of(connection, ContactRow.reference, references)
        )
    )
    return {row.reference: row.ticket_id for row in rows}


def match_waiting(connection: Connection, now: datetime) -> None:
    """Give changes that came before their ticket's reference was noted to their ticket; those that nobody has missed
    for a day before `now` (UTC) are about tickets of others, and are closed."""
    ticket = (
        select(ContactRow.ticket_id)
        .where(ContactRow.unit == UnitUpdateRow.unit, ContactRow.reference == UnitUpdateRow.reference)
        .limit(1)
        .scalar_subquery()
    )
    waiting = (UnitUpdateRow.ticket_id.is_(None), UnitUpdateRow.applied_at.is_(None))
    connection.execute(update(UnitUpdateRow).where(*waiting, ticket.is_not(None)).values(ticket_id=ticket))
    old = update(UnitUpdateRow).where(*waiting, UnitUpdateRow.received_at < now - MISSED)
    connection.execute(old.values(applied_at=now, outcome="no ticket of ours is known by that reference"))


def close_late_changes(connection: Connection, rules: Rules, now: datetime) -> int:
    """Note changes that came after their ticket was verified: they change nothing, and nobody waits for them.

    Returns how many; their tickets' follow-ups have ended and are not woken for them.
    """
    rows = connection.execute(
        select(UnitUpdateRow.id, UnitUpdateRow.unit, UnitUpdateRow.via, UnitUpdateRow.status, UnitUpdateRow.ticket_id)
        .add_columns(TicketRow.case_id)
        .join(TicketRow, TicketRow.id == UnitUpdateRow.ticket_id)
        .where(UnitUpdateRow.applied_at.is_(None), TicketRow.status == TicketStatus.VERIFIED.value)
        .order_by(UnitUpdateRow.id)
    ).all()
    why = "the ticket is verified already"
    own = instructions_by_case(connection, {row.case_id for row in rows}, rules.instruction)
    entries = [
        entry(
            now,
            "unit_update_ignored",
            "4.4",
            own[row.case_id],
            {"update": row.id, "via": row.via, "says": row.status, "why": why},
            case_id=row.case_id,
            ticket_id=row.ticket_id,
            actor=row.unit,
        )
        for row in rows
    ]
    if rows:
        write_journal(connection, entries)
        late = update(UnitUpdateRow).where(one_of(connection, UnitUpdateRow.id, [row.id for row in rows]))
        connection.execute(late.values(applied_at=now, outcome=why))
    return len(rows)


def note_pull(
    connection: Connection, unit: str, until: datetime | None, now: datetime, error: str | None = None
) -> None:
    """Note how a pull went; `until` (UTC) moves the cursor, in the transaction that keeps what was pulled."""
    values: dict[str, Any] = {"pulled_at": now, "last_error": error}
    if until is not None:
        values["pulled_until"] = until
    if connection.scalar(select(UnitRow.code).where(UnitRow.code == unit)) is None:
        connection.execute(insert(UnitRow), {"code": unit, **values})
    else:
        connection.execute(update(UnitRow).where(UnitRow.code == unit).values(**values))
