"""`make up`: starts the whole desk on this machine and stays until Ctrl-C.

Records migrated and seeded, Prefect server, sandbox, deployments from prefect.yaml, worker. `--live` leaves the
sandbox out and talks to the real X and Facebook with the credentials in Prefect's blocks.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from shlex import quote as quote_word
from types import FrameType
from urllib.parse import quote

from deployments.processes import log_tail, one_authority, python, start, started_in, stop_all
from deployments.seed import ReferenceFileError, check, seed
from models.revisions import RevisionRefused
from tasks.settings import ROOT, Settings

START_SECONDS = 120
FOLLOW_UPS_AT_ONCE = 8
"""Processes of follow-ups that run at the same time; intake and the monitor never wait behind them."""
HOST = "127.0.0.1"


class StartError(Exception):
    """Something kept the desk from starting; the message says what and what to do."""


def one_connection(database: Path) -> str:
    """The URL by which Prefect's server opens a SQLite file with one connection instead of fifteen (decision 0007)."""
    return f"sqlite+aiosqlite:///file:{quote(str(database))}?uri=true&connections=:memory:"


@dataclass(frozen=True, slots=True)
class Installation:
    """Where everything of this checkout lives and listens."""

    home: Path
    prefect_port: int
    sandbox_port: int
    live: bool
    outside: tuple[str, ...] = ()
    """Further arguments of the sandbox: who acts in it by themselves, what it plays."""
    docs_port: int = 0
    """Where the pages in `home/docs` are served; 0: nowhere."""

    @property
    def ui(self) -> str:
        """The Prefect UI's address."""
        return f"http://{HOST}:{self.prefect_port}"

    @property
    def sandbox(self) -> str:
        """The sandbox's address."""
        return f"http://{HOST}:{self.sandbox_port}"

    @property
    def deployments(self) -> tuple[str, ...]:
        """What is deployed: the schedules that fit, and what is started by hand or by a unit."""
        scheduled = ("live", "watch") if self.live else ("sandbox", "watch-sandbox")
        return (*scheduled, "backfill", "by-hand", "desk", "hourly", "nightly", "pic", "push", "weekly")

    def environment(self) -> dict[str, str]:
        """The environment of every process: the user's own, without their Prefect, and this installation's.

        Leaves the one certificate authority that Prefect's clients read in `home`.
        """
        kept = {key: value for key, value in os.environ.items() if not key.startswith("PREFECT_")}
        ours = {
            "CARE_HOME": str(self.home),
            "CARE_UI_URL": self.ui,
            "CARE_DOCS_URL": f"http://{HOST}:{self.docs_port}",
            "PREFECT_HOME": str(self.home / "prefect"),
            "PREFECT_API_URL": f"{self.ui}/api",
            "PREFECT_API_SSL_CERT_FILE": str(one_authority(self.home)),
            "PREFECT_SERVER_DATABASE_CONNECTION_URL": one_connection(self.home / "prefect" / "prefect.db"),
            "PREFECT_SERVER_API_HOST": HOST,
            "PREFECT_SERVER_API_PORT": str(self.prefect_port),
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
            "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect.server.concurrency.lease_storage.filesystem",
            "PREFECT_WORKER_QUERY_SECONDS": "2",
            # A run is made ready so long before it is due, and cancelled then if the one before it still runs.
            "PREFECT_WORKER_PREFETCH_SECONDS": "4",
            "PREFECT_CLI_PROMPT": "false",
            "DO_NOT_TRACK": "1",
            "PYTHONUNBUFFERED": "1",
        }
        if not self.live:
            ours |= {
                "CARE_SANDBOX_URL": self.sandbox,
                "CARE_X_BASE_URL": f"{self.sandbox}/x",
                "CARE_FACEBOOK_BASE_URL": f"{self.sandbox}/graph/v25.0",
            }
        return kept | ours


def main() -> int:
    """Run the desk until interrupted; returns the exit status."""
    settings = Settings()
    home, live = settings.home.resolve(), "--live" in sys.argv
    ports = _port("PREFECT", 4200), _port("SANDBOX", 4300)
    place = Installation(home, *ports, live, _people_and_crew(), _port("DOCS", 4400))
    try:
        _refuse_a_second_start(place)
    except StartError as error:
        print(error, file=sys.stderr)
        return 1
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    status = 0
    try:
        processes = bring_up(place, settings)
        print(_where_to_look(place), flush=True)
        status = _watch(processes, place)
    except StartError as error:
        print(f"\n{error}", file=sys.stderr)
        status = 1
    except KeyboardInterrupt:
        print("\nStopping ...", flush=True)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    stop_all(place.home)
    return status


def bring_up(place: Installation, settings: Settings) -> dict[str, subprocess.Popen[bytes]]:
    """Start everything in order, each step waiting for what it needs. Raises `StartError`."""
    wrong = check(settings)
    if wrong:
        raise StartError("\n".join(wrong))
    environment = place.environment()
    _say("records", settings.records_url if settings.database_url == "" else "the database of CARE_DATABASE_URL")
    try:
        seed(settings)
    except (ReferenceFileError, RevisionRefused) as error:
        raise StartError(str(error)) from error
    processes = {
        "prefect": start("prefect", python("-m", "prefect", "server", "start"), environment, place.home),
    }
    _say("Prefect server", place.ui)
    wait_for_answer(f"{place.ui}/api/health", "prefect", processes, place.home)
    _deploy(place, environment)
    if place.docs_port:
        docs = place.home / "docs"
        docs.mkdir(parents=True, exist_ok=True)
        serve = python("-m", "http.server", str(place.docs_port), "--bind", HOST, "--directory", str(docs))
        processes["docs"] = start("docs", serve, environment, place.home)
    if not place.live:  # last, so that what it plays finds a desk
        sandbox = python("-m", "deployments.sandbox", "--port", str(place.sandbox_port), "--desk", f"{place.ui}/api")
        processes["sandbox"] = start("sandbox", [*sandbox, *place.outside], environment, place.home)
        wait_for_answer(f"{place.sandbox}/notices", "sandbox", processes, place.home)
    worker = python("-m", "prefect", "--no-prompt", "worker", "start", "--pool", "desk", "--type", "process")
    processes["worker"] = start("worker", [*worker, "--name", "desk-worker"], environment, place.home)
    return processes


def _deploy(place: Installation, environment: Mapping[str, str]) -> None:
    """Bring blocks, work pool, deployments and automations to a Prefect server that answers."""
    _say("blocks, work pool and deployments", ", ".join(place.deployments))
    sandboxed = () if place.live else ("--sandbox",)
    _run("blocks", python("-m", "deployments.blocks", *sandboxed), environment, place)
    prefect = python("-m", "prefect", "--no-prompt")
    _run("work-pool", [*prefect, *create_pool(place.home)], environment, place)
    named = [part for name in place.deployments for part in ("--name", name)]
    _run("deploy", [*prefect, "deploy", *named], environment, place)
    limit = [*prefect, "work-queue", "set-concurrency-limit", "follow-ups", str(FOLLOW_UPS_AT_ONCE), "--pool", "desk"]
    _run("work-queue", limit, environment, place)
    _run("leftovers", python("-m", "deployments.leftovers"), environment, place)
    said = _run("automations", python("-m", "deployments.automations", *sandboxed), environment, place)
    for line in said.splitlines():
        if line.startswith("automation "):  # what is left out, and which block it takes
            print(line, flush=True)


def create_pool(home: Path) -> list[str]:
    """Arguments of Prefect's command that create the desk's pool of processes; its template is left in `home`.

    Without a command of its own the worker starts a second process for each run, which prepares a workspace that
    nothing here needs, at a quarter of what a run costs.
    """
    from prefect.workers.process import ProcessWorker

    template = deepcopy(ProcessWorker.get_default_base_job_template())
    template["variables"]["properties"]["command"]["default"] = f"{quote_word(sys.executable)} -m prefect.engine"
    path = home / "work-pool.json"
    path.write_text(json.dumps(template), "utf-8")
    return ["work-pool", "create", "desk", "--type", "process", "--base-job-template", str(path), "--overwrite"]


def _people_and_crew() -> tuple[str, ...]:
    """Customers who answer, and the scripted crew unless CARE_SANDBOX_CREW is off."""
    return ("--people",) if os.environ.get("CARE_SANDBOX_CREW", "").lower() == "off" else ("--people", "--crew")


def _where_to_look(place: Installation) -> str:
    lines = [
        "",
        "The desk is running. Cases appear within a minute.",
        f"  What came in      {place.ui}/artifacts/key/intake-summary",
        f"  Live board        {place.ui}/artifacts/key/live-board",
        f"  Cases opened      {place.ui}/artifacts/key/cases-opened",
        f"  Follow-ups        {place.ui}/artifacts/key/follow-ups",
        f"  KPIs              {place.ui}/artifacts/key/kpis, every hour and by report-kpis/by-hand",
        f"  Runs              {place.ui}/runs",
    ]
    if not place.live:
        lines.append(f"  Notices to staff  {place.sandbox}")
        crew = "works two cases of three, the third is yours; CARE_SANDBOX_CREW=off makes all of them yours"
        lines.append(f"  Scripted crew     {crew if '--crew' in place.outside else 'off (CARE_SANDBOX_CREW)'}")
    lines += [f"  Logs              {place.home / 'logs'}", "Ctrl-C, or make down from elsewhere, stops everything."]
    return "\n".join(lines)


def _port(name: str, default: int) -> int:
    variable = f"CARE_{name}_PORT"
    given = os.environ.get(variable, str(default))
    if not (given.isascii() and given.isdigit() and 1024 <= int(given) <= 65535):
        raise SystemExit(f"{variable}: {given!r} is no port; give a number from 1024 to 65535")
    return int(given)


def _refuse_a_second_start(place: Installation) -> None:
    if started_in(place.home):
        raise StartError(f"The desk of {place.home} is running already. make down stops it.")
    ports = {"CARE_PREFECT_PORT": place.prefect_port, "CARE_DOCS_PORT": place.docs_port}
    if not place.live:
        ports["CARE_SANDBOX_PORT"] = place.sandbox_port
    for variable, port in ports.items():
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                raise StartError(f"Port {port} is taken. Set {variable} to a free one.") from None


def wait_for_answer(url: str, name: str, processes: Mapping[str, subprocess.Popen[bytes]], home: Path) -> None:
    """Wait until `url` answers. Raises `StartError` with the end of the log where process `name` ends before."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if processes[name].poll() is not None:
            raise StartError(f"{name} ended while starting:\n{log_tail(home, name)}")
        try:
            with urllib.request.urlopen(url, timeout=2):  # noqa: S310 (our own loopback address)
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise StartError(f"{name} did not answer within {START_SECONDS} s:\n{log_tail(home, name)}")


def _run(name: str, command: list[str], environment: Mapping[str, str], place: Installation) -> str:
    """Run a step to its end; what it said. Raises `StartError` where it fails."""
    log = place.home / "logs" / f"{name}.log"
    before = log.stat().st_size if log.exists() else 0
    process = start(name, command, environment, place.home)
    if process.wait(timeout=START_SECONDS) != 0:
        raise StartError(f"{name} failed:\n{log_tail(place.home, name)}")
    return log.read_bytes()[before:].decode("utf-8", "replace")


def _watch(processes: Mapping[str, subprocess.Popen[bytes]], place: Installation) -> int:
    """Stay until a process ends that should not; returns 1 then."""
    while True:
        for name, process in processes.items():
            if process.poll() is not None:
                tail = log_tail(place.home, name)
                print(f"\n{name} ended unexpectedly ({process.returncode}):\n{tail}", file=sys.stderr, flush=True)
                return 1
        time.sleep(0.5)


def _say(what: str, where: str) -> None:
    print(f"{what:>34}  {where}", flush=True)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    os.chdir(ROOT)
    sys.exit(main())
