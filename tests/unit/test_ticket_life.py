"""The life of a ticket and what a unit's or a PIC's word makes of it (clauses 4.3, 4.4, 5.3.2d)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.case_life import IllegalTransition
from models.pic_updates import PicVerdict, judge_pic_update
from models.ticket_life import TICKET_TRANSITIONS, TicketStatus, judge_unit_update, ticket_step
from tests.support import NOW

UNSENT = {"new": "dispatched", "unreachable": "dispatched"}
WITH_UNIT = ("dispatched", "acknowledged", "in_progress")
REACHED = ("new", "unreachable", *WITH_UNIT)
OPEN = (*REACHED, "refused", "settled")
LIFE: dict[str, dict[str, str]] = {
    "dispatch": UNSENT,
    "give_up": dict.fromkeys(UNSENT, "unreachable"),
    "acknowledge": dict.fromkeys((*UNSENT, "dispatched"), "acknowledged"),
    "progress": dict.fromkeys(REACHED, "in_progress"),
    "settle": dict.fromkeys(REACHED, "settled"),
    "refuse": dict.fromkeys(REACHED, "refused"),
    "redirect": dict.fromkeys((*REACHED, "refused"), "new"),
    "verify": {"settled": "verified"},
    "send_back": {"settled": "new"},
    "escalate": {status: status for status in REACHED},
    "note": {status: status for status in (*OPEN, "verified")},
    "change_look": {status: status for status in OPEN},
}
"""The life as DESIGN 5 tells it, written a second time: verb → from → to."""


@given(st.lists(st.sampled_from(sorted(LIFE)), max_size=60))
def test_any_walk_stays_within_the_life(verbs: list[str]) -> None:
    assert set(TICKET_TRANSITIONS) == set(LIFE)
    status = TicketStatus.NEW
    for verb in verbs:
        allowed = LIFE[verb].get(status)
        if allowed is None:
            with pytest.raises(IllegalTransition, match=f"{verb}: not possible while the ticket is {status}"):
                ticket_step(status, verb)
            continue
        step = ticket_step(status, verb)
        assert step.event
        assert step.clause
        assert (step.target or status) == allowed
        status = step.target or status


@pytest.mark.parametrize(
    ("status", "said", "verb"),
    [
        ("dispatched", "acknowledged", "acknowledge"),
        ("dispatched", "settled", "settle"),
        ("unreachable", "in_progress", "progress"),
        ("acknowledged", "refused", "refuse"),
        ("acknowledged", "acknowledged", None),
        ("in_progress", "acknowledged", None),
        ("settled", "in_progress", None),
        ("settled", "settled", None),
        ("verified", "refused", None),
        ("refused", "settled", None),
        ("dispatched", "on fire", None),
    ],
)
def test_what_a_unit_says(status: str, said: str, verb: str | None) -> None:
    verdict = judge_unit_update(TicketStatus(status), said, NOW, None, True)
    assert (verdict.verb, verdict.clause) == (verb, "4.4")
    assert verdict.reason


def test_an_older_word_and_one_about_an_earlier_round_change_nothing() -> None:
    stale = judge_unit_update(TicketStatus.DISPATCHED, "settled", NOW, NOW + timedelta(seconds=1), True)
    assert (stale.verb, "older" in stale.reason) == (None, True)
    earlier = judge_unit_update(TicketStatus.DISPATCHED, "settled", NOW, None, False)
    assert (earlier.verb, "earlier dispatch" in earlier.reason) == (None, True)


def said(status: str, action: str, **changes: Any) -> PicVerdict:
    given: dict[str, Any] = {
        "unit": "network",
        "to_unit": None,
        "look_in_minutes": None,
        "note": "",
        "units": ["network", "billing"],
        "by": "",
        "by_is_staff": False,
        "now": NOW,
    }
    return judge_pic_update(TicketStatus(status), action, **(given | changes))


def test_what_a_pic_says() -> None:
    assert said("dispatched", "check") == PicVerdict(None)
    assert said("settled", "customer_confirmed").verb == "verify"
    assert said("settled", "customer_not_solved").verb == "send_back"
    assert said("refused", "redirect", to_unit="billing").verb == "redirect"
    assert said("dispatched", "note", note="x").verb == "note"
    assert said("dispatched", "check", note="x").verb == "note"  # the form stands at check until it is changed
    assert said("dispatched", "acknowledged", by="P01", by_is_staff=True).verb == "acknowledge"
    assert said("dispatched", "check", by="P99").refusal == (
        "by: nobody here has that staff code; give yours, or leave it empty."
    )
    assert said("dispatched", "change_look", look_in_minutes=30).look_at == NOW + timedelta(minutes=30)


@pytest.mark.parametrize(
    ("status", "action", "changes", "why"),
    [
        ("dispatched", "customer_confirmed", {}, "not possible while the ticket is dispatched; it is from settled"),
        ("refused", "redirect", {}, "choose the unit"),
        ("refused", "redirect", {"to_unit": "mars"}, "there are network, billing"),
        ("dispatched", "redirect", {"to_unit": "network"}, "already"),
        ("dispatched", "note", {"note": "  "}, "write what"),
        ("dispatched", "change_look", {}, "from 1 to 20160"),
        ("dispatched", "change_look", {"look_in_minutes": 20161}, "14 days"),
        ("settled", "escalate", {}, "not possible"),
        ("refused", "escalate", {}, "not possible"),
    ],
)
def test_a_refused_form_says_why_and_what_to_do(status: str, action: str, changes: dict[str, Any], why: str) -> None:
    verdict = said(status, action, **changes)
    assert verdict.verb is None
    assert verdict.refusal
    assert verdict.refusal.startswith(f"{action}: ")
    assert why in verdict.refusal
