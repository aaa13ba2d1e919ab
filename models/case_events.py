"""What of the journal is told to Prefect as events, and how far it has been told.

The journal is the source: append-only, its ids grow in the order of the commits, since the desk has one writer. A
cursor says which entry was the last one told. An event holds references and verdicts, never a customer's words or
name: of an entry's detail only the named codes pass, and only where they look like codes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Row, func, insert, select, update

from models.cases import CaseRow, ToldEventsRow, case_number
from models.journal import JournalRow
from models.ticket_rows import ticket_number

TOLD_AS = {
    "case_opened": "care.case.opened",
    "case_assigned": "care.case.assigned",
    "case_reassigned": "care.case.assigned",
    "case_handed_over": "care.case.assigned",
    "case_clock_breached": "care.case.breached",
    "case_taken_over": "care.case.taken-over",
    "case_resolved": "care.case.resolved",
}
"""The journal's events that Prefect is told of, and their names there."""
CODES = ("agent", "team_leader", "was", "form", "priority", "problem", "severity", "clock")
"""What of an entry's detail an event may carry."""
CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:+-]{0,63}")
_ONLY_ROW = 1


@dataclass(frozen=True, slots=True)
class CaseEvent:
    """One journal entry as Prefect is told of it; `at` is when it happened (UTC)."""

    journal_id: int
    name: str
    at: datetime
    case: str
    severity: str
    priority: str
    problem: str
    payload: Mapping[str, str | int]


@dataclass(frozen=True, slots=True)
class Telling:
    """What is to be told next. `until` is where the cursor goes once it is told; None where nothing is new."""

    events: tuple[CaseEvent, ...]
    until: int | None


def events_to_tell(connection: Connection, limit: int = 500) -> Telling:
    """The oldest events not told yet, at most `limit`; entries that are no events are passed by."""
    told = _told(connection) or 0
    newest = connection.scalar(select(func.max(JournalRow.id)).where(JournalRow.id > told))
    if newest is None:
        return Telling((), None)
    rows = connection.execute(
        select(JournalRow.__table__, CaseRow.severity, CaseRow.priority_status, CaseRow.problem)
        .join(CaseRow, CaseRow.id == JournalRow.case_id)
        .where(JournalRow.id > told, JournalRow.id <= newest, JournalRow.event.in_(TOLD_AS))
        .order_by(JournalRow.id)
        .limit(limit)
    ).all()
    until = rows[-1].id if len(rows) == limit else newest
    return Telling(tuple(map(_event, rows)), until)


def mark_told(connection: Connection, journal_id: int) -> None:
    """Move the cursor to `journal_id`, in a `write_transaction`. It never goes back, whoever comes late."""
    told = _told(connection)
    if told is None:
        connection.execute(insert(ToldEventsRow).values(id=_ONLY_ROW, journal_id=journal_id))
    elif told < journal_id:
        connection.execute(update(ToldEventsRow).where(ToldEventsRow.id == _ONLY_ROW).values(journal_id=journal_id))


def _told(connection: Connection) -> int | None:
    return connection.scalar(select(ToldEventsRow.journal_id).where(ToldEventsRow.id == _ONLY_ROW))


def _event(row: Row[tuple[object, ...]]) -> CaseEvent:
    number = case_number(row.case_id)
    payload: dict[str, str | int] = {"journal": row.id, "case": number, "event": row.event}
    payload |= {"clause": row.clause, "revision": row.revision}
    if row.ticket_id is not None:
        payload["ticket"] = ticket_number(row.ticket_id)
    for name, value in {"actor": row.actor, **{name: row.detail.get(name) for name in CODES}}.items():
        if isinstance(value, str) and CODE.fullmatch(value):
            payload[name] = value
    return CaseEvent(
        row.id, TOLD_AS[row.event], row.at, number, row.severity, row.priority_status, row.problem, payload
    )
