"""Everything that is deployed: listed, importable, explained, never twice at once."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import pytest
import yaml
from prefect import Flow

from deployments.up import Installation
from tasks.settings import ROOT

DEPLOYMENTS: list[dict[str, Any]] = yaml.safe_load((ROOT / "prefect.yaml").read_text("utf-8"))["deployments"]
PARAMETERS: dict[str, dict[str, Any]] = {
    "handle_case/desk": {"action": {"do": "accept", "case": "C-000012", "by": "A01"}},
    "follow_up_ticket/pic": {"request": {"case": "C-000012", "unit": "network"}},
    "receive_unit_update/push": {"unit": "network", "body": "{}", "timestamp": 1, "signature": "sha256="},
    "score_quality/desk": {"scoring": {"case": "C-000012", "score": 90, "by": "TL1"}},
    "explain_case/desk": {"case": "C-000012"},
    "explain_recognition/desk": {"what": {"do": "text", "text": "wifi mati"}},
    "hold_case/desk": {"hold": {"do": "place", "case": "C-000012", "by": "S01", "reason": "Sengketa"}},
    "answer_data_request/desk": {"request": {"do": "access", "account": "K-000012", "by": "S01"}},
    "review_account/desk": {
        "review": {"do": "decide_regular", "account": "K-000012", "by": "TL1", "regular_because": "x"}
    },
    "review_quarantine/desk": {"decision": {"do": "drop", "row": "Q-000007", "by": "TL1", "drop_because": "x"}},
    "load_reference_data/by-hand": {"request": {"do": "load one file", "file": "registry.csv"}},
}
"""What a person or a unit has to give."""


def flow_of(entrypoint: str) -> Flow[..., Any]:
    module, _, name = entrypoint.rpartition(".")
    found = getattr(import_module(module), name)
    assert isinstance(found, Flow)
    return found


def name_of(deployment: Mapping[str, Any]) -> str:
    """`handle_case/desk`."""
    return f"{deployment['entrypoint'].split('.')[1]}/{deployment['name']}"


@pytest.mark.parametrize("deployment", DEPLOYMENTS, ids=name_of)
def test_what_is_deployed_can_run(deployment: Mapping[str, Any]) -> None:
    flow = flow_of(deployment["entrypoint"])
    flow.validate_parameters(deployment.get("parameters") or PARAMETERS.get(name_of(deployment), {}))
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
    seconds = {one["name"]: [s["interval"] for s in one["schedules"] if "interval" in s] for one in DEPLOYMENTS}
    assert {name: of for name, of in seconds.items() if of} == {
        **{"live": [60], "sandbox": [15]},
        **{"watch": [60], "watch-sandbox": [15]},
    }
    nightly = {name_of(one): one["schedules"][0]["cron"] for one in DEPLOYMENTS if one["name"] == "nightly"}
    assert len(set(nightly.values())) == len(nightly)  # one after the other


def test_make_up_and_make_live_deploy_everything_between_them() -> None:
    names = {name for live in (True, False) for name in Installation(ROOT, 1, 2, live).deployments}
    assert names == {one["name"] for one in DEPLOYMENTS}
