"""KPIs into the records: the figures written once, restatements kept; and read for the pages.

Everything that writes runs in the caller's `write_transaction`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import pandas as pd
from sqlalchemy import Connection, and_, bindparam, delete, insert, select, update

from models.database import chunks
from models.kpi_charts import Trend
from models.kpi_definitions import Kpis
from models.kpi_facts import moment
from models.kpi_pages import Restated
from models.kpi_rows import KpiRestatementRow, KpiRow
from models.kpi_tables import ALL, KEY, midnight
from models.unit_hours import JAKARTA
from models.work_instruction import WorkInstruction

FIGURES = ("numerator", "denominator", "value")
AT_ONCE = 5_000


@dataclass(frozen=True, slots=True)
class Written:
    """What writing the figures changed: rows new, changed, gone; and how many of them restate a day that was over."""

    added: int = 0
    changed: int = 0
    gone: int = 0
    restated: int = 0


def write_kpis(connection: Connection, figures: pd.DataFrame, kpis: Kpis, now: datetime) -> Written:
    """Make the stored figures of the days in `figures` what they are there, as of `now` (UTC).

    What is so already is not touched. A figure that changes after its day was over is kept as a restatement.
    """
    fresh = {row[:5]: row[5:] for row in _plain(figures)}
    days = sorted({key[0] for key in fresh})
    known: dict[tuple[Any, ...], tuple[Any, ...]] = {}
    reckoned: dict[tuple[Any, ...], datetime] = {}
    for part in chunks(days, 100):
        columns = [getattr(KpiRow, name) for name in (*KEY, *FIGURES, "computed_at")]
        for row in connection.execute(select(*columns).where(KpiRow.day.in_(part))):
            known[tuple(row[:5])], reckoned[tuple(row[:5])] = tuple(row[5:8]), row[8]
    added = [key for key in fresh if key not in known]
    changed = [key for key in fresh if key in known and fresh[key] != known[key]]
    gone = [key for key in known if key not in fresh]
    over = {day: moment(midnight(day + timedelta(days=1), JAKARTA)) for day in days}
    done = {key[0] for key, at in reckoned.items() if at >= over[key[0]]}
    restated = [key for key in (*added, *changed, *gone) if key[0] in done]
    _write(connection, added, changed, gone, fresh, kpis, now)
    none = (None,) * len(FIGURES)
    rows = [
        {
            **dict(zip(KEY, key, strict=True)),
            "at": now,
            **{f"{name}_was": value for name, value in zip(FIGURES, known.get(key, none), strict=True)},
            **dict(zip(FIGURES, fresh.get(key, none), strict=True)),
        }
        for key in restated
    ]
    for part in chunks(rows, AT_ONCE):
        connection.execute(insert(KpiRestatementRow), part)
    _touch(connection, [day for day in days if day not in done and now >= over[day]], now)
    return Written(len(added), len(changed), len(gone), len(restated))


def _plain(figures: pd.DataFrame) -> Iterator[tuple[Any, ...]]:
    days = {name: date.fromisoformat(name) for name in figures["day"].unique()}
    columns = [figures[name].map(days) if name == "day" else figures[name] for name in KEY]
    numbers = [figures[name].astype(object).where(figures[name].notna(), None) for name in FIGURES]
    yield from zip(*(column.tolist() for column in (*columns, *numbers)), strict=True)


def _write(
    connection: Connection,
    added: Sequence[tuple[Any, ...]],
    changed: Sequence[tuple[Any, ...]],
    gone: Sequence[tuple[Any, ...]],
    fresh: dict[tuple[Any, ...], tuple[Any, ...]],
    kpis: Kpis,
    now: datetime,
) -> None:
    mine = and_(*(getattr(KpiRow, name) == bindparam(f"of_{name}") for name in KEY))
    for part in chunks(added, AT_ONCE):
        rows = [
            {
                **dict(zip((*KEY, *FIGURES), (*key, *fresh[key]), strict=True)),
                **{"clause": kpis[key[1]].clause, "unit": kpis[key[1]].unit, "computed_at": now},
            }
            for key in part
        ]
        connection.execute(insert(KpiRow), rows)
    for part in chunks(changed, AT_ONCE):
        moved = update(KpiRow).where(mine).values({name: bindparam(name) for name in (*FIGURES, "computed_at")})
        values = [_of(key) | dict(zip(FIGURES, fresh[key], strict=True)) | {"computed_at": now} for key in part]
        connection.execute(moved, values)
    for part in chunks(gone, AT_ONCE):
        connection.execute(delete(KpiRow).where(mine), [_of(key) for key in part])


def _of(key: tuple[Any, ...]) -> dict[str, Any]:
    return {f"of_{name}": value for name, value in zip(KEY, key, strict=True)}


def _touch(connection: Connection, days: Sequence[date], now: datetime) -> None:
    """Days that are over and were reckoned for the first time since: from now on a change restates them."""
    for part in chunks(days, 100):
        connection.execute(update(KpiRow).where(KpiRow.day.in_(part)).values(computed_at=now))


def stored_trends(
    connection: Connection, kpis: Kpis, instruction: WorkInstruction, first: date, last: date
) -> dict[str, Trend]:
    """The headline figure of each KPI over days, as stored; a day that is not there has no value."""
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    mine = (KpiRow.day >= first, KpiRow.day <= last, KpiRow.dimension == ALL)
    rows = connection.execute(select(KpiRow.day, KpiRow.kpi, KpiRow.statistic, KpiRow.value).where(*mine))
    values = {(row.kpi, row.statistic, row.day.isoformat()): row.value for row in rows}
    return _trends(values, [day.isoformat() for day in days], kpis, instruction)


def lately_restated(connection: Connection, kpis: Kpis, since: datetime) -> list[Restated]:
    """The headline figures of days that were over which late data have changed since a moment (UTC), the latest
    first."""
    mine = (KpiRestatementRow.at >= since, KpiRestatementRow.dimension == ALL)
    rows = connection.execute(select(KpiRestatementRow.__table__).where(*mine).order_by(KpiRestatementRow.id.desc()))
    return [
        Restated(row.at, row.day, row.kpi, row.value_was, row.value)
        for row in rows
        if row.kpi in kpis and row.statistic == kpis[row.kpi].headline
    ]


def trends_of(figures: pd.DataFrame, kpis: Kpis, instruction: WorkInstruction) -> dict[str, Trend]:
    """The same of figures by day that are not stored."""
    mine = figures[figures["dimension"] == ALL]
    keys = zip(mine["kpi"], mine["statistic"], mine["day"], strict=True)
    values = dict(zip(keys, mine["value"].astype(object).where(mine["value"].notna(), None), strict=True))
    return _trends(values, list(dict.fromkeys(mine["day"])), kpis, instruction)


def _trends(
    values: Mapping[tuple[str, str, str], float | None], days: Sequence[str], kpis: Kpis, instruction: WorkInstruction
) -> dict[str, Trend]:
    return {
        kpi.code: Trend(
            kpi.name,
            kpi.unit,
            tuple(days),
            tuple(values.get((kpi.code, kpi.headline, day)) for day in days),
            kpi.target_value(instruction),
            kpi.better != "lower",
        )
        for kpi in kpis.values()
    }
