"""What the tests of reference data share: files read and checked, taken over, and what the records have then."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from sqlalchemy import Engine, select

from models.database import write_transaction
from models.desk_roster import staff_on_book
from models.eligibility import on_duty
from models.journal import JournalRow
from models.reference_cells import Reading
from models.reference_loading import CheckedFile, Loaded, load_files
from models.reference_reading import read_tables
from models.reference_rows import FileRows, read_rows
from models.staff import StaffRow
from tasks import reference_data
from tasks.desk_data import instruction, lexicons, units
from tasks.reference_data import GivenFile, reference_words
from tasks.reference_expectations import KnownNow
from tasks.reference_forms import Folder
from tasks.settings import ROOT
from tests.support import rows

SAMPLES = ROOT / "data" / "desk"
TODAY = date(2026, 3, 31)
NOW = datetime(2026, 3, 31, 5, tzinfo=UTC)
LISTING = "platform,handle,external_id,name,category,document,valid_from,valid_to"


def given(name: str, content: str | bytes, kind: str | None = None) -> GivenFile:
    """A file as it would be found."""
    return GivenFile(name, content.encode() if isinstance(content, str) else content, kind, NOW)


def samples(today: date = TODAY, **instead: str) -> list[CheckedFile]:
    """The shipped files, read and checked; `instead` gives the text of some of them, by their stem."""
    found = [
        given(one.source, instead.get(Path(one.source).stem, one.content.decode()))
        for one in reference_data.find(Folder(), SAMPLES)
    ]
    return reference_data.check(found, KnownNow(today, tuple(units())))


def checked(*files: GivenFile, today: date = TODAY, **known: Any) -> list[CheckedFile]:
    """Files read and checked by themselves."""
    return reference_data.check(files, KnownNow(today, tuple(units()), **known))


def rows_read(name: str, content: str | bytes, kind: str | None = None, today: date = TODAY) -> FileRows:
    """One file's rows as they are read, unchecked."""
    file = given(name, content, kind)
    reading = Reading(reference_words(), today)
    (table,) = read_tables(file.source, file.content, reading.words, kind)
    return read_rows(table, reading)


def load(
    engine: Engine, files: Sequence[CheckedFile], now: datetime = NOW, by: str = "S01", valid_rows_only: bool = False
) -> Loaded:
    """Take files over, in one transaction."""
    with write_transaction(engine) as connection:
        return load_files(connection, files, by, instruction(), lexicons(), now, valid_rows_only=valid_rows_only)


def told(files: Sequence[CheckedFile]) -> list[str]:
    """Every refusal as a person reads it."""
    return [f"{file.source}:{one}" for file in files for one in file.refusals]


def workbook(*rows: Sequence[Any], title: str = "Sheet1", **more: Sequence[Sequence[Any]]) -> bytes:
    """An XLSX file with these rows; `more` are further sheets."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = title
    for row in rows:
        sheet.append(list(row))
    for name, others in more.items():
        other = book.create_sheet(name)
        for row in others:
            other.append(list(row))
    return saved(book)


def saved(book: Workbook) -> bytes:
    """A workbook as bytes."""
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def text_of(kind: str, *changes: tuple[str, str]) -> str:
    """A shipped file's text with something in it changed."""
    written = (SAMPLES / f"{kind}.csv").read_text("utf-8")
    for was, becomes in changes:
        assert was in written
        written = written.replace(was, becomes)
    return written


def one_loaded(engine: Engine, kind: str, written: str, now: datetime = NOW, **known: Any) -> Loaded:
    """One file taken over by itself; nothing in it is refused."""
    with engine.connect() as connection:
        codes = set(connection.scalars(select(StaffRow.code)))
    files = checked(given(f"{kind}.csv", written), codes=codes, **known)
    done = load(engine, files, now)
    assert done.outcome == "loaded", [str(one) for file in files for one in file.refusals]
    return done


def counts(done: Loaded) -> tuple[int, int, int]:
    """Rows added, changed, removed by a load of one file."""
    (diff,) = done.diffs
    assert diff is not None
    return len(diff.added), len(diff.changed), len(diff.removed)


def events(engine: Engine, event: str) -> list[dict[str, Any]]:
    """The journal's entries of an event."""
    return [row for row in rows(engine, JournalRow) if row["event"] == event]


def people(engine: Engine, now: datetime = NOW) -> set[str]:
    """Who is on duty."""
    with engine.connect() as connection:
        return {one.code for some in staff_on_book(connection, now).values() for one in some if on_duty(one, now)}
