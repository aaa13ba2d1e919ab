"""The monitor's part in cases: clocks, cases not accepted, agents gone, quiet cases, cases without an agent (4.2)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from prefect import task
from prefect.cache_policies import NO_CACHE

from models.case_assigning import AssignmentOutcome, assign_waiting_cases
from models.case_quiet import look_at_quiet_cases
from models.case_reading import desk_people
from models.case_watching import MONITOR, CaseRound, pass_on_leaders_cases, ring_clocks, take_from_agents
from models.database import write_transaction
from tasks.database import desk_engine
from tasks.desk_data import hard_complaint, instruction


@dataclass(frozen=True, slots=True)
class CasesWatched:
    """What one round did: clocks, cases taken from their agents and given anew, closed, people reminded."""

    clocks: CaseRound
    assignment: AssignmentOutcome
    closed: int
    reminded: int


@task(name="watch over cases", cache_policy=NO_CACHE)
def watch_over_cases() -> CasesWatched:
    """Warn, breach, escalate; take from their agents what they did not accept or left behind, and give it to others;
    close what is completely settled. One transaction: a round that died did nothing, the next one does it all."""
    now, rules = datetime.now(UTC), instruction()
    done = CaseRound()
    with write_transaction(desk_engine()) as connection:
        people = desk_people(connection, now)
        lapsed = ring_clocks(connection, people, rules, now, done)
        waiting = take_from_agents(connection, lapsed, people, rules, now, done)
        pass_on_leaders_cases(connection, people, rules, now)
        closed, reminded = look_at_quiet_cases(connection, rules, hard_complaint(), now)
        assignment = assign_waiting_cases(connection, rules, now, waiting, MONITOR)
    return CasesWatched(done, assignment, closed, reminded)
