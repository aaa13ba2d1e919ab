"""The figures of some periods, asked by name: what the tests of the KPIs' formulas share."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pandas as pd
from sqlalchemy import Engine

from models.kpi_reckoning import reckon
from models.kpi_tables import Periods, days
from models.unit_hours import JAKARTA
from tasks.desk_data import units
from tasks.kpis import kpis
from tests.kpi_records import DAY

NOON = datetime(2026, 3, 31, 5, 0, tzinfo=UTC)
"""12:00 in Jakarta on the last day of March."""
LATE = NOON + 30 * DAY
MARCH_END = days(date(2026, 3, 31), date(2026, 4, 1), JAKARTA)


class Figures:
    """The figures of some periods, asked by name."""

    def __init__(self, engine: Engine, periods: Periods = MARCH_END, now: datetime = LATE) -> None:
        with engine.connect() as connection:
            self.reckoned = reckon(connection, kpis(), units(), periods, now)
        self.table = self.reckoned.figures

    def rows(self, kpi: str, dimension: str = "all", statistic: str | None = None) -> pd.DataFrame:
        found = self.table[(self.table["kpi"] == kpi) & (self.table["dimension"] == dimension)]
        return found if statistic is None else found[found["statistic"] == statistic]

    def made(self, kpi: str, day: str = "2026-03-31", dimension: str = "all", member: str = "") -> tuple[Any, ...]:
        """Numerator and denominator of a share, or the count."""
        found = self.rows(kpi, dimension)
        (row,) = found[(found["day"] == day) & (found["member"] == member)].itertuples()
        return (row.numerator,) if pd.isna(row.denominator) else (row.numerator, row.denominator)

    def time(self, kpi: str, statistic: str, day: str = "2026-03-31") -> float:
        found = self.rows(kpi, statistic=statistic)
        return float(found[found["day"] == day]["value"].iloc[0])
