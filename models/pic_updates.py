"""What a PIC (or a wake) tells a follow-up, and what becomes of it: the form's values in, a verdict out (4.3, 4.4)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from models.case_life import IllegalTransition
from models.ticket_life import TicketStatus, ticket_step

PicAction = Literal[
    "check",
    "note",
    "acknowledged",
    "in_progress",
    "settled",
    "refused",
    "redirect",
    "escalate",
    "change_look",
    "customer_confirmed",
    "customer_not_solved",
]
"""What the resume form offers; `check` is also what the monitor sends."""

VERBS: dict[str, str] = {
    "note": "note",
    "acknowledged": "acknowledge",
    "in_progress": "progress",
    "settled": "settle",
    "refused": "refuse",
    "redirect": "redirect",
    "escalate": "escalate",
    "change_look": "change_look",
    "customer_confirmed": "verify",
    "customer_not_solved": "send_back",
}
BY_PHONE = frozenset({"acknowledged", "in_progress", "settled", "refused"})
"""Said by the unit, taken down by the PIC: a contact of its own."""
LONGEST_LOOK = timedelta(days=14)
MONITOR = "watch-cases"
"""Who sends a `check` that no person sent."""


@dataclass(frozen=True, slots=True)
class PicVerdict:
    """What becomes of a PIC's update: the verb to take, or None; then the sentence that says why not and what to do,
    or none where somebody only looked."""

    verb: str | None
    refusal: str | None = None
    look_at: datetime | None = None
    clause: str = "4.3"


def judge_pic_update(
    status: TicketStatus,
    action: str,
    *,
    unit: str,
    to_unit: str | None,
    look_in_minutes: int | None,
    note: str,
    units: Collection[str],
    by: str,
    by_is_staff: bool,
    now: datetime,
) -> PicVerdict:
    """Decide what to make of the form at `now` (UTC). `unit` has the ticket, `to_unit` is where it shall go.

    A note written beside `check` is a note: the form stands at `check` until it is changed.
    """
    if by and not by_is_staff:
        return PicVerdict(None, "by: nobody here has that staff code; give yours, or leave it empty.")
    if action == "check" and note.strip():
        action = "note"
    verb = VERBS.get(action)
    if verb is None:
        return PicVerdict(None)
    try:
        ticket_step(status, verb)
    except IllegalTransition as error:
        return PicVerdict(None, f"{action}: {str(error).split(': ', 1)[1]}")
    if action == "redirect" and to_unit not in units:
        return PicVerdict(None, f"redirect: choose the unit it goes to; there are {', '.join(units)}.")
    if action == "redirect" and to_unit == unit:
        return PicVerdict(None, f"redirect: it is with {unit} already; choose another unit.")
    if action == "note" and not note.strip():
        return PicVerdict(None, "note: write what is to be noted.")
    if action != "change_look":
        return PicVerdict(verb)
    if look_in_minutes is None or not 0 < look_in_minutes <= LONGEST_LOOK.total_seconds() / 60:
        return PicVerdict(None, "change_look: give look_in_minutes, from 1 to 20160 (14 days).")
    return PicVerdict(verb, look_at=now + timedelta(minutes=look_in_minutes))
