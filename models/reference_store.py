"""Taking the desk's own data over into the records: in sets, and doing it again changes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, delete, insert
from sqlalchemy.dialects import postgresql, sqlite

from models.accounts import PriorityListingRow, WatchedAccountRow
from models.database import Table, chunks
from models.desk_roster import staff_ids
from models.reference_files import ReferenceFiles
from models.staff import AssessmentRow, QaScoreRow, ShiftRow, StaffRow


def store_reference(connection: Connection, reference: ReferenceFiles) -> dict[str, int]:
    """Take `reference` over, in the caller's transaction. Returns rows by table.

    Watched accounts keep their cursors and people their cases; listings are replaced as a whole. Shifts from the
    reference's first one on are the reference's alone: whoever is no longer in it is off duty.
    """
    _upsert(connection, WatchedAccountRow, reference.watched_accounts, ("platform", "external_id"))
    connection.execute(delete(PriorityListingRow))
    if reference.listings:
        connection.execute(insert(PriorityListingRow), list(reference.listings))
    _upsert(connection, StaffRow, reference.staff, ("code",))
    _withdraw_shifts(connection, reference.shifts)
    ids = staff_ids(connection)
    for table, rows, key in (
        (QaScoreRow, reference.qa_scores, ("staff_id", "month")),
        (AssessmentRow, reference.assessments, ("staff_id", "skill", "assessed_on")),
        (ShiftRow, reference.shifts, ("staff_id", "starts_at")),
    ):
        _upsert(connection, table, [_of_staff(row, ids) for row in rows], key)
    return {
        "watched accounts": len(reference.watched_accounts),
        "priority listings": len(reference.listings),
        "staff": len(reference.staff),
        "QA scores": len(reference.qa_scores),
        "assessments": len(reference.assessments),
        "shifts": len(reference.shifts),
    }


def _withdraw_shifts(connection: Connection, shifts: Sequence[Mapping[str, Any]]) -> None:
    """Take back what an earlier reference planned; shifts before the first one given stay as they were."""
    first = min((row["starts_at"] for row in shifts), default=None)
    planned = delete(ShiftRow)
    connection.execute(planned if first is None else planned.where(ShiftRow.starts_at >= first))


def _of_staff(row: Mapping[str, Any], ids: Mapping[str, int]) -> dict[str, Any]:
    return {"staff_id": ids[row["code"]], **{key: value for key, value in row.items() if key != "code"}}


def _upsert(
    connection: Connection, table: type[Table], rows: Sequence[Mapping[str, Any]], key: tuple[str, ...]
) -> None:
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    for part in chunks([dict(row) for row in rows]):
        statement = dialect.insert(table).values(list(part))
        changes = {name: statement.excluded[name] for name in part[0] if name not in key}
        connection.execute(statement.on_conflict_do_update(index_elements=list(key), set_=changes))
