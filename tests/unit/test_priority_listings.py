"""Accounts on the lists by a handle they had before, or through a link; who took a listed handle over (5.2.1)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from models.mentions import Author, Platform
from models.priority import Decision, Holding, ListStand, PriorityThresholds
from tests.unit.test_priority import PLAIN, TODAY, judge, listing

OLD = listing(handle="wati_lama", valid_to=None)
"""A listing by a handle that Wati has given up."""


def at(day: int, month: int = 2) -> datetime:
    return datetime(2026, month, day, 5, tzinfo=UTC)


def held(since: datetime, until: datetime | None, who: str = "77", handle: str = "wati_lama") -> Holding:
    return Holding(handle, who, since, until)


WATI_HAD_IT = held(at(1), at(20))


def test_a_listing_by_a_handle_is_still_hers_when_she_has_changed_it() -> None:
    verdict = judge(PLAIN, listings=(OLD,), holdings=(WATI_HAD_IT,))
    assert (verdict.status, verdict.category, verdict.source) == ("priority", "artist", "registry")
    assert verdict.reasons == ("Wati, formerly @wati_lama, is on the registry of priority accounts (ND-12/2026).",)
    assert judge(PLAIN, listings=(OLD,)).status == "regular"


@pytest.mark.parametrize(
    ("valid_from", "is_hers"),
    [(None, True), (date(2026, 2, 20), True), (date(2026, 2, 21), False)],
)
def test_the_handle_must_have_been_hers_while_the_listing_was_valid(valid_from: date | None, is_hers: bool) -> None:
    verdict = judge(PLAIN, listings=(replace(OLD, valid_from=valid_from),), holdings=(WATI_HAD_IT,))
    assert verdict.status == ("priority" if is_hers else "regular")


def test_a_day_is_a_day_in_jakarta() -> None:
    late = held(at(1), datetime(2026, 2, 20, 18, tzinfo=UTC))  # 01:00 on the 21st there
    assert judge(PLAIN, listings=(replace(OLD, valid_from=date(2026, 2, 21)),), holdings=(late,)).status == "priority"


NEW_OWNER = Author(Platform.X, "90", "Wati_Lama", "Toko Kue", "jual kue basah", 12)
BOTH = (WATI_HAD_IT, held(at(25), None, "90"))


def test_who_has_a_listed_handle_that_was_anothers_is_a_candidate() -> None:
    verdict = judge(NEW_OWNER, listings=(OLD,), holdings=BOTH)
    assert (verdict.status, verdict.category, verdict.source) == ("candidate", None, None)
    assert "@wati_lama is on the registry" in verdict.reasons[0]
    assert "that handle has been more than one account's" in verdict.reasons[0]
    assert verdict.confidence >= PriorityThresholds().candidate
    assert judge(PLAIN, listings=(OLD,), holdings=BOTH).status == "priority"


def test_of_a_listing_without_a_date_nobody_is_sure_whom_it_means() -> None:
    undated = replace(OLD, valid_from=None)
    for author in (PLAIN, NEW_OWNER):
        assert judge(author, listings=(undated,), holdings=BOTH).status == "candidate"


def test_a_new_owner_of_a_handle_is_what_the_profile_says_all_the_same() -> None:
    official = replace(NEW_OWNER, name="Sari", bio="Bupati Lembah Hijau 2024-2029")
    verdict = judge(official, listings=(OLD,), holdings=BOTH)
    assert (verdict.status, verdict.source) == ("priority", "profile")


def test_a_listing_made_after_the_handle_changed_hands_means_the_new_owner() -> None:
    newer = replace(OLD, valid_from=date(2026, 3, 1))
    assert judge(NEW_OWNER, listings=(newer,), holdings=BOTH).status == "priority"
    assert judge(PLAIN, listings=(newer,), holdings=BOTH).status == "regular"


def test_an_id_outweighs_both_histories() -> None:
    by_id = replace(OLD, external_id="90")
    assert judge(NEW_OWNER, listings=(by_id,), holdings=BOTH).status == "priority"
    assert judge(PLAIN, listings=(by_id,), holdings=BOTH).status == "regular"


def test_who_had_a_handle_in_between_has_no_claim_on_it() -> None:
    back = (held(at(1), None), held(at(5), at(9), "90"))
    assert judge(replace(PLAIN, handle="wati_lama"), listings=(OLD,), holdings=back).status == "priority"
    assert judge(replace(NEW_OWNER, handle="lain"), listings=(OLD,), holdings=back).status == "regular"


FACEBOOK = Author(Platform.FACEBOOK, "555", None, "Wati K.")


@pytest.mark.parametrize(
    ("one", "status"),
    [
        (ListStand(PLAIN, (listing(),)), "priority"),
        (ListStand(PLAIN, (OLD,), (WATI_HAD_IT,)), "priority"),
        (ListStand(PLAIN, (listing(valid_to=TODAY - timedelta(days=1)),)), "regular"),
        (ListStand(PLAIN), "regular"),
        (ListStand(NEW_OWNER, (OLD,), BOTH), "regular"),
    ],
)
def test_a_linked_account_is_what_the_listed_one_is(one: ListStand, status: str) -> None:
    verdict = judge(FACEBOOK, linked=(("K-000012", one),))
    assert verdict.status == status
    if status == "priority":
        assert (verdict.category, verdict.source) == ("artist", "registry")
        assert verdict.reasons[0].startswith("Through the linked account K-000012: Wati")


def test_the_bod_list_goes_before_the_registry_through_a_link_too() -> None:
    board = ListStand(FACEBOOK, (listing(platform=Platform.FACEBOOK, external_id="555", source="bod_list"),))
    assert judge(PLAIN, listings=(listing(),), linked=(("K-000012", board),)).source == "bod_list"
    assert judge(PLAIN, Decision("regular", None, "", "", None), linked=(("K-000012", board),)).status == "regular"
