"""Files of KPIs in `CARE_HOME/docs/kpis`, where the desk's pages are served: CSV, Parquet and what they mean."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pandas as pd

from models.kpi_definitions import Kpis
from models.kpi_exports import columns_explained, dictionary, export_table
from models.work_instruction import WorkInstruction
from tasks.settings import Settings

KEPT = 60
"""Reports whose files are kept; the oldest go."""


def kpi_folder() -> Path:
    """Where reports leave their files."""
    return Settings().home / "docs" / "kpis"


def write_report(name: str, write: Callable[[Path], None]) -> dict[str, str]:
    """Have `write` fill the folder of a report, whole or not at all; the address of each file by its name."""
    home = kpi_folder()
    home.mkdir(parents=True, exist_ok=True)
    made, folder = home / f".{uuid4().hex}", home / name
    made.mkdir()
    try:
        write(made)
        shutil.rmtree(folder, ignore_errors=True)
        made.rename(folder)
    finally:
        shutil.rmtree(made, ignore_errors=True)
    reports = sorted((one for one in home.iterdir() if one.name[0] != "."), key=lambda one: one.stat().st_mtime)
    for old in reports[:-KEPT]:
        shutil.rmtree(old, ignore_errors=True)
    return {one.name: f"{Settings().docs_url}/kpis/{name}/{one.name}" for one in sorted(folder.iterdir())}


def write_figures(folder: Path, figures: pd.DataFrame, kpis: Kpis, instruction: WorkInstruction) -> None:
    """The figures as CSV (Excel reads it as UTF-8) and Parquet, with `dictionary.csv` and `columns.csv`."""
    table = export_table(figures, kpis)
    table.to_csv(folder / "kpis.csv", index=False, encoding="utf-8-sig")
    table.to_parquet(folder / "kpis.parquet", index=False)
    dictionary(kpis, instruction).to_csv(folder / "dictionary.csv", index=False, encoding="utf-8-sig")
    columns_explained().to_csv(folder / "columns.csv", index=False, encoding="utf-8-sig")
