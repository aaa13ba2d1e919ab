"""Retention batch by batch: what goes together, what a power cut leaves, what a long night costs."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine, func, insert, select, update

from models import retention
from models.accounts import AccountRow, WatchedAccountRow
from models.anonymising import Work, clear_log, forgetting
from models.cases import CaseRow, InteractionRow
from models.database import one_of, open_engine, write_transaction
from models.journal import JournalRow
from models.mention_rows import MentionRow
from models.retention import cutoffs
from tasks.desk_data import instruction
from tests.kept import DAY, LONG_AGO, REGISTER, Customer, carry_out, due, dump, filled, hold, plan, text_of
from tests.support import NOW, rows

MARK = "RAHASIA"


def test_rows_of_one_conversation_go_on_sharing_its_id(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "AT_ONCE", 1)
    customer = Customer(engine, MARK)
    first = next(row for row in rows(engine, CaseRow) if row["id"] == customer.case)["conversation_id"]
    with write_transaction(engine) as connection:
        again = customer.put_case(connection)
        for table in (CaseRow, MentionRow):
            column = table.__table__.c.id if table is CaseRow else table.__table__.c.case_id
            connection.execute(update(table).where(column == again).values(conversation_id=first))
        apart = customer.put_case(connection)
    carry_out(engine, ["cases"])
    of_case = {row["id"]: row["conversation_id"] for row in rows(engine, CaseRow)}
    assert of_case[customer.case] == of_case[again]
    assert of_case[apart] != of_case[again]
    assert MARK not in "".join(of_case.values())
    assert all(row["conversation_id"] == of_case[row["case_id"]] for row in rows(engine, MentionRow))


class PowerCut(Exception):
    """The end of the process, between any two statements."""


@pytest.mark.parametrize("statements", [1, 4, 9, 14, 20, 33])
def test_cut_off_anywhere_each_case_is_old_or_new(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, statements: int
) -> None:
    monkeypatch.setattr(retention, "AT_ONCE", 2)
    customers = [Customer(engine, f"{MARK}{number}-") for number in range(5)]
    before = dump(engine)
    left = [statements]
    real = retention.anonymise_cases

    def cut_off(connection, ids, work):  # type: ignore[no-untyped-def]
        execute = connection.execute

        def counted(*given, **named):  # type: ignore[no-untyped-def]
            left[0] -= 1
            if left[0] < 0:
                raise PowerCut
            return execute(*given, **named)

        monkeypatch.setattr(connection, "execute", counted)
        return real(connection, ids, work)

    monkeypatch.setattr(retention, "anonymise_cases", cut_off)
    with pytest.raises(PowerCut):
        carry_out(engine, ["cases"])
    now = dump(engine)
    for one in customers:
        mine = [row for row in now["cases"] if row["id"] == one.case]
        gone = mine[0]["anonymised_at"] is not None
        about = {name: [row for row in now[name] if row.get("case_id") == one.case] for name in now}
        told = text_of(about | {"cases": mine})
        assert (one.words in told) is not gone
        if not gone:
            assert about == {name: [row for row in before[name] if row.get("case_id") == one.case] for name in before}
    monkeypatch.undo()
    carry_out(engine)
    assert MARK not in text_of(dump(engine))
    told_of = [row["case_id"] for row in rows(engine, JournalRow) if row["event"] == "case_anonymised"]
    assert sorted(told_of) == [one.case for one in customers]


def test_a_case_reopened_meanwhile_is_left_alone(engine: Engine) -> None:
    customer = Customer(engine, MARK)
    found = plan(engine)
    assert found.types[0].due == 1
    with write_transaction(engine) as connection:
        connection.execute(update(CaseRow).values(status="reopened", closed_at=None, resolved_at=None))
    assert carry_out(engine, ["cases"]) == {}
    assert next(row for row in rows(engine, CaseRow) if row["id"] == customer.case)["anonymised_at"] is None


def test_what_platforms_are_still_asked_about_does_not_go(engine: Engine) -> None:
    customer = Customer(engine, MARK)
    with write_transaction(engine) as connection:
        customer.put_mention(connection, case_id=None, disposition="regular")
        stood_still = {"polled_until": LONG_AGO - DAY, "polled_at": LONG_AGO - DAY, "reconciled_at": LONG_AGO - DAY}
        connection.execute(update(WatchedAccountRow).values(**stood_still))
    assert due(engine, ["cases", "mentions", "accounts"]) == {}
    assert carry_out(engine, ["cases", "mentions", "accounts"]) == {}
    with write_transaction(engine) as connection:  # asked every minute since, but nobody wrote
        connection.execute(update(WatchedAccountRow).values(polled_at=NOW, reconciled_at=NOW))
    for code, platform_is_asked_from in (("cases", LONG_AGO - DAY), ("mentions", LONG_AGO - DAY)):
        with write_transaction(engine) as connection:
            connection.execute(update(WatchedAccountRow).values(polled_until=platform_is_asked_from))
        assert carry_out(engine, [code]) == {code: 1}
        (watched,) = rows(engine, WatchedAccountRow)
        assert watched["polled_until"] == NOW - instruction().detection.poll_overlap, code
    assert carry_out(engine, ["accounts"]) == {"accounts": 1}


def test_a_case_with_an_answer_still_to_be_sent_stays(engine: Engine) -> None:
    Customer(engine, MARK)
    with write_transaction(engine) as connection:
        connection.execute(update(InteractionRow).where(InteractionRow.kind == "reply").values(delivery="sending"))
    assert due(engine, ["cases"]) == {}
    assert carry_out(engine, ["cases"]) == {}
    assert MARK in text_of({"interactions": rows(engine, InteractionRow)})


def test_an_account_goes_after_what_it_said_never_before(engine: Engine) -> None:
    """Also where the cases could not be done in the same run."""
    customer = Customer(engine, MARK)
    assert due(engine)["accounts"] == 1
    until, work = cutoffs(REGISTER, (), NOW), Work(NOW, "apply-retention", "retention", instruction())
    with forgetting(engine) as connection:
        assert retention.apply_batch(connection, "accounts", until, None, work) == (0, None)
    (account,) = rows(engine, AccountRow)
    assert (account["id"], account["anonymised_at"]) == (customer.account, None)


def test_whom_a_person_decided_about_is_not_forgotten(engine: Engine) -> None:
    Customer(engine, MARK)
    with write_transaction(engine) as connection:
        connection.execute(update(AccountRow).values(decided_status="priority", decided_category="media"))
    assert "accounts" not in due(engine)
    assert "accounts" not in carry_out(engine)
    (account,) = rows(engine, AccountRow)
    assert (account["decided_status"], MARK in account["handle"]) == ("priority", True)


def test_a_hold_on_one_case_keeps_what_the_account_said_in_others(engine: Engine) -> None:
    customer = Customer(engine, MARK)
    with write_transaction(engine) as connection:
        other = customer.put_case(connection)
    hold(engine, other)
    before = dump(engine)
    assert due(engine) == {}
    exempt = {one.type.code: one.exempt for one in plan(engine).types if one.exempt}
    assert exempt == {"cases": 2, "quarantine": 1, "notices": 1, "desk_actions": 1, "legal_holds": 1}
    assert carry_out(engine) == {}
    assert dump(engine) == before


def test_what_was_taken_away_is_not_in_the_log_either(sqlite_url: str, tmp_path: Path) -> None:
    engine = open_engine(sqlite_url)
    Customer(engine, MARK)
    carry_out(engine)
    log = tmp_path / "care.db-wal"
    assert MARK.encode() in log.read_bytes()
    clear_log(engine)
    assert MARK.encode() not in log.read_bytes() + (tmp_path / "care.db").read_bytes()
    engine.dispose()


def test_thousands_of_cases_are_done_in_sets(sqlite_url: str) -> None:
    """A statement for many rows, not one for each: the first night after a long time is no long night."""
    from time import monotonic

    engine = open_engine(sqlite_url)
    customer = Customer(engine, MARK)
    with write_transaction(engine) as connection:
        proto = filled(AccountRow, MARK, LONG_AGO, platform="x", anonymised_at=None, decided_status=None)
        people = [proto | {"id": 10 + n, "external_id": f"{MARK}-{n}"} for n in range(3_000)]
        connection.execute(insert(AccountRow), people)
        case_row = next(dict(row) for row in connection.execute(select(CaseRow.__table__)).mappings())
        said = next(dict(row) for row in connection.execute(select(MentionRow.__table__)).mappings())
        cases = [case_row | {"id": one["id"], "account_id": one["id"]} for one in people]
        connection.execute(insert(CaseRow), cases)
        of_them = {"external_id": "", "account_id": 0, "case_id": 0}
        mentions = [
            said | of_them | {"id": n["id"], "external_id": str(n["id"]), "account_id": n["id"], "case_id": n["id"]}
            for n in people
        ]
        connection.execute(insert(MentionRow), mentions)
    began = monotonic()
    done = carry_out(engine, ["cases", "accounts"])
    assert done == {"cases": 3_001, "accounts": 3_001}
    assert monotonic() - began < 30
    with engine.connect() as connection:
        left = one_of(connection, CaseRow.id, [customer.case])
        assert connection.scalar(select(func.count()).where(left, CaseRow.anonymised_at.is_not(None))) == 1
    engine.dispose()
