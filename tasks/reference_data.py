"""Taking reference files over: find, read, check, compare, load (5.1.1, 5.2.1, 4.4).

Plain functions; the tasks around them are in `tasks/reference_loads.py`.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path

from sqlalchemy import Engine

from models.database import write_transaction
from models.reference_cells import Reading
from models.reference_loading import (
    CheckedFile,
    Loaded,
    compare_files,
    in_order,
    load_files,
    loads_of,
)
from models.reference_loads import FolderFile, judge_folder
from models.reference_reading import UnreadableFile, kind_of, read_tables
from models.reference_rows import read_rows
from models.reference_store import codes_of_staff, rows_in_force
from models.reference_words import ReferenceWords, load_reference_words
from models.unit_hours import JAKARTA
from tasks.desk_data import instruction, lexicons, units
from tasks.reference_checks import check_files
from tasks.reference_expectations import KnownNow
from tasks.reference_forms import Folder, LoadRequest, OneFile
from tasks.settings import Settings

ENDINGS = (".csv", ".tsv", ".txt", ".xlsx", ".xlsm")
STILL_WRITTEN = 2.0
"""Seconds a file must have lain unchanged: one that is being copied is left to the next night."""

Progress = Callable[[str, int, int], None]
"""Hears what is being done, and how many rows of how many are done."""


class NoSuchFile(ValueError):
    """What was asked for is not in the watched folder; the message says what is."""


@dataclass(frozen=True, slots=True)
class GivenFile:
    """A file as it was found, or rows as they were pasted. `kind` is what it is said to be; `changed_at` is UTC."""

    source: str
    content: bytes
    kind: str | None
    changed_at: datetime

    @property
    def fingerprint(self) -> str:
        """The SHA-256 of its bytes, in hex."""
        return hashlib.sha256(self.content).hexdigest()


@cache
def reference_words() -> ReferenceWords:
    """What people's files call things (`data/reference_words.yaml`)."""
    return load_reference_words(Settings().data / "reference_words.yaml")


def find(request: LoadRequest, folder: Path, *, settle: bool = False) -> list[GivenFile]:
    """The files a request is about; `settle` waits a moment for those of the folder that are just being written.

    Raises:
        NoSuchFile: there is none.
    """
    if isinstance(request, Folder):
        return _in_folder(folder, settle)
    if isinstance(request, OneFile):
        path = (folder / request.file.replace("\0", "")).resolve()
        if not request.file or not path.is_file() or not path.is_relative_to(folder.resolve()):
            there = ", ".join(sorted(one.name for one in _candidates(folder))) or "nothing"
            raise NoSuchFile(f"file: {request.file!r} does not lie in {folder}; there is {there}")
        return [_given(path, request.is_a)]
    if not request.pasted.strip():
        raise NoSuchFile("pasted: is empty; paste the rows with their headings, or choose another tab")
    return [GivenFile(f"pasted {request.kind}", request.pasted.encode(), request.kind, datetime.now(UTC))]


def _candidates(folder: Path) -> list[Path]:
    """The files of the folder that can be reference files: no hidden ones, no locks of an open spreadsheet."""
    if not folder.is_dir():
        raise NoSuchFile(f"{folder}: there is no such folder; create it, or set CARE_REFERENCE_FOLDER")
    return [
        path
        for path in folder.iterdir()
        if path.suffix.lower() in ENDINGS and not path.name.startswith((".", "~")) and path.is_file()
    ]


def _is_written(path: Path) -> bool:
    """Whether a file has lain unchanged long enough; waits for one that was changed just now."""
    changed = path.stat().st_mtime
    time.sleep(min(max(STILL_WRITTEN - (time.time() - changed), 0), STILL_WRITTEN))
    return path.stat().st_mtime == changed


def _in_folder(folder: Path, settle: bool) -> list[GivenFile]:
    """The files of the folder, oldest first, each with its kind where its name or its headings tell it."""
    written = [path for path in _candidates(folder) if not settle or _is_written(path)]
    given = [_given(path, None) for path in written]
    return sorted((replace(one, kind=_kind_of(one)) for one in given), key=lambda one: (one.changed_at, one.source))


def _kind_of(given: GivenFile) -> str | None:
    try:
        kind = kind_of(given.source, given.content, reference_words())
    except UnreadableFile:
        return None
    return None if kind is None else kind.name


def _given(path: Path, kind: str | None) -> GivenFile:
    changed = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    return GivenFile(path.name, path.read_bytes(), kind, changed)


def that_count(
    engine: Engine, given: Sequence[GivenFile], now: datetime, *, also_said_today: bool = True
) -> tuple[list[GivenFile], Mapping[str, str]]:
    """The files of the folder that are read, and why the others are not; see `judge_folder`."""
    with engine.connect() as connection:
        loads = loads_of(connection)
    files = [FolderFile(one.source, one.fingerprint, one.kind, one.changed_at) for one in given]
    verdict = judge_folder(files, loads, now, also_said_today=also_said_today)
    read = {one.source for one in verdict.read}
    return [one for one in given if one.source in read], verdict.passed_over


def check(
    given: Sequence[GivenFile],
    known: KnownNow,
    docs: Path | None = None,
    *,
    shrinking: bool = False,
    each_row: bool = False,
    progress: Progress = lambda what, done, of: None,
) -> list[CheckedFile]:
    """Read and check files; they come back in the order in which they are taken over. Codes of staff are those of a
    staff file among them, where there is one, else `known.codes`. For the rest see `check_files`."""
    reading = Reading(reference_words(), known.today)
    files = []
    for one in given:
        try:
            tables = read_tables(one.source, one.content, reading.words, one.kind)
        except UnreadableFile as error:
            files.append(CheckedFile(one.source, one.fingerprint, None, str(error).removeprefix(f"{one.source}: ")))
            continue
        for table in tables:
            rows = read_rows(table, reading, partial(progress, f"reading {table.source} {table.sheet}".rstrip()))
            files.append(CheckedFile(one.source, one.fingerprint, rows, unknown=table.unknown, sheet=table.sheet))
    readable = [one.rows for one in files if one.rows is not None]
    count = sum(len(one.rows) for one in readable)
    progress("checking", 0, count)
    check_files(readable, known, docs, shrinking=shrinking, each_row=each_row)
    progress("read and checked", count, count)
    return in_order(files)


def known_now(engine: Engine, now: datetime) -> KnownNow:
    """What rows must fit, as the records have it at `now` (UTC)."""
    today = now.astimezone(JAKARTA).date()
    with engine.connect() as connection:
        return KnownNow(today, tuple(units()), codes_of_staff(connection), rows_in_force(connection, today))


def compare(engine: Engine, files: Sequence[CheckedFile], now: datetime) -> Loaded:
    """What the files would change; nothing is written."""
    with engine.connect() as connection:
        return compare_files(connection, files, now)


def load(
    engine: Engine, files: Sequence[CheckedFile], by: str, now: datetime, *, valid_rows_only: bool = False
) -> Loaded:
    """Take the files over in one transaction: all of it is kept, or, refused or killed, nothing."""
    with write_transaction(engine) as connection:
        return load_files(connection, files, by, instruction(), lexicons(), now, valid_rows_only=valid_rows_only)
