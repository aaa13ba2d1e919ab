"""Everything that is deployed: listed, importable, explained, never twice at once."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import pytest
import yaml
from prefect import Flow

from tasks.settings import ROOT

DEPLOYMENTS: list[dict[str, Any]] = yaml.safe_load((ROOT / "prefect.yaml").read_text("utf-8"))["deployments"]
PARAMETERS: dict[str, dict[str, Any]] = {
    "desk": {"action": {"do": "accept", "case": "C-000012", "by": "A01"}},
    "pic": {"request": {"case": "C-000012", "unit": "network"}},
    "push": {"unit": "network", "body": "{}", "timestamp": 1, "signature": "sha256="},
}
"""What a person or a unit has to give."""


def flow_of(entrypoint: str) -> Flow[..., Any]:
    module, _, name = entrypoint.rpartition(".")
    found = getattr(import_module(module), name)
    assert isinstance(found, Flow)
    return found


@pytest.mark.parametrize("deployment", DEPLOYMENTS, ids=lambda deployment: deployment["name"])
def test_what_is_deployed_can_run(deployment: Mapping[str, Any]) -> None:
    flow = flow_of(deployment["entrypoint"])
    flow.validate_parameters(PARAMETERS.get(deployment["name"], {}))
    if deployment["schedules"] or "intake" in deployment["tags"]:
        assert deployment["concurrency_limit"] == {"limit": 1, "collision_strategy": "CANCEL_NEW"}
    assert deployment["work_pool"]["name"] == "desk"


def test_every_flow_is_deployed_and_has_its_manual() -> None:
    files = {path.stem for path in (ROOT / "flows").glob("*.py")} - {"__init__"}
    deployed = {deployment["entrypoint"].split(".")[1] for deployment in DEPLOYMENTS}
    assert deployed == files
    for deployment in DEPLOYMENTS:
        flow = flow_of(deployment["entrypoint"])
        assert flow.name.replace("-", "_") == deployment["entrypoint"].split(".")[1]
        for part in ("**Trigger.**", "**What it does.**", "**What it leaves.**", "**What may go wrong.**", "Clauses:"):
            assert part in (flow.description or "")


def test_schedules_are_as_designed() -> None:
    seconds = {one["name"]: [schedule["interval"] for schedule in one["schedules"]] for one in DEPLOYMENTS}
    assert seconds == {
        **{"live": [60], "sandbox": [15], "backfill": []},
        **{"watch": [60], "watch-sandbox": [15], "desk": [], "pic": [], "push": []},
    }
