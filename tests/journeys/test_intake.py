"""The whole flow on a real Prefect server, against the sandbox over a real socket."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from prefect.artifacts import Artifact
from sqlalchemy import select

from flows.intake_mentions import intake_mentions
from models.accounts import AccountRow, ReadCountRow, WatchedAccountRow
from models.cases import CaseRow
from models.intake_plan import IntakeRequest
from models.journal import JournalRow
from models.mention_rows import MentionRow
from models.notices import NoticeRow
from models.staff import StaffRow
from tests.conftest import Desk
from tests.support import COMPLAINT, how_many, rows

PRIORITY = "bimanugraha_ri"
REGULAR = "calondokter_ayu"
NEIGHBOUR = "Retno Puspaningrum"


def artifact(key: str) -> str:
    found = Artifact.get(key, _sync=True)
    assert found is not None
    return str(found.data)


def test_the_scenario_becomes_assigned_cases(playing_desk: Desk) -> None:
    intake_mentions()
    engine = playing_desk.engine
    cases = rows(engine, CaseRow)
    assert len(cases) >= 10
    staff = {row["id"]: row for row in rows(engine, StaffRow)}
    assigned = [case for case in cases if case["status"] == "assigned"]
    assert len(assigned) >= len(cases) * 0.9
    assert {staff[case["agent_id"]]["role"] for case in assigned} == {"agent"}
    assert all(row["disposition"] for row in rows(engine, MentionRow))
    told = {notice.recipient for notice in playing_desk.sandbox.state.notices}
    assert {staff[case["agent_id"]]["code"] for case in assigned} <= told
    assert all(row["sent_at"] for row in rows(engine, NoticeRow))
    summary, opened = artifact("intake-summary"), artifact("cases-opened")
    assert f"| cases opened | {len(cases)} |" in summary
    assert f"C-{len(cases):06d}" in opened
    assert opened.count("- Priority as ") == min(len(cases), 50)


def test_recognition_is_right_about_the_scenarios_listed_people(playing_desk: Desk) -> None:
    intake_mentions()
    with playing_desk.engine.connect() as connection:
        statuses = dict(connection.execute(select(AccountRow.handle, AccountRow.priority_status)).all())
    assert statuses[PRIORITY] == "priority"
    assert statuses.get("fansnadiakirana", "regular") != "priority"


def test_running_again_changes_nothing(playing_desk: Desk) -> None:
    intake_mentions()
    before = [rows(playing_desk.engine, table) for table in (CaseRow, NoticeRow)]
    intake_mentions()
    intake_mentions()
    assert [rows(playing_desk.engine, table) for table in (CaseRow, NoticeRow)] == before


def test_a_new_mention_joins_and_a_reply_by_us_opens_nothing(desk: Desk) -> None:
    state = desk.sandbox.state
    first = state.post_mention(COMPLAINT, by=PRIORITY)
    intake_mentions()
    state.post_mention("@TelkomCare masih mati juga ini", by=PRIORITY, kind="reply", re=first)
    state.post_mention("Halo Kak, kami cek ya @TelkomCare", by="TelkomCare", kind="reply", re=first)
    state.post_mention(COMPLAINT, by=REGULAR)
    intake_mentions()
    assert how_many(desk.engine, CaseRow) == 1
    found = Counter(row["disposition"] for row in rows(desk.engine, MentionRow))
    assert found["opened_case"] == found["joined_case"] == found["regular"] == 1


def test_a_mention_of_a_director_counts(desk: Desk) -> None:
    desk.sandbox.state.post_mention("@larasdinanti bu, internet kantor kami mati total sejak kemarin", by=PRIORITY)
    intake_mentions()
    assert how_many(desk.engine, CaseRow) == 1


def test_facebook_mentions_with_and_without_author(desk: Desk) -> None:
    state = desk.sandbox.state
    page_post = state.post_mention("Selamat pagi", by="TelkomCare", platform="facebook", kind="page_post")
    state.post_mention(
        "internet kami mati total, tolong", by=NEIGHBOUR, platform="facebook", kind="comment", re=page_post
    )
    state.post_mention("indihome mati total dari pagi", by=NEIGHBOUR, platform="facebook")
    intake_mentions()
    authors = {row["external_id"].split(":")[0] for row in rows(desk.engine, AccountRow)}
    assert "unknown" in authors
    assert how_many(desk.engine, MentionRow) >= 2
    assert any(row["priority_status"] == "candidate" for row in rows(desk.engine, CaseRow))


def test_a_late_indexed_mention_is_not_lost(desk: Desk) -> None:
    state = desk.sandbox.state
    posted = datetime.now(UTC)
    state.post_mention(COMPLAINT + " dulu", by=PRIORITY, at=posted - timedelta(minutes=5), indexed_after=400)
    state.post_mention(COMPLAINT, by=REGULAR, at=posted)
    intake_mentions()
    assert how_many(desk.engine, MentionRow) == 1
    state.advance(200)
    intake_mentions()
    assert how_many(desk.engine, MentionRow) == 2
    assert how_many(desk.engine, CaseRow) == 1


def test_an_edit_that_makes_a_complaint_opens_a_case(desk: Desk) -> None:
    state = desk.sandbox.state
    post = state.post_mention("@TelkomCare selamat pagi", by=PRIORITY)
    intake_mentions()
    assert how_many(desk.engine, CaseRow) == 0
    state.edit_mention(post, COMPLAINT, at=datetime.now(UTC))
    intake_mentions()
    assert (how_many(desk.engine, CaseRow), how_many(desk.engine, MentionRow)) == (1, 1)


def test_authors_are_bought_once(desk: Desk) -> None:
    state = desk.sandbox.state
    for number in range(4):
        state.post_mention(f"{COMPLAINT} {number}", by=PRIORITY)
        intake_mentions()
    counted = sum(row["users"] for row in rows(desk.engine, ReadCountRow) if row["platform"] == "x")
    assert counted == 1


def test_a_backfill_brings_an_old_stretch_and_leaves_the_cursors(desk: Desk) -> None:
    state, now = desk.sandbox.state, datetime.now(UTC)
    intake_mentions()
    old = now - timedelta(hours=30)
    state.post_mention(COMPLAINT, by=PRIORITY, at=old)
    intake_mentions()
    assert how_many(desk.engine, CaseRow) == 0  # beyond the overlap
    cursors = [row["polled_until"] for row in rows(desk.engine, WatchedAccountRow)]
    intake_mentions(IntakeRequest(since=old - timedelta(hours=1), until=old + timedelta(hours=1)))
    assert how_many(desk.engine, CaseRow) == 1
    assert [row["polled_until"] for row in rows(desk.engine, WatchedAccountRow)] == cursors


def test_many_pages_are_caught_up(desk: Desk) -> None:
    state = desk.sandbox.state
    now = datetime.now(UTC)
    for number in range(350):
        state.post_mention(f"{COMPLAINT} {number}", by=REGULAR, at=now - timedelta(seconds=400 - number))
    intake_mentions()
    assert how_many(desk.engine, MentionRow) == 350


def test_every_decision_is_journaled_with_clause_and_revision(desk: Desk) -> None:
    desk.sandbox.state.post_mention(COMPLAINT, by=PRIORITY)
    intake_mentions()
    events = {row["event"]: (row["clause"], row["revision"]) for row in rows(desk.engine, JournalRow)}
    before = {"instruction_revised", "reference_loaded"}  # how the desk came to what it knows
    assert set(events) == {"account_judged", "case_opened", "case_assigned"} | before
    assert all(clause and revision == "00" for clause, revision in events.values())


@pytest.mark.parametrize("secret", ["sandbox-x", "sandbox-page", "sandbox-secret"])
def test_no_secret_is_in_an_artifact_or_a_log(desk: Desk, secret: str, caplog: pytest.LogCaptureFixture) -> None:
    desk.sandbox.state.faults.add("x", "bad_token", times=50)
    desk.sandbox.state.faults.add("graph", "server_error", times=50)
    intake_mentions()
    assert secret not in artifact("intake-summary") + artifact("cases-opened") + caplog.text
