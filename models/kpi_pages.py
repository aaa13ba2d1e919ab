"""The KPIs as markdown for the Prefect UI: an overview, one page a clause, one page a kind of people (4.1-4.4).

Figures of the pages are of a window of days; each is followed by the cases behind it, linked to their case files.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import pandas as pd

from models.cases import case_number
from models.clock_picture import picture
from models.form_links import case_artifact_key
from models.kpi_charts import Trend, sparkline, trends_svg
from models.kpi_definitions import Kpi, Kpis
from models.kpi_tables import ALL, NOBODY, Periods, within
from models.kpi_words import NAMES, STATISTICS, basis, called, duration, figure, mark, met, missing, target_words
from models.safe_text import for_markdown
from models.unit_hours import JAKARTA
from models.work_instruction import WorkInstruction

CLAUSES = ("4.1", "4.2", "4.3", "4.4", "across")
PEOPLE = {"agents": "agent", "leaders": "leader", "pics": "pic", "units": "unit"}
MEMBERS, BEHIND = 40, 6
"""Rows of a table, and cases named behind a figure, at most."""
BESIDE = ("conformance", "quality-sample", "kpis-week", "kpis-period", "capacity")
"""The keys of the artifacts that stand beside the pages."""
TITLES = {"across": "The whole desk"}


@dataclass(frozen=True, slots=True)
class Restated:
    """A headline figure of a day that was over, which late data changed at a moment (UTC)."""

    at: datetime
    day: date
    kpi: str
    was: float | None
    now: float | None


@dataclass(frozen=True, slots=True)
class KpiView:
    """What the pages are made of. `window` has the figures of one period (`periods`), made of `observed`; `trends` the
    headline figures of each KPI over days, `restated` those that late data changed; `told` says when and by what it was
    reckoned."""

    kpis: Kpis
    instruction: WorkInstruction
    window: pd.DataFrame
    observed: Mapping[str, pd.DataFrame]
    periods: Periods
    trends: Mapping[str, Trend]
    ui_url: str
    told: str
    restated: Sequence[Restated] = ()

    def figures(self, code: str, dimension: str = ALL) -> pd.DataFrame:
        """The figures of a KPI in a dimension."""
        found = self.window
        return found[(found["kpi"] == code) & (found["dimension"] == dimension)]

    def page(self, name: str, title: str) -> str:
        """A link to one of the pages."""
        return f"[{title}]({self.ui_url}/artifacts/key/{page_key(name)})"


def page_key(name: str) -> str:
    """The artifact key of a page: `4.1` → `kpis-4-1`, `agents` → `kpis-agents`."""
    return f"kpis-{name.replace('.', '-')}"


def overview_markdown(view: KpiView) -> str:
    """The artifact `kpis`: every KPI with target, actual and its last days, by clause."""
    verdicts = [_verdict(view, kpi) for kpi in view.kpis.values()]
    reached, compared = sum(one is True for one in verdicts), sum(one is not None for one in verdicts)
    pages = " · ".join(
        [
            *(view.page(name, name) for name in (*CLAUSES, *PEOPLE)),
            *(f"[{name}]({view.ui_url}/artifacts/key/{name})" for name in BESIDE),
        ]
    )
    aims = sum(kpi.target is not None for kpi in view.kpis.values())
    head = f"# {reached} of {aims} targets met, {compared - reached} missed, {aims - compared} not measured"
    lines = [head, "", f"{view.told} {pages}", ""]
    for clause in CLAUSES:
        lines += [f"## {clause_title(clause)}", "", clause_words(view, clause), "", *_overview_table(view, clause), ""]
    aimed = [view.trends[kpi.code] for kpi in view.kpis.values() if kpi.target is not None]
    told = "every KPI that has a target, over the last days, its target dashed"
    lines += ["## Targets over the last days", "", picture(trends_svg(aimed), told), ""]
    return "\n".join([*lines, *_restated(view), READING])


def _restated(view: KpiView) -> list[str]:
    if not view.restated:
        return []
    lines = ["## Changed by late data", "", "| day | KPI | was | is | changed |", "|---|---|---|---|---|"]
    for one in view.restated[:MEMBERS]:
        kpi = view.kpis[one.kpi]
        was, now = figure(kpi.unit, one.was), figure(kpi.unit, one.now)
        at = f"{one.at.astimezone(JAKARTA):%d %b %H:%M} WIB"
        lines.append(f"| {one.day:%d %b %Y} | {kpi.name} | {was} | {now} | {at} |")
    return [*lines, ""]


READING = (
    "✔ met, ✘ missed, – nothing measured, or no target. *9 of 10 within* is the time that nine of ten did not exceed, "
    "one that really occurred. The blocks go from the lowest to the highest of the last days; a dot where nothing was "
    "measured. What each figure means and which cases are behind it stands on the clause's page."
)


def _overview_table(view: KpiView, clause: str) -> list[str]:
    rows = []
    for kpi in _of_clause(view.kpis, clause):
        headline = _headline(view, kpi)
        target, trend = kpi.target_value(view.instruction), view.trends[kpi.code]
        value = headline["value"]
        name = f"{kpi.name}{' · ' + STATISTICS[kpi.headline] if kpi.shape.kind == 'time' else ''}"
        rows.append(
            f"| {mark(kpi, value, target)} | {name} | **{figure(kpi.unit, value)}** | {target_words(kpi, target)} "
            f"| {basis(kpi, headline['numerator'], headline['denominator'])} | {sparkline(trend.values)} |"
        )
    return ["| | KPI | actual | target | made of | last 14 days |", "|---|---|---|---|---|---|", *rows]


def period_markdown(view: KpiView, dimension: str, files: Mapping[str, str]) -> str:
    """The artifact `kpis-period`: the overview of any period, its files, and each KPI by one dimension."""
    there = " · ".join(f"[{name}]({address})" for name, address in files.items())
    lines = [overview_markdown(view), "", f"To use elsewhere: {there}", "", f"# By {NAMES[dimension]}", ""]
    for kpi in view.kpis.values():
        if dimension in kpi.by:
            lines += [f"## {kpi.name}", "", *_table(view, kpi, dimension)]
    return "\n".join(lines)


def clause_markdown(view: KpiView, clause: str) -> str:
    """One page a clause: what it demands, its trends, and each KPI with its meaning, figures and cases."""
    kpis = _of_clause(view.kpis, clause)
    trends = [view.trends[kpi.code] for kpi in kpis]
    told = "; ".join(f"{trend.title}: {sparkline(trend.values)}" for trend in trends)
    lines = [
        f"# {clause_title(clause)}",
        "",
        f"{clause_words(view, clause)} {view.told}",
        "",
        picture(trends_svg(trends), told),
        "",
    ]
    for kpi in kpis:
        lines += [*_explained(view, kpi), *_all_figures(view, kpi)]
        others = [name for name in kpi.by if name not in PEOPLE.values()]
        for dimension in others:
            lines += _table(view, kpi, dimension)
        people = [view.page(page, name) for page, name in PEOPLE.items() if name in kpi.by]
        lines += [f"By {', '.join(people)}.", ""] if people else []
    return "\n".join(lines)


def people_markdown(view: KpiView, page: str) -> str:
    """One page for the agents, the team leaders, the PICs or the units: every KPI that tells of them."""
    dimension = PEOPLE[page]
    lines = [f"# By {NAMES[dimension]}", "", f"{view.told} {view.page('4.1', 'What the KPIs mean')}", ""]
    for kpi in view.kpis.values():
        if dimension in kpi.by:
            lines += [f"## {kpi.name}", "", kpi.formula, "", *_table(view, kpi, dimension)]
    return "\n".join(lines)


def _explained(view: KpiView, kpi: Kpi) -> list[str]:
    target = kpi.target_value(view.instruction)
    over = f" over {kpi.denominator}" if kpi.denominator else ""
    limit = f" The limit is {duration(kpi.limit.total_seconds())}." if kpi.limit else ""
    aim = "For information, no target."
    if kpi.target is not None:
        statistic = f"{STATISTICS[kpi.headline].removesuffix(' within')} " if kpi.shape.kind == "time" else ""
        aim = f"Target: {statistic}{target_words(kpi, target)} ({kpi.target.source})."
    elif kpi.better != "neither":
        aim = f"No target; {kpi.better} is better."
    made = f"{kpi.formula}{limit} Reckoned as {kpi.numerator}{over}; counted on the day of: {kpi.day}. {aim}"
    return [f"## {kpi.name}", "", made, ""]


def _all_figures(view: KpiView, kpi: Kpi) -> list[str]:
    found = view.figures(kpi.code)
    shown = ", ".join(
        f"{STATISTICS[row.statistic]} {figure(kpi.unit, row.value)}".strip() for row in found.itertuples()
    )
    made = basis(kpi, found["numerator"].iloc[0], found["denominator"].iloc[0])
    cases = links(view, _behind(view, kpi, ALL).get("", ()))
    return [f"**{shown}** {made}{f'. {_behind_head(kpi).capitalize()}: {cases}' if cases else ''}", ""]


def _table(view: KpiView, kpi: Kpi, dimension: str) -> list[str]:
    """The figures of a KPI by the members of a dimension, each with the cases behind it."""
    found = view.figures(kpi.code, dimension)
    if found.empty:
        return []
    target = kpi.target_value(view.instruction)
    heads = [STATISTICS[name] or "figure" for name in kpi.shape.statistics]
    lines = [
        f"| {NAMES[dimension]} | {' | '.join(heads)} | made of | | {_behind_head(kpi)} |",
        f"|---|{'---|' * len(heads)}---|---|---|",
    ]
    members = list(dict.fromkeys(found["member"]))
    behind = _behind(view, kpi, dimension)
    for member in members[:MEMBERS]:
        mine = found[found["member"] == member].set_index("statistic")
        values = " | ".join(figure(kpi.unit, mine["value"].get(name)) for name in kpi.shape.statistics)
        first = mine.iloc[0]
        made = basis(kpi, first["numerator"], first["denominator"])
        sign = mark(kpi, mine["value"].get(kpi.headline), target)
        name = for_markdown(called(dimension, str(member)))
        lines.append(f"| {name} | {values} | {made} | {sign} | {links(view, behind.get(member, ()))} |")
    rest = len(members) - MEMBERS
    return [*lines, *([f"| {rest} more |"] if rest > 0 else []), ""]


def _behind(view: KpiView, kpi: Kpi, dimension: str) -> dict[str, list[int]]:
    """The ids of the cases behind a KPI's figures, by member: of a share those that speak against it, of times the
    longest first, else the latest."""
    rows = within(view.observed["workload" if kpi.code == "fairness" else kpi.code], view.periods)
    members = "" if dimension == ALL else rows[dimension].fillna("").replace("", NOBODY)
    rows = rows.assign(member=members)[rows["case_id"].notna()]
    if kpi.shape.kind == "time":
        rows = rows.sort_values("span", ascending=False, kind="stable")
    elif kpi.shape.kind == "share" and kpi.code != "fairness":
        rows = rows[rows["num"] == (1 if kpi.better == "lower" else 0)]
    else:
        rows = rows.sort_values("at", ascending=False, kind="stable")
    distinct = rows.drop_duplicates(["member", "case_id"])
    return {str(member): list(found) for member, found in distinct["case_id"].astype(int).groupby(distinct["member"])}


def _behind_head(kpi: Kpi) -> str:
    """What the cases behind a figure are: see `_behind`."""
    if kpi.shape.kind == "time":
        return "longest"
    return "latest" if kpi.shape.kind == "count" or kpi.code == "fairness" else "cases against it"


def links(view: KpiView, ids: Sequence[int], most: int = BEHIND) -> str:
    """Links to the case files of some cases, the first few of many."""
    shown = [f"[{case_number(one)}]({view.ui_url}/artifacts/key/{case_artifact_key(one)})" for one in ids[:most]]
    return " ".join(shown) + (f" and {len(ids) - most} more" if len(ids) > most else "")


def _of_clause(kpis: Kpis, clause: str) -> Sequence[Kpi]:
    return [kpi for kpi in kpis.values() if kpi.clause == clause]


def _headline(view: KpiView, kpi: Kpi) -> pd.Series:
    found = view.figures(kpi.code).set_index("statistic")
    return found.loc[kpi.headline]


def _verdict(view: KpiView, kpi: Kpi) -> bool | None:
    value = _headline(view, kpi)["value"]
    return None if missing(value) else met(kpi, value, kpi.target_value(view.instruction))


def clause_title(clause: str) -> str:
    """What a clause's part is headed by."""
    return TITLES.get(clause, f"Clause {clause}")


def clause_words(view: KpiView, clause: str) -> str:
    """What the clause demands."""
    return view.instruction.clauses.get(clause, "What cuts across the clauses.")


def pages(view: KpiView) -> Iterator[tuple[str, str, str]]:
    """Every page: artifact key, markdown, and what it is in a sentence."""
    yield "kpis", overview_markdown(view), "Every KPI: target against actual, by clause."
    for clause in CLAUSES:
        yield (
            page_key(clause),
            clause_markdown(view, clause),
            f"{clause_title(clause)}: each KPI, what it means, its cases.",
        )
    for page, dimension in PEOPLE.items():
        yield (
            page_key(page),
            people_markdown(view, page),
            f"The KPIs by {NAMES[dimension]}, with the cases behind them.",
        )
