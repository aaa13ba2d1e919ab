"""The monitor's round and the live board over many open cases of which 1,000 are due: what the curve looks like."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine, insert, select

from models.accounts import AccountRow
from models.board_markdown import agents_markdown, board_markdown, leaders_markdown
from models.board_people import agent_lines, leader_view
from models.case_assigning import assign_waiting_cases
from models.case_clocks import clock_row
from models.case_quiet import look_at_quiet_cases
from models.case_reading import desk_people
from models.case_watching import CaseRound, pass_on_leaders_cases, ring_clocks, take_from_agents
from models.cases import CaseRow, ClockRow
from models.clocks import ClockKind, clocks_for_case
from models.database import chunks, write_transaction
from models.desk_roster import staff_ids
from models.eligibility import Agent
from models.form_links import Forms
from models.live_board import read_board
from tasks.desk_data import hard_complaint, instruction

SIZES = (1_000, 10_000, 100_000)
DUE = 1_000
HARD_SHARE = 20
"""One case in so many is a hard complaint."""


def case_figures(engine: Engine, size: int, now: datetime) -> dict[str, float]:
    """Seconds for one round of the monitor with 1,000 clocks due, and for the board with its two other views, over so
    many open cases, in a database that holds nothing else."""
    put_cases(engine, size, now)
    board = board_seconds(engine, now)
    seconds, done = round_seconds(engine, now)
    assert done.warned + done.breached == DUE, done
    return {f"board s, {size} open": round(board, 3), f"round s, {size} open": round(seconds, 3)}


def put_cases(engine: Engine, size: int, now: datetime) -> None:
    """So many open cases of an empty desk, all of whose clocks run on except those of the first thousand."""
    rules = instruction()
    with write_transaction(engine) as connection:
        people = desk_people(connection, now)
        ids = staff_ids(connection)
        agents = [ids[code] for code in people.on_duty["agent"] if _able(people.by_code[code])]
        accounts = [{"platform": "x", "external_id": str(number), "handle": f"uji{number}"} for number in range(size)]
        connection.execute(insert(AccountRow), accounts)
        account_ids = list(connection.scalars(select(AccountRow.id).order_by(AccountRow.id)))
        cases = [_case(number, account, agents, now) for number, account in enumerate(account_ids)]
        for part in chunks(cases, 10_000):
            connection.execute(insert(CaseRow), part)
        rows: list[dict[str, Any]] = []
        for number, case_id in enumerate(connection.scalars(select(CaseRow.id).order_by(CaseRow.id))):
            hard = number % HARD_SHARE == 0
            kinds = [*clocks_for_case(hard, now, rules), (ClockKind.ACCEPT, now + rules.assignment.accept_within)]
            rows += [clock_row(case_id, kind, now, due, rules.clocks) for kind, due in kinds]
            if number < DUE:
                rows[-len(kinds) + number % len(kinds)] |= _due(number, now)
        for part in chunks(rows, 10_000):
            connection.execute(insert(ClockRow), part)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE")


def _due(number: int, now: datetime) -> dict[str, Any]:
    """A clock that is due at `now`: every second one to be breached, the others to be warned."""
    if number % 2:
        return {"started_at": now - timedelta(hours=2), "due_at": now, "next_at": now}
    whole = timedelta(hours=10)
    return {"started_at": now - 0.8 * whole, "due_at": now + 0.2 * whole, "next_at": now}


def _able(agent: Agent) -> bool:
    return bool(agent.qa_scores)


def _case(number: int, account_id: int, agents: list[int], now: datetime) -> dict[str, Any]:
    return {
        "account_id": account_id,
        "conversation_id": str(number),
        "priority_status": "priority",
        "severity": "hard" if number % HARD_SHARE == 0 else "standard",
        "problem": "network",
        "status": "assigned",
        "agent_id": agents[number % len(agents)],
        "revision": "00",
        "opened_at": now,
        "assigned_at": now,
    }


def round_seconds(engine: Engine, now: datetime) -> tuple[float, CaseRound]:
    rules, done = instruction(), CaseRound()
    started = time.perf_counter()
    with write_transaction(engine) as connection:
        people = desk_people(connection, now)
        lapsed = ring_clocks(connection, people, rules, now, done)
        waiting = take_from_agents(connection, lapsed, people, rules, now, done)
        pass_on_leaders_cases(connection, people, rules, now)
        look_at_quiet_cases(connection, rules, hard_complaint(), now)
        assign_waiting_cases(connection, rules, now, waiting)
    return time.perf_counter() - started, done


def board_seconds(engine: Engine, now: datetime) -> float:
    forms = Forms("http://127.0.0.1:4200", "00000000-0000-0000-0000-000000000000")
    started = time.perf_counter()
    with engine.connect() as connection:
        people = desk_people(connection, now)
        leaders = people.on_duty.get("team_leader", [])
        board_markdown(read_board(connection, hard_complaint()), forms, {}, leaders, now)
        agents_markdown(agent_lines(connection, people, now), now)
        leaders_markdown(leader_view(connection, people, hard_complaint(), now), forms, now)
    return time.perf_counter() - started
