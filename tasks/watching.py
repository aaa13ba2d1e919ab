"""The monitor's part in follow-ups: pulls the units' changes, wakes what is due or changed, restarts what is lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.futures import PrefectFuture
from prefect.logging import get_run_logger
from sqlalchemy import update

from models.database import write_transaction
from models.follow_up_runs import (
    DueTicket,
    RunVerdict,
    SeenRun,
    due_tickets,
    judge_lost_wake,
    judge_run,
    mark_checked,
    runs_to_shut,
    still_carried,
)
from models.follow_up_view import follow_ups_markdown
from models.mention_store import quarantine
from models.mentions import RefusedRow
from models.safe_text import for_markdown
from models.ticket_book import set_ticket
from models.ticket_contacts import tell
from models.ticket_reading import pics_to_tell, ticket_row
from models.ticket_rows import FollowUpRunRow, ticket_number
from models.unit_inbox import close_late_changes, match_waiting, note_pull, pulled_until, take_in_changes
from models.units import Unit
from tasks.artifacts import publish
from tasks.database import desk_engine
from tasks.desk_data import units
from tasks.follow_ups import seen_runs, shut_run, silent_pushes, start_run, wake_run
from tasks.holding import rules
from tasks.settings import Settings
from tasks.units.access import unit_access
from tasks.units.client import CHANGES_AT_ONCE, UnitChange, pull_changes
from tasks.units.errors import UnitError

OVERLAP = timedelta(minutes=5)
"""Pulled again each time: a unit's clock is not ours, and its changes may be written late."""


@dataclass(frozen=True, slots=True)
class Pulled:
    """What one call to a unit brought: its name, new changes, and what a person should look at."""

    unit: str
    fresh: int = 0
    trouble: str | None = None


@dataclass(slots=True)
class WatchOutcome:
    """What one round did for the follow-ups."""

    woken: int = 0
    put_off: int = 0
    """Due, but as many are at work as `CARE_WAKES_AT_ONCE` allows: the next round's."""
    restarted: list[str] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)


def units_to_ask() -> list[str]:
    """The codes of the units with an API."""
    return [unit.code for unit in units().values() if unit.channel == "http"]


@task(name="pull unit", task_run_name="pull {code}", cache_policy=NO_CACHE)
def pull_unit(code: str) -> Pulled:
    """What has changed at a unit since the last call. A unit that is away delays only itself."""
    unit, now = units()[code], datetime.now(UTC)
    with desk_engine().connect() as connection:
        until = pulled_until(connection, code)
    try:
        changes = _changes(unit, until)
    except UnitError as error:
        with write_transaction(desk_engine()) as connection:
            note_pull(connection, code, None, now, str(error))
        return Pulled(unit.name, trouble=f"{unit.name}: {error}")
    understood = [change for change in changes if isinstance(change, UnitChange)]
    with write_transaction(desk_engine()) as connection:
        fresh = take_in_changes(connection, code, [asdict(change) for change in understood], "pull", now)
        refused = quarantine(connection, [row for row in changes if isinstance(row, RefusedRow)], now)
        newest = _newest(understood) or until
        note_pull(connection, code, min(newest, now) if newest else None, now)
    trouble = f"{unit.name}: {refused} of its changes could not be understood; see quarantine" if refused else None
    return Pulled(unit.name, fresh, trouble)


def pulled(code: str, future: PrefectFuture[Pulled]) -> Pulled:
    """What pulling a unit came to; a defect of ours, too, ends with its own unit and is named."""
    found = future.result(raise_on_failure=False)
    if isinstance(found, Pulled):
        return found
    name = units()[code].name
    return Pulled(name, trouble=f"{name}: defect ({type(found).__name__}); see its task in the run")


def _changes(unit: Unit, until: datetime | None) -> list[UnitChange | RefusedRow]:
    """What a unit has said since `until`: one call, and further ones only where its answers were full and go on."""
    access = unit_access(unit.code)
    since = until - OVERLAP if until else None
    page = changes = pull_changes(unit, access, since)
    while len(page) >= CHANGES_AT_ONCE and (newest := _newest(page)) and (since is None or newest > since):
        since = newest
        page = pull_changes(unit, access, since)
        changes = changes + page
    return changes


def _newest(changes: Sequence[UnitChange | RefusedRow]) -> datetime | None:
    return max((change.changed_at for change in changes if isinstance(change, UnitChange)), default=None)


@task(name="look after follow-ups", cache_policy=NO_CACHE)
def look_after_follow_ups() -> WatchOutcome:
    """Wake tickets that are due or changed, restart those whose run is lost, end runs that were taken over from."""
    now, outcome = datetime.now(UTC), WatchOutcome()
    with write_transaction(desk_engine()) as connection:
        match_waiting(connection, now)
        close_late_changes(connection, rules(), now)
        tickets = due_tickets(connection, now)
        to_shut = runs_to_shut(connection, now)
    _shut(to_shut, now)
    seen = seen_runs([ticket.flow_run_id for ticket in tickets if ticket.flow_run_id])
    carried = [(ticket, seen.get(ticket.flow_run_id or "")) for ticket in tickets]
    at_work = [run for ticket, run in carried if run and run.at_work and not _dead(ticket, run, now)]
    room = Settings().wakes_at_once - len(at_work)
    for ticket, run in carried:
        verdict = judge_run(ticket, run, _lease(ticket), now)
        if verdict.trouble:
            _tell_of_trouble(ticket, verdict, outcome, now)
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
    return timedelta(seconds=Settings().run_lease) + rules().unit(ticket.unit).retry.longest


def _dead(ticket: DueTicket, run: SeenRun, now: datetime) -> bool:
    return run.dead(ticket.run_since, _lease(ticket), now)


def _act(ticket: DueTicket, run: SeenRun | None, verdict: RunVerdict, outcome: WatchOutcome, now: datetime) -> bool:
    """Wake or restart, as the verdict says; whether a process comes of it."""
    if verdict.action == "wake" and ticket.flow_run_id:
        answer = wake_run(ticket.flow_run_id)
        outcome.woken += answer == "woken"
        if answer != "lost":
            return answer == "woken"
        verdict = judge_lost_wake(ticket, run, _lease(ticket), now)
        if verdict.action == "leave":
            return False
    if not _restart(ticket, run, now):
        return False
    outcome.restarted.append(f"{ticket_number(ticket.id)}: {verdict.reason}")
    return True


def _restart(ticket: DueTicket, run: SeenRun | None, now: datetime) -> bool:
    """Start a run for a ticket that still needs one; asked again before it has claimed it, Prefect gives the same.

    Dead runs are ended first: Prefect counts them among those at work, and would keep the new one waiting for them.
    """
    with desk_engine().connect() as connection:
        if not still_carried(connection, ticket):
            return False
    if run is not None and ticket.flow_run_id and _dead(ticket, run, now):
        shut_run(ticket.flow_run_id, "gave no sign of life")
    number = ticket_number(ticket.id)
    run_id, started = start_run(number, f"{number}:{ticket.flow_run_id or 'first'}:{ticket.waits}:{ticket.failures}")
    if started.over or _dead(ticket, started, now):
        shut_run(run_id, "gave no sign of life")
        with write_transaction(desk_engine()) as connection:
            set_ticket(connection, ticket.id, failures=ticket.failures + 1, run_since=now)
        return False
    return True


def _tell_of_trouble(ticket: DueTicket, verdict: RunVerdict, outcome: WatchOutcome, now: datetime) -> None:
    """A ticket whose runs fail one after the other needs people: PIC and supervisor are told, once a wait."""
    outcome.troubles.append(f"{ticket_number(ticket.id)}: {verdict.reason}")
    with write_transaction(desk_engine()) as connection:
        row = ticket_row(connection, ticket.id)
        told = pics_to_tell(connection, row, now, and_supervisors=True)
        what = "its follow-up fails again and again; see its run's log"
        tell(connection, row, told, "failing", str(ticket.waits), what, Settings().ui_url, now)


def _shut(runs: dict[str, str], now: datetime) -> None:
    for run_id, why in runs.items():
        shut_run(run_id, why)
        with write_transaction(desk_engine()) as connection:
            connection.execute(update(FollowUpRunRow).where(FollowUpRunRow.flow_run_id == run_id).values(shut_at=now))


@task(name="end dead pushes", cache_policy=NO_CACHE)
def end_dead_pushes() -> int:
    """End runs of `receive-unit-update` whose process is gone: they would stand in the way of follow-ups. How many."""
    dead = silent_pushes(datetime.now(UTC) - timedelta(seconds=Settings().run_lease))
    for run_id in dead:
        shut_run(run_id, "gave no sign of life; watch-cases pulls what it brought")
    return len(dead)


@task(name="publish follow-ups", cache_policy=NO_CACHE)
def publish_follow_ups(pulled: list[Pulled], outcome: WatchOutcome) -> None:
    """Leave the artifact `follow-ups`: the open tickets, nearest look first, and what this round did."""
    with desk_engine().connect() as connection:
        text = follow_ups_markdown(connection, Settings().ui_url, datetime.now(UTC))
    done = [f"changes from {pull.unit}: {pull.fresh}" for pull in pulled if pull.fresh]
    done += [f"woken: {outcome.woken}"] if outcome.woken else []
    done += [f"put off to the next round, the less urgent: {outcome.put_off}"] if outcome.put_off else []
    lines = [f"This round: {'; '.join(done) or 'nothing to do'}.", *(f"- restarted {one}" for one in outcome.restarted)]
    for trouble in [*filter(None, (pull.trouble for pull in pulled)), *outcome.troubles]:
        lines.append(f"- {for_markdown(trouble)}")
        get_run_logger().warning(trouble)
    publish("follow-ups", "\n".join([*lines, "", text]), "The open tickets, and when each is looked at next.")
