"""What the monitor and the board cost grows with what is due: each of their questions is answered by an index."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine, event

from models.database import open_engine
from tests.bench.cases import DUE, board_seconds, put_cases, round_seconds
from tests.bench.load import put_desk

BIG = ("cases", "clocks", "interactions", "mentions", "journal", "notices")


def asked_by(engine: Engine, now: datetime) -> list[tuple[str, Any]]:
    """Every question that one board and one round ask."""
    seen: list[tuple[str, Any]] = []

    def note(_c: Any, _k: Any, statement: str, parameters: Any, _x: Any, many: bool) -> None:
        if statement.startswith("SELECT") and not many:
            seen.append((statement, parameters))

    event.listen(engine, "before_cursor_execute", note)
    board_seconds(engine, now)
    _, done = round_seconds(engine, now)
    event.remove(engine, "before_cursor_execute", note)
    assert done.warned + done.breached == DUE
    return seen


def test_no_question_goes_over_a_whole_table(sqlite_url: str) -> None:
    engine, now = open_engine(sqlite_url), datetime.now(UTC)
    put_desk(engine, now)
    put_cases(engine, 4_000, now)
    scans = []
    questions = asked_by(engine, now)
    with engine.connect() as connection:
        for statement, parameters in questions:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
            steps = [str(row[3]) for row in plan]
            scans += [(step, statement) for step in steps if step in {f"SCAN {table}" for table in BIG}]
    engine.dispose()
    assert len(questions) > 30
    assert not scans
