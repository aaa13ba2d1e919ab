"""The life of a case: its states and every allowed step, and what a mention becomes (clauses 5.3.1, 5.3.2)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class CaseStatus(StrEnum):
    """Where a case stands."""

    NEW = "new"
    """Opened; no agent yet."""
    ASSIGNED = "assigned"
    """An agent has been given it and has not accepted yet."""
    ACCEPTED = "accepted"
    """The agent has taken it on."""
    IN_PROGRESS = "in_progress"
    """Somebody at the desk works on it."""
    WAITING_CUSTOMER = "waiting_customer"
    """The customer has to answer first; the resolution clock pauses."""
    WAITING_UNIT = "waiting_unit"
    """A unit has to do its part first."""
    RESOLVED = "resolved"
    """Solved and answered; nothing more is expected."""
    CLOSED = "closed"
    """Completely settled (5.3.2d)."""
    REOPENED = "reopened"
    """The customer is back inside the reopen window; waits for an agent again."""


class IllegalTransition(Exception):
    """A step that the life of a case does not allow; nothing was changed."""


@dataclass(frozen=True, slots=True)
class Transition:
    """One allowed verb: from which states, to which (None: it stays where it is), journal event and clause."""

    verb: str
    sources: frozenset[CaseStatus]
    target: CaseStatus | None
    event: str
    clause: str


@dataclass(frozen=True, slots=True)
class Step:
    """A step taken: the state after it, and the event and clause the journal records."""

    status: CaseStatus
    event: str
    clause: str


S = CaseStatus
OVER = frozenset({S.RESOLVED, S.CLOSED})
OPEN = frozenset(CaseStatus) - OVER
WORKED_ON = frozenset({S.ACCEPTED, S.IN_PROGRESS, S.WAITING_CUSTOMER, S.WAITING_UNIT})
WAITING = frozenset({S.WAITING_CUSTOMER, S.WAITING_UNIT})
UNASSIGNED = frozenset({S.NEW, S.REOPENED})
AT_WORK = frozenset({S.ACCEPTED, S.IN_PROGRESS})

TRANSITIONS: dict[str, Transition] = {
    step.verb: step
    for step in (
        Transition("assign", UNASSIGNED, S.ASSIGNED, "case_assigned", "4.1"),
        Transition("accept", frozenset({S.ASSIGNED}), S.ACCEPTED, "case_accepted", "5.3.2a"),
        Transition("start", frozenset({S.ACCEPTED}), S.IN_PROGRESS, "case_started", "5.3.2a"),
        Transition("wait_for_customer", AT_WORK, S.WAITING_CUSTOMER, "waiting_for_customer", "5.3.2a"),
        Transition("wait_for_unit", AT_WORK, S.WAITING_UNIT, "waiting_for_unit", "5.3.2d"),
        Transition("resume", WAITING, S.IN_PROGRESS, "case_resumed", "5.3.2d"),
        Transition("resolve", WORKED_ON, S.RESOLVED, "case_resolved", "5.3.2d"),
        Transition("take_back", frozenset({S.RESOLVED}), S.IN_PROGRESS, "resolution_taken_back", "5.3.2d"),
        Transition("close", frozenset({S.RESOLVED}), S.CLOSED, "case_closed", "5.3.2d"),
        Transition("reopen", OVER, S.REOPENED, "case_reopened", "5.3.2d"),
        Transition("reassign", OPEN, S.ASSIGNED, "case_reassigned", "4.1"),
        Transition("relieve", OPEN - UNASSIGNED - WAITING, S.NEW, "agent_relieved", "4.1"),
        Transition("hand_over", WAITING, None, "case_handed_over", "4.1"),
        Transition("take_over", OPEN, S.IN_PROGRESS, "case_taken_over", "5.3.2b"),
        Transition("give_back", OPEN, None, "case_given_back", "5.3.2b"),
        Transition("declare_hard", OPEN, None, "hard_complaint_declared", "5.3.2c"),
        Transition("withdraw_hard", OPEN, None, "hard_complaint_withdrawn", "5.3.2c"),
    )
}
"""Everything that can happen to a case; what is not here is illegal."""


def take_step(status: CaseStatus, verb: str) -> Step:
    """Take one step; raises `IllegalTransition` for a verb that is unknown or not allowed in `status`."""
    step = TRANSITIONS.get(verb)
    if step is None:
        raise IllegalTransition(f"{verb}: a case knows no such step; use one of {', '.join(sorted(TRANSITIONS))}.")
    if status not in step.sources:
        allowed = ", ".join(state for state in CaseStatus if state in step.sources)
        raise IllegalTransition(f"{verb}: not possible while the case is {status}; it is from {allowed}.")
    return Step(step.target or status, step.event, step.clause)


def transition(status: CaseStatus, verb: str) -> CaseStatus:
    """The state after `verb`; raises `IllegalTransition`. `take_step` also tells the journal's event and clause."""
    return take_step(status, verb).status


@dataclass(frozen=True, slots=True)
class OpeningVerdict:
    """What a mention becomes.

    `disposition` is opened_case, joined_case, candidate_case, regular, not_complaint or own; `verb` is open, join,
    follow (joins a resolved case), reopen or None; `case_id` is the case joined or reopened.
    """

    disposition: str
    verb: str | None
    case_id: int | None
    reasons: tuple[str, ...]
    clause: str = "5.3.1"


@dataclass(frozen=True, slots=True)
class OverCase:
    """A case that is over: since when (UTC), and how long its own revision lets it be reopened."""

    case_id: int
    since: datetime
    reopen_window: timedelta

    def reopens(self, now: datetime) -> bool:
        """Whether a complaint at `now` (UTC) reopens it."""
        return now - self.since <= self.reopen_window


def decide_opening(
    *,
    reading_is_complaint: bool,
    priority_status: str,
    author_is_watched: bool,
    open_case_id: int | None,
    resolved_case_id: int | None = None,
    closed_case: OverCase | None,
    kind: str,
    now: datetime,
) -> OpeningVerdict:
    """Decide what a mention becomes at `now` (UTC).

    `open_case_id` is the account's open case in the same conversation, `resolved_case_id` its resolved one there,
    `closed_case` its latest one that is over. Priority and candidate accounts are served alike until a person decides
    (5.2.1).
    """
    if author_is_watched:
        return OpeningVerdict("own", None, None, ("The author is a watched account of ours.",))
    if kind == "repost":
        return OpeningVerdict("not_complaint", None, None, ("A repost carries somebody else's words.",))
    if open_case_id is not None:
        reason = "The account has an open case in this conversation."
        return OpeningVerdict("joined_case", "join", open_case_id, (reason,))
    if not reading_is_complaint and resolved_case_id is not None:
        reason = "The account's case in this conversation is resolved and not closed: there is more to say."
        return OpeningVerdict("joined_case", "follow", resolved_case_id, (reason,))
    if not reading_is_complaint:
        return OpeningVerdict("not_complaint", None, None, ("The text does not read as a complaint.",))
    if priority_status not in {"priority", "candidate"}:
        return OpeningVerdict("regular", None, None, ("A complaint, but the account is not a Priority customer.",))
    if closed_case is not None and closed_case.reopens(now):
        days = closed_case.reopen_window.days
        reason = f"A complaint within {days} days of the account's case being over: it is reopened."
        return OpeningVerdict("joined_case", "reopen", closed_case.case_id, (reason,))
    if priority_status == "priority":
        return OpeningVerdict("opened_case", "open", None, ("A complaint by a Priority customer.",))
    reason = "A complaint by a candidate, served as Priority until a person decides."
    return OpeningVerdict("candidate_case", "open", None, (reason,))
