"""The week as a report to print: what both its HTML and its PDF are made of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from models.database import chunks
from models.kpi_charts import Trend
from models.kpi_definitions import Kpi
from models.kpi_pages import CLAUSES, PEOPLE, KpiView, clause_title, clause_words
from models.kpi_words import NAMES, STATISTICS, basis, called, figure, mark, target_words

PEOPLE_ROWS = 30
BESIDE = 9
"""Columns of figures beside each other on a page, at most."""


@dataclass(frozen=True, slots=True)
class WeekLine:
    """One KPI in the report: whether its target is met, its figures of this week and the one before, its meaning."""

    mark: str
    name: str
    actual: str
    before: str
    target: str
    made_of: str
    formula: str


@dataclass(frozen=True, slots=True)
class WeekSection:
    """One clause: what it demands, its KPIs, and their lines over the week's days."""

    title: str
    says: str
    lines: tuple[WeekLine, ...]
    trends: tuple[Trend, ...]


@dataclass(frozen=True, slots=True)
class WeekTable:
    """Headline figures by agent, team leader, PIC or unit: a row each, its name first."""

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class WeekReport:
    """The whole report; `told` says when and by what it was reckoned, `met` how many of its targets were met."""

    title: str
    told: str
    met: str
    sections: tuple[WeekSection, ...]
    tables: tuple[WeekTable, ...]


def week_report(view: KpiView, before: KpiView, title: str) -> WeekReport:
    """The report of a week, compared with the one before it."""
    sections = tuple(
        WeekSection(
            clause_title(clause),
            clause_words(view, clause),
            tuple(_line(view, before, kpi) for kpi in view.kpis.values() if kpi.clause == clause),
            tuple(view.trends[kpi.code] for kpi in view.kpis.values() if kpi.clause == clause),
        )
        for clause in CLAUSES
    )
    marks = [line.mark for section in sections for line in section.lines if line.mark]
    tables = tuple(part for dimension in PEOPLE.values() for part in _tables(view, dimension))
    aims = sum(kpi.target is not None for kpi in view.kpis.values())
    missed, unmeasured = len(marks) - marks.count("✔"), aims - len(marks)
    met = f"{marks.count('✔')} of {aims} targets met, {missed} missed, {unmeasured} not measured"
    return WeekReport(title, view.told, met, sections, tables)


def _line(view: KpiView, before: KpiView, kpi: Kpi) -> WeekLine:
    now, then = (one.figures(kpi.code).set_index("statistic").loc[kpi.headline] for one in (view, before))
    target = kpi.target_value(view.instruction)
    return WeekLine(
        mark(kpi, now["value"], target),
        _head(kpi),
        figure(kpi.unit, now["value"]),
        figure(kpi.unit, then["value"]),
        target_words(kpi, target),
        basis(kpi, now["numerator"], now["denominator"]),
        kpi.formula,
    )


def _tables(view: KpiView, dimension: str) -> Iterator[WeekTable]:
    """The table of a dimension, in parts that fit across a page, each with the names first."""
    kpis = [kpi for kpi in view.kpis.values() if dimension in kpi.by]
    found = view.window[view.window["dimension"] == dimension]
    headlines = {kpi.code: kpi.headline for kpi in kpis}
    mine = found[found["kpi"].map(headlines) == found["statistic"]]
    values = {(row.member, row.kpi): row.value for row in mine.itertuples()}
    members = sorted({member for member, _ in values})[:PEOPLE_ROWS]
    for number, part in enumerate(chunks(kpis, BESIDE) if members else ()):
        rows = [(called(dimension, one), *(_cell(kpi, values.get((one, kpi.code))) for kpi in part)) for one in members]
        heads = (NAMES[dimension], *(_head(kpi) for kpi in part))
        yield WeekTable(f"By {NAMES[dimension]}{', continued' if number else ''}", heads, tuple(rows))


def _head(kpi: Kpi) -> str:
    return f"{kpi.name}, {STATISTICS[kpi.headline]}" if kpi.shape.kind == "time" else kpi.name


def _cell(kpi: Kpi, value: float | None) -> str:
    return figure(kpi.unit, 0.0 if value is None and kpi.shape.kind == "count" else value)
