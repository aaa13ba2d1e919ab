"""`make up` as its user runs it: a case in the Prefect UI within a minute, and nothing left behind afterwards."""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from deployments.processes import started_in, stop_all
from tests.servers import ROOT
from tests.support import wait_for


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Up:
    """A desk started by `python -m deployments.up`."""

    home: Path
    process: subprocess.Popen[str]
    environment: dict[str, str]
    ui: str

    def cases(self) -> int:
        with suppress(sqlite3.Error), closing(sqlite3.connect(f"file:{self.home}/care.db?mode=ro", uri=True)) as desk:
            return int(desk.execute("SELECT count(*) FROM cases WHERE status = 'assigned'").fetchone()[0])
        return 0


def answers(what: Callable[[], Any]) -> Callable[[], Any]:
    """The same, of a server that may not be there yet."""

    def asked() -> Any:
        with suppress(requests.RequestException):
            return what()

    return asked


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Up]:
    home, port = tmp_path / "care", free_port()
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PREFECT_", "CARE_"))} | {
        "CARE_HOME": str(home),
        "CARE_PREFECT_PORT": str(port),
        "CARE_SANDBOX_PORT": str(free_port()),
        "CARE_DOCS_PORT": str(free_port()),
        "PREFECT_API_URL": "http://127.0.0.1:9/api",  # a user's own Prefect, which must not be asked
    }
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "deployments.up"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    yield Up(home, process, environment, f"http://127.0.0.1:{port}")
    with suppress(ProcessLookupError):
        process.kill()
    stop_all(home, 2)


def test_cases_appear_and_ctrl_c_leaves_nothing(up: Up) -> None:
    wait_for(up.cases, 150)

    def artifacts() -> set[str]:
        rows = requests.post(f"{up.ui}/api/artifacts/latest/filter", json={}, timeout=10).json()
        return {row["key"] for row in rows} & {"intake-summary", "cases-opened"}

    wait_for(answers(lambda: len(artifacts()) == 2), 60)
    deployments = requests.post(f"{up.ui}/api/deployments/filter", json={}, timeout=10).json()
    by_name = {deployment["name"]: deployment for deployment in deployments}
    assert set(by_name) == {
        *("sandbox", "backfill", "watch-sandbox", "by-hand", "desk", "hourly", "nightly", "pic", "push", "weekly"),
    }
    assert requests.get(f"http://127.0.0.1:{up.environment['CARE_DOCS_PORT']}/", timeout=5).ok
    assert by_name["sandbox"]["global_concurrency_limit"]["limit"] == 1
    assert by_name["sandbox"]["schedules"][0]["schedule"]["interval"] == 15
    assert by_name["backfill"]["schedules"] == []
    form = str(by_name["backfill"]["parameter_openapi_schema"])
    assert "Backfill mentions posted from this moment" in form
    assert (up.home / "prefect" / "prefect.db").exists()
    second = subprocess.run(
        [sys.executable, "-m", "deployments.up"],
        cwd=ROOT,
        env=up.environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert second.returncode == 1
    assert "is running already" in second.stderr
    assert started_in(up.home)
    up.process.send_signal(signal.SIGINT)
    said, _ = up.process.communicate(timeout=60)
    assert up.process.returncode == 0, said
    assert "Cases appear within a minute" in said
    assert started_in(up.home) == []


def test_make_down_finds_what_a_killed_make_up_left(up: Up) -> None:
    wait_for(answers(lambda: requests.get(f"{up.ui}/api/health", timeout=5).ok), 120)
    up.process.kill()
    up.process.wait()
    assert started_in(up.home)
    down = [sys.executable, "-m", "deployments.down"]
    said = subprocess.run(down, cwd=ROOT, env=up.environment, capture_output=True, text=True, timeout=60)
    assert said.returncode == 0, said.stderr
    assert started_in(up.home) == []


def test_a_taken_port_is_said(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        environment = {**os.environ, "CARE_HOME": str(tmp_path), "CARE_PREFECT_PORT": str(taken.getsockname()[1])}
        said = subprocess.run(
            [sys.executable, "-m", "deployments.up"],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert said.returncode == 1
    assert "Set CARE_PREFECT_PORT to a free one" in said.stderr


def test_wrong_data_is_said_before_anything_starts(tmp_path: Path) -> None:
    environment = {**os.environ, "CARE_HOME": str(tmp_path / "home"), "CARE_DATA": str(tmp_path)}
    said = subprocess.run(
        [sys.executable, "-m", "deployments.seed", "--check"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert said.returncode == 1
    for name in (
        "work_instruction.yaml",
        "units.yaml",
        "lexicons",
        "records.yaml",
        "kpis.yaml",
        "reference_words.yaml",
    ):
        assert name in said.stderr
