"""Writing what reference files change into the records, in sets and in the caller's `write_transaction`.

Nothing is ever deleted that a case refers to; doing it again finds nothing to do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, update

from models.accounts import PriorityListingRow, WatchedAccountRow
from models.database import Table, chunks, one_of
from models.desk_roster import staff_ids
from models.reference_diff import FileDiff, Record
from models.staff import AssessmentRow, QaScoreRow, ShiftRow, StaffRow
from models.ticket_rows import UnitContactRow

OF_STAFF_TABLES: Mapping[str, tuple[type[Table], tuple[str, ...]]] = {
    "qa_scores": (QaScoreRow, ("code", "month")),
    "assessments": (AssessmentRow, ("code", "skill", "assessed_on")),
}
"""Kinds that add up: their table, and what no two rows of it share."""


def take_over(connection: Connection, diff: FileDiff, today: date, now: datetime) -> None:
    """Write a difference, in the caller's transaction; `now` is UTC. Nothing is ever deleted that a case refers to."""
    if not diff.nothing:
        _WRITERS[diff.kind](connection, diff, today, now)


def _write_listings(connection: Connection, diff: FileDiff, today: date, _now: datetime) -> None:
    _insert(connection, PriorityListingRow, [{**row, "source": diff.kind} for row in diff.added])
    _change(connection, PriorityListingRow, diff)
    ended = [row["row_id"] for row in diff.removed]
    for part in chunks(ended, 10_000):
        of_these = update(PriorityListingRow).where(one_of(connection, PriorityListingRow.id, part))
        connection.execute(of_these.values(valid_to=today - timedelta(days=1)))


def _write_staff(connection: Connection, diff: FileDiff, today: date, now: datetime) -> None:
    """Who left keeps their cases until the monitor hands them on, and has no shifts any more."""
    _insert(connection, StaffRow, diff.added)
    _change(connection, StaffRow, diff)
    gone = [row["row_id"] for row in diff.removed]
    connection.execute(update(StaffRow).where(one_of(connection, StaffRow.id, gone)).values(left_on=today))
    connection.execute(delete(ShiftRow).where(one_of(connection, ShiftRow.staff_id, gone), ShiftRow.ends_at > now))


def _write_of_staff(connection: Connection, diff: FileDiff, _today: date, _now: datetime) -> None:
    table = ShiftRow if diff.kind == "shifts" else OF_STAFF_TABLES[diff.kind][0]
    ids = staff_ids(connection)
    added = [{**row, "staff_id": ids[row["code"]]} for row in diff.added]
    gone = [row["row_id"] for row in diff.removed]
    connection.execute(delete(table).where(one_of(connection, table.__table__.columns["id"], gone)))
    _insert(connection, table, [{name: value for name, value in row.items() if name != "code"} for row in added])
    _change(connection, table, diff)


def _write_watched(connection: Connection, diff: FileDiff, _today: date, _now: datetime) -> None:
    _insert(connection, WatchedAccountRow, diff.added)
    _change(connection, WatchedAccountRow, diff)


def _write_contacts(connection: Connection, diff: FileDiff, _today: date, _now: datetime) -> None:
    _insert(connection, UnitContactRow, diff.added)
    of_this = (UnitContactRow.unit == bindparam("of_unit"), UnitContactRow.level == bindparam("of_level"))
    for one in diff.changed:
        unit, level = one.key
        values = {name: after for name, (_, after) in one.values.items()}
        connection.execute(update(UnitContactRow).where(*of_this).values(values), {"of_unit": unit, "of_level": level})
    if diff.removed:
        gone = [{"of_unit": row["unit"], "of_level": row["level"]} for row in diff.removed]
        connection.execute(delete(UnitContactRow).where(*of_this), gone)


def _insert(connection: Connection, table: type[Table], rows: Sequence[Record]) -> None:
    for part in chunks(rows, 10_000):
        connection.execute(insert(table), [dict(row) for row in part])


def _change(connection: Connection, table: type[Table], diff: FileDiff) -> None:
    """Rows that change in the same columns are changed together."""
    together: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for one in diff.changed:
        values = {name: after for name, (_, after) in one.values.items()}
        together.setdefault(tuple(values), []).append(
            {"of_id": one.row_id, **{f"new_{k}": v for k, v in values.items()}}
        )
    for names, rows in together.items():
        changed = update(table).where(table.__table__.columns["id"] == bindparam("of_id"))
        connection.execute(changed.values({name: bindparam(f"new_{name}") for name in names}), rows)


_WRITERS: Mapping[str, Callable[[Connection, FileDiff, date, datetime], None]] = {
    "watched_accounts": _write_watched,
    "bod_list": _write_listings,
    "registry": _write_listings,
    "staff": _write_staff,
    "qa_scores": _write_of_staff,
    "assessments": _write_of_staff,
    "shifts": _write_of_staff,
    "unit_contacts": _write_contacts,
}
