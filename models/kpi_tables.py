"""Observations made into figures: by day or for one period, in all and broken down by each dimension.

A figure's row has `day` (its period), `kpi`, `statistic`, `dimension`, `member`, `numerator`, `denominator`, `value`:
shares are numerator by denominator, counts have no denominator, times are in seconds; `mean` has the sum of the times
as its numerator, percentiles have none. Percentiles are nearest-rank: of n times in order the one in place ceil(p n).
Where nothing was to be measured the value is missing, a count is 0.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from models.kpi_definitions import Kpi, Kpis
from models.kpi_facts import as_millis, moment

ALL = "all"
"""The dimension of a figure that is not broken down; its member is empty."""
NOBODY = "none"
"""The member of what belongs to nobody, or to nothing."""
PERCENTILES = {"p50": 50, "p90": 90, "p95": 95}
COLUMNS = ("day", "kpi", "statistic", "dimension", "member", "numerator", "denominator", "value")
KEY = COLUMNS[:5]


@dataclass(frozen=True, slots=True)
class Periods:
    """Stretches of time, one after the other: `names[i]` is from `edges[i]` to before `edges[i + 1]` (ms)."""

    names: tuple[str, ...]
    edges: tuple[int, ...]
    zone: ZoneInfo

    def ends(self, now: int) -> list[int]:
        """The last moment of each period (ms), of one that goes on `now`; none of one that has not begun."""
        begun = [end for begin, end in zip(self.edges, self.edges[1:], strict=False) if begin <= now]
        return [min(end - 1, now) for end in begun]

    @property
    def since(self) -> datetime:
        """Their beginning (UTC)."""
        return moment(self.edges[0])

    @property
    def until(self) -> datetime:
        """Their end (UTC), not included."""
        return moment(self.edges[-1])


def midnight(day: date, zone: ZoneInfo) -> int:
    """The beginning of a day in a time zone, as milliseconds since 1970."""
    return as_millis(datetime.combine(day, time(), zone))


def days(first: date, last: date, zone: ZoneInfo) -> Periods:
    """The days from `first` to `last`, both included, in a time zone; each is named by its date."""
    every = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    edges = [midnight(day, zone) for day in [*every, last + timedelta(days=1)]]
    return Periods(tuple(day.isoformat() for day in every), tuple(edges), zone)


def whole(first: date, last: date, zone: ZoneInfo) -> Periods:
    """The same days as one period, `2026-03-01/2026-03-31`."""
    edges = (midnight(first, zone), midnight(last + timedelta(days=1), zone))
    return Periods((f"{first.isoformat()}/{last.isoformat()}",), edges, zone)


def figures(observed: Mapping[str, pd.DataFrame], kpis: Kpis, periods: Periods) -> pd.DataFrame:
    """Every figure of every KPI in the periods, with the columns `COLUMNS`, in the order of the definitions."""
    observed = {**observed, "fairness": observed["workload"]}
    parts = [part for kpi in kpis.values() for part in _of_kpi(kpi, observed[kpi.code], periods)]
    return pd.concat(parts, ignore_index=True)[list(COLUMNS)]


def within(rows: pd.DataFrame, periods: Periods) -> pd.DataFrame:
    """The observations that fall into the periods, each with the number of its `period`, and its `hour` of the day."""
    at = rows["at"].to_numpy(dtype="float64")
    period = np.searchsorted(np.asarray(periods.edges, dtype="float64"), at, side="right") - 1
    rows = rows.assign(period=period)[(period >= 0) & (period < len(periods.names))]
    hours = pd.to_datetime(rows["at"], unit="ms", utc=True).dt.tz_convert(periods.zone).dt.hour
    return rows.assign(hour=hours.map("{:02d}".format) if len(rows) else "")


def _of_kpi(kpi: Kpi, rows: pd.DataFrame, periods: Periods) -> Iterator[pd.DataFrame]:
    rows = within(rows, periods)
    for dimension in (ALL, *kpi.by):
        if dimension == ALL:
            found = _measure(kpi, rows.assign(member=""), range(len(periods.names)))
        elif len(rows):
            members = rows[dimension].fillna("").replace("", NOBODY)
            found = _measure(kpi, rows.assign(member=members), ())
        else:
            continue
        named = found.assign(day=found["period"].map(dict(enumerate(periods.names))), kpi=kpi.code)
        yield named.assign(dimension=dimension)


def _measure(kpi: Kpi, rows: pd.DataFrame, every: Sequence[int]) -> pd.DataFrame:
    """The figures by period and member; of each period in `every` there is one, also where nothing was observed."""
    if kpi.code == "fairness":
        found = _fairness(rows)
    elif kpi.shape.kind == "time":
        found = _times(rows)
    else:
        names = ["num", "den"] if kpi.shape.kind == "share" else ["count"]
        sums = rows.groupby(["period", "member"], sort=True)[names].sum().reset_index()
        found = sums.rename(columns={"num": "numerator", "count": "numerator", "den": "denominator"})
    found = _with_empty(found, every)
    if kpi.shape.kind == "time":
        return _by_statistic(found)
    numerator = found["numerator"].astype(float).fillna(0.0)
    if kpi.shape.kind == "count":
        return found.assign(statistic="count", numerator=numerator, denominator=np.nan, value=numerator)
    denominator = found["denominator"].astype(float).fillna(0.0)
    value = numerator / denominator.where(denominator > 0)
    return found.assign(statistic="share", numerator=numerator, denominator=denominator, value=value)


def _with_empty(found: pd.DataFrame, every: Sequence[int]) -> pd.DataFrame:
    missing = sorted(set(every) - set(found["period"]))
    if not missing:
        return found
    empty = pd.DataFrame({"period": missing, "member": ""})
    if found.empty:
        return empty.reindex(columns=found.columns)
    return pd.concat([found, empty], ignore_index=True).sort_values("period", kind="stable", ignore_index=True)


def _times(rows: pd.DataFrame) -> pd.DataFrame:
    rows = rows.sort_values(["period", "member", "span"], kind="stable")
    groups = rows.groupby(["period", "member"], sort=True)["span"]
    sizes = groups.size()
    counts = sizes.to_numpy()
    begins, spans = counts.cumsum() - counts, rows["span"].to_numpy()
    found = sizes.index.to_frame(index=False).assign(size=counts.astype(float), total=groups.sum().to_numpy())
    for name, percent in PERCENTILES.items():
        found[name] = spans[begins + (percent * counts + 99) // 100 - 1]
    return found


def _by_statistic(found: pd.DataFrame) -> pd.DataFrame:
    sizes, total = found["size"].astype(float).fillna(0.0), found["total"].astype(float) / 1000
    mean = found.assign(statistic="mean", numerator=total.fillna(0.0), denominator=sizes, value=total / sizes)
    ranks = [
        found.assign(statistic=name, numerator=np.nan, denominator=sizes, value=found[name].astype(float) / 1000)
        for name in PERCENTILES
    ]
    return pd.concat([mean, *ranks], ignore_index=True)


def _fairness(rows: pd.DataFrame) -> pd.DataFrame:
    """Jain's index: (sum x)² / (n sum x²) over what each agent was given (Jain, Chiu, Hawe 1984)."""
    named = rows[rows["agent"].fillna("") != ""]
    given = named.groupby(["period", "agent"], sort=True)["count"].sum().reset_index()
    groups = given.assign(square=given["count"] ** 2).groupby("period", sort=True)
    sums = groups.agg(total=("count", "sum"), squares=("square", "sum"), agents=("agent", "size")).reset_index()
    numerator, denominator = sums["total"] ** 2, sums["agents"] * sums["squares"]
    return sums.assign(member="", numerator=numerator.astype(float), denominator=denominator.astype(float))
