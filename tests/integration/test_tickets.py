"""Tickets in the records of both databases: opened, stepped, told of, shown (4.3, 4.4, 5.3.2)."""

from __future__ import annotations

import re

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, insert, update

from models import tables
from models.case_life import IllegalTransition
from models.cases import CaseRow, ClockRow, InteractionRow
from models.database import write_transaction
from models.journal import JournalRow
from models.notices import NoticeRow
from models.staff import StaffRow
from models.ticket_book import (
    TicketRefused,
    harden_ticket,
    set_ticket,
)
from models.ticket_contacts import tell
from models.ticket_file import briefing, ticket_file
from models.ticket_reading import pics_to_tell, ticket_row, ticket_stand
from models.ticket_rows import TicketRow
from models.ticket_steps import next_step
from models.unit_inbox import take_in_changes
from tasks.desk_data import units
from tests.support import NOW, rows
from tests.tickets import HOUR, RULES, change, claim, dispatched, opened, put_case, put_staff, put_ticket, step


@pytest.mark.filterwarnings("ignore:.*expression-based index")  # SQLite tells nothing of them; PostgreSQL compares them
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


def test_a_hard_case_makes_its_tickets_hard(engine: Engine) -> None:
    ticket_id = put_ticket(engine)
    dispatched(engine, ticket_id, "N-1")
    with write_transaction(engine) as connection:
        connection.execute(update(CaseRow).values(severity="hard"))
        for _ in range(2):
            harden_ticket(connection, ticket_row(connection, ticket_id), RULES, NOW)
        stand = ticket_stand(connection, ticket_id)
    assert {clock.kind: clock.due_at for clock in stand.clocks} == {
        "unit_acknowledge": NOW + HOUR,
        "unit_settle": NOW + 6 * HOUR,
    }
    assert next_step(stand, units()["network"], NOW).kind == "chase"  # the unit is told at once
    assert [row["event"] for row in rows(engine, JournalRow)].count("ticket_hardened") == 1


def test_somebody_on_duty_is_told(engine: Engine) -> None:
    ticket_id = put_ticket(engine)
    put_staff(engine, "S01", "supervisor", on_duty=True)

    def told() -> list[str]:
        with engine.connect() as connection:
            return pics_to_tell(connection, ticket_row(connection, ticket_id), NOW)

    assert told() == ["S01"]  # no PIC at all
    put_staff(engine, "P01", "pic", on_duty=False)
    with write_transaction(engine) as connection:
        set_ticket(connection, ticket_id, pic_id=2)
    assert told() == ["P01"]
    put_staff(engine, "P02", "pic", on_duty=True)
    assert told() == ["P01", "P02"]


def test_the_same_cause_is_told_once_and_leads_to_the_case_file(engine: Engine) -> None:
    ticket_id = put_ticket(engine)
    with write_transaction(engine) as connection:
        ticket = ticket_row(connection, ticket_id)
        for _ in range(2):
            tell(connection, ticket, ["P01", "P01", "S01"], "breach", "settle:1", "late", "http://ui", NOW)
    told = rows(engine, NoticeRow)
    assert [row["recipient"] for row in told] == ["P01", "S01"]
    assert told[0]["body"] == "Case file: http://ui/artifacts/key/ticket-t-000001"


def test_the_pic_on_duty_with_the_fewest_tickets_gets_it(engine: Engine) -> None:
    for code, on_duty in (("P01", False), ("P02", True), ("P03", True)):
        put_staff(engine, code, "pic", on_duty=on_duty)
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
