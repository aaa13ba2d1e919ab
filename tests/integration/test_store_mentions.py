"""Storing pages of mentions, on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Engine, event, select

from models.accounts import AccountRow, ReadCountRow, WatchedAccountRow
from models.database import write_transaction
from models.mention_rows import MentionRow, QuarantinedRow
from models.mention_store import Stored, billed, count_reads, move_cursor, store_page
from models.mentions import MentionKind, Page, Platform, Reads, RefusedRow, WatchedAccount
from tasks.desk_data import lexicons
from tests.support import COMPLAINT, MINISTER, NOW, PRAISE, how_many, mention, page, put_watched, rows

HOSTILE = (
    "\x00<script>alert(1)</script> [klik](javascript:alert(2)) \u202egnp.exe \ud800 | tabel | # judul " + "a" * 25_000
)


def _store(engine: Engine, watched: WatchedAccount, stored_page: Page) -> Stored:
    with write_transaction(engine) as connection:
        return store_page(connection, watched, stored_page, lexicons(), NOW)


def test_a_page_is_stored_with_its_authors_and_readings(engine: Engine) -> None:
    watched = put_watched(engine)
    stored = _store(engine, watched, page(mention(COMPLAINT), mention(PRAISE)))
    assert (stored.stored, stored.duplicates) == (2, 0)
    first, second = rows(engine, MentionRow)
    assert (first["reading"]["complaint"], second["reading"]["complaint"]) == (True, False)
    (account,) = rows(engine, AccountRow)
    assert (account["handle"], account["profile_at"]) == (MINISTER.handle, NOW)


def test_the_same_page_three_times_changes_nothing(engine: Engine) -> None:
    watched, same = put_watched(engine), page(mention(), mention(PRAISE))
    _store(engine, watched, same)
    before = rows(engine, MentionRow)
    for _ in range(2):
        stored = _store(engine, watched, same)
        assert (stored.stored, stored.duplicates, stored.reread) == (0, 2, 2)
    assert rows(engine, MentionRow) == before


def test_a_mention_twice_on_one_page_is_one(engine: Engine) -> None:
    twice = mention()
    stored = _store(engine, put_watched(engine), page(twice, twice))
    assert (stored.stored, stored.duplicates) == (1, 1)


def test_an_edit_is_read_anew_and_decided_again(engine: Engine) -> None:
    watched, first = put_watched(engine), mention(PRAISE)
    _store(engine, watched, page(first))
    with write_transaction(engine) as connection:
        connection.execute(MentionRow.__table__.update().values(disposition="not_complaint"))
    edited = replace(first, text=COMPLAINT, version=str(int(first.version) + 5).zfill(20))
    assert _store(engine, watched, page(edited)).edited == 1
    (row,) = rows(engine, MentionRow)
    assert (row["text"], row["reading"]["complaint"], row["disposition"]) == (COMPLAINT, True, None)
    assert _store(engine, watched, page(first)).edited == 0  # an older version seen late does not undo the edit
    assert rows(engine, MentionRow)[0]["text"] == COMPLAINT


def test_an_author_the_platform_hides_is_one_account_a_conversation(engine: Engine) -> None:
    watched = put_watched(engine, platform="facebook")
    hidden = [
        mention(author=None, platform=Platform.FACEBOOK, kind=MentionKind.POST, conversation_id=where)
        for where in ("a_1", "a_1", "a_2")
    ]
    _store(engine, watched, page(*hidden))
    assert [row["external_id"] for row in rows(engine, AccountRow)] == ["unknown:a_1", "unknown:a_2"]


def test_hostile_text_is_kept_within_bounds(engine: Engine) -> None:
    watched = put_watched(engine)
    _store(engine, watched, page(mention(HOSTILE)))
    (row,) = rows(engine, MentionRow)
    assert len(row["text"]) <= 25_000
    assert "\x00" not in row["text"]
    assert "\ud800" not in row["text"]
    assert _store(engine, watched, page(mention(HOSTILE))).stored == 1


def test_refused_rows_are_kept_once_with_their_reasons(engine: Engine) -> None:
    watched = put_watched(engine)
    refused = RefusedRow("x:mentions", "17", {"id": "17", "text": HOSTILE, "n": [1, None]}, ("text: is blank",))
    for expected in (1, 0):
        assert _store(engine, watched, Page((), refused=(refused,))).quarantined == expected
    (row,) = rows(engine, QuarantinedRow)
    assert (row["reasons"], row["payload"]["n"]) == (["text: is blank"], [1, None])


def test_page_and_cursor_are_kept_together_or_not_at_all(engine: Engine) -> None:
    watched = put_watched(engine)

    def crash() -> None:
        with write_transaction(engine) as connection:
            stored = store_page(connection, watched, page(mention()), lexicons(), NOW)
            move_cursor(connection, watched, stored.newest, NOW)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        crash()
    assert how_many(engine, MentionRow) == 0
    assert rows(engine, WatchedAccountRow)[0]["polled_until"] is None


def test_the_cursor_never_goes_back_nor_ahead_of_now(engine: Engine) -> None:
    watched = put_watched(engine)
    for newest, expected in (
        (NOW, NOW),
        (NOW - timedelta(hours=1), NOW),
        (None, NOW),
        (NOW + timedelta(hours=1), NOW + timedelta(minutes=1)),
    ):
        with write_transaction(engine) as connection:
            move_cursor(connection, watched, newest, NOW + timedelta(minutes=1))
        assert rows(engine, WatchedAccountRow)[0]["polled_until"] == expected


def test_reads_add_up_by_day_and_rereads_are_free(engine: Engine) -> None:
    for at in (NOW, NOW, NOW + timedelta(days=1)):
        with write_transaction(engine) as connection:
            count_reads(connection, Platform.X, billed(Reads(owned_posts=100, users=3, calls=1), 90), at)
    counted = [(row["owned_posts"], row["users"], row["calls"]) for row in rows(engine, ReadCountRow)]
    assert counted == [(20, 6, 2), (10, 3, 1)]
    assert billed(Reads(posts=5), 9) == Reads()


def test_the_number_of_statements_does_not_grow_with_the_page(engine: Engine) -> None:
    watched, seen = put_watched(engine), []
    event.listen(engine, "before_cursor_execute", lambda *call: seen.append(call[2]))
    used = []
    for size in (5, 400):
        seen.clear()
        _store(engine, watched, page(*(mention() for _ in range(size))))
        used.append(len(seen))
    assert used[1] <= used[0] + 1, seen
    with engine.connect() as connection:
        assert len(connection.execute(select(MentionRow.id)).all()) == 405
