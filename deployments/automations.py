"""The automations that come with the desk: `python -m deployments.automations [--sandbox]`, after deploying.

Prefect's server itself watches and tells, so that a dead worker is noticed too. Its own automations are found by name
and brought up to date; others are left alone, and one that somebody has paused stays paused.

**No intake for five minutes** tells the supervisor. Counted from the last run of `intake-mentions` that completed, or,
where there is none, from the first sign of one or the desk's start. Told again every five minutes while it lasts.

**A flow fails twice in a row** tells the operator, once for each row of failures. Failed, Crashed and TimedOut are
failures; a completed run of the same flow ends the row; anything else (Cancelled, Refused) neither counts nor ends it.
**A nightly run needs a person** tells the operator, each time: a deployment named `nightly` ended Failed, Crashed or
TimedOut, Refused (reference files that cannot be taken over) or Broken (the journal).

Prefect's triggers count events and cannot forget, so the row is a sequence for each flow of its own: a completed run
(or the desk's start), the first failure since, a further run beginning, another failure. Of runs of a flow that are
under way at the same time, failures that come without a run beginning between them may be told one or two late.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID, uuid4

from prefect.blocks.notifications import CustomWebhookNotificationBlock
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterTags
from prefect.client.schemas.objects import Flow
from prefect.events import Event
from prefect.events.actions import DoNothing, SendNotification
from prefect.events.schemas.automations import (
    AutomationCore,
    CompoundTrigger,
    EventTrigger,
    Posture,
    SequenceTrigger,
)

from tasks.settings import Settings

NO_INTAKE = "No intake for five minutes"
FAILS_TWICE = "A flow fails twice in a row"
NIGHT = "A nightly run needs a person"
NIGHTLY = "nightly"
SUPERVISOR = "desk-supervisor"
OPERATOR = "desk-operator"
INTAKE = "intake-mentions"
WITHIN = timedelta(minutes=5)
COMPLETED = "prefect.flow-run.Completed"
FAILURES = {"prefect.flow-run.Failed", "prefect.flow-run.Crashed", "prefect.flow-run.TimedOut"}
"""Prefect names the event after the state's name, so a run ending in a FAILED state named Refused is not among them."""
NEEDS_A_PERSON = {*FAILURES, "prefect.flow-run.Refused", "prefect.flow-run.Broken"}
BEGINNINGS = {"prefect.flow-run.Pending", "prefect.flow-run.Running"}
STARTED = "care.desk.started"
"""The desk's own event: from here on is counted, whatever was before."""
FOR_EVER = timedelta(days=3650)
TAKEN_UP_WITHIN, CALLED_EVERY = 60.0, 0.2
"""Seconds a Prefect server has to take up a changed automation, and between two calls that ask whether it has."""
ANSWERED = "prefect.automation.action.triggered"
"""What Prefect says when an automation does what it is for."""
AT_ONCE = 200


def no_intake(within: timedelta = WITHIN, flow: str = INTAKE) -> EventTrigger:
    """Fires when no run of `flow` has completed for `within` (Prefect takes 10 s and more).

    That a completed run is both what is waited for and what it is waited after makes Prefect begin anew with each:
    without `after` it counts in fixed stretches of time, and would tell up to three times `within` late.
    """
    return EventTrigger(
        match_related=_of(flow),
        after={"prefect.flow-run.*", STARTED},
        expect={COMPLETED},
        posture=Posture.Proactive,
        threshold=1,
        within=within,
    )


def fails_twice(flows: Sequence[str]) -> CompoundTrigger:
    """Fires when two runs of any of these flows have failed with none completed in between."""
    return CompoundTrigger(require="any", within=None, triggers=[_twice(flow) for flow in flows])


def _twice(flow: str) -> SequenceTrigger:
    """Prefect compares when each part has fired last; all four are forgotten when it fires.

    Two runs with a completed one between them leave the first failure before the completion, which is another order.
    """
    return SequenceTrigger(
        within=None,
        triggers=[
            _each(flow, {COMPLETED, STARTED}),
            # Opened by a completion, fires at the first failure after it and not at the second: that one only opens it.
            EventTrigger(
                match_related=_of(flow), after={COMPLETED, STARTED, *FAILURES}, expect=FAILURES, within=FOR_EVER
            ),
            _each(flow, BEGINNINGS),
            _each(flow, FAILURES),
        ],
    )


def _each(flow: str, events: set[str]) -> EventTrigger:
    """Fires at every one of these events of a flow."""
    return EventTrigger(match_related=_of(flow), expect=events, within=timedelta(0))


def _of(flow: str) -> dict[str, str | list[str]]:
    return {"prefect.resource.role": "flow", "prefect.resource.name": flow}


def tell_of_no_intake(blocks: Sequence[UUID], within: timedelta = WITHIN) -> AutomationCore:
    """The automation of a desk that no longer takes in mentions."""
    seconds = int(within.total_seconds())
    body = f"No run of {INTAKE} has completed for {seconds} s: mentions are not taken in. Told again until one has."
    return AutomationCore(
        name=NO_INTAKE,
        description=(
            f"No run of {INTAKE} has completed for {seconds} s since the last one that did, or, where there is none, "
            "since the first sign of one or the desk's start. Told again and again while runs are tried or late."
        ),
        tags=["care"],
        trigger=no_intake(within),
        actions=[SendNotification(block_document_id=block, subject=NO_INTAKE, body=body) for block in blocks],
    )


def tell_of_failures(blocks: Sequence[UUID], flows: Sequence[str]) -> AutomationCore:
    """The automation of flows that fail. The notice has no state's message: an exception may quote anything."""
    subject = f"{FAILS_TWICE}: {{{{ flow.name }}}}"
    body = (
        "Two runs of {{ flow.name }} failed with none completed in between. "
        "The latest is {{ flow_run.name }}, {{ flow_run.state.name }}: {{ flow_run|ui_url }}"
    )
    return AutomationCore(
        name=FAILS_TWICE,
        description=(
            "Two runs of one flow ended Failed, Crashed or TimedOut with none completed in between; told once until "
            "one completes. Cancelled and Refused runs neither count nor end the row. Failures of runs under way at "
            f"the same time may be told one or two late. Watches: {', '.join(flows)}."
        ),
        tags=["care"],
        trigger=fails_twice(flows),
        actions=[SendNotification(block_document_id=block, subject=subject, body=body) for block in blocks],
    )


def tell_of_the_night(blocks: Sequence[UUID], deployment: str = NIGHTLY) -> AutomationCore:
    """The automation of what runs at night, when nobody sees it end."""
    subject = f"{NIGHT}: {{{{ flow.name }}}}"
    body = "{{ flow_run.name }} of {{ flow.name }} ended {{ flow_run.state.name }}: {{ flow_run|ui_url }}"
    return AutomationCore(
        name=NIGHT,
        description=f"A run of a deployment named {deployment} ended Failed, Crashed, TimedOut, Refused or Broken.",
        tags=["care"],
        trigger=EventTrigger(
            match_related={"prefect.resource.role": "deployment", "prefect.resource.name": deployment},
            expect=NEEDS_A_PERSON,
            posture=Posture.Reactive,
            threshold=1,
            within=timedelta(0),
        ),
        actions=[SendNotification(block_document_id=block, subject=subject, body=body) for block in blocks],
    )


def save(automation: AutomationCore) -> UUID:
    """Create the automation, or update the one of its name; returns its id."""
    with get_client(sync_client=True) as prefect:
        same = sorted(prefect.read_automations_by_name(automation.name), key=lambda one: str(one.id))
        if not same:
            return prefect.create_automation(automation)
        # Prefect's client sends only what was set by hand, which would leave out every trigger's type.
        whole = AutomationCore.model_validate(automation.model_dump(mode="json", exclude={"enabled", "owner_resource"}))
        prefect.update_automation(same[0].id, whole)
        return same[0].id


def wait_until_taken_up() -> None:
    """Wait until Prefect goes by the automations saved so far.

    It takes changes up one after the other and does not say when. So a last one, which does nothing, is called until it
    answers.

    Raises:
        TimeoutError: it did not answer within a minute.
    """
    probe = f"care.probe.{uuid4()}"
    trigger = EventTrigger(expect={probe}, posture=Posture.Reactive, threshold=1, within=timedelta(0))
    with get_client(sync_client=True) as prefect:
        automation = prefect.create_automation(AutomationCore(name=probe, trigger=trigger, actions=[DoNothing()]))
        answer = {"event": {"name": [ANSWERED]}, "resource": {"id": [f"prefect.automation.{automation}"]}}
        try:
            deadline = time.monotonic() + TAKEN_UP_WITHIN
            while time.monotonic() < deadline:
                call = Event.model_validate({"event": probe, "resource": {"prefect.resource.id": probe}})
                prefect.request("POST", "/events", json=[call.model_dump(mode="json")])
                time.sleep(CALLED_EVERY)
                if prefect.request("POST", "/events/filter", json={"filter": answer, "limit": 1}).json()["events"]:
                    return
        finally:
            prefect.delete_automation(automation)
    raise TimeoutError(f"Prefect did not take up the desk's automations within {TAKEN_UP_WITHIN:.0f} s")


def notification_blocks(name: str) -> list[UUID]:
    """The ids of the block documents of this name, of any type, that Prefect can notify with."""
    found: list[UUID] = []
    with get_client(sync_client=True) as prefect:
        offset = 0
        while page := prefect.read_block_documents(offset=offset, limit=AT_ONCE, include_secrets=False):
            offset += len(page)
            found += [block.id for block in page if block.name == name and _notifies(block.block_schema)]
    return found


def _notifies(schema: object) -> bool:
    return "notify" in getattr(schema, "capabilities", ())


def flows_of_the_desk() -> list[Flow]:
    """The flows with a deployment tagged `care`."""
    tagged = DeploymentFilter(tags=DeploymentFilterTags(all_=["care"]))
    with get_client(sync_client=True) as prefect:
        return prefect.read_flows(deployment_filter=tagged, limit=AT_ONCE)


def say_started(flows: Sequence[Flow]) -> None:
    """Tell Prefect that the desk starts: from now on intake is expected, and no flow has failed yet."""
    related = [{"prefect.resource.id": f"prefect.flow.{flow.id}", **_of(flow.name)} for flow in flows]
    resource = {"prefect.resource.id": "care.desk", "prefect.resource.name": "The desk"}
    event = Event.model_validate({"event": STARTED, "resource": resource, "related": related})
    with get_client(sync_client=True) as prefect:
        prefect.request("POST", "/events", json=[event.model_dump(mode="json")])


def fill_for_sandbox(sandbox_url: str) -> None:
    """Save the blocks that tell supervisor and operator at the sandbox's sink, in the words it takes."""
    for name, recipient in ((SUPERVISOR, "S01"), (OPERATOR, "operator")):
        CustomWebhookNotificationBlock(
            name=name,
            url=f"{sandbox_url}/notices/{recipient}",
            json_data={"title": "{{subject}}", "message": "{{body}}", "type": "warning"},
        ).save(name, overwrite=True, _sync=True)


def main() -> int:
    """Run against the Prefect API of this environment; returns the exit status. What is missing is one line each."""
    if "--sandbox" in sys.argv[1:]:
        fill_for_sandbox(Settings().sandbox_url)
    flows = flows_of_the_desk()
    names = sorted(flow.name for flow in flows)
    supervisor, operator = notification_blocks(SUPERVISOR), notification_blocks(OPERATOR)
    if supervisor:
        save(tell_of_no_intake(supervisor))
    else:
        print(_missing(NO_INTAKE, SUPERVISOR))
    if operator:
        save(tell_of_the_night(operator))
    else:
        print(_missing(NIGHT, OPERATOR))
    if operator and names:
        save(tell_of_failures(operator, names))
    elif not operator:
        print(_missing(FAILS_TWICE, OPERATOR))
    else:
        print(f'automation "{FAILS_TWICE}" is left out: no flow is deployed yet')
    wait_until_taken_up()
    say_started(flows)
    return 0


def _missing(automation: str, block: str) -> str:
    return f'automation "{automation}" is left out: create a notification block named {block} and start again'


if __name__ == "__main__":
    sys.exit(main())
