"""The artifact `conformance`: how far closed cases went as the instruction demands, by step; the ten worst, told."""

from __future__ import annotations

from math import isnan

import pandas as pd

from models.cases import case_number
from models.conformance import DEMANDS, FOLLOWED, LATE, SKIPPED
from models.form_links import case_artifact_key
from models.kpi_facts import moment
from models.kpi_pages import KpiView, links
from models.kpi_tables import within
from models.kpi_words import figure
from models.unit_hours import JAKARTA

WORST = 10
SIGNS = {FOLLOWED: "✔ followed", LATE: "✘ late", SKIPPED: "✘ skipped"}


def conformance_markdown(view: KpiView) -> str:
    """By step: demanded, followed, late, skipped, and the cases; then the ten cases with the most not followed."""
    found = within(view.observed["conformance"], view.periods)
    cases = found["case_id"].nunique()
    told = f"{view.told} {cases:,} cases were closed, {len(found):,} steps were demanded of them, whenever that was: "
    told += "rates of the same steps on `kpis` are of what began in these days."
    if found.empty:
        return f"# Conformance\n\n{view.told} No case was closed."
    share = figure("share", found["num"].mean())
    lines = [f"# Conformance: {share} followed", "", told, "", *_by_step(view, found), "", f"## The {WORST} worst", ""]
    for case_id in _worst(found):
        lines += _story(view, found[found["case_id"] == case_id], case_id)
    return "\n".join(lines)


def _by_step(view: KpiView, found: pd.DataFrame) -> list[str]:
    lines = [
        "| clause | demanded | followed | rate | late | skipped | cases late or skipped |",
        "|---|---|---|---|---|---|---|",
    ]
    for step, demand in DEMANDS.items():
        mine = found[found["step"] == step]
        if mine.empty:
            continue
        counts = mine["verdict"].value_counts()
        wrong = [int(one) for one in mine[mine["verdict"] != FOLLOWED]["case_id"]]
        lines.append(
            f"| {demand.clause} | {demand.says} | {counts.get(FOLLOWED, 0):,} of {len(mine):,} "
            f"| {figure('share', mine['num'].mean())} | {counts.get(LATE, 0):,} | {counts.get(SKIPPED, 0):,} "
            f"| {links(view, wrong, 2)} |"
        )
    return lines


def _worst(found: pd.DataFrame) -> list[int]:
    """The cases with the most steps skipped, then late; those with none are none."""
    wrong = found[found["verdict"] != FOLLOWED]
    weights = wrong["verdict"].map({SKIPPED: 1.01, LATE: 1.0}).groupby(wrong["case_id"]).sum()
    return [int(one) for one in weights.sort_values(ascending=False, kind="stable").index[:WORST]]


def _story(view: KpiView, mine: pd.DataFrame, case_id: int) -> list[str]:
    first = mine.iloc[0]
    number = f"[{case_number(case_id)}]({view.ui_url}/artifacts/key/{case_artifact_key(case_id)})"
    who = f"{first['severity']}, {first['problem']}, {first['agent'] or 'no agent'}, closed {_clock(first['at'])}"
    lines = [f"### {number}", "", f"{who}.", "", "| clause | demanded | verdict | evidence |", "|---|---|---|---|"]
    for step, demand in DEMANDS.items():
        for row in mine[mine["step"] == step].itertuples():
            nothing = "nothing in the journal" if row.verdict == SKIPPED else "by its clock"
            proof = nothing if isnan(row.entry) else f"{_clock(row.when)}, journal {int(row.entry)}"
            lines.append(f"| {demand.clause} | {demand.says} | {SIGNS[row.verdict]} | {proof} |")
    return [*lines, ""]


def _clock(at: float) -> str:
    return f"{moment(at).astimezone(JAKARTA):%d %b %H:%M} WIB"
