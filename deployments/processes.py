"""Starting and stopping the processes of one installation, so that none is ever left behind.

Every process inherits `CARE_STARTED_IN`, the installation's home; whatever carries it was started by us, wherever in
the tree it ended up, and `stop_all` finds it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import certifi
import psutil

MARK = "CARE_STARTED_IN"
GRACE = 10.0
"""Seconds a process has to end by itself before it is killed."""


def start(name: str, command: Sequence[str], environment: Mapping[str, str], home: Path) -> subprocess.Popen[bytes]:
    """Start a process in the background; its output goes to `logs/<name>.log` under `home`."""
    log = home / "logs" / f"{name}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        return subprocess.Popen(  # noqa: S603 (commands of our own)
            command,
            env={**environment, MARK: str(home)},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def started_in(home: Path) -> list[psutil.Process]:
    """Every living process that was started for the installation at `home`, ourselves left out."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            ours = process.pid != os.getpid() and process.status() != psutil.STATUS_ZOMBIE
            if ours and process.environ().get(MARK) == str(home):
                found.append(process)
    return found


def stop_all(home: Path, grace: float = GRACE) -> int:
    """End every process of the installation: asked first, killed after `grace` seconds. Returns how many there were."""
    processes = started_in(home)
    for process in processes:
        with suppress(psutil.Error):
            process.send_signal(signal.SIGTERM)
    psutil.wait_procs(processes, timeout=grace)
    deadline = time.monotonic() + grace
    while (left := started_in(home)) and time.monotonic() < deadline:
        for process in left:  # among them runs that were just being started
            with suppress(psutil.Error):
                process.kill()
        psutil.wait_procs(left, timeout=1)
    return len(processes)


def log_tail(home: Path, name: str, lines: int = 15) -> str:
    """The last lines a process wrote."""
    path = home / "logs" / f"{name}.log"
    return "\n".join(path.read_text("utf-8", "replace").splitlines()[-lines:]) if path.exists() else ""


def python(*arguments: str) -> list[str]:
    """A command of this installation's own Python."""
    return [sys.executable, *arguments]


def one_authority(home: Path) -> Path:
    """A file of a single certificate authority. The desk's Prefect server speaks plain HTTP to this machine only, and
    each client of it would read all of certifi's first, every one as long as several calls take."""
    end = "-----END CERTIFICATE-----"
    path = home / "prefect-authority.pem"
    home.mkdir(parents=True, exist_ok=True)
    written = path.with_suffix(".new")
    written.write_text(certifi.contents().partition(end)[0] + end + "\n", "utf-8")
    return written.replace(path)  # at once, so that a crash leaves no half file
