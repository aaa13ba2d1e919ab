"""How many agents a shift needs: Erlang C and A from what was observed, and the desk's own assignment replayed.

The queueing model: complaints come at random, an agent has one in hand at a time for an exponential time, whoever is
free takes the most urgent one. Erlang C lets everybody wait; Erlang A lets those go whose patience is over. Both are
exact for that model (A. K. Erlang 1917; C. Palm 1957; for the offered wait of Erlang A see A. Mandelbaum, S. Zeltyn,
Service Engineering in Action: The Palm/Erlang-A Queue, 2007, with its J and epsilon). The replay assumes nothing: the
complaints that came, at their moments, with their own handle times, given out by `assign_cases` on a simulated clock.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import exp, inf, log

from models.assignment import AgentLoad, WaitingCase, assign_cases
from models.eligibility import SKILLS, Agent, latest_complete_months
from models.work_instruction import WorkInstruction

MOST = 200
"""Agents tried at most."""


@dataclass(frozen=True, slots=True)
class Demand:
    """What a shift has to cope with: complaints an hour, the mean time one is in hand, the patience of a customer."""

    per_hour: float
    handle: timedelta
    patience: timedelta

    @property
    def load(self) -> float:
        """The offered load: agents busy on average if nobody had to wait (Erlang)."""
        return self.per_hour * self.handle.total_seconds() / 3600


@dataclass(frozen=True, slots=True)
class Aim:
    """The share of complaints that shall be with an agent within a time."""

    share: float
    within: timedelta


@dataclass(frozen=True, slots=True)
class Arrival:
    """A complaint that came: when (UTC), how long it was in hand, and whether it was hard."""

    at: datetime
    handle: timedelta
    hard: bool


@dataclass(frozen=True, slots=True)
class Staffing:
    """What so many agents would reach: shares within the aim's time by each way, how busy they are, who gives up."""

    agents: int
    erlang_c: float
    erlang_a: float
    given_up: float
    replayed: float
    occupancy: float


def erlang_c(agents: int, demand: Demand, within: timedelta) -> float:
    """The share that waits no longer than `within` where everybody waits (M/M/n); 0 where the agents cannot keep up."""
    from scipy.stats import poisson

    load = demand.load
    if load == 0:
        return 1.0
    if agents <= load:
        return 0.0
    blocked = float(poisson.pmf(agents, load) / poisson.cdf(agents, load))  # Erlang B
    waits = blocked / (1 - load / agents * (1 - blocked))
    return 1 - waits * exp(-(agents - load) * (within / demand.handle))


def erlang_a(agents: int, demand: Demand, within: timedelta) -> tuple[float, float]:
    """The share that would wait no longer than `within` where patience is exponential (M/M/n+M), and the share that
    gives up."""
    from numpy import logaddexp
    from scipy.stats import poisson

    if demand.per_hour == 0:
        return 1.0, 0.0
    rate, served = demand.per_hour / 3600, 1 / demand.handle.total_seconds()
    leaving = 1 / demand.patience.total_seconds()
    free = poisson.logcdf(agents - 1, demand.load) - poisson.logpmf(agents - 1, demand.load) - log(rate)
    scale, shape = rate / leaving, agents * served / leaving
    waits = scale + _log_gamma_below(shape, scale) - shape * log(scale) - log(leaving)
    busy = logaddexp(free, waits)
    still = scale * exp(-leaving * within.total_seconds())
    later = scale + _log_gamma_below(shape, still) - shape * log(scale) - log(leaving) - busy
    given_up = exp(-log(rate) - busy) + (1 - agents * served / rate) * exp(waits - busy)
    return 1 - exp(min(0.0, later)), min(1.0, max(given_up, 0.0))


def _log_gamma_below(shape: float, limit: float) -> float:
    """The logarithm of the lower incomplete gamma function, which J becomes with v = exp(-leaving * wait)."""
    from scipy.special import gammainc, gammaln

    if limit <= 0:
        return -inf
    if limit > shape:
        return float(gammaln(shape) + log(gammainc(shape, limit)))
    term, total, place = 1.0, 1.0, 1
    while term > total * 1e-16:  # x^a e^-x / a (1 + x/(a+1) + x²/((a+1)(a+2)) + …), which never underflows
        term *= limit / (shape + place)
        total += term
        place += 1
    return shape * log(limit) - limit - log(shape) + log(total)


def replay(arrivals: Sequence[Arrival], agents: int, within: timedelta, instruction: WorkInstruction) -> float:
    """The share of the complaints that `assign_cases` gives to an agent within a time, with so many eligible agents on
    duty who have one in hand at a time."""
    if not arrivals:
        return 1.0
    desk = _Replay([_agent(number, arrivals[0].at.date(), arrivals) for number in range(agents)], instruction)
    pending = sorted(arrivals, key=lambda one: one.at)
    number = 0
    while number < len(pending) or desk.waiting:
        now = desk.next_free() if number == len(pending) else pending[number].at
        if desk.busy and desk.next_free() <= now:
            now = desk.next_free()
            desk.free(now)
        else:
            desk.arrive(number, pending[number])
            number += 1
        desk.assign(now)
    return sum(wait <= within for wait in desk.waits) / len(pending)


class _Replay:
    """The desk on a simulated clock."""

    def __init__(self, agents: Sequence[Agent], instruction: WorkInstruction) -> None:
        self.instruction = instruction
        self.agents = {agent.code: agent for agent in agents}
        self.last: dict[str, datetime | None] = dict.fromkeys(self.agents)
        self.busy: list[tuple[datetime, str]] = []
        self.waiting: dict[int, Arrival] = {}
        self.waits: list[timedelta] = []

    def next_free(self) -> datetime:
        return self.busy[0][0]

    def free(self, now: datetime) -> None:
        while self.busy and self.busy[0][0] <= now:
            heapq.heappop(self.busy)

    def arrive(self, number: int, arrival: Arrival) -> None:
        self.waiting[number] = arrival

    def assign(self, now: datetime) -> None:
        taken = {code for _, code in self.busy}
        if not self.waiting or len(taken) == len(self.agents):
            return
        loads = [AgentLoad(agent, int(code in taken), self.last[code]) for code, agent in self.agents.items()]
        cases = [
            WaitingCase(number, one.hard, "priority", None, None, one.at, frozenset())
            for number, one in self.waiting.items()
        ]
        for given in assign_cases(cases, loads, [], now, self.instruction):
            if given.agent_code is not None:
                arrival = self.waiting.pop(given.case_id)
                self.last[given.agent_code] = now
                self.waits.append(now - arrival.at)
                heapq.heappush(self.busy, (now + arrival.handle, given.agent_code))


def _agent(number: int, today: date, arrivals: Sequence[Arrival]) -> Agent:
    """An agent who meets 5.1.1 throughout the replay, is on duty all the time and takes one case at a time."""
    last = max(one.at for one in arrivals)
    months = {month for day in (today, last.date()) for month in latest_complete_months(day, 40)}
    span = (arrivals[0].at - timedelta(days=1), last + timedelta(days=400))
    return Agent(
        code=f"N{number + 1:03d}",
        name="",
        role="agent",
        joined_on=date(2000, 1, 1),
        capacity=1,
        social_handle="n",
        away_until=None,
        qa_scores=dict.fromkeys(months, (100.0, 0.0)),
        assessments={skill: (100.0, date(2000, 1, 1)) for skill in SKILLS},
        shifts=(span,),
    )


def staffings(
    demand: Demand, arrivals: Sequence[Arrival], aim: Aim, instruction: WorkInstruction, more: int = 2
) -> list[Staffing]:
    """What ever more agents would reach, from as many as are busy anyway until all three ways reach the aim, and a few
    more."""
    found: list[Staffing] = []
    agents, enough = max(1, int(demand.load)), 0
    while enough <= more and agents <= MOST:
        patient, given_up = erlang_a(agents, demand, aim.within)
        found.append(
            Staffing(
                agents,
                erlang_c(agents, demand, aim.within),
                patient,
                given_up,
                replay(arrivals, agents, aim.within, instruction),
                min(1.0, demand.load * (1 - given_up) / agents),
            )
        )
        latest = found[-1]
        enough += min(latest.erlang_c, latest.erlang_a, latest.replayed) >= aim.share
        agents += 1
    return found


def needed(found: Sequence[Staffing], aim: Aim, way: str) -> int | None:
    """The fewest agents that reach the aim by one of the ways (erlang_c, erlang_a, replayed); None where none did."""
    return next((one.agents for one in found if getattr(one, way) >= aim.share), None)
