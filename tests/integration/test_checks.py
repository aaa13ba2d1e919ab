"""Great Expectations at the door."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tasks.checks import check_mentions
from tests.support import COMPLAINT, NOW, mention


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"external_id": "satu dua"}, "external_id"),
        ({"external_id": ""}, "external_id"),
        ({"external_id": "9" * 129}, "external_id"),
        ({"external_id": "12\n"}, "external_id"),
        ({"conversation_id": "x\x00"}, "conversation_id"),
        ({"conversation_id": "9" * 121}, "conversation_id: must be 1 to 120"),
        ({"in_reply_to": "9" * 129}, "in_reply_to: must be absent or at most 128"),
        ({"in_reply_to": "x\x00"}, "in_reply_to"),
        ({"author_id": "<b>"}, "author_id"),
        ({"text": " \n\t"}, "text: is blank"),
        ({"posted_at": NOW + timedelta(minutes=6)}, "in the future"),
        ({"posted_at": datetime(1999, 1, 1, tzinfo=UTC)}, "before there were"),
        ({"kind": "shout"}, "kind"),
        ({"platform": "orkut"}, "platform"),
    ],
)
def test_a_bad_row_is_refused_and_the_rest_goes_on(changes: dict[str, object], reason: str) -> None:
    good, bad = mention(), replace(mention(), **changes)
    kept, refused = check_mentions((good, bad), NOW)
    assert kept == (good,)
    ((one,), payload) = refused, refused[0].payload
    assert any(reason in why for why in one.reasons)
    assert payload["text"] == bad.text


def test_every_reason_is_given() -> None:
    bad = replace(mention(), text="", posted_at=NOW + timedelta(days=1))
    _, (refused,) = check_mentions((bad,), NOW)
    assert len(refused.reasons) == 2


def test_hostile_but_lawful_text_goes_on() -> None:
    mentions = tuple(mention(text) for text in ("\x00<b>", "\ud800", "\u202e", "a" * 25_000, "😭", "=1+1"))
    kept, refused = check_mentions(mentions, NOW)
    assert (kept, refused) == (mentions, ())


def test_an_absent_author_is_no_error() -> None:
    kept, _ = check_mentions((mention(author=None),), NOW)
    assert len(kept) == 1


def test_nothing_to_check() -> None:
    assert check_mentions((), NOW) == ((), ())


def test_checking_does_not_grow_faster_than_the_batch() -> None:
    one = mention()
    batch = tuple(replace(one, external_id=str(number)) for number in range(20_000))
    check_mentions(batch[:10], NOW)
    started = time.perf_counter()
    kept, _ = check_mentions(batch, NOW)
    assert len(kept) == 20_000
    assert time.perf_counter() - started < 3  # 0.2 s here; a row-by-row check would take a minute


def test_pages_checked_at_the_same_time_are_not_taken_for_each_other() -> None:
    pages = [[mention(text=" " if bad else COMPLAINT) for bad in (False,) * size + (True,)] for size in range(3, 43)]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda page: check_mentions(page, NOW), pages))
    for page, (good, refused) in zip(pages, found, strict=True):
        assert list(good) == page[:-1]
        assert [row.external_id for row in refused] == [page[-1].external_id]
