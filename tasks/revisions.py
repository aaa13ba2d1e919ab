"""The register of the work instruction's revisions (clause 7), and cases explained under their own revision."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.states import Completed
from sqlalchemy import Engine

from models.cases import case_number
from models.database import write_transaction
from models.rejudging import judge_all_again
from models.revision_diff import RevisionText, page_markdown, read_revision
from models.revisions import (
    REGISTER,
    WORK_INSTRUCTION,
    Registered,
    last_difference,
    register_known,
    register_revision,
    registered_revisions,
    revision_texts,
)
from models.verdict_explained import case_story, explained_key, explained_markdown
from models.work_instruction import instruction_text, read_work_instruction
from tasks.artifacts import publish, published_lately
from tasks.database import desk_engine
from tasks.desk_data import lexicons
from tasks.follow_ups import refused
from tasks.settings import Settings


@cache
def _text(path: Path) -> str:
    return instruction_text(path)


def _file() -> Path:
    return Settings().data / "work_instruction.yaml"


def in_force() -> RevisionText:
    """What the work instruction in force says, word for word."""
    return read_revision(_text(_file()))


def register(engine: Engine) -> Registered:
    """Register the revision in `data/work_instruction.yaml`; one query and no lock where the register has it already,
    whatever its comments. One that takes the place of another has every account judged again by it.

    Raises:
        RevisionRefused: the file's number is taken, or its day is still to come.
        WorkInstructionError: the file is wrong.
    """
    path, now = _file(), datetime.now(UTC)
    text = _text(path)
    with engine.connect() as connection:
        known = register_known(connection, text)
    if known is not None:
        return known
    with write_transaction(engine) as connection:
        instruction = read_work_instruction(text, path)
        registered = register_revision(connection, text, instruction, now, path)
        if registered.takes_over:
            judge_all_again(connection, instruction, lexicons(), now, f"revision {registered.revision}", REGISTER)
        return registered


@task(name="register work instruction", cache_policy=NO_CACHE)
def register_instruction() -> Registered:
    """Register the revision in force, and keep the artifact `work-instruction` up to date: an hour old at most, as it
    tells how many open cases keep each revision."""
    registered = register(desk_engine())
    if registered.new or not published_lately(WORK_INSTRUCTION):
        publish_work_instruction()
    return registered


def publish_work_instruction() -> None:
    """Leave `work-instruction`: the revision in force, how it differs from the one before, the register."""
    with desk_engine().connect() as connection:
        text = page_markdown(
            in_force(), last_difference(connection), registered_revisions(connection), datetime.now(UTC)
        )
    publish(WORK_INSTRUCTION, text, "The work instruction in force, and the register of its revisions.")


@task(name="explain", cache_policy=NO_CACHE)
def explain(number: str) -> int | None:
    """Leave `explained-c-000123`; returns how many verdicts it explains, None where there is no such case. Today's
    clauses are those the register has under the number in force: a file that says otherwise is not obeyed."""
    now, case_id = datetime.now(UTC), int(number[2:])
    with desk_engine().connect() as connection:
        story = case_story(connection, case_id)
        today = in_force()
        today = revision_texts(connection, [today.revision]).get(today.revision, today)
    if story is None:
        return None
    text = explained_markdown(story, today, Settings().ui_url, now)
    publish(explained_key(case_id), text, f"{case_number(case_id)}, verdict by verdict.")
    return len(story.entries)


def told(number: str, verdicts: int | None) -> State[None]:
    """The state the run ends in: `Completed`, or `Refused` with the sentence that says why."""
    if verdicts is None:
        why = f"case: there is no {number}; give the number of a case."
        return refused(why)
    return Completed(message=f"{number}: {verdicts} verdicts are explained in {explained_key(int(number[2:]))}.")
