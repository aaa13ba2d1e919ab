"""Puts the desk's own data (the watched folder) into the records; `--check` only says whether it can be in force."""

from __future__ import annotations

import sys
from collections.abc import Collection, Sequence
from datetime import UTC, datetime

from models.answers import AnswersError, load_answers
from models.database import migrate, open_engine
from models.hard_complaint import HardComplaintError, load_hard_complaint
from models.kpi_definitions import KpisError, load_kpis
from models.labelled_sample import SampleError, load_sample
from models.lexicon_files import LexiconError, load_lexicons
from models.records import RecordsError, load_records
from models.reference_kinds import KINDS
from models.reference_loading import CheckedFile, loads_of
from models.reference_loads import NIGHTLY
from models.reference_words import ReferenceWordsError, load_reference_words
from models.units import UnitsError, load_units
from models.work_instruction import WorkInstructionError, load_work_instruction
from tasks import reference_data
from tasks.reference_expectations import KnownNow
from tasks.reference_forms import Folder
from tasks.revisions import register
from tasks.settings import Settings


class ReferenceFileError(ValueError):
    """Files that cannot be taken over; the message has a line for each thing wrong: file, row, column, reason."""


WRONG = (
    WorkInstructionError,
    UnitsError,
    AnswersError,
    HardComplaintError,
    LexiconError,
    SampleError,
    ReferenceWordsError,
    RecordsError,
    KpisError,
    ReferenceFileError,
)
"""What the loaders raise about a file that cannot be in force."""
NEEDED = tuple(name for name in KINDS if name != "unit_contacts")
"""The kinds of reference files without which a desk cannot begin."""


def seed(settings: Settings) -> dict[str, int]:
    """Bring the records to the newest schema, the work instruction to the register, and the watched folder's data into
    the records; what is there already stays.

    A file that was taken over today and has not changed since is not read again. Returns rows by kind. With a row
    refused nothing of the files is written: it is said, and the desk starts on what it has, or, where it never had
    all it needs, `ReferenceFileError` is raised with every row that is wrong. Raises `RevisionRefused` for a work
    instruction that was changed under its old number.
    """
    migrate(settings.records_url)
    engine, now = open_engine(settings.records_url), datetime.now(UTC)
    try:
        register(engine)
        given, _ = reference_data.that_count(engine, _found(settings), now, also_said_today=False)
        files = reference_data.check(given, reference_data.known_now(engine, now)) if given else []
        with engine.connect() as connection:
            known = {load.kind for load in loads_of(connection)}
        there = known | {one.rows.kind.name for one in files if one.rows is not None}
        _raise_on_wrong(settings, [] if set(NEEDED) <= known else files, there)
        loaded = reference_data.load(engine, files, NIGHTLY, now)
    finally:
        engine.dispose()
    if loaded.outcome == "refused":
        print("\n".join(["The desk starts on what it had:", *_wrong_in(settings, files)]), file=sys.stderr)
        return {}
    return {one.rows.kind.title: len(one.rows.rows) for one in files if one.rows is not None}


def check_all(settings: Settings) -> list[str]:
    """What is wrong in the files people edit and in the watched folder; empty when all of them can be in force."""
    wrong = check(settings)
    try:
        units = tuple(load_units(settings.data / "units.yaml"))
    except UnitsError:  # said above; what is said of units is checked when there are some
        units = None
    try:
        given, today = _found(settings), datetime.now(reference_data.JAKARTA).date()
        files = reference_data.check(given, KnownNow(today, units))
        _raise_on_wrong(settings, files, {one.rows.kind.name for one in files if one.rows is not None})
    except (ReferenceFileError, ReferenceWordsError) as error:
        wrong.append(str(error))
    return list(dict.fromkeys(wrong))


def check(settings: Settings) -> list[str]:
    """What is wrong in the YAML files people edit, file by file; empty when all of them can be in force."""
    wrong = []
    for load in (
        lambda: load_work_instruction(settings.data / "work_instruction.yaml"),
        lambda: load_units(settings.data / "units.yaml"),
        lambda: load_answers(settings.data / "answers.yaml"),
        lambda: load_hard_complaint(settings.data / "hard_complaint.yaml"),
        lambda: load_lexicons(settings.data / "lexicons"),
        lambda: load_sample(settings.data / "samples"),
        lambda: load_reference_words(settings.data / "reference_words.yaml"),
        lambda: load_records(settings.data / "records.yaml"),
        lambda: load_kpis(settings.data / "kpis.yaml"),
    ):
        try:
            load()
        except WRONG as error:
            wrong.append(str(error))
    return wrong


def _found(settings: Settings) -> list[reference_data.GivenFile]:
    try:
        return reference_data.find(Folder(), settings.watched_folder)
    except reference_data.NoSuchFile as error:
        raise ReferenceFileError(str(error)) from error


def _wrong_in(settings: Settings, files: Sequence[CheckedFile]) -> list[str]:
    return [f"{settings.watched_folder / file.name}:{one}" for file in files for one in file.refusals]


def _raise_on_wrong(settings: Settings, files: Sequence[CheckedFile], kinds: Collection[str]) -> None:
    """Raise for every refused row, and for every kind the desk cannot begin without that is not among `kinds`."""
    lines = _wrong_in(settings, files)
    wanting = [name for name in NEEDED if name not in kinds]
    lines += [f"{settings.watched_folder}: there is no file of {name}" for name in wanting]
    if lines:
        raise ReferenceFileError("\n".join(lines))


def main() -> int:
    """`python -m deployments.seed [--check]`; returns the exit status."""
    settings = Settings()
    wrong = check_all(settings)
    if wrong:
        print("\n".join(wrong), file=sys.stderr)
        return 1
    if "--check" in sys.argv[1:]:
        print("Everything can be in force: work instruction, units, answers, lexicons, sample, records, KPIs, files.")
        return 0
    print(", ".join(f"{table} {rows}" for table, rows in seed(settings).items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
