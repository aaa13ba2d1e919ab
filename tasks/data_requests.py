"""Answering what a customer asks for about their account (clause 6): one file with all of it, or erasure with proof."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from prefect import task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run
from prefect.states import Completed
from sqlalchemy import Connection

from models.account_erasure import AccountErased, erase_account, erasure_stand, judge_erasure, move_cursors
from models.account_judging import linked_accounts
from models.accounts import account_number
from models.anonymising import Work, clear_log, forgetting
from models.case_reading import desk_people
from models.cases import CaseRow
from models.data_requests import Part, account_records, account_row, done_by, find_account, traces
from models.database import write_transaction
from models.desk_rules import SUPERVISOR, why_not_one_of
from models.journal import entry, write_journal
from models.legal_holds import HELD_CASES
from models.mentions import Platform
from models.rejudging import judge_again
from models.retention_report import DRY_RUN, RequestKind, RequestReport, request_markdown
from models.unit_hours import JAKARTA
from tasks.database import desk_engine
from tasks.desk_data import instruction, lexicons, records
from tasks.follow_ups import refused
from tasks.prefect_records import delete_artifacts_naming, delete_runs, of_cases, rename_form, runs_naming, under_way
from tasks.records_forms import Access, Erasure, RequestForm
from tasks.retention import request_folder

ACCESS, ERASED = "data_access_given", "account_erased"
INTAKE = "intake-mentions"
STAY = ("journal", "listings", "clocks", "ticked_steps", "follow_up_runs")
"""Parts that an erasure leaves as they are: they tell nothing of the customer, or are other people's lists."""
ABOUT = (
    "Everything that the desk holds about this account. Each part says what it is. Moments are UTC unless they say "
    "otherwise. Staff are named by their codes. Of accounts of the same person on other platforms only those are known "
    "to be theirs that the part `links` names. The desk's programme, Prefect, repeats parts of this in the logs and "
    "boards of the last weeks."
)


@dataclass(frozen=True, slots=True)
class Request:
    """A request as taken down: for which account, by whom (staff code), when (UTC), or why it is refused."""

    form: RequestForm
    run_id: str
    now: datetime
    account_id: int = 0
    by: str = ""
    refusal: str | None = None

    @property
    def number(self) -> str:
        """The account's number."""
        return account_number(self.account_id)


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a request: the report, or why it was refused."""

    report: RequestReport | None
    refusal: str | None = None


@task(name="take down request", cache_policy=NO_CACHE)
def take_down(form: RequestForm) -> Request:
    """Find the account meant, and whether a supervisor asks; from then on the run names the account by number only."""
    now, run_id = datetime.now(UTC), str(flow_run.get_id())
    with desk_engine().connect() as connection:
        people = desk_people(connection, now)
        person = people.person(form.by)
        refusal = why_not_one_of(person, [SUPERVISOR], people.of_roles([SUPERVISOR]))
        if refusal or person is None:
            return Request(form, run_id, now, refusal=refusal)
        found = find_account(connection, form.account, form.platform)
    if found.account_id is None:
        return Request(form, run_id, now, refusal=found.refusal)
    request = Request(form, run_id, now, found.account_id, person.code)
    given = form.model_dump(mode="json") | {"account": request.number}
    rename_form(run_id, {"request": given}, f"{request.number} · {person.code} · {form.do}")
    return request


@task(name="answer", cache_policy=NO_CACHE)
def answer(request: Request) -> Answer:
    """Do what was asked for; the same run does it once, however often it is repeated."""
    if isinstance(request.form, Access):
        return _give_access(request)
    return _erase(request, request.form) if request.form.confirm else _look(request)


@task(name="forget in Prefect", cache_policy=NO_CACHE)
def forget_in_prefect(request: Request, answered: Answer) -> tuple[int, int]:
    """Of an erased account: delete the runs and artifacts that name it, and the files it was given; how many."""
    note = _note(request)
    if answered.report is None or answered.report.kind != "erasure" or not note.exists():
        return 0, 0
    named = json.loads(note.read_text("utf-8"))["traces"]
    _forget_files(request)
    with desk_engine().connect() as connection:
        held = of_cases(connection, CaseRow.id.in_(HELD_CASES))
    return delete_runs(runs_naming(named, held)), delete_artifacts_naming(named, held)


def _forget_files(request: Request) -> None:
    """Delete what lies beside the answers of the account, whole or half, except what this erasure was prepared with."""
    for path in request_folder().iterdir():
        if path == _note(request) or not path.is_file():
            continue
        about = path.read_text("utf-8", errors="replace")
        if request.number in path.name or f'"account": "{request.number}"' in about or _prepared_for(request, path):
            path.unlink(missing_ok=True)


def _prepared_for(request: Request, path: Path) -> bool:
    """Whether an erasure of the account that did not come to its end left this behind."""
    return path.name.startswith("erasure-") and f'"{request.number}"' in path.read_text("utf-8", errors="replace")


@task(name="publish answer", cache_policy=NO_CACHE)
def publish_answer(request: Request, answered: Answer, forgotten: tuple[int, int]) -> None:
    """Leave a version of its own of the artifact `data-request`; what an erasure was prepared with is deleted then."""
    if answered.report is None:
        return
    report = replace(answered.report, runs=forgotten[0], artifacts=forgotten[1])
    about = f"{request.number}: {report.kind}"
    create_markdown_artifact(request_markdown(report), key="data-request", description=about)
    _note(request).unlink(missing_ok=True)


def request_told(request: Request, answered: Answer) -> State[None]:
    """The state the run ends in: `Completed`, or `Refused` with the sentence that says why."""
    report = answered.report
    if report is None:
        return refused(answered.refusal or "")
    told = {
        "access": f"{request.number}: everything is in {report.file}.",
        "dry run": f"{request.number}: {DRY_RUN}; tick Erase it to have it done.",
        "erasure": f"{request.number} is erased; the artifact data-request has the proof.",
    }
    return Completed(message=told[report.kind])


def _give_access(request: Request) -> Answer:
    """Read, journal and write the file in one transaction: an erasure comes before, or finds and deletes the file."""
    path = request_folder() / f"access-{request.number}-{request.run_id}.json"
    with write_transaction(desk_engine()) as connection:
        parts = account_records(connection, request.account_id)
        anonymised = parts[0].rows[0]["anonymised_at"]
        if anonymised is not None:
            told = f"account: {request.number} was anonymised on {anonymised:%Y-%m-%d}; "
            return Answer(None, f"{told}nothing tells any more who it was.")
        rows = {part.name: len(part.rows) for part in parts}
        if done_by(connection, ACCESS, request.account_id, request.run_id) is None:
            _journal_access(connection, request, rows)
        write_secret(path, {"about": _about(request, parts), **{part.name: part.rows for part in parts}})
    kept = records()["answered_requests"].keep
    report = _report(request, "access", {name: count for name, count in rows.items() if count})
    return Answer(replace(report, file=str(path), deleted_at=request.now + kept if kept else None))


def _about(request: Request, parts: Sequence[Part]) -> dict[str, Any]:
    """What stands before the records: what they are, of which account, by which request."""
    return {
        "what": ABOUT,
        "request": request.run_id,
        "account": request.number,
        "made_at": f"{request.now.astimezone(JAKARTA):%Y-%m-%d %H:%M} WIB",
        "parts": {part.name: {"what": part.what, "records": len(part.rows)} for part in parts},
    }


def _journal_access(connection: Connection, request: Request, rows: dict[str, int]) -> None:
    detail = {"request": request.run_id, "records": rows}
    made = entry(request.now, ACCESS, "6", instruction(), detail, account_id=request.account_id, actor=request.by)
    write_journal(connection, [made])


def _look(request: Request) -> Answer:
    """What an erasure would take away; nothing is changed."""
    with desk_engine().connect() as connection:
        stand = erasure_stand(connection, request.account_id, instruction().detection, request.now)
        refusal = judge_erasure(request.number, stand)
        parts = account_records(connection, request.account_id)
    if refusal:
        return Answer(None, refusal)
    rows = {part.name: len(part.rows) for part in parts if part.rows and part.name not in STAY}
    return Answer(replace(_report(request, "dry run", rows), listed=_listed(parts)))


def _erase(request: Request, form: Erasure) -> Answer:
    """Erase, or go on where this run was killed before: what it was prepared with lies beside the answers."""
    note = _note(request)
    with desk_engine().connect() as connection:
        done = done_by(connection, ERASED, request.account_id, request.run_id)
        if done is None:
            parts = account_records(connection, request.account_id)
            named = traces(connection, request.account_id)
    if done is None:
        refusal = _make_way(request)
        if refusal:
            return Answer(None, refusal)
        write_secret(note, {"salt": secrets.token_hex(16), "traces": named, "listed": _listed(parts)})
        outcome = _erase_now(request, form, json.loads(note.read_text("utf-8"))["salt"])
        if isinstance(outcome, str):
            note.unlink()
            return Answer(None, outcome)
        done = {"rows": outcome.rows, "digest": outcome.digest}
    if not note.exists():
        return Answer(None, f"account: {request.number} was erased by this request already.")
    prepared = json.loads(note.read_text("utf-8"))
    report = _report(request, "erasure", done["rows"])
    return Answer(replace(report, digest=done["digest"], salt=prepared["salt"], listed=prepared["listed"]))


def _make_way(request: Request) -> str | None:
    """Have no poll ask for what is erased: the cursors move before, and a poll that began before that must have ended.

    A poll plans what it asks for when its run begins, so whatever begins later goes by the moved cursors.
    """
    with write_transaction(desk_engine()) as connection:
        stand = erasure_stand(connection, request.account_id, instruction().detection, request.now)
        refusal = judge_erasure(request.number, stand)
        if refusal:
            return refusal
        platform = Platform(account_row(connection, request.account_id)["platform"])
        move_cursors(connection, platform, instruction().detection)
    running = under_way(INTAKE)
    if not running:
        return None
    return f"account: {running[0]!r} of {INTAKE} is running and may bring {request.number} back; ask again in a minute."


def _erase_now(request: Request, form: Erasure, salt: str) -> AccountErased | str:
    """Judge and erase in one transaction, and judge again who was priority through the account; what was erased, or why
    nothing was."""
    work = Work(request.now, request.by, "erasure", instruction())
    with forgetting(desk_engine()) as connection:
        stand = erasure_stand(connection, request.account_id, instruction().detection, request.now)
        refusal = judge_erasure(request.number, stand)
        if refusal:
            return refusal
        linked = linked_accounts(connection, [request.account_id]).get(request.account_id, [])
        erased = erase_account(connection, request.account_id, request.run_id, salt, form.erased_because, work)
        judge_again(connection, linked, instruction(), lexicons(), request.now, "account_erased", request.by)
    clear_log(desk_engine())
    return erased


def _report(request: Request, kind: RequestKind, rows: Mapping[str, int]) -> RequestReport:
    return RequestReport(kind, request.number, request.run_id, request.by, request.now, rows)


def _listed(parts: Sequence[Part]) -> int:
    """How many entries of the lists of Priority customers name the account."""
    return sum(len(part.rows) for part in parts if part.name == "listings")


def write_secret(path: Path, content: Mapping[str, Any]) -> None:
    """Write a JSON file that only the desk's own user can read: all of it, or, killed meanwhile, none."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    half = path.with_suffix(".half")
    half.unlink(missing_ok=True)
    with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        json.dump(content, file, ensure_ascii=False, indent=2, default=_written)
        file.flush()
        os.fsync(file.fileno())
    half.replace(path)


def _written(value: Any) -> str:
    if isinstance(value, date):  # datetimes are dates too
        return value.isoformat()
    raise TypeError(f"{value!r} is no part of a record")


def _note(request: Request) -> Path:
    return request_folder() / f"erasure-{request.run_id}.json"
