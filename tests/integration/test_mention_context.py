"""What the records know of a speaker when a mention is read: the open case, complaints nobody settled."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, update

from models.case_opening import Undecided, undecided_mentions
from models.cases import CaseRow
from models.database import write_transaction
from models.journal import JournalRow
from models.mention_context import Earlier, context_of
from models.mention_rows import MentionRow
from models.mention_store import store_page
from models.mentions import Mention, WatchedAccount
from models.reading import Context
from tasks.desk import Openings, decide_mentions
from tasks.desk_data import lexicons
from tests.bench.load import put_desk
from tests.support import COMPLAINT, MAYBE, NOW, mention, page, rows

DAY = timedelta(days=1)


@pytest.fixture
def watched(engine: Engine) -> WatchedAccount:
    return put_desk(engine, NOW)


def take_in(engine: Engine, watched: WatchedAccount, *mentions: Mention, now: datetime = NOW) -> None:
    with write_transaction(engine) as connection:
        store_page(connection, watched, page(*mentions), lexicons(), now)
    with write_transaction(engine) as connection:
        decide_mentions(connection, undecided_mentions(connection, 10_000, now), now, Openings())


def said(text: str, at: datetime, **changes: Any) -> Mention:
    return mention(text, posted_at=at, **changes)


def reading_of(engine: Engine, text: str) -> dict[str, Any]:
    (found,) = [row for row in rows(engine, MentionRow) if row["text"] == text]
    return found


def test_a_reply_in_an_open_case_is_about_that_case(engine: Engine, watched: WatchedAccount) -> None:
    first = said("@TelkomCare siaran tv saya hilang semua channel", NOW)
    take_in(engine, watched, first)
    take_in(
        engine, watched, said("masih sama aja min", NOW + timedelta(hours=1), conversation_id=first.conversation_id)
    )
    (case,) = rows(engine, CaseRow)
    answer = reading_of(engine, "masih sama aja min")
    assert (answer["case_id"], answer["problem"], answer["disposition"]) == (case["id"], "tv", "joined_case")
    assert answer["reading"]["problems"] == ["tv"]
    assert not answer["hard"]


def test_a_complaint_repeated_after_a_day_is_hard_by_the_records(engine: Engine, watched: WatchedAccount) -> None:
    first = said(COMPLAINT, NOW)
    take_in(engine, watched, first)
    later = NOW + DAY + timedelta(hours=2)
    take_in(engine, watched, said("internet mati lagi", later, conversation_id=first.conversation_id), now=later)
    (case,) = rows(engine, CaseRow)
    assert case["severity"] == "hard"
    repeated = reading_of(engine, "internet mati lagi")
    assert repeated["reading"]["hard_reasons"] == ["repeat"]
    assert repeated["reading"]["evidence"][0] == "repeat: the records have an unsettled complaint of theirs, 1 days old"
    (entry,) = [row for row in rows(engine, JournalRow) if row["event"] == "hard_complaint_detected"]
    assert entry["detail"]["hard_reasons"] == ["repeat"]


def test_two_complaints_elsewhere_make_the_third_hard(engine: Engine, watched: WatchedAccount) -> None:
    take_in(
        engine, watched, *(said(COMPLAINT + "!" * number, NOW + number * timedelta(hours=1)) for number in range(3))
    )
    assert [row["severity"] for row in rows(engine, CaseRow)] == ["standard", "standard", "hard"]


@pytest.mark.parametrize("settled", [True, False])
def test_only_what_nobody_settled_counts(engine: Engine, watched: WatchedAccount, settled: bool) -> None:
    take_in(engine, watched, said(COMPLAINT, NOW))
    if settled:
        with write_transaction(engine) as connection:
            connection.execute(update(CaseRow).values(status="closed", closed_at=NOW))
    later = NOW + 2 * DAY
    take_in(engine, watched, said("internet lemot banget", later), now=later)
    assert reading_of(engine, "internet lemot banget")["hard"] is not settled


def test_a_complaint_about_something_else_is_not_repeated(engine: Engine, watched: WatchedAccount) -> None:
    take_in(engine, watched, said(COMPLAINT, NOW))
    later = NOW + 2 * DAY
    take_in(engine, watched, said("tagihan saya dobel bulan ini", later), now=later)
    assert not reading_of(engine, "tagihan saya dobel bulan ini")["hard"]


def test_a_batch_reads_as_one_after_the_other(engine: Engine, watched: WatchedAccount) -> None:
    first = said(COMPLAINT, NOW)
    later = NOW + timedelta(hours=30)
    follow_up = said("masih sama aja min", later, conversation_id=first.conversation_id)
    take_in(engine, watched, first, follow_up, now=later)
    (case,) = rows(engine, CaseRow)
    assert (case["severity"], reading_of(engine, "masih sama aja min")["reading"]["hard_reasons"]) == (
        "hard",
        ["repeat"],
    )


def test_an_edited_reply_is_read_in_its_case(engine: Engine, watched: WatchedAccount) -> None:
    first = said("@TelkomCare siaran tv saya hilang semua channel", NOW)
    reply = said("masih sama aja", NOW + timedelta(hours=1), conversation_id=first.conversation_id)
    take_in(engine, watched, first)
    take_in(engine, watched, reply)
    edited = replace(reply, text="masih sama aja!", version=str(int(reply.version) + 1).zfill(20))
    take_in(engine, watched, edited)
    assert reading_of(engine, "masih sama aja!")["problem"] == "tv"


def test_an_edited_complaint_stays_repeated_by_the_records(engine: Engine, watched: WatchedAccount) -> None:
    first = said(COMPLAINT, NOW)
    later = NOW + DAY + timedelta(hours=2)
    again = said("internet mati lagi", later, conversation_id=first.conversation_id)
    take_in(engine, watched, first)
    take_in(engine, watched, again, now=later)
    edited = replace(again, text="internet mati lagi nih", version=str(int(again.version) + 1).zfill(20))
    take_in(engine, watched, edited, now=later)
    assert reading_of(engine, "internet mati lagi nih")["reading"]["hard_reasons"] == ["repeat"]


def test_what_else_is_in_the_batch_makes_no_difference(engine: Engine, watched: WatchedAccount) -> None:
    first = said(COMPLAINT, NOW)
    second = said("internet mati lagi", NOW + 18 * DAY, conversation_id=first.conversation_id)
    take_in(engine, watched, first)
    take_in(engine, watched, second, now=NOW + 18 * DAY)
    late = NOW + 20 * DAY
    long_past = said("internet lemot", NOW + DAY, author=MAYBE)
    third = said("internet masih mati", late, conversation_id=first.conversation_id)
    take_in(engine, watched, long_past, third, now=late)
    repeated = reading_of(engine, "internet masih mati")["reading"]
    assert repeated["evidence"][0] == "repeat: the records have an unsettled complaint of theirs, 2 days old"


def test_deciding_again_changes_nothing(engine: Engine, watched: WatchedAccount) -> None:
    first = said(COMPLAINT, NOW)
    take_in(engine, watched, first, said("udah 2 hari nih", NOW + DAY, conversation_id=first.conversation_id))
    before = rows(engine, MentionRow)
    take_in(engine, watched, first)
    assert rows(engine, MentionRow) == before


@pytest.mark.parametrize(
    ("problem", "case_problem", "earlier", "wanted"),
    [
        ("network", None, [], Context()),
        ("network", None, [("c2", "network", 3)], Context(False, "network", 3.0, 1)),
        ("network", None, [("c2", "billing", 3)], Context()),
        ("network", None, [("c2", "other", 3), ("c3", "network", 1)], Context(False, "network", 3.0, 2)),
        ("other", None, [("c2", "billing", 2), ("c3", "tv", 1)], Context(False, "tv", 2.0, 2)),
        ("other", "tv", [("c1", "tv", 1)], Context(True, "tv", 1.0, 0)),
        ("network", "tv", [("c1", "tv", 1)], Context(True, "tv", 0.0, 0)),
        ("network", None, [("c2", "network", -1)], Context()),
        ("network", None, [("c2", "network", 15)], Context()),
    ],
)
def test_context(problem: str, case_problem: str | None, earlier: list[tuple[str, str, int]], wanted: Context) -> None:
    now = Undecided(1, 7, "c1", "post", True, False, problem, NOW)
    before = [Earlier(conversation, about, NOW - days * DAY) for conversation, about, days in earlier]
    assert context_of(now, case_problem, before, 14 * DAY) == wanted
