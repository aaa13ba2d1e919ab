"""Great Expectations over a reference file as a whole: what its rows must be, each with the sentence for who sent it.

The library takes seconds to import, so it is imported where the first file of a process is checked. The Data Docs it
writes show each file's expectations and what was found; they hold names out of the files and stay in `CARE_HOME`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from math import ceil
from pathlib import Path
from typing import Any, cast

from models.mentions import Platform
from models.reference_rows import FileRows, Refusal, shown
from tasks.checks import quiet_great_expectations
from tasks.reference_expectations import KnownNow, Must, moment, musts

SHRINKS_TO = 0.5
"""A file that is the whole list and has fewer than this share of the rows there are now was cut off, or is another."""


def check_files(
    files: Sequence[FileRows], now: KnownNow, docs: Path | None, *, shrinking: bool = False, each_row: bool = False
) -> None:
    """Check files that have been read; what fails is added to their `refusals`. `docs` takes the Data Docs.

    `shrinking` True lets a whole list have far fewer rows than there are now. `each_row` True refuses what is said of a
    person whose own row is refused; otherwise that mistake is told once.

    Raises:
        RuntimeError: Great Expectations could not evaluate an expectation (nothing is taken over unchecked).
    """
    context = _context(docs)
    for found in sorted(files, key=lambda one: one.kind.name != "staff"):
        if found.rows:
            found.refusals += _unexpected(context, found, musts(found.kind.name, now))
        if found.kind.whole and not shrinking:
            found.refusals += _shrunk(found, now.in_force.get(found.kind.name, 0))
        found.refusals.sort()
        if found.kind.name == "staff" and 0 not in found.refused_rows:
            told_once = bool(found.refusals) and not each_row
            now = replace(now, codes=None if told_once else {row["code"] for row in found.good()})
    if docs is not None:
        context.build_data_docs(site_names=["desk"])


def _shrunk(found: FileRows, in_force: int) -> list[Refusal]:
    """Why a whole list is not taken over: it is empty, or has far fewer good rows (of a roster: people) than now."""
    what = "people" if found.kind.name == "shifts" else "rows"
    good = found.good()
    count = len({row["code"] for row in good}) if found.kind.name == "shifts" else len(good)
    if count >= ceil(in_force * SHRINKS_TO) and (count or found.refusals):
        return []
    reason = (
        f"{count} {what} that can be taken over, and {in_force} are in force: a file of this kind is the whole list. "
        "Give all of it, or say that it may shrink"
    )
    return [Refusal(0, "", "", reason)]


def _context(docs: Path | None) -> Any:
    quiet_great_expectations()
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    if docs is not None:
        docs.mkdir(parents=True, exist_ok=True)
        site: dict[str, Any] = {
            "class_name": "SiteBuilder",
            "show_how_to_buttons": False,
            "store_backend": {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(docs.resolve())},
            "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
        }
        context.add_data_docs_site("desk", cast("Any", site))
    context.data_sources.add_pandas("reference")
    return context


def _unexpected(context: Any, found: FileRows, musts: Sequence[Must]) -> list[Refusal]:
    import great_expectations as gx
    import pandas

    name = found.kind.name
    asset = context.data_sources.get("reference").add_dataframe_asset(f"{name}-{len(context.suites.all())}")
    found.suite = asset.name
    expectations = [
        getattr(gx.expectations, f"Expect{must.name}")(
            **({} if "column_A" in must.arguments else {"column": must.column}),
            **must.arguments,
            notes=f"{must.column} {must.reason}",
            meta={"must": number},
        )
        for number, must in enumerate(musts)
    ]
    suite = context.suites.add(gx.ExpectationSuite(name=asset.name, expectations=expectations))
    data = asset.add_batch_definition_whole_dataframe("file")
    definition = gx.ValidationDefinition(name=asset.name, data=data, suite=suite)
    outcome = context.validation_definitions.add(definition).run(
        batch_parameters={"dataframe": pandas.DataFrame(_frame(found), dtype=object)},
        result_format={"result_format": "COMPLETE", "partial_unexpected_count": 20},
    )
    refusals: list[Refusal] = []
    for result in outcome.results:
        number = result.expectation_config.meta["must"]
        if "unexpected_index_list" not in result.result:
            raise RuntimeError(f"Great Expectations could not check {result.expectation_config.type} in {found.source}")
        unexpected = result.result.get("unexpected_index_list") or ()
        refusals += [_refusal(found, at, musts[number]) for at in unexpected]
    return refusals


def _refusal(found: FileRows, at: int, must: Must) -> Refusal:
    row = found.rows[at]
    if must.column == "same_as":
        return Refusal(found.numbers[at], found.kind.key[0], "", f"the same as row {row['same_as']}; remove one")
    shows = {"x_handle": "handle", "facebook_handle": "handle", "identified": "handle", "when": "days"}
    column = shows.get(must.column, "phone" if must.column == "reachable" else must.column)
    value = row.get(column)
    return Refusal(found.numbers[at], column, "" if value is None else shown(value), must.reason)


def _frame(found: FileRows) -> dict[str, list[Any]]:
    """The rows by column, days as moments, with the columns that several others make."""
    columns: dict[str, list[Any]] = {
        name: [_plain(row.get(name)) for row in found.rows] for name in (*found.kind.columns, "same_as")
    }
    for platform in Platform if "handle" in found.kind.columns else ():
        of_platform = zip(columns["platform"], columns["handle"], strict=True)
        columns[f"{platform.value}_handle"] = [handle if on == platform.value else None for on, handle in of_platform]
    for name, of, enough in (
        ("identified", ("handle", "external_id"), (1, 2)),
        ("when", ("days", "date"), (1,)),
        ("reachable", ("phone", "email"), (1, 2)),
    ):
        if set(of) <= set(columns):
            given = [sum(value is not None for value in values) for values in zip(*(columns[one] for one in of))]  # noqa: B905
            columns[name] = ["yes" if one in enough else None for one in given]
    return columns


def _plain(value: Any) -> Any:
    if isinstance(value, date):
        return moment(value)
    if isinstance(value, str):  # the Data Docs show it as it is: nothing in it may be a tag
        return value.replace("<", "‹").replace(">", "›")
    return " ".join(map(str, value)) if isinstance(value, tuple) else value
