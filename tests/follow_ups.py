"""What the tests of follow-ups share: units with shortened times, a worker, and the hands of a PIC."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from datetime import UTC, datetime
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
import requests
import yaml
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterState, FlowRunFilterStateType
from prefect.client.schemas.objects import TERMINAL_STATES

from deployments.processes import python, stop_all
from deployments.processes import start as start_process
from flows.intake_mentions import intake_mentions
from flows.watch_cases import watch_cases
from models.cases import CaseRow
from models.database import write_transaction
from models.follow_up_runs import wait_key
from models.journal import JournalRow
from models.ticket_book import open_ticket
from models.ticket_rows import FollowUpRunRow, TicketRow
from tasks.follow_ups import client, shut_run
from tasks.tickets import rules
from tests.conftest import Desk
from tests.servers import ROOT, deploy
from tests.support import COMPLAINT, rows, wait_for

BETWEEN_ROUNDS = 1.5
NEVER = {"standard": "20 min", "hard": "20 min"}
SOON = {"standard": "8 s", "hard": "8 s"}
ENDED = {"verified"}
REAL_CHANGES = {
    *("ticket_opened", "ticket_acknowledged", "ticket_in_progress", "ticket_settled", "ticket_refused"),
    *("ticket_redirected", "customer_says_not_solved", "ticket_verified"),
}
"""What a ticket's process is worth starting for, as the journal tells of it."""


def quick_units(folder: Path) -> None:
    """The units of the desk, round the clock: `mobile`'s settlement is soon due, it and `provisioning` soon chased."""
    data = yaml.safe_load((ROOT / "data" / "units.yaml").read_text("utf-8"))
    for code, unit in data["units"].items():
        unit |= {"hours": "always", "holidays": False, "acknowledge": dict(NEVER), "settle": dict(NEVER)}
        unit |= {"chase_every": "20 s" if code in {"mobile", "provisioning"} else "20 min"}
        unit["retry"] |= {"attempts": 3, "waits": ["1 s", "1 s"], "jitter": 0, "timeout": "5 s"}
        if code == "mobile":
            unit["settle"] = dict(SOON)
    (folder / "units.yaml").write_text(yaml.safe_dump(data), "utf-8")


@contextmanager
def units_at_work(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *named: str) -> Iterator[Desk]:
    """A desk with quick units, its deployments (or those of the deploy command given) and a process worker."""
    from tasks import desk_data

    data = tmp_path / "data"
    data.mkdir()
    for entry in (ROOT / "data").iterdir():
        if entry.name != "units.yaml":
            (data / entry.name).symlink_to(entry)
    quick_units(data)
    for name, value in {
        **{"CARE_DATA": str(data), "CARE_RUN_LEASE": "5", "PREFECT_API_URL": desk.api_url},
        **{"PREFECT_HOME": str(tmp_path / "prefect"), "PREFECT_WORKER_QUERY_SECONDS": "1"},
    }.items():
        monkeypatch.setenv(name, value)
    desk_data.units.cache_clear()
    deploy(desk.api_url, tmp_path, *(named or ("--name", "pic", "--name", "push")))
    end_runs()
    start_worker(tmp_path)
    try:
        yield desk
    finally:
        stop_all(tmp_path, grace=2)  # nobody waits for what a worker still has to say
        desk_data.units.cache_clear()


def end_runs() -> None:
    """End what earlier tests left open on the server: this one's worker would carry it on, at another desk.

    They are not deleted: Prefect would try for ever to note what their tasks told last, and lock its SQLite with it.
    """
    not_over = FlowRunFilter(state=FlowRunFilterState(type=FlowRunFilterStateType(not_any_=list(TERMINAL_STATES))))
    with client() as prefect:
        while found := prefect.read_flow_runs(flow_run_filter=not_over, limit=200):
            for run in found:
                shut_run(str(run.id), "its test is over")


def start_worker(home: Path) -> subprocess.Popen[bytes]:
    """A process worker of the desk's pool."""
    prefect = python("-m", "prefect", "--no-prompt")
    worker = [*prefect, "worker", "start", "--pool", "desk", "--type", "process", "--name", "desk-worker"]
    return start_process("worker", worker, dict(os.environ), home)


def follow(desk: Desk, **request: Any) -> str:
    """Start a follow-up as the form does; returns the id of the run that has its ticket in hand."""
    return follow_all(desk, request)[0]


def follow_all(desk: Desk, *asked: dict[str, Any]) -> list[str]:
    """Start several at once. One whose run crashes before it has its ticket is started again, as a person would: as
    long as there is no ticket, the monitor has nothing to give a new run to. The ids of those that have theirs."""
    started = {press_start(desk, request): request for request in asked}

    def in_hand() -> bool:
        crashed = {run_id for run_id in started if state(desk, run_id).get("type") == "CRASHED"}
        waiting = started.keys() - {row["flow_run_id"] for row in rows(desk.engine, FollowUpRunRow)}
        for run_id in crashed & waiting:
            started[press_start(desk, started[run_id])] = started.pop(run_id)
        return not waiting

    wait_for(in_hand)
    return list(started)


def press_start(desk: Desk, request: dict[str, Any]) -> str:
    """Submit the form that starts a follow-up; returns the run's id."""
    found = requests.get(f"{desk.api_url}/deployments/name/follow-up-ticket/pic", timeout=90).json()
    body = {"parameters": {"request": request}, "state": {"type": "SCHEDULED"}}
    while True:  # Prefect's SQLite says 503 where it is busy; the UI's user presses again
        made = requests.post(f"{desk.api_url}/deployments/{found['id']}/create_flow_run", json=body, timeout=90)
        if made.status_code != 503:
            return str(made.json()["id"])


def press_resume(desk: Desk, run_id: str, **form: Any) -> int:
    """Submit the form behind the Resume button once; the HTTP status: 201 where it was taken."""
    told = requests.post(f"{desk.api_url}/flow_runs/{run_id}/resume", json={"run_input": form}, timeout=90)
    return told.status_code


def resume(desk: Desk, run_id: str, **form: Any) -> bool:
    """Answer the form, again where Prefect's SQLite is busy; whether it was taken."""
    while (told := press_resume(desk, run_id, **form)) == 503:
        continue
    return told == 201


def cancel(desk: Desk, run_id: str) -> None:
    """Press the run's Cancel button."""
    while True:
        asked = {"state": {"type": "CANCELLING", "name": "Cancelling"}}
        if requests.post(f"{desk.api_url}/flow_runs/{run_id}/set_state", json=asked, timeout=90).ok:
            return


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """Do all of them at the same moment, each in a thread of its own; what each of them says."""
    together = Barrier(len(acts))

    def do(act: Callable[[], Any]) -> Any:
        together.wait(30)
        return act()

    with ThreadPoolExecutor(len(acts)) as pool:
        return [done.result() for done in [pool.submit(copy_context().run, do, act) for act in acts]]


def state(desk: Desk, run_id: str) -> dict[str, Any]:
    """The run's state as Prefect tells of it; empty where it does not (it has no such run, or is busy)."""
    told = requests.get(f"{desk.api_url}/flow_runs/{run_id}", timeout=90)
    return dict(told.json()["state"]) if told.ok else {}


def watch_until(what: Callable[[], Any], seconds: float = 300) -> Any:
    """Let the monitor run, with a pause between its rounds that leaves the machine to the runs it woke, until something
    holds."""
    next_round = 0.0

    def watched() -> Any:
        nonlocal next_round
        if time.monotonic() >= next_round:
            watch_cases()
            next_round = time.monotonic() + BETWEEN_ROUNDS
        return what()

    return wait_for(watched, seconds)


def cases(desk: Desk, count: int) -> list[int]:
    """As many cases, opened by intake from mentions just posted; their ids."""
    names = ["bimanugraha_ri", "kevinlimm", "konsumencerdas", "kawalbpjs", "rulihutabarat", "ratu_smes"]
    for number in range(count):
        desk.sandbox.state.post_mention(f"{COMPLAINT} {number}", by=names[number % 3])
    intake_mentions()
    found = [row["id"] for row in rows(desk.engine, CaseRow)]
    assert len(found) >= count
    return found


def tickets(desk: Desk) -> dict[str, dict[str, Any]]:
    """The tickets by their units."""
    return {row["unit"]: row for row in rows(desk.engine, TicketRow)}


def story(desk: Desk, ticket_id: int) -> list[str]:
    """What the journal tells of a ticket, in order."""
    return [row["event"] for row in rows(desk.engine, JournalRow) if row["ticket_id"] == ticket_id]


def waits_with_form(desk: Desk, row: dict[str, Any]) -> bool:
    """Whether a ticket's run is suspended with its whole form: Prefect has them a moment after the state."""
    if not row["flow_run_id"] or state(desk, row["flow_run_id"]).get("type") != "PAUSED":
        return False
    name = f"suspended-{wait_key(row['id'], row['waits'])}-description"
    return bool(requests.get(f"{desk.api_url}/flow_runs/{row['flow_run_id']}/input/{name}", timeout=90).ok)


def wait_suspended(desk: Desk, ticket_id: int, waits: int | None = None) -> dict[str, Any]:
    """Wait until a ticket's run waits with its form, in the wait of that number where one is given; the ticket."""

    def suspended() -> dict[str, Any] | None:
        row = next((row for row in rows(desk.engine, TicketRow) if row["id"] == ticket_id), None)
        if row is None or (waits is not None and row["waits"] != waits):
            return None
        return row if waits_with_form(desk, row) else None

    return dict(wait_for(suspended))


def wait_told(desk: Desk, ticket_id: int, event: str, times: int) -> None:
    """Wait until the journal has told of an event of a ticket so many times."""
    wait_for(lambda: story(desk, ticket_id).count(event) >= times)


def confirm_settled(desk: Desk, *, not_yet: set[str] | None = None) -> None:
    """Be the PIC: what is settled is confirmed; units in `not_yet` hear once that it is not solved."""
    for unit, row in tickets(desk).items():
        if row["status"] == "settled" and state(desk, row["flow_run_id"]).get("type") == "PAUSED":
            again = not_yet is not None and unit in not_yet and row["round"] == 1
            resume(desk, row["flow_run_id"], action="customer_not_solved" if again else "customer_confirmed")


def hand_over(desk: Desk, *units: str) -> None:
    """Open a ticket for each unit, as a hand-over to the PIC does: the monitor gives each its run."""
    for number, (case, unit) in enumerate(zip(cases(desk, len(units)), units, strict=False)):
        with write_transaction(desk.engine) as connection:
            open_ticket(
                connection, case, unit, None, opening_key=f"test:{number}", actor="test", rules=rules(),
                now=datetime.now(UTC),
            )  # fmt: skip


def all_verified(desk: Desk) -> bool:
    """Be the PIC, and say whether all is done."""
    confirm_settled(desk)
    return all(row["status"] == "verified" for row in tickets(desk).values())
