"""The files people edit in `data/` as this process uses them, each read once."""

from functools import cache

from models.answers import Answers, load_answers
from models.hard_complaint import HardComplaint, load_hard_complaint
from models.labelled_sample import LabelledMention, LabelledProfile, load_sample
from models.lexicon_files import load_lexicons
from models.lexicons import Lexicons
from models.recognition_page import Floors, load_floors
from models.records import Register, load_records
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


@cache
def answers() -> Answers:
    """The suggested answers in force (`data/answers.yaml`)."""
    return load_answers(Settings().data / "answers.yaml")


@cache
def hard_complaint() -> HardComplaint:
    """The hard-complaint instruction in force (`data/hard_complaint.yaml`)."""
    return load_hard_complaint(Settings().data / "hard_complaint.yaml")


@cache
def records() -> Register:
    """The register of records in force (`data/records.yaml`)."""
    return load_records(Settings().data / "records.yaml")


@cache
def labelled_sample() -> tuple[list[LabelledMention], list[LabelledProfile]]:
    """The project's own labelled mentions and profiles (`data/samples/`)."""
    return load_sample(Settings().data / "samples")


@cache
def floors() -> Floors:
    """The least that recognition must reach on the labelled sample (`data/samples/floors.yaml`)."""
    return load_floors((Settings().data / "samples" / "floors.yaml").read_text("utf-8"))
