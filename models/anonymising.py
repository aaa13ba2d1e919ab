"""Taking away who it was and what they said, and keeping every number that KPIs are made of (clause 6).

`PERSONAL` names every column that tells it. Rows, ids, moments, states, severities, problems, clocks, dispositions
and staff codes stay. What had an id on a platform gets a random one instead: nothing leads from it to the old one.
"""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, bindparam, case, delete, or_, select, update

from models.accounts import AccountHandleRow, AccountLinkRow, AccountReviewRow, AccountRow
from models.case_filing import mark_filed, newest_entries
from models.cases import CaseRow, DeskActionRow, InteractionRow
from models.database import Table, one_of, write_transaction
from models.journal import entry, write_journal
from models.legal_holds import LegalHoldRow
from models.mention_rows import MentionRow
from models.notices import NoticeRow
from models.ticket_rows import ContactRow, TicketRow, UnitUpdateRow
from models.work_instruction import WorkInstruction

ANONYMISED = "(anonymised)"
"""What stands where words stood."""
READING_KEPT = ("complaint", "confidence", "hard", "hard_reasons", "problem")
"""Of the reading of a text: the verdict. Its evidence quotes the text."""


class Instead(Enum):
    """What takes a value's place, where it is not the same for every row."""

    RANDOM_ID = "an id of its own"
    SHARED_ID = "an id that rows of one account and conversation share"
    VERDICT = "the verdict without its evidence"
    STAFF_ONLY = "the staff code where one of us wrote, nothing of a customer's"


PERSONAL: Mapping[type[Table], Mapping[str, Any]] = {
    AccountRow: {
        "external_id": Instead.RANDOM_ID,
        **dict.fromkeys(("handle", "name", "bio", "followers", "verified")),
        "priority_evidence": [],
        "decided_reason": ANONYMISED,
    },
    AccountReviewRow: {"reason": ANONYMISED},
    CaseRow: {"conversation_id": Instead.SHARED_ID},
    MentionRow: {
        "external_id": Instead.RANDOM_ID,
        "version": "",
        "conversation_id": Instead.SHARED_ID,
        "in_reply_to": None,
        "mentioned_handles": [],
        "text": ANONYMISED,
        "url": "",
        "reading": Instead.VERDICT,
    },
    InteractionRow: {
        "author": Instead.STAFF_ONLY,
        "text": ANONYMISED,
        **dict.fromkeys(("platform_id", "reply_to", "link", "last_error")),
    },
    DeskActionRow: {"told": ANONYMISED},
    TicketRow: {"reference": None, "standing": ANONYMISED},
    ContactRow: {"reference": None, "detail": ANONYMISED},
    UnitUpdateRow: {"reference": ANONYMISED, "note": ANONYMISED, "outcome": ANONYMISED},
    NoticeRow: {"title": ANONYMISED, "body": "", "last_error": None},
    LegalHoldRow: {"reason": ANONYMISED},
}
"""Every column that tells who a customer is or what was said, by table, and what stands there instead. Quarantined
rows, former handles and links are deleted whole; the other tables have none (a test goes through all columns)."""

OF_CASE: tuple[type[Table], ...] = (InteractionRow, DeskActionRow, TicketRow, NoticeRow, LegalHoldRow)
OF_TICKET: tuple[type[Table], ...] = (ContactRow, UnitUpdateRow)


@dataclass(frozen=True, slots=True)
class Work:
    """On whose behalf and when (UTC) something is anonymised; `why` is retention or erasure."""

    now: datetime
    actor: str
    why: str
    instruction: WorkInstruction


@contextmanager
def forgetting(engine: Engine) -> Iterator[Connection]:
    """A write transaction after which SQLite's file does not hold the old values in its free space either.

    PostgreSQL's autovacuum clears what no transaction sees any more.
    """
    with write_transaction(engine) as connection:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("PRAGMA secure_delete = ON")
        yield connection


def clear_log(engine: Engine) -> None:
    """Empty SQLite's write-ahead log, which still holds the old values after `forgetting` has committed.

    Where somebody reads meanwhile it stays until the next time it is emptied.
    """
    if engine.dialect.name == "sqlite":
        with engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")


def anonymise_cases(connection: Connection, case_ids: Sequence[int], work: Work) -> dict[str, int]:
    """Anonymise these cases with everything that belongs to them; returns how many rows of which table.

    Inside the caller's transaction: a case is anonymised whole or not at all.
    """
    if not case_ids:
        return {}
    shared: dict[tuple[int, str], str] = defaultdict(_random_id)
    of_these = one_of(connection, CaseRow.id, case_ids)
    found = connection.execute(select(CaseRow.id, CaseRow.account_id, CaseRow.conversation_id).where(of_these)).all()
    rows = [{"of_id": row.id, "conversation_id": shared[row.account_id, row.conversation_id]} for row in found]
    moved = update(CaseRow).where(CaseRow.id == bindparam("of_id"))
    connection.execute(moved.values(conversation_id=bindparam("conversation_id"), anonymised_at=work.now), rows)
    counts = {"cases": len(rows)}
    counts["mentions"] = _mentions(connection, one_of(connection, MentionRow.case_id, case_ids), shared, work)
    tickets = select(TicketRow.id).where(one_of(connection, TicketRow.case_id, case_ids)).scalar_subquery()
    for table in OF_CASE:
        mine = one_of(connection, table.__table__.c.case_id, case_ids)
        counts[table.__tablename__] = blank(connection, table, mine)
    for table in OF_TICKET:
        counts[table.__tablename__] = blank(connection, table, table.__table__.c.ticket_id.in_(tickets))
    _journal_cases(connection, [row.id for row in found], work)
    return {name: count for name, count in counts.items() if count}


def anonymise_mentions(connection: Connection, mention_ids: Sequence[int], work: Work) -> int:
    """Anonymise mentions that belong to no case; returns how many."""
    return _mentions(connection, one_of(connection, MentionRow.id, mention_ids), defaultdict(_random_id), work)


def anonymise_accounts(connection: Connection, account_ids: Sequence[int], work: Work) -> dict[str, int]:
    """Take away who these accounts are; what they said must be anonymised before. Rows by table."""
    if not account_ids:
        return {}
    of_these = one_of(connection, AccountRow.id, account_ids)
    renamed = update(AccountRow).where(AccountRow.id == bindparam("of_id"))
    connection.execute(
        renamed.values(external_id=bindparam("external_id")),
        [{"of_id": account_id, "external_id": _random_id()} for account_id in account_ids],
    )
    blanks = _constants(AccountRow) | {"anonymised_at": work.now}
    counts = {"accounts": connection.execute(update(AccountRow).where(of_these).values(blanks)).rowcount}
    mine = one_of(connection, AccountReviewRow.account_id, account_ids)
    counts["account_reviews"] = blank(connection, AccountReviewRow, mine)
    had = one_of(connection, AccountHandleRow.account_id, account_ids)
    counts["account_handles"] = connection.execute(delete(AccountHandleRow).where(had)).rowcount
    linked = (one_of(connection, end, account_ids) for end in (AccountLinkRow.account_id, AccountLinkRow.other_id))
    counts["account_links"] = connection.execute(delete(AccountLinkRow).where(or_(*linked))).rowcount
    entries = [
        entry(
            work.now,
            "account_anonymised",
            "6",
            work.instruction,
            {"why": work.why},
            account_id=account_id,
            actor=work.actor,
        )
        for account_id in sorted(account_ids)
    ]
    write_journal(connection, entries)
    return {name: count for name, count in counts.items() if count}


def blank(connection: Connection, table: type[Table], which: ColumnElement[bool]) -> int:
    """Blank the personal columns of a table's rows; returns how many."""
    return connection.execute(update(table).where(which).values(_constants(table))).rowcount


def _constants(table: type[Table]) -> dict[str, Any]:
    """What stands in every row of a table alike; a column that is empty stays empty."""
    values: dict[str, Any] = {}
    for name, instead in PERSONAL[table].items():
        column = table.__table__.c[name]
        if instead is Instead.STAFF_ONLY:
            direction = table.__table__.c.direction
            values[name] = case((direction == "in", ANONYMISED), else_=column)
        elif not isinstance(instead, Instead):
            values[name] = (
                case((column.is_not(None), instead)) if column.nullable and instead == ANONYMISED else instead
            )
    return values


def _mentions(
    connection: Connection, which: ColumnElement[bool], shared: dict[tuple[int, str], str], work: Work
) -> int:
    """Anonymise mentions; their conversations get the ids of `shared`."""
    found = connection.execute(
        select(MentionRow.id, MentionRow.account_id, MentionRow.conversation_id, MentionRow.reading)
        .where(which, MentionRow.anonymised_at.is_(None))
        .order_by(MentionRow.id)
    ).all()
    rows = [
        {
            "of_id": row.id,
            "external_id": _random_id(),
            "conversation_id": shared[row.account_id, row.conversation_id],
            "reading": {name: row.reading[name] for name in READING_KEPT if name in row.reading} | {"evidence": []},
        }
        for row in found
    ]
    if rows:
        own: dict[str, Any] = {name: bindparam(name) for name in rows[0] if name != "of_id"}
        moved = update(MentionRow).where(MentionRow.id == bindparam("of_id"))
        connection.execute(moved.values(**_constants(MentionRow), **own, anonymised_at=work.now), rows)
    return len(rows)


def _journal_cases(connection: Connection, case_ids: Sequence[int], work: Work) -> None:
    """Note of each case that it was anonymised; its file is gone, and this is nothing to make a new one for."""
    detail = {"why": work.why}
    entries = [
        entry(work.now, "case_anonymised", "6", work.instruction, detail, case_id=case_id, actor=work.actor)
        for case_id in sorted(case_ids)
    ]
    write_journal(connection, entries)
    mark_filed(connection, newest_entries(connection, case_ids))


def _random_id() -> str:
    return f"erased:{secrets.token_hex(16)}"
