"""Every formula against examples worked out by hand, on both databases: midnight, month end, pause, reopening.

The desk's day is Jakarta's (UTC+7): 31 March ends at 17:00 UTC.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine

from models.accounts import AccountReviewRow
from models.kpi_tables import days, whole
from models.unit_hours import JAKARTA
from tasks.kpis import kpis
from tests.kpi_figures import LATE, NOON, Figures
from tests.kpi_records import DAY, HOUR, MINUTE, KpiRecords

SECOND = timedelta(seconds=1)


@pytest.fixture
def records() -> KpiRecords:
    return KpiRecords()


def test_a_case_from_posting_to_resolution_on_one_day(engine: Engine, records: KpiRecords) -> None:
    # posted 11:58:50, pulled and opened 12:00:00, given 12:00:02, told 12:00:05, accepted 12:03:02 (in 5 min),
    # answered 12:10:00, waiting for the customer 12:11 to 13:11, in progress to 13:31, resolved 13:31
    case = records.case(NOON, posted=NOON - 70 * SECOND)
    given = NOON + 2 * SECOND
    records.given(case, given, "A02", told=NOON + 5 * SECOND)
    accepted = given + 3 * MINUTE
    records.happens(case, accepted, "case_accepted", "A02")
    records.clock(case, "accept", given, given + 5 * MINUTE, stopped_at=accepted)
    records.clock(case, "first_response", NOON, NOON + 15 * MINUTE, stopped_at=NOON + 10 * MINUTE)
    records.happens(case, NOON + 10 * MINUTE, "reply_sent", "reply-outbox")
    records.happens(case, NOON + 11 * MINUTE, "waiting_for_customer", "A02")
    records.happens(case, NOON + 71 * MINUTE, "case_resumed", "intake-mentions")
    records.over(case, NOON + 91 * MINUTE, "A02", NOON + 91 * MINUTE + DAY)
    records.write(engine)
    found = Figures(engine)
    assert found.made("received_by_eligible_agent") == (1, 1)
    assert found.made("received_by_eligible_agent", dimension="agent", member="A02") == (1, 1)
    assert found.time("time_to_assignment", "p90") == 2
    assert found.time("time_to_acceptance", "p50") == 180
    assert found.made("accepted_in_time") == (1, 1)
    assert found.time("first_response_time", "mean") == 600
    assert found.time("time_to_resolution", "p95") == 91 * 60
    assert (
        found.time("handle_time", "mean") == (11 * 60 - 182) + 20 * 60
    )  # accepted to 12:11, then 20 min of 13:11-13:31
    assert found.made("sla_attainment") == (2, 2)
    assert found.made("reopen_rate") == (0, 1)
    assert found.made("complaints", dimension="region", member="Nasional") == (1,)
    assert found.made("complaints", dimension="hour", member="12") == (1,)
    assert found.time("posting_to_notice", "p95") == 75
    assert found.time("posting_to_pull", "p95") == 70
    assert found.time("pull_to_assignment", "p95") == 2
    assert found.time("assignment_to_notice", "p95") == 3


def test_across_midnight_and_month_end(engine: Engine, records: KpiRecords) -> None:
    # opened 23:59 on 31 March in Jakarta, given and answered on 1 April
    late = datetime(2026, 3, 31, 16, 59, tzinfo=UTC)
    case = records.case(late)
    records.given(case, late + 2 * MINUTE, "A01")
    records.happens(case, late + 10 * MINUTE, "reply_sent", "reply-outbox")
    records.write(engine)
    found = Figures(engine)
    assert found.made("complaints") == (1,)
    assert found.made("complaints", "2026-04-01") == (0,)
    assert found.made("complaints", dimension="hour", member="23") == (1,)
    assert found.made("received_by_eligible_agent") == (1, 1)  # by the day of the opening
    assert found.made("workload") == (0,)
    assert found.made("workload", "2026-04-01") == (1,)
    assert found.time("first_response_time", "p50", "2026-04-01") == 600
    assert (found.made("backlog"), found.made("backlog", "2026-04-01")) == ((1,), (1,))
    in_utc = Figures(engine, days(date(2026, 3, 31), date(2026, 4, 1), ZoneInfo("UTC")))
    assert in_utc.made("workload") == (1,)  # in Greenwich it is still March
    assert in_utc.made("complaints", dimension="hour", member="16") == (1,)  # the same moment, in another zone


def test_missed_cases_have_their_reason(engine: Engine, records: KpiRecords) -> None:
    records.case(NOON)  # nobody has got it yet
    stuck = records.case(NOON)
    records.happens(stuck, NOON + SECOND, "case_with_team_leader", "intake-mentions")
    records.given(records.case(NOON), NOON + SECOND, "A01")
    records.write(engine)
    found = Figures(engine)
    assert found.made("received_by_eligible_agent") == (1, 3)
    outcomes = found.rows("received_by_eligible_agent", "outcome").set_index("member")["denominator"].to_dict()
    told = "missed: nobody eligible, with a team leader"
    assert outcomes == {"received": 1, told: 1, "missed: waiting for an agent": 1}


def test_percentiles_are_nearest_rank(engine: Engine, records: KpiRecords) -> None:
    # ten assignments after 1, 2 … 10 s: the median is the 5th, 90 % the 9th, 95 % the ceil(9.5) = 10th
    for seconds in range(1, 11):
        records.given(records.case(NOON), NOON + seconds * SECOND, "A01")
    records.write(engine)
    found = Figures(engine)
    times = [found.time("time_to_assignment", name) for name in ("p50", "p90", "p95", "mean")]
    assert times == [5, 9, 10, 5.5]


def test_a_paused_clock_has_its_pause_added(engine: Engine, records: KpiRecords) -> None:
    # 24 h to settle; 6 h of waiting for the customer have moved the end to 30 h: 29 h are in time, 31 h are not
    for hours in (29, 31):
        case = records.case(NOON)
        done, due = NOON + hours * HOUR, NOON + 30 * HOUR
        records.clock(case, "settle", NOON, due, paused_seconds=6 * 3600, stopped_at=done)
        records.over(case, done, "A01")
    waiting = records.case(NOON)  # stands still: neither kept nor breached, though its old end has passed
    records.clock(waiting, "settle", NOON, NOON + 24 * HOUR, paused_at=NOON + HOUR)
    records.write(engine)
    found = Figures(engine)
    assert found.made("sla_attainment", dimension="clock", member="settle") == (1, 2)


def test_clocks_that_something_else_ended_do_not_count(engine: Engine, records: KpiRecords) -> None:
    case = records.case(NOON)
    records.given(case, NOON, "A01")
    taken = NOON + 2 * MINUTE
    records.clock(case, "accept", NOON, NOON + 5 * MINUTE, stopped_at=taken)
    records.happens(case, taken, "case_taken_over", "TL1")
    running = records.case(NOON)
    records.clock(running, "first_response", LATE - MINUTE, LATE + 14 * MINUTE)  # may still be kept
    late = records.case(NOON)  # nobody has found it late yet, and it is
    records.clock(late, "first_response", NOON, NOON + 15 * MINUTE)
    records.write(engine)
    found = Figures(engine)
    assert found.made("accepted_in_time") == (0, 0)
    assert found.made("sla_attainment") == (0, 1)
    assert found.made("takeovers", dimension="leader", member="TL1") == (1,)
    assert found.made("takeovers", dimension="agent", member="A01") == (1,)


def test_a_reopened_case(engine: Engine, records: KpiRecords) -> None:
    # resolved on 31 March 13:00, reopened on 1 April, resolved again: one resolution, reopened; its day stays
    case = records.case(NOON)
    records.given(case, NOON, "A01")
    records.happens(case, NOON + MINUTE, "case_accepted")
    records.over(case, NOON + HOUR, "A01")
    again = NOON + DAY
    records.happens(case, again, "case_reopened", "intake-mentions", was="resolved")
    records.given(case, again, "A02")
    records.happens(case, again + MINUTE, "case_accepted", "A02")
    records.over(case, again + 2 * HOUR, "A02")
    records.write(engine)
    found = Figures(engine)
    assert (found.made("reopen_rate"), found.made("reopen_rate", "2026-04-01")) == ((1, 1), (0, 0))
    assert found.time("time_to_resolution", "mean") == 3600
    assert found.time("handle_time", "mean") == 59 * 60  # what was done after the reopening is not in it
    assert found.made("reopen_rate", dimension="agent", member="A01") == (1, 1)
    assert (found.made("workload"), found.made("workload", "2026-04-01")) == ((1,), (1,))


def test_a_resolution_taken_back_is_none(engine: Engine, records: KpiRecords) -> None:
    case = records.case(NOON)
    records.given(case, NOON, "A01")
    records.over(case, NOON + HOUR, "A01")
    records.happens(case, NOON + 2 * HOUR, "resolution_taken_back", "A01")
    records.over(case, NOON + 3 * HOUR, "A01")
    records.write(engine)
    found = Figures(engine)
    assert found.time("time_to_resolution", "mean") == 3 * 3600
    assert found.made("reopen_rate") == (0, 1)


def test_the_team_leader(engine: Engine, records: KpiRecords) -> None:
    # a hard complaint: engaged after 8 min (10 allowed); another after 12, warned at 8, breached at 10
    for minutes, warned in ((8, None), (12, NOON + 8 * MINUTE)):
        case = records.case(NOON, severity="hard", team_leader_id=14)
        records.given(case, NOON, "A01")
        engaged, due = NOON + minutes * MINUTE, NOON + 10 * MINUTE
        breached = due if minutes > 10 else None
        records.clock(case, "leader_engaged", NOON, due, stopped_at=engaged, warned_at=warned, breached_at=breached)
        records.happens(case, engaged, "leader_advised", "TL2")
    asked = records.case(NOON)
    records.given(asked, NOON, "A03")
    records.happens(asked, NOON + MINUTE, "leader_asked", "A03")
    records.happens(asked, NOON + 3 * MINUTE, "case_taken_over", "TL1")
    unanswered = records.case(NOON)
    records.happens(unanswered, NOON + MINUTE, "leader_asked", "A03")
    unwarned = records.clock(unanswered, "first_response", NOON, NOON + 15 * MINUTE, breached_at=NOON + 15 * MINUTE)
    assert unwarned
    records.write(engine)
    found = Figures(engine)
    assert found.made("leader_engaged_in_time", dimension="leader", member="TL2") == (1, 2)
    assert found.time("leader_time_to_engage", "mean") == 600
    assert found.made("directions_given", dimension="leader", member="TL2") == (2,)
    assert found.made("questions_answered") == (1, 2)
    assert found.made("breaches_warned") == (1, 2)


def test_backlog_by_age(engine: Engine, records: KpiRecords) -> None:
    end = datetime(2026, 3, 31, 17, 0, tzinfo=UTC)
    for age in (MINUTE, 2 * HOUR, 5 * HOUR, 2 * DAY, 4 * DAY):
        records.case(end - age)
    over = records.case(end - HOUR)
    records.over(over, end - MINUTE, "A01")
    records.write(engine)
    ages = Figures(engine).rows("backlog", "age")
    first = ages[ages["day"] == "2026-03-31"]
    assert dict(zip(first["member"], first["numerator"], strict=True)) == {
        **{"under 1 h": 1, "1 to 4 h": 1, "4 to 24 h": 1, "1 to 3 days": 1, "over 3 days": 1}
    }


def test_fairness_is_jains_index(engine: Engine, records: KpiRecords) -> None:
    # A01 got 3 cases, A02 got 1: (3 + 1)² / (2 × (9 + 1)) = 16 / 20
    for agent in ("A01", "A01", "A01", "A02"):
        records.given(records.case(NOON), NOON, agent)
    records.write(engine)
    assert Figures(engine).made("fairness") == (16, 20)


def test_an_empty_period(engine: Engine, records: KpiRecords) -> None:
    records.given(records.case(NOON - 90 * DAY), NOON - 90 * DAY, "A01")
    records.over(1, NOON - 89 * DAY, "A01", NOON - 88 * DAY)
    records.write(engine)
    found = Figures(engine, whole(date(2026, 3, 30), date(2026, 3, 31), JAKARTA))
    assert set(found.table["day"]) == {"2026-03-30/2026-03-31"}
    assert set(found.table["dimension"]) == {"all"}
    shares, times = (found.table[found.table["statistic"] == name] for name in ("share", "p90"))
    assert shares["value"].isna().all()
    assert times["value"].isna().all()
    assert set(found.table[found.table["statistic"] == "count"]["value"]) == {0}
    assert set(found.table["kpi"]) == set(kpis())


def test_who_had_it_when_it_counted(engine: Engine, records: KpiRecords) -> None:
    # opened before it was given: its clocks are the agent's who had it when they ended, the backlog who had it then
    case = records.case(NOON)
    records.given(case, NOON + SECOND, "A01")
    records.clock(case, "first_response", NOON, NOON + 15 * MINUTE, stopped_at=NOON + 5 * MINUTE)
    again = NOON + DAY
    records.happens(case, again, "agent_relieved", "watch-cases")
    records.given(case, again + MINUTE, "A02")
    records.clock(case, "settle", NOON, NOON + DAY, breached_at=NOON + DAY)
    records.write(engine)
    found = Figures(engine)
    assert found.made("sla_attainment", dimension="agent", member="A01") == (1, 2)
    assert found.made("backlog", dimension="agent", member="A01") == (1,)
    assert found.made("backlog", "2026-04-01", "agent", "A02") == (1,)


def test_only_a_leaders_own_act_engages_them(engine: Engine, records: KpiRecords) -> None:
    # breached after 10 min, resolved by the agent after an hour: late, and nobody engaged
    case = records.case(NOON, severity="hard", team_leader_id=13)
    due = NOON + 10 * MINUTE
    records.clock(case, "leader_engaged", NOON, due, breached_at=due, stopped_at=NOON + HOUR)
    records.over(case, NOON + HOUR, "A01")
    taken = records.case(NOON)
    records.happens(taken, NOON + MINUTE, "case_taken_over", "TL1")
    records.write(engine)
    found = Figures(engine)
    assert found.made("leader_engaged_in_time") == (0, 1)
    assert found.rows("leader_time_to_engage", statistic="mean")["denominator"].tolist() == [0, 0]
    outcomes = set(found.rows("received_by_eligible_agent", "outcome")["member"])
    assert outcomes == {"missed: taken over by a team leader", "missed: waiting for an agent"}


def test_of_an_account_decided_about_twice_the_last_word_counts(engine: Engine, records: KpiRecords) -> None:
    records.case(NOON)
    for number, status in enumerate(("priority", "regular")):
        row = {"flow_run_id": f"r{number}", "account_id": 1, "at": NOON, "by": "TL1", "status": status, "reason": "x"}
        records.put(AccountReviewRow, **row, ruled_status="candidate", ruled_confidence=0.5)
    records.write(engine)
    assert Figures(engine).made("candidate_precision") == (0, 1)


def test_days_without_anything_stand_in_their_place(engine: Engine, records: KpiRecords) -> None:
    records.case(NOON - DAY)
    records.case(NOON + DAY)
    records.write(engine)
    found = Figures(engine, days(date(2026, 3, 30), date(2026, 4, 2), JAKARTA)).rows("complaints")
    assert list(zip(found["day"], found["value"], strict=True)) == [
        *(("2026-03-30", 1), ("2026-03-31", 0), ("2026-04-01", 1), ("2026-04-02", 0)),
    ]
