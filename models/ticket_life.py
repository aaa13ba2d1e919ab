"""The life of a ticket: its states, every allowed step, and what a unit's word makes of it (clauses 4.4, 5.3.2d)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from models.case_life import IllegalTransition


class TicketStatus(StrEnum):
    """Where a ticket stands."""

    NEW = "new"
    """To be sent to its unit: just opened, redirected, or sent back by the customer."""
    DISPATCHED = "dispatched"
    """The unit has it and has not said anything yet."""
    ACKNOWLEDGED = "acknowledged"
    """The unit has taken it on."""
    IN_PROGRESS = "in_progress"
    """The unit works on it."""
    SETTLED = "settled"
    """The unit says it is solved; the customer has to confirm."""
    VERIFIED = "verified"
    """The customer confirmed: completely settled (5.3.2d)."""
    REFUSED = "refused"
    """The unit says it is not theirs; the PIC redirects it."""
    UNREACHABLE = "unreachable"
    """No try reached the unit; the PIC phones, and it is tried again."""


@dataclass(frozen=True, slots=True)
class TicketTransition:
    """One allowed verb: from which states, to which (None: it stays where it is), journal event and clause."""

    verb: str
    sources: frozenset[TicketStatus]
    target: TicketStatus | None
    event: str
    clause: str


S = TicketStatus
OPEN = frozenset(TicketStatus) - {S.VERIFIED}
TO_SEND = frozenset({S.NEW, S.UNREACHABLE})
WITH_UNIT = frozenset({S.DISPATCHED, S.ACKNOWLEDGED, S.IN_PROGRESS})

TICKET_TRANSITIONS: dict[str, TicketTransition] = {
    step.verb: step
    for step in (
        TicketTransition("dispatch", TO_SEND, S.DISPATCHED, "ticket_dispatched", "4.4"),
        TicketTransition("give_up", TO_SEND, S.UNREACHABLE, "unit_unreachable", "4.4"),
        TicketTransition("acknowledge", TO_SEND | {S.DISPATCHED}, S.ACKNOWLEDGED, "ticket_acknowledged", "4.4"),
        TicketTransition("progress", TO_SEND | WITH_UNIT, S.IN_PROGRESS, "ticket_in_progress", "4.4"),
        TicketTransition("settle", TO_SEND | WITH_UNIT, S.SETTLED, "ticket_settled", "5.3.2d"),
        TicketTransition("refuse", TO_SEND | WITH_UNIT, S.REFUSED, "ticket_refused", "4.4"),
        TicketTransition("redirect", TO_SEND | WITH_UNIT | {S.REFUSED}, S.NEW, "ticket_redirected", "4.4"),
        TicketTransition("verify", frozenset({S.SETTLED}), S.VERIFIED, "ticket_verified", "5.3.2d"),
        TicketTransition("send_back", frozenset({S.SETTLED}), S.NEW, "customer_says_not_solved", "5.3.2d"),
        TicketTransition("escalate", TO_SEND | WITH_UNIT, None, "ticket_escalated", "4.4"),
        TicketTransition("note", frozenset(TicketStatus), None, "pic_note", "4.3"),
        TicketTransition("change_look", OPEN, None, "next_look_changed", "4.3"),
    )
}
"""Everything that can happen to a ticket; what is not here is illegal."""


def ticket_step(status: TicketStatus, verb: str) -> TicketTransition:
    """The transition of `verb`; raises `IllegalTransition` where it is unknown or not allowed in `status`."""
    step = TICKET_TRANSITIONS.get(verb)
    if step is None:
        known = ", ".join(sorted(TICKET_TRANSITIONS))
        raise IllegalTransition(f"{verb}: a ticket knows no such step; use one of {known}.")
    if status not in step.sources:
        allowed = ", ".join(state for state in TicketStatus if state in step.sources)
        raise IllegalTransition(f"{verb}: not possible while the ticket is {status}; it is from {allowed}.")
    return step


UNIT_VERBS = {"acknowledged": "acknowledge", "in_progress": "progress", "settled": "settle", "refused": "refuse"}
"""What a unit may say of a ticket, and the verb it means."""
PROGRESS = (S.NEW, S.UNREACHABLE, S.DISPATCHED, S.ACKNOWLEDGED, S.IN_PROGRESS, S.SETTLED, S.VERIFIED)


@dataclass(frozen=True, slots=True)
class UpdateVerdict:
    """What a unit's word makes of a ticket: the verb to take, or None, and why."""

    verb: str | None
    reason: str
    clause: str = "4.4"


def judge_unit_update(
    status: TicketStatus, said: str, changed_at: datetime, heard_at: datetime | None, current_round: bool
) -> UpdateVerdict:
    """Decide what to make of a unit saying `said` as of `changed_at` (UTC, the unit's clock).

    `heard_at` is the newest such moment made use of before; `current_round` tells whether the unit speaks of the
    reference the ticket has now. Answers come twice and out of order: only what is newer and further counts.
    """
    verb = UNIT_VERBS.get(said)
    if verb is None:
        return UpdateVerdict(None, f"the unit says {said!r}, which means nothing here")
    if not current_round:
        return UpdateVerdict(None, "it is about an earlier dispatch of the ticket")
    if heard_at is not None and changed_at < heard_at:
        return UpdateVerdict(None, "it is older than what the unit said last")
    target = TICKET_TRANSITIONS[verb].target
    if target == status or (target in PROGRESS and status in PROGRESS and _behind(target, status)):
        return UpdateVerdict(None, f"nothing new: the ticket is {status} already")
    try:
        ticket_step(status, verb)
    except IllegalTransition as error:
        return UpdateVerdict(None, str(error))
    return UpdateVerdict(verb, f"the unit says {said}")


def _behind(target: TicketStatus | None, status: TicketStatus) -> bool:
    return target is not None and PROGRESS.index(target) <= PROGRESS.index(status)
