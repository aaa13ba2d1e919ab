"""The monitor over many waiting tickets: the due-query and the bulk pulls; the processes a ticket's life takes."""

from __future__ import annotations

import tempfile
import time
from contextlib import ExitStack
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import Engine, insert

from deployments.sandbox.server import RunningSandbox
from deployments.sandbox.units import SIGNING_KEY, UnitSaid, UnitTemper
from models.accounts import AccountRow
from models.cases import CaseRow
from models.database import migrate, write_transaction
from models.follow_up_runs import due_tickets
from models.ticket_rows import ContactRow, TicketRow
from models.unit_inbox import match_waiting, take_in_changes
from tasks.desk_data import units
from tasks.units.access import UnitAccess
from tasks.units.client import UnitChange, pull_changes
from tests.conftest import desk_at
from tests.follow_ups import REAL_CHANGES, all_verified, hand_over, story, tickets, units_at_work, watch_until
from tests.servers import POSTGRES_ANSWERS, PrefectServer, postgres_database

WAITING, DUE, CHANGED = 10_000, 100, 1_000


def follow_up_figures(engine: Engine, now: datetime) -> dict[str, float]:
    """Seconds for the due-query and for one pull a unit, over 10,000 waiting tickets of which 100 are due."""
    codes = [unit.code for unit in units().values() if unit.channel == "http"]
    _put_tickets(engine, now, codes)
    with RunningSandbox(play=False) as sandbox:
        for number in range(CHANGED):
            unit = codes[number % len(codes)]
            said = UnitSaid(unit, f"U{number}", f"R{number}", "acknowledged", now, now)
            sandbox.state.units.said.append(said)
        started = time.perf_counter()
        for code in codes:
            access = UnitAccess(url=f"{sandbox.url}/units/{code}", signing_key=SecretStr(SIGNING_KEY))
            changes = pull_changes(units()[code], access, now - timedelta(hours=1))
            with write_transaction(engine) as connection:
                known = [asdict(change) for change in changes if isinstance(change, UnitChange)]
                take_in_changes(connection, code, known, "pull", now)
        pulled = time.perf_counter()
    with write_transaction(engine) as connection:
        match_waiting(connection, now)
        found = due_tickets(connection, now)
    asked = time.perf_counter()
    return {
        "waiting_tickets": WAITING,
        "due": len([ticket for ticket in found if ticket.due == "due"]),
        "changed": len([ticket for ticket in found if ticket.due == "changed"]),
        "pull s": round(pulled - started, 3),
        "due query s": round(asked - pulled, 3),
    }


def _put_tickets(engine: Engine, now: datetime, codes: list[str]) -> None:
    with write_transaction(engine) as connection:
        account = connection.execute(
            insert(AccountRow).returning(AccountRow.id), {"platform": "x", "external_id": "bench-tickets"}
        ).scalar_one()
        case = connection.execute(
            insert(CaseRow).returning(CaseRow.id),
            {
                **{"account_id": account, "conversation_id": "bench", "priority_status": "priority"},
                **{"severity": "standard", "problem": "network", "status": "waiting_unit"},
                **{"revision": "00", "opened_at": now},
            },
        ).scalar_one()
        rows = [
            {
                **{"case_id": case, "unit": codes[number % len(codes)], "problem": "network", "severity": "standard"},
                **{"status": "dispatched", "opening_key": f"bench:{number}", "reference": f"R{number}"},
                **{"opened_at": now, "flow_run_id": f"run-{number}", "run_checked_at": now},
                "next_wake_at": now + timedelta(minutes=-1 if number >= WAITING - DUE else 60),
            }
            for number in range(WAITING)
        ]
        ids = list(connection.scalars(insert(TicketRow).returning(TicketRow.id, sort_by_parameter_order=True), rows))
        contact = {"kind": "dispatch", "outcome": "taken", "detail": "", "at": now}
        sent = [
            {**contact, "ticket_id": id_, "unit": row["unit"], "key": row["opening_key"], "reference": row["reference"]}
            for id_, row in zip(ids, rows, strict=True)
        ]
        connection.execute(insert(ContactRow), sent)


def process_figures() -> dict[str, float]:
    """Processes that tickets carried to the end really took, on a Prefect server with a worker, beside what changed."""
    units_there = ("network", "billing", "tv")
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        monkeypatch = stack.enter_context(pytest.MonkeyPatch.context())
        database = stack.enter_context(postgres_database("prefect_bench")) if POSTGRES_ANSWERS else None
        api_url = stack.enter_context(PrefectServer(home / "prefect", database).running())
        migrate(f"sqlite:///{home / 'care.db'}")
        desk = stack.enter_context(desk_at(f"sqlite:///{home / 'care.db'}", api_url, home, monkeypatch, play=False))
        stack.enter_context(units_at_work(desk, home, monkeypatch))
        desk.sandbox.state.units.tempers.update({unit: UnitTemper("prompt", 12) for unit in units_there})
        hand_over(desk, *units_there)
        watch_until(lambda: all_verified(desk))
        told = [event for row in tickets(desk).values() for event in story(desk, row["id"])]
        changes = [event for event in told if event in REAL_CHANGES]
        processes = sum(row["processes"] for row in tickets(desk).values())
        idle = sum(row["idle_wakes"] for row in tickets(desk).values())
    return {
        "settled_tickets": len(units_there),
        "processes": processes,
        "real changes": len(changes),
        "wakes with nothing to do": idle,
        "processes per settled ticket": round(processes / len(units_there), 2),
    }
