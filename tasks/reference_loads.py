"""The steps of `load-reference-data`: who may, read and check with progress, compare or load, report."""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from prefect import task
from prefect.artifacts import create_progress_artifact, update_progress_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.states import Completed

from models.case_reading import desk_people
from models.desk_rules import LEADER, SUPERVISOR, why_not_one_of
from models.form_links import run_form
from models.reference_loading import CheckedFile, Loaded
from models.reference_loads import NIGHTLY
from models.reference_report import reference_report
from models.safe_text import for_plain
from tasks.artifacts import deployment_id, publish
from tasks.database import desk_engine
from tasks.follow_ups import refused
from tasks.reference_data import (
    GivenFile,
    NoSuchFile,
    Progress,
    check,
    compare,
    find,
    known_now,
    load,
    that_count,
)
from tasks.reference_forms import Folder, LoadRequest
from tasks.settings import Settings

DOCS_KEPT = 20
"""Loads whose Data Docs are kept."""
LARGE = 1_000_000
"""Bytes from which a load shows its progress."""
MAY_LOAD = (LEADER, SUPERVISOR)


@dataclass(frozen=True, slots=True)
class ReadFiles:
    """The files of a load, read and checked; `docs` has the address of each one's Data Docs by its source,
    `passed_over` the files of the folder that were not read, with why."""

    files: tuple[CheckedFile, ...]
    docs: Mapping[str, str]
    passed_over: Mapping[str, str]


class _Refused(Exception):
    """Nothing is done; the message names the field and the fix."""


@task(name="read and check", cache_policy=NO_CACHE)
def read_and_check(request: LoadRequest) -> ReadFiles | str:
    """Find, read and check the files; a sentence where the request itself cannot be carried out."""
    settings, now = Settings(), datetime.now(UTC)
    try:
        _may_load(request, now)
        given = find(request, settings.watched_folder, settle=True)
    except (_Refused, NoSuchFile) as error:
        return str(error)
    engine = desk_engine()
    taken, passed_over = that_count(engine, given, now) if isinstance(request, Folder) else (given, {})
    folder = settings.home / "docs" / "reference" / f"{now:%Y%m%d-%H%M%S-%f}"
    files = check(
        taken,
        known_now(engine, now),
        folder,
        shrinking=request.may_shrink,
        each_row=request.rows == "valid rows only",
        progress=_progress(taken),
    )
    _keep_latest(folder.parent)
    return ReadFiles(tuple(files), _docs_of(files, folder), passed_over)


def _docs_of(files: Sequence[CheckedFile], folder: Path) -> dict[str, str]:
    """The page of each file; the pages' own index draws nothing without the network."""
    found = {}
    for one in files:
        suite = one.rows.suite if one.rows else ""
        for page in folder.glob(f"validations/{suite}/**/*.html") if suite else ():
            found[one.name] = f"{Settings().docs_url}/reference/{folder.name}/{page.relative_to(folder).as_posix()}"
    return found


def _may_load(request: LoadRequest, now: datetime) -> None:
    """A dry run is anybody's; so is what the schedule does with the folder."""
    if request.dry_run or (request.by == NIGHTLY and isinstance(request, Folder)):
        return
    with desk_engine().connect() as connection:
        people = desk_people(connection, now)
    if why := why_not_one_of(people.person(request.by), MAY_LOAD, people.of_roles(MAY_LOAD)):
        raise _Refused(why)


def _progress(given: list[GivenFile]) -> Progress:
    """Keep the artifact `reference-progress` up to date while a large load is under way; small ones have none."""
    if sum(len(one.content) for one in given) < LARGE:
        return lambda what, done, of: None
    artifact: UUID = create_progress_artifact(0.0, key="reference-progress", description="Reading")  # type: ignore[assignment]
    told_at = 0.0

    def tell(what: str, done: int, of: int) -> None:
        nonlocal told_at
        finished = {"checking": 90.0, "read and checked": 100.0}.get(what)
        if finished is None and done and time.monotonic() - told_at < 1:
            return
        told_at = time.monotonic()
        share = 80.0 * done / max(of, 1) if finished is None else finished
        update_progress_artifact(artifact, share, description=f"{what}: {done:,} of {of:,} rows")

    return tell


def _keep_latest(folder: Path) -> None:
    for old in sorted(folder.iterdir())[:-DOCS_KEPT]:
        shutil.rmtree(old, ignore_errors=True)


@task(name="compare or load", cache_policy=NO_CACHE)
def compare_or_load(request: LoadRequest, read: ReadFiles) -> Loaded:
    """Say what the files would change, or take them over: in one transaction, or not at all."""
    engine, now = desk_engine(), datetime.now(UTC)
    if request.dry_run:
        return compare(engine, read.files, now)
    return load(engine, read.files, request.by, now, valid_rows_only=request.rows == "valid rows only")


@task(name="publish reference load", cache_policy=NO_CACHE)
def publish_reference_load(request: LoadRequest, read: ReadFiles, loaded: Loaded) -> None:
    """Leave the artifact `reference-load`: what would change or has changed, and what was refused."""
    report = reference_report(
        loaded,
        datetime.now(UTC),
        request.by,
        docs=read.docs,
        again=_again(request, loaded) if loaded.outcome == "dry run" else None,
        passed_over=read.passed_over,
    )
    publish("reference-load", report, "What the latest load of reference files changed or would change")


def _again(request: LoadRequest, loaded: Loaded) -> str | None:
    """A link to the form that loads what a dry run showed; pasted rows are too long for a link."""
    fields = request.model_dump(exclude_none=True) | {"dry_run": False, "by": ""}
    if "pasted" in fields or all(diff is None or diff.nothing for diff in loaded.diffs):
        return "paste the same rows again with *Dry run* off." if "pasted" in fields else None
    deployment = deployment_id("load-reference-data/by-hand")
    if deployment is None:
        return None
    if loaded.refused:
        fields["rows"] = "valid rows only"
    return f"[load this]({run_form(Settings().ui_url, deployment, {'request': fields})})"


def told_load(outcome: Loaded | str) -> State[None]:
    """The state the run ends in: Completed with what changed, or Refused with why."""
    if isinstance(outcome, str):
        return refused(for_plain(outcome, 1000))
    if outcome.outcome == "refused":
        first = next(f"{file.name}:{one.where}" for file in outcome.files for one in file.refusals)
        message = (
            f"Nothing was changed: {outcome.refused} rows refused, first {first}. All in the artifact reference-load."
        )
        return refused(for_plain(message, 1000))
    diffs = [diff for diff in outcome.diffs if diff is not None]
    counts = [sum(len(getattr(diff, name)) for diff in diffs) for name in ("added", "changed", "removed")]
    would = "Dry run: would have " if outcome.outcome == "dry run" else ""
    message = f"{would}added {counts[0]:,}, changed {counts[1]:,}, ended {counts[2]:,}; refused {outcome.refused:,}"
    return Completed(message=message)
