"""Cases keep the revision they were opened under, and are explained by it, on both databases (clause 7)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, insert, select, update

from models.accounts import AccountRow
from models.case_clocks import clock_row, harden_clocks, start_case_clocks
from models.case_opening import undecided_mentions
from models.case_quiet import look_at_quiet_cases
from models.case_reading import case_rows, desk_people
from models.case_steps import CaseHand, take_case_step
from models.case_watching import CaseRound, pass_on_leaders_cases, ring_clocks, take_from_agents
from models.cases import CaseRow, ClockRow, InteractionRow
from models.clocks import ClockKind
from models.database import write_transaction
from models.journal import JournalRow, entry, write_journal
from models.mention_store import store_page
from models.revision_diff import read_revision
from models.verdict_explained import case_story, explained_markdown
from models.work_instruction import WorkInstruction, read_work_instruction
from tasks import desk
from tasks.desk_data import hard_complaint, lexicons
from tests.integration.test_revisions import (
    FILE,
    FIRST_RULES,
    LATER,
    MINUTE,
    RULES,
    TEXT,
    journal,
    queries,
    register,
    registered_both,
)
from tests.support import COMPLAINT, MINISTER, NOW, mention, page, put_watched, rows
from tests.tickets import HOUR, put_case, put_staff


def clock(engine: Engine, case_id: int, kind: str) -> dict[str, Any]:
    return [row for row in rows(engine, ClockRow) if (row["case_id"], row["kind"]) == (case_id, kind)][-1]


def in_hand(engine: Engine, case_id: int, verb: str, now: datetime, in_force: WorkInstruction = RULES) -> None:
    with write_transaction(engine) as connection:
        (row,) = case_rows(connection, [case_id])
        take_case_step(CaseHand(connection, row, "TL1", desk_people(connection, now), in_force, now), verb)


def test_a_case_reopened_after_a_revision_keeps_its_own_times(engine: Engine) -> None:
    registered_both(engine)
    old = put_case(engine, status="closed", revision="00", closed_at=NOW)
    fresh = put_case(engine, status="closed", revision="00.1", closed_at=NOW)
    for case_id in (old, fresh):
        in_hand(engine, case_id, "reopen", NOW + HOUR)
    due = {case_id: clock(engine, case_id, "settle")["due_at"] - NOW - HOUR for case_id in (old, fresh)}
    assert due == {old: timedelta(hours=24), fresh: timedelta(hours=12)}
    assert clock(engine, old, "first_response")["due_at"] == NOW + HOUR + 15 * MINUTE
    told = {row["case_id"]: row["revision"] for row in journal(engine, "case_reopened")}
    assert told == {old: "00", fresh: "00.1"}


@pytest.mark.parametrize(
    ("revision", "days", "status"),
    [("00", 2, "reopened"), ("00", 4, "closed"), ("00.1", 2, "closed"), ("00.1", 1, "reopened")],
)
def test_a_case_that_is_over_can_be_reopened_for_as_long_as_its_own_revision_says(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, revision: str, days: int, status: str
) -> None:
    """The window is three days under 00 and one under 00.1, which is in force."""
    text = LATER.replace("reopen_window:\n        {value: 3 days", "reopen_window:\n        {value: 1 days")
    register(engine, TEXT, NOW - HOUR)
    register(engine, text)
    monkeypatch.setattr(desk, "instruction", lambda: read_work_instruction(text, FILE))
    watched, case_id = put_watched(engine), put_case(engine, status="closed", revision=revision, closed_at=NOW)
    later = NOW + timedelta(days=days)
    asked = queries(engine, "FROM revisions")
    with write_transaction(engine) as connection:
        connection.execute(update(AccountRow).values(external_id=MINISTER.external_id))
        store_page(connection, watched, page(mention(COMPLAINT, posted_at=later)), lexicons(), later)
        desk.decide_mentions(connection, undecided_mentions(connection, 9, later), later, desk.Openings())
    cases = {row["id"]: row["status"] for row in rows(engine, CaseRow)}
    assert cases.pop(case_id) == status
    assert list(cases.values()) == ([] if status == "reopened" else ["new"])
    assert len(asked) == 1


def test_clocks_started_and_hardened_in_one_go_go_by_each_cases_own_revision(engine: Engine) -> None:
    registered_both(engine)
    old, fresh = put_case(engine, revision="00"), put_case(engine, revision="00.1")
    with write_transaction(engine) as connection:
        start_case_clocks(connection, {old: False, fresh: False}, NOW, RULES)
    assert clock(engine, old, "settle")["due_at"] == NOW + 24 * HOUR
    assert clock(engine, fresh, "settle")["due_at"] == NOW + 12 * HOUR
    with write_transaction(engine) as connection:
        harden_clocks(connection, [old, fresh], NOW, RULES)
    assert clock(engine, old, "settle")["due_at"] == NOW + 12 * HOUR
    assert clock(engine, fresh, "settle")["due_at"] == NOW + 6 * HOUR


def test_a_case_declared_hard_and_softened_keeps_its_own_times(engine: Engine) -> None:
    registered_both(engine)
    put_staff(engine, "TL1", "team_leader", on_duty=True)
    old = put_case(engine, revision="00")
    with write_transaction(engine) as connection:
        start_case_clocks(connection, {old: False}, NOW, RULES)
    in_hand(engine, old, "declare_hard", NOW)
    assert clock(engine, old, "settle")["due_at"] == NOW + 12 * HOUR
    in_hand(engine, old, "withdraw_hard", NOW + HOUR)
    assert clock(engine, old, "settle")["due_at"] == NOW + 24 * HOUR
    assert {row["revision"] for row in rows(engine, JournalRow) if row["case_id"] == old} == {"00"}


def test_a_given_case_has_its_own_time_to_be_accepted(engine: Engine) -> None:
    registered_both(engine)
    put_staff(engine, "A01", "agent", on_duty=True)
    for revision, minutes in (("00", 5), ("00.1", 3)):
        case_id = put_case(engine, status="assigned", revision=revision)
        with write_transaction(engine) as connection:
            (row,) = case_rows(connection, [case_id])
            CaseHand(connection, row, "TL1", desk_people(connection, NOW), RULES, NOW).give_to("A01")
        assert clock(engine, case_id, "accept")["due_at"] == NOW + minutes * MINUTE


def monitor(engine: Engine, now: datetime) -> CaseRound:
    done = CaseRound()
    with write_transaction(engine) as connection:
        people = desk_people(connection, now)
        lapsed = ring_clocks(connection, people, RULES, now, done)
        take_from_agents(connection, lapsed, people, RULES, now, done)
        pass_on_leaders_cases(connection, people, RULES, now)
        look_at_quiet_cases(connection, RULES, hard_complaint(), now)
    return done


def test_the_monitor_escalates_each_case_by_its_own_revision_with_one_query_a_process(engine: Engine) -> None:
    registered_both(engine)
    put_staff(engine, "S01", "supervisor", on_duty=True)
    asked = queries(engine, "FROM revisions")
    old, fresh = put_case(engine, revision="00"), put_case(engine, revision="00.1")
    with write_transaction(engine) as connection:
        for case_id in (old, fresh):
            row = clock_row(case_id, ClockKind.FIRST_RESPONSE, NOW, NOW + 10 * MINUTE, RULES.clocks)
            connection.execute(insert(ClockRow), row)
    for minutes in (8, 10, 15, 25):
        monitor(engine, NOW + minutes * MINUTE)
    assert clock(engine, fresh, "first_response")["escalated_at"] == NOW + 15 * MINUTE
    assert clock(engine, old, "first_response")["escalated_at"] == NOW + 25 * MINUTE
    for name in ("case_clock_warned", "case_clock_breached", "case_clock_escalated"):
        assert {row["case_id"]: row["revision"] for row in journal(engine, name)} == {old: "00", fresh: "00.1"}
    assert len(asked) == 1


def test_a_case_that_is_relieved_or_passed_on_names_its_own_revision(engine: Engine) -> None:
    registered_both(engine)
    for code, role, there in (("A01", "agent", False), ("TL1", "team_leader", False), ("TL2", "team_leader", True)):
        put_staff(engine, code, role, on_duty=there)
    with_agent = put_case(engine, status="in_progress", agent_id=1)
    with_leader = put_case(engine, status="in_progress", team_leader_id=2, taken_over_at=NOW)
    monitor(engine, NOW + MINUTE)
    told = {(row["case_id"], row["event"], row["revision"]) for row in rows(engine, JournalRow) if row["case_id"]}
    assert told == {(with_agent, "agent_relieved", "00"), (with_leader, "leader_relieved", "00")}


def test_silence_and_closing_go_by_each_cases_own_revision(engine: Engine) -> None:
    registered_both(engine)
    found = {}
    for revision in ("00", "00.1"):
        waits = put_case(engine, status="in_progress", revision=revision)
        in_hand(engine, waits, "wait_for_customer", NOW)
        solved = put_case(engine, status="in_progress", revision=revision)
        reply = {"case_id": solved, "direction": "out", "kind": "reply", "author": "A01", "text": "Sudah pulih."}
        with write_transaction(engine) as connection:
            connection.execute(insert(InteractionRow), reply | {"delivery": "sent", "at": NOW})
        in_hand(engine, solved, "resolve", NOW)
        found[revision] = waits, solved
    look_at = {row["id"]: row["look_at"] for row in rows(engine, CaseRow)}
    assert [look_at[case_id] - NOW for case_id in found["00"]] == [24 * HOUR, 24 * HOUR]
    assert [look_at[case_id] - NOW for case_id in found["00.1"]] == [8 * HOUR, 10 * HOUR]
    with write_transaction(engine) as connection:  # as if everything were due now
        connection.execute(update(CaseRow).values(look_at=NOW))
    monitor(engine, NOW + MINUTE)
    after = {row["id"]: (row["status"], row["look_at"]) for row in rows(engine, CaseRow)}
    assert after[found["00"][0]] == ("waiting_customer", NOW + MINUTE + 24 * HOUR)
    assert after[found["00.1"][0]] == ("waiting_customer", NOW + MINUTE + 8 * HOUR)
    assert {row["case_id"]: row["revision"] for row in journal(engine, "case_closed")} == {
        found["00"][1]: "00",
        found["00.1"][1]: "00.1",
    }


def test_a_case_is_explained_by_the_clauses_as_they_stood(engine: Engine) -> None:
    registered_both(engine)
    old, other = put_case(engine, revision="00"), put_case(engine, revision="00.1")
    with write_transaction(engine) as connection:
        account = connection.scalar(select(CaseRow.account_id).where(CaseRow.id == old))
        judged = {"status": "priority", "category": "government", "source": "profile", "confidence": 0.8}
        unknown = FIRST_RULES.model_copy(update={"revision": "97"})
        write_journal(
            connection,
            [
                entry(NOW, "account_judged", "5.2.1", FIRST_RULES, judged, account_id=account),
                entry(NOW, "case_opened", "5.3.1", FIRST_RULES, {"problem": "tv | <b>"}, case_id=old),
                entry(NOW, "case_opened", "5.3.1", RULES, {}, case_id=other),
                entry(NOW, "case_clock_breached", "5.3.2d", FIRST_RULES, {"clock": "settle"}, case_id=old),
                entry(NOW, "case_noted", "5.3.2", FIRST_RULES, {}, case_id=old),
                entry(NOW, "case_closed", "5.3.2d", unknown, {}, case_id=old),
            ],
        )
    with engine.connect() as connection:
        story = case_story(connection, old)
        assert case_story(connection, 99) is None
    assert story is not None
    shown = explained_markdown(story, read_revision(LATER), "http://ui", NOW).splitlines()
    heads = [line for line in shown if line.startswith("**")]
    assert [line.split("**")[1] for line in heads] == [
        *("1. account judged", "2. case opened", "3. case clock breached", "4. case noted", "5. case closed"),
    ]
    assert all("10 Mar 2026 12:00:00" in line for line in heads)
    assert any("status priority; category government; source profile; confidence 0\\.8" in line for line in shown)
    assert any("tv \\| \\<b\\>" in line for line in shown)
    breach = shown[shown.index(heads[2]) : shown.index(heads[3])]
    assert "- It demanded: The PIC Tiket monitors the customer's case until it is completely settled\\." in breach
    assert any(line.startswith("- Settings then: settle within **24 h**") for line in breach)
    assert any("**Different today** (revision 00\\.1): " in line for line in breach)
    assert any("settle within **12 h** (then 24 h)" in line for line in breach)
    assert any("never registered" in line for line in shown[shown.index(heads[4]) :])
