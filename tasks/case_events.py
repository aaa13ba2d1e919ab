"""Telling Prefect what happens to cases, so that automations of the site's own can act on it.

Prefect's `emit_event` hands an event to a thread and never says whether the server took it, so a cursor could not
follow it. A whole batch is given to the same API in one request instead: when that returns, the server has it, and
nothing is left to be flushed by a process that ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID, uuid5

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.events import Event
from prefect.logging import get_run_logger
from prefect.settings import PREFECT_CLIENT_MAX_RETRIES, temporary_settings

from models.case_events import CaseEvent, events_to_tell, mark_told
from models.database import write_transaction
from tasks.database import desk_engine
from tasks.follow_ups import client

AT_ONCE = 500
BATCHES = 4
"""What one run tells at most: Prefect's server keeps 10,000 events in memory and drops what is more."""
TIMEOUT = 10.0
"""Seconds the server has to take a batch; where it does not, the next run tells it."""
_JOURNAL = UUID("5c5f0f4e-52a3-5b9b-8d0e-6b1f0a3c1919")
"""The namespace of event ids: an entry told twice is one event."""


@task(name="tell Prefect", cache_policy=NO_CACHE)
def tell_prefect() -> int:
    """Tell Prefect what the journal has new, oldest first; returns how many events it took.

    The cursor moves after the server has them: a run that dies in between tells them again, under the same ids. A
    server that does not take them is a warning, not a failure.
    """
    from httpx import HTTPError

    told = 0
    for _ in range(BATCHES):
        with desk_engine().connect() as connection:
            telling = events_to_tell(connection, AT_ONCE)
        if telling.until is None:
            break
        try:
            _hand_over(telling.events)
        except HTTPError as error:
            get_run_logger().warning(
                "events: the Prefect server did not take them (%s); told again", type(error).__name__
            )
            break
        with write_transaction(desk_engine()) as connection:
            mark_told(connection, telling.until)
        told += len(telling.events)
        if len(telling.events) < AT_ONCE:
            break
    return told


def _hand_over(events: Sequence[CaseEvent]) -> None:
    """Give one batch to the server. Raises `httpx.HTTPError` where it does not take it."""
    if not events:
        return
    told = [_as_prefect_event(event).model_dump(mode="json") for event in events]
    with temporary_settings({PREFECT_CLIENT_MAX_RETRIES: 0}), client() as prefect:
        prefect.request("POST", "/events", json=told, timeout=TIMEOUT)


def _as_prefect_event(event: CaseEvent) -> Event:
    return Event.model_validate(
        {
            "id": event_id(event),
            "event": event.name,
            "occurred": event.at,
            "resource": {
                "prefect.resource.id": f"care.case.{event.case}",
                "prefect.resource.name": event.case,
                "care.severity": event.severity,
                "care.priority": event.priority,
                "care.problem": event.problem,
            },
            "payload": event.payload,
        }
    )


def event_id(event: CaseEvent) -> UUID:
    """The id under which Prefect knows an event: the journal entry's, and no other's where records begin anew."""
    return uuid5(_JOURNAL, f"{event.journal_id} {event.at.isoformat()} {event.case}")
