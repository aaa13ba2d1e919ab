"""The journal told to a real Prefect server: every event once, whatever dies in between, and no customer's words."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from random import randrange
from typing import Any

import pytest
import requests
from prefect import flow
from sqlalchemy import Engine, delete, insert, select

from deployments.processes import python
from models.accounts import AccountRow
from models.case_events import TOLD_AS, events_to_tell, mark_told
from models.cases import CaseRow, ToldEventsRow, case_number
from models.database import open_engine, write_transaction
from models.journal import write_journal
from tasks.case_events import AT_ONCE, BATCHES, tell_prefect
from tests.conftest import Desk
from tests.servers import ROOT, PrefectServer
from tests.support import wait_for

WORDS = "internet rumah saya mati"
TOLD_AND_GONE = (
    "import os; from tasks.case_events import tell_prefect; print(tell_prefect.fn(), flush=True); os._exit(0)"
)


@pytest.fixture
def records(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """Records of a desk without a Prefect server."""
    monkeypatch.setenv("CARE_DATABASE_URL", sqlite_url)
    opened = open_engine(sqlite_url)
    yield opened
    opened.dispose()


@flow(name="telling")
def telling() -> int:
    return tell_prefect()


def put_case(engine: Engine) -> int:
    """A hard case of a priority customer, of a number no other test's is likely to have; its id."""
    account = {"platform": "x", "external_id": "501", "handle": "pakmenteri_uji", "name": "Darma Wiguna"}
    case = {"conversation_id": "c", "priority_status": "priority", "severity": "hard", "problem": "network"}
    case |= {"status": "new", "revision": "00"}
    with write_transaction(engine) as connection:
        account_id = connection.scalar(insert(AccountRow).values(**account).returning(AccountRow.id))
        values = {"id": randrange(10**8, 10**9), "account_id": account_id, "opened_at": datetime.now(UTC), **case}
        return int(connection.execute(insert(CaseRow).values(values).returning(CaseRow.id)).scalar_one())


def write(engine: Engine, case: int | None, events: Sequence[str], actor: str = "intake", **detail: Any) -> None:
    """Entries of the journal, in order."""
    entry = {"at": datetime.now(UTC), "case_id": case, "ticket_id": None, "account_id": None}
    entry |= {"actor": actor, "clause": "4.1", "revision": "00", "detail": detail}
    with write_transaction(engine) as connection:
        write_journal(connection, [{**entry, "event": event} for event in events])


def known(api_url: str, case: int, least: int = 0) -> list[dict[str, Any]]:
    """The case's events as the server has them, in the order of the journal, once there are so many."""
    wanted = {"filter": {"resource": {"id": [f"care.case.{case_number(case)}"]}}, "limit": 50}

    def found() -> list[dict[str, Any]] | None:
        answer = requests.post(f"{api_url}/events/filter", json=wanted, timeout=30).json()
        return answer["events"] if answer["total"] >= least else None

    return sorted(wait_for(found, 40), key=lambda event: event["payload"]["journal"])


def cursor(engine: Engine) -> int:
    with engine.connect() as connection:
        return connection.scalar(select(ToldEventsRow.journal_id).where(ToldEventsRow.id == 1)) or 0


def test_what_the_journal_has_is_told_once_even_where_the_run_died(desk: Desk) -> None:
    case = put_case(desk.engine)
    write(desk.engine, case, [*TOLD_AS, "case_accepted"])
    assert telling() == len(TOLD_AS)
    assert telling() == 0
    with write_transaction(desk.engine) as connection:  # as a run leaves it that dies before the cursor moves
        connection.execute(delete(ToldEventsRow))
    write(desk.engine, case, ["case_resolved"])
    assert telling() == len(TOLD_AS) + 1
    found = known(desk.api_url, case, len(TOLD_AS) + 1)
    assert [event["event"] for event in found] == [*TOLD_AS.values(), "care.case.resolved"]


def test_an_event_has_references_and_verdicts_and_none_of_the_customers_words(desk: Desk) -> None:
    case = put_case(desk.engine)
    detail = {"agent": "A01", "priority": "priority", "reasons": [WORDS], "problem": WORDS, "text": "mati"}
    write(desk.engine, case, ["case_assigned"], actor="Darma Wiguna", **detail)
    telling()
    (event,) = known(desk.api_url, case, 1)
    number = case_number(case)
    assert event["resource"] == {
        "prefect.resource.id": f"care.case.{number}",
        "prefect.resource.name": number,
        "care.severity": "hard",
        "care.priority": "priority",
        "care.problem": "network",
    }
    assert event["payload"].pop("journal") > 0
    assert event["payload"] == {
        "case": number,
        "event": "case_assigned",
        "clause": "4.1",
        "revision": "00",
        "agent": "A01",
        "priority": "priority",
    }
    assert not any(word in json.dumps(event) for word in ("mati", "Darma", "pakmenteri"))


def test_events_have_arrived_when_a_process_ends_at_once(desk: Desk) -> None:
    case = put_case(desk.engine)
    write(desk.engine, case, ["case_opened"])
    command = python("-W", "ignore", "-c", TOLD_AND_GONE)
    done = subprocess.run(command, cwd=ROOT, env=desk.environment(), capture_output=True, text=True, timeout=50)
    assert done.stdout == "1\n", done.stderr
    assert [event["event"] for event in known(desk.api_url, case, 1)] == ["care.case.opened"]


def test_a_server_that_is_away_delays_events_and_fails_nothing(records: Engine, tmp_path: Path) -> None:
    case = put_case(records)
    write(records, case, ["case_opened"])
    server = PrefectServer(tmp_path)
    with server.running():

        @flow
        def while_away() -> int:
            server.kill()
            told = tell_prefect.fn()
            server.start()
            return told

        assert while_away() == 0
        assert cursor(records) == 0
        assert telling() == 1
        assert len(known(server.api_url, case, 1)) == 1


def test_a_long_journal_is_told_batch_by_batch_and_what_is_no_event_is_passed_by(engine: Engine) -> None:
    case = put_case(engine)
    write(engine, case, ["case_opened", "case_accepted", "case_assigned"] * 3)
    write(engine, None, ["account_judged"] * 5)
    told: list[str] = []
    while True:
        with engine.connect() as connection:
            telling = events_to_tell(connection, 4)
        if telling.until is None:
            break
        told += [event.name for event in telling.events]
        with write_transaction(engine) as connection:
            mark_told(connection, telling.until)
            mark_told(connection, 1)  # another run's, late
    assert told == ["care.case.opened", "care.case.assigned"] * 3
    assert cursor(engine) == 14


def test_one_run_tells_no_more_than_the_server_can_hold(desk: Desk) -> None:
    case = put_case(desk.engine)
    write(desk.engine, case, ["case_opened"] * (AT_ONCE * BATCHES + 1))
    assert telling() == AT_ONCE * BATCHES
    assert telling() == 1
    assert telling() == 0
