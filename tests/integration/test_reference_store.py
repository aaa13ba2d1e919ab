"""Taking reference files over: twice is once, what changed goes in, what goes ends, what the desk has learnt stays."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, update

from models.accounts import PriorityListingRow, WatchedAccountRow
from models.database import Table, write_transaction
from models.desk_roster import staff_on_book
from models.eligibility import eligibility, on_duty
from models.journal import JournalRow
from models.reference_loading import compare_files
from models.reference_loads import ReferenceLoadRow
from models.staff import AssessmentRow, QaScoreRow, ShiftRow, StaffRow
from models.ticket_rows import UnitContactRow
from tasks import reference_data
from tasks.desk_data import instruction
from tasks.reference_expectations import KnownNow
from tests.reference import LISTING, NOW, TODAY, checked, counts, events, given, load, one_loaded, samples, text_of
from tests.support import rows

TABLES: tuple[type[Table], ...] = (
    *(WatchedAccountRow, PriorityListingRow, StaffRow, QaScoreRow, AssessmentRow, ShiftRow, UnitContactRow),
)
FILES = samples()
TOMORROW = NOW + timedelta(days=1)


def contents(engine: Engine) -> dict[str, list[dict[str, Any]]]:
    return {table.__tablename__: rows(engine, table) for table in TABLES}


def listings(engine: Engine, **which: Any) -> list[dict[str, Any]]:
    return [row for row in rows(engine, PriorityListingRow) if which.items() <= row.items()]


def test_everything_is_taken_over_counted_and_journaled(engine: Engine) -> None:
    load(engine, FILES)
    assert {name: len(found) for name, found in contents(engine).items()} == {
        "watched_accounts": 6,
        "priority_listings": 15,
        "staff": 26,
        "qa_scores": 150,
        "assessments": 68,
        "shifts": 26 * 62,
        "unit_contacts": 28,
    }
    assert [
        (row["detail"]["kind"], row["detail"]["added"], row["clause"]) for row in events(engine, "reference_loaded")
    ] == [
        ("watched_accounts", 6, "5.3.1"),
        ("bod_list", 3, "5.2.1"),
        ("registry", 12, "5.2.1"),
        ("staff", 26, "5.1.1"),
        ("qa_scores", 150, "5.1.1"),
        ("assessments", 68, "5.1.1"),
        ("shifts", 26 * 62, "5.1.1"),
        ("unit_contacts", 28, "4.4"),
    ]


def test_the_same_files_a_second_time_change_nothing(engine: Engine) -> None:
    load(engine, FILES)
    before = contents(engine), rows(engine, JournalRow), rows(engine, ReferenceLoadRow)
    again = load(engine, FILES)
    assert all(diff is not None and diff.nothing for diff in again.diffs)
    assert (contents(engine), rows(engine, JournalRow), rows(engine, ReferenceLoadRow)) == before


def test_a_dry_run_shows_what_loading_then_does_and_writes_nothing(engine: Engine) -> None:
    with engine.connect() as connection:
        shown = compare_files(connection, FILES, NOW)
    assert shown.outcome == "dry run"
    assert all(found == [] for found in contents(engine).values())
    done = load(engine, FILES)
    assert [diff and (diff.added, diff.changed, diff.removed) for diff in shown.diffs] == [
        diff and (diff.added, diff.changed, diff.removed) for diff in done.diffs
    ]


def test_with_one_row_refused_nothing_is_taken_over_but_for_valid_rows_only(engine: Engine) -> None:
    files = samples(registry=text_of("registry", (",government,", ",goverment,")))
    refused = load(engine, files)
    assert (refused.outcome, refused.refused) == ("refused", 2)
    assert all(found == [] for found in contents(engine).values())
    assert [(row["kind"], row["outcome"], row["refused"]) for row in rows(engine, ReferenceLoadRow)] == [
        ("registry", "refused", 2)
    ]
    assert load(engine, files, valid_rows_only=True).outcome == "loaded"
    assert len(listings(engine, source="registry")) == 10
    assert len(rows(engine, StaffRow)) == 26


def test_what_is_said_of_a_refused_person_is_left_out_with_them(engine: Engine) -> None:
    staff = text_of("staff", ("A01,Dewi Anggraini,agent", "A01,Dewi Anggraini,boss"))
    found = [
        given(f"{kind}.csv", staff if kind == "staff" else text_of(kind)) for kind in ("staff", "qa_scores", "shifts")
    ]

    files = reference_data.check(found, KnownNow(TODAY, ()), each_row=True)
    assert load(engine, files, valid_rows_only=True).outcome == "loaded"
    assert "A01" not in {row["code"] for row in rows(engine, StaffRow)}
    assert len(rows(engine, QaScoreRow)) == 150 - 9


def test_who_is_no_longer_in_the_registry_ends_yesterday_and_comes_back(engine: Engine) -> None:
    one_loaded(engine, "registry", f"{LISTING}\nx,mira,,Mira,media,D,,\nx,,77,Budi,media,D,,\n")
    assert counts(one_loaded(engine, "registry", f"{LISTING}\nx,,77,Budi,media,D,,\n", TOMORROW)) == (0, 0, 1)
    (mira,) = listings(engine, handle_key="mira")
    assert (mira["valid_to"], mira["name"]) == (TODAY, "Mira")
    again = one_loaded(engine, "registry", f"{LISTING}\nx,,77,Budi,media,D,,\n", TOMORROW + timedelta(days=1))
    assert counts(again) == (0, 0, 0)  # what has ended does not end again
    back = one_loaded(engine, "registry", f"{LISTING}\nx,@Mira,,Mira,media,D,,\nx,,77,Budi,media,D,,\n", TOMORROW)
    assert counts(back) == (0, 1, 0)
    assert listings(engine, handle_key="mira") == [mira | {"valid_to": None}]
    assert listings(engine, external_id="77", valid_to=None)


def test_a_listing_that_is_given_its_id_stays_the_same_entry(engine: Engine) -> None:
    one_loaded(engine, "registry", f"{LISTING}\nx,mira,,Mira,media,D,,\n")
    assert counts(one_loaded(engine, "registry", f"{LISTING}\nx,mira,55,Mira,writer,D,,\n")) == (0, 1, 0)
    (mira,) = listings(engine)
    assert (mira["external_id"], mira["category"], mira["handle_key"]) == ("55", "writer", "mira")
    assert counts(one_loaded(engine, "registry", f"{LISTING}\nx,mira_baru,55,Mira,writer,D,,\n")) == (0, 1, 0)
    assert listings(engine)[0]["handle_key"] == "mira_baru"


def test_the_registry_leaves_the_bod_list_alone(engine: Engine) -> None:
    load(engine, FILES)
    one_loaded(engine, "registry", f"{LISTING}\nx,mira,,Mira,media,D,,\n")
    assert len(listings(engine, source="bod_list", valid_to=None)) == 3


def test_columns_a_file_lacks_stay_as_they_are(engine: Engine) -> None:
    load(engine, FILES)
    with write_transaction(engine) as connection:
        connection.execute(update(StaffRow).where(StaffRow.code == "A02").values(away_until=TOMORROW))
    lines = [",".join(line.split(",")[:5]) for line in text_of("staff", (",40,", ",41,")).splitlines()]
    assert one_loaded(engine, "staff", "\n".join(lines)).outcome == "loaded"
    (bayu,) = [row for row in rows(engine, StaffRow) if row["code"] == "A02"]
    assert (bayu["capacity"], bayu["away_until"], bayu["social_handle"]) == (41, TOMORROW, "bayuprk")


def test_watched_accounts_keep_their_cursors_and_take_a_new_handle(engine: Engine) -> None:
    load(engine, FILES)
    cursor = {"polled_until": NOW, "polled_at": NOW, "next_poll_at": NOW, "reconciled_at": NOW, "active": False}
    with write_transaction(engine) as connection:
        connection.execute(update(WatchedAccountRow).values(cursor))
    ids = [row["id"] for row in rows(engine, WatchedAccountRow)]
    one_loaded(
        engine, "watched_accounts", text_of("watched_accounts", ("2291001457,TelkomCare", "2291001457,TelkomCareBaru"))
    )
    found = rows(engine, WatchedAccountRow)
    assert [row["id"] for row in found] == ids
    assert found[0]["handle"] == "TelkomCareBaru"
    assert all(row[name] == value for row in found for name, value in cursor.items())


@pytest.mark.parametrize(
    ("kind", "table", "was", "becomes", "to"),
    [
        ("staff", StaffRow, "agent,-38m,40,dewi.anggra,", "agent,-38m,3,,", {"capacity": 3, "social_handle": None}),
        ("qa_scores", QaScoreRow, "A01,-1,93.2", 'A01,-1,"12,5"', {"score": 12.5}),
        ("assessments", AssessmentRow, "A01,analytical,97", "A01,analytical,12.5", {"score": 12.5}),
        (
            "unit_contacts",
            UnitContactRow,
            "network,0,",
            "network,0,Ibu ",
            {"name": 'Ibu "Helpdesk Network Operation Center"'},
        ),
    ],
)
def test_what_changed_replaces_what_was(
    engine: Engine, kind: str, table: type[Table], was: str, becomes: str, to: dict[str, Any]
) -> None:
    load(engine, FILES)
    before = rows(engine, table)
    assert counts(one_loaded(engine, kind, text_of(kind, (was, becomes)))) == (0, 1, 0)
    after = rows(engine, table)
    assert len(after) == len(before)
    differing = [new for old, new in zip(before, after, strict=True) if old != new]
    assert [{key: row[key] for key in to} for row in differing] == [to]


def test_a_file_with_a_refused_row_ends_nothing(engine: Engine) -> None:
    load(engine, FILES)
    before = listings(engine, source="registry")
    staff = text_of("staff", ("A01,Dewi Anggraini,agent,-38m,40", "A01,Dewi Anggraini,agent,-38m,empat"))
    registry = text_of("registry", (",government,", ",pejabatt,"))
    files = [*checked(given("staff.csv", staff)), *checked(given("registry.csv", registry))]
    assert load(engine, files, TOMORROW, valid_rows_only=True).outcome == "loaded"
    assert {row["left_on"] for row in rows(engine, StaffRow)} == {None}
    assert listings(engine, source="registry") == before


def test_a_roster_without_rows_is_refused_and_takes_nobody_off(engine: Engine) -> None:
    load(engine, FILES)
    before = rows(engine, ShiftRow)
    files = checked(given("shifts.csv", "code,days,starts,ends\n"), codes={"A01"})
    assert load(engine, files).outcome == "refused"
    one = checked(
        given("shifts.csv", "code,date,starts,ends\nA01,1/4/2026,07:00,15:00\n"), codes={"A01"}, in_force={"shifts": 26}
    )
    assert [str(refusal)[:40] for file in one for refusal in file.refusals] == [
        "1: 1 people that can be taken over, and "
    ]
    assert rows(engine, ShiftRow) == before


def test_a_dated_shift_wins_over_the_weekday_it_falls_on(engine: Engine) -> None:
    load(engine, FILES)
    lines = "code,days,date,starts,ends\nA01,daily,,07:00,15:00\nA01,,1/4/2026,07:00,11:00\n"
    one_loaded(engine, "shifts", lines)
    ends = [row["ends_at"] for row in rows(engine, ShiftRow) if row["starts_at"] == datetime(2026, 4, 1, tzinfo=UTC)]
    assert ends == [datetime(2026, 4, 1, 4, tzinfo=UTC)]


def test_of_two_files_that_add_up_the_later_one_says_it_and_twice_is_once(engine: Engine) -> None:
    load(engine, FILES)
    older, newer = "code,month,score,target\nA01,-1,80,85\n", "code,month,score,target\nA01,-1,91,85\n"
    files = checked(given("qa old.csv", older), given("qa new.csv", newer), codes={"A01"})
    load(engine, files)
    assert {row["score"] for row in rows(engine, QaScoreRow) if row["score"] in (80, 91)} == {91}
    assert all(diff is not None and diff.nothing for diff in load(engine, files).diffs)


def test_a_list_without_ids_and_ends_keeps_those_it_had(engine: Engine) -> None:
    load(engine, FILES)
    before = listings(engine, source="bod_list")
    columns = [0, 1, 3, 4, 5, 6]
    lines = [",".join(line.split(",")[at] for at in columns) for line in text_of("bod_list").splitlines()]
    assert counts(one_loaded(engine, "bod_list", "\n".join(lines))) == (0, 0, 0)
    assert listings(engine, source="bod_list") == before


def test_at_every_hour_agents_and_a_leader_are_on_duty(engine: Engine) -> None:
    load(engine, FILES)
    for hour in range(24):
        now = datetime.combine(date(2026, 3, 31), NOW.timetz()).replace(hour=hour, minute=30)
        with engine.connect() as connection:
            staff = staff_on_book(connection, now)
        able = [agent for agent in staff["agent"] if eligibility(agent, now, instruction().eligibility).eligible]
        assert sum(on_duty(agent, now) for agent in able) >= 2, hour
        assert any(on_duty(leader, now) for leader in staff["team_leader"]), hour
