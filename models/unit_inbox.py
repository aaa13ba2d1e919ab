"""What units say, taken in before anything is made of it: each change once, pulled or pushed (clause 4.4)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update

from models.database import one_of
from models.ticket_rows import TicketRow, UnitRow, UnitUpdateRow


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
    """The tickets a unit knows by these references, in one query."""
    rows = connection.execute(
        select(TicketRow.reference, TicketRow.id).where(
            TicketRow.unit == unit, one_of(connection, TicketRow.reference, references)
        )
    )
    return {row.reference: row.id for row in rows}


def match_waiting(connection: Connection) -> None:
    """Give changes that came before their ticket's reference was noted to their ticket."""
    ticket = (
        select(TicketRow.id)
        .where(TicketRow.unit == UnitUpdateRow.unit, TicketRow.reference == UnitUpdateRow.reference)
        .limit(1)
        .scalar_subquery()
    )
    waiting = (UnitUpdateRow.ticket_id.is_(None), UnitUpdateRow.applied_at.is_(None))
    connection.execute(update(UnitUpdateRow).where(*waiting).values(ticket_id=ticket))


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
