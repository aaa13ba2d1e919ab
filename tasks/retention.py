"""Retention at work (clause 6): who may, what is due, each type carried out batch by batch; and legal holds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import rmtree

from prefect import task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, StateType
from prefect.logging import get_run_logger
from prefect.runtime import deployment, flow_run
from prefect.states import Completed
from sqlalchemy import Connection, select

from models.anonymising import Work, forgetting
from models.case_reading import desk_people
from models.cases import CaseRow
from models.database import write_transaction
from models.desk_rules import SUPERVISOR, why_not_one_of
from models.journal import JournalRow
from models.legal_holds import HELD_CASES, HoldVerdict, carry_out
from models.records import KINDS, RecordType
from models.retention import SCOPES, RetentionPlan, TypeVerdict, apply_batch, cutoffs, note_applied, plan_retention
from models.retention_report import DRY_RUN, RetentionReport, TypeReport, retention_markdown
from tasks.database import desk_engine
from tasks.desk_data import instruction, records
from tasks.follow_ups import refused
from tasks.prefect_records import (
    OfCases,
    by_schedule,
    delete_artifacts,
    delete_old_artifacts,
    delete_old_runs,
    delete_runs,
    of_cases,
    old_artifacts,
    old_runs,
)
from tasks.records_forms import HoldForm, RetentionRequest
from tasks.settings import Settings

NIGHTLY = "nightly"
"""The deployment whose scheduled runs need nobody's staff code: what is scheduled is the register's own will."""
ACTOR = "apply-retention"
AGAIN = timedelta(days=1)
"""How far before the last run that came to its end a run looks for cases whose runs and artifacts may be left."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a run is to do, on whose behalf (a staff code, or the flow), or why nothing."""

    codes: tuple[str, ...]
    dry_run: bool
    actor: str
    now: datetime
    refusal: str | None = None


@task(name="check who asks", cache_policy=NO_CACHE)
def check_who_asks(request: RetentionRequest) -> Asked:
    """Say what the run is to do; by hand only a supervisor may have it done."""
    now, by = datetime.now(UTC), request.by
    asked = Asked(request.types, request.dry_run, ACTOR, now)
    if deployment.get_name() == NIGHTLY and not by and by_schedule(str(flow_run.get_id())):
        return asked
    with desk_engine().connect() as connection:
        people = desk_people(connection, now)
    person = people.person(by) if by.strip() else None
    if request.dry_run:
        return replace(asked, actor=person.code if person else ACTOR)
    refusal = why_not_one_of(person, [SUPERVISOR], people.of_roles([SUPERVISOR]))
    return replace(asked, actor=person.code if person else ACTOR, refusal=refusal)


@task(name="find what is due", cache_policy=NO_CACHE)
def find_due(asked: Asked) -> RetentionPlan:
    """What is due of every type asked for; it only looks."""
    until = cutoffs(records(), asked.codes, asked.now)
    with desk_engine().connect() as connection:
        plan = plan_retention(connection, records(), until, instruction().detection, asked.now)
        held = of_cases(connection, CaseRow.id.in_(HELD_CASES))
    chosen = [one for one in plan.types if not asked.codes or one.type.code in asked.codes]
    outside = [_outside(records()[code], until.get(code), held) for code in KINDS if code not in SCOPES]
    wanted = [one for one in outside if not asked.codes or one.type.code in asked.codes]
    return replace(plan, types=(*chosen, *wanted))


@task(name="carry out", task_run_name="carry out: {verdict.type.code}", cache_policy=NO_CACHE)
def carry_out_type(asked: Asked, verdict: TypeVerdict) -> int:
    """Anonymise or delete what is due of a type; how many. Killed anywhere, the next run goes on."""
    code, until = verdict.type.code, cutoffs(records(), asked.codes, asked.now)
    if code not in until:
        return 0
    done = _in_batches(code, until, asked) if code in SCOPES else _outside_done(code, until[code])
    with write_transaction(desk_engine()) as connection:
        note_applied(connection, code, done, verdict, _work(asked))
    return done


@task(name="publish retention", cache_policy=NO_CACHE)
def publish_retention(asked: Asked, plan: RetentionPlan, done: Sequence[TypeReport]) -> None:
    """Leave a version of its own of the artifact `retention`: what is kept how long and why, was due, done, exempt."""
    types = tuple(done) or tuple(map(TypeReport, plan.types))
    by = "" if asked.actor == ACTOR else asked.actor
    report = RetentionReport(asked.now, by, asked.dry_run, types, plan.holds)
    about = f"What the register of records says, and what is due by it. {DRY_RUN if asked.dry_run else 'Done'}."
    create_markdown_artifact(retention_markdown(report, records()), key="retention", description=about)


def type_report(verdict: TypeVerdict, state: State[int]) -> TypeReport:
    """What carrying out a type came to."""
    found = state.result(raise_on_failure=False)
    if isinstance(found, int):
        return TypeReport(verdict, found)
    return TypeReport(verdict, None, f"{type(found).__name__}: see the failed task of this type in the run")


def retention_told(asked: Asked, plan: RetentionPlan, done: Sequence[TypeReport]) -> State[None]:
    """The state the run ends in: `Completed` with the sum, `Failed` where a type could not be done, or `Refused`."""
    if asked.refusal:
        return refused(asked.refusal)
    failed = ", ".join(one.verdict.type.code for one in done if one.problem)
    if failed:
        return State(type=StateType.FAILED, message=f"Not done to its end: {failed}. The next run goes on.")
    if asked.dry_run:
        return Completed(message=f"{DRY_RUN}; {sum(one.due for one in plan.types):,} records are due.")
    return Completed(message=f"{sum(one.done or 0 for one in done):,} records were anonymised or deleted.")


@task(name="place or lift hold", cache_policy=NO_CACHE)
def place_or_lift(form: HoldForm) -> HoldVerdict:
    """Do what the form says about a hold, or refuse it; the same flow run does it once."""
    now = datetime.now(UTC)
    order = form.order(str(flow_run.get_id()), now)
    with write_transaction(desk_engine()) as connection:
        people = desk_people(connection, now)
        person = people.person(order.by)
        refusal = why_not_one_of(person, [SUPERVISOR], people.of_roles([SUPERVISOR]))
        if refusal or person is None:
            return HoldVerdict(refusal or "", True)
        return carry_out(connection, order, person.code, instruction())


def hold_told(verdict: HoldVerdict) -> State[None]:
    """The state the run ends in: `Completed`, or `Refused` with the sentence that says why."""
    return refused(verdict.told) if verdict.refused else Completed(message=verdict.told)


def request_folder() -> Path:
    """Where the files are that customers asked for."""
    return Settings().home / "requests"


def _docs_folder() -> Path:
    """Where the pages are that show how reference files were checked; a folder of its own for each load."""
    return Settings().home / "docs" / "reference"


def _work(asked: Asked) -> Work:
    return Work(datetime.now(UTC), asked.actor, "retention", instruction())


def _in_batches(code: str, until: dict[str, datetime], asked: Asked) -> int:
    done, after = 0, None
    while True:
        with forgetting(desk_engine()) as connection:
            rows, after = apply_batch(connection, code, until, after, _work(asked))
        if not rows:
            return done
        done += rows
        get_run_logger().info("%s: %s done", code, f"{done:,}")


def _outside(kept: RecordType, until: datetime | None, held: OfCases) -> TypeVerdict:
    """What is due of a type that is kept outside the desk's database."""
    if until is None:
        return TypeVerdict(kept, None, 0, 0, None, None)
    if kept.code in FOLDERS:
        written = sorted(map(_written, _files(kept.code)))
        old = [at for at in written if at < until]
        return TypeVerdict(kept, until, len(old), 0, min(old, default=None), next(iter(written[len(old) :]), None))
    found = (old_runs if kept.code == "prefect_runs" else old_artifacts)(until, held)
    return TypeVerdict(kept, until, found.due, found.exempt, None, found.oldest)


def _outside_done(code: str, until: datetime) -> int:
    if code in FOLDERS:
        old = [path for path in _files(code) if _written(path) < until]
        for path in old:
            if path.is_dir():
                rmtree(path)
            else:
                path.unlink(missing_ok=True)
        return len(old)
    with desk_engine().connect() as connection:
        held = of_cases(connection, CaseRow.id.in_(HELD_CASES))
        lately = of_cases(connection, CaseRow.anonymised_at >= _last_end(connection, code) - AGAIN)
    if code == "prefect_runs":
        return delete_runs(lately.runs) + delete_old_runs(until, held)
    return delete_artifacts(sorted(lately.keys)) + delete_old_artifacts(until, held)


def _last_end(connection: Connection, code: str) -> datetime:
    """When (UTC) a type was last done to its end; the first moment there is where it never was."""
    of_type = (JournalRow.event == "retention_applied", JournalRow.detail["type"].as_string() == code)
    at = connection.scalar(select(JournalRow.at).where(*of_type).order_by(JournalRow.id.desc()).limit(1))
    return at or datetime(2000, 1, 1, tzinfo=UTC)


FOLDERS: dict[str, Callable[[], Path]] = {"answered_requests": request_folder, "reference_docs": _docs_folder}
"""The types that are files: where they lie, each a file or a folder of its own."""


def _files(code: str) -> list[Path]:
    folder = FOLDERS[code]()
    return list(folder.iterdir()) if folder.is_dir() else []


def _written(path: Path) -> datetime:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)
