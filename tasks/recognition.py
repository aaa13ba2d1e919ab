"""Explaining how a text is read and a profile judged, and trying and taking a change of the lexicons (5.2.1, 5.3.1)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.states import Completed

from models.case_reading import desk_people
from models.database import write_transaction
from models.labelled_sample import SampleError
from models.learning import learn
from models.lexicon_change import (
    LEARNED,
    MAY_TAKE,
    changed_files,
    copy_to_edit,
    digest_of,
    is_fresh,
    journal_change,
    judge_take,
    put_in_force,
)
from models.lexicon_files import LexiconError, load_lexicons
from models.recognition_explained import profile_explained, text_explained
from models.recognition_page import below_floors, change_markdown, recognise, score_markdown
from tasks.artifacts import publish
from tasks.database import desk_engine
from tasks.desk_data import floors, instruction, labelled_sample, lexicons
from tasks.follow_ups import refused
from tasks.recognition_forms import ExplainForm, LexiconChange, ProfileToExplain
from tasks.settings import Settings

CHANGE = "lexicon-change"


@dataclass(frozen=True, slots=True)
class Tried:
    """What trying an edited copy of the lexicons showed: where it is, which files differ, what is below its floor."""

    folder: Path
    changed: list[str]
    below: list[str]
    wrong: str = ""
    """Why the copy cannot be used: file, line and reason."""


@task(name="explain recognition", cache_policy=NO_CACHE)
def explain(form: ExplainForm) -> str:
    """Leave `explained-text` or `explained-profile`; returns the artifact's key."""
    if isinstance(form, ProfileToExplain):
        thresholds = instruction().priority.thresholds
        key, text = "explained-profile", profile_explained(form.author(), lexicons(), thresholds)
    else:
        key, text = "explained-text", text_explained(form.text, lexicons(), kind=form.kind, context=form.context())
    publish(key, text, "Every span that counted, and by how much.")
    return key


@task(name="try lexicons", cache_policy=NO_CACHE)
def try_lexicons(change: LexiconChange) -> Tried:
    """Leave `lexicon-change`: what an edited copy of the lexicons does to the labelled sample.

    Where there is no copy yet, one is made to edit, and the artifact shows how well those in force do. `learn_anew`
    learns the copy's weights from the sample first.
    """
    in_force, folder = Settings().data / "lexicons", change.where(Settings().home)
    if folder.resolve() == in_force.resolve():
        return Tried(folder, [], [], wrong="these are the lexicons in force; give a copy, or leave the field empty.")
    made = copy_to_edit(in_force, folder)
    try:
        sample, thresholds, least = labelled_sample(), instruction().priority.thresholds, floors()
        before = recognise(sample, lexicons(), thresholds)
        if change.learn_anew:
            untaught = load_lexicons(folder, learned_too=False)
            learned = learn([row for row in sample[0] if row.part == "learn"], untaught)
            (folder / LEARNED).write_text(learned.as_yaml(), "utf-8")
        edited = load_lexicons(folder)
    except (LexiconError, SampleError) as error:
        return Tried(folder, [], [], wrong=str(error))
    changed = changed_files(in_force, folder)
    after = recognise(sample, edited, thresholds)
    text = change_markdown(before, after, least) if changed else score_markdown(before, least)
    told = "A copy to edit has been made" if made else "The edited copy is"
    about = "A copy of the lexicons to edit." if made else "What the edited copy of the lexicons changes."
    publish(CHANGE, f"{told} in `{folder}`; files that differ: {', '.join(changed) or 'none'}.\n\n{text}", about)
    return Tried(folder, changed, below_floors(after, least))


@task(name="take lexicons", cache_policy=NO_CACHE)
def take_lexicons(change: LexiconChange, tried: Tried) -> str:
    """Put a tried copy in force and judge every account again by it; "" or the sentence that says why not.

    The journal goes first: where the run dies before the files are in place, the next one puts them there and journals
    nothing twice.
    """
    now, in_force = datetime.now(UTC), Settings().data / "lexicons"
    with write_transaction(desk_engine()) as connection:
        people = desk_people(connection, now)
        person = people.person(change.by)
        fresh = is_fresh(connection, in_force, tried.folder)
        verdict = judge_take(person, people.of_roles(MAY_TAKE), tried.changed, tried.below, fresh)
        if verdict.refusal or person is None:
            return verdict.refusal or ""
        before = digest_of(in_force)
        edited = load_lexicons(tried.folder)
        states = (before, digest_of(tried.folder), tried.changed)
        journal_change(connection, instruction(), edited, states, person.code, now)
    put_in_force(tried.folder, in_force, tried.changed)
    return ""


def told(change: LexiconChange, tried: Tried, refusal: str | None) -> State[None]:
    """The state the run ends in; `refusal` None where nothing was to be taken."""
    if tried.wrong:
        return refused(f"folder: {tried.wrong}")
    if refusal:
        return refused(refusal)
    files = ", ".join(tried.changed) or "no file"
    if refusal is None:
        return Completed(message=f"{files} of {tried.folder} differ; the artifact {CHANGE} shows what that does.")
    return Completed(message=f"Taken by {change.by}: {files}; every account has been judged again.")
