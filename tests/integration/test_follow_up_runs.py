"""Which run carries a ticket, and which tickets are looked after, in the records of both databases (4.3)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Engine, update
from sqlalchemy.exc import IntegrityError

from models import follow_up_runs
from models.database import write_transaction
from models.follow_up_runs import due_tickets, end_claim, mark_checked, runs_to_shut
from models.follow_up_view import follow_ups_markdown
from models.journal import JournalRow
from models.ticket_book import (
    TakenOver,
    held_ticket,
    set_ticket,
)
from models.ticket_rows import FollowUpRunRow
from models.unit_inbox import take_in_changes
from tests.support import NOW, rows
from tests.tickets import HOUR, change, claim, dispatched, put_ticket, step


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
        assert runs_to_shut(connection, NOW) == {}  # it may be ending by itself
        assert runs_to_shut(connection, NOW + HOUR) == {"run-1": "taken over by run run-2"}
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
        (due,) = due_tickets(connection, NOW + HOUR)  # whoever verified it may have died before the end
        assert due.due == "due"
        end_claim(connection, ticket_id, "run-1", "verified", NOW)
        assert due_tickets(connection, NOW + HOUR) == []
        assert runs_to_shut(connection, NOW + HOUR) == {"run-1": "verified"}
    with pytest.raises(TakenOver, match="nothing left to follow"):
        claim(engine, ticket_id, "run-2")


def test_the_most_urgent_are_looked_after_first(engine: Engine) -> None:
    late, hard, waiting, changed = (
        put_ticket(engine, key, severity=severity)
        for key, severity in (("a", "standard"), ("b", "hard"), ("c", "standard"), ("d", "standard"))
    )
    dispatched(engine, changed, "N-4")
    with write_transaction(engine) as connection:
        for ticket_id, minutes in ((late, -30), (hard, -1), (waiting, 30), (changed, 30)):
            set_ticket(connection, ticket_id, next_wake_at=NOW + timedelta(minutes=minutes))
        take_in_changes(connection, "network", [change("U1", "N-4")], "pull", NOW)
        found = [(one.id, one.due) for one in due_tickets(connection, NOW)]
    assert found == [(changed, "changed"), (hard, "due"), (late, "due"), (waiting, None)]


def test_waiting_runs_are_looked_after_in_turn(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follow_up_runs, "CHECKED_AT_ONCE", 1)
    first, second = put_ticket(engine, "a"), put_ticket(engine, "b")
    turns = []
    with write_transaction(engine) as connection:
        for minute in range(4):
            (one,) = due_tickets(connection, NOW - HOUR)
            mark_checked(connection, [one.id], NOW + timedelta(minutes=minute))
            turns.append(one.id)
    assert sorted(turns[:2]) == [first, second]
    assert turns[2:] == turns[:2]


def test_the_list_of_follow_ups_names_what_stands_with_the_desk(engine: Engine) -> None:
    with engine.connect() as connection:
        assert follow_ups_markdown(connection, "http://ui", NOW) == "No ticket is open."
    ticket_id = put_ticket(engine, severity="hard")
    step(engine, ticket_id, "refuse")
    with engine.connect() as connection:
        text = follow_ups_markdown(connection, "http://ui", NOW + 9 * HOUR)
    for told in ("1 refused", "**refused**", "**hard** network", "**late**", "no run yet", "/key/ticket-t-000001"):
        assert told in text
