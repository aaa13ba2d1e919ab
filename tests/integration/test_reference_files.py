"""The desk's own data: taken over whole, or refused with file, line and column."""

from __future__ import annotations

import shutil
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from models.accounts import PriorityListingRow, WatchedAccountRow
from models.database import write_transaction
from models.desk_roster import staff_on_book
from models.eligibility import eligibility, on_duty
from models.reference_files import ReferenceFileError, load_reference_files
from models.reference_store import store_reference
from models.staff import AssessmentRow, QaScoreRow, ShiftRow, StaffRow
from tasks.desk_data import instruction
from tasks.settings import ROOT

REAL = ROOT / "data" / "desk"
TODAY = date(2026, 3, 31)
TABLES = (WatchedAccountRow, PriorityListingRow, StaffRow, QaScoreRow, AssessmentRow, ShiftRow)


def test_relative_days_count_from_today() -> None:
    found = load_reference_files(REAL, TODAY)
    assert {row["month"] for row in found.qa_scores} == {
        *(date(2026, month, 1) for month in (3, 2, 1)),
        *(date(2025, month, 1) for month in (12, 11, 10, 9, 8, 7)),
    }
    joined = {row["code"]: row["joined_on"] for row in found.staff}
    assert joined["A09"] == date(2025, 11, 30)  # four calendar months before 31 March
    first = min(row["starts_at"] for row in found.shifts if row["code"] == "A01")
    assert first == datetime(2026, 3, 30, 0, 0, tzinfo=UTC)  # 07:00 in Jakarta, the day before
    nights = [row for row in found.shifts if row["code"] == "A07"]
    assert {row["ends_at"] - row["starts_at"] for row in nights} == {timedelta(hours=8)}


@pytest.mark.parametrize(
    ("name", "was", "becomes", "said"),
    [
        ("staff", "A01,Dewi Anggraini,agent", "A01,Dewi Anggraini,agen", "staff.csv:2: role: Input should be"),
        ("staff", "-38m", "38 months", "staff.csv:2: joined_on: write a day as"),
        ("staff", "A02,", "A01,", "staff.csv:3: code: the same as line 2"),
        ("staff", ",capacity,", ",kapasitas,", "staff.csv:1: capacity: the column is missing"),
        ("staff", ",40,", ",-1,", "staff.csv:2: capacity: Input should be greater than or equal to 0"),
        ("qa_scores", "A01,-1,", "Z99,-1,", "qa_scores.csv:3: code: Z99 is not in staff.csv"),
        ("qa_scores", "A01,-1,", "A01,2026-13,", "qa_scores.csv:3: month: write a month as"),
        ("assessments", "analytical,97", "analytical,197", "assessments.csv:2: score: Input should be less"),
        ("shifts", "daily", "dayly", "shifts.csv:2: days: write daily or weekdays"),
        ("shifts", "07:00", "25:00", "shifts.csv:2: starts"),
        ("registry", ",government,", ",goverment,", "registry.csv:2: category: 'goverment' is none of"),
        ("watched_accounts", "care", "caring", "watched_accounts.csv:2: kind"),
        ("bod_list", "-18m,", "-18m,-19m,x", "bod_list.csv:2: more cells than columns"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, name: str, was: str, becomes: str, said: str) -> None:
    folder = tmp_path / "desk"
    shutil.copytree(REAL, folder)
    path = folder / f"{name}.csv"
    text = path.read_text("utf-8")
    assert was in text
    path.write_text(text.replace(was, becomes, 1), "utf-8")
    with pytest.raises(ReferenceFileError) as refused:
        load_reference_files(folder, TODAY)
    assert said in str(refused.value)


def test_every_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ReferenceFileError) as refused:
        load_reference_files(tmp_path, TODAY)
    assert str(refused.value).count("cannot be read") == 7


def test_at_every_hour_agents_and_a_leader_are_on_duty(engine: Engine) -> None:
    with write_transaction(engine) as connection:
        store_reference(connection, load_reference_files(REAL, TODAY))
    for hour in range(24):
        now = datetime(2026, 3, 31, hour, 30, tzinfo=UTC)
        with engine.connect() as connection:
            people = staff_on_book(connection, now)
        able = [agent for agent in people["agent"] if eligibility(agent, now, instruction().eligibility).eligible]
        assert sum(on_duty(agent, now) for agent in able) >= 2, hour
        assert any(on_duty(leader, now) for leader in people["team_leader"]), hour


def test_each_criterion_is_missed_by_somebody(engine: Engine) -> None:
    now = datetime(2026, 3, 31, 5, tzinfo=UTC)
    with write_transaction(engine) as connection:
        store_reference(connection, load_reference_files(REAL, TODAY))
        people = staff_on_book(connection, now)
    missed = Counter(
        name for agent in people["agent"] for name in eligibility(agent, now, instruction().eligibility).failed
    )
    assert set(missed) == {
        "tenure",
        "QA score",
        "analytical power",
        "2nd-layer applications",
        "sense of complaint handling",
        "active social-media user",
    }
