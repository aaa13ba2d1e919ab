"""The monitor's round over the cases, on both databases: clocks, lapses, duty, silence (4.1, 4.2, 5.3.2)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, insert, update

from models.case_assigning import assign_waiting_cases
from models.case_clocks import clock_row, harden_clocks, pause_clocks, resume_clocks, start_case_clocks
from models.case_quiet import look_at_quiet_cases
from models.case_reading import case_rows, desk_people
from models.case_steps import CaseHand, take_case_step
from models.case_watching import CaseRound, pass_on_leaders_cases, ring_clocks, take_from_agents
from models.cases import CaseRow, ClockRow, InteractionRow
from models.clocks import ClockKind
from models.database import write_transaction
from models.eligibility import SKILLS
from models.journal import JournalRow
from models.notices import NoticeRow
from models.staff import AssessmentRow, QaScoreRow, ShiftRow, StaffRow
from tasks.desk_data import hard_complaint, instruction
from tests.support import MONTHS, NOW, rows
from tests.tickets import HOUR, put_case, put_staff

MINUTE = timedelta(minutes=1)
RULES = instruction()


def put_agent(engine: Engine, code: str, *, on_duty: bool = True) -> int:
    """An agent who meets all six criteria; their id."""
    put_staff(engine, code, "agent", on_duty=on_duty)
    with write_transaction(engine) as connection:
        (row,) = [row for row in connection.execute(StaffRow.__table__.select()) if row.code == code]
        joined = update(StaffRow).where(StaffRow.id == row.id)
        connection.execute(joined.values(joined_on=datetime(2024, 1, 5).date(), social_handle=code))  # noqa: DTZ001
        scores = [{"staff_id": row.id, "month": month, "score": 90.0, "target": 85.0} for month in MONTHS]
        connection.execute(insert(QaScoreRow), scores)
        skills = [{"staff_id": row.id, "skill": one, "score": 90.0, "assessed_on": MONTHS[0]} for one in SKILLS]
        connection.execute(insert(AssessmentRow), skills)
        return int(row.id)


def given(engine: Engine, agent_id: int | None, **case: Any) -> int:
    """A case given to an agent just now, its clocks running."""
    case_id = put_case(engine, **({"status": "assigned", "agent_id": agent_id, "assigned_at": NOW} | case))
    with write_transaction(engine) as connection:
        start_case_clocks(connection, {case_id: case.get("severity") == "hard"}, NOW, RULES)
        due = NOW + RULES.assignment.accept_within
        connection.execute(insert(ClockRow), clock_row(case_id, ClockKind.ACCEPT, NOW, due, RULES.clocks))
    return case_id


def round_at(engine: Engine, now: datetime) -> CaseRound:
    """One round of the monitor, as the task does it."""
    done = CaseRound()
    with write_transaction(engine) as connection:
        people = desk_people(connection, now)
        lapsed = ring_clocks(connection, people, RULES, now, done)
        waiting = take_from_agents(connection, lapsed, people, RULES, now, done)
        pass_on_leaders_cases(connection, people, RULES, now)
        look_at_quiet_cases(connection, RULES, hard_complaint(), now)
        assign_waiting_cases(connection, RULES, now, waiting)
    return done


def told(engine: Engine) -> list[tuple[str, str]]:
    return [(row["kind"], row["recipient"]) for row in rows(engine, NoticeRow)]


def case(engine: Engine, case_id: int) -> dict[str, Any]:
    return next(row for row in rows(engine, CaseRow) if row["id"] == case_id)


def clock(engine: Engine, case_id: int, kind: str) -> dict[str, Any]:
    return [row for row in rows(engine, ClockRow) if (row["case_id"], row["kind"]) == (case_id, kind)][-1]


def test_a_clock_warns_breaches_and_escalates_each_once(engine: Engine) -> None:
    agent = put_agent(engine, "A01")
    put_staff(engine, "TL1", "team_leader", on_duty=True)
    put_staff(engine, "S01", "supervisor", on_duty=True)
    case_id = given(engine, agent, status="in_progress")
    with write_transaction(engine) as connection:
        connection.execute(update(ClockRow).where(ClockRow.kind == "accept").values(stopped_at=NOW, next_at=None))
    for minutes in (11, 12, 12, 13, 15, 16, 30, 31):
        round_at(engine, NOW + minutes * MINUTE)
    of_answer = [pair for pair in told(engine) if pair[0].startswith("clock")]
    assert of_answer == [
        ("clock_warn", "A01"),
        ("clock_breach", "A01"),
        ("clock_breach", "TL1"),
        ("clock_escalate", "S01"),
    ]
    found = clock(engine, case_id, "first_response")
    assert (found["warned_at"], found["breached_at"]) == (NOW + 12 * MINUTE, NOW + 15 * MINUTE)
    assert (found["escalated_at"], found["next_at"]) == (NOW + 30 * MINUTE, None)
    events = [(row["event"], row["clause"]) for row in rows(engine, JournalRow)]
    assert [event for event, _ in events] == ["case_clock_warned", "case_clock_breached", "case_clock_escalated"]
    assert {clause for _, clause in events} == {"5.3.2a"}


def test_after_an_hour_away_the_breach_is_told_and_no_warning(engine: Engine) -> None:
    agent = put_agent(engine, "A01")
    given(engine, agent, status="in_progress")
    with write_transaction(engine) as connection:
        connection.execute(update(ClockRow).where(ClockRow.kind == "accept").values(stopped_at=NOW, next_at=None))
    done = round_at(engine, NOW + HOUR)
    assert (done.warned, done.breached) == (0, 1)
    assert round_at(engine, NOW + HOUR).escalated == 1
    assert round_at(engine, NOW + HOUR) == CaseRound()


def test_a_case_not_accepted_goes_to_the_next_agent_and_then_to_the_leader(engine: Engine) -> None:
    first = put_agent(engine, "A01")
    put_agent(engine, "A02")
    put_staff(engine, "TL1", "team_leader", on_duty=True)
    case_id = given(engine, first)
    round_at(engine, NOW + 5 * MINUTE)
    now_with = case(engine, case_id)
    assert (now_with["status"], now_with["agent_id"], now_with["passed_by"]) == ("assigned", first + 1, ["A01"])
    assert clock(engine, case_id, "accept")["due_at"] == NOW + 10 * MINUTE
    assert ("assigned", "A02") in told(engine)
    round_at(engine, NOW + 10 * MINUTE)
    now_with = case(engine, case_id)
    assert (now_with["status"], now_with["agent_id"], now_with["passed_by"]) == ("new", None, ["A01", "A02"])
    assert ("no_agent", "TL1") in told(engine)
    before = told(engine)
    round_at(engine, NOW + 11 * MINUTE)
    assert told(engine) == before


@pytest.mark.parametrize(("status", "after"), [("in_progress", "assigned"), ("waiting_customer", "waiting_customer")])
def test_an_agent_going_off_duty_hands_over(engine: Engine, status: str, after: str) -> None:
    gone, there = put_agent(engine, "A01"), put_agent(engine, "A02")
    case_id = given(engine, gone, status=status)
    with write_transaction(engine) as connection:
        connection.execute(update(ShiftRow).where(ShiftRow.staff_id == gone).values(ends_at=NOW + MINUTE))
        connection.execute(update(ClockRow).where(ClockRow.kind == "accept").values(stopped_at=NOW, next_at=None))
    round_at(engine, NOW)
    assert case(engine, case_id)["agent_id"] == gone
    round_at(engine, NOW + MINUTE)
    now_with = case(engine, case_id)
    assert (now_with["status"], now_with["agent_id"]) == (after, there)
    assert ("assigned", "A02") in told(engine)


def test_a_waiting_case_that_nobody_can_take_stays_and_a_leaders_passes_on(engine: Engine) -> None:
    gone = put_agent(engine, "A01", on_duty=False)
    put_staff(engine, "TL1", "team_leader", on_duty=False)
    put_staff(engine, "TL2", "team_leader", on_duty=True)
    leaders = {row["code"]: row["id"] for row in rows(engine, StaffRow)}
    waits = given(engine, gone, status="waiting_unit")
    taken = given(engine, gone, status="in_progress", taken_over_at=NOW, team_leader_id=leaders["TL1"])
    round_at(engine, NOW)
    assert (case(engine, waits)["status"], case(engine, waits)["agent_id"]) == ("waiting_unit", gone)
    assert case(engine, taken)["team_leader_id"] == leaders["TL2"]
    assert case(engine, taken)["agent_id"] == gone
    assert ("leader_relieved", "TL2") in told(engine)


def test_nobody_on_duty_is_told_once_and_the_cases_are_given_when_somebody_comes(engine: Engine) -> None:
    put_agent(engine, "A01", on_duty=False)
    put_staff(engine, "S01", "supervisor", on_duty=True)
    ids = [given(engine, None, status="new") for _ in range(3)]
    for minute in range(4):
        round_at(engine, NOW + minute * MINUTE)
    assert [pair for pair in told(engine) if pair[0] == "nobody_on_duty"] == [("nobody_on_duty", "S01")]
    assert not [pair for pair in told(engine) if pair[0] == "no_agent"]
    round_at(engine, NOW + HOUR)
    assert {case(engine, one)["status"] for one in ids} == {"assigned"}


def test_a_pause_moves_the_end_and_the_look(engine: Engine) -> None:
    case_id = given(engine, put_agent(engine, "A01"), status="in_progress")
    with write_transaction(engine) as connection:
        pause_clocks(connection, case_id, NOW + HOUR)
    settle = clock(engine, case_id, "settle")
    assert (settle["paused_at"], settle["next_at"]) == (NOW + HOUR, None)
    round_at(engine, NOW + 40 * HOUR)
    assert clock(engine, case_id, "settle")["breached_at"] is None
    with write_transaction(engine) as connection:
        resume_clocks(connection, [case_id], NOW + 50 * HOUR, RULES)
    settle = clock(engine, case_id, "settle")
    assert settle["due_at"] == NOW + 24 * HOUR + 49 * HOUR
    assert (settle["paused_seconds"], settle["paused_at"]) == (49 * 3600, None)
    assert settle["next_at"] == NOW + 0.8 * 24 * HOUR + 49 * HOUR


def test_a_silent_customer_is_recalled_and_a_quiet_case_closed(engine: Engine) -> None:
    agent = put_agent(engine, "A01")
    silent = given(engine, agent, status="waiting_customer", look_at=NOW + HOUR)
    solved = given(engine, agent, status="resolved", look_at=NOW + HOUR)
    unanswered = given(engine, agent, status="resolved", look_at=NOW + HOUR)
    with write_transaction(engine) as connection:
        connection.execute(update(ClockRow).values(next_at=None, stopped_at=NOW))
        reply = {"case_id": solved, "direction": "out", "kind": "reply", "author": "A01", "text": "x", "at": NOW}
        connection.execute(insert(InteractionRow), reply | {"delivery": "sent", "attempts": 1})
    round_at(engine, NOW)
    assert told(engine) == []
    round_at(engine, NOW + HOUR)
    assert told(engine) == [("customer_silent", "A01"), ("not_closable", "A01")]
    assert case(engine, solved)["status"] == "closed"
    assert case(engine, unanswered)["status"] == "resolved"
    round_at(engine, NOW + HOUR)
    assert len(told(engine)) == 2
    assert case(engine, silent)["look_at"] == NOW + HOUR + RULES.cases.customer_silent_after


def shift_ends(engine: Engine, staff_id: int, at: datetime) -> None:
    with write_transaction(engine) as connection:
        connection.execute(update(ShiftRow).where(ShiftRow.staff_id == staff_id).values(ends_at=at))


def accept(engine: Engine, case_id: int, now: datetime) -> None:
    """As its agent does by the form."""
    with write_transaction(engine) as connection:
        (row,) = case_rows(connection, [case_id])
        people = desk_people(connection, now)
        take_case_step(CaseHand(connection, row, row.agent, people, RULES, now), "accept")


def test_a_case_that_comes_back_to_an_agent_is_told_again(engine: Engine) -> None:
    first, second = put_agent(engine, "A01"), put_agent(engine, "A02")
    case_id = given(engine, first)
    accept(engine, case_id, NOW)
    for number, (gone, there) in enumerate([(first, second), (second, first)], start=1):
        now = NOW + number * HOUR
        shift_ends(engine, gone, now)
        shift_ends(engine, there, now + 9 * HOUR)
        round_at(engine, now)
        assert case(engine, case_id)["agent_id"] == there
        accept(engine, case_id, now)
    assert [pair for pair in told(engine) if pair[0] == "assigned"] == [("assigned", "A02"), ("assigned", "A01")]


def test_who_let_a_case_lapse_may_have_it_once_somebody_accepted_it(engine: Engine) -> None:
    first, second = put_agent(engine, "A01"), put_agent(engine, "A02")
    case_id = given(engine, first)
    round_at(engine, NOW + 5 * MINUTE)
    accept(engine, case_id, NOW + 6 * MINUTE)
    assert case(engine, case_id)["passed_by"] is None
    shift_ends(engine, second, NOW + HOUR)
    round_at(engine, NOW + HOUR)
    assert case(engine, case_id)["agent_id"] == first


def test_nobody_on_duty_is_told_again_in_a_new_period(engine: Engine) -> None:
    agent = put_agent(engine, "A01")
    put_staff(engine, "S01", "supervisor", on_duty=True)
    for number in range(2):
        now = NOW + number * HOUR
        with write_transaction(engine) as connection:
            connection.execute(update(StaffRow).where(StaffRow.id == agent).values(away_until=now + 30 * MINUTE))
        given(engine, None, status="new")
        round_at(engine, now)
        round_at(engine, now + MINUTE)
        round_at(engine, now + 30 * MINUTE)  # back: gets what waits
    assert [pair for pair in told(engine) if pair[0] == "nobody_on_duty"] == [("nobody_on_duty", "S01")] * 2


def test_a_case_stays_with_its_leader_when_others_come(engine: Engine) -> None:
    put_staff(engine, "TL1", "team_leader", on_duty=True)
    put_staff(engine, "TL2", "team_leader", on_duty=True)
    first, second = given(engine, None, status="new"), given(engine, None, status="new")
    round_at(engine, NOW)
    before = [case(engine, one)["team_leader_id"] for one in (first, second)]
    given(engine, None, status="new", severity="hard")
    round_at(engine, NOW + MINUTE)
    assert [case(engine, one)["team_leader_id"] for one in (first, second)] == before


def test_a_question_asked_with_no_leader_there_reaches_the_first_who_comes(engine: Engine) -> None:
    asked = given(engine, put_agent(engine, "A01"), status="in_progress", leader_asked_at=NOW)
    put_staff(engine, "TL1", "team_leader", on_duty=False)
    round_at(engine, NOW)
    assert case(engine, asked)["team_leader_id"] is None
    round_at(engine, NOW + HOUR)
    assert case(engine, asked)["team_leader_id"] is not None
    assert ("leader_relieved", "TL1") in told(engine)


def test_a_case_hardened_in_a_pause_keeps_the_hard_time_after_it(engine: Engine) -> None:
    case_id = given(engine, put_agent(engine, "A01"), status="waiting_customer")
    with write_transaction(engine) as connection:
        pause_clocks(connection, case_id, NOW + HOUR)
        harden_clocks(connection, [case_id], NOW + 19 * HOUR, RULES)
        resume_clocks(connection, [case_id], NOW + 20 * HOUR, RULES)
    assert clock(engine, case_id, "settle")["due_at"] == NOW + 19 * HOUR + RULES.clocks.hard_settle_within + HOUR


def test_a_leader_who_took_it_over_is_engaged_when_it_turns_hard(engine: Engine) -> None:
    case_id = given(engine, put_agent(engine, "A01"), status="in_progress", taken_over_at=NOW)
    with write_transaction(engine) as connection:
        harden_clocks(connection, [case_id], NOW, RULES)
    assert not [row for row in rows(engine, ClockRow) if row["kind"] == "leader_engaged"]
