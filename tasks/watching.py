"""The monitor's part in follow-ups: pulls the units' changes, wakes what is due or changed, restarts what is lost."""

from __future__ import annotations

from collections.abc import Sequence
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
    SeenRun,
    due_tickets,
    judge_run,
    mark_checked,
    runs_to_shut,
    still_carried,
)
from models.follow_up_view import follow_ups_markdown
from models.mention_store import quarantine
from models.mentions import RefusedRow
from models.ticket_rows import FollowUpRunRow, TicketRow, ticket_number
from models.unit_inbox import close_late_changes, match_waiting, note_pull, pulled_until, take_in_changes
from models.units import Unit
from tasks.database import desk_engine
from tasks.desk_data import units
from tasks.follow_ups import seen_runs, shut_run, start_run, wake_run
from tasks.holding import rules
from tasks.settings import Settings
from tasks.units.access import unit_access
from tasks.units.client import CHANGES_AT_ONCE, UnitChange, pull_changes
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
    put_off: int = 0
    """Due, but as many are at work as `CARE_WAKES_AT_ONCE` allows: the next round's."""
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
            changes = _pulled(unit, until)
        except UnitError as error:
            outcome.troubles.append(f"{unit.name} {error}")
            with write_transaction(desk_engine()) as connection:
                note_pull(connection, unit.code, None, now, str(error))
            continue
        understood = [change for change in changes if isinstance(change, UnitChange)]
        with write_transaction(desk_engine()) as connection:
            fresh = take_in_changes(connection, unit.code, [asdict(change) for change in understood], "pull", now)
            refused = quarantine(connection, [row for row in changes if isinstance(row, RefusedRow)], now)
            newest = _newest(understood) or until
            note_pull(connection, unit.code, min(newest, now) if newest else None, now)
        if refused:
            outcome.troubles.append(f"{unit.name} sent {refused} changes that could not be understood: see quarantine")
        if fresh:
            outcome.changes[unit.name] = fresh
    return outcome


def _pulled(unit: Unit, until: datetime | None) -> list[UnitChange | RefusedRow]:
    """What a unit has said since `until`: one call, and further ones only where its answers were full."""
    access = unit_access(unit.code)
    page = changes = pull_changes(unit, access, until - OVERLAP if until else None)
    while len(page) == CHANGES_AT_ONCE and (newest := _newest(page)) != _newest(page[:1]):
        page = pull_changes(unit, access, newest)
        changes = changes + page
    return changes


def _newest(changes: Sequence[UnitChange | RefusedRow]) -> datetime | None:
    return max((change.changed_at for change in changes if isinstance(change, UnitChange)), default=None)


@task(name="look after follow-ups", cache_policy=NO_CACHE)
def look_after_follow_ups(outcome: WatchOutcome) -> WatchOutcome:
    """Wake tickets that are due or changed, restart those whose run is lost, end runs that were taken over from."""
    now = datetime.now(UTC)
    with write_transaction(desk_engine()) as connection:
        match_waiting(connection)
        close_late_changes(connection, rules(), now)
        tickets = due_tickets(connection, now)
        to_shut = runs_to_shut(connection)
    _shut(to_shut, now)
    seen = seen_runs([ticket.flow_run_id for ticket in tickets if ticket.flow_run_id])
    room = Settings().wakes_at_once - sum(run.at_work for run in seen.values())
    for ticket in tickets:
        run = seen.get(ticket.flow_run_id or "")
        verdict = judge_run(ticket, run, _lease(ticket), now)
        if verdict.action == "leave":
            continue
        if room <= 0:
            outcome.put_off += 1
        elif _act(ticket, run, verdict, outcome, now):
            room -= 1
    with write_transaction(desk_engine()) as connection:
        mark_checked(connection, [ticket.id for ticket in tickets], now)
    return outcome


def _lease(ticket: DueTicket) -> timedelta:
    """How long the process of a ticket may be silent: its unit's retries take their time."""
    unit = units().get(ticket.unit)
    return timedelta(seconds=Settings().run_lease) + (unit.retry.longest if unit else timedelta(0))


def _act(ticket: DueTicket, run: SeenRun | None, verdict: RunVerdict, outcome: WatchOutcome, now: datetime) -> bool:
    """Wake or restart, as the verdict says; whether a process comes of it."""
    if verdict.action == "wake" and ticket.flow_run_id:
        answer = wake_run(ticket.flow_run_id)
        outcome.woken += answer == "woken"
        if answer != "lost" or run is None or not run.silent(ticket.run_since, _lease(ticket), now):
            return answer == "woken"
        verdict = RunVerdict("restart", "its run waits without a form")
    if not _restart(ticket, now):
        return False
    outcome.restarted.append(f"{ticket_number(ticket.id)}: {verdict.reason}")
    return True


def _restart(ticket: DueTicket, now: datetime) -> bool:
    """Start a run for a ticket that still needs one; asked again before it has claimed it, Prefect gives the same."""
    with desk_engine().connect() as connection:
        if not still_carried(connection, ticket):
            return False
    number = ticket_number(ticket.id)
    _, over = start_run(number, f"{number}:{ticket.flow_run_id or 'first'}:{ticket.waits}:{ticket.failures}")
    if over:
        with write_transaction(desk_engine()) as connection:
            again = update(TicketRow).where(TicketRow.id == ticket.id)
            connection.execute(again.values(failures=ticket.failures + 1, run_since=now))
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
        text = follow_ups_markdown(connection, Settings().ui_url, datetime.now(UTC))
    done = [f"changes from {unit}: {count}" for unit, count in outcome.changes.items()]
    done += [f"woken: {outcome.woken}"] if outcome.woken else []
    done += [f"put off to the next round, the less urgent: {outcome.put_off}"] if outcome.put_off else []
    lines = [f"This round: {'; '.join(done) or 'nothing to do'}.", *(f"- restarted {one}" for one in outcome.restarted)]
    lines += [f"- {trouble}" for trouble in outcome.troubles]
    for trouble in outcome.troubles:
        get_run_logger().warning(trouble)
    create_markdown_artifact(
        "\n".join([*lines, "", text]), key="follow-ups", description="Every open ticket, and when it is looked at next."
    )
