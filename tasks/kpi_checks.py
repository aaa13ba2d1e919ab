"""Great Expectations over reckoned KPIs: no figure outside its possible range, and sums that agree between dimensions.

The library takes seconds to import, so it is imported where the first figures of a process are checked.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from models.kpi_tables import ALL, KEY
from tasks.checks import quiet_great_expectations

EXPECTATIONS: tuple[tuple[str, dict[str, Any], str], ...] = (
    ("CompoundColumnsToBeUnique", {"column_list": list(KEY)}, "stands there twice"),
    ("ColumnValuesToBeBetween", {"column": "value", "min_value": 0}, "is below 0"),
    ("ColumnValuesToBeBetween", {"column": "share", "min_value": 0, "max_value": 1}, "is no share from 0 to 1"),
    ("ColumnValuesToBeBetween", {"column": "denominator", "min_value": 0}, "has a denominator below 0"),
    ("ColumnValuesToBeBetween", {"column": "rise", "min_value": 0}, "is below a lower percentile of the same times"),
    (
        "ColumnPairValuesToBeEqual",
        {"column_A": "numerators", "column_B": "numerator_of_all", "ignore_row_if": "either_value_is_missing"},
        "does not add up: the numerators of its members are not that of all",
    ),
    (
        "ColumnPairValuesToBeEqual",
        {"column_A": "denominators", "column_B": "denominator_of_all", "ignore_row_if": "either_value_is_missing"},
        "does not add up: the denominators of its members are not that of all",
    ),
)
"""Great Expectations' name, its arguments, and what is wrong with a figure that fails it."""
TOLD = 20


def implausible(figures: pd.DataFrame) -> list[str]:
    """What is impossible about figures, a sentence each, at most `TOLD` of them; empty when they can be stored.

    Raises:
        RuntimeError: Great Expectations could not evaluate an expectation (nothing is stored unchecked).
    """
    quiet_great_expectations()
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    frame = _frame(figures)
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    batch = (
        context.data_sources.add_pandas("kpis")
        .add_dataframe_asset("figures")
        .add_batch_definition_whole_dataframe("all")
        .get_batch(batch_parameters={"dataframe": frame})
    )
    made = [
        getattr(gx.expectations, f"Expect{name}")(**arguments, meta={"number": number})
        for number, (name, arguments, _) in enumerate(EXPECTATIONS)
    ]
    outcome = batch.validate(gx.ExpectationSuite(name="kpis", expectations=made), result_format="COMPLETE")
    wrong: list[str] = []
    for result in outcome.results:
        number = (getattr(result.expectation_config, "meta", None) or {})["number"]
        if "unexpected_index_list" not in result.result:
            raise RuntimeError(f"Great Expectations could not check {EXPECTATIONS[number][0]} of the KPIs")
        rows = frame.loc[list(result.result["unexpected_index_list"] or ())]
        wrong += [f"{_named(row)} {EXPECTATIONS[number][2]}" for _, row in rows.iterrows()]
    return wrong[:TOLD]


def _frame(figures: pd.DataFrame) -> pd.DataFrame:
    """The figures with what they are compared with: sums in whole thousandths, so that no rounding counts."""
    frame = figures.reset_index(drop=True)
    frame = frame.assign(share=frame["value"].where(frame["statistic"] == "share"), rise=_rise(frame))
    of_all = frame[frame["dimension"] == ALL].groupby(["day", "kpi", "statistic"])
    each = frame[frame["dimension"] != ALL].groupby(["day", "kpi", "statistic", "dimension"])
    keys = pd.MultiIndex.from_frame(frame[["day", "kpi", "statistic", "dimension"]])
    once = ~keys.duplicated()
    for name in ("numerator", "denominator"):
        sums = (each[name].sum(min_count=1) * 1000).round()
        frame[f"{name}s"] = sums.reindex(keys).where(once).to_numpy()
        totals = (of_all[name].first() * 1000).round()
        frame[f"{name}_of_all"] = totals.reindex(keys.droplevel("dimension")).to_numpy()
    return frame


def _rise(frame: pd.DataFrame) -> pd.Series[float]:
    """How much a percentile is above the one below it of the same times."""
    ranks = frame[frame["statistic"].str.startswith("p")].sort_values("statistic", kind="stable")
    return ranks.groupby(["day", "kpi", "dimension", "member"])["value"].diff().reindex(frame.index)


def _named(row: pd.Series[Any]) -> str:
    member = "" if row["dimension"] == ALL else f" by {row['dimension']}, {row['member']}"
    return f"{row['kpi']} ({row['statistic']}){member} on {row['day']}: {row['value']}"
