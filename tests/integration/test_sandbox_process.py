"""The sandbox as a process: it serves, ends quietly when interrupted, and refuses a scenario it cannot play."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import requests


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def answers(url: str, process: subprocess.Popen[str]) -> bool:
    with requests.Session() as session:
        session.trust_env = False
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline and process.poll() is None:
            try:
                return "The sandbox" in session.get(url, timeout=5).text
            except requests.ConnectionError:
                continue
    return False


def test_it_serves_until_interrupted() -> None:
    port = free_port()
    command = [sys.executable, "-m", "deployments.sandbox", "--port", str(port), "--speed", "20"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        try:
            assert answers(f"http://127.0.0.1:{port}/", process)
            process.send_signal(signal.SIGINT)
            output = process.communicate(timeout=15)[0]
        finally:
            process.kill()
    assert process.returncode == 0
    assert "Traceback" not in output


def test_a_folder_without_a_scenario_is_refused_in_a_sentence(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "deployments.sandbox", "--scenario", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 2
    assert "watched.yaml cannot be read" in done.stderr
