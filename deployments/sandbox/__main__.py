"""`python -m deployments.sandbox --port 4300 [--speed 1.0] [--scenario data/sandbox]`: the sandbox as a process."""

from __future__ import annotations

import argparse
import sys
from contextlib import suppress
from pathlib import Path

from deployments.sandbox.scenario import DEFAULT_SCENARIO, ScenarioError, load_scenario
from deployments.sandbox.server import HOST, server_for
from deployments.sandbox.state import SandboxState
from deployments.sandbox.unit_pushes import UnitPusher
from deployments.sandbox.units import load_units_of_sandbox


def _positive(text: str) -> float:
    value = float(text)
    if value <= 0:
        raise argparse.ArgumentTypeError("speed must be greater than 0")
    return value


def main() -> int:
    """Serve until interrupted; returns the process's exit status (2: the scenario cannot be played)."""
    parser = argparse.ArgumentParser(prog="python -m deployments.sandbox", description=__doc__)
    parser.add_argument("--port", type=int, default=4300)
    parser.add_argument("--speed", type=_positive, default=1.0, help="2 plays the timeline twice as fast")
    parser.add_argument("--scenario", type=Path, default=DEFAULT_SCENARIO)
    parser.add_argument("--history", type=float, default=7200.0, help="seconds before the start already posted")
    parser.add_argument("--desk", help="the Prefect API that units push their changes to")
    asked = parser.parse_args()
    try:
        scenario = load_scenario(asked.scenario)
        state = SandboxState(scenario, speed=asked.speed, history=asked.history)
        state.units = load_units_of_sandbox(asked.scenario, state.now)
    except ScenarioError as error:
        print(error, file=sys.stderr)
        return 2
    if asked.desk:
        UnitPusher(state.units, asked.desk).start()
    print(f"Sandbox on http://{HOST}:{asked.port} (X under /x, Graph under /graph, notices at /)", flush=True)
    # uvicorn raises the interrupt again once it has shut down; here that is the ordinary end.
    with suppress(KeyboardInterrupt):
        server_for(state, asked.port).run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
