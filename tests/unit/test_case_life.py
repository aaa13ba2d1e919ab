"""The life of a case, and what a mention becomes (clauses 5.3.1, 5.3.2)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.case_life import (
    OPEN,
    OVER,
    TRANSITIONS,
    CaseStatus,
    IllegalTransition,
    OpeningVerdict,
    OverCase,
    decide_opening,
    take_step,
    transition,
)
from tests.support import NOW


def test_the_life_as_designed() -> None:
    status = CaseStatus.NEW
    for verb in ("assign", "accept", "start", "wait_for_customer", "resume", "wait_for_unit", "resume", "resolve"):
        status = transition(status, verb)
    assert transition(status, "close") is CaseStatus.CLOSED
    assert transition(transition(status, "reopen"), "assign") is CaseStatus.ASSIGNED


OPEN_STATES = {"new", "assigned", "accepted", "in_progress", "waiting_customer", "waiting_unit", "reopened"}
ANY_OPEN = {state: state for state in OPEN_STATES}
LIFE: dict[str, dict[str, str]] = {
    "assign": {"new": "assigned", "reopened": "assigned"},
    "accept": {"assigned": "accepted"},
    "start": {"accepted": "in_progress"},
    "wait_for_customer": {"accepted": "waiting_customer", "in_progress": "waiting_customer"},
    "wait_for_unit": {"accepted": "waiting_unit", "in_progress": "waiting_unit"},
    "resume": {"waiting_customer": "in_progress", "waiting_unit": "in_progress"},
    "resolve": dict.fromkeys(("accepted", "in_progress", "waiting_customer", "waiting_unit"), "resolved"),
    "take_back": {"resolved": "in_progress"},
    "close": {"resolved": "closed"},
    "reopen": {"resolved": "reopened", "closed": "reopened"},
    "reassign": dict.fromkeys(OPEN_STATES, "assigned"),
    "relieve": dict.fromkeys(("assigned", "accepted", "in_progress"), "new"),
    "hand_over": {state: state for state in ("waiting_customer", "waiting_unit")},
    "take_over": dict.fromkeys(OPEN_STATES, "in_progress"),
    "give_back": ANY_OPEN,
    "declare_hard": ANY_OPEN,
    "withdraw_hard": ANY_OPEN,
}
"""The life as DESIGN 5 tells it, written a second time: verb → from → to."""


def test_the_life_has_the_designed_steps_and_no_other() -> None:
    assert set(TRANSITIONS) == set(LIFE)
    assert {str(status) for status in OPEN} == OPEN_STATES
    assert all(step.event and step.clause for step in TRANSITIONS.values())


@given(st.lists(st.sampled_from(sorted(LIFE)), max_size=60))
def test_any_walk_stays_within_the_life(verbs: list[str]) -> None:
    status = CaseStatus.NEW
    for verb in verbs:
        allowed = LIFE[verb].get(status)
        if allowed is None:
            with pytest.raises(IllegalTransition, match=f"{verb}: not possible while the case is {status}"):
                take_step(status, verb)
            continue
        step = take_step(status, verb)
        assert (step.event, step.clause) == (TRANSITIONS[verb].event, TRANSITIONS[verb].clause)
        assert step.status == allowed
        assert transition(status, verb) is step.status
        status = step.status


@pytest.mark.parametrize("status", list(CaseStatus))
def test_every_state_is_reached_and_left(status: CaseStatus) -> None:
    assert status == "new" or any(status in way.values() for way in LIFE.values())
    leaving = {verb for verb, way in LIFE.items() if way.get(status, status) != status}
    for verb in leaving:
        assert transition(status, verb) != status
    assert leaving


@pytest.mark.parametrize(
    ("status", "verb"), [("new", "accept"), ("closed", "assign"), ("assigned", "close"), ("closed", "reassign")]
)
def test_an_illegal_step_is_refused_with_what_is_possible(status: str, verb: str) -> None:
    with pytest.raises(IllegalTransition, match=f"{verb}: not possible while the case is {status}; it is from"):
        transition(CaseStatus(status), verb)
    with pytest.raises(IllegalTransition, match="no such step"):
        transition(CaseStatus(status), "explode")


def test_takeover_reassignment_and_hard_flag_are_possible_in_every_open_state() -> None:
    for verb in ("take_over", "reassign", "declare_hard", "withdraw_hard"):
        assert TRANSITIONS[verb].sources == OPEN
    assert frozenset(CaseStatus) == OPEN | OVER


def opening(**changes: Any) -> OpeningVerdict:
    given: dict[str, Any] = {
        "reading_is_complaint": True,
        "priority_status": "priority",
        "author_is_watched": False,
        "open_case_id": None,
        "closed_case": None,
        "kind": "post",
        "now": NOW,
    }
    return decide_opening(**(given | changes))


def over(window: float = 3, **ago: float) -> OverCase:
    """A case that is over since then and can be reopened for `window` days."""
    return OverCase(5, NOW - timedelta(**ago), timedelta(days=window))


@pytest.mark.parametrize(
    ("changes", "disposition", "verb", "case_id"),
    [
        ({}, "opened_case", "open", None),
        ({"priority_status": "candidate"}, "candidate_case", "open", None),
        ({"priority_status": "regular"}, "regular", None, None),
        ({"reading_is_complaint": False}, "not_complaint", None, None),
        ({"author_is_watched": True}, "own", None, None),
        ({"kind": "repost"}, "not_complaint", None, None),
        ({"priority_status": "unknown"}, "regular", None, None),
        # Ours and reposts never count, whatever else is true.
        ({"author_is_watched": True, "open_case_id": 7}, "own", None, None),
        ({"author_is_watched": True, "kind": "repost"}, "own", None, None),
        ({"kind": "repost", "open_case_id": 7}, "not_complaint", None, None),
        ({"kind": "quote"}, "opened_case", "open", None),
        ({"open_case_id": 7}, "joined_case", "join", 7),
        ({"open_case_id": 7, "closed_case": over(days=1)}, "joined_case", "join", 7),
        ({"open_case_id": 7, "reading_is_complaint": False}, "joined_case", "join", 7),
        ({"open_case_id": 7, "priority_status": "regular"}, "joined_case", "join", 7),
        ({"closed_case": over(days=3)}, "joined_case", "reopen", 5),
        ({"closed_case": over(days=3, seconds=1)}, "opened_case", "open", None),
        ({"closed_case": over(days=2), "priority_status": "candidate"}, "joined_case", "reopen", 5),
        ({"closed_case": over(days=4), "priority_status": "candidate"}, "candidate_case", "open", None),
        ({"closed_case": over(1 / 24, hours=2)}, "opened_case", "open", None),
        ({"closed_case": over(1, days=2)}, "opened_case", "open", None),
        ({"closed_case": over(days=1), "reading_is_complaint": False}, "not_complaint", None, None),
        ({"closed_case": over(days=1), "priority_status": "regular"}, "regular", None, None),
    ],
)
def test_what_a_mention_becomes(
    changes: dict[str, Any], disposition: str, verb: str | None, case_id: int | None
) -> None:
    verdict = opening(**changes)
    assert (verdict.disposition, verdict.verb, verdict.case_id) == (disposition, verb, case_id)
    assert verdict.reasons
    assert verdict.clause == "5.3.1"
