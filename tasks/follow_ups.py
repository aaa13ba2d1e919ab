"""The flow runs that carry tickets, at Prefect's API: started, woken, labelled, ended, looked at in bulk."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Literal
from uuid import NAMESPACE_URL, UUID, uuid5

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import (
    FlowFilter,
    FlowFilterName,
    FlowRunFilter,
    FlowRunFilterId,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.client.schemas.responses import SetStateStatus
from prefect.exceptions import ObjectNotFound
from prefect.input.run_input import keyset_from_base_key
from prefect.settings import PREFECT_CLIENT_MAX_RETRIES, temporary_settings
from prefect.states import Cancelled
from sqlalchemy import Row

from models.cases import case_number
from models.database import chunks
from models.follow_up_runs import SeenRun
from models.pic_updates import MONITOR
from models.ticket_rows import ticket_number
from tasks.follow_up_forms import PicUpdate
from tasks.settings import Settings

DEPLOYMENT = "follow-up-ticket/pic"


def client() -> SyncPrefectClient:
    """Prefect's API, as this process is set up to reach it."""
    return get_client(sync_client=True)


def refused(why: str) -> State[None]:
    """The state of a form's run that did nothing; `why` names the field and who or what could. Prefect names the event
    after it, so that it counts as no failure."""
    return State(type=StateType.FAILED, name="Refused", message=why)


def label_run(run_id: str, ticket: Row[Any]) -> None:
    """Name and tag the run of a ticket so that a PIC finds it: number, case, unit, severity."""
    number, case = ticket_number(ticket.id), case_number(ticket.case_id)
    hard = ["hard"] if ticket.severity == "hard" else []
    with client() as prefect:
        prefect.update_flow_run(
            UUID(run_id),
            name=f"{number} · {case} · {ticket.unit}{' · hard' if hard else ''}",
            tags=["care", "follow-up", number, case, ticket.unit, *hard],
        )


def shut_run(run_id: str, why: str) -> None:
    """Make Prefect show that a run has ended, where it does not know yet; a run it does not know is no run."""
    with client() as prefect:
        try:
            run = prefect.read_flow_run(UUID(run_id))
            if run.state is None or not run.state.is_final():
                prefect.set_flow_run_state(UUID(run_id), Cancelled(message=why), force=True)
        except ObjectNotFound:
            return


def saved_input(run_id: str, key: str) -> PicUpdate | None:
    """What a person told a run under a wait's key and the run did not live to note; None where there is nothing."""
    from httpx import HTTPStatusError

    with client() as prefect:
        try:
            name = keyset_from_base_key(f"suspended-{key}")["response"]
            return PicUpdate.model_validate_json(prefect.read_flow_run_input(UUID(run_id), name))
        except HTTPStatusError as error:
            if error.response.status_code != HTTPStatus.NOT_FOUND:
                raise
            return None


def seen_runs(run_ids: Sequence[str]) -> dict[str, SeenRun]:
    """The runs Prefect knows among these, by id; 200 in a call."""
    found = {}
    with client() as prefect:
        for part in chunks(list(run_ids), 200):
            wanted = FlowRunFilter(id=FlowRunFilterId(any_=[UUID(run_id) for run_id in part]))
            for run in prefect.read_flow_runs(flow_run_filter=wanted, limit=200):
                found[str(run.id)] = _seen(run)
    return found


def wake_run(run_id: str) -> Literal["woken", "busy", "lost"]:
    """Wake a waiting run.

    `busy`: it no longer waits, somebody was quicker. `lost`: Prefect does not know it, or has no form for it, as
    when its process died between suspending and saving the form. Prefect on SQLite says 503 while others write, so it
    is asked three times; not more, since a wake that comes late, after others have done the work, finds nothing to do.
    """
    from httpx import HTTPError

    with temporary_settings({PREFECT_CLIENT_MAX_RETRIES: 2}), client() as prefect:
        try:
            answer = prefect.resume_flow_run(UUID(run_id), run_input={"action": "check", "by": MONITOR})
        except ObjectNotFound:
            return "lost"
        except HTTPError:  # two at the same moment: Prefect takes one and answers the other with an error
            return "busy"
    match answer.status:
        case SetStateStatus.ACCEPT:
            return "woken"
        case SetStateStatus.REJECT:
            return "lost"
    return "busy"


def start_run(number: str, key: str) -> tuple[str, SeenRun]:
    """Start a follow-up of a ticket; the same key starts one run. Returns its id and how it stands.

    Keys are of these records: Prefect keeps them for ever, and the tickets of other records have the same numbers.
    """
    desk = uuid5(NAMESPACE_URL, Settings().records_url)
    with client() as prefect:
        deployment = prefect.read_deployment_by_name(DEPLOYMENT)
        run = prefect.create_flow_run_from_deployment(
            deployment.id,
            parameters={"request": {"ticket": number}},
            idempotency_key=f"{desk}:{key}",
            name=number,
            tags=["care", "follow-up", number],
        )
    return str(run.id), _seen(run)


def silent_pushes(since: datetime) -> list[str]:
    """The ids of runs of `receive-unit-update` that stand at work since before `since` (UTC)."""
    with client() as prefect:
        found = prefect.read_flow_runs(
            flow_filter=FlowFilter(name=FlowFilterName(any_=["receive-unit-update"])),
            flow_run_filter=FlowRunFilter(
                state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.PENDING, StateType.RUNNING]))
            ),
            limit=200,
        )
    return [str(run.id) for run in found if run.state and run.state.timestamp < since]


def _seen(run: FlowRun) -> SeenRun:
    if run.state is None:
        return SeenRun("SCHEDULED")
    return SeenRun(run.state.type.value, run.state.state_details.pause_key, run.state.timestamp.astimezone(UTC))
