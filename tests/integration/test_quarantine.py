"""What was refused, released into intake after all or dropped, on both databases; and the board that shows it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, event, update

from models.account_reviews import Decided, Rulebook
from models.accounts import AccountRow
from models.case_opening import undecided_mentions
from models.cases import CaseRow
from models.database import write_transaction
from models.form_links import ReviewForms
from models.journal import JournalRow
from models.mention_rows import MentionRow, QuarantinedRow
from models.mention_store import quarantine, store_page
from models.mentions import Author, Mention, Page, Platform, RefusedRow, WatchedAccount
from models.quarantine import RowDecision, release_row
from models.quarantine_board import quarantine_markdown, quarantine_state, read_quarantine
from tasks.checks import check_mentions
from tasks.desk import Openings, decide_mentions
from tasks.desk_data import instruction, lexicons
from tasks.platforms.facebook_parse import parse_entries
from tasks.platforms.x_parse import parse_page
from tasks.quarantine import decide_on_row
from tasks.review_forms import Drop, Release
from tests.bench.load import put_desk
from tests.support import COMPLAINT, MINISTER, NOW, how_many, mention, page, put_watched, rows

RULES = Rulebook(instruction(), lexicons())
FORMS = ReviewForms("http://desk", "dep-2", "decision")
LEADER = "B41"
HOSTILE = "<script>window.hacked=1</script> [klik](javascript:2) | # \u202eterbalik"


@pytest.fixture
def watched(engine: Engine, database_url: str, monkeypatch: pytest.MonkeyPatch) -> WatchedAccount:
    """A desk whose records the tasks open as well."""
    monkeypatch.setenv("CARE_DATABASE_URL", database_url)
    return put_desk(engine, NOW)


def pull(engine: Engine, watched: WatchedAccount, *mentions: Mention, authors: tuple[Author, ...] = (MINISTER,)) -> int:
    """A page as intake stores it: checked, bad rows to quarantine. How many were new there."""
    good, refused = check_mentions(mentions, NOW)
    with write_transaction(engine) as connection:
        return store_page(connection, watched, Page(good, authors, refused), lexicons(), NOW).quarantined


def refuse(engine: Engine, watched: WatchedAccount, *refused: RefusedRow) -> int:
    with write_transaction(engine) as connection:
        return quarantine(connection, refused, NOW, watched)


def release(row: int = 1, by: str = LEADER, **corrections: Any) -> Decided:
    form = {"row": f"Q-{row:06d}", "by": by, "release_because": "Pelanggan menelepon", **corrections}
    return decide_on_row.fn(Release.model_validate(form))


def drop(row: int = 1, by: str = LEADER, why: str = "Iklan") -> Decided:
    return decide_on_row.fn(Drop(row=f"Q-{row:06d}", by=by, drop_because=why))


def kept(engine: Engine) -> list[list[dict[str, Any]]]:
    return [rows(engine, table) for table in (AccountRow, MentionRow, QuarantinedRow, JournalRow)]


BLANK = mention("  ", in_reply_to="17")


def test_a_refused_row_keeps_whose_it_is_and_who_wrote_it(engine: Engine, watched: WatchedAccount) -> None:
    assert pull(engine, watched, BLANK) == 1
    (row,) = rows(engine, QuarantinedRow)
    assert (row["watched_account_id"], row["outcome"]) == (watched.id, None)
    assert row["payload"]["author_seen"]["bio"] == MINISTER.bio
    assert row["payload"]["in_reply_to"] == "17"
    assert pull(engine, watched, BLANK, authors=(replace(MINISTER, followers=7),)) == 0  # a profile changes every day


def test_a_released_row_goes_the_way_of_any_mention(engine: Engine, watched: WatchedAccount) -> None:
    pull(engine, watched, BLANK)
    done = release(text=COMPLAINT)
    assert done == Decided("Q-000001 was released: the next intake decides what becomes of it.", False)
    (row,), (stored,), (account,) = (rows(engine, table) for table in (QuarantinedRow, MentionRow, AccountRow))
    assert (row["outcome"], row["decided_by"], row["decided_why"]) == ("released", LEADER, "Pelanggan menelepon")
    assert row["mention_id"] == stored["id"]
    assert row["payload"]["text"] == "  "  # as it came
    assert (stored["text"], stored["in_reply_to"], stored["complaint"]) == (COMPLAINT, "17", True)
    assert (stored["watched_account_id"], stored["mentioned_handles"]) == (watched.id, ["TelkomCare"])
    assert (account["handle"], account["profile_at"]) == (MINISTER.handle, NOW)
    (entry,) = rows(engine, JournalRow)
    assert (entry["event"], entry["clause"], entry["actor"]) == ("quarantine_released", "5.3.1", LEADER)
    assert entry["detail"] == {"row": 1, "source": "x:checks", "mention": stored["id"], "stored": 1}
    with write_transaction(engine) as connection:
        decide_mentions(connection, undecided_mentions(connection, 10, NOW), NOW, Openings())
    assert how_many(engine, CaseRow) == 1
    assert rows(engine, MentionRow)[0]["disposition"] == "opened_case"


def test_releasing_again_changes_nothing(engine: Engine, watched: WatchedAccount) -> None:
    pull(engine, watched, BLANK)
    first = release(text=COMPLAINT)
    before = kept(engine)
    assert release(text=COMPLAINT) == first  # the same run, repeated
    assert "Q-000001 was released by B41" in release(by="B40", text=COMPLAINT).told
    assert drop().refused
    assert kept(engine) == before


def test_what_is_refused_again_stays(engine: Engine, watched: WatchedAccount) -> None:
    pull(engine, watched, replace(BLANK, conversation_id="x y"))
    before = kept(engine)
    again = release(text=COMPLAINT)
    assert again.refused
    assert "Q-000001 is refused again and stays. conversation_id: must be" in again.told
    assert kept(engine) == before
    assert not release(text=COMPLAINT, conversation_id="12").refused
    assert rows(engine, MentionRow)[0]["conversation_id"] == "12"


def test_a_row_of_the_future_is_no_longer_one_when_its_time_has_come(engine: Engine, watched: WatchedAccount) -> None:
    pull(engine, watched, mention(posted_at=NOW + timedelta(hours=1)))
    assert not release().refused
    assert rows(engine, MentionRow)[0]["posted_at"] == NOW + timedelta(hours=1)


def test_what_was_released_is_not_refused_again_when_it_is_pulled_again(
    engine: Engine, watched: WatchedAccount
) -> None:
    pull(engine, watched, BLANK)
    release(text=COMPLAINT)
    assert pull(engine, watched, BLANK) == 0
    with write_transaction(engine) as connection:
        stored = store_page(connection, watched, page(replace(BLANK, text=COMPLAINT)), lexicons(), NOW)
    assert (stored.stored, stored.duplicates, stored.quarantined) == (0, 1, 0)
    assert how_many(engine, MentionRow) == how_many(engine, QuarantinedRow) == 1


def test_an_entry_of_the_platform_is_read_by_its_own_door(engine: Engine, watched: WatchedAccount) -> None:
    entry = {"id": "1900000000000000777", "author_id": MINISTER.external_id, "conversation_id": "1900000000000000777"}
    answer = {"data": [entry], "includes": {"users": [{"id": MINISTER.external_id, "username": "pakmenteri_uji"}]}}
    with write_transaction(engine) as connection:
        store_page(connection, watched, parse_page(answer, source="x:mentions", owned=True), lexicons(), NOW)
    (row,) = rows(engine, QuarantinedRow)
    assert (row["reasons"], row["payload"]["author_seen"]["handle"]) == (["text: is missing"], "pakmenteri_uji")
    assert release().refused
    assert not release(text=COMPLAINT).refused
    (stored,) = rows(engine, MentionRow)
    assert (stored["external_id"], stored["text"]) == ("1900000000000000777", COMPLAINT)
    assert stored["posted_at"].year == 2025  # as its id tells
    assert rows(engine, AccountRow)[0]["handle"] == "pakmenteri_uji"


def test_a_comment_of_facebook_goes_back_under_its_post(engine: Engine, watched: WatchedAccount) -> None:
    ours = put_watched(engine, id=2, platform="facebook", external_id="104")
    made = {"id": "9_1", "message": "", "created_time": "2026-03-10T04:00:00+0000", "from": {"id": "44", "name": "Ret"}}
    refuse(engine, ours, *parse_entries([made], "104_9")[2])
    assert not release(text="mati total").refused
    (stored,), (account,) = rows(engine, MentionRow), rows(engine, AccountRow)
    assert (stored["platform"], stored["conversation_id"], stored["watched_account_id"]) == ("facebook", "104_9", 2)
    assert (account["external_id"], account["name"]) == ("44", "Ret")


def test_a_row_from_before_goes_to_the_care_account_of_its_platform(engine: Engine, watched: WatchedAccount) -> None:
    pull(engine, watched, BLANK)
    with write_transaction(engine) as connection:
        connection.execute(update(QuarantinedRow).values(watched_account_id=None))
    put_watched(engine, id=2, external_id="9", kind="bod")
    assert not release(text=COMPLAINT).refused
    assert rows(engine, MentionRow)[0]["watched_account_id"] == watched.id
    facebook = RefusedRow("facebook:posts", "1_2", {"id": "1_2", "created_time": "2026-03-10T04:00:00+0000"}, ("x",))
    with write_transaction(engine) as connection:
        quarantine(connection, [facebook], NOW)
    assert "no account of ours on facebook is watched" in release(2, text="mati").told


def test_nobody_elses_mention_gets_these_words(engine: Engine, watched: WatchedAccount) -> None:
    other = mention(COMPLAINT)
    pull(engine, watched, other, BLANK)
    before = kept(engine)
    assert (
        "is a mention by somebody else already"
        in release(text="lain", external_id=other.external_id, author_id="777").told
    )
    assert kept(engine) == before


def test_a_later_profile_is_not_undone_by_an_older_one(engine: Engine, watched: WatchedAccount) -> None:
    pull(engine, watched, BLANK)
    with write_transaction(engine) as connection:
        renamed, later = replace(MINISTER, handle="nama_baru"), NOW + timedelta(days=1)
        store_page(connection, watched, Page((mention(),), (renamed,)), lexicons(), later)
    release(text=COMPLAINT)
    (account,) = rows(engine, AccountRow)
    assert (account["handle"], account["profile_at"]) == ("nama_baru", NOW + timedelta(days=1))


def test_a_release_is_kept_whole_or_not_at_all(engine: Engine, watched: WatchedAccount) -> None:
    pull(engine, watched, BLANK)
    before = kept(engine)

    def crash() -> None:
        with write_transaction(engine) as connection:
            decision = RowDecision(1, LEADER, "released", "ya")
            assert not release_row(connection, decision, replace(BLANK, text="x"), MINISTER, RULES, NOW).refused
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        crash()
    assert kept(engine) == before


def test_a_dropped_row_is_kept_with_the_reason(engine: Engine, watched: WatchedAccount) -> None:
    pull(engine, watched, BLANK)
    assert drop() == drop() == Decided("Q-000001 was dropped; it is kept with your reason.", False)
    (row,) = rows(engine, QuarantinedRow)
    assert (row["outcome"], row["decided_why"], row["mention_id"]) == ("dropped", "Iklan", None)
    assert [(one["event"], one["detail"]) for one in rows(engine, JournalRow)] == [
        ("quarantine_dropped", {"row": 1, "source": "x:checks"})
    ]
    assert release(text=COMPLAINT).refused
    assert pull(engine, watched, BLANK) == 0


def test_what_a_unit_said_can_be_dropped_only(engine: Engine, watched: WatchedAccount) -> None:
    with write_transaction(engine) as connection:
        quarantine(connection, [RefusedRow("unit/network", "u-1", {"update_id": "u-1"}, ("status: not known",))], NOW)
    assert "is no mention. Drop it" in release(text=COMPLAINT).told
    assert "by: B01 is an agent" in drop(by="B01").told
    assert not drop().refused


def board(engine: Engine) -> str:
    with engine.connect() as connection:
        return quarantine_markdown(read_quarantine(connection), FORMS, datetime.now(UTC))


def test_the_board_counts_by_reason_and_shows_the_newest(engine: Engine, watched: WatchedAccount) -> None:
    assert "# 0 rows wait for a decision" in board(engine)
    pull(engine, watched, *(replace(mention(HOSTILE), conversation_id="x\x00") for _ in range(60)), BLANK)
    refuse(engine, watched, RefusedRow("unit/network", None, {"x": 1}, ("status: not known", "at: is no time")))
    drop(3)
    text = board(engine)
    assert "# 61 rows wait for a decision" in text
    assert "Decided so far: 1 dropped." in text
    assert "| 59 | x\\:checks | conversation\\_id\\: must be 1 to 120 letters" in text
    assert "| 1 | unit/network | at\\: is no time |" in text
    assert "11 older rows wait besides these." in text
    assert text.count("[Release](") == 49
    assert text.count("[Drop](") == 50
    assert "@TelkomCare" in text
    assert "@pakmenteri\\_uji" in text
    assert "<script>" not in text
    assert "\u202e" not in text


def test_the_state_tells_of_every_change(engine: Engine, watched: WatchedAccount) -> None:
    def state() -> str:
        with engine.connect() as connection:
            return quarantine_state(connection)

    seen = [state()]
    for act in (
        lambda: pull(engine, watched, BLANK),
        lambda: pull(engine, watched, mention(" ")),
        lambda: drop(1),
        lambda: release(2, text=COMPLAINT),
        lambda: refuse(engine, watched, RefusedRow("unit/network", None, {"x": 1}, ("status: not known",))),
    ):
        act()
        seen.append(state())
    assert len({*seen}) == len(seen)


def test_the_number_of_statements_does_not_grow_with_the_board(engine: Engine, watched: WatchedAccount) -> None:
    seen: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *call: seen.append(call[2]))
    used = []
    for count in (2, 200):
        refuse(engine, watched, *(RefusedRow("x:search", None, {"n": one}, ("id: x",)) for one in range(count)))
        seen.clear()
        board(engine)
        used.append(len(seen))
    assert used[0] == used[1] <= 6


def test_hidden_authors_stay_hidden(engine: Engine, watched: WatchedAccount) -> None:
    ours = put_watched(engine, id=2, platform="facebook", external_id="104")
    pull(engine, ours, mention(" ", author=None, platform=Platform.FACEBOOK), authors=())
    assert not release(text=COMPLAINT).refused
    assert rows(engine, AccountRow)[0]["external_id"].startswith("unknown:")
