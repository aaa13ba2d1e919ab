"""The scripted crew of the sandbox: agents, team leaders and PICs who act through the Prefect API as its UI does.

They know what people know: the notices that reach them and what customers write. What they do about a case is decided
in `crew_plan.py`; here they look, act, and wait until it is done.
"""

from __future__ import annotations

import csv
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import requests

from deployments.sandbox.crew_plan import Move, carried_out, next_move
from deployments.sandbox.crew_script import Script, load_script
from deployments.sandbox.crew_seen import CaseSeen, heard_from, read_notice, take_in
from deployments.sandbox.state import SandboxState
from models.hard_complaint import load_hard_complaint
from models.units import load_units

DEPLOYMENT = "handle-case/desk"
SECONDS = 1.0
AT_ONCE = 2
"""Actions under way at the same time."""
AFTER_FAILURE = timedelta(seconds=20)
"""How long a case is left alone after something failed without the desk refusing anything."""
OVER = frozenset({"COMPLETED", "FAILED", "CRASHED", "CANCELLED"})


@dataclass(frozen=True, slots=True)
class RunState:
    """Where a flow run stands."""

    type: str
    name: str

    @property
    def refused(self) -> bool:
        """Whether the desk refused what was asked."""
        return self.name == "Refused"


class DeskApi:
    """The desk as its people reach it: Prefect's API at `api_url`. Raises `requests.RequestException` while away."""

    def __init__(self, api_url: str) -> None:
        self.api_url = api_url
        self._session = requests.Session()
        self._session.trust_env = False

    def start(self, action: Mapping[str, Any]) -> str:
        """Submit the form of handle-case; the id of the run that carries it out."""
        found = self._get(f"deployments/name/{DEPLOYMENT}")
        body = {"parameters": {"action": dict(action)}, "state": {"type": "SCHEDULED"}}
        return str(self._post(f"deployments/{found['id']}/create_flow_run", body)["id"])

    def states(self, run_ids: list[str]) -> dict[str, RunState]:
        """Where these runs stand."""
        if not run_ids:
            return {}
        rows = self._post("flow_runs/filter", {"flow_runs": {"id": {"any_": run_ids}}})
        return {row["id"]: RunState(row["state"]["type"], row["state"]["name"]) for row in rows if row["state"]}

    def resume(self, ticket: str, form: Mapping[str, Any]) -> bool:
        """Answer the Resume form of the follow-up of a ticket; whether one waited for it and took it."""
        paused = {"tags": {"all_": [ticket]}, "state": {"type": {"any_": ["PAUSED"]}}}
        rows = self._post("flow_runs/filter", {"flow_runs": paused})
        if not rows:
            return False
        answer = self._post(f"flow_runs/{rows[0]['id']}/resume", {"run_input": dict(form)})
        return bool(answer["status"] == "ACCEPT")

    def _get(self, path: str) -> Any:
        answer = self._session.get(f"{self.api_url}/{path}", timeout=20)
        answer.raise_for_status()
        return answer.json()

    def _post(self, path: str, body: Mapping[str, Any]) -> Any:
        answer = self._session.post(f"{self.api_url}/{path}", json=body, timeout=20)
        answer.raise_for_status()
        return answer.json()


def crew_script(folder: Path, data: Path) -> Script:
    """The script of a scenario folder for the desk whose files are in `data`; raises `ScenarioError`."""
    steps = load_hard_complaint(data / "hard_complaint.yaml").steps
    units = load_units(data / "units.yaml")
    return load_script(
        folder,
        by_phone=frozenset(unit.code for unit in units.values() if unit.channel == "email"),
        steps_to_resolve=tuple(step.code for step in steps if step.before == "resolve"),
        steps_to_close=tuple(step.code for step in steps if step.before == "close"),
    )


def roles_of(data: Path) -> dict[str, str]:
    """What each member of the desk is, by staff code."""
    with (data / "desk" / "staff.csv").open(encoding="utf-8", newline="") as rows:
        return {row["code"]: row["role"] for row in csv.DictReader(rows)}


def works(number: int, share: float) -> bool:
    """Whether the crew works the case of that number, when it works `share` of them; the rest is a person's."""
    return int(number * share + 1e-9) > int((number - 1) * share + 1e-9)


class Crew(threading.Thread):
    """Works `share` of the cases, one action every `pace` seconds at most, until `ended` is set."""

    def __init__(
        self,
        state: SandboxState,
        desk: DeskApi,
        script: Script,
        roles: Mapping[str, str],
        *,
        pace: float = 8.0,
        share: float = 2 / 3,
    ) -> None:
        super().__init__(name="crew", daemon=True)
        self.state, self.desk, self.script, self.roles = state, desk, script, roles
        self.pace, self.share = timedelta(seconds=pace), share
        self.ended = threading.Event()
        self.cases: dict[str, CaseSeen] = {}
        self._read = 0
        self._under_way: dict[str, Move] = {}
        """By flow run."""
        self._next_at = state.now()

    def run(self) -> None:
        """Work until ended; a desk that is away, or does not exist yet, is tried again."""
        while not self.ended.wait(SECONDS):
            try:
                self.turn()
            except requests.RequestException:
                continue

    def turn(self) -> None:
        """Look at what is new and what has been done, and begin the most urgent thing if it is time."""
        self._read_notices()
        self._see_what_was_done()
        now = self.state.now()
        if now < self._next_at or len(self._under_way) >= AT_ONCE:
            return
        busy = {move.case for move in self._under_way.values()}
        for case in sorted(self.cases.values(), key=lambda one: (not one.hard, bool(one.done), one.since)):
            if case.number in busy or not works(case.id, self.share):
                continue
            move = next_move(case, self.script.read(heard_from(self.state, case)), self.script, now)
            if move is not None and self._begin(case, move, now):
                self._next_at = now + self.pace
                break

    def _read_notices(self) -> None:
        with self.state.lock:
            fresh = self.state.notices[self._read :]
        self._read += len(fresh)
        for notice in fresh:
            for told in read_notice(notice):
                take_in(self.cases, told, self.roles)

    def _see_what_was_done(self) -> None:
        now = self.state.now()
        for run_id, state in self.desk.states(list(self._under_way)).items():
            if state.type not in OVER:
                continue
            move = self._under_way.pop(run_id)
            case = self.cases[move.case]
            if state.type == "COMPLETED":
                carried_out(case, move, now)
            else:
                case.alone_until = now + (self.script.leave_alone if state.refused else AFTER_FAILURE)

    def _begin(self, case: CaseSeen, move: Move, now: datetime) -> bool:
        """Begin a move; False where a ticket's run does not wait for a form just now, or the form is not taken."""
        try:
            if move.ticket is None:
                action = {"do": move.do, "case": move.case, "by": move.by, **move.form}
                self._under_way[self.desk.start(action)] = move
            elif self.desk.resume(move.ticket, move.form):
                carried_out(case, move, now)
            else:
                return False
        except requests.HTTPError:
            case.alone_until = now + AFTER_FAILURE  # the other cases must not wait for it
            return False
        return True
