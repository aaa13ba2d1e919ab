"""Makers for tests of tickets: cases, tickets, what units say of them, staff, claims of runs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, Engine, insert

from models.accounts import AccountRow
from models.cases import CaseRow
from models.database import write_transaction
from models.follow_up_runs import claim_ticket
from models.staff import ShiftRow, StaffRow
from models.ticket_book import (
    Rules,
    open_ticket,
    take_ticket_step,
)
from models.ticket_contacts import add_contact
from models.ticket_reading import ticket_row
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
        take_ticket_step(connection, ticket, verb, RULES, NOW + HOUR, {}, **named)


def dispatched(engine: Engine, ticket_id: int, reference: str) -> None:
    """As after a dispatch that the unit took."""
    with write_transaction(engine) as connection:
        ticket = ticket_row(connection, ticket_id)
        add_contact(connection, ticket, "dispatch", "k", "taken", 201, "", NOW, reference)
        take_ticket_step(connection, ticket, "dispatch", RULES, NOW, {}, reference=reference)


def change(update_id: str, reference: str, status: str = "acknowledged") -> dict[str, Any]:
    return {"update_id": update_id, "reference": reference, "status": status, "note": "", "changed_at": NOW}


def claim(engine: Engine, ticket_id: int, run_id: str) -> list[str]:
    with write_transaction(engine) as connection:
        return claim_ticket(connection, ticket_id, run_id, RULES, NOW)


def put_staff(engine: Engine, code: str, role: str, *, on_duty: bool) -> None:
    with write_transaction(engine) as connection:
        staff = {"code": code, "name": code, "role": role, "joined_on": NOW.date(), "capacity": 9}
        staff_id = connection.execute(insert(StaffRow).returning(StaffRow.id), staff).scalar_one()
        begins = NOW - HOUR if on_duty else NOW + HOUR
        shift = {"staff_id": staff_id, "starts_at": begins, "ends_at": begins + 8 * HOUR}
        connection.execute(insert(ShiftRow), shift)
