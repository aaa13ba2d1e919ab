"""Checking the journal: read from the records, its head remembered outside them, told in an artifact."""

from __future__ import annotations

from datetime import UTC, datetime

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, StateType
from prefect.states import Completed
from prefect.variables import Variable

from models.journal_check import Head, JournalVerdict, check_journal, journal_markdown, verdict_line
from tasks.artifacts import publish
from tasks.database import desk_engine

ANCHOR = "journal_anchor"
"""The Prefect variable with the head of the last good check, as ID:HASH: another database than the desk's own."""


@task(name="check journal", cache_policy=NO_CACHE)
def check_the_journal() -> JournalVerdict:
    """Go along the whole journal, and look for the head remembered from the last good check.

    Raises `HeadError` where somebody has written something else into the variable.
    """
    remembered = Variable.get(ANCHOR)
    anchor = None if remembered is None else Head.parse(str(remembered))
    with desk_engine().connect() as connection:
        return check_journal(connection, anchor)


@task(name="remember head", cache_policy=NO_CACHE)
def remember_head(verdict: JournalVerdict) -> None:
    """Keep the head of a good check for the next one; a broken journal keeps the head it has."""
    if verdict.broken is None:
        Variable.set(ANCHOR, str(verdict.head), tags=["care"], overwrite=True)


@task(name="publish journal check", cache_policy=NO_CACHE)
def publish_journal_check(verdict: JournalVerdict) -> None:
    """Leave the artifact `journal-check`."""
    text = journal_markdown(verdict, datetime.now(UTC))
    publish("journal-check", text, "Whether the journal still says what was written, checked entry by entry.")


def as_checked(verdict: JournalVerdict) -> State[None]:
    """The state the run ends in: `Completed`, or `Broken` with the first broken entry and what to do."""
    if verdict.broken:
        return State(type=StateType.FAILED, name="Broken", message=verdict_line(verdict))
    return Completed(message=verdict_line(verdict))
