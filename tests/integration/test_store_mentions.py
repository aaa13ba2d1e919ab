"""Storing pages of mentions, on both databases."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, event, select, update

from models.accounts import AccountRow, ReadCountRow, WatchedAccountRow
from models.database import write_transaction
from models.mention_rows import MentionRow, QuarantinedRow
from models.mention_store import Stored, billed, count_reads, move_cursor, store_page
from models.mentions import MentionKind, Page, Platform, Reads, RefusedRow, WatchedAccount
from tasks.checks import check_mentions
from tasks.desk_data import lexicons
from tasks.platforms.facebook_parse import parse_entries
from tests.bench.load import put_desk
from tests.integration.test_quarantine import drop, kept, refuse, release
from tests.support import COMPLAINT, MINISTER, NOW, PRAISE, how_many, mention, page, put_watched, rows

HOSTILE = (
    "\x00<script>alert(1)</script> [klik](javascript:alert(2)) \u202egnp.exe \ud800 | tabel | # judul " + "a" * 25_000
)


def _store(engine: Engine, watched: WatchedAccount, stored_page: Page, now: datetime = NOW) -> Stored:
    with write_transaction(engine) as connection:
        return store_page(connection, watched, stored_page, lexicons(), now)


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


def test_the_longest_ids_and_a_long_language_can_be_stored(engine: Engine) -> None:
    longest = mention(author=None, conversation_id="9" * 120, in_reply_to="8" * 128, language="in\x00" + "x" * 40)
    good, refused = check_mentions((longest, replace(longest, external_id="7", conversation_id="9" * 121)), NOW)
    assert (len(good), len(refused)) == (1, 1)
    assert _store(engine, put_watched(engine), page(*good)).stored == 1
    assert rows(engine, AccountRow)[0]["external_id"] == "unknown:" + "9" * 120
    assert rows(engine, MentionRow)[0]["language"] == "in" + "x" * 14


def test_a_post_that_two_doors_deliver_is_refused_once(engine: Engine, desk: WatchedAccount) -> None:
    by_mentions, by_search = (
        RefusedRow(f"x:{door}", "17", {"id": "17"}, ("text:",)) for door in ("mentions", "search")
    )
    assert refuse(engine, desk, by_mentions, by_search) == 1
    assert not drop().refused
    assert refuse(engine, desk, by_search) == refuse(engine, desk, by_mentions) == 0
    assert refuse(engine, desk, replace(by_search, source="facebook:posts")) == 1


def test_rows_kept_before_are_known_by_either_door(engine: Engine, desk: WatchedAccount) -> None:
    by_mentions, by_search = (
        RefusedRow(f"x:{door}", "17", {"id": "17"}, ("text:",)) for door in ("mentions", "search")
    )
    refuse(engine, desk, by_mentions)
    before = hashlib.sha256(f"x:mentions\n{json.dumps(by_mentions.payload)}".encode()).hexdigest()
    with write_transaction(engine) as connection:
        connection.execute(update(QuarantinedRow).values(fingerprint=before))
    assert refuse(engine, desk, by_mentions) == refuse(engine, desk, by_search) == 0


@pytest.fixture
def desk(engine: Engine, database_url: str, monkeypatch: pytest.MonkeyPatch) -> WatchedAccount:
    """A desk whose records the tasks open as well, and its page on Facebook, which is returned."""
    monkeypatch.setenv("CARE_DATABASE_URL", database_url)
    put_desk(engine, NOW)
    return put_watched(engine, id=2, platform="facebook", external_id="104")


def _comment(message: str, number: int = 1, **told: Any) -> dict[str, Any]:
    return {"id": f"9_{number}", "message": message, "created_time": "2026-03-10T04:00:00+0000", **told}


RET = {"from": {"id": "44", "name": "Ret"}}


def _keep(engine: Engine, desk: WatchedAccount, comment: dict[str, Any]) -> None:
    """A comment as it was stored an hour ago, and decided."""
    mentions, authors, _ = parse_entries([comment], "104_9")
    _store(engine, desk, Page(tuple(mentions), tuple(authors)), NOW - timedelta(hours=1))
    with write_transaction(engine) as connection:
        connection.execute(update(MentionRow).values(disposition="not_complaint"))


@pytest.mark.parametrize("told", [RET, {}], ids=["its author told", "its author hidden"])
def test_a_release_never_changes_what_is_kept(engine: Engine, desk: WatchedAccount, told: dict[str, Any]) -> None:
    _keep(engine, desk, _comment("terima kasih", **RET))
    refuse(engine, desk, *parse_entries([_comment(" ", **told)], "104_9")[2])
    before = kept(engine)
    assert release(text="mati total").told == "row: 9_1 is kept already as mention 1, in other words; drop the row."
    assert kept(engine) == before
    done = release(text="terima kasih")
    assert not done.refused
    assert done.told == (
        "Q-000001 was released: it is kept already as mention 1, in the same words. Nothing was added."
    )
    accounts, mentions, (row,), (entry,) = kept(engine)
    assert [accounts, mentions] == before[:2]
    assert (row["outcome"], row["mention_id"], entry["detail"]["stored"]) == ("released", 1, 0)
    assert release(text="terima kasih") == done  # the same run, repeated


def test_a_mention_of_a_hidden_author_is_nobody_elses(engine: Engine, desk: WatchedAccount) -> None:
    _keep(engine, desk, _comment("terima kasih"))
    refuse(engine, desk, *parse_entries([_comment(" ", **RET)], "104_9")[2])
    assert "is kept already" in release(text="mati total").told
    assert not release(text="terima kasih").refused
    assert [row["external_id"] for row in rows(engine, AccountRow)] == ["unknown:104_9"]


@pytest.mark.parametrize("told", [{"from": {"id": "55", "name": "Lain"}}, {"from": {"id": "44"}}, {}])
def test_a_corrected_author_keeps_the_known_profile(engine: Engine, desk: WatchedAccount, told: dict[str, Any]) -> None:
    _keep(engine, desk, _comment("terima kasih", **RET))
    before = rows(engine, AccountRow)
    refuse(engine, desk, *parse_entries([_comment(" ", 2, **told)], "104_9")[2])
    assert not release(text="mati total", author_id="44").refused
    assert rows(engine, AccountRow) == before
    assert [row["account_id"] for row in rows(engine, MentionRow)] == [1, 1]


def test_an_author_corrected_to_the_one_told_keeps_the_name_told(engine: Engine, desk: WatchedAccount) -> None:
    refuse(engine, desk, *parse_entries([_comment(" ", **RET)], "104_9")[2])
    assert not release(text="mati total", author_id="44").refused
    assert rows(engine, AccountRow)[0]["name"] == "Ret"


def test_a_comment_that_answers_what_is_no_id_is_kept_all_the_same(engine: Engine, desk: WatchedAccount) -> None:
    _keep(engine, desk, _comment("terima kasih", parent={"id": 5}))
    assert rows(engine, MentionRow)[0]["in_reply_to"] is None
