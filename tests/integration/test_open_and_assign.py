"""From stored mentions to assigned cases, on both databases."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine, event, update
from sqlalchemy.exc import IntegrityError

from models.accounts import AccountRow
from models.case_assigning import assign_waiting_cases
from models.case_opening import undecided_mentions
from models.case_view import latest_cases
from models.cases import CaseRow, ClockRow, InteractionRow
from models.database import write_transaction
from models.follow_up_runs import due_tickets
from models.journal import JournalRow
from models.mention_rows import MentionRow
from models.mention_store import store_page
from models.mentions import Mention, Platform, WatchedAccount
from models.notices import NoticeRow
from models.staff import StaffRow
from models.ticket_book import set_ticket
from tasks.desk import Openings, decide_mentions
from tasks.desk_data import instruction, lexicons
from tests.bench.load import put_desk
from tests.support import COMPLAINT, HARD_COMPLAINT, NEIGHBOUR, NOW, PRAISE, how_many, mention, page, rows
from tests.tickets import opened


@pytest.fixture
def watched(engine: Engine) -> WatchedAccount:
    return put_desk(engine, NOW)


def take_in(engine: Engine, watched: WatchedAccount, *mentions: Mention, now: datetime = NOW) -> Openings:
    openings = Openings()
    with write_transaction(engine) as connection:
        store_page(connection, watched, page(*mentions), lexicons(), now)
    with write_transaction(engine) as connection:
        decide_mentions(connection, undecided_mentions(connection, 10_000, now), now, openings)
    return openings


def assign(engine: Engine, now: datetime = NOW) -> tuple[int, int]:
    with write_transaction(engine) as connection:
        outcome = assign_waiting_cases(connection, instruction(), now)
    return outcome.assigned, outcome.waiting


def test_a_complaint_by_a_priority_customer_becomes_an_assigned_case(engine: Engine, watched: WatchedAccount) -> None:
    take_in(engine, watched, mention(COMPLAINT), mention(COMPLAINT, NEIGHBOUR), mention(PRAISE))
    assert assign(engine) == (1, 0)
    (case,) = rows(engine, CaseRow)
    assert (case["status"], case["severity"], case["problem"], case["revision"]) == (
        "assigned",
        "standard",
        "network",
        instruction().revision,
    )
    kinds = Counter(row["kind"] for row in rows(engine, ClockRow))
    assert kinds == {"first_response": 1, "settle": 1, "accept": 1}
    assert Counter(row["disposition"] for row in rows(engine, MentionRow)) == {
        "opened_case": 1,
        "regular": 1,
        "not_complaint": 1,
    }
    assert [row["event"] for row in rows(engine, JournalRow)] == ["account_judged", "case_opened", "case_assigned"]
    assert all(row["clause"] and row["revision"] for row in rows(engine, JournalRow))


def test_the_journal_has_no_words_and_no_name_of_the_customer(engine: Engine, watched: WatchedAccount) -> None:
    take_in(engine, watched, mention(HARD_COMPLAINT))
    assign(engine)
    written = repr([row["detail"] for row in rows(engine, JournalRow)]).lower()
    for word in ("ylki dan", "mati total", "pakmenteri", "darma", "fraksi"):
        assert word not in written


def test_a_further_mention_joins_and_a_hard_one_hardens(engine: Engine, watched: WatchedAccount) -> None:
    first = mention(COMPLAINT)
    take_in(engine, watched, first)
    with write_transaction(engine) as connection:
        ticket_id = opened(connection, 1, "one")
        set_ticket(connection, ticket_id, next_wake_at=NOW + timedelta(hours=9))
    openings = take_in(engine, watched, mention(HARD_COMPLAINT, conversation_id=first.conversation_id))
    with engine.connect() as connection:
        (due,) = due_tickets(connection, NOW)
        assert due.due == "due"  # its follow-up tightens its clocks and tells the unit
    assert (openings.opened, openings.dispositions["joined_case"]) == (0, 1)
    (case,) = rows(engine, CaseRow)
    assert case["severity"] == "hard"
    due = {row["kind"]: row["due_at"] - row["started_at"] for row in rows(engine, ClockRow)}
    assert due["settle"] == instruction().clocks.hard_settle_within
    assert due["leader_engaged"] == instruction().clocks.leader_engaged_within
    assert how_many(engine, InteractionRow) == 2


def test_one_batch_opens_one_case_for_a_conversation(engine: Engine, watched: WatchedAccount) -> None:
    first = mention(COMPLAINT)
    again = [mention(COMPLAINT, conversation_id=first.conversation_id) for _ in range(3)]
    take_in(engine, watched, first, *again)
    assert how_many(engine, CaseRow) == 1


def test_the_database_itself_refuses_a_second_open_case(engine: Engine, watched: WatchedAccount) -> None:
    take_in(engine, watched, mention(COMPLAINT))
    (case,) = rows(engine, CaseRow)
    with pytest.raises(IntegrityError), write_transaction(engine) as connection:
        connection.execute(CaseRow.__table__.insert(), {key: case[key] for key in case if key != "id"})


@pytest.mark.parametrize(("days", "reopened"), [(1, 1), (30, 0)])
def test_a_customer_who_is_back_reopens_within_the_window(
    engine: Engine, watched: WatchedAccount, days: int, reopened: int
) -> None:
    take_in(engine, watched, mention(COMPLAINT))
    assign(engine)
    with write_transaction(engine) as connection:
        connection.execute(update(CaseRow).values(status="closed", closed_at=NOW))
        connection.execute(update(ClockRow).values(stopped_at=NOW))
    later = NOW + timedelta(days=days)
    openings = take_in(engine, watched, mention(COMPLAINT, posted_at=later), now=later)
    assert (openings.reopened, how_many(engine, CaseRow)) == (reopened, 2 - reopened)
    if reopened:
        assert rows(engine, CaseRow)[0]["status"] == "reopened"
        # nobody is on duty on the next day: reopened cases, too, go to nobody who is not there
        assert assign(engine, later) == (0, 1)


def test_our_own_posts_open_nothing(engine: Engine, watched: WatchedAccount) -> None:
    take_in(engine, watched, mention(COMPLAINT, author=None, author_id=watched.external_id))
    assert [row["disposition"] for row in rows(engine, MentionRow)] == ["own"]


def test_an_unknown_facebook_author_is_served_as_a_candidate(engine: Engine, watched: WatchedAccount) -> None:
    with write_transaction(engine) as connection:
        hidden = mention(COMPLAINT, author=None, platform=Platform.FACEBOOK)
        facebook = WatchedAccount(watched.id, Platform.FACEBOOK, "9", "TelkomCare", "care")
        store_page(connection, facebook, page(hidden), lexicons(), NOW)
    openings = Openings()
    with write_transaction(engine) as connection:
        decide_mentions(connection, undecided_mentions(connection, 10, NOW), NOW, openings)
    assert (openings.opened, openings.dispositions["candidate_case"]) == (1, 1)
    assert rows(engine, AccountRow)[0]["priority_status"] == "candidate"


def test_a_mention_waits_for_its_authors_profile_but_not_for_ever(engine: Engine, watched: WatchedAccount) -> None:
    with write_transaction(engine) as connection:
        store_page(connection, watched, page(mention(COMPLAINT), authors=()), lexicons(), NOW)
    wait = instruction().detection.profile_wait
    with engine.connect() as connection:
        assert undecided_mentions(connection, 10, NOW - wait) == []
        assert len(undecided_mentions(connection, 10, NOW)) == 1


def test_nobody_eligible_goes_to_the_team_leader_and_is_told_once(engine: Engine, watched: WatchedAccount) -> None:
    with write_transaction(engine) as connection:
        connection.execute(update(StaffRow).where(StaffRow.role == "agent").values(social_handle=None))
    take_in(engine, watched, mention(COMPLAINT))
    for _ in range(3):
        assert assign(engine) == (0, 1)
    (case,) = rows(engine, CaseRow)
    assert (case["status"], case["agent_id"], case["team_leader_id"] is not None) == ("new", None, True)
    assert [row["kind"] for row in rows(engine, NoticeRow)] == ["no_agent"]
    assert [row["event"] for row in rows(engine, JournalRow)].count("case_with_team_leader") == 1
    with write_transaction(engine) as connection:
        connection.execute(update(StaffRow).where(StaffRow.code == "B01").values(social_handle="ada"))
    assert assign(engine) == (1, 0)


def test_the_view_says_why_with_clauses(engine: Engine, watched: WatchedAccount) -> None:
    take_in(engine, watched, mention(HARD_COMPLAINT))
    assign(engine)
    with engine.connect() as connection:
        (case,) = latest_cases(connection, 10)
    assert case.clauses == {"priority": "5.2.1", "complaint": "5.3.2c", "agent": "5.1.1"}
    assert case.category == "government"
    assert case.why_priority
    assert case.why_complaint
    assert case.why_agent
    assert case.passed_over


def test_the_number_of_statements_does_not_grow_with_the_batch(engine: Engine, watched: WatchedAccount) -> None:
    seen: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *call: seen.append(call[2]))
    used = []
    for size in (5, 300):
        seen.clear()
        take_in(engine, watched, *(mention(COMPLAINT) for _ in range(size)))
        assign(engine)
        used.append(len(seen))
    assert used[1] <= used[0] + 6, seen
    assert how_many(engine, CaseRow) == 305
