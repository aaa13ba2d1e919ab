"""Which flow run carries a ticket: claims, takeovers, what is due for a wake, and whether a run is lost (4.3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Connection, Row, insert, select, update

from models.database import one_of
from models.ticket_book import FOLLOW_UP, Rules, TakenOver, journal_ticket, set_ticket
from models.ticket_reading import ticket_row
from models.ticket_rows import FollowUpRunRow, TicketRow, UnitUpdateRow, ticket_number

AT_ONCE = 2_000
"""Tickets woken or restarted in one round; the rest goes with the next."""
CHECKED_AT_ONCE = 400
"""Waiting tickets whose runs are looked after in one round, those looked after longest ago first."""
LONGEST_WAIT = timedelta(hours=1)
TO_END = timedelta(seconds=10)
"""What a process has to end by itself once its run has ended in the records."""
TROUBLE = 3
"""Runs in a row that failed: from here on people are told."""


def wait_key(ticket_id: int, waits: int) -> str:
    """The key of a ticket's wait: the same for every run that comes to the same wait."""
    return f"{ticket_number(ticket_id).lower()}-wait-{waits}"


def claim_ticket(connection: Connection, ticket_id: int, run_id: str, rules: Rules, now: datetime) -> list[str]:
    """Make `run_id` the ticket's one live run; returns the runs it takes over from, the last one first.

    A run that comes back (a resume, a replay) keeps its claim. Raises `TakenOver` for one that lost it,
    and for a ticket that is verified.
    """
    ticket = ticket_row(connection, ticket_id)
    known = connection.execute(
        select(FollowUpRunRow.__table__).where(FollowUpRunRow.flow_run_id == run_id)
    ).one_or_none()
    if known is not None and known.ended_at is not None:
        raise TakenOver(f"{ticket_number(ticket_id)} is carried by another run: {known.ended_why}")
    if ticket.next_wake_at is None and known is None:
        raise TakenOver(f"{ticket_number(ticket_id)} is verified: there is nothing left to follow")
    set_ticket(connection, ticket_id, processes=ticket.processes + 1, run_since=now, failures=ticket.failures + 1)
    if known is not None:
        return []
    earlier = list(
        connection.scalars(
            select(FollowUpRunRow.flow_run_id)
            .where(FollowUpRunRow.ticket_id == ticket_id)
            .order_by(FollowUpRunRow.started_at.desc())
        )
    )
    why = f"taken over by run {run_id}"
    connection.execute(
        update(FollowUpRunRow)
        .where(FollowUpRunRow.ticket_id == ticket_id, FollowUpRunRow.ended_at.is_(None))
        .values(ended_at=now, ended_why=why)
    )
    connection.execute(insert(FollowUpRunRow), {"flow_run_id": run_id, "ticket_id": ticket_id, "started_at": now})
    set_ticket(connection, ticket_id, flow_run_id=run_id, run_checked_at=now)
    before = earlier[0] if earlier else None
    event = "follow_up_taken_over" if before else "follow_up_started"
    journal_ticket(connection, ticket, event, "5.3.2d", rules, now, {"run": run_id, "before": before}, FOLLOW_UP)
    return earlier


def end_claim(connection: Connection, ticket_id: int, run_id: str, why: str, now: datetime) -> None:
    """A run has ended by itself at `now` (UTC): its ticket needs no run any more, and no look."""
    set_ticket(connection, ticket_id, next_wake_at=None)
    ended = update(FollowUpRunRow).where(FollowUpRunRow.flow_run_id == run_id)
    connection.execute(ended.values(ended_at=now, ended_why=why))


def runs_to_shut(connection: Connection, now: datetime) -> dict[str, str]:
    """Runs that ended a while before `now` (UTC) and that Prefect may still take for alive, and why they ended."""
    wanted = select(FollowUpRunRow.flow_run_id, FollowUpRunRow.ended_why).where(
        FollowUpRunRow.ended_at <= now - TO_END, FollowUpRunRow.shut_at.is_(None)
    )
    return {row.flow_run_id: row.ended_why for row in connection.execute(wanted.limit(AT_ONCE))}


@dataclass(frozen=True, slots=True)
class DueTicket:
    """A ticket to look after: `due` says why it is to be woken, None that only its run is looked at."""

    id: int
    unit: str
    flow_run_id: str | None
    run_since: datetime | None
    waits: int
    failures: int
    due: str | None


def due_tickets(connection: Connection, now: datetime) -> list[DueTicket]:
    """Tickets with something to do at `now` (UTC), then some whose runs have not been looked at for longest.

    Changed ones come first, then due ones, hard complaints before the rest. Indexed queries; what they cost grows
    with what is due, not with what waits.
    """
    columns = (TicketRow.id, TicketRow.unit, TicketRow.flow_run_id, TicketRow.run_since, TicketRow.waits)
    open_ones = select(*columns, TicketRow.failures).where(TicketRow.next_wake_at.is_not(None))
    changed = select(UnitUpdateRow.ticket_id).where(
        UnitUpdateRow.applied_at.is_(None), UnitUpdateRow.ticket_id.is_not(None)
    )
    updated = connection.execute(open_ones.where(TicketRow.id.in_(changed)).limit(AT_ONCE)).all()
    timed = connection.execute(
        open_ones.where(TicketRow.next_wake_at <= now)
        .order_by(TicketRow.severity != "hard", TicketRow.next_wake_at)
        .limit(AT_ONCE)
    ).all()
    found = {row.id: _due(row, "changed") for row in updated}
    found |= {row.id: _due(row, "due") for row in timed if row.id not in found}
    checked = connection.execute(
        open_ones.order_by(TicketRow.run_checked_at.is_not(None), TicketRow.run_checked_at).limit(CHECKED_AT_ONCE)
    )
    return [*found.values(), *(_due(row, None) for row in checked if row.id not in found)]


def still_carried(connection: Connection, ticket: DueTicket) -> bool:
    """Whether a ticket is followed, by the run it was seen with: what Prefect says of it came later."""
    row = ticket_row(connection, ticket.id)
    return row.next_wake_at is not None and (row.flow_run_id, row.waits) == (ticket.flow_run_id, ticket.waits)


def _due(row: Row[Any], why: str | None) -> DueTicket:
    return DueTicket(row.id, row.unit, row.flow_run_id, row.run_since, row.waits, row.failures, why)


def mark_checked(connection: Connection, ticket_ids: Sequence[int], now: datetime) -> None:
    """Note that these tickets' runs have been looked at."""
    connection.execute(update(TicketRow).where(one_of(connection, TicketRow.id, ticket_ids)).values(run_checked_at=now))


ENDED = {"COMPLETED": "has ended", "FAILED": "failed", "CRASHED": "crashed", "CANCELLED": "was cancelled"}


@dataclass(frozen=True, slots=True)
class SeenRun:
    """A flow run as Prefect tells of it: its state's type, the key it waits under, since when (UTC)."""

    state_type: str
    pause_key: str | None = None
    since: datetime | None = None

    @property
    def at_work(self) -> bool:
        """Whether a process carries it, or is about to, as far as Prefect knows."""
        return self.state_type in {"SCHEDULED", "PENDING", "RUNNING"}

    @property
    def over(self) -> bool:
        """Whether it has ended, as Prefect knows."""
        return self.state_type in ENDED

    def dead(self, sign_of_life: datetime | None, lease: timedelta, now: datetime) -> bool:
        """Whether Prefect takes it for alive although its process has been silent for longer than `lease`."""
        return self.at_work and self.state_type != "SCHEDULED" and self.silent(sign_of_life, lease, now)

    def silent(self, sign_of_life: datetime | None, lease: timedelta, now: datetime) -> bool:
        """Whether neither Prefect nor the records have heard of the run for longer than `lease`."""
        heard_at = max(filter(None, (sign_of_life, self.since)), default=now)
        return now > heard_at + lease


@dataclass(frozen=True, slots=True)
class RunVerdict:
    """What to do about a ticket's run, and why; `trouble` where people have to look (4.3)."""

    action: Literal["wake", "restart", "leave"]
    reason: str
    trouble: bool = False


def judge_lost_wake(ticket: DueTicket, seen: SeenRun | None, lease: timedelta, now: datetime) -> RunVerdict:
    """Decide about a run that Prefect could not wake: it may be about to save its form, or have died before."""
    if seen is None or not seen.silent(ticket.run_since, lease, now):
        return RunVerdict("leave", "is about to wait")
    return RunVerdict("restart", "its run waits without a form")


def judge_run(ticket: DueTicket, seen: SeenRun | None, lease: timedelta, now: datetime) -> RunVerdict:
    """Decide about the run of a ticket; `lease` is how long its process may be silent. Times are UTC.

    The first lost run is replaced at once, those after it each after twice the wait, `lease` at first.
    """
    verdict = _whether_lost(ticket, seen, lease, now)
    if verdict.action == "restart" and ticket.failures > 1 and ticket.run_since is not None:
        wait = min(lease * 2 ** min(ticket.failures - 2, 16), LONGEST_WAIT)
        if now < ticket.run_since + wait:
            reason = f"{verdict.reason}, as {ticket.failures} did in a row; a new one after {wait}"
            return RunVerdict("leave", reason, ticket.failures >= TROUBLE)
    return verdict


def _whether_lost(ticket: DueTicket, seen: SeenRun | None, lease: timedelta, now: datetime) -> RunVerdict:
    if ticket.flow_run_id is None:
        return RunVerdict("restart", "has no run yet")
    if seen is None:
        return RunVerdict("restart", "its run is unknown to Prefect (deleted, or an older copy of the server)")
    if seen.state_type in ENDED:
        return RunVerdict("restart", f"its run {ENDED[seen.state_type]}")
    if seen.state_type == "PAUSED":
        if seen.pause_key != wait_key(ticket.id, ticket.waits):
            return RunVerdict("restart", "its run waits with an outdated form")
        return RunVerdict("wake", ticket.due) if ticket.due else RunVerdict("leave", "waits")
    if seen.state_type != "SCHEDULED" and seen.silent(ticket.run_since, lease, now):
        return RunVerdict("restart", "its run gives no sign of life")
    return RunVerdict("leave", "is at work")
