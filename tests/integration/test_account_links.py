"""Accounts that the lists recognise by former handles and through links, on both databases (5.2.1, 6)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, event, insert, update

from models.account_links import LinkChange, link_accounts, unlink_accounts
from models.account_reviews import Decided, Review, Rulebook, decide_account
from models.account_store import store_profiles
from models.accounts import AccountHandleRow, AccountLinkRow, AccountRow, PriorityListingRow
from models.case_opening import undecided_mentions
from models.cases import CaseRow
from models.data_requests import account_records, traces
from models.database import write_transaction
from models.mention_store import store_page
from models.mentions import Author, Platform, WatchedAccount
from models.rejudging import judge_all_again
from tasks import data_requests
from tasks.desk import Openings, decide_mentions
from tasks.desk_data import instruction, lexicons
from tasks.records_forms import Erasure
from tests import reference
from tests.bench.load import put_desk
from tests.integration.test_data_requests import erase
from tests.kept import LATELY, Customer, due, dump
from tests.support import COMPLAINT, NEIGHBOUR, NOW, how_many, mention, page, rows

DAY = timedelta(days=1)
RULES = Rulebook(instruction(), lexicons())
LEADER = "B40"
OTHER = replace(NEIGHBOUR, external_id="777", name="Toko Kue", bio="jual kue")
REGISTRY = f"{reference.LISTING}\nx,tetangga_uji,,Rani Uji,artist,ND-1,2026-03-10,\n"


@pytest.fixture
def watched(engine: Engine) -> WatchedAccount:
    return put_desk(engine, NOW)


def take_in(engine: Engine, watched: WatchedAccount, author: Author, now: datetime = NOW) -> None:
    """A complaint of an author with the profile as given, stored and decided."""
    said = mention(COMPLAINT, author, posted_at=now - timedelta(minutes=1))
    with write_transaction(engine) as connection:
        store_page(connection, watched, page(said, authors=(author,)), lexicons(), now)
        decide_mentions(connection, undecided_mentions(connection, 10_000, now), now, Openings())


def put_account(engine: Engine, **given: Any) -> int:
    values = {"platform": "x", "profile_at": NOW, "priority_status": "regular", **given}
    with write_transaction(engine) as connection:
        return int(connection.execute(insert(AccountRow).values(values).returning(AccountRow.id)).scalar_one())


def put_listing(engine: Engine, **given: Any) -> None:
    row = {"source": "registry", "platform": "x", "name": "Rani Uji", "category": "artist", "document": "ND-1"}
    with write_transaction(engine) as connection:
        connection.execute(insert(PriorityListingRow), row | given)


def link(engine: Engine, one: int, other: int, run: str = "run-1", **changes: Any) -> Decided:
    change = replace(LinkChange(one, other, LEADER, "Disebut sendiri"), **changes)
    with write_transaction(engine) as connection:
        return (unlink_accounts if change.ends else link_accounts)(connection, change, run, RULES, NOW)


def statuses(engine: Engine) -> list[str | None]:
    return [row["priority_status"] for row in rows(engine, AccountRow)]


def handles(engine: Engine) -> list[tuple[str, datetime, datetime]]:
    found = rows(engine, AccountHandleRow)
    return sorted((row["handle_key"], row["since"], row["until"]) for row in found)


@contextmanager
def statements(engine: Engine) -> Iterator[list[str]]:
    told: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        told.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    yield told
    event.remove(engine, "before_cursor_execute", note)


def test_a_changed_handle_is_kept_and_one_that_stays_costs_nothing(engine: Engine, watched: WatchedAccount) -> None:
    with statements(engine) as told:
        take_in(engine, watched, NEIGHBOUR)
        take_in(engine, watched, replace(NEIGHBOUR, handle="Tetangga_UJI", bio="kopi saja"), NOW + DAY)
    assert not [one for one in told if one.startswith("INSERT INTO account_handles")]
    assert handles(engine) == []
    take_in(engine, watched, replace(NEIGHBOUR, handle="rani_baru"), NOW + 3 * DAY)
    assert handles(engine) == [("tetangga_uji", NOW, NOW + 3 * DAY)]
    with write_transaction(engine) as connection:
        store_profiles(connection, [NEIGHBOUR], NOW + 5 * DAY)
    take_in(engine, watched, replace(NEIGHBOUR, handle=None), NOW + 7 * DAY)
    assert handles(engine) == [
        ("rani_baru", NOW + 3 * DAY, NOW + 5 * DAY),
        ("tetangga_uji", NOW, NOW + 7 * DAY),
    ]


def test_who_gave_up_a_listed_handle_stays_priority_and_who_took_it_is_a_candidate(
    engine: Engine, watched: WatchedAccount
) -> None:
    put_listing(engine, handle_key="tetangga_uji", valid_from=NOW.date())
    take_in(engine, watched, NEIGHBOUR)
    take_in(engine, watched, replace(NEIGHBOUR, handle="rani_baru"), NOW + DAY)
    take_in(engine, watched, OTHER, NOW + 2 * DAY)
    hers, theirs = rows(engine, AccountRow)
    assert (hers["priority_status"], hers["priority_source"]) == ("priority", "registry")
    assert "formerly @tetangga_uji" in hers["priority_evidence"][0]
    assert (theirs["priority_status"], theirs["priority_source"]) == ("candidate", None)
    assert "has been more than one account's" in theirs["priority_evidence"][0]
    assert [row["priority_status"] for row in rows(engine, CaseRow)] == ["priority", "priority", "candidate"]


def test_a_handle_last_seen_with_another_was_theirs_though_nobody_saw_it_change(
    engine: Engine, watched: WatchedAccount
) -> None:
    put_listing(engine, handle_key="tetangga_uji", valid_from=NOW.date())
    take_in(engine, watched, NEIGHBOUR)
    take_in(engine, watched, OTHER, NOW + 2 * DAY)
    with write_transaction(engine) as connection:
        judge_all_again(connection, instruction(), lexicons(), NOW, "test", "test")
    assert statuses(engine) == ["priority", "candidate"]
    with write_transaction(engine) as connection:  # listed since the handle is the other one's
        connection.execute(update(PriorityListingRow).values(valid_from=(NOW + 3 * DAY).date()))
        judge_all_again(connection, instruction(), lexicons(), NOW + 3 * DAY, "test", "test")
    assert statuses(engine) == ["regular", "priority"]


def test_who_had_a_handle_in_between_does_not_become_the_listed_customer(
    engine: Engine, watched: WatchedAccount
) -> None:
    put_listing(engine, handle_key="tetangga_uji", valid_from=NOW.date())
    take_in(engine, watched, NEIGHBOUR)
    take_in(engine, watched, NEIGHBOUR, NOW + DAY)
    take_in(engine, watched, OTHER, NOW + 2 * DAY)
    take_in(engine, watched, NEIGHBOUR, NOW + 3 * DAY)  # she has it back
    take_in(engine, watched, replace(OTHER, handle="lain"), NOW + 4 * DAY)
    assert statuses(engine) == ["priority", "regular"]


def test_a_registry_loaded_later_finds_former_handles_and_links(engine: Engine, watched: WatchedAccount) -> None:
    take_in(engine, watched, NEIGHBOUR)
    take_in(engine, watched, replace(NEIGHBOUR, handle="rani_baru"), NOW + DAY)
    take_in(engine, watched, OTHER, NOW + 2 * DAY)
    linked = put_account(engine, platform="facebook", external_id="fb-1")
    further = put_account(engine, platform="facebook", external_id="fb-2")
    link(engine, linked, 1)
    link(engine, further, linked, "run-2")
    assert statuses(engine) == ["regular"] * 4
    done = reference.one_loaded(engine, "registry", REGISTRY)
    assert statuses(engine) == ["priority", "candidate", "priority", "regular"]  # a link leads no further
    assert done.effects.rejudged.judged == 3
    reference.one_loaded(engine, "registry", f"{reference.LISTING}\nx,lain,,Lain,media,D,,\n", reference.NOW + DAY)
    assert statuses(engine) == ["regular"] * 4


def test_a_link_to_an_account_that_never_complained_is_found_as_well(engine: Engine) -> None:
    put_desk(engine, NOW)
    silent = put_account(engine, external_id="502", handle="Tetangga_Uji", priority_status=None)
    linked = put_account(engine, platform="facebook", external_id="fb-1")
    with write_transaction(engine) as connection:
        connection.execute(
            insert(AccountLinkRow),
            {"flow_run_id": "r", "account_id": silent, "other_id": linked, "at": NOW, "by": "B40", "reason": "ya"},
        )
    reference.one_loaded(engine, "registry", REGISTRY)
    assert statuses(engine) == [None, "priority"]


def test_a_link_is_made_and_undone_and_both_are_judged_at_once(engine: Engine, watched: WatchedAccount) -> None:
    put_listing(engine, external_id="fb-1", platform="facebook")
    take_in(engine, watched, NEIGHBOUR)
    listed = put_account(engine, platform="facebook", external_id="fb-1", priority_status="priority")
    done = link(engine, listed, 1)
    assert done.told == (
        "K-000002 and K-000001 are linked from now on. K-000001 is priority, K-000002 is priority. "
        "Recent complaints that the next intake takes up: 1."
    )
    hers = rows(engine, AccountRow)[0]
    assert (hers["priority_category"], hers["priority_source"]) == ("artist", "registry")
    assert hers["priority_evidence"][0].startswith("Through the linked account K-000002: Rani Uji is on the registry")
    assert link(engine, listed, 1).told == "K-000002 and K-000001 are linked from now on."  # the same run
    assert how_many(engine, AccountLinkRow) == 1
    assert link(engine, 1, listed, "run-2").told == "other: K-000002 is linked to K-000001 already."
    undone = link(engine, 1, listed, "run-3", ends=True)
    assert undone.told == ("K-000001 and K-000002 are not linked any more. K-000001 is regular, K-000002 is priority.")
    assert not link(engine, 1, listed, "run-3", ends=True).refused
    assert link(engine, 1, listed, "run-4", ends=True).told.startswith("linked: K-000002 is not linked to K-000001")
    (kept,) = rows(engine, AccountLinkRow)
    assert (kept["by"], kept["reason"], kept["ended_by"], kept["ended_at"]) == (LEADER, "Disebut sendiri", LEADER, NOW)
    assert not link(engine, 1, listed, "run-5").refused
    told = reference.events(engine, "account_linked")[:2] + reference.events(engine, "account_link_undone")
    assert [(row["account_id"], row["actor"], row["clause"]) for row in told] == [
        (account, LEADER, "5.2.1") for account in (1, 2, 1, 2)
    ]
    assert [row["detail"] for row in told] == [
        {"link": 1},
        {"link": 1},
        {"link": 1, "run": "run-3"},
        {"link": 1, "run": "run-3"},
    ]


def test_a_decision_stays_with_its_account(engine: Engine, watched: WatchedAccount) -> None:
    take_in(engine, watched, NEIGHBOUR)
    other = put_account(engine, platform="facebook", external_id="fb-1")
    link(engine, 1, other)
    with write_transaction(engine) as connection:
        decide_account(connection, Review(1, LEADER, "priority", "ngo", "Akta"), "run-2", RULES, NOW)
        judge_all_again(connection, instruction(), lexicons(), NOW, "test", "test")
    assert statuses(engine) == ["priority", "regular"]


def test_who_is_refused_links_nothing(engine: Engine, watched: WatchedAccount) -> None:
    take_in(engine, watched, NEIGHBOUR)
    other = put_account(engine, platform="facebook", external_id="fb-1")
    before = dump(engine)
    for changes, why in (
        ({"by": "B01"}, "by: B01 is an agent"),
        ({"other_id": 99}, "other: there is no K-000099"),
        ({"account_id": 98}, "account: there is no K-000098"),
        ({"other_id": 1}, "other: K-000001 is the same account"),
        ({"ends": True}, "linked: K-000002 is not linked to K-000001"),
        ({"reason": ""}, "reason: is missing"),
    ):
        done = link(engine, 1, other, **changes)
        assert done.refused
        assert why in done.told
    assert dump(engine) == before


def test_erased_with_former_handles_and_links_and_given_on_request(engine: Engine) -> None:
    put_desk(engine, NOW)
    customer, partner = Customer(engine, "RAHASIA", LATELY), Customer(engine, "TETANGGA", LATELY)
    link(engine, customer.account, partner.account)
    with engine.connect() as connection:
        parts = {part.name: part.rows for part in account_records(connection, customer.account)}
        named = traces(connection, customer.account)
    (former,) = parts["handles"]
    assert f"@{former['handle_key']}" in named
    assert [row["reason"] for row in parts["links"]] == ["Disebut sendiri"]
    erased = erase(engine, customer.account)
    assert (erased.rows["account_handles"], erased.rows["account_links"]) == (1, 1)
    assert [row["account_id"] for row in rows(engine, AccountHandleRow)] == [partner.account]
    assert rows(engine, AccountLinkRow) == []


def test_who_was_priority_through_an_erased_account_is_judged_again(
    engine: Engine, database_url: str, monkeypatch: pytest.MonkeyPatch, watched: WatchedAccount
) -> None:
    monkeypatch.setenv("CARE_DATABASE_URL", database_url)
    put_listing(engine, external_id="fb-1", platform="facebook")
    take_in(engine, watched, NEIGHBOUR)
    listed = put_account(engine, platform="facebook", external_id="fb-1")
    link(engine, 1, listed)
    assert statuses(engine) == ["priority", "priority"]
    form = Erasure(account="K-000002", by="S01", erased_because="customer_asked")
    request = data_requests.Request(form, "run-2", NOW, listed, "S01")
    assert not isinstance(data_requests._erase_now(request, form, "5a17"), str)
    hers = rows(engine, AccountRow)[0]
    assert hers["priority_status"] == "regular"
    assert "K-000002" not in str(hers["priority_evidence"])


def test_a_linked_account_is_kept_while_the_link_stands(engine: Engine) -> None:
    put_desk(engine, NOW)
    one, other = (put_account(engine, external_id=name, profile_at=NOW - 400 * DAY) for name in ("a", "b"))
    assert due(engine, ["accounts"]) == {"accounts": 2}
    link(engine, one, other)
    assert due(engine, ["accounts"]) == {}
    link(engine, one, other, "run-2", ends=True)
    assert due(engine, ["accounts"]) == {"accounts": 2}


def test_a_listing_for_another_platform_is_not_a_former_handles(engine: Engine, watched: WatchedAccount) -> None:
    put_listing(engine, handle_key="tetangga_uji", platform=Platform.FACEBOOK.value)
    take_in(engine, watched, NEIGHBOUR)
    take_in(engine, watched, replace(NEIGHBOUR, handle="rani_baru"), NOW + DAY)
    assert statuses(engine) == ["regular"]
