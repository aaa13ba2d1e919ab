"""What a ticket does next, and what becomes of the run that carries it (clauses 4.3, 4.4, 5.3.2d)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from models.follow_up_runs import DueTicket, SeenRun, judge_lost_wake, judge_run, wait_key
from models.ticket_life import TicketStatus
from models.ticket_steps import StepKind, TicketClock, TicketStand, next_step
from models.units import load_units
from tasks.settings import ROOT
from tests.support import NOW

NETWORK = load_units(Path(ROOT) / "data" / "units.yaml")["network"]
HOUR = timedelta(hours=1)
CLOCK = TicketClock("unit_acknowledge", NOW + HOUR, NOW + 2 * HOUR, warned=False, breached=False)
STAND = TicketStand(
    status=TicketStatus.DISPATCHED,
    level=0,
    told_level=0,
    opened_at=NOW,
    contacted_at=NOW,
    heard_at=None,
    asked_at=None,
    look_at=None,
    open_updates=0,
    clocks=(CLOCK,),
)
WARNED, BREACHED = replace(CLOCK, warned=True), replace(CLOCK, warned=True, breached=True)


@pytest.mark.parametrize(
    ("changes", "hours", "kind", "clause"),
    [
        ({"status": TicketStatus.VERIFIED}, 9, "finish", "5.3.2d"),
        ({"open_updates": 2, "status": TicketStatus.NEW}, 0, "take_updates", "4.4"),
        ({"status": TicketStatus.NEW}, 0, "dispatch", "4.4"),
        ({}, 0.5, "wait", "5.3.2d"),
        ({}, 1, "warn", "4.3"),
        ({"clocks": (WARNED,)}, 1.5, "wait", "5.3.2d"),
        ({"clocks": (WARNED,)}, 2, "breach", "5.3.2d"),
        ({}, 2, "breach", "5.3.2d"),  # slept through the warning
        ({"clocks": (BREACHED,), "level": 1}, 2, "escalate", "4.4"),
        ({"clocks": (BREACHED,), "level": 1, "told_level": 1}, 1.9, "wait", "5.3.2d"),
        ({"clocks": (BREACHED,), "level": 1, "told_level": 1}, 2, "raise", "4.4"),  # late, and still silent
        ({"clocks": (BREACHED,), "level": 3, "told_level": 3}, 2, "chase", "4.4"),  # there is no further post
        (
            {"clocks": (BREACHED,), "level": 1, "status": TicketStatus.UNREACHABLE, "asked_at": NOW},
            1.9,
            "wait",
            "5.3.2d",
        ),
        ({"clocks": ()}, 2, "chase", "4.4"),
        ({"clocks": (), "heard_at": NOW + HOUR}, 2, "wait", "5.3.2d"),
        ({"clocks": (), "look_at": NOW + 5 * HOUR}, 4, "wait", "5.3.2d"),
        ({"clocks": (), "look_at": NOW + HOUR}, 1, "chase", "4.4"),
        ({"clocks": (), "status": TicketStatus.SETTLED}, 0, "ask", "5.3.2d"),
        ({"clocks": (), "status": TicketStatus.SETTLED, "asked_at": NOW}, 7, "wait", "5.3.2d"),
        ({"clocks": (), "status": TicketStatus.SETTLED, "asked_at": NOW}, 8, "ask", "5.3.2d"),  # once a shift
        ({"clocks": (), "level": 1, "look_at": NOW + 3 * HOUR}, 2, "wait", "5.3.2d"),  # telling the post failed
        ({"clocks": (), "level": 1, "look_at": NOW + 3 * HOUR}, 3, "escalate", "4.4"),
        ({"clocks": (), "status": TicketStatus.REFUSED}, 0, "ask", "4.4"),
        ({"clocks": (), "status": TicketStatus.UNREACHABLE}, 0, "ask", "4.4"),
        ({"clocks": (), "status": TicketStatus.UNREACHABLE, "asked_at": NOW}, 1, "wait", "5.3.2d"),
        ({"clocks": (), "status": TicketStatus.UNREACHABLE, "asked_at": NOW}, 2, "dispatch", "4.4"),
    ],
)
def test_next_step(changes: dict[str, Any], hours: float, kind: str, clause: str) -> None:
    verdict = next_step(replace(STAND, **changes), NETWORK, NOW + hours * HOUR)
    assert (verdict.kind, verdict.clause) == (kind, clause)
    assert verdict.reasons
    if verdict.kind is StepKind.WAIT:
        assert verdict.look_again_at is not None
        assert verdict.look_again_at > NOW + hours * HOUR
        again = next_step(replace(STAND, **changes), NETWORK, verdict.look_again_at)
        assert again.kind is not StepKind.WAIT  # every wake is worth a process


DUE = DueTicket(1, "network", "run", NOW, 3, 0, "due")
WAITING = SeenRun("PAUSED", wait_key(1, 3))


@pytest.mark.parametrize(
    ("ticket", "seen", "action"),
    [
        (DUE, WAITING, "wake"),
        (replace(DUE, due=None), WAITING, "leave"),
        (DUE, SeenRun("PAUSED", wait_key(1, 2)), "restart"),  # an older copy of the server
        (DUE, None, "restart"),
        (replace(DUE, flow_run_id=None), None, "restart"),
        (DUE, SeenRun("CRASHED"), "restart"),
        (DUE, SeenRun("CANCELLED"), "restart"),
        (DUE, SeenRun("COMPLETED"), "restart"),
        (DUE, SeenRun("SCHEDULED"), "leave"),
        (DUE, SeenRun("RUNNING"), "leave"),
        (replace(DUE, run_since=NOW - HOUR), SeenRun("RUNNING"), "restart"),
        (replace(DUE, run_since=NOW - HOUR), SeenRun("SCHEDULED"), "leave"),
        (replace(DUE, run_since=NOW - HOUR), SeenRun("PENDING", None, NOW), "leave"),  # just woken
        (replace(DUE, run_since=NOW - HOUR), SeenRun("PENDING", None, NOW - HOUR), "restart"),
        (replace(DUE, failures=1), SeenRun("FAILED"), "restart"),  # the first is replaced at once
        (replace(DUE, failures=2), SeenRun("FAILED"), "leave"),
        (replace(DUE, failures=2, run_since=NOW - HOUR), SeenRun("FAILED"), "restart"),
        (replace(DUE, failures=6, run_since=NOW - HOUR / 2), SeenRun("FAILED"), "leave"),
        (replace(DUE, failures=99, run_since=NOW - HOUR), SeenRun("FAILED"), "restart"),
        (replace(DUE, failures=2), WAITING, "wake"),
    ],
)
def test_a_lost_run_is_told_from_a_living_one(ticket: DueTicket, seen: SeenRun | None, action: str) -> None:
    verdict = judge_run(ticket, seen, timedelta(minutes=3), NOW)
    assert verdict.action == action
    assert verdict.reason


def test_a_run_that_could_not_be_woken_is_replaced_once_it_has_been_silent() -> None:
    lease = timedelta(minutes=3)
    waits = replace(WAITING, since=NOW)
    assert judge_lost_wake(replace(DUE, run_since=NOW), waits, lease, NOW).action == "leave"
    assert judge_lost_wake(replace(DUE, run_since=NOW), waits, lease, NOW + HOUR).action == "restart"


def test_runs_that_fail_again_and_again_are_a_matter_for_people() -> None:
    lease = timedelta(minutes=3)
    assert not judge_run(replace(DUE, failures=2), SeenRun("FAILED"), lease, NOW).trouble
    assert judge_run(replace(DUE, failures=3), SeenRun("FAILED"), lease, NOW).trouble
    assert not judge_run(replace(DUE, failures=3), WAITING, lease, NOW).trouble
