"""A reference file's bytes → a table: which encoding, which delimiter, which sheet, where the headings are.

CSV as programs and people save it (commas, semicolons, tabs; UTF-8 with or without BOM, UTF-16, Windows-1252; rows
copied out of a spreadsheet) and XLSX. Title rows above the headings, blank rows and blank columns are passed over.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice
from typing import Any

from models.reference_cells import Cell
from models.reference_kinds import KINDS, Kind
from models.reference_words import ReferenceWords, key

LOOKED_AT = 30
"""The rows at the top of a file among which its headings are looked for."""
DELIMITERS = ";,\t|"
LARGEST = 100 * 1024 * 1024
"""Bytes of a file, unpacked, that are still read."""

Grid = Iterator[tuple[int, Sequence[Cell]]]
"""Row numbers, as a spreadsheet shows them, with their cells."""


class UnreadableFile(ValueError):
    """A file that is no table of any kind the desk knows; the message says what was found and what to do."""


@dataclass(frozen=True, slots=True)
class FileTable:
    """A file as a table: `rows` are row numbers with the cells of `columns`; `unknown` the headings nobody knows;
    `overfull` the rows with more cells than there are headings, which a stray delimiter makes."""

    source: str
    kind: Kind
    headings_row: int
    columns: tuple[str, ...]
    unknown: tuple[str, ...]
    overfull: frozenset[int]
    rows: tuple[tuple[int, tuple[Cell, ...]], ...]
    sheet: str = ""
    """The sheet it stands on, where the workbook has several tables."""


def read_tables(source: str, content: bytes, words: ReferenceWords, kind: str | None = None) -> list[FileTable]:
    """Read a file named `source`; `kind` is what it is said to be, else its name decides, else its headings.

    A workbook of a kind that adds up may have a table on each of its sheets; a whole list stands on one.

    Raises:
        UnreadableFile: it is no table, has no headings the desk knows, lacks a column, or could be two things.
    """
    if len(content) > LARGEST:
        raise UnreadableFile(f"{source}: {len(content) // 1024**2} MB are too much; at most {LARGEST // 1024**2} MB")
    known = KINDS[kind] if kind else _kind_named(source, words)
    tables: dict[str, FileTable] = {}
    sheets = []
    for sheet, grid in _sheets(source, content, words):
        sheets.append(sheet)
        head = list(islice(grid, LOOKED_AT))
        found = _headings(source, head, words, known)
        if found is not None:
            tables[sheet] = _table_of(source, found, head, words, grid)
    if not tables:
        raise _no_headings(source, known, sheets)
    first = next(iter(tables.values()))
    if len(tables) == 1:
        return [first]
    if first.kind.whole or any(one.kind is not first.kind for one in tables.values()):
        raise UnreadableFile(
            f"{source}: tables on the sheets {', '.join(tables)}; put it all on one, or in a file each"
        )
    return [replace(one, sheet=sheet) for sheet, one in tables.items()]


def _no_headings(source: str, known: Kind | None, sheets: Sequence[str]) -> UnreadableFile:
    wanted = f" of {known.title.lower()}" if known else ""
    on = f" of the sheets {', '.join(sheets)}" if len(sheets) > 1 else ""
    return UnreadableFile(
        f"{source}: no headings{wanted} in the first {LOOKED_AT} rows{on}; the first row of the table must name its "
        f"columns, for instance {', '.join(known.columns if known else KINDS['registry'].columns)}"
    )


def _table_of(
    source: str,
    found: tuple[int, Kind, dict[str, int]],
    head: Sequence[tuple[int, Sequence[Cell]]],
    words: ReferenceWords,
    grid: Grid,
) -> FileTable:
    at, kind, places = found
    lacking = [name for name, column in kind.columns.items() if name not in places and not column.optional]
    if lacking:
        raise UnreadableFile(_lacking(source, head[at][0], kind, lacking, words))
    return _table(source, kind, head, at, places, grid)


def kind_of(source: str, content: bytes, words: ReferenceWords) -> Kind | None:
    """The kind that a file's name tells, else its first headings; the rows are left unread.

    Raises:
        UnreadableFile: it is no table, or its headings could be those of two kinds.
    """
    named = _kind_named(source, words)
    if named is not None:
        return named
    for _, grid in _sheets(source, content, words):
        found = _headings(source, list(islice(grid, LOOKED_AT)), words, None)
        if found is not None:
            return found[1]
    return None


def _kind_named(source: str, words: ReferenceWords) -> Kind | None:
    """The kind that a file's name tells, by its longest beginning that is known."""
    stem = key(re.sub(r"\.[^.]+$", "", source.replace("\\", "/").rsplit("/", 1)[-1]))
    named = [known for known in words.files if stem == known or stem.startswith(known + " ")]
    return KINDS.get(words.files[max(named, key=len)]) if named else None


def _lacking(source: str, row: int, kind: Kind, lacking: Sequence[str], words: ReferenceWords) -> str:
    hints = []
    for name in lacking:
        others = sorted(word for word, columns in words.headings.items() if name in columns and word != key(name))
        hints.append(f"{name} (or {', '.join(others[:4])})")
    return f"{source}:{row}: {', '.join(hints)}: the column is missing in this file of {kind.title.lower()}"


def _sheets(source: str, content: bytes, words: ReferenceWords) -> Iterator[tuple[str, Grid]]:
    if content.startswith(b"PK"):
        yield from _xlsx(source, content)
    elif content.startswith(b"\xd0\xcf\x11\xe0"):
        raise UnreadableFile(f"{source}: an old .xls or one with a password; save it as .xlsx without one, or CSV")
    else:
        yield source, _csv(source, _decoded(source, content), words)


def _decoded(source: str, content: bytes) -> str:
    if content[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        encodings: tuple[str, ...] = ("utf-16",)
    else:
        encodings = ("utf-8-sig", "cp1252")
    for encoding in encodings:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise UnreadableFile(f"{source}: neither CSV text nor XLSX; save it as one of them")


def _csv(source: str, text: str, words: ReferenceWords) -> Grid:
    lines = text.splitlines()[:LOOKED_AT]
    if lines and re.fullmatch(r"sep=.", lines[0].strip(), re.IGNORECASE):
        delimiter = lines[0].strip()[4]
    else:
        delimiter = max(DELIMITERS, key=lambda mark: _heading_count(lines, mark, words))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    before = 0
    try:
        for row in reader:
            yield before + 1, row
            before = reader.line_num
    except csv.Error as error:
        raise UnreadableFile(f"{source}:{before + 1}: no CSV: {error}") from error


def _heading_count(lines: Sequence[str], delimiter: str, words: ReferenceWords) -> int:
    """How many headings the line has that has most of them, cut at this delimiter."""
    return max(
        (sum(key(cell.strip('"')) in words.headings for cell in line.split(delimiter)) for line in lines), default=0
    )


def _xlsx(source: str, content: bytes) -> Iterator[tuple[str, Grid]]:
    from openpyxl import load_workbook

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            unpacked = sum(part.file_size for part in packed.infolist())
        if unpacked > LARGEST * 5:
            raise UnreadableFile(f"{source}: unpacks to {unpacked // 1024**2} MB; save it as CSV")
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
    except UnreadableFile:
        raise
    except Exception as error:  # openpyxl raises whatever a damaged file makes it stumble over
        raise _damaged(source, error) from error
    for sheet in book.worksheets:
        if sheet.sheet_state == "visible":
            sheet.reset_dimensions()  # what the file says of its size is often wrong
            yield sheet.title, _rows_of(source, sheet)


def _rows_of(source: str, sheet: Any) -> Grid:
    try:
        for number, row in enumerate(sheet.rows, start=1):
            yield number, [_shown(cell) for cell in row]
    except Exception as error:
        raise _damaged(source, error) from error


def _damaged(source: str, error: Exception) -> UnreadableFile:
    return UnreadableFile(f"{source}: cannot be read as XLSX ({type(error).__name__}); save it anew")


def _shown(cell: Any) -> Cell:
    """A cell as a person sees it where its format matters: leading zeros, per cent."""
    value: Cell = cell.value
    if isinstance(value, int | float) and not isinstance(value, bool):
        shape = cell.number_format or ""
        if re.fullmatch(r"0{2,}", shape):
            return str(int(value)).zfill(len(shape))
        if shape.endswith("%"):
            return round(value * 100, 10)
    return value


def _headings(
    source: str, head: Sequence[tuple[int, Sequence[Cell]]], words: ReferenceWords, known: Kind | None
) -> tuple[int, Kind, dict[str, int]] | None:
    """Where the headings are: position in `head`, the kind, and each column's place; None where there are none."""
    best: tuple[float, int, Kind, dict[str, int]] | None = None
    also: Kind | None = None
    for at in range(len(head)):
        above = head[at - 1][1] if at else ()
        for kind in (known,) if known else KINDS.values():
            places = _places(head[at][1], above, kind, words)
            needed = [name for name, column in kind.columns.items() if not column.optional]
            share = sum(name in places for name in needed) / len(needed) + len(places) / 100
            if len(places) < 2 or share < 0.5:
                continue
            if best is None or share > best[0]:
                best, also = (share, at, kind, places), None
            elif share == best[0] and kind is not best[2]:
                also = kind
    if best is not None and also is not None:
        names = f"{best[2].name} or {also.name}"
        raise UnreadableFile(f"{source}: its headings fit {names}; begin the file's name with one, or say the kind")
    return None if best is None else best[1:]


def _places(row: Sequence[Cell], above: Sequence[Cell], kind: Kind, words: ReferenceWords) -> dict[str, int]:
    """Column → its place. Where a heading's cell is blank, one that is merged from the row above it counts."""
    places: dict[str, int] = {}
    for place, cell in enumerate(row):
        written = cell if cell not in (None, "") else (above[place] if place < len(above) else None)
        if not isinstance(written, str):
            continue
        for column in words.headings.get(key(written), frozenset()):
            if column in kind.columns:
                places.setdefault(column, place)
    if not any(row[place] not in (None, "") for place in places.values()):
        return {}
    return places


def _table(
    source: str, kind: Kind, head: Sequence[tuple[int, Sequence[Cell]]], at: int, places: Mapping[str, int], grid: Grid
) -> FileTable:
    columns = tuple(name for name in kind.columns if name in places)
    order = [places[name] for name in columns]
    named = [(place, cell) for place, cell in enumerate(head[at][1]) if isinstance(cell, str) and cell.strip()]
    unknown = tuple(cell.strip() for place, cell in named if place not in order)
    width = max([*order, *(place for place, _ in named)]) + 1
    overfull: set[int] = set()
    rows = []
    for number, row in chain(head[at + 1 :], grid):
        if not any(map(_filled, row)):
            continue
        if len(row) < width:
            row = [*row, *[None] * (width - len(row))]
        elif any(map(_filled, row[width:])):
            overfull.add(number)
        rows.append((number, tuple(row[place] for place in order)))
    return FileTable(source, kind, head[at][0], columns, unknown, frozenset(overfull), tuple(rows))


def _filled(cell: Cell) -> bool:
    return cell is not None and (not isinstance(cell, str) or bool(cell.strip()))
