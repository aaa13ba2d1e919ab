"""Puts the desk's own data (`data/desk/`) into the records; `--check` only says whether what people edit is right."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from models.answers import AnswersError, load_answers
from models.database import migrate, open_engine, write_transaction
from models.hard_complaint import HardComplaintError, load_hard_complaint
from models.lexicons import LexiconError, load_lexicons
from models.reference_files import ReferenceFileError, ReferenceFiles, load_reference_files
from models.reference_store import store_reference
from models.units import UnitsError, load_units
from models.work_instruction import WorkInstructionError, load_work_instruction
from tasks.settings import Settings

JAKARTA = ZoneInfo("Asia/Jakarta")
WRONG = (WorkInstructionError, UnitsError, AnswersError, HardComplaintError, LexiconError, ReferenceFileError)
"""What the loaders raise about a file that cannot be in force."""


def seed(settings: Settings) -> dict[str, int]:
    """Bring the records to the newest schema and the desk's data into them; what is there already stays.

    Returns rows by table. Raises `ReferenceFileError` with every line that is wrong; nothing is written then.
    """
    reference = _reference(settings)
    migrate(settings.records_url)
    engine = open_engine(settings.records_url)
    with write_transaction(engine) as connection:
        counts = store_reference(connection, reference)
    engine.dispose()
    return counts


def check(settings: Settings) -> list[str]:
    """What is wrong in the files people edit, file by file; empty when all of them can be in force."""
    wrong = []
    for load in (
        lambda: load_work_instruction(settings.data / "work_instruction.yaml"),
        lambda: load_units(settings.data / "units.yaml"),
        lambda: load_answers(settings.data / "answers.yaml"),
        lambda: load_hard_complaint(settings.data / "hard_complaint.yaml"),
        lambda: load_lexicons(settings.data / "lexicons"),
        lambda: _reference(settings),
    ):
        try:
            load()
        except WRONG as error:
            wrong.append(str(error))
    return wrong


def _reference(settings: Settings) -> ReferenceFiles:
    return load_reference_files(settings.data / "desk", datetime.now(UTC).astimezone(JAKARTA).date())


def main() -> int:
    """`python -m deployments.seed [--check]`; returns the exit status."""
    settings = Settings()
    wrong = check(settings)
    if wrong:
        print("\n".join(wrong), file=sys.stderr)
        return 1
    if "--check" in sys.argv[1:]:
        print("Work instruction, units, answers, hard-complaint instruction, lexicons and desk files can be in force.")
        return 0
    print(", ".join(f"{table} {rows}" for table, rows in seed(settings).items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
