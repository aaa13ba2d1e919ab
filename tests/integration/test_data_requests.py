"""What a customer asks for, on real databases: everything held in one answer; erasure with proof, once, or refused."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from prefect.states import Completed, Running
from sqlalchemy import Engine, insert, update

from flows.intake_mentions import intake_mentions
from models.account_erasure import asked_from, erase_account, erasure_stand, judge_erasure
from models.accounts import AccountRow, WatchedAccountRow, account_number
from models.anonymising import Work, forgetting
from models.case_reading import desk_people
from models.cases import CaseRow, InteractionRow
from models.data_requests import account_records, done_by, find_account, traces
from models.database import write_transaction
from models.journal import JournalRow
from models.legal_holds import LegalHoldRow, Order, carry_out
from models.mention_rows import MentionRow, QuarantinedRow
from models.mention_store import store_page
from models.mentions import Platform, WatchedAccount
from tasks import data_requests
from tasks.desk_data import instruction, lexicons
from tasks.follow_ups import client
from tasks.records_forms import Access, Erasure
from tasks.settings import Settings
from tests.conftest import Desk
from tests.follow_ups import end_runs
from tests.kept import DAY, LATELY, Customer, dump, hold, numbers, put_listing, text_of
from tests.support import MINISTER, NOW, mention, page, rows

MARK, OTHER = "RAHASIA", "TETANGGA"
RULES = instruction().detection
WORK = Work(NOW, "S01", "erasure", instruction())
HOUR = timedelta(hours=1)


def handle(engine: Engine, account_id: int) -> str:
    return str(next(row["handle"] for row in rows(engine, AccountRow) if row["id"] == account_id))


def external_id(engine: Engine, account_id: int) -> str:
    return str(next(row["external_id"] for row in rows(engine, AccountRow) if row["id"] == account_id))


def refusal(engine: Engine, account_id: int) -> str | None:
    with engine.connect() as connection:
        return judge_erasure(account_number(account_id), erasure_stand(connection, account_id, RULES, NOW))


def erase(engine: Engine, account_id: int, run: str = "run-1") -> Any:
    with forgetting(engine) as connection:
        return erase_account(connection, account_id, run, "5a17", "customer_asked", WORK)


def test_an_account_is_found_by_number_id_or_handle(engine: Engine) -> None:
    customer, other = Customer(engine, MARK), Customer(engine, OTHER)
    with engine.connect() as connection:
        for given in (
            f"K-{customer.account:06d}",
            external_id(engine, customer.account),
            "@" + handle(engine, 1).lower(),
        ):
            assert find_account(connection, f" {given} ", "x").account_id == customer.account, given
        assert "nothing is held" in (find_account(connection, handle(engine, 1), "facebook").refusal or "")
        assert "there is no K-000099" in (find_account(connection, "k-000099", "x").refusal or "")
        assert "nothing is held" in (find_account(connection, "", "x").refusal or "")
    with write_transaction(engine) as connection:
        connection.execute(update(AccountRow).values(handle="sama"))
        told = find_account(connection, "@sama", "x").refusal or ""
    assert "K-000001, K-000002" in told
    assert other.account == 2


def test_everything_held_is_in_the_answer_and_nothing_of_others(engine: Engine) -> None:
    customer = Customer(engine, MARK)
    Customer(engine, OTHER)
    with write_transaction(engine) as connection:
        customer.put_mention(connection, case_id=None, disposition="regular")
    put_listing(engine, external_id(engine, customer.account))
    with engine.connect() as connection:
        parts = {part.name: part for part in account_records(connection, customer.account)}
    assert {name: len(part.rows) for name, part in parts.items()} == {
        **{"account": 1, "handles": 1, "links": 0, "decisions": 1, "mentions": 2, "cases": 1, "interactions": 3},
        **{"clocks": 1, "actions": 1},
        **{"ticked_steps": 1, "tickets": 1, "notices": 1, "legal_holds": 1, "contacts": 1, "unit_updates": 1},
        **{"follow_up_runs": 1, "journal": 1, "quarantined": 1, "listings": 1},
    }
    assert all(part.what.endswith(".") for part in parts.values())
    assert OTHER not in text_of({name: part.rows for name, part in parts.items()})
    # every row in which the customer is named anywhere in the database is in the answer
    for table, held in dump(engine).items():
        named = [row for row in held if MARK in text_of({"": [row]})]
        answered = [row for part in parts.values() for row in part.rows]
        assert all(row in answered for row in named), table


def test_erased_with_proof_and_every_number_stays(engine: Engine) -> None:
    customer = Customer(engine, MARK, LATELY)
    Customer(engine, OTHER, LATELY)
    with write_transaction(engine) as connection:
        customer.put_mention(connection, case_id=None, disposition="regular")
    known = external_id(engine, customer.account)
    put_listing(engine, "another")
    before = dump(engine)
    assert refusal(engine, customer.account) is None
    erased = erase(engine, customer.account)
    after = dump(engine)
    assert MARK not in text_of(after)
    assert numbers(after) == numbers(before)
    assert OTHER in text_of(after)
    assert erased.rows == {
        **{"accounts": 1, "account_handles": 1, "account_reviews": 1, "cases": 1, "contacts": 1, "desk_actions": 1},
        **{"interactions": 3},
        **{"legal_holds": 1, "mentions": 2, "notices": 1, "quarantined_rows": 1, "tickets": 1, "unit_updates": 1},
    }
    (proof,) = [row for row in after["journal"] if row["event"] == "account_erased"]
    assert (proof["account_id"], proof["actor"], proof["clause"]) == (customer.account, "S01", "6")
    assert proof["detail"]["digest"] == hashlib.sha256(f"5a17x:{known}".encode()).hexdigest()
    assert proof["detail"]["rows"] == erased.rows
    assert known not in text_of({"journal": after["journal"]})
    assert "was anonymised" in (refusal(engine, customer.account) or "")
    with engine.connect() as connection:
        assert done_by(connection, "account_erased", customer.account, "run-1") == proof["detail"]
        assert done_by(connection, "account_erased", customer.account, "run-2") is None


@pytest.mark.parametrize("status", ["in_progress", "resolved", "reopened"])
def test_an_account_with_a_case_that_is_not_closed_is_not_erased(engine: Engine, status: str) -> None:
    customer = Customer(engine, MARK, LATELY, status=status)
    assert f"C-{customer.case:06d}" in (refusal(engine, customer.account) or "")


def test_a_held_case_and_a_new_mention_keep_it_from_being_erased(engine: Engine) -> None:
    customer = Customer(engine, MARK, LATELY)
    hold(engine, customer.case)
    assert f"C-{customer.case:06d} is on legal hold" in (refusal(engine, customer.account) or "")
    with write_transaction(engine) as connection:
        connection.execute(update(LegalHoldRow).values(lifted_at=NOW))
        fresh = customer.put_mention(connection, case_id=None, disposition=None)
    assert "has just written" in (refusal(engine, customer.account) or "")
    assert fresh


def refuse(customer: Customer, payload: dict[str, Any], **given: Any) -> int:
    """A row in quarantine; its id."""
    row = {"source": "x:checks", "external_id": None, "watched_account_id": None, "mention_id": None, "outcome": None}
    given = row | {"fingerprint": uuid4().hex, "payload": payload, "reasons": ["r"], "refused_at": customer.at} | given
    with write_transaction(customer.engine) as connection:
        return int(connection.execute(insert(QuarantinedRow).returning(QuarantinedRow.id), given).scalar_one())


def test_what_others_wrote_about_an_account_is_theirs(engine: Engine) -> None:
    customer = Customer(engine, MARK, LATELY)
    known = external_id(engine, customer.account)
    said = next(row["external_id"] for row in rows(engine, MentionRow))
    done = {"outcome": "dropped"}
    named = {"author_id": "333", "text": known, "entities": {"mentions": [{"id": known}]}}
    others = {
        refuse(customer, named, external_id="q1", **done),
        refuse(customer, {"from": {"id": "444"}, "message_tags": [{"id": known}]}, external_id=known, **done),
        refuse(customer, {"author_id": known}, source="facebook:posts", **done),  # another platform's ids
        refuse(customer, {"update_id": said}, source="unit/network", external_id=said, **done),
    }
    own = {
        refuse(customer, {"from": {"id": known}}, **done),
        refuse(customer, {"author_seen": {"external_id": known}}, **done),
        refuse(customer, {"entry": 1}, external_id=said, **done),
    }
    with engine.connect() as connection:
        parts = {part.name: part for part in account_records(connection, customer.account)}
    given = {row["id"] for row in parts["quarantined"].rows}
    assert own <= given
    assert not others & given
    erase(engine, customer.account)
    assert {row["id"] for row in rows(engine, QuarantinedRow)} == others


def test_what_waits_in_quarantine_or_outbox_keeps_it_from_being_erased(engine: Engine) -> None:
    customer = Customer(engine, MARK, LATELY)
    known = external_id(engine, customer.account)
    assert refusal(engine, customer.account) is None
    row = refuse(customer, {"author_id": known})
    assert f"Q-{row:06d} in quarantine" in (refusal(engine, customer.account) or "")
    with write_transaction(engine) as connection:
        connection.execute(update(QuarantinedRow).values(outcome="dropped"))
    assert refusal(engine, customer.account) is None
    with write_transaction(engine) as connection:
        connection.execute(update(QuarantinedRow).where(QuarantinedRow.id == row).values(refused_at=NOW))
    assert "it would come back" in (refusal(engine, customer.account) or "")
    with write_transaction(engine) as connection:
        connection.execute(update(QuarantinedRow).values(refused_at=LATELY))
        connection.execute(update(InteractionRow).where(InteractionRow.kind == "reply").values(delivery="queued"))
    assert "is still on its way" in (refusal(engine, customer.account) or "")


def test_a_poll_under_way_and_files_left_behind(desk: Desk) -> None:
    customer, now = Customer(desk.engine, MARK, LATELY), datetime.now(UTC)
    number, folder = account_number(customer.account), Settings().home / "requests"
    quiet = {"polled_until": NOW - 30 * DAY, "polled_at": now, "reconciled_at": now}
    with write_transaction(desk.engine) as connection:
        connection.execute(update(WatchedAccountRow).values(**quiet))
    end_runs()  # polls that other tests killed still count as running
    with client() as prefect:
        poll = prefect.create_flow_run(intake_mentions, state=Running())
        asked = Erasure(account=number, by="S01", confirm=True)
        request = data_requests.Request(asked, str(uuid4()), now, customer.account, "S01")
        told = data_requests.answer.fn(request).refusal or ""
        assert f"{poll.name!r} of intake-mentions is running" in told
        prefect.set_flow_run_state(poll.id, Completed(), force=True)
    asked_until = {row["polled_until"] for row in rows(desk.engine, WatchedAccountRow) if row["platform"] == "x"}
    assert asked_until == {now - RULES.poll_overlap}

    access = replace(request, form=Access(account=number, by="S01"), run_id=str(uuid4()))
    assert data_requests.answer.fn(access).report is not None
    (given,) = folder.iterdir()
    assert number in given.name
    (folder / "access-old.json").write_text(f'{{"about": {{"account": "{number}"}}}}')
    (folder / "erasure-old.half").write_text(f'{{"traces": ["{number}"')
    (folder / f"access-{number}-killed.half").write_text("")
    (folder / "access-other.json").write_text(f'{{"about": {{"account": "K-000099"}}, "note": "see {number}"}}')
    erased = data_requests.answer.fn(request)
    assert erased.report is not None
    data_requests.forget_in_prefect.fn(request, erased)
    assert sorted(path.name for path in folder.iterdir()) == ["access-other.json", f"erasure-{request.run_id}.json"]
    late = data_requests.answer.fn(replace(access, run_id=str(uuid4())))
    assert "was anonymised" in (late.refusal or "")
    assert len(list(folder.iterdir())) == 2


def test_what_the_platform_is_still_asked_about_would_come_back(engine: Engine) -> None:
    customer = Customer(engine, MARK, NOW - HOUR)
    watched = {"polled_at": NOW, "polled_until": NOW - 30 * DAY, "reconciled_at": NOW - 2 * HOUR}
    with write_transaction(engine) as connection:
        connection.execute(update(WatchedAccountRow).values(**watched))
    assert "it would come back" in (refusal(engine, customer.account) or "")  # the search still goes over it
    with write_transaction(engine) as connection:
        connection.execute(update(WatchedAccountRow).values(reconciled_at=NOW))
    assert refusal(engine, customer.account) is None
    erase(engine, customer.account)
    (row,) = rows(engine, WatchedAccountRow)
    assert row["polled_until"] == NOW - RULES.poll_overlap  # all before it is known: nobody asks for it again
    with write_transaction(engine) as connection:
        connection.execute(update(WatchedAccountRow).values(polled_until=None, polled_at=None))
        assert asked_from(connection, Platform.X, RULES, NOW) == NOW - RULES.first_lookback - RULES.poll_overlap
        assert asked_from(connection, Platform.FACEBOOK, RULES, NOW) == NOW - RULES.poll_overlap


def test_who_was_erased_and_writes_again_is_a_new_account(engine: Engine) -> None:
    customer = Customer(engine, MARK, LATELY)
    with write_transaction(engine) as connection:
        connection.execute(update(AccountRow).values(external_id=MINISTER.external_id))
    erase(engine, customer.account)
    watched = WatchedAccount(customer.watched, Platform.X, "1", "TelkomCare", "care")
    with write_transaction(engine) as connection:
        store_page(connection, watched, page(mention()), lexicons(), NOW)
    erased, fresh = rows(engine, AccountRow)
    assert erased["external_id"].startswith("erased:")
    assert fresh["external_id"] == MINISTER.external_id


def test_by_what_it_is_named_outside(engine: Engine) -> None:
    customer = Customer(engine, MARK)
    with engine.connect() as connection:
        named = traces(connection, customer.account)
    assert {"K-000001", "C-000001", "T-000001", "@" + handle(engine, 1), external_id(engine, 1)} <= set(named)
    assert not any(one in named for one in ("", "None"))


def test_a_hold_is_placed_and_lifted_once_a_run(engine: Engine) -> None:
    customer = Customer(engine, MARK)
    place = Order("place", customer.case, "S01", "Sengketa <b>", "run-1", NOW)
    with write_transaction(engine) as connection:
        assert desk_people(connection, NOW).person("S01") is None  # who may is asked by the task
        first = carry_out(connection, place, "S01", instruction())
        assert carry_out(connection, place, "S01", instruction()) == first
        again = carry_out(connection, replace(place, run_id="run-2"), "S01", instruction())
    assert not first.refused
    assert again.refused
    lift = Order("lift", customer.case, "S01", "Selesai", "run-3", NOW)
    with write_transaction(engine) as connection:
        assert not carry_out(connection, lift, "S02", instruction()).refused
        assert not carry_out(connection, lift, "S02", instruction()).refused
        assert carry_out(connection, replace(lift, run_id="run-4"), "S02", instruction()).refused
    placed = [row for row in rows(engine, LegalHoldRow) if row["placed_by"] == "S01" and row["lifted_by"] == "S02"]
    assert [(row["reason"], row["lifted_at"]) for row in placed] == [("Sengketa <b>\nLifted: Selesai", NOW)]
    told = [row for row in rows(engine, JournalRow) if row["event"].startswith("legal_hold")]
    assert [(row["event"], row["clause"]) for row in told] == [("legal_hold_placed", "6"), ("legal_hold_lifted", "6")]
    assert "Sengketa" not in text_of({"journal": told})
    with write_transaction(engine) as connection:
        connection.execute(update(CaseRow).values(anonymised_at=NOW))
        assert carry_out(connection, replace(place, run_id="run-5"), "S01", instruction()).refused
