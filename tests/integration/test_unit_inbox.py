"""What units say, kept once and matched to its ticket, in the records of both databases (clause 4.4)."""

from __future__ import annotations

from sqlalchemy import Engine, select

from models.database import write_transaction
from models.follow_up_runs import due_tickets
from models.journal import JournalRow
from models.ticket_book import (
    set_ticket,
)
from models.ticket_reading import ticket_stand
from models.ticket_rows import UnitUpdateRow
from models.unit_inbox import close_late_changes, match_waiting, note_pull, pulled_until, take_in_changes
from tests.support import NOW, rows
from tests.tickets import HOUR, RULES, change, dispatched, put_ticket, step


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
        match_waiting(connection, NOW)
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
        set_ticket(connection, ticket_id, next_wake_at=None)
        assert due_tickets(connection, NOW + HOUR) == []
        assert close_late_changes(connection, RULES, NOW) == 1
        assert close_late_changes(connection, RULES, NOW) == 0
    (late,) = rows(engine, UnitUpdateRow)
    assert (late["applied_at"], late["outcome"]) == (NOW, "the ticket is verified already")
    told = rows(engine, JournalRow)[-1]
    assert (told["event"], told["ticket_id"], told["actor"]) == ("unit_update_ignored", ticket_id, "network")


def test_references_of_others_are_closed_after_a_day(engine: Engine) -> None:
    with write_transaction(engine) as connection:
        take_in_changes(connection, "network", [change("U1", "X-1")], "pull", NOW)
        match_waiting(connection, NOW + 23 * HOUR)
        assert connection.scalar(select(UnitUpdateRow.applied_at)) is None
        match_waiting(connection, NOW + 25 * HOUR)
    assert rows(engine, UnitUpdateRow)[0]["outcome"] == "no ticket of ours is known by that reference"


def test_a_pull_that_failed_leaves_the_cursor(engine: Engine) -> None:
    with write_transaction(engine) as connection:
        assert pulled_until(connection, "network") is None
        note_pull(connection, "network", NOW, NOW)
        note_pull(connection, "network", None, NOW + HOUR, "did not answer in time")
        assert pulled_until(connection, "network") == NOW
