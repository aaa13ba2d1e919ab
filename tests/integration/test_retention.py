"""Retention on real databases: nothing of the customer is left, every number is; holds, batches, who comes back."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, insert, select, update

from models.accounts import AccountReviewRow, AccountRow
from models.anonymising import ANONYMISED, PERSONAL
from models.cases import CaseRow, ClockRow, InteractionRow
from models.database import write_transaction
from models.journal import entry, write_journal
from models.legal_holds import LegalHoldRow
from models.mention_rows import MentionRow
from models.mention_store import store_page
from models.mentions import Platform, WatchedAccount
from models.notices import NoticeRow
from models.records import KINDS
from models.reference_loads import ReferenceLoadRow
from models.retention import SCOPES, cutoffs, plan_retention
from models.ticket_rows import UnitUpdateRow
from tasks.desk_data import instruction, lexicons
from tasks.prefect_records import OfCases
from tasks.retention import FOLDERS, _last_end, _outside, _outside_done
from tests.kept import (
    DAY,
    LATELY,
    LONG_AGO,
    REGISTER,
    Customer,
    carry_out,
    due,
    dump,
    filled,
    hold,
    numbers,
    plan,
    text_of,
)
from tests.support import MINISTER, NOW, mention, page, rows

MARK = "RAHASIA"


def kpi_sums(engine: Engine) -> list[object]:
    """Sums as the KPIs make them: mentions by day, cases by status, clocks, answers, notices, decisions."""
    day = (
        func.substr(MentionRow.posted_at, 1, 10) if engine.dialect.name == "sqlite" else func.date(MentionRow.posted_at)
    )
    sums = [
        select(day, MentionRow.disposition, MentionRow.complaint, MentionRow.problem, func.count()).group_by(
            day, MentionRow.disposition, MentionRow.complaint, MentionRow.problem
        ),
        select(CaseRow.status, CaseRow.severity, CaseRow.problem, CaseRow.priority_status, func.count()).group_by(
            CaseRow.status, CaseRow.severity, CaseRow.problem, CaseRow.priority_status
        ),
        select(ClockRow.kind, func.count(ClockRow.breached_at), func.sum(ClockRow.paused_seconds)).group_by(
            ClockRow.kind
        ),
        select(InteractionRow.direction, InteractionRow.delivery, func.sum(InteractionRow.attempts)).group_by(
            InteractionRow.direction, InteractionRow.delivery
        ),
        select(NoticeRow.recipient, func.count(NoticeRow.sent_at)).group_by(NoticeRow.recipient),
        select(AccountRow.priority_status, AccountRow.priority_category, func.count()).group_by(
            AccountRow.priority_status, AccountRow.priority_category
        ),
        select(AccountReviewRow.status, AccountReviewRow.ruled_status, func.count()).group_by(
            AccountReviewRow.status, AccountReviewRow.ruled_status
        ),
    ]
    with engine.connect() as connection:
        return [sorted(map(str, connection.execute(one))) for one in sums]


def test_nothing_of_the_customer_is_left_and_every_number_is(engine: Engine) -> None:
    old = Customer(engine, MARK)
    with write_transaction(engine) as connection:
        old.put_mention(connection, case_id=None, disposition="not_complaint")
    before, sums = dump(engine), kpi_sums(engine)
    for table, columns in PERSONAL.items():
        told = text_of({"": before[table.__tablename__]})
        assert MARK in told, f"{table.__tablename__} was not filled, so {list(columns)} prove nothing"
    foreseen = due(engine)
    done = carry_out(engine)
    assert done == {"cases": 1, "mentions": 1, "quarantine": 1, "accounts": 1}  # the case took the rest along
    assert foreseen == done
    after = dump(engine)
    assert MARK not in text_of(after)
    assert numbers(after) == numbers(before)
    assert kpi_sums(engine) == sums
    assert after["quarantined_rows"] == []
    assert [row["author"] for row in after["interactions"]] == [ANONYMISED, "A01", "A01"]
    assert after["mentions"][0]["reading"]["hard_reasons"] == ["regulator"]
    assert after["journal"][: len(before["journal"])] == before["journal"]
    assert [row["event"] for row in after["journal"][len(before["journal"]) :]] == [
        *("case_anonymised", "account_anonymised")
    ]
    assert carry_out(engine) == {}
    assert dump(engine) == after


def test_the_file_does_not_hold_it_either(sqlite_url: str, tmp_path: Path) -> None:
    from models.database import open_engine

    engine = open_engine(sqlite_url)
    Customer(engine, MARK)
    checkpoint = "PRAGMA wal_checkpoint(TRUNCATE)"
    with engine.connect() as connection:
        connection.exec_driver_sql(checkpoint)
    path = tmp_path / "care.db"
    assert MARK.encode() in path.read_bytes()
    carry_out(engine)
    with engine.connect() as connection:
        connection.commit()
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.dispose()
    assert MARK.encode() not in path.read_bytes()


def test_what_is_open_or_recent_stays_as_it_is(engine: Engine) -> None:
    Customer(engine, "BARU", LATELY)
    Customer(engine, "TERBUKA", LONG_AGO, status="in_progress", closed_at=None)
    before = dump(engine)
    assert due(engine, ["cases", "accounts", "mentions"]) == {}
    assert carry_out(engine, ["cases", "accounts", "mentions"]) == {}
    assert dump(engine) == before


def test_looking_changes_nothing_and_foresees_what_is_done(engine: Engine) -> None:
    Customer(engine, MARK)
    before = dump(engine)
    found = plan(engine)
    assert dump(engine) == before
    verdicts = {one.type.code: one for one in found.types}
    assert (verdicts["cases"].due, verdicts["cases"].oldest_due) == (1, LONG_AGO)
    assert verdicts["cases"].until == NOW - 400 * DAY
    assert verdicts["cases"].oldest_kept is None
    assert list(verdicts) == list(SCOPES)
    assert verdicts["accounts"].due == 1  # though its case has yet to go
    assert due(engine, ["accounts"]) == {}  # where the case does not go, the account stays


def test_a_hold_exempts_the_case_the_account_and_what_that_said(engine: Engine) -> None:
    held, other = Customer(engine, "DITAHAN"), Customer(engine, MARK)
    with write_transaction(engine) as connection:
        held.put_mention(connection, case_id=None, disposition="regular")
    hold(engine, held.case)
    before = numbers(dump(engine))
    found = {one.type.code: one for one in plan(engine).types}
    assert {code: one.exempt for code, one in found.items() if one.exempt} == {
        **{"cases": 1, "mentions": 1, "quarantine": 1, "notices": 1, "desk_actions": 1, "legal_holds": 1},
    }  # of the account a case is kept: its time has not come
    assert [one.case_id for one in plan(engine).holds] == [held.case]
    carry_out(engine)
    left = dump(engine)
    assert MARK not in text_of(left)
    assert numbers(left) == before
    kept = {
        "accounts": [row for row in left["accounts"] if row["id"] == held.account],
        "cases": [row for row in left["cases"] if row["id"] == held.case],
        "mentions": [row for row in left["mentions"] if row["account_id"] == held.account],
        "quarantined_rows": left["quarantined_rows"],
        "interactions": [row for row in left["interactions"] if row["case_id"] == held.case],
    }
    for name, mine in kept.items():
        assert mine, name
        assert all("DITAHAN" in text_of({name: [row]}) for row in mine), name
    assert other.account != held.account
    with write_transaction(engine) as connection:
        connection.execute(update(LegalHoldRow).where(LegalHoldRow.lifted_at.is_(None)).values(lifted_at=NOW))
    assert carry_out(engine)["cases"] == 1
    assert "DITAHAN" not in text_of(dump(engine))


def test_an_account_stays_known_as_long_as_something_of_it_is_kept(engine: Engine) -> None:
    customer = Customer(engine, MARK)
    with write_transaction(engine) as connection:
        second = customer.put_case(connection, closed_at=LATELY, status="closed")
        fresh = customer.put_mention(connection, case_id=None, disposition="regular", posted_at=LATELY)
    carry_out(engine)
    account = next(row for row in rows(engine, AccountRow) if row["id"] == customer.account)
    assert account["anonymised_at"] is None
    assert MARK in account["handle"]
    states = {row["id"]: row["anonymised_at"] for row in rows(engine, CaseRow)}
    assert states[customer.case] == NOW
    assert states[second] is None
    assert {row["id"] for row in rows(engine, MentionRow) if row["anonymised_at"] is None} == {fresh, customer.mention}
    later = NOW + 401 * DAY
    assert carry_out(engine, now=later)["accounts"] == 1
    assert MARK not in text_of(dump(engine))


def test_who_was_forgotten_and_writes_again_is_a_new_account(engine: Engine) -> None:
    customer = Customer(engine, MARK)
    with write_transaction(engine) as connection:
        connection.execute(update(AccountRow).values(external_id=MINISTER.external_id, platform="x"))
    carry_out(engine)
    watched = WatchedAccount(customer.watched, Platform.X, "1", "TelkomCare", "care")
    with write_transaction(engine) as connection:
        store_page(connection, watched, page(mention()), lexicons(), NOW)
    erased, fresh = rows(engine, AccountRow)
    assert (erased["id"], erased["handle"]) == (customer.account, None)
    assert fresh["external_id"] == MINISTER.external_id
    assert (fresh["decided_status"], fresh["priority_status"]) == (None, None)


def test_what_belongs_to_nobody_goes_by_its_own_time(engine: Engine) -> None:
    with write_transaction(engine) as connection:
        for at, kind in ((NOW - 1200 * DAY, "staff"), (NOW - 1150 * DAY, "staff"), (NOW - 1200 * DAY, "bod_list")):
            load = filled(ReferenceLoadRow, "", at, kind=kind, source="staff.csv", by="nightly", outcome="loaded")
            connection.execute(insert(ReferenceLoadRow), load)
        for number, at in enumerate((NOW - 91 * DAY, NOW - 89 * DAY)):
            said = filled(UnitUpdateRow, MARK, at, ticket_id=None, unit="network", update_id=str(number), via="pull")
            connection.execute(insert(UnitUpdateRow), said | {"status": "settled"})
        for number, at in enumerate((NOW - 91 * DAY, NOW - 89 * DAY, None)):
            told = {"recipient": "S01", "kind": "nobody", "cause": str(number), "case_id": None, "sent_at": at}
            connection.execute(insert(NoticeRow), filled(NoticeRow, MARK, NOW - 95 * DAY, **told))
    assert carry_out(engine) == {"reference_loads": 1, "unit_updates": 1, "notices": 1}
    assert [row["kind"] for row in rows(engine, ReferenceLoadRow)] == ["staff", "bod_list"]
    assert [row["title"] == ANONYMISED for row in rows(engine, NoticeRow)] == [True, False, False]


def test_the_reason_of_the_decision_in_force_stays(engine: Engine) -> None:
    customer = Customer(engine, MARK, LATELY)
    with write_transaction(engine) as connection:
        connection.execute(update(AccountReviewRow).values(at=LONG_AGO, undone_at=None))
    assert "account_reviews" not in due(engine)
    with write_transaction(engine) as connection:
        later = filled(AccountReviewRow, MARK, LATELY, account_id=customer.account, undone_at=None, undone_by=None)
        names = ("status", "category", "ruled_status", "ruled_category", "ruled_source", "by")
        connection.execute(insert(AccountReviewRow), later | dict.fromkeys(names, "x"))
    assert carry_out(engine, ["account_reviews"]) == {"account_reviews": 1}
    replaced, in_force = rows(engine, AccountReviewRow)
    assert replaced["reason"] == ANONYMISED
    assert MARK in in_force["reason"]


def test_pages_about_reference_files_go_by_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(FOLDERS, "reference_docs", lambda: tmp_path)
    for name, age in (("old", 91), ("new", 89)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "index.html").write_text("Dewi")
        os.utime(tmp_path / name, ((NOW - age * DAY).timestamp(),) * 2)
    until = cutoffs(REGISTER, ["reference_docs"], NOW)["reference_docs"]
    found = _outside(REGISTER["reference_docs"], until, OfCases())
    assert (found.due, found.oldest_due, found.oldest_kept) == (1, NOW - 91 * DAY, NOW - 89 * DAY)
    assert _outside_done("reference_docs", until) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["new"]


def test_where_a_type_was_last_done_to_its_end(engine: Engine) -> None:
    """A later run that did other types only, or came to its end for them only, is no end of this one."""
    moments = {"prefect_runs": NOW - 9 * DAY, "prefect_artifacts": NOW - 2 * DAY, "cases": NOW}
    with write_transaction(engine) as connection:
        for code, at in moments.items():
            made = entry(at, "retention_applied", "6", instruction(), {"type": code, "rows": 0})
            write_journal(connection, [made])
        assert {code: _last_end(connection, code) for code in moments} == moments
        assert _last_end(connection, "mentions") < LONG_AGO


def test_a_type_kept_for_good_is_never_due(engine: Engine) -> None:
    Customer(engine, MARK)
    for_good = REGISTER["cases"].model_copy(update={"keep": None, "then": "keep"})
    register = {**REGISTER, "cases": for_good}
    until = cutoffs(register, (), NOW)
    assert "cases" not in until
    with engine.connect() as connection:
        verdicts = {
            one.type.code: one
            for one in plan_retention(connection, register, until, instruction().detection, NOW).types
        }
    assert (verdicts["cases"].due, verdicts["accounts"].due) == (0, 0)


def test_what_is_called_personal_has_something_to_take_away() -> None:
    anonymised = {table.__tablename__ for table in PERSONAL}
    personal = {table for code, kept in REGISTER.items() if kept.personal and code in KINDS for table in kept.tables}
    numbers_only = {"clocks", "ticked_steps", "follow_up_runs"}
    deleted_whole = {"quarantined_rows", "account_handles", "account_links"}
    assert personal - anonymised == numbers_only | deleted_whole
    assert anonymised <= personal
