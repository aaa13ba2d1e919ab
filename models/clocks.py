"""Running deadlines of a case (clauses 5.3.2a, 5.3.2c): when they end, how pauses move them, when they are breached.

Desk hours are 24/7. Moments are timezone-aware UTC.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from models.work_instruction import ClockRules, WorkInstruction


class ClockKind(StrEnum):
    """What a clock waits for."""

    ACCEPT = "accept"
    """The agent accepts the case; runs from the assignment."""
    FIRST_RESPONSE = "first_response"
    """The customer hears from us; runs from the opening."""
    LEADER_ENGAGED = "leader_engaged"
    """A team leader is at work on a hard complaint; runs from when it is known to be hard."""
    SETTLE = "settle"
    """The case is resolved; runs from the opening and pauses while waiting for the customer."""


class Alarm(StrEnum):
    """What the monitor has to say about a clock: whom it tells grows with each (4.2)."""

    WARN = "warn"
    """Most of it is used up: whoever has the case is told."""
    BREACH = "breach"
    """It is used up: the team leader on duty is told too."""
    ESCALATE = "escalate"
    """It is still running a while after its breach: the supervisor is told."""


PAUSED_BY_CUSTOMER = frozenset({ClockKind.SETTLE})
"""The clocks that pause while the case waits for the customer."""


def clocks_for_case(
    hard: bool, opened_at: datetime, instruction: WorkInstruction
) -> tuple[tuple[ClockKind, datetime], ...]:
    """The clocks that start when a case opens, and when each is due. The accept clock starts with the assignment."""
    limits = instruction.clocks
    first = (ClockKind.FIRST_RESPONSE, opened_at + limits.first_response_within)
    if not hard:
        return (first, (ClockKind.SETTLE, opened_at + limits.settle_within))
    return (
        first,
        (ClockKind.LEADER_ENGAGED, opened_at + limits.leader_engaged_within),
        (ClockKind.SETTLE, opened_at + limits.hard_settle_within),
    )


def due_after_pause(due_at: datetime, paused_at: datetime, resumed_at: datetime) -> datetime:
    """The due time after a pause: later by its length. A clock that had ended before the pause keeps its end."""
    if resumed_at < paused_at:
        raise ValueError(f"resumed_at: {resumed_at} is before paused_at {paused_at}; give the later moment")
    return due_at if paused_at >= due_at else due_at + (resumed_at - paused_at)


def warns_at(started_at: datetime, due_at: datetime, paused: timedelta, warn_share: float) -> datetime:
    """When the given share of a clock is used up; `due_at` has moved by the `paused` total already."""
    allowed = due_at - started_at - paused
    return due_at - allowed * (1 - warn_share)


@dataclass(frozen=True, slots=True)
class RunningClock:
    """A case's clock that is running, as the monitor sees it; moments are UTC."""

    kind: str
    started_at: datetime
    due_at: datetime
    paused: timedelta
    warned: bool
    breached: bool
    escalated: bool

    def alarm(self, now: datetime, rules: ClockRules) -> Alarm | None:
        """What has to be said at `now`; nothing twice, and no warning of what has been breached already."""
        due = self.next_alarm(rules)
        if due is None or now < due[1]:
            return None
        return Alarm.BREACH if due[0] is Alarm.WARN and now >= self.due_at else due[0]

    def next_alarm(self, rules: ClockRules) -> tuple[Alarm, datetime] | None:
        """What will have to be said next, and when; None where everything has been said."""
        if self.escalated:
            return None
        if self.breached:
            return Alarm.ESCALATE, self.due_at + rules.supervisor_after
        if self.warned:
            return Alarm.BREACH, self.due_at
        return Alarm.WARN, warns_at(self.started_at, self.due_at, self.paused, rules.warn_share)
