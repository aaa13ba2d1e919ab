"""How many agents a shift needs: the formulas against known figures and a simulation, the replay against both."""

from __future__ import annotations

import heapq
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from math import exp, log
from random import Random

import pytest

from models.capacity import Aim, Arrival, Demand, Staffing, erlang_a, erlang_c, needed, replay, staffings
from models.capacity_page import Question, capacity_markdown
from tasks.capacity import CapacityRequest
from tasks.desk_data import instruction

MINUTE = timedelta(minutes=1)
DEMAND = Demand(30, 10 * MINUTE, 30 * MINUTE)
"""30 an hour, 10 minutes each: a load of 5."""
BEGIN = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


def test_erlang_c_is_as_in_the_tables() -> None:
    # 100 calls in half an hour, 3 minutes each, 14 agents: 88.8 % within 20 s (the usual worked example)
    busy = Demand(200, 3 * MINUTE, MINUTE)
    assert busy.load == 10
    assert erlang_c(14, busy, timedelta(seconds=20)) == pytest.approx(0.8884, abs=0.0005)
    assert erlang_c(10, busy, MINUTE) == 0.0  # cannot keep up
    assert erlang_c(1, Demand(0, MINUTE, MINUTE), MINUTE) == 1.0


@pytest.mark.parametrize("agents", [5, 6, 8])
def test_both_formulas_agree_with_a_simulation(agents: int) -> None:
    within = 5 * MINUTE
    patient, given_up = erlang_a(agents, DEMAND, within)
    in_time, gone = simulated(agents, leave=True)
    assert patient == pytest.approx(in_time, abs=0.02)
    assert given_up == pytest.approx(gone, abs=0.01)
    if agents > DEMAND.load:
        assert erlang_c(agents, DEMAND, within) == pytest.approx(simulated(agents, leave=False)[0], abs=0.015)


def simulated(agents: int, *, leave: bool, count: int = 150_000) -> tuple[float, float]:
    """Shares within 5 minutes, and of those who gave up, of a queue played through."""
    chance, now, free, in_time, gone = Random(5), 0.0, [0.0] * agents, 0, 0
    for _ in range(count):
        now += chance.expovariate(30 / 3600)
        wait = max(0.0, free[0] - now)
        in_time += wait <= 300
        if leave and chance.expovariate(1 / 1800) < wait:
            gone += 1
            continue
        heapq.heapreplace(free, max(free[0], now) + chance.expovariate(1 / 600))
    return in_time / count, gone / count


def arrivals(count: int, seed: int = 3) -> list[Arrival]:
    chance, at, found = Random(seed), BEGIN, []
    for _ in range(count):
        at += timedelta(seconds=chance.expovariate(30 / 3600))
        found.append(Arrival(at, timedelta(seconds=chance.expovariate(1 / 600)), False))
    return found


def test_the_replay_of_random_complaints_is_near_erlang_c() -> None:
    assert replay(arrivals(1_500), 7, 5 * MINUTE, instruction()) == pytest.approx(
        erlang_c(7, DEMAND, 5 * MINUTE), abs=0.06
    )


def test_the_replay_by_hand() -> None:
    # one agent, three complaints at once of 10 min each: they wait 0, 10, 20 min; the hard one goes first
    same = [Arrival(BEGIN, 10 * MINUTE, hard) for hard in (False, False, True)]
    rules = instruction()
    assert replay(same, 1, timedelta(0), rules) == pytest.approx(1 / 3)
    assert replay(same, 1, 10 * MINUTE, rules) == pytest.approx(2 / 3)
    assert replay(same, 3, timedelta(0), rules) == 1.0
    assert replay([], 1, MINUTE, rules) == 1.0
    later = [Arrival(BEGIN, 10 * MINUTE, False), Arrival(BEGIN + 10 * MINUTE, MINUTE, False)]
    assert replay(later, 1, timedelta(0), rules) == 1.0  # free again at that very moment


def test_more_agents_never_do_worse_and_the_answer_is_the_first_that_reaches_the_aim() -> None:
    aim = Aim(0.9, 5 * MINUTE)
    found = staffings(DEMAND, arrivals(400), aim, instruction())
    assert found[0].agents == 5
    for less, more in pairwise(found):
        assert less.erlang_c <= more.erlang_c
        assert less.erlang_a <= more.erlang_a
        assert less.occupancy >= more.occupancy
    assert needed(found, aim, "erlang_c") == 8
    assert needed(found, aim, "erlang_a") == 7
    assert needed([Staffing(1, 0.1, 0.1, 0, 0.1, 1)], aim, "replayed") is None


def test_the_page_says_what_it_was_reckoned_from() -> None:
    aim = Aim(0.9, 5 * MINUTE)
    question = Question(date(2026, 3, 2), date(2026, 3, 29), 8, 16, aim)
    page = capacity_markdown(question, DEMAND, 400, staffings(DEMAND, arrivals(200), aim, instruction()))
    assert "agents for 90 % within 5 min, 08:00 to 16:00 WIB" in page
    assert "400 complaints came in these hours" in page
    assert "data:image/svg+xml;base64," in page
    assert "| 8 | **96.3 %** |" in page
    assert "nothing to reckon with" in capacity_markdown(question, Demand(0, MINUTE, MINUTE), 0, [])


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"shift_from": 16, "shift_to": 8}, "shift_to: must be after shift_from"),
        ({"first_day": date(2026, 4, 2)}, "first_day: 2026-04-02 is after 2026-03-31"),
        ({"first_day": date(2020, 1, 1)}, "first_day: at most a year"),
    ],
)
def test_a_shift_that_is_none_is_refused(given: dict[str, object], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        CapacityRequest.model_validate(given).days(date(2026, 4, 1))
    assert CapacityRequest().days(date(2026, 4, 1)) == (date(2026, 3, 4), date(2026, 3, 31))


@pytest.mark.parametrize(
    ("per_hour", "handle", "patience", "agents"),
    [
        (60, 600, 5_000 * 60, 11),
        (238, 30, 1_440 * 60, 1),
        (120, 60, 1_440 * 60, 2),
        (5, 600, 60, 3),
        (600, 3600, 900, 620),
    ],
)
def test_erlang_a_agrees_with_its_birth_and_death_process(
    per_hour: float, handle: float, patience: float, agents: int
) -> None:
    """The share that waits at all, and that gives up, from the steady state of the queue, state by state."""
    demand = Demand(per_hour, timedelta(seconds=handle), timedelta(seconds=patience))
    rate, weight, states = per_hour / 3600, 0.0, [0.0]
    for number in range(1, 60_000):
        weight += log(rate) - log(min(number, agents) / handle + max(number - agents, 0) / patience)
        states.append(weight)
        if weight < max(states) - 60 and number > agents:
            break
    peak = max(states)
    shares = [exp(state - peak) for state in states]
    waits = sum(shares[agents:]) / sum(shares)
    queue = sum((number - agents) * share for number, share in enumerate(shares) if number > agents) / sum(shares)
    at_once, given_up = erlang_a(agents, demand, timedelta(0))
    assert 1 - at_once == pytest.approx(waits, abs=1e-6)
    assert given_up == pytest.approx(queue / patience / rate, abs=1e-6)


def test_more_agents_than_are_tried_is_said() -> None:
    aim = Aim(0.95, MINUTE)
    question = Question(date(2026, 3, 2), date(2026, 3, 29), 8, 16, aim)
    demand = Demand(60, timedelta(hours=4), 60 * MINUTE)
    page = capacity_markdown(question, demand, 13_440, staffings(demand, arrivals(10), aim, instruction()))
    assert page.startswith("# More than 200 agents")
    assert "240 agents would be busy" in page
