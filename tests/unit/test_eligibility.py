"""The six criteria of clause 5.1.1, in Jakarta's days and months, and who is on duty."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.eligibility import SKILLS, EligibilityVerdict, eligibility, is_away, latest_complete_months, on_duty
from models.work_instruction import EligibilityRules
from tasks.desk_data import instruction
from tests.support import AGENT, MONTHS, NOW, TODAY

REACHED = AGENT.qa_scores[MONTHS[0]]
ASSESSED = date(2025, 12, 1)
STARTS, ENDS = AGENT.shifts[0]


def judge(now: datetime = NOW, rules: EligibilityRules | None = None, **changes: Any) -> EligibilityVerdict:
    return eligibility(replace(AGENT, **changes), now, rules or instruction().eligibility)


def jakarta(moment: str) -> datetime:
    return datetime.fromisoformat(f"{moment}+07:00")


def without(month: date) -> dict[date, tuple[float, float]]:
    return {one: REACHED for one in MONTHS if one != month}


def test_the_agent_of_the_tests_meets_everything() -> None:
    assert judge() == EligibilityVerdict(True, (), (), "5.1.1")


@pytest.mark.parametrize("role", ["team_leader", "pic", "supervisor"])
def test_only_agents_are_given_cases(role: str) -> None:
    verdict = judge(role=role)
    assert verdict.failed == ("role",)
    assert verdict.reasons == (f"5.1.1: is a {role.replace('_', ' ')}, not an agent.",)


@pytest.mark.parametrize(
    ("joined", "last_day_not_over"),
    [
        (date(2025, 9, 10), "2026-03-10"),  # six months to the day is not over six
        (date(2025, 8, 28), "2026-02-28"),
        (date(2025, 8, 29), "2026-02-28"),  # no such day in February
        (date(2025, 8, 31), "2026-02-28"),
        (date(2023, 8, 31), "2024-02-29"),  # leap year
        (date(2025, 8, 31) + timedelta(days=1), "2026-03-01"),
        (date(2025, 10, 31), "2026-04-30"),
        (date(2025, 12, 31), "2026-06-30"),
        (date(2024, 2, 29), "2024-08-29"),
    ],
)
def test_tenure_counts_calendar_months(joined: date, last_day_not_over: str) -> None:
    still = jakarta(f"{last_day_not_over}T23:59:59")
    assert "tenure" in judge(still, joined_on=joined).failed
    assert "tenure" not in judge(still + timedelta(seconds=1), joined_on=joined).failed


@given(st.dates(date(2000, 1, 1), date(2040, 1, 1)), st.dates(date(2000, 1, 1), date(2041, 1, 1)), st.integers(0, 40))
def test_tenure_once_over_stays_over(joined: date, today: date, later: int) -> None:
    now = jakarta(f"{today}T12:00")
    if "tenure" not in judge(now, joined_on=joined).failed:
        assert (today - joined).days > 180
        assert "tenure" not in judge(now + timedelta(days=later), joined_on=joined).failed
    else:
        assert (today - joined).days <= 184


@pytest.mark.parametrize(
    ("today", "months"),
    [
        (date(2026, 3, 1), ["2026-02", "2026-01", "2025-12", "2025-11", "2025-10", "2025-09"]),
        (date(2026, 3, 31), ["2026-02", "2026-01", "2025-12", "2025-11", "2025-10", "2025-09"]),
        (date(2026, 1, 31), ["2025-12", "2025-11", "2025-10", "2025-09", "2025-08", "2025-07"]),
        (date(2024, 2, 29), ["2024-01", "2023-12", "2023-11", "2023-10", "2023-09", "2023-08"]),
    ],
)
def test_the_six_months_are_the_latest_complete_ones(today: date, months: list[str]) -> None:
    found = latest_complete_months(today, 6)
    assert [f"{month:%Y-%m}" for month in found] == months
    assert {month.day for month in found} == {1}


def test_the_running_month_and_older_ones_do_not_count() -> None:
    bad = (10.0, 85.0)
    assert judge(qa_scores=AGENT.qa_scores | {date(2026, 3, 1): bad, date(2025, 8, 1): bad}).eligible  # type: ignore[operator]
    # A seventh month back does not stand in for a missing one.
    assert judge(qa_scores=without(MONTHS[2]) | {date(2025, 8, 1): REACHED}).failed == ("QA score",)


def test_a_month_is_complete_when_it_is_over_in_jakarta() -> None:
    assert judge(datetime.fromisoformat("2026-03-31T16:59:59+00:00")).eligible
    verdict = judge(datetime.fromisoformat("2026-03-31T17:00:00+00:00"))  # 1 April in Jakarta
    assert verdict.failed == ("QA score",)
    assert "missing for 2026-03" in verdict.reasons[0]


@pytest.mark.parametrize("month", MONTHS)
def test_none_of_the_six_months_may_be_missing_or_below_target(month: date) -> None:
    missing = judge(qa_scores=without(month))
    assert missing.failed == ("QA score",)
    assert f"QA score missing for {month:%Y-%m}" in missing.reasons[0]
    below = judge(qa_scores=without(month) | {month: (84.9, 85.0)})
    assert below.failed == ("QA score",)
    assert f"below target in {month:%Y-%m} (84.9 of 85)" in below.reasons[0]
    assert "missing" not in below.reasons[0]
    assert judge(qa_scores=without(month) | {month: (85.0, 85.0)}).eligible


def test_a_score_that_is_no_number_does_not_pass() -> None:
    assert judge(qa_scores=dict.fromkeys(MONTHS, (float("nan"), 85.0))).failed == ("QA score",)
    assert judge(assessments=AGENT.assessments | {"analytical": (float("nan"), ASSESSED)}).failed == (  # type: ignore[operator]
        "analytical power",
    )


@pytest.mark.parametrize(
    ("skill", "criterion"),
    [
        ("analytical", "analytical power"),
        ("second_layer_apps", "2nd-layer applications"),
        ("complaint_handling", "sense of complaint handling"),
        ("social_media", "active social-media user"),
    ],
)
def test_each_skill_counts_from_its_own_threshold(skill: str, criterion: str) -> None:
    least = 50.0
    rules = instruction().eligibility.model_copy(update={f"{skill}_at_least": least})

    def with_skill(score: float, day: date = TODAY) -> EligibilityVerdict:
        return judge(rules=rules, assessments={**AGENT.assessments, skill: (score, day)})

    assert with_skill(least).eligible
    assert with_skill(least - 0.1).failed == (criterion,)
    assert with_skill(100, TODAY + timedelta(days=1)).failed == (criterion,)
    assert judge(assessments={one: (90.0, ASSESSED) for one in SKILLS if one != skill}).failed == (criterion,)


@pytest.mark.parametrize("handle", [None, "", "  "])
def test_without_an_account_on_record_nobody_is_an_active_user(handle: str | None) -> None:
    assert judge(social_handle=handle).failed == ("active social-media user",)


def test_everything_missed_is_told() -> None:
    verdict = judge(joined_on=TODAY, qa_scores={}, assessments={}, social_handle=None, role="pic")
    assert verdict.failed == (
        "role",
        "tenure",
        "QA score",
        "analytical power",
        "2nd-layer applications",
        "sense of complaint handling",
        "active social-media user",
    )
    assert len(verdict.reasons) == 7
    assert all(reason.startswith("5.1.1: ") for reason in verdict.reasons)


def test_another_revision_may_ask_for_more() -> None:
    rules = instruction().eligibility
    assert judge(rules=rules.model_copy(update={"tenure_months_over": 36})).failed == ("tenure",)
    assert judge(rules=rules.model_copy(update={"qa_consecutive_months": 7})).failed == ("QA score",)


@pytest.mark.parametrize(
    ("at", "present"),
    [
        (STARTS - timedelta(microseconds=1), False),
        (STARTS, True),
        (ENDS - timedelta(microseconds=1), True),
        (ENDS, False),
    ],
)
def test_duty_begins_with_the_shift_and_ends_before_its_end(at: datetime, present: bool) -> None:
    assert on_duty(AGENT, at) is present


def test_the_next_shift_begins_where_one_ends_and_without_any_nobody_is_on_duty() -> None:
    assert on_duty(replace(AGENT, shifts=((STARTS, ENDS), (ENDS, ENDS + timedelta(hours=8)))), ENDS)
    assert not on_duty(replace(AGENT, shifts=()), NOW)


@pytest.mark.parametrize(("until", "away"), [(timedelta(microseconds=1), True), (timedelta(0), False)])
def test_away_ends_at_its_moment_and_goes_before_any_shift(until: timedelta, away: bool) -> None:
    agent = replace(AGENT, away_until=NOW + until)
    assert is_away(agent, NOW) is away
    assert on_duty(agent, NOW) is not away
    assert eligibility(agent, NOW, instruction().eligibility).eligible  # away is no matter of qualification
