"""The rows of a reference file as values, and what keeps rows from being taken over: pure, row by row.

What a value must be (within its bounds, known, no second time) is checked afterwards as a whole, by Great Expectations
(`tasks/reference_checks.py`), on the columns that are added here for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from models.reference_cells import Cell, CellError, Profile, Reading, Value, text_of
from models.reference_kinds import LISTS, Kind
from models.reference_reading import FileTable

REPORT_EVERY = 5_000
"""Rows between two reports of progress."""
SHOWN = 60
"""Characters of a refused value that are shown."""


@dataclass(frozen=True, slots=True, order=True)
class Refusal:
    """Why a row is not taken over: the row as the spreadsheet numbers it (0: the file as a whole), the column and what
    stands there, a sentence with the fix."""

    row: int
    column: str
    value: str
    reason: str

    def __str__(self) -> str:
        """`12: score: …`, as it follows a file's name."""
        found = f" (found {self.value!r})" if self.value and self.value not in self.reason else ""
        return f"{self.row or 1}: {self.column + ': ' if self.column else ''}{self.reason}{found}"

    @property
    def where(self) -> str:
        """`12: score`, without what stands there: it may be a name or a number. Of the file as a whole, why."""
        return f"{self.row}: {self.column}" if self.row else f"1: {self.reason}"


@dataclass(slots=True)
class FileRows:
    """The rows of a file that can be read, with their row numbers, and the refusals of the others.

    Beside the file's columns a row has `same_as`: the row before it that has the same key; None for the first.
    """

    source: str
    kind: Kind
    columns: tuple[str, ...]
    numbers: list[int]
    rows: list[dict[str, Any]]
    refusals: list[Refusal] = field(default_factory=list)
    suite: str = ""
    """The name under which its checks stand in the Data Docs."""

    @property
    def refused_rows(self) -> set[int]:
        """The numbers of the rows that are not taken over."""
        return {one.row for one in self.refusals}

    def good(self) -> list[dict[str, Any]]:
        """The rows that nothing was said against."""
        refused = self.refused_rows
        return [row for number, row in zip(self.numbers, self.rows, strict=True) if number not in refused]


def read_rows(
    table: FileTable, reading: Reading, report: Callable[[int, int], None] = lambda done, of: None
) -> FileRows:
    """Read the cells of a table; `report` hears now and then how many rows of how many are done."""
    found = FileRows(table.source, table.kind, table.columns, [], [])
    known: tuple[dict[Cell, Value], ...] = tuple({} for _ in table.columns)
    for done, (number, cells) in enumerate(table.rows):
        if done % REPORT_EVERY == 0:
            report(done, len(table.rows))
        if number in table.overfull:
            reason = "more cells than columns; quote cells that hold the delimiter"
            found.refusals.append(Refusal(number, "", "", reason))
            continue
        row, refusals = _row(number, cells, table, reading, known)
        if refusals:
            found.refusals += refusals
        else:
            found.numbers.append(number)
            found.rows.append(row)
    _mark_same(found)
    return found


def _row(
    number: int, cells: Sequence[Cell], table: FileTable, reading: Reading, known: Sequence[dict[Cell, Value]]
) -> tuple[dict[str, Any], list[Refusal]]:
    row: dict[str, Any] = {}
    refusals = []
    for name, cell, memory in zip(table.columns, cells, known, strict=True):
        column = table.kind.columns[name]
        value = memory.get(cell)
        if value is None:
            try:
                value = column.read(cell, reading)
            except CellError as error:
                refusals.append(Refusal(number, name, shown(cell), str(error)))
                continue
            if len(memory) < REPORT_EVERY:
                memory[cell] = value
        if value is None and column.needed:
            refusals.append(Refusal(number, name, "", "is empty; every row needs it"))
        row[name] = value
    if not refusals and table.kind.name in LISTS:
        refusals += _identify(number, row)
    return row, refusals


def shown(cell: Cell) -> str:
    """A cell as a refusal shows it: at most 60 characters."""
    try:
        written = text_of(cell)
    except CellError:
        written = str(cell)
    return written if len(written) <= SHOWN else written[: SHOWN - 1] + "…"


def _identify(number: int, row: dict[str, Any]) -> list[Refusal]:
    """A listing by an address that holds the id is one by the id; the address must be of the row's platform."""
    profile: Profile | None = row.get("handle")
    row["external_id"] = row.get("external_id") or (profile.external_id if profile else None)
    row["handle"] = profile.handle if profile else None
    if profile is not None and profile.platform not in {None, row["platform"]}:
        reason = f"is an address on {profile.platform}, and the platform says {row['platform']}"
        return [Refusal(number, "handle", shown(str(profile)), reason)]
    return []


def _mark_same(found: FileRows) -> None:
    """Say of each row which earlier one has the same key; of a row with several keys, any of them."""
    seen: dict[tuple[Any, ...], int] = {}
    for number, row in zip(found.numbers, found.rows, strict=True):
        keys = _keys(found.kind, row)
        row["same_as"] = next((seen[one] for one in keys if one in seen), None)
        for one in keys:
            seen.setdefault(one, number)


def _keys(kind: Kind, row: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """What no other row may have: a listing's id and its handle, a shift's start on each of its days."""
    if kind.name in LISTS:
        handle = (row["handle"] or "").casefold()
        keys = [(row["platform"], "id", row["external_id"]), (row["platform"], "handle", handle)]
        return [one for one in keys if one[2]]
    if kind.name == "shifts":
        days: Sequence[Any] = [row["date"]] if row.get("date") else row.get("days") or ()
        return [(row["code"], day, row["starts"]) for day in days]
    return [tuple(row.get(name) for name in kind.key)]
