"""Quality assurance on both databases: the sample, who may score it, and the month's QA score made of it (5.1.1)."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from sqlalchemy import Engine, insert, update

from models.cases import CaseRow
from models.database import write_transaction
from models.desk_rules import Person
from models.form_links import Forms
from models.journal import JournalRow
from models.quality import (
    ClosedCase,
    QualityRules,
    QualityScoreRow,
    Scoring,
    ScoringVerdict,
    keep_complete_months,
    record_score,
    sample,
    samples_of,
)
from models.quality_page import quality_markdown
from models.staff import QaScoreRow
from tasks.desk_data import instruction
from tests.kpi_records import DAY, HOUR, IDS, KpiRecords
from tests.support import rows

MARCH = date(2026, 3, 1)
NOON = datetime(2026, 3, 30, 5, 0, tzinfo=UTC)
APRIL = datetime(2026, 4, 2, 5, 0, tzinfo=UTC)
RULES = QualityRules(cases_a_month=2, target=85)
LEADER = Person("TL1", "team_leader", True)


def closed_cases(engine: Engine, *agents: str) -> None:
    records = KpiRecords()
    for agent in agents:
        case = records.case(NOON)
        records.given(case, NOON, agent)
        records.over(case, NOON + HOUR, agent, NOON + 2 * HOUR)
    records.given(records.case(NOON), NOON, "A01")  # is not closed
    records.write(engine)


def score(
    engine: Engine, case_id: int, given: float, person: Person | None = LEADER, run: str | None = None
) -> ScoringVerdict:
    scoring = Scoring(case_id, given, "TL1", run or f"run-{case_id}", APRIL)
    with write_transaction(engine) as connection:
        return record_score(connection, scoring, person, ["S01", "TL1"], RULES, instruction())


def sampled(engine: Engine, agent: str) -> tuple[int, ...]:
    with engine.connect() as connection:
        return next(one.case_ids for one in samples_of(connection, [MARCH], RULES) if one.agent == agent)


def keep(engine: Engine, now: datetime = APRIL) -> list[str]:
    with write_transaction(engine) as connection:
        return keep_complete_months(connection, now, RULES, instruction())


def test_a_sample_is_by_chance_and_stays() -> None:
    cases = [ClosedCase(number, "A01", MARCH) for number in range(1, 40)]
    (first,) = sample(cases, {}, 5)
    assert len(first.case_ids) == 5
    assert sample(list(reversed(cases)), {}, 5) == [first]
    kept = dict.fromkeys(first.case_ids[:2], 90.0)
    (more,) = sample([*cases, *(ClosedCase(number, "A01", MARCH) for number in range(40, 400))], kept, 5)
    assert set(kept) <= set(more.case_ids)
    assert more.result is None
    (done,) = sample(cases, dict.fromkeys(first.case_ids, 80.0), 5)
    assert done.result == 80
    (wider,) = sample(cases, dict.fromkeys(first.case_ids, 80.0), 3)  # fewer are wanted now: what was scored counts
    assert (len(wider.case_ids), wider.result) == (5, 80)


def test_the_months_score_is_the_mean_of_its_sample_once_it_is_complete(engine: Engine) -> None:
    closed_cases(engine, "A01", "A01", "A01", "A02")
    one, two = sampled(engine, "A01")
    assert score(engine, one, 90).told == f"C-{one:06d}: 90 for A01 in March 2026; 1 of its sample are left."
    assert keep(engine) == []
    assert "its sample is complete" in score(engine, two, 81).told
    assert keep(engine, NOON) == []  # March is not over
    assert keep(engine) == ["A01"]
    (kept,) = rows(engine, QaScoreRow)
    assert (kept["staff_id"], kept["month"], kept["score"], kept["target"]) == (IDS["A01"], MARCH, 85.5, 85)
    assert keep(engine) == []
    events = [row["event"] for row in rows(engine, JournalRow)]
    assert (events.count("quality_scored"), events.count("qa_score_kept")) == (2, 1)


def test_what_a_file_says_stands(engine: Engine) -> None:
    closed_cases(engine, "A02")
    with write_transaction(engine) as connection:
        told = {"staff_id": IDS["A02"], "month": MARCH, "score": 70, "target": 80}
        connection.execute(insert(QaScoreRow), told)
    assert "sample is complete" in score(engine, sampled(engine, "A02")[0], 95).told
    assert keep(engine) == []
    assert [row["score"] for row in rows(engine, QaScoreRow)] == [70]


def test_the_same_run_scores_once(engine: Engine) -> None:
    closed_cases(engine, "A02")
    (only,) = sampled(engine, "A02")
    assert not score(engine, only, 95).refused
    assert not score(engine, only, 95).refused
    assert len(rows(engine, QualityScoreRow)) == 1
    again = score(engine, only, 60, run="another")
    assert (again.refused, again.told) == (True, f"case: C-{only:06d} has its score already, 95.")


@pytest.mark.parametrize(
    ("case", "person", "told"),
    [
        ("sampled", Person("A01", "agent", True), "by: A01 is an agent. It could be done by a team leader or"),
        ("sampled", None, "by: nobody here has that staff code"),
        ("other", LEADER, "is not in the sample of A01"),
        ("open", LEADER, "is no closed case of an agent"),
        ("none", LEADER, "C-000099 is no closed case of an agent"),
    ],
)  # fmt: skip
def test_a_score_that_cannot_be_is_refused_and_nothing_kept(
    engine: Engine, case: str, person: Person | None, told: str
) -> None:
    closed_cases(engine, "A01", "A01", "A01")
    mine = sampled(engine, "A01")
    other = next(number for number in (1, 2, 3) if number not in mine)
    verdict = score(engine, {"sampled": mine[0], "other": other, "open": 4, "none": 99}[case], 90, person)
    assert verdict.refused
    assert told in verdict.told
    assert rows(engine, QualityScoreRow) == []


def test_the_page_leads_to_the_form(engine: Engine) -> None:
    closed_cases(engine, "A01", "A02")
    score(engine, sampled(engine, "A01")[0], 88)
    with engine.connect() as connection:
        samples = samples_of(connection, [MARCH], RULES)
    page = quality_markdown(samples, {1: (3, 4)}, RULES, Forms("http://127.0.0.1:4200", "id"), APRIL + DAY)
    assert page.startswith("# 1 cases to score")
    assert "| 3 of 4 | 88 |" in page
    assert "[score it](http://127.0.0.1:4200/deployments/deployment/id/run?parameters=" in page
    assert "**88.0** in all" in page
    assert "No case has been closed" in quality_markdown([], {}, RULES, Forms("", None), APRIL)


def test_a_scored_case_that_is_closed_anew_is_no_second_sample(engine: Engine) -> None:
    closed_cases(engine, "A01")
    assert not score(engine, 1, 90).refused
    with write_transaction(engine) as connection:  # reopened, given to another, and closed in April
        connection.execute(update(CaseRow).where(CaseRow.id == 1).values(closed_at=APRIL, agent_id=IDS["A02"]))
    with engine.connect() as connection:
        april = samples_of(connection, [date(2026, 4, 1)], RULES)
        both = samples_of(connection, [date(2026, 4, 1), MARCH], RULES)
    assert april == []
    assert [(one.agent, one.month, one.result) for one in both] == [("A01", MARCH, 90)]
    again = score(engine, 1, 50, run="another")
    assert (again.refused, "has its score already, 90" in again.told) == (True, True)
    assert keep(engine) == ["A01"]
