"""The shipped reference files, and what is refused in files like them."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from models.eligibility import Agent, eligibility, on_duty
from models.reference_store import on_days
from tasks.desk_data import instruction
from tasks.settings import ROOT
from tests.reference import LISTING, SAMPLES, TODAY, checked, rows_read, samples, told
from tests.reference import given as found_file


def rows(kind: str, today: date = TODAY) -> list[dict[str, Any]]:
    """The rows of a shipped file."""
    return rows_read(f"{kind}.csv", (SAMPLES / f"{kind}.csv").read_bytes(), today=today).rows


def people(today: date = TODAY) -> list[Agent]:
    """The shipped staff as the rules see them."""
    of = {kind: rows(kind, today) for kind in ("staff", "qa_scores", "assessments", "shifts")}
    shifts = list(on_days(of["shifts"], today))
    return [
        Agent(
            code=row["code"],
            name=row["name"],
            role=row["role"],
            joined_on=row["joined_on"],
            capacity=row["capacity"],
            social_handle=row["social_handle"],
            away_until=None,
            qa_scores={one["month"]: (one["score"], one["target"]) for one in of["qa_scores"] if _of(row, one)},
            assessments={
                one["skill"]: (one["score"], one["assessed_on"]) for one in of["assessments"] if _of(row, one)
            },
            shifts=[(one["starts_at"], one["ends_at"]) for one in shifts if _of(row, one)],
        )
        for row in of["staff"]
    ]


def _of(person: dict[str, Any], row: dict[str, Any]) -> bool:
    return bool(person["code"] == row["code"])


def refused(kind: str, *lines: str) -> list[str]:
    """What is said against a file of a kind with the shipped headings and these lines."""
    heading = (SAMPLES / f"{kind}.csv").read_text("utf-8").splitlines()[0]
    text = "\n".join([heading, *lines])
    return [line.removeprefix(f"{kind}.csv:") for line in told(checked(found_file(f"{kind}.csv", text), codes={"A01"}))]


def test_nothing_is_wrong_with_the_shipped_files() -> None:
    assert told(samples()) == []


@pytest.mark.parametrize(
    ("kind", "line", "said"),
    [
        ("registry", "x,,7.80096E+17,A,media,D,,", "2: external_id: '7.80096E+17' is no id"),
        ("registry", "x,https://example.org/a,,A,media,D,,", "2: handle: 'https://example.org/a' is no address"),
        ("registry", "x,mira uji,,A,media,D,,", "2: handle: is no handle; write the name after the @, no link"),
        ("registry", "x,,,A,media,D,,", "2: handle: give a handle or an external_id"),
        ("registry", "x,a,,A,media,D,-1m,-2m", "2: valid_to: is before valid_from (found '2026-01-31')"),
        ("registry", "x,a,,A,media,D,2026-02-30,", "2: valid_from: write a day as"),
        ("registry", "tiktok,a,,A,media,D,,", "2: platform: is none of facebook, x (found 'tiktok')"),
        ("registry", "x,a,,A,gossip,D,,", "2: category: is none of activist, artist, bod,"),
        ("registry", "x,a,,,media,D,,", "2: name: is empty; every row needs it"),
        ("registry", "x,a,,A,media,#REF!,,", "2: document: #REF! is an error of the spreadsheet"),
        ("bod_list", "x,a,,A,bod,D,-18m,-19m,x", "2: more cells than columns"),
        ("staff", "A01,Dewi,boss,-38m,40,d,", "2: role: is none of agent, pic, supervisor, team_leader (found 'boss')"),
        ("staff", "A01,Dewi,agent,38 months,40,d,", "2: joined_on: write a day as"),
        ("staff", "A01,Dewi,agent,-38m,-1,d,", "2: capacity: must be from 0 to 10000 (found '-1')"),
        ("staff", "A01,Dewi,agent,-38m,4.5,d,", "2: capacity: write a whole number"),
        ("staff", "A 0/1,Dewi,agent,-38m,40,d,", "2: code: is no code"),
        ("shifts", "A01,daily,07:00+00:00,15:00", "2: starts: write a time as 07:00"),
        ("shifts", "A01,daily,07:00,24:00", "2: ends: write a time as 07:00"),
        ("shifts", "A01,,07:00,15:00", "2: days: give days (daily, mon tue, Senin-Jumat) or a date"),
        ("shifts", "A01,dayly,07:00,15:00", "2: days: write daily, or weekdays"),
        ("shifts", "Z99,daily,07:00,15:00", "2: code: is not among the staff"),
        ("qa_scores", "A01,-1,nan,85", "2: score: write a number"),
        ("qa_scores", "A01,-1,189,85", "2: score: must be from 0 to 100 (found '189')"),
        ("qa_scores", "A01,2026-13,90,85", "2: month: write a month as"),
        ("qa_scores", "A01,2026-04,90,85", "2: month: is still to come"),
        ("assessments", "A01,juggling,90,-1m", "2: skill: is none of analytical"),
        ("assessments", "A01,analytical,90,+1d", "2: assessed_on: is still to come"),
        ("watched_accounts", "x,1,TelkomCare,caring,Meja", "2: kind: is none of bod, care"),
        ("watched_accounts", "x,abc,TelkomCare,care,Meja", "2: external_id: 'abc' is no id"),
        ("unit_contacts", "nowhere,0,Budi,021,", "2: unit: is none of"),
        ("unit_contacts", "network,0,Budi,,", "2: phone: give a phone or an email"),
        ("unit_contacts", "network,0,Budi,,budi", "2: email: is no e-mail address"),
    ],
)
def test_a_row_that_could_only_do_harm_is_refused(kind: str, line: str, said: str) -> None:
    (only,) = refused(kind, line)
    assert only.startswith(said)


def test_two_rows_that_say_the_same_are_told() -> None:
    assert refused("registry", "x,a,,A,media,D,,", "x,@A,,B,media,D,,") == [
        "3: platform: the same as row 2; remove one"
    ]
    assert refused("registry", "x,a,1,A,media,D,,", "x,b,1,B,media,D,,") == [
        "3: platform: the same as row 2; remove one"
    ]
    assert refused("qa_scores", "A01,-1,90,85", "A01,2026-02,80,85") == ["3: code: the same as row 2; remove one"]
    assert refused("shifts", "A01,daily,07:00,15:00", "A01,fri mon,07:00,12:00") == [
        "3: code: the same as row 2; remove one"
    ]
    assert refused("shifts", "A01,mon tue,07:00,15:00", "A01,wed,07:00,12:00") == []


def test_every_problem_of_every_file_is_told_at_once_and_each_once() -> None:
    staff = (SAMPLES / "staff.csv").read_text("utf-8").replace("A01,Dewi Anggraini,agent", "A01,Dewi Anggraini,boss")
    found = told(samples(staff=staff, registry=f"{LISTING}\nx,,,A,media,D,,\nx,a,,A,gossip,D,,\n"))
    assert [line.split(": ")[0] for line in found] == ["registry.csv:2", "registry.csv:3", "staff.csv:2"]


def test_a_whole_list_that_shrank_to_less_than_half_was_cut_off() -> None:
    file = found_file("registry.csv", f"{LISTING}\nx,a,,A,media,D,,\n")
    (said,) = told(checked(file, in_force={"registry": 3}))
    assert said.startswith(
        "registry.csv:1: 1 rows that can be taken over, and 3 are in force: a file of this kind is the whole list."
    )
    assert told(checked(file, in_force={"registry": 2})) == []


def test_shifts_are_wall_time_in_jakarta_on_their_weekdays() -> None:
    roster = [{"code": "A01", "days": (1, 5), "starts": time(23), "ends": time()}]
    found = list(on_days(roster, TODAY))
    assert found[0] == {  # TODAY is a Tuesday
        "code": "A01",
        "starts_at": datetime(2026, 3, 31, 16, tzinfo=UTC),
        "ends_at": datetime(2026, 3, 31, 17, tzinfo=UTC),
    }
    assert {row["starts_at"].weekday() for row in found} == {1, 5}
    days = [row["starts_at"] for row in on_days([{**roster[0], "days": tuple(range(7))}], TODAY)]
    assert days[0].date() == TODAY - timedelta(days=1)  # a night shift of then may still be running
    assert {later - earlier for earlier, later in pairwise(days)} == {timedelta(days=1)}
    assert days[-1].date() >= TODAY + timedelta(days=14)
    (dated,) = on_days([{**roster[0], "days": None, "date": date(2026, 5, 1)}], TODAY)
    assert dated["starts_at"] == datetime(2026, 5, 1, 16, tzinfo=UTC)


def test_relative_days_count_from_today() -> None:
    assert {row["month"] for row in rows("qa_scores")} == {
        *(date(2026, month, 1) for month in (3, 2, 1)),
        *(date(2025, month, 1) for month in (12, 11, 10, 9, 8, 7)),
    }
    joined = {row["code"]: row["joined_on"] for row in rows("staff")}
    assert joined["A09"] == date(2025, 11, 30)  # four calendar months before 31 March


def test_the_watched_accounts_are_those_of_the_sandbox() -> None:
    sandbox = yaml.safe_load((ROOT / "data" / "sandbox" / "watched.yaml").read_text("utf-8"))["watched"]
    columns = {"platform": "platform", "external_id": "id", "handle": "handle", "kind": "kind", "owner": "owner"}
    found = rows("watched_accounts")
    assert [{name: row[name] for name in columns} for row in found] == [
        {ours: row[its] for ours, its in columns.items()} for row in sandbox
    ]
    boards = {row["external_id"] for row in found if row["kind"] == "bod"}
    assert {row["external_id"] for row in rows("bod_list")} == boards


def test_the_registry_names_accounts_of_the_sandbox() -> None:
    accounts = yaml.safe_load((ROOT / "data" / "sandbox" / "accounts.yaml").read_text("utf-8"))["accounts"]
    ids = {(row["platform"], row["id"]) for row in accounts}
    handles = {(row["platform"], row["handle"].casefold()): row["id"] for row in accounts}
    registry = rows("registry")
    for row in registry:
        by_handle = handles.get((row["platform"], (row["handle"] or "").casefold()))
        assert row["external_id"] is None or (row["platform"], row["external_id"]) in ids
        assert row["handle"] is None or by_handle == (row["external_id"] or by_handle) is not None
    assert sum(bool(row["valid_to"] and row["valid_to"] < TODAY) for row in registry) == 1
    assert sum(row["platform"] == "facebook" for row in registry) == 2


def test_every_post_of_a_units_ladder_has_somebody_to_call() -> None:
    from tasks.desk_data import units

    contacts = {(row["unit"], row["level"]) for row in rows("unit_contacts")}
    assert contacts == {(code, level) for code, unit in units().items() for level in range(len(unit.ladder) + 1)}


def test_each_ineligible_sample_agent_misses_one_criterion() -> None:
    now = datetime(2026, 3, 31, 5, tzinfo=UTC)
    agents = [one for one in people() if one.role == "agent"]
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


@settings(deadline=None, max_examples=30)
@given(st.dates(date(2025, 1, 1), date(2032, 12, 31)))
def test_whatever_day_it_is_the_desk_is_staffed(today: date) -> None:
    staff = people(today)
    midnight = datetime(today.year, today.month, today.day, tzinfo=UTC) - timedelta(hours=7)  # in Jakarta
    for now in (midnight + timedelta(minutes=30 * number) for number in range(48)):
        able = [one for one in staff if eligibility(one, now, instruction().eligibility).eligible and on_duty(one, now)]
        assert len(able) >= 2
        assert min(one.capacity for one in able) >= 25
        assert sum(one.role == "team_leader" and on_duty(one, now) for one in staff) >= 2
