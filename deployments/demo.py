"""`make demo`, `python -m deployments.demo [--limit 240]`: plays a compressed day and prints what happened.

A whole installation in a temporary home, on free ports, with the desk's own data shortened to seconds; customers
answer, a scripted crew works. It ends when every case is closed, prints the cases, the counts and how quickly agents
were told, and leaves nothing behind.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from types import FrameType

from sqlalchemy import Engine

from deployments.demo_data import compressed_data, demo_scenario
from deployments.demo_story import cases_told, counts, journal_since, latency, line_of, open_cases
from deployments.processes import log_tail, stop_all
from deployments.sandbox.scenario import load_scenario
from deployments.up import HOST, Installation, StartError, bring_up
from models.database import open_engine
from tasks.settings import ROOT, Settings

LIMIT = 240.0
"""Seconds of play after which the demo ends, whatever is still open; a busy machine needs more."""
PACE = 2.0
"""Seconds between two actions of the crew."""
QUIET = 15.0
"""Seconds without any news of a case after which nobody comes back any more."""


def main() -> int:
    """Play it; returns the exit status: 0 where every case was closed in the end."""
    parser = argparse.ArgumentParser(prog="python -m deployments.demo", description=__doc__)
    parser.add_argument("--limit", type=float, default=LIMIT, help="seconds of play at most")
    limit = parser.parse_args().limit
    home = Path(tempfile.mkdtemp(prefix="care-demo-")).resolve()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    try:
        return _demo(home, limit)
    except StartError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopping ...", flush=True)
        return 130
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        stop_all(home)
        shutil.rmtree(home, ignore_errors=True)


def _demo(home: Path, limit: float) -> int:
    began = time.monotonic()
    data, scenario = home / "data", home / "scenario"
    compressed_data(ROOT / "data", data)
    demo_scenario(scenario)
    for name in [name for name in os.environ if name.startswith("CARE_")]:
        del os.environ[name]  # a desk of its own: neither the user's records nor their ports
    os.environ.update({"CARE_HOME": str(home), "CARE_DATA": str(data)})
    outside = ("--scenario", str(scenario), "--history", "0", "--people")
    crew = ("--crew", "--crew-pace", str(PACE), "--crew-share", "1")
    prefect_port, sandbox_port = _free_ports(2)
    place = Installation(home, prefect_port, sandbox_port, live=False, outside=(*outside, *crew))
    last = max(mention.at for mention in load_scenario(scenario).mentions)
    processes = bring_up(place, Settings())
    print(f"\nThe day begins, {time.monotonic() - began:.0f} s after the start. Look in at {place.ui}\n", flush=True)
    engine = open_engine(Settings().records_url)
    try:
        still_open = _play(engine, processes, place, last, limit)
        _tell(engine, still_open)
    finally:
        engine.dispose()
    print(f"\n{time.monotonic() - began:.0f} s in all.", flush=True)
    return 1 if still_open else 0


def _play(
    engine: Engine, processes: Mapping[str, subprocess.Popen[bytes]], place: Installation, last: float, limit: float
) -> list[str]:
    """Print what happens until every case is closed and all is quiet, or for `limit` seconds; what is still open then.

    `last` is when the last mention of the scenario is posted. Raises `StartError` where a process ends.
    """
    began = news = time.monotonic()
    last_id, there = 0, ["nothing has happened yet"]
    while (now := time.monotonic()) - began < limit:
        with engine.connect() as connection:
            entries = journal_since(connection, last_id)
            there = open_cases(connection) if last_id or entries else there
        for entry in entries:
            print(line_of(entry), flush=True)
            last_id, news = entry.id, now
        if now - began > last + QUIET and not there and now - news > QUIET:
            break
        for name, process in processes.items():
            if process.poll() is not None:
                raise StartError(f"{name} ended unexpectedly ({process.returncode}):\n{log_tail(place.home, name)}")
        time.sleep(0.5)
    print(f"\nPlayed for {time.monotonic() - began:.0f} s.", flush=True)
    return there


def _tell(engine: Engine, still_open: list[str]) -> None:
    with engine.connect() as connection:
        lines = ["", *cases_told(connection), "", counts(connection), latency(connection).told()]
    lines.append(f"Still open: {', '.join(still_open)}" if still_open else "Every case is closed.")
    print("\n".join(lines), flush=True)


def _free_ports(count: int) -> list[int]:
    """Ports nobody listens on; held together while they are chosen, so that they differ."""
    held = [socket.socket() for _ in range(count)]
    try:
        for one in held:
            one.bind((HOST, 0))
        return [int(one.getsockname()[1]) for one in held]
    finally:
        for one in held:
            one.close()


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    os.chdir(ROOT)
    sys.exit(main())
