"""KPIs in the records, on both databases: written once, restated when late data come in, only what changed reckoned."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import Engine, insert, update

from models.accounts import AccountReviewRow, WatchedAccountRow
from models.cases import CaseRow
from models.database import write_transaction
from models.journal import entry, write_journal
from models.kpi_changes import days_of, overtaken, remember, stretches, whats_changed
from models.kpi_facts import read_facts
from models.kpi_reckoning import reckon
from models.kpi_rows import KpiProgressRow, KpiRestatementRow, KpiRow
from models.kpi_store import Written, lately_restated, stored_trends, write_kpis
from models.kpi_tables import days
from models.notices import NoticeRow
from models.unit_hours import JAKARTA
from tasks.desk_data import instruction, units
from tasks.kpis import kpis
from tests.kept import carry_out
from tests.kpi_records import DAY, HOUR, MINUTE, KpiRecords, month
from tests.support import rows

NOON = datetime(2026, 3, 31, 5, 0, tzinfo=UTC)
TODAY = date(2026, 3, 31)
LATER = NOON + 100 * DAY
MIDNIGHT = datetime(2026, 3, 31, 17, 0, tzinfo=UTC)


def figures(engine: Engine, now: datetime, first: date = TODAY, last: date = TODAY) -> pd.DataFrame:
    with engine.connect() as connection:
        return reckon(connection, kpis(), units(), days(first, last, JAKARTA), now).figures


def write(engine: Engine, table: pd.DataFrame, now: datetime) -> Written:
    with write_transaction(engine) as connection:
        return write_kpis(connection, table, kpis(), now)


def two_cases() -> KpiRecords:
    records = KpiRecords()
    for agent in ("A01", "A02"):
        case = records.case(NOON)
        records.given(case, NOON + MINUTE, agent)
    return records


def happens(engine: Engine, at: datetime, event: str, case: int = 1, **detail: Any) -> None:
    made = entry(at, event, "4.1", instruction(), detail, case_id=case, actor="A01")
    with write_transaction(engine) as connection:
        write_journal(connection, [made])


def stored(engine: Engine, kpi: str, dimension: str = "all") -> dict[str, tuple[Any, Any, Any]]:
    return {
        row["member"]: (row["numerator"], row["denominator"], row["value"])
        for row in rows(engine, KpiRow)
        if (row["kpi"], row["dimension"]) == (kpi, dimension) and row["statistic"] in {"share", "count", "mean"}
    }


def test_the_same_figures_twice_change_nothing(engine: Engine) -> None:
    two_cases().write(engine)
    now = NOON + HOUR
    table = figures(engine, now)
    first = write(engine, table, now)
    assert (first.added, first.changed, first.gone, first.restated) == (len(table), 0, 0, 0)
    before = rows(engine, KpiRow)
    assert write(engine, table, now + MINUTE) == Written()
    assert rows(engine, KpiRow) == before
    assert stored(engine, "workload", "agent") == {"A01": (1, None, 1), "A02": (1, None, 1)}
    assert stored(engine, "time_to_assignment")[""] == (120, 2, 60)
    assert {row["unit"] for row in before} == {"share", "count", "s"}
    assert {row["clause"] for row in before} == {"4.1", "4.2", "4.3", "4.4", "across"}


def test_the_running_day_changes_and_a_day_that_was_over_is_restated(engine: Engine) -> None:
    two_cases().write(engine)
    write(engine, figures(engine, NOON + HOUR), NOON + HOUR)
    happens(engine, NOON + 2 * HOUR, "reply_sent")
    running = write(engine, figures(engine, NOON + 3 * HOUR), NOON + 3 * HOUR)
    assert running.changed + running.added > 0
    assert running.restated == 0
    write(engine, figures(engine, MIDNIGHT + MINUTE), MIDNIGHT + MINUTE)  # the day is over now
    assert rows(engine, KpiRestatementRow) == []
    happens(engine, NOON + 4 * HOUR, "reply_sent", case=2)  # comes in a day late
    late = write(engine, figures(engine, MIDNIGHT + DAY), MIDNIGHT + DAY)
    assert late.restated == late.added + late.changed + late.gone > 0
    told = {
        (row["kpi"], row["statistic"], row["dimension"], row["member"]): (row["value_was"], row["value"])
        for row in rows(engine, KpiRestatementRow)
    }
    assert told["first_response_time", "mean", "all", ""] == (7200, 10_800)
    assert told["first_response_time", "p90", "agent", "A02"] == (None, 14_400)
    assert ("complaints", "count", "all", "") not in told
    with engine.connect() as connection:
        (lately,) = [one for one in lately_restated(connection, kpis(), MIDNIGHT) if one.kpi == "first_response_time"]
        assert lately_restated(connection, kpis(), MIDNIGHT + 2 * DAY) == []
    assert (lately.day, lately.was, lately.now) == (TODAY, 7200, 14_400)  # its headline, p90


def test_a_figure_that_is_no_more_is_taken_away_and_restated(engine: Engine) -> None:
    two_cases().write(engine)
    write(engine, figures(engine, MIDNIGHT + MINUTE), MIDNIGHT + MINUTE)
    with write_transaction(engine) as connection:
        connection.execute(update(CaseRow).values(problem="billing"))
    changed = write(engine, figures(engine, MIDNIGHT + HOUR), MIDNIGHT + HOUR)
    assert changed.gone > 0
    assert list(stored(engine, "complaints", "problem")) == ["billing"]
    gone = [row for row in rows(engine, KpiRestatementRow) if row["member"] == "network"]
    assert {row["value"] for row in gone} == {None}


def test_only_days_on_which_anything_new_counts_are_reckoned(engine: Engine) -> None:
    records = two_cases()
    old = records.case(NOON - 40 * DAY)
    records.over(old, NOON - 39 * DAY, "A01", NOON - 38 * DAY)
    records.write(engine)
    first, now = changed_days(engine, NOON + HOUR)
    assert first == [TODAY - timedelta(days=number) for number in range(40, -1, -1)]  # the first time: every day
    again, _ = changed_days(engine, now)
    assert again == [TODAY]  # nothing new: only what goes on today
    happens(engine, NOON + 2 * HOUR, "case_reopened", case=old)
    some, _ = changed_days(engine, NOON + 3 * HOUR)
    assert some == [TODAY - timedelta(days=number) for number in (40, 39, 38, 0)]
    after_a_pause, _ = changed_days(engine, NOON + 2 * DAY)
    assert after_a_pause == [TODAY, TODAY + timedelta(days=1), TODAY + timedelta(days=2)]
    assert len(rows(engine, KpiProgressRow)) == 1


def changed_days(engine: Engine, now: datetime) -> tuple[list[date], datetime]:
    """The days that a report at `now` reckons; it is remembered as made."""
    with write_transaction(engine) as connection:
        changed = whats_changed(connection, kpis(), now)
        found = days_of(read_facts(connection, changed.case_ids, now, now), changed, now)
        remember(connection, changed, now)
    return found, now


def test_what_time_alone_changes_is_found(engine: Engine) -> None:
    """A clock that nobody noted to be up, a ticket that its PIC has not looked at: no entry of the journal tells."""
    records = two_cases()
    records.clock(1, "settle", NOON, NOON + 30 * HOUR)
    ticket = records.ticket(2, NOON, "network")
    records.happens(2, NOON + HOUR, "pic_looked", "P01", ticket)
    records.happens(2, NOON + 2 * HOUR, "ticket_acknowledged", "network", ticket)
    records.write(engine)
    changed_days(engine, NOON + 3 * HOUR)
    for hours, cases in ((8, []), (9, [2]), (10, []), (29, []), (30, [1]), (31, [])):
        now = NOON + hours * HOUR
        with engine.connect() as connection:
            assert whats_changed(connection, kpis(), now).case_ids == cases, hours
        changed_days(engine, now)


def test_a_report_that_another_has_overtaken_writes_nothing(engine: Engine) -> None:
    two_cases().write(engine)
    with write_transaction(engine) as connection:
        slow, quick = (whats_changed(connection, kpis(), NOON) for _ in range(2))
        assert not overtaken(connection, slow)
        remember(connection, quick, NOON)
        assert overtaken(connection, slow)


def test_a_case_that_becomes_hard_counts_otherwise_on_every_day(engine: Engine) -> None:
    two_cases().write(engine)
    changed_days(engine, NOON + HOUR)
    changed_days(engine, NOON + 3 * DAY)
    happens(engine, NOON + 4 * DAY, "hard_complaint_declared")
    found, _ = changed_days(engine, NOON + 4 * DAY)
    assert found == [TODAY + timedelta(days=number) for number in range(5)]


@pytest.mark.parametrize("what", ["notice", "review", "account"])
def test_what_changes_without_an_entry_about_the_case_is_found(engine: Engine, what: str) -> None:
    two_cases().write(engine)
    changed_days(engine, NOON + HOUR)
    at, tomorrow = NOON + 2 * HOUR, NOON + DAY
    with write_transaction(engine) as connection:
        if what == "notice":
            connection.execute(update(NoticeRow).where(NoticeRow.case_id == 1).values(sent_at=at))
        elif what == "review":
            row = {"flow_run_id": "r", "account_id": 1, "at": at - 5 * DAY, "by": "TL1", "status": "priority"}
            row |= {"reason": "x", "ruled_status": "candidate", "ruled_confidence": 0.5, "undone_at": at}
            connection.execute(insert(AccountReviewRow), row)
        else:
            made = entry(at, "account_judged", "5.2.1", instruction(), {}, account_id=1)
            write_journal(connection, [made])
        changed = whats_changed(connection, kpis(), tomorrow)
        found = days_of(read_facts(connection, changed.case_ids, tomorrow, tomorrow), changed, tomorrow)
    assert changed.case_ids == ([] if what == "review" else [1])
    expected = [TODAY - timedelta(days=5)] if what == "review" else []
    assert found == [*expected, TODAY, TODAY + timedelta(days=1)]


def test_days_in_stretches() -> None:
    some = [date(2026, 3, number) for number in (1, 2, 3, 4, 9, 20, 21)]
    found = [(first.day, last.day) for first, last in stretches(some, 3)]
    assert found == [(1, 3), (4, 4), (9, 9), (20, 21)]
    assert list(stretches([], 3)) == []


def test_trends_are_the_headlines_day_by_day(engine: Engine) -> None:
    two_cases().write(engine)
    write(engine, figures(engine, NOON + HOUR), NOON + HOUR)
    with engine.connect() as connection:
        trends = stored_trends(connection, kpis(), instruction(), TODAY - timedelta(days=1), TODAY)
    assert trends["workload"].values == (None, 2)
    assert trends["time_to_assignment"].values == (None, 60)  # p95, which its target is about
    assert trends["time_to_assignment"].target == 60
    assert trends["received_by_eligible_agent"].days == ("2026-03-30", "2026-03-31")


def test_what_is_anonymised_changes_no_figure(engine: Engine) -> None:
    """Clause 6: closed cases lose what was said in them and whose they were, and keep what KPIs are made of."""
    month(60, NOON - 400 * DAY, length=3 * DAY).write(engine)
    first = (NOON - 400 * DAY).astimezone(JAKARTA).date()
    with write_transaction(engine) as connection:
        asked = {"polled_at": LATER, "polled_until": LATER, "reconciled_at": LATER}
        connection.execute(update(WatchedAccountRow).values(asked))
    before = figures(engine, LATER, first, first + timedelta(days=5))
    assert carry_out(engine, now=LATER)["cases"] >= 50
    assert [row for row in rows(engine, CaseRow) if row["anonymised_at"]]
    pd.testing.assert_frame_equal(figures(engine, LATER, first, first + timedelta(days=5)), before)
