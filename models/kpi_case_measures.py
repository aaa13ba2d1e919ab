"""How the KPIs about cases are measured (clauses 4.1, 4.2 and across): each makes one table of observations.

An observation is one case, event or clock. It has the moment `at` (ms) by which it counts towards a day, and `num` and
`den` (a share), `span` (a time, ms) or `count`; with `case_id` and every name that its figure can be broken down by
(`models/kpi_definitions.py`). Moments by which something counts never move, so late data change figures, not days.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from models.case_life import UNASSIGNED
from models.clocks import ClockKind
from models.kpi_story import ANSWERED, BY_LEADER, Story

HOUR = 3_600_000
AGES = ((1, "under 1 h"), (4, "1 to 4 h"), (24, "4 to 24 h"), (72, "1 to 3 days"))
OLDEST = "over 3 days"


def case_measures(story: Story, unit_of: Mapping[str, str], day_ends: Sequence[int]) -> dict[str, pd.DataFrame]:
    """The observations of every KPI about cases. `unit_of` tells the unit of each problem, `day_ends` the moments (ms)
    at which the backlog is counted."""
    return {
        **_assignment(story),
        **_leaders(story),
        **_answers(story),
        **_from_posting(story),
        "problem_found": _problem_found(story, unit_of),
        "backlog": _backlog(story, day_ends),
        "candidate_precision": _candidates(story),
    }


def _assignment(story: Story) -> dict[str, pd.DataFrame]:
    cases = story.with_case(story.facts.cases[["case_id", "opened"]]).drop(columns="agent")
    first = story.first(story.given, "given")
    opened = cases.merge(first, on="case_id", how="left").assign(at=cases["opened"].to_numpy(), den=1.0, count=1.0)
    opened["num"] = opened["given"].notna().astype(float)
    opened["agent"] = opened["agent"].fillna("")
    with_leader, taken = (
        opened["case_id"].isin(story.events(name)["case_id"]) for name in ("case_with_team_leader", "case_taken_over")
    )
    opened["outcome"] = np.select(
        [opened["num"] == 1, taken, with_leader],
        ["received", "missed: taken over by a team leader", "missed: nobody eligible, with a team leader"],
        "missed: waiting for an agent",
    )
    given = opened[opened["given"].notna()]
    accepted = story.first(story.events("case_accepted")[["case_id", "at"]], "accepted")
    accepted = story.with_agent_then(accepted.assign(at=accepted["accepted"]))
    since = story.given.rename(columns={"at": "since"}).assign(at=story.given["at"])[["case_id", "at", "since"]]
    accepted = pd.merge_asof(accepted, since.sort_values("at", kind="stable"), on="at", by="case_id")
    clocks = story.case_clocks
    in_time = story.with_agent_at_end(clocks[clocks["clock"] == ClockKind.ACCEPT])
    return {
        "received_by_eligible_agent": opened,
        "complaints": opened,
        "time_to_assignment": given.assign(span=given["given"] - given["opened"], at=given["given"]),
        "time_to_acceptance": story.with_case(accepted.assign(span=accepted["accepted"] - accepted["since"])),
        "accepted_in_time": story.with_case(in_time),
        "workload": story.with_case(story.given.assign(count=1.0)),
    }


def _leaders(story: Story) -> dict[str, pd.DataFrame]:
    clocks = story.case_clocks
    engaged = story.engaged
    done = engaged[engaged["done"]]
    asked = story.with_agent_then(story.events("leader_asked"))
    answers = story.events(*BY_LEADER)[["case_id", "at"]].assign(answered=1.0).sort_values("at", kind="stable")
    asked = pd.merge_asof(asked, answers, on="at", by="case_id", direction="forward")
    breached = story.with_agent_then(clocks[clocks["breached"].notna()].assign(at=lambda rows: rows["breached"]))
    warned = (breached["warned"] < breached["breached"]).astype(float)
    return {
        "leader_time_to_engage": done.assign(span=done["stopped"] - done["started"], at=done["stopped"]),
        "leader_engaged_in_time": engaged,
        "directions_given": _acts(story, "leader_advised"),
        "takeovers": _acts(story, "case_taken_over"),
        "questions_answered": story.with_case(asked.assign(num=asked["answered"].fillna(0.0), den=1.0)),
        "breaches_warned": story.with_case(breached.assign(num=warned, den=1.0)),
    }


def _acts(story: Story, event: str) -> pd.DataFrame:
    """What team leaders did, each by whoever did it."""
    rows = story.with_agent_then(story.events(event))
    return story.with_case(rows.assign(leader=rows["actor"], count=1.0))


def _answers(story: Story) -> dict[str, pd.DataFrame]:
    """First answers, resolutions, and the clocks of all of them."""
    opened = story.facts.cases.set_index("case_id")["opened"]
    first = story.first(story.events(*ANSWERED)[["case_id", "at"]], "answered")
    first = story.with_agent_then(first.assign(at=first["answered"]))
    resolved = story.with_case(story.with_agent_then(story.resolved))
    since = resolved["case_id"].map(opened)
    return {
        "first_response_time": story.with_case(first.assign(span=first["at"] - first["case_id"].map(opened))),
        "time_to_resolution": resolved.assign(span=resolved["at"] - since),
        "handle_time": resolved.assign(span=resolved["case_id"].map(story.in_hand).fillna(0.0)),
        "reopen_rate": resolved.assign(num=resolved["reopened"].astype(float), den=1.0),
        "sla_attainment": story.with_case(story.with_agent_at_end(story.case_clocks)),
    }


def _from_posting(story: Story) -> dict[str, pd.DataFrame]:
    """The way from the customer's post to the agent's notice, in its parts. A platform's clock may run ahead of ours:
    nothing takes less than no time."""
    cases = story.facts.cases
    rows = cases.assign(
        at=cases["opened"],
        given=cases["case_id"].map(story.first(story.given, "given").set_index("case_id")["given"]),
        told=cases["case_id"].map(story.facts.notices.drop_duplicates("case_id").set_index("case_id")["sent"]),
    )
    parts = {
        "posting_to_notice": ("posted", "told"),
        "posting_to_pull": ("posted", "pulled"),
        "pull_to_assignment": ("pulled", "given"),
        "assignment_to_notice": ("given", "told"),
    }
    spans = {code: (rows[end] - rows[begin]).clip(lower=0.0) for code, (begin, end) in parts.items()}
    return {code: rows.assign(span=span)[span.notna()] for code, span in spans.items()}


def _problem_found(story: Story, unit_of: Mapping[str, str]) -> pd.DataFrame:
    tickets = story.facts.tickets.sort_values("verified", kind="stable", na_position="last")
    last = tickets.drop_duplicates("case_id", keep="last")  # an unverified one comes last
    settled = last[last["verified"].notna()][["case_id", "ticket_id", "opened", "verified", "unit", "problem"]]
    first = story.unit_then(settled.assign(at=settled["opened"])).set_index("case_id")["unit"]
    rows = story.with_case(settled.assign(at=settled["verified"]))
    owned = rows["unit"].isin(unit_of.values())
    sent_there = rows["case_id"].map(first) == rows["unit"]
    right = (owned & (rows["problem"].map(unit_of) == rows["unit"])) | (~owned & sent_there)
    return rows.assign(num=right.astype(float), den=1.0)


def _backlog(story: Story, day_ends: Sequence[int]) -> pd.DataFrame:
    found = [story.open_at(float(end)) for end in day_ends]
    rows = story.with_agent_then(pd.concat(found) if found else story.states.head(0))
    waits = rows["state"].isin(UNASSIGNED)
    rows = story.with_case(rows.assign(agent=rows["agent"].where(~waits, "")))
    age = rows["at"] - rows["case_id"].map(story.facts.cases.set_index("case_id")["opened"])
    ages = np.select([age < hours * HOUR for hours, _ in AGES], [name for _, name in AGES], OLDEST)
    return rows.assign(age=ages, count=1.0)


def _candidates(story: Story) -> pd.DataFrame:
    rows = story.facts.reviews
    return rows.assign(num=(rows["status"] == "priority").astype(float), den=1.0)
