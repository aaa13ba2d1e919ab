"""Taking reference files over as one: all of them with their effects in one transaction, or none (5.1.1, 5.2.1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from sqlalchemy import Connection, Row, insert, select

from models.journal import write_journal
from models.lexicons import Lexicons
from models.reference_diff import FileDiff
from models.reference_effects import (
    Effects,
    eligible_agents,
    journal_eligibility,
    judge_those_listed,
    loaded_entry,
)
from models.reference_kinds import KINDS, LISTS, OF_STAFF
from models.reference_loads import ReferenceLoadRow
from models.reference_rows import FileRows, Refusal
from models.reference_store import planned
from models.reference_writing import take_over
from models.unit_hours import JAKARTA
from models.work_instruction import WorkInstruction


@dataclass(frozen=True)
class CheckedFile:
    """A file that was read and checked: its rows, or why it could not be read at all. `fingerprint` is the SHA-256 of
    its bytes, in hex; `unknown` are headings nobody knows, which are passed over; `sheet` is the one of a workbook that
    has several tables."""

    source: str
    fingerprint: str
    rows: FileRows | None
    unreadable: str = ""
    unknown: tuple[str, ...] = ()
    sheet: str = ""

    @property
    def name(self) -> str:
        """What people know it by: the file, and its sheet where it matters."""
        return f"{self.source} [{self.sheet}]" if self.sheet else self.source

    @cached_property
    def keys(self) -> frozenset[tuple[Any, ...]]:
        """The keys of its good rows, of a kind that adds up."""
        if self.rows is None:
            return frozenset()
        return frozenset(tuple(row.get(name) for name in self.rows.kind.key) for row in self.rows.good())

    @property
    def refusals(self) -> list[Refusal]:
        """Every row that is not taken over, in order."""
        return self.rows.refusals if self.rows else [Refusal(0, "", "", self.unreadable)]


@dataclass(slots=True)
class Loaded:
    """What a load came to. `outcome` is loaded, refused or dry run; `diffs` go with the files, None where a file could
    not be read."""

    outcome: str
    files: Sequence[CheckedFile]
    diffs: list[FileDiff | None]
    effects: Effects = field(default_factory=Effects)

    @property
    def refused(self) -> int:
        """How many rows are refused, a file that cannot be read counting as one."""
        return sum(len({one.row for one in file.refusals}) for file in self.files)


def in_order(files: Sequence[CheckedFile]) -> list[CheckedFile]:
    """The files as they are taken over: people before what is said of them, and unreadable ones last."""
    order = {name: number for number, name in enumerate(KINDS)}
    return sorted(files, key=lambda one: order[one.rows.kind.name] if one.rows else len(order))


def compare_files(connection: Connection, files: Sequence[CheckedFile], now: datetime) -> Loaded:
    """What taking the files over would change; nothing is written. `now` is UTC."""
    return Loaded("dry run", files, [_diff(connection, files, one, now) for one in files])


def load_files(
    connection: Connection,
    files: Sequence[CheckedFile],
    by: str,
    instruction: WorkInstruction,
    lexicons: Lexicons,
    now: datetime,
    *,
    valid_rows_only: bool,
) -> Loaded:
    """Take the files over, in the caller's `write_transaction`; with a refused row anywhere, nothing of any of them,
    unless `valid_rows_only`. `by` is the staff code, or `nightly`; `now` is UTC."""
    if any(one.refusals for one in files) and not valid_rows_only:
        loaded = compare_files(connection, files, now)
        loaded.outcome = "refused"
        _register(connection, loaded, by, now)
        return loaded
    loaded = Loaded("loaded", files, [])
    able = eligible_agents(connection, instruction, now)
    today = now.astimezone(JAKARTA).date()
    journal = []
    for one in files:
        diff = _diff(connection, files, one, now)
        loaded.diffs.append(diff)
        if diff is None or diff.nothing:
            continue
        take_over(connection, diff, today, now)
        journal.append(loaded_entry(diff, one.fingerprint, by, instruction, now))
    write_journal(connection, journal)
    diffs = [diff for diff in loaded.diffs if diff is not None and not diff.nothing]
    if any(diff.kind in {"staff", *OF_STAFF} for diff in diffs):
        journal_eligibility(connection, able, instruction, now, loaded.effects)
    if any(diff.kind in LISTS for diff in diffs):
        loaded.effects.rejudged = judge_those_listed(connection, diffs, instruction, lexicons, now)
    _register(connection, loaded, by, now)
    return loaded


def _diff(connection: Connection, files: Sequence[CheckedFile], file: CheckedFile, now: datetime) -> FileDiff | None:
    """What a file's good rows change, but for those that a later file of a kind that adds up says anew. A file of which
    the whole is refused changes nothing, and one of which a row is refused ends nothing: who stands in it ill written
    has not left."""
    if file.rows is None or 0 in file.rows.refused_rows:
        return None
    today, kind = now.astimezone(JAKARTA).date(), file.rows.kind
    later = [one for one in files[files.index(file) + 1 :] if one.rows and one.rows.kind is kind and not kind.whole]
    said_later = frozenset[tuple[Any, ...]]().union(*(one.keys for one in later))
    good = [row for row in file.rows.good() if tuple(row.get(name) for name in kind.key) not in said_later]
    return planned(connection, kind.name, good, file.rows.columns, today, may_end=not file.rows.refusals)


def _register(connection: Connection, loaded: Loaded, by: str, now: datetime) -> None:
    """Note each file that changed something or was refused; a file that says nothing new leaves no trace."""
    rows = []
    for file, diff in zip(loaded.files, loaded.diffs, strict=True):
        refused = len({one.row for one in file.refusals})
        if not refused and (diff is None or diff.nothing or loaded.outcome == "refused"):
            continue
        changed = FileDiff("") if diff is None or loaded.outcome == "refused" else diff
        rows.append(
            {
                "kind": file.rows.kind.name if file.rows else "unknown",
                "source": file.source[:400],
                "fingerprint": file.fingerprint,
                "at": now,
                "by": by,
                "outcome": "refused" if diff is None else loaded.outcome,
                "added": len(changed.added),
                "changed": len(changed.changed),
                "removed": len(changed.removed),
                "refused": refused,
            }
        )
    if rows:
        connection.execute(insert(ReferenceLoadRow), rows)


def loads_of(connection: Connection) -> list[Row[Any]]:
    """Every load that took something over, oldest first: kind, source, fingerprint, at (UTC), by, refused."""
    wanted = select(ReferenceLoadRow.__table__).where(ReferenceLoadRow.outcome == "loaded")
    return list(connection.execute(wanted.order_by(ReferenceLoadRow.id)))
