"""The journal: the append-only record of what happened, and a chain by which it can be trusted.

Each entry carries the hash of the one before it and its own, over everything it says. The database itself refuses to
change or take away an entry; who gets round that breaks the chain, and `models/journal_check.py` names the first entry
that no longer fits.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from math import isfinite
from types import NoneType
from typing import Any

from sqlalchemy import Connection, ForeignKey, Index, String, func, insert, select
from sqlalchemy.orm import Mapped, mapped_column

from models.database import Json, Table
from models.work_instruction import WorkInstruction

DESK = "intake-mentions"
"""The actor the journal names for automatic decisions at intake."""
GENESIS = "0" * 64
"""What the first entry carries for the one before it."""


class JournalRow(Table):
    """One thing that happened: references and verdicts, never a customer's words or name.

    `previous_hash` is the `hash` of the entry before it; `hash` is over that and all its other columns (`seal`).
    """

    __tablename__ = "journal"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    case_id: Mapped[int | None] = mapped_column(ForeignKey("cases.id"), index=True)
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("tickets.id"), index=True)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    actor: Mapped[str] = mapped_column(String(64))
    event: Mapped[str] = mapped_column(String(48))
    clause: Mapped[str] = mapped_column(String(16))
    revision: Mapped[str] = mapped_column(String(32))
    detail: Mapped[dict[str, object]] = mapped_column(Json)
    previous_hash: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))


Index(
    "ix_journal_account_id",
    JournalRow.account_id,
    sqlite_where=JournalRow.account_id.is_not(None),
    postgresql_where=JournalRow.account_id.is_not(None),
)


def entry(
    at: datetime,
    event: str,
    clause: str,
    instruction: WorkInstruction,
    detail: Mapping[str, Any],
    *,
    case_id: int | None = None,
    ticket_id: int | None = None,
    account_id: int | None = None,
    actor: str = DESK,
) -> dict[str, Any]:
    """One journal row: what happened at `at` (UTC), under which clause and revision; no customer's words in it."""
    return {
        "at": at,
        "case_id": case_id,
        "ticket_id": ticket_id,
        "account_id": account_id,
        "actor": actor,
        "event": event,
        "clause": clause,
        "revision": instruction.revision,
        "detail": dict(detail),
    }


_LAST = select(JournalRow.id, JournalRow.hash).where(
    JournalRow.id == select(func.max(JournalRow.id)).correlate(None).scalar_subquery()
)


def write_journal(connection: Connection, entries: Sequence[Mapping[str, Any]]) -> None:
    """Append entries to the journal, chained to its last one, in the caller's `write_transaction`.

    Without that transaction nothing forks either: of two writers at once the database refuses the second.

    Raises:
        ValueError: an entry could not be read back as it is given; nothing was written.
    """
    if not entries:
        return
    last = connection.execute(_LAST).first()
    newest, previous = (last.id, last.hash) if last else (0, GENESIS)
    rows = []
    for number, made in enumerate(entries, start=newest + 1):
        rows.append(_sealed(number, previous, made))
        previous = rows[-1]["hash"]
    connection.execute(insert(JournalRow), rows)


def _sealed(number: int, previous: str, made: Mapping[str, Any]) -> dict[str, Any]:
    """The row of an entry, which both databases give back exactly so."""
    try:
        if made["at"].utcoffset() is None:
            raise ValueError(f"{made['at']!r} has no time zone; give aware datetimes (UTC)")
        detail = made["detail"]
        if not _comes_back(detail):
            detail = _read(_write(detail))
        row = {"id": number, **made, "detail": detail, "previous_hash": previous}
        said = _said(previous, row)
        if "\\u" in said:
            _refuse_unstorable(said, row)
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"the journal cannot keep this {made['event']}: {error}") from error
    row["hash"] = hashlib.sha256(said.encode()).hexdigest()
    return row


_AS_THEY_ARE = {str, int, bool, NoneType}


def _comes_back(value: Any) -> bool:
    """Whether JSON and both databases give a value back as it is, which spares writing and reading it."""
    kind = type(value)
    if kind is dict:
        return {str}.issuperset(map(type, value)) and _all_come_back(value.values())
    if kind is list:
        return _all_come_back(value)
    return kind in _AS_THEY_ARE or (kind is float and isfinite(value) and not value.is_integer())


def _all_come_back(values: Collection[Any]) -> bool:
    return _AS_THEY_ARE.issuperset(map(type, values)) or all(map(_comes_back, values))


def _number(written: str) -> int | float:
    # PostgreSQL keeps 1e16 as 10000000000000000: a whole number is one, however it was written.
    value = float(written)
    return int(value) if value.is_integer() else value


_write = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode
_read = json.JSONDecoder(parse_float=_number).decode


def _refuse_unstorable(said: str, row: Mapping[str, Any]) -> None:
    _write([row[name] for name in _SEALED]).encode()  # a half of a surrogate pair has no UTF-8
    if _NULL.search(said):
        raise ValueError("PostgreSQL keeps no null character")


_NULL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
_canonical = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode
_SEALED = ("id", "case_id", "ticket_id", "account_id", "actor", "event", "clause", "revision", "detail")


def seal(previous: str, row: Mapping[str, Any]) -> str:
    """The hash of an entry: SHA-256, in hex, over the hash before it and all that it says, as JSON with sorted keys.

    This never changes: every hash that is kept depends on it.
    """
    return hashlib.sha256(_said(previous, row).encode()).hexdigest()


def _said(previous: str, row: Mapping[str, Any]) -> str:
    at: datetime = row["at"]
    return _canonical([previous, at.astimezone(UTC).isoformat(), *(row[name] for name in _SEALED)])
