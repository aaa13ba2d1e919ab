"""Taking the desk's own data over: twice is once, what changed goes in, what the desk has learnt stays."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, update

from models.accounts import PriorityListingRow, WatchedAccountRow
from models.database import Table, write_transaction
from models.desk_roster import staff_on_book
from models.eligibility import on_duty
from models.reference_files import ReferenceFiles, load_reference_files
from models.reference_store import store_reference
from models.staff import AssessmentRow, QaScoreRow, ShiftRow, StaffRow
from tasks.settings import ROOT
from tests.support import rows

TODAY = date(2026, 3, 31)
NOW = datetime(2026, 3, 31, 5, tzinfo=UTC)
TABLES: tuple[type[Table], ...] = (
    WatchedAccountRow,
    PriorityListingRow,
    StaffRow,
    QaScoreRow,
    AssessmentRow,
    ShiftRow,
)
SAMPLES = load_reference_files(ROOT / "data" / "desk", TODAY)


def store(engine: Engine, reference: ReferenceFiles) -> dict[str, int]:
    with write_transaction(engine) as connection:
        return store_reference(connection, reference)


def contents(engine: Engine) -> dict[str, list[dict[str, Any]]]:
    """Everything but the numbers the database gives."""
    return {
        table.__tablename__: [{key: value for key, value in row.items() if key != "id"} for row in rows(engine, table)]
        for table in TABLES
    }


def of_code(engine: Engine, code: str) -> dict[str, Any]:
    (person,) = [row for row in rows(engine, StaffRow) if row["code"] == code]
    return person


def changed(given: tuple[dict[str, Any], ...], which: dict[str, Any], **to: Any) -> tuple[dict[str, Any], ...]:
    """`given` with every row that matches `which` changed."""
    done = tuple(row | to if which.items() <= row.items() else row for row in given)
    assert done != given
    return done


def test_everything_is_taken_over_and_counted(engine: Engine) -> None:
    counts = store(engine, SAMPLES)
    assert list(counts.values()) == [len(found) for found in contents(engine).values()]
    first = SAMPLES.shifts[0]
    person = of_code(engine, first["code"])["id"]
    stored = {(row["staff_id"], row["starts_at"], row["ends_at"]) for row in rows(engine, ShiftRow)}
    assert (person, first["starts_at"], first["ends_at"]) in stored


def test_taking_over_twice_changes_nothing(engine: Engine) -> None:
    counts = store(engine, SAMPLES)
    before, people = contents(engine), rows(engine, StaffRow)
    assert store(engine, SAMPLES) == counts
    assert contents(engine) == before
    assert rows(engine, StaffRow) == people  # cases refer to them by id


def test_watched_accounts_keep_their_cursors_and_take_a_new_handle(engine: Engine) -> None:
    store(engine, SAMPLES)
    cursor = {"polled_until": NOW, "polled_at": NOW, "next_poll_at": NOW, "reconciled_at": NOW, "active": False}
    with write_transaction(engine) as connection:
        connection.execute(update(WatchedAccountRow).values(cursor))
    ids = [row["id"] for row in rows(engine, WatchedAccountRow)]
    renamed = changed(SAMPLES.watched_accounts, {"external_id": "2291001457"}, handle="TelkomCareBaru")
    store(engine, replace(SAMPLES, watched_accounts=renamed))
    found = rows(engine, WatchedAccountRow)
    assert [row["id"] for row in found] == ids
    assert found[0]["handle"] == "TelkomCareBaru"
    assert all(row[name] == value for row in found for name, value in cursor.items())


def test_listings_are_replaced_as_a_whole(engine: Engine) -> None:
    store(engine, SAMPLES)
    store(engine, replace(SAMPLES, listings=SAMPLES.listings[:2]))
    assert [row["external_id"] for row in rows(engine, PriorityListingRow)] == ["187340221", "334918207"]
    store(engine, replace(SAMPLES, listings=()))
    assert rows(engine, PriorityListingRow) == []


@pytest.mark.parametrize(
    ("part", "table", "which", "to"),
    [
        ("staff", StaffRow, {"code": "A01"}, {"capacity": 3, "away_until": NOW, "social_handle": None}),
        ("qa_scores", QaScoreRow, {"code": "A01", "month": date(2026, 2, 1)}, {"score": 12.5}),
        ("assessments", AssessmentRow, {"code": "A01", "skill": "analytical"}, {"score": 12.5}),
    ],
)
def test_what_changed_replaces_what_was(
    engine: Engine, part: str, table: type[Table], which: dict[str, Any], to: dict[str, Any]
) -> None:
    store(engine, SAMPLES)
    before = rows(engine, table)
    store(engine, replace(SAMPLES, **{part: changed(getattr(SAMPLES, part), which, **to)}))
    after = rows(engine, table)
    assert len(after) == len(before)
    differing = [new for old, new in zip(before, after, strict=True) if old != new]
    assert [{key: row[key] for key in to} for row in differing] == [to]


def test_a_new_assessment_stands_beside_the_old_one(engine: Engine) -> None:
    store(engine, SAMPLES)
    later = changed(SAMPLES.assessments, {"code": "A01", "skill": "analytical"}, score=50.0, assessed_on=TODAY)
    store(engine, replace(SAMPLES, assessments=later))
    with engine.connect() as connection:
        (person,) = [one for one in staff_on_book(connection, NOW)["agent"] if one.code == "A01"]
    assert person.assessments["analytical"] == (50.0, TODAY)
    assert len(rows(engine, AssessmentRow)) == len(SAMPLES.assessments) + 1


def present(engine: Engine, now: datetime) -> set[str]:
    with engine.connect() as connection:
        return {one.code for some in staff_on_book(connection, now).values() for one in some if on_duty(one, now)}


def test_who_is_taken_off_the_roster_is_off_duty(engine: Engine) -> None:
    store(engine, SAMPLES)
    assert {"A01", "A02"} <= present(engine, NOW)
    later = tuple(
        row | {"starts_at": row["starts_at"] + timedelta(hours=6)} if row["code"] == "A02" else row
        for row in SAMPLES.shifts
        if row["code"] != "A01"
    )
    store(engine, replace(SAMPLES, shifts=later))
    assert not {"A01", "A02"} & present(engine, NOW)
    assert "A02" in present(engine, NOW + timedelta(hours=2))
    assert "A03" in present(engine, NOW)
    store(engine, replace(SAMPLES, shifts=()))
    assert present(engine, NOW) == set()


def test_who_was_on_duty_before_stays_on_record(engine: Engine) -> None:
    store(engine, SAMPLES)
    next_week = load_reference_files(ROOT / "data" / "desk", TODAY + timedelta(days=7))
    store(engine, next_week)
    starts = [row["starts_at"] for row in rows(engine, ShiftRow)]
    assert min(starts) == min(row["starts_at"] for row in SAMPLES.shifts)
    assert max(starts) == max(row["starts_at"] for row in next_week.shifts)
    assert len(starts) == len({(row["staff_id"], row["starts_at"]) for row in rows(engine, ShiftRow)})


def test_nothing_is_taken_over_when_a_row_cannot_be(engine: Engine) -> None:
    store(engine, SAMPLES)
    before = contents(engine)
    unknown = (*SAMPLES.qa_scores, SAMPLES.qa_scores[0] | {"code": "Z99"})
    with pytest.raises(KeyError):
        store(engine, replace(SAMPLES, listings=(), qa_scores=unknown))
    assert contents(engine) == before
