"""`python -m deployments.sandbox --port 4300 [--speed 1.0] [--scenario data/sandbox]`: the sandbox as a process.

With `--people` its customers answer the desk; with `--crew` (and `--desk`) a scripted crew works at the desk.
"""

from __future__ import annotations

import argparse
import sys
from contextlib import suppress
from pathlib import Path
from threading import Thread

from deployments.sandbox.crew import Crew, DeskApi, crew_script, roles_of
from deployments.sandbox.customers import Customers, load_people
from deployments.sandbox.scenario import DEFAULT_SCENARIO, ScenarioError, load_scenario
from deployments.sandbox.server import HOST, server_for
from deployments.sandbox.state import SandboxState
from deployments.sandbox.unit_pushes import UnitPusher
from deployments.sandbox.units import load_units_of_sandbox
from models.hard_complaint import HardComplaintError
from models.units import UnitsError
from tasks.settings import Settings


def _positive(text: str) -> float:
    value = float(text)
    if value <= 0:
        raise argparse.ArgumentTypeError("speed must be greater than 0")
    return value


def _share(text: str) -> float:
    value = float(text)
    if not 0 < value <= 1:
        raise argparse.ArgumentTypeError("the share must be greater than 0 and at most 1")
    return value


def main() -> int:
    """Serve until interrupted; returns the process's exit status (2: the scenario cannot be played)."""
    asked = _arguments()
    try:
        scenario = load_scenario(asked.scenario)
        state = SandboxState(scenario, speed=asked.speed, history=asked.history)
        state.units = load_units_of_sandbox(asked.scenario, state.now)
        threads = _threads(asked, state)
    except (ScenarioError, UnitsError, HardComplaintError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    for thread in threads:
        thread.start()
    print(f"Sandbox on http://{HOST}:{asked.port} (X under /x, Graph under /graph, notices at /)", flush=True)
    # uvicorn raises the interrupt again once it has shut down; here that is the ordinary end.
    with suppress(KeyboardInterrupt):
        server_for(state, asked.port).run()
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m deployments.sandbox", description=__doc__)
    parser.add_argument("--port", type=int, default=4300)
    parser.add_argument("--speed", type=_positive, default=1.0, help="2 plays the timeline twice as fast")
    parser.add_argument("--scenario", type=Path, default=DEFAULT_SCENARIO)
    parser.add_argument("--history", type=float, default=7200.0, help="seconds before the start already posted")
    parser.add_argument("--desk", help="the Prefect API that units push their changes to, and the crew works at")
    parser.add_argument("--people", action="store_true", help="customers answer what the desk writes to them")
    parser.add_argument("--crew", action="store_true", help="a scripted crew works the cases; needs --desk")
    parser.add_argument("--crew-pace", type=_positive, default=12.0, help="seconds between two of its actions")
    parser.add_argument("--crew-share", type=_share, default=2 / 3, help="the share of the cases that it works")
    asked = parser.parse_args()
    if asked.crew and not asked.desk:
        parser.error("--crew works at a desk: give --desk")
    return asked


def _threads(asked: argparse.Namespace, state: SandboxState) -> list[Thread]:
    """Who does something by themselves in this sandbox."""
    threads: list[Thread] = [UnitPusher(state.units, asked.desk)] if asked.desk else []
    if asked.people:
        threads.append(Customers(state, load_people(asked.scenario)))
    if asked.crew:
        data = Settings().data
        script, roles = crew_script(asked.scenario, data), roles_of(data)
        threads.append(Crew(state, DeskApi(asked.desk), script, roles, pace=asked.crew_pace, share=asked.crew_share))
    return threads


if __name__ == "__main__":
    sys.exit(main())
