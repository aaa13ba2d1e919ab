"""What a ticket does next (clauses 4.3, 4.4, 5.3.2d): `next_step`, a pure decision over where it stands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from models.ticket_life import WITH_UNIT, TicketStatus
from models.units import Unit

ASK_AGAIN = timedelta(hours=8)
"""How long a person of the desk who was asked is left alone: each shift is asked once."""


class TicketClockKind(StrEnum):
    """What a ticket's clock waits for, in the unit's hours."""

    ACKNOWLEDGE = "unit_acknowledge"
    SETTLE = "unit_settle"


class StepKind(StrEnum):
    """What a follow-up may have to do: `raise` goes one escalation level up, `escalate` tells the post of the level."""

    FINISH = "finish"
    TAKE_UPDATES = "take_updates"
    DISPATCH = "dispatch"
    ESCALATE = "escalate"
    RAISE = "raise"
    BREACH = "breach"
    WARN = "warn"
    CHASE = "chase"
    ASK = "ask"
    WAIT = "wait"


@dataclass(frozen=True, slots=True)
class TicketClock:
    """A running clock of a ticket; moments are UTC."""

    kind: str
    warns_at: datetime
    due_at: datetime
    warned: bool
    breached: bool


@dataclass(frozen=True, slots=True)
class TicketStand:
    """Where a ticket stands, as the decision sees it; moments are UTC.

    `told_level` is the escalation level whose post has been written to; `asked_at` when the PIC or the agent was last
    asked for something; `look_at` the next look a PIC chose, which stands in for the unit's chase interval.
    """

    status: TicketStatus
    level: int
    told_level: int
    opened_at: datetime
    contacted_at: datetime | None
    heard_at: datetime | None
    asked_at: datetime | None
    look_at: datetime | None
    open_updates: int
    clocks: tuple[TicketClock, ...]


@dataclass(frozen=True, slots=True)
class TicketVerdict:
    """What to do now, why, under which clause; and when to look again if nothing happens before (None: never)."""

    kind: StepKind
    reasons: tuple[str, ...]
    clause: str
    look_again_at: datetime | None = None
    clock: str | None = None


def next_step(ticket: TicketStand, unit: Unit, now: datetime) -> TicketVerdict:
    """Decide what the follow-up of a ticket does at `now` (UTC)."""
    status = ticket.status
    if status is TicketStatus.VERIFIED:
        return TicketVerdict(StepKind.FINISH, ("The customer confirmed: completely settled.",), "5.3.2d")
    if ticket.open_updates:
        reason = f"Updates of {unit.name} have come in: {ticket.open_updates}."
        return TicketVerdict(StepKind.TAKE_UPDATES, (reason,), "4.4", now)
    if status is TicketStatus.NEW:
        return TicketVerdict(StepKind.DISPATCH, (f"{unit.name} does not have it yet.",), "4.4", now)
    for clock in sorted(ticket.clocks, key=lambda clock: clock.due_at):
        found = _due(clock, unit, now)
        if found:
            return found
    put_off = ticket.look_at is not None and now < ticket.look_at
    if ticket.told_level < ticket.level and status in WITH_UNIT and not put_off:
        reason = f"Escalation level {ticket.level}: {unit.post(ticket.level)} has to know."
        return TicketVerdict(StepKind.ESCALATE, (reason,), "4.4", now)
    return _when_quiet(ticket, unit, now)


def _due(clock: TicketClock, unit: Unit, now: datetime) -> TicketVerdict | None:
    what = "acknowledge" if clock.kind == TicketClockKind.ACKNOWLEDGE else "settle"
    if not clock.breached and now >= clock.due_at:
        return TicketVerdict(
            StepKind.BREACH, (f"{unit.name} had to {what} it by now.",), "5.3.2d", now, clock=clock.kind
        )
    if not clock.breached and not clock.warned and now >= clock.warns_at:
        return TicketVerdict(
            StepKind.WARN, (f"{unit.name} has little time left to {what} it.",), "4.3", now, clock=clock.kind
        )
    return None


def _when_quiet(ticket: TicketStand, unit: Unit, now: datetime) -> TicketVerdict:
    """Nothing has come in and no clock is due: ask again when it is time, wait until then."""
    kind, since, reason, clause = _question(ticket, unit)
    if since is None:
        return TicketVerdict(kind, (reason,), clause, now)
    late = any(clock.breached for clock in ticket.clocks)
    if kind is StepKind.CHASE and late and ticket.level < len(unit.ladder):
        kind, reason = StepKind.RAISE, f"{unit.name} is late and has still said nothing: one level up."
    again = since + ASK_AGAIN if kind is StepKind.ASK else unit.calendar.add(since, unit.chase_every)
    due = ticket.look_at or again
    if due <= now:
        return TicketVerdict(kind, (reason,), clause, now)
    ahead = (clock.due_at if clock.warned else clock.warns_at for clock in ticket.clocks if not clock.breached)
    return TicketVerdict(StepKind.WAIT, (_waiting_for(ticket, unit),), "5.3.2d", min([due, *ahead]))


def _question(ticket: TicketStand, unit: Unit) -> tuple[StepKind, datetime | None, str, str]:
    """What is asked next and of whom, and since when the answer has been waited for."""
    if ticket.status in WITH_UNIT:
        heard = max(filter(None, (ticket.contacted_at, ticket.heard_at)), default=ticket.opened_at)
        return StepKind.CHASE, heard, f"{unit.name} has said nothing for a while.", "4.4"
    if ticket.status is TicketStatus.SETTLED:
        return StepKind.ASK, ticket.asked_at, f"{unit.name} says it is solved: the customer has to confirm.", "5.3.2d"
    if ticket.status is TicketStatus.REFUSED:
        return StepKind.ASK, ticket.asked_at, f"{unit.name} refused it: the PIC redirects it.", "4.4"
    if ticket.asked_at is None:
        return StepKind.ASK, None, f"{unit.name} could not be reached: the PIC phones.", "4.4"
    return StepKind.DISPATCH, ticket.contacted_at, f"{unit.name} could not be reached; once more.", "4.4"


def _waiting_for(ticket: TicketStand, unit: Unit) -> str:
    if ticket.status is TicketStatus.SETTLED:
        return "Waiting for the customer's word, through the agent."
    if ticket.status in {TicketStatus.REFUSED, TicketStatus.UNREACHABLE}:
        return "With the PIC."
    return f"Waiting for {unit.name}."
