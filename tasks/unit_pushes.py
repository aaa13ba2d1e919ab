"""What a unit pushes: its signature checked, what it says taken in, the ticket's follow-up woken."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.logging import get_run_logger
from sqlalchemy import select

from models.database import write_transaction
from models.mentions import RefusedRow
from models.signatures import SignatureRefused, verify
from models.ticket_reading import ticket_stand
from models.ticket_rows import TicketRow
from models.unit_inbox import match_waiting, take_in_changes, tickets_by_reference
from tasks.database import desk_engine
from tasks.desk_data import units
from tasks.follow_ups import wake_run
from tasks.units.access import unit_access
from tasks.units.client import parse_change


class PushRefused(Exception):
    """A push that cannot be taken; the message says why and what to do, never the signature."""


@task(name="take push", cache_policy=NO_CACHE)
def take_push(unit: str, body: str, timestamp: int, signature: str) -> int | None:
    """Check and keep a unit's push; returns the id of the ticket to wake, None where it is known or of no ticket yet.

    Raises `PushRefused`, or `UnitNotSetUp` where the unit has no block. A push that was taken before changes nothing.
    """
    known = units().get(unit)
    key = unit_access(unit).signing_key if known is not None else None
    if key is None:
        raise PushRefused(f"unit: {unit[:40]!r} may not push; give a unit of data/units.yaml with a signing_key")
    now = datetime.now(UTC)
    try:
        verify(key.get_secret_value(), timestamp, signature, now, body)
        change = parse_change(unit, json.loads(body), now)
    except SignatureRefused as error:
        raise PushRefused(f"{unit}: {error}") from None
    except ValueError:
        raise PushRefused(f"{unit}: body must be JSON with update_id, reference, status and changed_at") from None
    if isinstance(change, RefusedRow):
        raise PushRefused(f"{unit}: {'; '.join(change.reasons)}")
    with write_transaction(desk_engine()) as connection:
        fresh = take_in_changes(connection, unit, [asdict(change)], "push", now)
        match_waiting(connection, now)
        ticket_id = tickets_by_reference(connection, unit, [change.reference]).get(change.reference)
    return ticket_id if fresh else None


@task(name="wake", cache_policy=NO_CACHE)
def wake(ticket_id: int) -> None:
    """Wake a ticket's follow-up now if it has not looked yet; where that does not succeed, `watch-cases` does it."""
    with desk_engine().connect() as connection:
        said = ticket_stand(connection, ticket_id).open_updates
        run_id = connection.scalar(select(TicketRow.flow_run_id).where(TicketRow.id == ticket_id))
    if said and run_id and wake_run(run_id) != "woken":
        get_run_logger().info("The follow-up is at work or lost; watch-cases looks after it.")
