"""KPIs to use elsewhere: what their columns and codes mean, as tables that go along with the figures."""

from __future__ import annotations

import pandas as pd

from models.kpi_definitions import Kpis
from models.kpi_words import NAMES
from models.reporting_views import views
from models.work_instruction import WorkInstruction

FIGURE_COLUMNS = {
    "day": "The day, or the period as first/last day.",
    "kpi": "The KPI's code; dictionary.csv says what it means.",
    "name": "What people call it.",
    "clause": "4.1 to 4.4, or across.",
    "statistic": "share, count, mean, p50, p90 or p95 (nearest-rank).",
    "dimension": "What it is broken down by; all: not.",
    "member": "The member of the dimension; none: what belongs to nobody.",
    "numerator": "What is counted above the line; of mean the sum of the times in seconds; percentiles have none.",
    "denominator": "What is counted below the line; of times how many there are; counts have none.",
    "value": "The figure: a share from 0 to 1, a count, or seconds. Empty: nothing was measured.",
    "unit": "share, count or s.",
}


def export_table(figures: pd.DataFrame, kpis: Kpis) -> pd.DataFrame:
    """The figures with the columns `FIGURE_COLUMNS`; no member can be taken for a formula by a spreadsheet."""
    named = {code: (kpi.name, kpi.clause, kpi.unit) for code, kpi in kpis.items()}
    made = figures.assign(
        **{name: figures["kpi"].map({code: one[place] for code, one in named.items()}) for name, place in _PLACES}
    )
    member = made["member"].astype(str)
    risky = member.str.match(r"[=+\-@\t\r]")
    return made.assign(member=member.where(~risky, "'" + member))[list(FIGURE_COLUMNS)]


_PLACES = (("name", 0), ("clause", 1), ("unit", 2))


def dictionary(kpis: Kpis, instruction: WorkInstruction) -> pd.DataFrame:
    """What each KPI means: a row each."""
    return pd.DataFrame(
        [
            {
                **{"kpi": kpi.code, "name": kpi.name, "clause": kpi.clause, "formula": kpi.formula},
                **{"numerator": kpi.numerator, "denominator": kpi.denominator or "", "counted_on": kpi.day},
                **{"unit": kpi.unit, "statistics": " ".join(kpi.shape.statistics), "better": kpi.better},
                "target": kpi.target_value(instruction),
                "target_of": kpi.headline if kpi.target else "",
                "target_source": kpi.target.source if kpi.target else "",
                "limit_s": kpi.limit.total_seconds() if kpi.limit else None,
                "dimensions": " ".join(kpi.by),
            }
            for kpi in kpis.values()
        ]
    )


def columns_explained() -> pd.DataFrame:
    """What each column of the exported figures, each dimension and each column of the views means: a row each."""
    rows = [("kpis", name, says) for name, says in FIGURE_COLUMNS.items()]
    rows += [("dimension", name, f"By {words}.") for name, words in NAMES.items()]
    rows += [(view.name, column.name, column.says) for view in views("sqlite") for column in view.columns]
    return pd.DataFrame(rows, columns=["where", "name", "says"])
