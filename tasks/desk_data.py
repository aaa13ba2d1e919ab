"""The work instruction, the lexicons and the units as this process uses them, read once."""

from functools import cache

from models.lexicons import Lexicons, load_lexicons
from models.units import Units, load_units
from models.work_instruction import WorkInstruction, load_work_instruction
from tasks.settings import Settings


@cache
def instruction() -> WorkInstruction:
    """The work instruction in force (`data/work_instruction.yaml`)."""
    return load_work_instruction(Settings().data / "work_instruction.yaml")


@cache
def lexicons() -> Lexicons:
    """The lexicons in force (`data/lexicons/`)."""
    return load_lexicons(Settings().data / "lexicons")


@cache
def units() -> Units:
    """The units in force (`data/units.yaml`)."""
    return load_units(Settings().data / "units.yaml")
