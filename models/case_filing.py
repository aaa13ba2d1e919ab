"""Which case files do not show the last of what happened: those of the board first, then by the journal's order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, bindparam, func, insert, select, update

from models.cases import CaseRow, ToldEventsRow
from models.database import one_of
from models.journal import JournalRow

FILES = 2
"""The row of `told_events` that tells how far the journal has been gone through for case files."""
READ_AT_ONCE = 2_000


def newest_entries(connection: Connection, case_ids: Sequence[int]) -> dict[int, int]:
    """The last journal entry of each of these cases."""
    rows = connection.execute(
        select(JournalRow.case_id, func.max(JournalRow.id).label("entry"))
        .where(one_of(connection, JournalRow.case_id, case_ids))
        .group_by(JournalRow.case_id)
    )
    return {row.case_id: row.entry for row in rows if row.case_id}


def out_of_date(connection: Connection, case_ids: Sequence[int]) -> list[int]:
    """Those of these cases whose files do not show the last of what happened, in the order given."""
    newest = newest_entries(connection, case_ids)
    filed = {
        row.id: row.filed_journal_id
        for row in connection.execute(
            select(CaseRow.id, CaseRow.filed_journal_id).where(one_of(connection, CaseRow.id, case_ids))
        )
    }
    return [case_id for case_id in case_ids if newest.get(case_id, 0) > filed.get(case_id, 0)]


def changed_cases(connection: Connection, limit: int) -> tuple[list[int], int]:
    """The next cases the journal tells of, at most `limit`, and the entry up to which that is all of them."""
    until = connection.scalar(select(ToldEventsRow.journal_id).where(ToldEventsRow.id == FILES)) or 0
    rows = connection.execute(
        select(JournalRow.id, JournalRow.case_id)
        .where(JournalRow.id > until)
        .order_by(JournalRow.id)
        .limit(READ_AT_ONCE)
    )
    found: dict[int, None] = {}
    for row in rows:
        if row.case_id is not None and row.case_id not in found:
            if len(found) == limit:
                break
            found[row.case_id] = None
        until = row.id
    return list(found), until


def mark_filed(connection: Connection, shown: Mapping[int, int]) -> None:
    """Note up to which journal entry the files of cases show what happened; never less than before."""
    rows = [{"of_id": case_id, "entry": entry} for case_id, entry in shown.items()]
    if rows:
        older = (CaseRow.id == bindparam("of_id"), CaseRow.filed_journal_id < bindparam("entry"))
        connection.execute(update(CaseRow).where(*older).values(filed_journal_id=bindparam("entry")), rows)


def gone_through(connection: Connection, until: int) -> None:
    """Note that the files of all cases up to this journal entry are up to date."""
    before = connection.scalar(select(ToldEventsRow.journal_id).where(ToldEventsRow.id == FILES))
    if before is None:
        connection.execute(insert(ToldEventsRow), {"id": FILES, "journal_id": until})
    elif before < until:
        connection.execute(update(ToldEventsRow).where(ToldEventsRow.id == FILES).values(journal_id=until))
