"""The work instruction and the lexicons as this process uses them, read once."""

from functools import cache

from models.lexicons import Lexicons, load_lexicons
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
