"""The monitor's part in follow-ups: pulls the units' changes, wakes what is due or changed, restarts what is lost."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta

from prefect import task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE
from prefect.logging import get_run_logger
from sqlalchemy import update

from models.database import write_transaction
from models.follow_up_runs import (
    DueTicket,
    RunVerdict,
    due_tickets,
    judge_run,
    mark_checked,
    runs_to_shut,
    still_carried,
)
from models.follow_up_view import follow_ups_markdown
from models.ticket_rows import FollowUpRunRow, TicketRow, ticket_number
from models.unit_inbox import match_waiting, note_pull, pulled_until, take_in_changes
from tasks.database import desk_engine
from tasks.desk_data import units
from tasks.follow_ups import seen_runs, shut_run, start_run, wake_run
from tasks.settings import Settings
from tasks.units.access import unit_access
from tasks.units.client import pull_changes
from tasks.units.errors import UnitError

OVERLAP = timedelta(minutes=5)
"""Pulled again each time: a unit's clock is not ours, and its changes may be written late."""


@dataclass(slots=True)
class WatchOutcome:
    """What one round did."""

    changes: dict[str, int] = field(default_factory=dict)
    """New changes by unit."""
    troubles: list[str] = field(default_factory=list)
    woken: int = 0
    restarted: list[str] = field(default_factory=list)


@task(name="pull unit changes", cache_policy=NO_CACHE)
def pull_unit_changes() -> WatchOutcome:
    """One call per unit with an API: what has changed since the last one. A unit that is away delays only itself."""
    outcome = WatchOutcome()
    for unit in units().values():
        if unit.channel != "http":
            continue
        now = datetime.now(UTC)
        with desk_engine().connect() as connection:
            until = pulled_until(connection, unit.code)
        try:
            changes = pull_changes(unit, unit_access(unit.code), until - OVERLAP if until else None)
        except UnitError as error:
            outcome.troubles.append(f"{unit.name} {error}")
            with write_transaction(desk_engine()) as connection:
                note_pull(connection, unit.code, None, now, str(error))
            continue
        with write_transaction(desk_engine()) as connection:
            fresh = take_in_changes(connection, unit.code, [asdict(change) for change in changes], "pull", now)
            newest = max((change.changed_at for change in changes), default=until)
            note_pull(connection, unit.code, newest, now)
        if fresh:
            outcome.changes[unit.name] = fresh
    return outcome


@task(name="look after follow-ups", cache_policy=NO_CACHE)
def look_after_follow_ups(outcome: WatchOutcome) -> WatchOutcome:
    """Wake tickets that are due or changed, restart those whose run is lost, end runs that were taken over from."""
    now = datetime.now(UTC)
    with write_transaction(desk_engine()) as connection:
        match_waiting(connection)
        tickets = due_tickets(connection, now)
        to_shut = runs_to_shut(connection)
    _shut(to_shut, now)
    seen = seen_runs([ticket.flow_run_id for ticket in tickets if ticket.flow_run_id])
    for ticket in tickets:
        unit = units().get(ticket.unit)
        lease = timedelta(seconds=Settings().run_lease) + (unit.retry.longest if unit else timedelta(0))
        run = seen.get(ticket.flow_run_id or "")
        verdict = judge_run(ticket, run, lease, now)
        if verdict.action == "wake" and ticket.flow_run_id:
            answer = wake_run(ticket.flow_run_id)
            outcome.woken += answer == "woken"
            if answer == "lost" and run is not None and run.silent(ticket.run_since, lease, now):
                verdict = RunVerdict("restart", "its run waits without a form")
        if verdict.action == "restart" and _restart(ticket, now):
            outcome.restarted.append(f"{ticket_number(ticket.id)}: {verdict.reason}")
    with write_transaction(desk_engine()) as connection:
        mark_checked(connection, [ticket.id for ticket in tickets], now)
    return outcome


def _restart(ticket: DueTicket, now: datetime) -> bool:
    """Start a run for a ticket that still needs one; asked again before it has claimed it, Prefect gives the same."""
    with desk_engine().connect() as connection:
        if not still_carried(connection, ticket):
            return False
    number = ticket_number(ticket.id)
    _, over = start_run(number, f"{number}:{ticket.flow_run_id or 'first'}:{ticket.waits}:{ticket.restarts}")
    if over:
        with write_transaction(desk_engine()) as connection:
            again = update(TicketRow).where(TicketRow.id == ticket.id)
            connection.execute(again.values(restarts=ticket.restarts + 1, run_since=now))
    return True


def _shut(runs: dict[str, str], now: datetime) -> None:
    for run_id, why in runs.items():
        shut_run(run_id, why)
        with write_transaction(desk_engine()) as connection:
            connection.execute(update(FollowUpRunRow).where(FollowUpRunRow.flow_run_id == run_id).values(shut_at=now))


@task(name="publish follow-ups", cache_policy=NO_CACHE)
def publish_follow_ups(outcome: WatchOutcome) -> None:
    """Leave the artifact `follow-ups`: every open ticket, nearest look first, and what this round did."""
    with desk_engine().connect() as connection:
        text = follow_ups_markdown(connection, units(), Settings().ui_url, datetime.now(UTC))
    done = [f"{count} changes from {unit}" for unit, count in outcome.changes.items()]
    done += [f"{outcome.woken} woken"] if outcome.woken else []
    lines = [f"This round: {', '.join(done) or 'nothing to do'}.", *(f"- restarted {one}" for one in outcome.restarted)]
    lines += [f"- {trouble}" for trouble in outcome.troubles]
    for trouble in outcome.troubles:
        get_run_logger().warning(trouble)
    create_markdown_artifact(
        "\n".join([*lines, "", text]), key="follow-ups", description="Every open ticket, and when it is looked at next."
    )
