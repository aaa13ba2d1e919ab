"""The shipped automations on a real Prefect server: it fires them itself, their notices reach the sandbox's sink."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from uuid import uuid4

import pytest
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import Flow, State
from prefect.events.schemas.automations import Automation, EventTrigger
from prefect.states import Completed, Crashed, Failed

from deployments import automations
from deployments.automations import FAILS_TWICE, NIGHT, NO_INTAKE, OPERATOR, SUPERVISOR
from deployments.processes import python
from flows.intake_mentions import intake_mentions
from tests.conftest import Desk
from tests.servers import ROOT
from tests.support import wait_for

Ends = Callable[[str, str], None]


def shipped() -> list[Automation]:
    with get_client(sync_client=True) as prefect:
        return [one for one in prefect.read_automations() if one.name in {NO_INTAKE, FAILS_TWICE, NIGHT}]


def forget() -> None:
    with get_client(sync_client=True) as prefect:
        for one in shipped():
            prefect.delete_automation(one.id)
        for name in (SUPERVISOR, OPERATOR):
            for block in automations.notification_blocks(name):
                prefect.delete_block_document(block)


@pytest.fixture
def watched(desk: Desk) -> Iterator[Desk]:
    """A desk on whose Prefect server no automation of an earlier test is left, and none of this one afterwards."""
    forget()
    yield desk
    forget()


@pytest.fixture
def flow_named() -> Flow:
    """A flow of this test alone, known to the server."""
    name = f"test-{uuid4().hex[:8]}"
    with get_client(sync_client=True) as prefect:
        prefect.create_flow_from_name(name)
        return prefect.read_flow_by_name(name)


@pytest.fixture
def ends(watched: Desk, flow_named: Flow) -> Ends:
    """Watches that flow, and runs it: `ends(run's name, how it ends)`."""
    automations.fill_for_sandbox(watched.sandbox.url)
    blocks = automations.notification_blocks(OPERATOR)
    automations.save(automations.tell_of_failures(blocks, ["some-other-flow", flow_named.name]))
    automations.wait_until_taken_up()
    automations.say_started([flow_named])

    @flow(name=flow_named.name)
    def run(how: str) -> State[None] | None:
        match how:
            case "raises":
                raise RuntimeError("secret: kata pelanggan")
            case "crashes":
                return Crashed(message="gone")
            case "is refused":
                return Failed(name="Refused", message="not yours")
        return None

    def ends(name: str, how: str) -> None:
        run.with_options(flow_run_name=name)(how, return_state=True)

    return ends


def told(desk: Desk, recipient: str) -> list[str]:
    return [notice.message for notice in desk.sandbox.state.notices if notice.recipient == recipient]


def test_a_flow_that_fails_twice_in_a_row_is_told_once(watched: Desk, flow_named: Flow, ends: Ends) -> None:
    ends("first", "raises")
    ends("second", "crashes")
    wait_for(lambda: told(watched, "operator"), 40)
    for number, how in enumerate(("raises", "raises", "completes", "raises", "raises")):
        ends(f"later {number}", how)
    wait_for(lambda: len(told(watched, "operator")) > 1, 40)
    first, later = [notice for notice in watched.sandbox.state.notices if notice.recipient == "operator"]
    assert first.title == f"{FAILS_TWICE}: {flow_named.name}"
    assert "The latest is second, Crashed: http" in first.message
    assert "The latest is later 4, Failed: http" in later.message
    assert "kata pelanggan" not in first.message + later.message


def test_a_completed_run_ends_the_row_and_a_refused_one_is_no_failure(watched: Desk, ends: Ends) -> None:
    for number, how in enumerate(
        ["is refused", "is refused", "completes", "raises", "completes", "completes", "raises", "is refused",
         "completes", "raises", "completes", "is refused", "raises", "is refused", "raises"]
    ):  # fmt: skip
        ends(f"run {number}", how)
    wait_for(lambda: told(watched, "operator"), 40)
    (only,) = told(watched, "operator")
    assert "The latest is run 14, Failed" in only


def test_no_intake_is_told_and_only_when_there_is_none(watched: Desk) -> None:
    within = timedelta(seconds=10)
    automations.fill_for_sandbox(watched.sandbox.url)
    automations.save(automations.tell_of_no_intake(automations.notification_blocks(SUPERVISOR), within))
    automations.wait_until_taken_up()
    begun = time.monotonic()
    while time.monotonic() < begun + 1.5 * within.total_seconds():
        intake_mentions()
        completed = time.monotonic()
        assert told(watched, "S01") == []
    wait_for(lambda: told(watched, "S01"), 40)
    assert time.monotonic() - completed > within.total_seconds() - 1
    assert time.monotonic() - completed < within.total_seconds() + 20
    assert "No run of intake-mentions has completed for 10 s" in told(watched, "S01")[0]


def test_a_desk_whose_intake_never_runs_is_told_of_too(watched: Desk) -> None:
    automations.fill_for_sandbox(watched.sandbox.url)
    blocks = automations.notification_blocks(SUPERVISOR)
    automations.save(automations.tell_of_no_intake(blocks, timedelta(seconds=10)))
    automations.wait_until_taken_up()
    with get_client(sync_client=True) as prefect:
        prefect.create_flow_from_name(automations.INTAKE)
        automations.say_started([prefect.read_flow_by_name(automations.INTAKE)])
    wait_for(lambda: told(watched, "S01"), 40)


def test_a_night_that_was_refused_or_broken_is_told_each_time(watched: Desk, flow_named: Flow) -> None:
    automations.fill_for_sandbox(watched.sandbox.url)
    with get_client(sync_client=True) as prefect:
        nightly = prefect.create_deployment(flow_named.id, f"night-{flow_named.name}")
        by_day = prefect.create_deployment(flow_named.id, "desk")
        automations.save(
            automations.tell_of_the_night(automations.notification_blocks(OPERATOR), f"night-{flow_named.name}")
        )
        automations.wait_until_taken_up()
        for deployment, name in ((by_day, "Refused"), (nightly, "Refused"), (nightly, "Broken")):
            run = prefect.create_flow_run_from_deployment(deployment, name=f"{name} run")
            prefect.set_flow_run_state(run.id, Failed(name=name, message="secret: kata pelanggan"), force=True)
        prefect.set_flow_run_state(prefect.create_flow_run_from_deployment(nightly).id, Completed(), force=True)
    wait_for(lambda: len(told(watched, "operator")) >= 2, 40)
    first, second = told(watched, "operator")
    assert first.startswith(f"Refused run of {flow_named.name} ended Refused: http")
    assert second.startswith(f"Broken run of {flow_named.name} ended Broken: http")


def test_started_again_there_is_one_of_each_and_what_is_missing_is_said(watched: Desk, flow_named: Flow) -> None:
    with get_client(sync_client=True) as prefect:
        deployed = prefect.create_deployment(flow_named.id, "test", tags=["care"])
    try:
        said = start_automations(watched)
        assert [line.split(":")[0] for line in said.splitlines()] == [
            f'automation "{NO_INTAKE}" is left out',
            f'automation "{NIGHT}" is left out',
            f'automation "{FAILS_TWICE}" is left out',
        ]
        assert "block named desk-supervisor" in said
        assert "block named desk-operator" in said
        assert shipped() == []
        assert start_automations(watched, "--sandbox") == ""
        first = {one.name: one for one in shipped()}
        trigger = first[NO_INTAKE].trigger
        assert isinstance(trigger, EventTrigger)
        assert (trigger.posture, trigger.within, trigger.expect) == (
            "Proactive", timedelta(minutes=5), {"prefect.flow-run.Completed"},
        )  # fmt: skip
        assert flow_named.name in first[FAILS_TWICE].description
        with get_client(sync_client=True) as prefect:
            prefect.pause_automation(first[NO_INTAKE].id)
        assert start_automations(watched) == ""
        again = {one.name: one for one in shipped()}
        assert {one.id for one in again.values()} == {one.id for one in first.values()}
        assert (again[NO_INTAKE].enabled, again[FAILS_TWICE].enabled) == (False, True)
        assert again[NO_INTAKE].actions == first[NO_INTAKE].actions
    finally:
        with get_client(sync_client=True) as prefect:
            prefect.delete_deployment(deployed)


def start_automations(desk: Desk, *arguments: str) -> str:
    """Run the module as make up does; what it said."""
    command = python("-W", "ignore", "-m", "deployments.automations", *arguments)
    done = subprocess.run(command, cwd=ROOT, env=desk.environment(), capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout
