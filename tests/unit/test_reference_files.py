"""The desk's own data as files: relative days, wall time, what is refused, and the samples as shipped."""

from __future__ import annotations

import shutil
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from models.eligibility import Agent, eligibility, on_duty
from models.reference_files import ReferenceFileError, ReferenceFiles, load_reference_files
from tasks.desk_data import instruction
from tasks.settings import ROOT

REAL = ROOT / "data" / "desk"
TODAY = date(2026, 3, 31)
LISTING = "platform,handle,external_id,name,category,document,valid_from,valid_to\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the samples to spoil."""
    return Path(shutil.copytree(REAL, tmp_path / "desk"))


def put(folder: Path, name: str, text: str) -> ReferenceFiles:
    """Load with one file rewritten."""
    (folder / f"{name}.csv").write_text(text, "utf-8")
    return load_reference_files(folder, TODAY)


def refused(folder: Path, name: str, text: str) -> list[str]:
    with pytest.raises(ReferenceFileError) as error:
        put(folder, name, text)
    return str(error.value).splitlines()


def people(found: ReferenceFiles) -> list[Agent]:
    """The staff as the rules see them."""
    return [
        Agent(
            **{**row},
            qa_scores={one["month"]: (one["score"], one["target"]) for one in found.qa_scores if _of(row, one)},
            assessments={
                one["skill"]: (one["score"], one["assessed_on"]) for one in found.assessments if _of(row, one)
            },
            shifts=[(one["starts_at"], one["ends_at"]) for one in found.shifts if _of(row, one)],
        )
        for row in found.staff
    ]


def _of(person: dict[str, Any], row: dict[str, Any]) -> bool:
    return bool(person["code"] == row["code"])


@pytest.mark.parametrize(
    ("today", "written", "day"),
    [
        (date(2026, 3, 31), "-1m", date(2026, 2, 28)),
        (date(2024, 3, 31), "-1m", date(2024, 2, 29)),
        (date(2026, 1, 15), "-18m", date(2024, 7, 15)),
        (date(2026, 3, 31), "+1m", date(2026, 4, 30)),
        (date(2026, 12, 31), "+1d", date(2027, 1, 1)),
        (date(2026, 3, 1), "-1d", date(2026, 2, 28)),
        (date(2026, 3, 31), "2020-02-29", date(2020, 2, 29)),
    ],
)
def test_days_may_be_relative_to_today(folder: Path, today: date, written: str, day: date) -> None:
    row = f"x,a,,A,media,D,{written},\n"
    (folder / "registry.csv").write_text(LISTING + row, "utf-8")
    found = load_reference_files(folder, today)
    assert [one["valid_from"] for one in found.listings if one["source"] == "registry"] == [day]


@pytest.mark.parametrize(
    ("today", "written", "month"),
    [
        (date(2026, 3, 31), "-1", date(2026, 2, 1)),
        (date(2026, 3, 31), "-6", date(2025, 9, 1)),
        (date(2026, 1, 1), "-1", date(2025, 12, 1)),
        (date(2026, 1, 31), "0", date(2026, 1, 1)),
        (date(2026, 1, 31), "2025-07", date(2025, 7, 1)),
    ],
)
def test_months_may_be_counted_back(folder: Path, today: date, written: str, month: date) -> None:
    (folder / "qa_scores.csv").write_text(f"code,month,score,target\nA01,{written},90,85\n", "utf-8")
    assert [row["month"] for row in load_reference_files(folder, today).qa_scores] == [month]


def test_shifts_are_wall_time_in_jakarta_on_their_weekdays(folder: Path) -> None:
    found = put(folder, "shifts", "code,days,starts,ends\nA01,tue sat,23:00,07:00\n").shifts
    assert found[0] == {  # TODAY is a Tuesday
        "code": "A01",
        "starts_at": datetime(2026, 3, 31, 16, tzinfo=UTC),
        "ends_at": datetime(2026, 4, 1, tzinfo=UTC),
    }
    assert {row["starts_at"].weekday() for row in found} == {1, 5}
    daily = put(folder, "shifts", "code,days,starts,ends\nA01,daily,07:00,15:00\n").shifts
    days = [row["starts_at"] for row in daily]
    assert days[0] == datetime(2026, 3, 30, tzinfo=UTC)  # yesterday: a night shift of then may still be running
    assert {later - earlier for earlier, later in pairwise(days)} == {timedelta(days=1)}
    assert days[-1].date() >= TODAY + timedelta(days=14)


@pytest.mark.parametrize("written", ["@Mira_Uji", " mira_uji ", "MIRA_UJI"])
def test_handles_are_kept_as_they_are_looked_up(folder: Path, written: str) -> None:
    found = put(folder, "bod_list", f"{LISTING}x,{written},,Mira,bod,D,,\n")
    assert [one["handle_key"] for one in found.listings if one["source"] == "bod_list"] == ["mira_uji"]


def test_what_a_spreadsheet_saves_is_read(folder: Path) -> None:
    text = LISTING.replace("\n", "\r\n") + 'x,a,,"Sari, S.H.",media,"Surat ""A"" 1",,\r\n'
    (folder / "registry.csv").write_bytes(b"\xef\xbb\xbf" + text.encode())
    (row,) = [one for one in load_reference_files(folder, TODAY).listings if one["source"] == "registry"]
    assert (row["name"], row["document"]) == ("Sari, S.H.", 'Surat "A" 1')


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("registry", "x,,7.80096E+17,A,media,D,,", "registry.csv:2: external_id: '7.80096E+17' is no id"),
        ("registry", "x,https://x.com/a,,A,media,D,,", "registry.csv:2: handle: 'https://x.com/a' is no handle"),
        ("registry", "x,,,A,media,D,,", "registry.csv:2: handle: give a handle or an external_id"),
        ("registry", "x,a,,A,media,D,-1m,-2m", "registry.csv:2: valid_to: is before valid_from"),
        ("registry", "x,a,,A,media,D,2026-02-30,", "registry.csv:2: valid_from: write a day as"),
        ("registry", "tiktok,a,,A,media,D,,", "registry.csv:2: platform: "),
        ("shifts", "A01,daily,07:00+00:00,15:00", "shifts.csv:2: starts: write a time as 07:00"),
        ("shifts", "A01,daily,07:00,24:00", "shifts.csv:2: ends: write a time as 07:00"),
        ("shifts", "A01,daily,7,15:00", "shifts.csv:2: starts: write a time as 07:00"),
        ("shifts", "A01,daily,07:00,15:00\nA01,fri mon,07:00,12:00", "shifts.csv:3: code: the same as line 2"),
        ("shifts", "A01,,07:00,15:00", "shifts.csv:2: days: write daily or weekdays"),
        ("qa_scores", "A01,-1,nan,85", "qa_scores.csv:2: score: "),
        ("qa_scores", "A01,-1,90,85\nA01,2026-02,80,85", "qa_scores.csv:3: code: the same as line 2"),
        ("assessments", "A01,juggling,90,-1m", "assessments.csv:2: skill: "),
    ],
)
def test_a_row_that_could_only_do_harm_is_refused(folder: Path, name: str, text: str, said: str) -> None:
    heading = (REAL / f"{name}.csv").read_text("utf-8").splitlines()[0]
    (told,) = refused(folder, name, f"{heading}\n{text}\n")
    assert said in told
    assert told.startswith(str(folder))


def test_the_same_start_on_other_weekdays_is_no_conflict(folder: Path) -> None:
    rows = "code,days,starts,ends\nA01,mon tue,07:00,15:00\nA01,wed,07:00,12:00\nA02,mon,07:00,15:00\n"
    assert len(put(folder, "shifts", rows).shifts) > 3


def test_every_problem_of_every_file_is_told_at_once_and_each_once(folder: Path) -> None:
    path = folder / "staff.csv"
    path.write_text(path.read_text("utf-8").replace("A01,Dewi Anggraini,agent", "A01,Dewi Anggraini,boss"), "utf-8")
    told = refused(folder, "registry", f"{LISTING}x,,,A,media,D,,\nx,a,,A,gossip,D,,\n")
    assert [line.removeprefix(f"{folder}/").split(": ")[0] for line in told] == [
        "staff.csv:2",
        "registry.csv:2",
        "registry.csv:3",
    ]


def test_the_watched_accounts_are_those_of_the_sandbox() -> None:
    sandbox = yaml.safe_load((ROOT / "data" / "sandbox" / "watched.yaml").read_text("utf-8"))["watched"]
    columns = {"platform": "platform", "external_id": "id", "handle": "handle", "kind": "kind", "owner": "owner"}
    found = load_reference_files(REAL, TODAY)
    assert list(found.watched_accounts) == [{ours: row[its] for ours, its in columns.items()} for row in sandbox]
    boards = {row["external_id"] for row in found.watched_accounts if row["kind"] == "bod"}
    assert {row["external_id"] for row in found.listings if row["source"] == "bod_list"} == boards


def test_the_registry_names_accounts_of_the_sandbox() -> None:
    accounts = yaml.safe_load((ROOT / "data" / "sandbox" / "accounts.yaml").read_text("utf-8"))["accounts"]
    ids = {(row["platform"], row["id"]) for row in accounts}
    handles = {(row["platform"], row["handle"].casefold()): row["id"] for row in accounts}
    registry = [row for row in load_reference_files(REAL, TODAY).listings if row["source"] == "registry"]
    for row in registry:
        by_handle = handles.get((row["platform"], row["handle_key"]))
        assert row["external_id"] is None or (row["platform"], row["external_id"]) in ids
        assert row["handle_key"] is None or by_handle == (row["external_id"] or by_handle) is not None
    assert sum(bool(row["valid_to"] and row["valid_to"] < TODAY) for row in registry) == 1
    assert sum(row["platform"] == "facebook" for row in registry) == 2


def test_each_ineligible_sample_agent_misses_one_criterion() -> None:
    now = datetime(2026, 3, 31, 5, tzinfo=UTC)
    agents = [one for one in people(load_reference_files(REAL, TODAY)) if one.role == "agent"]
    failed = {one.code: eligibility(one, now, instruction().eligibility).failed for one in agents}
    assert {code: names for code, names in failed.items() if names} == {
        "A08": ("sense of complaint handling",),
        "A09": ("tenure",),
        "A10": ("QA score",),  # below target in one month
        "A11": ("QA score",),  # one month missing
        "A12": ("analytical power",),
        "A13": ("2nd-layer applications",),
        "A14": ("active social-media user",),
    }


@settings(deadline=None, max_examples=60)
@given(st.dates(date(2025, 1, 1), date(2032, 12, 31)), st.integers(0, 47))
def test_whatever_day_it_is_the_desk_is_staffed(today: date, half_hours: int) -> None:
    now = datetime(today.year, today.month, today.day, tzinfo=UTC) - timedelta(hours=7)  # midnight in Jakarta
    now += timedelta(minutes=30 * half_hours)
    staff = people(load_reference_files(REAL, today))
    able = [one for one in staff if eligibility(one, now, instruction().eligibility).eligible and on_duty(one, now)]
    assert len(able) >= 2
    assert min(one.capacity for one in able) >= 25
    assert sum(one.role == "team_leader" and on_duty(one, now) for one in staff) >= 2
