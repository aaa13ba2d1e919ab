"""Whether the journal still says what was written: a walk along its chain that stops at the first entry broken.

A chain alone shows what was changed, put in or taken away inside it. It cannot show that entries at its end are gone,
nor that all of it was sealed anew: for that the head of a good check is kept outside the desk's database, and the next
check looks for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, literal, select, true
from sqlalchemy.exc import SQLAlchemyError

from models.journal import GENESIS, JournalRow, seal
from models.safe_text import for_markdown, for_plain
from models.unit_hours import JAKARTA

PART = 5_000
"""Entries held in memory at once."""
NEAR = 1_000
"""How far from its place an entry is looked for by number."""
WHAT_TO_DO = (
    "Keep a copy of the database as it is, compare the entry and those around it with the backup of the day before, "
    "and find out who could write to the database."
)
RESTORED = "Where the desk began anew or a backup was restored, delete the Prefect variable journal_anchor."

Entry = dict[Any, Any]


class HeadError(ValueError):
    """What was given is no head of a journal."""


@dataclass(frozen=True, slots=True)
class Head:
    """The newest entry of a journal, by its id and its hash: who keeps it elsewhere keeps all before it."""

    id: int
    hash: str

    def __str__(self) -> str:
        return f"{self.id}:{self.hash}"

    @classmethod
    def parse(cls, text: str) -> Head:
        """Read a head written as ID:HASH. Raises `HeadError`."""
        found = re.fullmatch(r"([0-9]{1,18}):([0-9a-fA-F]{64})", text.strip())
        if found is None:
            raise HeadError(
                f"{for_plain(text, 100)!r} is no head of a journal; give ID:HASH as the last check printed it"
            )
        return cls(int(found[1]), found[2].lower())


BEGINNING = Head(0, GENESIS)
"""The head of a journal without entries."""


@dataclass(frozen=True, slots=True)
class BrokenEntry:
    """The first entry that does not fit, and why; of one that is gone or cannot be read, only its id is known."""

    id: int
    why: str
    at: datetime | None = None
    event: str | None = None
    actor: str | None = None


@dataclass(frozen=True, slots=True)
class JournalVerdict:
    """What a check found: how many entries it went along, the last of them, and the first broken one if any.

    `anchor` is the head remembered from an earlier check; `anchor_met` whether it stands where it stood.
    """

    entries: int
    head: Head
    anchor: Head | None = None
    anchor_met: bool = False
    broken: BrokenEntry | None = None


def check_journal(connection: Connection, anchor: Head | None = None) -> JournalVerdict:
    """Go along the chain, oldest entry first, to its end or to the first entry that does not fit."""
    entries, before, met = 0, BEGINNING, anchor == BEGINNING
    for entry_id, row in _entries(connection):
        broken = _misfit(connection, before, entry_id, row) or _unlike(anchor, before, entry_id, row)
        if broken is not None:
            return JournalVerdict(entries, before, anchor, met, broken)
        before, entries = Head(entry_id, row["hash"]), entries + 1
        met = met or before == anchor
    verdict = JournalVerdict(entries, before, anchor, met)
    if anchor is None or met:
        return verdict
    return replace(verdict, broken=_gone(anchor, f"the journal ends with entry {before.id}"))


def _entries(connection: Connection) -> Iterator[tuple[int, Entry]]:
    """Every entry, oldest first, a part at a time; an empty one where it cannot be read."""
    journal = JournalRow.__table__
    connection.execute(select(journal).limit(0))  # a database without the chain is no broken entry
    later: ColumnElement[bool] = true()
    while True:
        try:
            part = connection.execute(select(journal).where(later).order_by(journal.c.id).limit(PART))
            names = tuple(part.keys())
            found = [(row.id, dict(zip(names, row, strict=True))) for row in part]
        except UNREADABLE:
            ids = connection.scalars(select(journal.c.id).where(later).order_by(journal.c.id).limit(PART))
            found = [(entry_id, _entry(connection, entry_id)) for entry_id in ids.all()]
        yield from found
        if len(found) < PART:
            return
        later = journal.c.id > found[-1][0]


UNREADABLE = (SQLAlchemyError, ValueError, TypeError, AttributeError, OverflowError, RecursionError)
"""What reading an entry can end in that was not written by the desk: no JSON, no time, no text."""


def _entry(connection: Connection, entry_id: int) -> Entry:
    try:
        return dict(connection.execute(select(JournalRow.__table__).where(JournalRow.id == entry_id)).mappings().one())
    except UNREADABLE:
        connection.execute(select(literal(1)))  # a database that is away is no broken entry
        return {}


def _misfit(connection: Connection, before: Head, entry_id: int, row: Entry) -> BrokenEntry | None:
    if not row:
        return BrokenEntry(entry_id, "it cannot be read any more")
    if entry_id <= before.id:
        return _broken(row, "it stands before the first entry")
    if row["previous_hash"] != before.hash:
        return _unlinked(connection, before, row)
    own = _seal_of(row)
    if own == row["hash"]:
        return None
    if own is not None and own == _previous_hash_after(connection, entry_id):
        return _broken(row, "it carries another hash than when it was written; what it says is as it was")
    written_as = _written_as(row)
    if written_as is not None:
        return _broken(row, f"it is not in its place: it was written as entry {written_as}")
    return _broken(row, "it says something else than when it was written")


def _unlinked(connection: Connection, before: Head, row: Entry) -> BrokenEntry:
    """Why an entry does not carry the hash of the one before it."""
    if _seal_of(row, previous_hash=before.hash) == row["hash"]:
        return _broken(row, "it carries another hash of the entry before it than when it was written")
    written_as = row["id"] if _seal_of(row) == row["hash"] else _written_as(row)
    if written_as is None:
        return _broken(row, f"it neither follows {_named(before)} nor says what it said when it was written")
    twin = _carrying(connection, row["hash"], row["id"])
    if twin is not None and twin <= before.id:
        return _broken(row, f"it is a copy of entry {twin}")
    followed = 0 if row["previous_hash"] == GENESIS else _carrying(connection, row["previous_hash"], row["id"])
    if followed is not None and followed < before.id:
        return _put_in(connection, followed, row["id"])
    if written_as != row["id"]:
        return _broken(row, f"it is not in its place: it was written as entry {written_as}")
    return _missing(connection, before, row)


def _put_in(connection: Connection, followed: int, follower: int) -> BrokenEntry:
    first = connection.scalar(select(func.min(JournalRow.id)).where(JournalRow.id > followed)) or follower
    why = f"it was put in: what stands as entry {follower} was written right after {_named(Head(followed, GENESIS))}"
    return _broken(_entry(connection, first), why)


def _missing(connection: Connection, before: Head, row: Entry) -> BrokenEntry:
    """What an entry that is as it was written followed is not there."""
    gap = range(before.id + 1, row["id"])
    if not gap and before.id:
        why = f"it is not what entry {row['id']} was written after: it was changed and sealed anew, perhaps with others"
        return _broken(_entry(connection, before.id), f"{why} before it")
    why = f"it does not follow {_named(before)}"
    if gap:
        why += f": entry {gap[0]} is missing" if len(gap) == 1 else f": entries {gap[0]} to {gap[-1]} are missing"
    return _broken(row, f"{why}, or that one was changed and sealed anew" if before.id else why)


def _unlike(anchor: Head | None, before: Head, entry_id: int, row: Entry) -> BrokenEntry | None:
    """What is wrong at the place of the head remembered from an earlier check."""
    if anchor is None or not before.id < anchor.id <= entry_id:
        return None
    if entry_id != anchor.id:
        return _gone(anchor, f"entry {entry_id} follows {_named(before)}")
    if row["hash"] == anchor.hash:
        return None
    return _broken(
        row,
        "the head remembered from the last check has another hash: this entry or one before it was changed, and all "
        "since was sealed anew",
    )


def _gone(anchor: Head, instead: str) -> BrokenEntry:
    return BrokenEntry(anchor.id, f"the head remembered from the last check is gone: {instead}")


def _broken(row: Entry, why: str) -> BrokenEntry:
    return BrokenEntry(row["id"], why, row["at"], str(row["event"]), str(row["actor"]))


def _named(head: Head) -> str:
    return f"entry {head.id}" if head.id else "the beginning"


def _seal_of(row: Entry, **instead: Any) -> str | None:
    """The hash an entry should carry; None where what it says was never written by the desk."""
    row = row | instead if instead else row
    try:
        return seal(row["previous_hash"], row)
    except UNREADABLE:
        return None


def _written_as(row: Entry) -> int | None:
    """The id under which an entry fits its hash, where that is near."""
    near = (row["id"] + sign * far for far in range(1, NEAR) for sign in (-1, 1))
    return next((number for number in near if _seal_of(row, id=number) == row["hash"]), None)


def _carrying(connection: Connection, wanted: str, but: int) -> int | None:
    """The first entry with this hash other than `but`; asked once a check, so the whole table may be gone over."""
    found = select(func.min(JournalRow.id)).where(JournalRow.hash == wanted, JournalRow.id != but)
    return connection.scalar(found)


def _previous_hash_after(connection: Connection, entry_id: int) -> str | None:
    after = select(JournalRow.previous_hash).where(JournalRow.id > entry_id).order_by(JournalRow.id).limit(1)
    return connection.scalar(after)


def verdict_line(verdict: JournalVerdict) -> str:
    """The verdict as one sentence or two, for a terminal or a run's message; times are Asia/Jakarta."""
    broken = verdict.broken
    if broken is None:
        return f"Journal: {verdict.entries:,} entries fit, head {verdict.head}"
    known = f" ({_when(broken)}, {for_plain(f'{broken.event} by {broken.actor}', 120)})" if broken.at else ""
    return f"Journal: broken at entry {broken.id}{known}: {broken.why}. {what_to_do(verdict)}"


def what_to_do(verdict: JournalVerdict) -> str:
    """What the operator does about a broken journal."""
    advice = WHAT_TO_DO
    if verdict.anchor_met and verdict.anchor is not None and verdict.anchor.id:
        advice += f" Up to entry {verdict.anchor.id} all is as it was at the last check."
    return advice if verdict.anchor is None else f"{advice} {RESTORED}"


def journal_markdown(verdict: JournalVerdict, now: datetime) -> str:
    """The artifact of a check made at `now`; times are Asia/Jakarta."""
    checked = f"Checked {now.astimezone(JAKARTA):%d %b %Y %H:%M:%S} WIB."
    anchor = f"`{verdict.anchor}`" if verdict.anchor else "none, so entries taken away from its end could not be seen"
    if verdict.broken is None:
        return "\n".join(
            (
                f"**Every entry of the journal fits the one before it.** {checked}",
                "",
                f"- Entries: {verdict.entries:,}",
                f"- Head: `{verdict.head}`, remembered for the next check; keep a copy elsewhere too",
                f"- Head of the last check: {anchor}{', still there' if verdict.anchor else ''}",
            )
        )
    broken = verdict.broken
    lines = [f"**The journal is broken at entry {broken.id}.** {checked}", "", f"- Why: {broken.why}"]
    if broken.at is not None:
        lines.append(f"- When it says it happened: {_when(broken)}")
        lines.append(f"- Event and actor: {for_markdown(f'{broken.event} by {broken.actor}', 120)}")
    lines += [f"- Entries that fitted until then: {verdict.entries:,}", f"- Head of the last check: {anchor}"]
    return "\n".join([*lines, "", f"**What to do.** {what_to_do(verdict)}"])


def _when(broken: BrokenEntry) -> str:
    if broken.at is None:
        return "no time"
    try:
        return f"{broken.at.astimezone(JAKARTA):%d %b %Y %H:%M:%S} WIB"
    except OverflowError:  # the last hours of the calendar, which only somebody else can have written
        return f"{broken.at:%d %b %Y %H:%M:%S} UTC"
