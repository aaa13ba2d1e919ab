"""Whether closed cases went as the instruction demands: each step followed, late or skipped, with its evidence.

A verdict is a row: `case_id`, `step`, `verdict`, `at` (the closing, ms), `when` (ms) and `entry` (the journal's) of the
evidence where there is one, `num` (1 followed) and `den`. A step that a case had no need of has no row.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from models.clocks import ClockKind
from models.kpi_story import ANSWERED, BY_LEADER, GIVEN, Story
from models.ticket_steps import TicketClockKind

ACKNOWLEDGED = ("ticket_acknowledged", "ticket_in_progress", "ticket_settled")
"""The words of a unit that say it has taken a ticket on."""
FOLLOWED, LATE, SKIPPED = "followed", "late", "skipped"


@dataclass(frozen=True, slots=True)
class Demand:
    """A step that the instruction demands of a case: its clause and what it is."""

    clause: str
    says: str


DEMANDS = {
    "received": Demand("4.1", "Given to an eligible agent"),
    "accepted": Demand("4.1", "Accepted by the agent in time"),
    "looked at": Demand("4.3", "Looked at by the PIC in time, every ticket"),
    "acknowledged": Demand("4.4", "Acknowledged by the unit in time, every ticket"),
    "answered": Demand("5.3.2a", "First answer to the customer in time"),
    "directed": Demand("5.3.2b", "The agent's question answered by a team leader"),
    "leader engaged": Demand("5.3.2c", "A team leader at work on the hard complaint in time"),
    "checklist": Demand("5.3.2c", "The steps of the hard-complaint instruction ticked"),
    "settled": Demand("5.3.2d", "The customer's case settled in time"),
    "verified": Demand("5.3.2d", "Every ticket verified by the customer's word before closing"),
}
"""By their code, in the order of the clauses."""


def verdicts(story: Story, looks: pd.DataFrame) -> pd.DataFrame:
    """The verdicts on every closed case; `looks` are the intervals between the looks of PICs (`looks_in_time`)."""
    closed = story.events("case_closed").drop_duplicates("case_id").set_index("case_id")["at"]
    parts = [rows.assign(step=step) for step, rows in _steps(story, looks)]
    found = pd.concat(parts, ignore_index=True)
    found = found.assign(at=found["case_id"].map(closed))
    found = found[found["at"].notna()]
    return story.with_case(found.assign(num=(found["verdict"] == FOLLOWED).astype(float), den=1.0))


def _steps(story: Story, looks: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    cases, given = story.facts.cases[["case_id"]], _evidence(story, *GIVEN)
    yield "received", _done_or_skipped(cases, given)
    own = story.case_clocks
    accepted = _by_clock(own[own["clock"] == ClockKind.ACCEPT], _evidence(story, "case_accepted"))
    taken = story.events("case_taken_over")["case_id"]
    never = cases[~cases["case_id"].isin([*accepted["case_id"], *taken])]
    yield "accepted", pd.concat([accepted, _skipped(never[never["case_id"].isin(given.index)])])
    answered = _evidence(story, *ANSWERED)
    in_time = _by_clock(own[own["clock"] == ClockKind.FIRST_RESPONSE], answered)
    unanswered = cases[~cases["case_id"].isin(answered.index)]
    yield "answered", pd.concat([in_time[in_time["case_id"].isin(answered.index)], _skipped(unanswered)])
    yield "directed", _directed(story)
    hard = story.facts.cases[story.facts.cases["severity"] == "hard"][["case_id"]]
    engaged = story.engaged[story.engaged["case_id"].isin(hard["case_id"])]
    leaders = _evidence(story, *BY_LEADER)
    without = engaged[~engaged["case_id"].isin(leaders.index)].drop_duplicates("case_id")[["case_id"]]
    at_work = engaged[engaged["case_id"].isin(leaders.index)]
    yield "leader engaged", pd.concat([_by_clock(at_work, leaders), _skipped(without)])
    yield "checklist", _done_or_skipped(hard, _evidence(story, "steps_ticked"))
    yield "settled", _by_clock(own[own["clock"] == ClockKind.SETTLE], _evidence(story, "case_resolved"))
    units = story.unit_clocks
    in_time = units[units["kind"] == TicketClockKind.ACKNOWLEDGE]
    yield "acknowledged", _by_clock(in_time, _evidence(story, *ACKNOWLEDGED))
    yield "looked at", _by_clock(looks.assign(late=looks["num"] == 0), _seen(story))
    tickets = story.facts.tickets
    open_ones = set(tickets[tickets["verified"].isna()]["case_id"])
    with_tickets = tickets.drop_duplicates("case_id")[["case_id"]]
    proof = _evidence(story, "ticket_verified")
    yield "verified", _done_or_skipped(with_tickets, proof[~proof.index.isin(open_ones)])


def _evidence(story: Story, *events: str) -> pd.DataFrame:
    """The first of these events of each case: `when` and `entry`, by case."""
    first = story.events(*events).drop_duplicates("case_id")
    return first.set_index("case_id")[["at", "entry"]].rename(columns={"at": "when"})


def _seen(story: Story) -> pd.DataFrame:
    """The first look of a PIC at a ticket of each case."""
    rows = story.facts.events
    seen = rows[rows["ticket_id"].notna() & rows["actor"].isin(story.facts.pics)]
    return seen.drop_duplicates("case_id").set_index("case_id")[["at", "entry"]].rename(columns={"at": "when"})


def _directed(story: Story) -> pd.DataFrame:
    """Skipped where any question of a case was left without a leader's answer after it."""
    asked = story.events("leader_asked")[["case_id", "at"]].sort_values("at", kind="stable")
    answers = story.events(*BY_LEADER)[["case_id", "at", "entry"]].rename(columns={"at": "when"})
    answers = answers.assign(at=answers["when"]).sort_values("at", kind="stable")
    rows = pd.merge_asof(asked, answers, on="at", by="case_id", direction="forward")
    left = set(rows[rows["when"].isna()]["case_id"])
    rows = rows.drop_duplicates("case_id")[["case_id", "when", "entry"]]
    skipped = rows["case_id"].isin(left)
    rows = rows.assign(**{name: rows[name].where(~skipped) for name in ("when", "entry")})
    return rows.assign(verdict=np.where(skipped, SKIPPED, FOLLOWED))


def _done_or_skipped(cases: pd.DataFrame, evidence: pd.DataFrame) -> pd.DataFrame:
    rows = cases.join(evidence, on="case_id")
    return rows.assign(verdict=np.where(rows["when"].notna(), FOLLOWED, SKIPPED))


def _skipped(cases: pd.DataFrame) -> pd.DataFrame:
    return cases.assign(when=np.nan, entry=np.nan, verdict=SKIPPED)


def _by_clock(clocks: pd.DataFrame, evidence: pd.DataFrame) -> pd.DataFrame:
    """Late where any of a case's clocks was late, else followed."""
    late = clocks.groupby("case_id")["late"].any().reset_index()
    rows = late[["case_id"]].join(evidence, on="case_id")
    return rows.assign(verdict=np.where(late["late"].astype(bool), LATE, FOLLOWED))
