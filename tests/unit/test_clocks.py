"""Running deadlines of a case: when they end, warn and are breached, and what pauses do to them (4.2, 5.3.2)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.clocks import (
    PAUSED_BY_CUSTOMER,
    Alarm,
    ClockKind,
    RunningClock,
    clocks_for_case,
    due_after_pause,
    warns_at,
)
from models.work_instruction import WorkInstruction
from tasks.desk_data import instruction
from tests.support import NOW

MINUTE = timedelta(minutes=1)
RULES = instruction().clocks
DUE = NOW + timedelta(minutes=100)
seconds = st.integers(0, 100_000).map(lambda count: timedelta(seconds=count))


def standing(started_at: datetime, due_at: datetime, now: datetime, paused: timedelta = timedelta(0)) -> Alarm | None:
    """What there is to say of a clock of which nothing has been said yet."""
    clock = RunningClock("settle", started_at, due_at, paused, warned=False, breached=False, escalated=False)
    return clock.alarm(now, RULES)


def other_revision() -> WorkInstruction:
    limits = {
        "first_response_within": timedelta(minutes=1),
        "leader_engaged_within": timedelta(minutes=2),
        "hard_settle_within": timedelta(minutes=3),
        "settle_within": timedelta(minutes=4),
    }
    own = instruction()
    return own.model_copy(update={"clocks": own.clocks.model_copy(update=limits)})


@pytest.mark.parametrize(
    ("hard", "minutes"),
    [
        (False, {ClockKind.FIRST_RESPONSE: 1, ClockKind.SETTLE: 4}),
        (True, {ClockKind.FIRST_RESPONSE: 1, ClockKind.LEADER_ENGAGED: 2, ClockKind.SETTLE: 3}),
    ],
)
def test_the_clocks_of_a_case_by_severity(hard: bool, minutes: dict[ClockKind, int]) -> None:
    clocks = clocks_for_case(hard, NOW, other_revision())
    assert dict(clocks) == {kind: NOW + timedelta(minutes=count) for kind, count in minutes.items()}
    assert len(clocks) == len(minutes)


def test_the_limits_in_force_are_those_of_the_work_instruction() -> None:
    standard, hard = (dict(clocks_for_case(is_hard, NOW, instruction())) for is_hard in (False, True))
    assert standard[ClockKind.FIRST_RESPONSE] - NOW == timedelta(minutes=15)
    assert standard[ClockKind.SETTLE] - NOW == timedelta(hours=24)
    assert hard[ClockKind.LEADER_ENGAGED] - NOW == timedelta(minutes=10)
    assert hard[ClockKind.SETTLE] - NOW == timedelta(hours=12)


def test_only_the_resolution_clock_waits_for_the_customer() -> None:
    assert {ClockKind.SETTLE} == PAUSED_BY_CUSTOMER


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (timedelta(0), None),
        (timedelta(minutes=80) - timedelta(microseconds=1), None),
        (timedelta(minutes=80), Alarm.WARN),
        (timedelta(minutes=100) - timedelta(microseconds=1), Alarm.WARN),
        (timedelta(minutes=100), Alarm.BREACH),
        (timedelta(days=9), Alarm.BREACH),
    ],
)
def test_a_clock_warns_at_eighty_percent_and_is_breached_at_its_end(at: timedelta, expected: Alarm | None) -> None:
    assert standing(NOW, DUE, NOW + at) is expected


def test_another_share_warns_at_another_time() -> None:
    assert warns_at(NOW, DUE, timedelta(0), 0.5) == NOW + timedelta(minutes=50)


def test_a_pause_does_not_use_up_the_time_before_the_warning() -> None:
    paused = timedelta(hours=5)
    due = DUE + paused
    assert warns_at(NOW, due, paused, 0.8) == NOW + paused + timedelta(minutes=80)
    assert standing(NOW, due, NOW + paused + timedelta(minutes=79), paused) is None


@pytest.mark.parametrize(
    ("paused_after", "length", "moved_by"),
    [(10, 30, 30), (99, 1_000, 1_000), (50, 0, 0), (100, 30, 0), (101, 30, 0)],
)
def test_a_pause_moves_the_end_unless_it_was_over(paused_after: int, length: int, moved_by: int) -> None:
    paused_at = NOW + timedelta(minutes=paused_after)
    assert due_after_pause(DUE, paused_at, paused_at + timedelta(minutes=length)) == DUE + timedelta(minutes=moved_by)


def test_a_pause_that_ends_before_it_began_is_refused() -> None:
    with pytest.raises(ValueError, match="resumed_at"):
        due_after_pause(DUE, NOW, NOW - timedelta(seconds=1))


@given(st.lists(st.tuples(seconds, seconds), max_size=8), st.integers(1, 100_000))
def test_pauses_never_make_a_case_jump(stretches: list[tuple[timedelta, timedelta]], allowed: int) -> None:
    """However often it pauses, a clock stands after each pause as it stood before, and only work uses it up."""
    due, now, paused, worked = NOW + timedelta(seconds=allowed), NOW, timedelta(0), timedelta(0)
    for work, pause in stretches:
        now, worked = now + work, worked + work
        before = standing(NOW, due, now, paused)
        assert (before is Alarm.BREACH) is (worked >= timedelta(seconds=allowed))
        if before is Alarm.BREACH:
            assert due_after_pause(due, now, now + pause) == due
            return
        due, now, paused = due_after_pause(due, now, now + pause), now + pause, paused + pause
        assert standing(NOW, due, now, paused) is before
        assert due - now == timedelta(seconds=allowed) - worked


def running(**more: Any) -> RunningClock:
    """A quarter of an hour from NOW on."""
    values = {"kind": "first_response", "started_at": NOW, "due_at": NOW + 15 * MINUTE, "paused": timedelta(0)}
    return RunningClock(**(values | {"warned": False, "breached": False, "escalated": False} | more))


@pytest.mark.parametrize(
    ("minutes", "already", "said"),
    [
        (11, {}, None),
        (12, {}, Alarm.WARN),
        (12, {"warned": True}, None),
        (15, {"warned": True}, Alarm.BREACH),
        (15, {}, Alarm.BREACH),
        (29, {"warned": True, "breached": True}, None),
        (30, {"breached": True}, Alarm.ESCALATE),
        (99, {"breached": True, "escalated": True}, None),
    ],
)
def test_what_the_monitor_says_of_a_clock(minutes: int, already: dict[str, bool], said: Alarm | None) -> None:
    assert running(**already).alarm(NOW + minutes * MINUTE, RULES) is said


def test_a_pause_moves_the_warning_by_its_length() -> None:
    paused = running(due_at=NOW + 75 * MINUTE, paused=timedelta(hours=1))
    assert paused.next_alarm(RULES) == (Alarm.WARN, NOW + 72 * MINUTE)


@given(st.integers(0, 200), st.booleans(), st.booleans(), st.booleans())
def test_whatever_is_said_is_said_once_and_comes_to_an_end(
    minutes: int, warned: bool, breached: bool, escalated: bool
) -> None:
    clock, heard = running(warned=warned, breached=breached, escalated=escalated), []
    while (alarm := clock.alarm(NOW + minutes * MINUTE, RULES)) is not None:
        heard.append(alarm)
        clock = replace(clock, **{{"warn": "warned", "breach": "breached", "escalate": "escalated"}[alarm]: True})
    assert len(heard) == len(set(heard)) <= 3
    assert heard == sorted(heard, key=list(Alarm).index)
