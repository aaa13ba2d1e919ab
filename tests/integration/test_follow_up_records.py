"""Tickets, what units say of them and the runs that carry them, in the records of both databases (4.3, 4.4, 5.3.2)."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, Engine, insert, update
from sqlalchemy.exc import IntegrityError

from models import tables
from models.accounts import AccountRow
from models.case_life import IllegalTransition
from models.cases import CaseRow, ClockRow, InteractionRow, JournalRow
from models.database import write_transaction
from models.follow_up_runs import claim_ticket, due_tickets, end_claim, mark_checked, runs_to_shut
from models.follow_up_view import follow_ups_markdown
from models.notices import NoticeRow
from models.staff import ShiftRow, StaffRow
from models.ticket_book import (
    Rules,
    TakenOver,
    TicketRefused,
    held_ticket,
    open_ticket,
    set_ticket,
    take_ticket_step,
)
from models.ticket_contacts import add_contact, tell
from models.ticket_file import briefing, ticket_file
from models.ticket_reading import ticket_row, ticket_stand
from models.ticket_rows import FollowUpRunRow, TicketRow, UnitUpdateRow
from models.ticket_steps import next_step
from models.unit_inbox import close_late_changes, match_waiting, note_pull, pulled_until, take_in_changes
from tasks.desk_data import instruction, units
from tests.support import NOW, rows

RULES = Rules(units(), instruction())
HOUR = timedelta(hours=1)


def put_case(engine: Engine, **changes: Any) -> int:
    """An open case of an account of its own; its id."""
    number = len(rows(engine, AccountRow)) + 1
    with write_transaction(engine) as connection:
        account = {"platform": "x", "external_id": f"7{number:03d}", "handle": f"uji_{number}"}
        account_id = connection.execute(insert(AccountRow).returning(AccountRow.id), account).scalar_one()
        case = {
            **{"account_id": account_id, "conversation_id": str(number), "priority_status": "priority"},
            **{"severity": "standard", "problem": "network", "status": "in_progress", "revision": "00"},
            "opened_at": NOW,
        }
        return connection.execute(insert(CaseRow).returning(CaseRow.id), case | changes).scalar_one()


def put_ticket(engine: Engine, key: str = "one", unit: str | None = None, **case: Any) -> int:
    case_id = put_case(engine, **case)
    with write_transaction(engine) as connection:
        return opened(connection, case_id, key, unit)


def opened(connection: Connection, case_id: int, key: str, unit: str | None = None) -> int:
    return open_ticket(connection, case_id, unit, None, opening_key=key, actor="test", rules=RULES, now=NOW)


def step(engine: Engine, ticket_id: int, verb: str, **named: Any) -> None:
    with write_transaction(engine) as connection:
        ticket = ticket_row(connection, ticket_id)
        assert ticket is not None
        take_ticket_step(connection, ticket, verb, RULES, NOW + HOUR, {}, **named)


def dispatched(engine: Engine, ticket_id: int, reference: str) -> None:
    """As after a dispatch that the unit took."""
    with write_transaction(engine) as connection:
        ticket = ticket_row(connection, ticket_id)
        assert ticket is not None
        add_contact(connection, ticket, "dispatch", "k", "taken", 201, "", NOW, reference)
        take_ticket_step(connection, ticket, "dispatch", RULES, NOW, {}, reference=reference)


def change(update_id: str, reference: str, status: str = "acknowledged") -> dict[str, Any]:
    return {"update_id": update_id, "reference": reference, "status": status, "note": "", "changed_at": NOW}


def test_the_tables_are_what_the_migrations_make(engine: Engine) -> None:
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, tables.Table.metadata) == []


def test_a_ticket_is_opened_once_with_clocks_journal_and_a_waiting_case(engine: Engine) -> None:
    case_id = put_case(engine)
    for _ in range(2):
        with write_transaction(engine) as connection:
            assert opened(connection, case_id, "same") == 1
    (ticket,) = rows(engine, TicketRow)
    assert (ticket["unit"], ticket["status"], ticket["next_wake_at"]) == ("network", "new", NOW)
    clocks = {row["kind"]: row for row in rows(engine, ClockRow)}
    assert clocks["unit_acknowledge"]["due_at"] == NOW + 2 * HOUR
    assert clocks["unit_acknowledge"]["warns_at"] == NOW + 2 * HOUR * 0.8
    assert clocks["unit_settle"]["due_at"] == NOW + 12 * HOUR
    assert [row["event"] for row in rows(engine, JournalRow)] == ["ticket_opened", "waiting_for_unit"]
    assert rows(engine, CaseRow)[0]["status"] == "waiting_unit"


@pytest.mark.parametrize(
    ("case", "unit", "why"),
    [
        ({"status": "closed"}, None, "C-000001 is closed; reopen it first"),
        ({}, "mars", "there is no mars; there are network"),
    ],
)
def test_a_ticket_that_cannot_be_opened_says_why(engine: Engine, case: dict[str, str], unit: str, why: str) -> None:
    with pytest.raises(TicketRefused, match=why):
        put_ticket(engine, unit=unit, **case)
    assert rows(engine, TicketRow) == []


def test_one_unit_has_one_open_ticket_of_a_case(engine: Engine) -> None:
    case_id = put_case(engine)
    with write_transaction(engine) as connection:
        opened(connection, case_id, "one")
        opened(connection, case_id, "two", "billing")
        with pytest.raises(TicketRefused, match="Network Operation Center has T-000001 for C-000001; follow that"):
            opened(connection, case_id, "three")
    with write_transaction(engine) as connection, pytest.raises(TicketRefused, match="there is no C-000099"):
        opened(connection, 99, "four")


def test_the_case_goes_on_when_its_last_ticket_is_verified(engine: Engine) -> None:
    case_id = put_case(engine)
    with write_transaction(engine) as connection:
        both = [opened(connection, case_id, unit, unit) for unit in ("network", "billing")]
    for ticket_id, status in zip(both, ("waiting_unit", "in_progress"), strict=True):
        step(engine, ticket_id, "settle")
        step(engine, ticket_id, "verify")
        assert rows(engine, CaseRow)[0]["status"] == status
    assert all(row["stopped_at"] for row in rows(engine, ClockRow))


def test_an_illegal_step_changes_nothing(engine: Engine) -> None:
    ticket_id = put_ticket(engine)
    before = rows(engine, TicketRow), rows(engine, JournalRow), rows(engine, ClockRow)
    with pytest.raises(IllegalTransition, match="verify: not possible while the ticket is new"):
        step(engine, ticket_id, "verify")
    assert (rows(engine, TicketRow), rows(engine, JournalRow), rows(engine, ClockRow)) == before


def test_sent_anew_it_has_a_new_key_and_new_clocks(engine: Engine) -> None:
    ticket_id = put_ticket(engine)
    dispatched(engine, ticket_id, "N-1")
    step(engine, ticket_id, "escalate")
    step(engine, ticket_id, "redirect", to_unit="billing")
    (ticket,) = rows(engine, TicketRow)
    assert (ticket["unit"], ticket["round"], ticket["reference"]) == ("billing", 2, None)
    assert (ticket["escalation_level"], ticket["told_level"]) == (0, 0)
    running = [row for row in rows(engine, ClockRow) if row["stopped_at"] is None]
    assert {row["started_at"] for row in running} == {NOW + HOUR}
    assert len(running) == 2


def test_what_a_unit_says_is_kept_once_and_finds_its_ticket(engine: Engine) -> None:
    ticket_id = put_ticket(engine)
    with write_transaction(engine) as connection:
        twice = [change("U1", "N-1"), change("U1", "N-1"), change("U2", "N-9")]
        assert take_in_changes(connection, "network", twice, "pull", NOW) == 2
        assert take_in_changes(connection, "network", twice, "push", NOW) == 0
        assert take_in_changes(connection, "billing", [change("U1", "N-1")], "pull", NOW) == 1  # its own U1
        assert ticket_stand(connection, ticket_id).open_updates == 0
    dispatched(engine, ticket_id, "N-1")
    with write_transaction(engine) as connection:
        match_waiting(connection)
        assert ticket_stand(connection, ticket_id).open_updates == 1
        assert [one.due for one in due_tickets(connection, NOW - HOUR)] == ["changed"]


def test_a_word_about_an_earlier_round_finds_its_ticket(engine: Engine) -> None:
    ticket_id = put_ticket(engine)
    dispatched(engine, ticket_id, "N-1")
    step(engine, ticket_id, "redirect", to_unit="billing")
    with write_transaction(engine) as connection:
        take_in_changes(connection, "network", [change("U1", "N-1", "settled")], "pull", NOW)
        assert ticket_stand(connection, ticket_id).open_updates == 1


def test_a_word_after_the_end_is_noted_and_wakes_nobody(engine: Engine) -> None:
    ticket_id = put_ticket(engine)
    dispatched(engine, ticket_id, "N-1")
    step(engine, ticket_id, "settle")
    step(engine, ticket_id, "verify")
    with write_transaction(engine) as connection:
        take_in_changes(connection, "network", [change("U1", "N-1")], "pull", NOW)
        assert due_tickets(connection, NOW + HOUR) == []
        assert close_late_changes(connection, RULES, NOW) == 1
        assert close_late_changes(connection, RULES, NOW) == 0
    (late,) = rows(engine, UnitUpdateRow)
    assert (late["applied_at"], late["outcome"]) == (NOW, "the ticket is verified already")
    told = rows(engine, JournalRow)[-1]
    assert (told["event"], told["ticket_id"], told["actor"]) == ("unit_update_ignored", ticket_id, "network")


def test_a_pull_that_failed_leaves_the_cursor(engine: Engine) -> None:
    with write_transaction(engine) as connection:
        assert pulled_until(connection, "network") is None
        note_pull(connection, "network", NOW, NOW)
        note_pull(connection, "network", None, NOW + HOUR, "did not answer in time")
        assert pulled_until(connection, "network") == NOW


def claim(engine: Engine, ticket_id: int, run_id: str) -> list[str]:
    with write_transaction(engine) as connection:
        return claim_ticket(connection, ticket_id, run_id, RULES, NOW)


def test_one_run_carries_a_ticket_and_a_second_one_takes_over(engine: Engine) -> None:
    ticket_id = put_ticket(engine)
    assert claim(engine, ticket_id, "run-1") == []
    assert claim(engine, ticket_id, "run-1") == []  # a replay keeps its claim
    assert claim(engine, ticket_id, "run-2") == ["run-1"]
    with pytest.raises(TakenOver, match="taken over by run run-2"):
        claim(engine, ticket_id, "run-1")
    with write_transaction(engine) as connection:
        with pytest.raises(TakenOver, match="another run now: run-2"):
            held_ticket(connection, ticket_id, "run-1")
        assert held_ticket(connection, ticket_id, "run-2").failures == 3  # none came as far as waiting
        assert runs_to_shut(connection) == {"run-1": "taken over by run run-2"}
    with pytest.raises(IntegrityError), write_transaction(engine) as connection:
        connection.execute(update(FollowUpRunRow).values(ended_at=None))  # two live ones: the database says no
    told = [row["event"] for row in rows(engine, JournalRow)]
    assert told[-2:] == ["follow_up_started", "follow_up_taken_over"]


def test_a_verified_ticket_is_not_followed_again(engine: Engine) -> None:
    ticket_id = put_ticket(engine)
    claim(engine, ticket_id, "run-1")
    step(engine, ticket_id, "settle")
    step(engine, ticket_id, "verify")
    with write_transaction(engine) as connection:
        end_claim(connection, "run-1", "verified", NOW)
        assert runs_to_shut(connection) == {}
    with pytest.raises(TakenOver, match="nothing left to follow"):
        claim(engine, ticket_id, "run-2")


def test_the_most_urgent_are_looked_after_first_and_all_in_turn(engine: Engine) -> None:
    late, hard, waiting, changed = (
        put_ticket(engine, key, severity=severity)
        for key, severity in (("a", "standard"), ("b", "hard"), ("c", "standard"), ("d", "standard"))
    )
    dispatched(engine, changed, "N-4")
    with write_transaction(engine) as connection:
        for ticket_id, minutes in ((late, -30), (hard, -1), (waiting, 30), (changed, 30)):
            set_ticket(connection, ticket_id, next_wake_at=NOW + timedelta(minutes=minutes))
        take_in_changes(connection, "network", [change("U1", "N-4")], "pull", NOW)
        due = due_tickets(connection, NOW)
        assert [(one.id, one.due) for one in due] == [
            (changed, "changed"), (hard, "due"), (late, "due"), (waiting, None)
        ]  # fmt: skip
        mark_checked(connection, [one.id for one in due], NOW)


def test_the_same_cause_is_told_once_and_leads_to_the_case_file(engine: Engine) -> None:
    ticket_id = put_ticket(engine)
    with write_transaction(engine) as connection:
        ticket = ticket_row(connection, ticket_id)
        assert ticket is not None
        for _ in range(2):
            tell(connection, ticket, ["P01", "P01", "S01"], "breach", "settle:1", "late", "http://ui", NOW)
    told = rows(engine, NoticeRow)
    assert [row["recipient"] for row in told] == ["P01", "S01"]
    assert told[0]["body"] == "Case file: http://ui/artifacts/key/ticket-t-000001"


def test_the_pic_on_duty_with_the_fewest_tickets_gets_it(engine: Engine) -> None:
    with write_transaction(engine) as connection:
        for code, on_duty in (("P01", False), ("P02", True), ("P03", True)):
            staff = {"code": code, "name": code, "role": "pic", "joined_on": NOW.date(), "capacity": 9}
            staff_id = connection.execute(insert(StaffRow).returning(StaffRow.id), staff).scalar_one()
            begins = NOW - HOUR if on_duty else NOW + HOUR
            connection.execute(
                insert(ShiftRow), {"staff_id": staff_id, "starts_at": begins, "ends_at": begins + 8 * HOUR}
            )
    for key in ("a", "b", "c"):
        put_ticket(engine, key)
    codes = {row["id"]: row["code"] for row in rows(engine, StaffRow)}
    assert [codes[row["pic_id"]] for row in rows(engine, TicketRow)] == ["P02", "P03", "P02"]


def test_the_case_file_shows_everything_and_nothing_takes_effect(engine: Engine) -> None:
    ticket_id = put_ticket(engine)
    dispatched(engine, ticket_id, "N-1")
    claim(engine, ticket_id, "run-1")
    hostile = "<img src=x onerror=alert(1)> | [klik](javascript:alert(2)) \n# judul"
    with write_transaction(engine) as connection:
        take_in_changes(connection, "network", [change("U1", "N-1") | {"note": hostile}], "push", NOW)
        note = {"case_id": 1, "author": "P01", "text": hostile, "at": NOW, "direction": "internal", "kind": "note"}
        connection.execute(insert(InteractionRow), note)
    step(engine, ticket_id, "settle")
    network = units()["network"]
    with engine.connect() as connection:
        verdict = next_step(ticket_stand(connection, ticket_id), network, NOW)
        text = ticket_file(connection, ticket_id, network, verdict, "http://ui", NOW)
        brief = briefing(connection, ticket_id, network, verdict, NOW)
    for told in ("**settled**", "http://ui/runs/flow-run/run-1", "Needed: the customer's word", "Processes so far: 1"):
        assert told in text
    for heading in ("Clocks", "Contacts with units", "What the unit said", "Notes", "What happened"):
        assert f"### {heading}" in text
    assert "Needed: the customer's word" in brief
    for found in (text, brief):
        assert re.search(r"(?<!\\)(<img|\]\(javascript)", found) is None
        assert "\n# judul" not in found


def test_the_list_of_follow_ups_names_what_stands_with_the_desk(engine: Engine) -> None:
    with engine.connect() as connection:
        assert follow_ups_markdown(connection, "http://ui", NOW) == "No ticket has been opened yet."
    ticket_id = put_ticket(engine, severity="hard")
    step(engine, ticket_id, "refuse")
    with engine.connect() as connection:
        text = follow_ups_markdown(connection, "http://ui", NOW + 9 * HOUR)
    for told in ("1 refused", "**refused**", "**hard** network", "**late**", "no run yet", "/key/ticket-t-000001"):
        assert told in text
