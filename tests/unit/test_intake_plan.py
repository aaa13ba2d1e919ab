"""Which watched accounts a run polls, and which stretch of time."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from pydantic import ValidationError

from models.intake_plan import IntakeRequest, PollSettings, StandingOfWatched, plan_polls
from models.mentions import Page, Platform, WatchedAccount, Window
from models.paging import PageGuard
from tests.support import NOW, mention

SETTINGS = PollSettings(timedelta(minutes=15), timedelta(hours=3), timedelta(hours=6))
X = WatchedAccount(1, Platform.X, "1", "TelkomCare", "care")
PAGE = WatchedAccount(2, Platform.FACEBOOK, "2", "TelkomCare", "care")


def standing(
    watched: WatchedAccount = X,
    polled: datetime | None = None,
    next_poll: datetime | None = None,
    reconciled: datetime | None = None,
) -> StandingOfWatched:
    return StandingOfWatched(watched, polled, next_poll, reconciled)


def test_the_first_poll_looks_back_and_asks_for_authors() -> None:
    ((poll,), _) = plan_polls([standing()], IntakeRequest(), SETTINGS, NOW)
    assert (poll.window, poll.expand_authors, poll.moves_cursor) == (Window(NOW - timedelta(hours=3)), True, True)


def test_later_polls_overlap_the_cursor_and_remember_authors() -> None:
    polled = NOW - timedelta(minutes=1)
    ((poll,), _) = plan_polls([standing(polled=polled, reconciled=NOW)], IntakeRequest(), SETTINGS, NOW)
    assert (poll.window, poll.expand_authors) == (Window(polled - timedelta(minutes=15)), False)
    assert poll.reconcile is None


def test_x_is_reconciled_now_and_then_from_where_it_was_last() -> None:
    seen = NOW - timedelta(hours=7)
    due = [standing(polled=NOW, reconciled=seen), standing(PAGE, polled=NOW, reconciled=seen)]
    ((x, facebook), _) = plan_polls(due, IntakeRequest(), SETTINGS, NOW)
    assert x.reconcile == Window(seen - timedelta(minutes=15))
    assert facebook.reconcile is None


def test_a_rate_limited_account_waits_alone() -> None:
    waiting = standing(next_poll=NOW + timedelta(minutes=3))
    polls, resting = plan_polls([waiting, standing(PAGE)], IntakeRequest(), SETTINGS, NOW)
    assert [poll.watched for poll in polls] == [PAGE]
    assert resting == [waiting]


def test_a_backfill_leaves_the_cursor_alone_and_takes_only_the_named() -> None:
    request = IntakeRequest(since=NOW - timedelta(days=2), until=NOW, handles=["@telkomcare"])
    other = WatchedAccount(3, Platform.X, "3", "larasdinanti", "bod")
    polls, _ = plan_polls([standing(polled=NOW), standing(PAGE), standing(other)], request, SETTINGS, NOW)
    assert [(poll.watched.id, poll.moves_cursor) for poll in polls] == [(1, False), (2, False)]
    assert polls[0].reconcile == polls[0].window == Window(NOW - timedelta(days=2), NOW)


@pytest.mark.parametrize(
    ("given", "names"),
    [
        ({"until": NOW}, "until: give since as well"),
        ({"since": NOW, "until": NOW}, "until: must be later"),
        ({"since": NOW.replace(tzinfo=None)}, "since"),
        ({"handle": ["x"]}, "handle"),
    ],
)
def test_a_request_that_makes_no_sense_is_refused_by_field(given: dict[str, object], names: str) -> None:
    with pytest.raises(ValidationError, match=names):
        IntakeRequest.model_validate(given)


def test_paging_ends_where_it_should() -> None:
    one, two = mention(), mention()
    guard = PageGuard()
    assert guard.goes_on(Page((one,), next_token="a"))
    assert guard.goes_on(Page((), next_token="b"))  # short and empty pages happen on the way
    assert guard.goes_on(Page((one, two), next_token="c"))
    assert not guard.goes_on(Page((two,), next_token="d"))  # nothing new
    assert not PageGuard().goes_on(Page((one,)))
    repeating = PageGuard()
    assert repeating.goes_on(Page((one,), next_token="a"))
    assert not repeating.goes_on(Page((two,), next_token="a"))
