"""The case file of a ticket as an artifact, and the briefing above its form."""

from __future__ import annotations

from datetime import UTC, datetime

from prefect import task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE

from models.ticket_file import briefing, ticket_file
from models.ticket_reading import ticket_row
from models.ticket_rows import ticket_artifact_key, ticket_number
from models.ticket_steps import TicketVerdict
from tasks.database import desk_engine
from tasks.holding import Held, unit_of
from tasks.settings import Settings


@task(name="publish case file", cache_policy=NO_CACHE)
def publish_case_file(held: Held, verdict: TicketVerdict) -> str:
    """Leave the ticket's case file as an artifact; returns the briefing for the form."""
    now, ui = datetime.now(UTC), Settings().ui_url
    with desk_engine().connect() as connection:
        ticket = ticket_row(connection, held.ticket_id)
        text = ticket_file(connection, held.ticket_id, unit_of(ticket), verdict, ui, now)
        brief = briefing(connection, held.ticket_id, unit_of(ticket), verdict, now)
    key = ticket_artifact_key(held.ticket_id)
    create_markdown_artifact(text, key=key, description=f"{ticket_number(held.ticket_id)}: {ticket.status}")
    return f"[The whole case file]({ui}/artifacts/key/{key})\n\n{brief}"
