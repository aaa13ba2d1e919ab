"""How long a month of 50,000 cases takes to be reported, and an hour in which a few hundred changed (4.1-4.4)."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta

import pandas as pd
from sqlalchemy import Engine, text

from models.database import write_transaction
from models.journal import entry, write_journal
from models.kpi_changes import days_of, remember, stretches, whats_changed
from models.kpi_facts import read_facts
from models.kpi_reckoning import reckon
from models.kpi_store import Written, write_kpis
from models.kpi_tables import days
from models.unit_hours import JAKARTA
from tasks.desk_data import instruction, units
from tasks.kpi_checks import implausible
from tasks.kpis import LONGEST, kpis
from tests.kpi_records import month

CASES = 50_000
CHANGED = 300
BEGIN = datetime(2026, 10, 1, tzinfo=UTC)


def kpi_figures(engine: Engine) -> dict[str, float]:
    """Seconds for a month of 50,000 cases, and for the hour after it; Great Expectations' own import is not counted."""
    month(CASES, BEGIN).write(engine)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))
    implausible(_empty(engine))
    now = BEGIN + timedelta(days=30)
    begun = time.perf_counter()
    with engine.connect() as connection:
        figures = reckon(connection, kpis(), units(), days(date(2026, 10, 1), date(2026, 10, 31), JAKARTA), now).figures
    reckoned = time.perf_counter()
    assert implausible(figures) == []
    checked = time.perf_counter()
    with write_transaction(engine) as connection:
        write_kpis(connection, figures, kpis(), now)
        remember(connection, whats_changed(connection, kpis(), now), now)
    stored = time.perf_counter()
    told = {
        f"{CASES:,} cases reckoned s": reckoned - begun,
        "checked s": checked - reckoned,
        f"{len(figures):,} figures stored s": stored - checked,
        "whole month s": stored - begun,
    }
    later = now + timedelta(hours=1)
    _change(engine, later)
    begun = time.perf_counter()
    reckoned_days = _hour(engine, later)
    return {name: round(value, 2) for name, value in told.items()} | {
        f"an hour with {CHANGED} cases changed s": round(time.perf_counter() - begun, 2),
        "days it reckoned": reckoned_days,
    }


def _empty(engine: Engine) -> pd.DataFrame:
    with engine.connect() as connection:
        periods = days(date(2020, 1, 1), date(2020, 1, 1), JAKARTA)
        return reckon(connection, kpis(), units(), periods, BEGIN).figures


def _change(engine: Engine, at: datetime) -> None:
    entries = [
        entry(at, "leader_advised", "5.3.2b", instruction(), {}, case_id=CASES - number, actor="TL1")
        for number in range(CHANGED)
    ]
    with write_transaction(engine) as connection:
        write_journal(connection, entries)


def _hour(engine: Engine, now: datetime) -> int:
    """What the hourly report does."""
    with engine.connect() as connection:
        changed = whats_changed(connection, kpis(), now)
        found = days_of(read_facts(connection, changed.case_ids, now, now), changed, now)
    written = Written()
    for first, last in stretches(found, LONGEST):
        with engine.connect() as connection:
            figures = reckon(connection, kpis(), units(), days(first, last, JAKARTA), now).figures
        assert implausible(figures) == []
        with write_transaction(engine) as connection:
            written = write_kpis(connection, figures, kpis(), now)
            remember(connection, changed, now)
    assert written.changed
    return len(found)
