"""Decisions about accounts, kept and taken back, on both databases; and the board that shows them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, update

from models.account_reviews import Decided, Review, Rulebook, decide_account, undo_decision
from models.accounts import AccountReviewRow, AccountRow
from models.candidates_board import read_candidates
from models.case_opening import undecided_mentions
from models.cases import CaseRow
from models.database import write_transaction
from models.journal import JournalRow
from models.mention_rows import MentionRow
from models.mention_store import store_page
from models.mentions import Mention, WatchedAccount
from models.staff import StaffRow
from tasks.desk import Openings, decide_mentions
from tasks.desk_data import instruction, lexicons
from tests.bench.load import put_desk
from tests.support import COMPLAINT, HARD_COMPLAINT, MAYBE, MINISTER, NEIGHBOUR, NOW, how_many, mention, page, rows

MANAGER = replace(MAYBE, external_id="504", handle="mungkin_juga", bio="kepala cabang, ayah dua anak")

RULES = Rulebook(instruction(), lexicons())
WINDOW = instruction().cases.reopen_window
LEADER = "B40"


@pytest.fixture
def watched(engine: Engine) -> WatchedAccount:
    return put_desk(engine, NOW)


def take_in(engine: Engine, watched: WatchedAccount, *mentions: Mention) -> None:
    with write_transaction(engine) as connection:
        store_page(connection, watched, page(*mentions, authors=(MINISTER, NEIGHBOUR, MANAGER)), lexicons(), NOW)
    next_intake(engine)


def next_intake(engine: Engine) -> None:
    with write_transaction(engine) as connection:
        decide_mentions(connection, undecided_mentions(connection, 10_000, NOW), NOW, Openings())


def decide(engine: Engine, status: str | None, run: str = "run-1", **changes: Any) -> Decided:
    """Decide about the first account."""
    category = "executive" if status == "priority" else None
    given = {"account_id": 1, "by": LEADER, "status": status, "category": category, "reason": "Kartu nama"} | changes
    act = undo_decision if status is None else decide_account
    with write_transaction(engine) as connection:
        return act(connection, Review(**given), run, RULES, NOW)


def account(engine: Engine, account_id: int = 1) -> dict[str, Any]:
    return next(row for row in rows(engine, AccountRow) if row["id"] == account_id)


def told(engine: Engine) -> list[tuple[str, dict[str, Any]]]:
    """What the journal says the leader did, the new verdict aside."""
    found = [row for row in rows(engine, JournalRow) if row["event"] != "account_judged"]
    return [(row["event"], row["detail"]) for row in found if row["actor"] == LEADER]


def test_a_candidate_decided_priority_is_served_as_one(engine: Engine, watched: WatchedAccount) -> None:
    take_in(engine, watched, mention(COMPLAINT, MANAGER))
    assert [row["priority_status"] for row in rows(engine, CaseRow)] == ["candidate"]
    ruled = account(engine)
    done = decide(engine, "priority", by=LEADER.lower())
    assert done == Decided(
        "K-000001 is priority (executive) from now on, by decision R-000001. "
        "Open cases served as priority from now on: 1.",
        False,
    )
    after = account(engine)
    assert (after["priority_status"], after["priority_category"], after["priority_source"]) == (
        "priority",
        "executive",
        "review",
    )
    assert (after["decided_status"], after["decided_by"], after["decided_at"]) == ("priority", LEADER, NOW)
    assert [row["priority_status"] for row in rows(engine, CaseRow)] == ["priority"]
    (review,) = rows(engine, AccountReviewRow)
    assert (review["ruled_status"], review["ruled_category"], review["ruled_source"], review["ruled_confidence"]) == (
        "candidate",
        ruled["priority_category"],
        "profile",
        ruled["priority_confidence"],
    )
    assert (review["by"], review["reason"], review["undone_at"]) == (LEADER, "Kartu nama", None)
    judged = [row for row in rows(engine, JournalRow) if row["event"] == "account_judged"][-1]
    assert (judged["actor"], judged["detail"]["why"], judged["detail"]["source"]) == (
        LEADER,
        "account_decided",
        "review",
    )
    assert told(engine) == [
        (
            "account_decided",
            {
                **{"review": 1, "status": "priority", "category": "executive"},
                **{"before": "candidate", "ruled": "candidate"},
            },
        ),
        ("case_priority_changed", {"priority": "priority", "was": "candidate"}),
    ]
    assert {row["clause"] for row in rows(engine, JournalRow) if row["actor"] == LEADER} == {"5.2.1"}
    assert "kartu" not in repr([row["detail"] for row in rows(engine, JournalRow)]).lower()


def test_the_decision_beats_the_rules_at_the_next_mention(engine: Engine, watched: WatchedAccount) -> None:
    take_in(engine, watched, mention(COMPLAINT, MINISTER))
    assert account(engine)["priority_source"] == "profile"
    decide(engine, "regular")
    take_in(engine, watched, mention(HARD_COMPLAINT, MINISTER))
    assert account(engine)["priority_status"] == "regular"
    assert [row["disposition"] for row in rows(engine, MentionRow)] == ["opened_case", "regular"]
    (case,) = rows(engine, CaseRow)  # what is open is served to its end, and no new one is opened
    assert (case["priority_status"], case["status"]) == ("priority", "new")


def test_a_further_word_joins_the_case_of_an_account_decided_regular(engine: Engine, watched: WatchedAccount) -> None:
    first = mention(COMPLAINT, MANAGER)
    take_in(engine, watched, first)
    decide(engine, "regular")
    take_in(engine, watched, mention(COMPLAINT, MANAGER, conversation_id=first.conversation_id))
    assert [row["disposition"] for row in rows(engine, MentionRow)] == ["candidate_case", "joined_case"]


def test_recent_complaints_of_an_account_that_was_regular_become_cases(engine: Engine, watched: WatchedAccount) -> None:
    old, recent = (mention(COMPLAINT, NEIGHBOUR, posted_at=NOW - WINDOW + timedelta(minutes=one)) for one in (-1, 1))
    take_in(engine, watched, old, recent)
    assert how_many(engine, CaseRow) == 0
    done = decide(engine, "priority", category="bod", reason="Ada di daftar direksi")
    assert "Recent complaints that the next intake takes up: 1." in done.told
    next_intake(engine)
    assert [row["disposition"] for row in rows(engine, MentionRow)] == ["regular", "opened_case"]
    (case,) = rows(engine, CaseRow)
    assert case["priority_status"] == "priority"


def test_after_undoing_the_rules_hold_again(engine: Engine, watched: WatchedAccount) -> None:
    take_in(engine, watched, mention(COMPLAINT, MANAGER))
    ruled = {name: value for name, value in account(engine).items() if name.startswith(("priority", "decided"))}
    decide(engine, "regular")
    take_in(engine, watched, mention(COMPLAINT, MANAGER))
    done = decide(engine, None, "run-2")
    assert done.told == (
        "The rules hold for K-000001 again: it is candidate. Recent complaints that the next intake takes up: 1."
    )
    after = account(engine)
    assert {name: after[name] for name in ruled} == ruled
    (review,) = rows(engine, AccountReviewRow)
    assert (review["undone_by"], review["undone_at"]) == (LEADER, NOW)
    assert told(engine)[-1] == (
        "account_decision_undone",
        {
            **{"review": 1, "run": "run-2", "before": "regular"},
            **{"status": "candidate", "category": ruled["priority_category"]},
        },
    )
    assert decide(engine, None, "run-3").told == (
        "account: no decision about K-000001 is in force; there is nothing to undo."
    )


def test_an_undone_priority_is_a_candidate_again_and_so_are_its_cases(engine: Engine, watched: WatchedAccount) -> None:
    take_in(engine, watched, mention(COMPLAINT, MANAGER))
    decide(engine, "priority")
    assert "Open cases served as candidate from now on: 1." in decide(engine, None, "run-2").told
    assert [row["priority_status"] for row in rows(engine, CaseRow)] == ["candidate"]


def test_a_later_decision_replaces_the_earlier_which_does_not_come_back(
    engine: Engine, watched: WatchedAccount
) -> None:
    take_in(engine, watched, mention(COMPLAINT, MANAGER))
    decide(engine, "priority", "run-1")
    decide(engine, "regular", "run-2")
    assert account(engine)["decided_status"] == "regular"
    stale = decide(engine, None, "run-3", review_id=1)
    assert "decision: R-000001 is not in force; K-000001 was decided by B40 (R-000002)." in stale.told
    decide(engine, None, "run-4", review_id=2)
    assert account(engine)["priority_status"] == "candidate"
    assert [row["undone_at"] is None for row in rows(engine, AccountReviewRow)] == [True, False]
    with engine.connect() as connection:
        board = read_candidates(connection)
    assert (board.lately, board.judged) == ((), ())  # neither is in force


def test_a_run_that_is_repeated_decides_once(engine: Engine, watched: WatchedAccount) -> None:
    take_in(engine, watched, mention(COMPLAINT, MANAGER))
    first, again = (decide(engine, "priority", "run-1") for _ in range(2))
    assert first.told.startswith(again.told)
    assert not again.refused
    for _ in range(2):
        assert not decide(engine, None, "run-2").refused
    decide(engine, "regular", "run-3")
    before = [rows(engine, table) for table in (AccountRow, AccountReviewRow, JournalRow)]
    assert not decide(engine, None, "run-2").refused  # what it undid is undone; the newer decision stands
    assert not decide(engine, "priority", "run-1").refused
    assert [rows(engine, table) for table in (AccountRow, AccountReviewRow, JournalRow)] == before


def test_a_decision_is_kept_whole_or_not_at_all(engine: Engine, watched: WatchedAccount) -> None:
    take_in(engine, watched, mention(COMPLAINT, MANAGER))
    before = [rows(engine, table) for table in (AccountRow, AccountReviewRow, CaseRow, JournalRow)]

    def crash() -> None:
        with write_transaction(engine) as connection:
            decide_account(connection, Review(1, LEADER, "priority", "ngo", "Akta"), "run-1", RULES, NOW)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        crash()
    assert [rows(engine, table) for table in (AccountRow, AccountReviewRow, CaseRow, JournalRow)] == before


def test_who_is_refused_changes_nothing(engine: Engine, watched: WatchedAccount) -> None:
    take_in(engine, watched, mention(COMPLAINT, MANAGER))
    before = [rows(engine, table) for table in (AccountRow, AccountReviewRow, JournalRow)]
    with write_transaction(engine) as connection:
        connection.execute(update(StaffRow).where(StaffRow.code == LEADER).values(left_on=NOW.date()))
    gone = decide(engine, "priority")
    assert gone == Decided("by: nobody here has that staff code; give yours.", True)
    agent = decide(engine, "priority", by="B01")
    assert "B01 is an agent. It could be done by a team leader or a supervisor (B41)." in agent.told
    assert decide(engine, "priority", account_id=99).refused
    assert [rows(engine, table) for table in (AccountRow, AccountReviewRow, JournalRow)] == before


def test_an_anonymised_account_cannot_be_decided(engine: Engine, watched: WatchedAccount) -> None:
    take_in(engine, watched, mention(COMPLAINT, MANAGER))
    with write_transaction(engine) as connection:
        connection.execute(update(AccountRow).values(anonymised_at=NOW))
    assert "is anonymised (clause 6)" in decide(engine, "priority").told
    with engine.connect() as connection:
        assert read_candidates(connection).waiting == 0
