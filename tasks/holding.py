"""A ticket in the hands of a flow run: what every step of a follow-up opens its transaction with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row

from models.database import write_transaction
from models.ticket_book import Rules, held_ticket
from models.ticket_rows import ticket_number
from models.units import Unit
from tasks.database import desk_engine
from tasks.desk_data import instruction, units


@dataclass(frozen=True, slots=True)
class Held:
    """A ticket in the hands of a flow run."""

    ticket_id: int
    run_id: str

    @property
    def number(self) -> str:
        """The ticket's number."""
        return ticket_number(self.ticket_id)


def rules() -> Rules:
    """The units and the work instruction in force."""
    return Rules(units(), instruction())


def unit_of(ticket: Row[Any]) -> Unit:
    """The unit that has a ticket; a stand-in that nobody can reach where data/units.yaml no longer knows it."""
    return rules().unit(ticket.unit)


@contextmanager
def holding(held: Held) -> Iterator[tuple[Connection, Row[Any], datetime]]:
    """A write transaction over a ticket this run still carries: connection, row and now (UTC)."""
    with write_transaction(desk_engine()) as connection:
        yield connection, held_ticket(connection, held.ticket_id, held.run_id), datetime.now(UTC)
