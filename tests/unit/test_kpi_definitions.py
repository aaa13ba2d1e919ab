"""data/kpis.yaml: every KPI is defined, by what the code measures, and a wrong file is refused with its line."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest

from models.kpi_charts import sparkline
from models.kpi_definitions import DIMENSIONS, SHAPES, KpisError, load_kpis
from models.kpi_pages import CLAUSES
from models.kpi_words import NAMES, basis, duration, figure, mark, met, target_words
from tasks.desk_data import instruction
from tasks.kpi_forms import Dimension
from tasks.settings import ROOT

FILE = Path(ROOT) / "data" / "kpis.yaml"
KPIS = load_kpis(FILE)


def test_every_kpi_has_its_definition_in_the_order_of_the_clauses() -> None:
    assert set(KPIS) == set(SHAPES)
    clauses = [kpi.clause for kpi in KPIS.values()]
    assert sorted(clauses, key=CLAUSES.index) == clauses
    assert set(clauses) == set(CLAUSES)
    assert set(NAMES) == set(DIMENSIONS)


def test_targets_come_from_the_file_or_from_the_work_instruction() -> None:
    rules = instruction()
    assert KPIS["time_to_acceptance"].target_value(rules) == rules.assignment.accept_within.total_seconds()
    assert KPIS["time_to_assignment"].target_value(rules) == 60
    assert KPIS["accepted_in_time"].target_value(rules) == 0.95
    assert KPIS["takeovers"].target_value(rules) is None
    assert (KPIS["time_to_assignment"].headline, KPIS["handle_time"].headline) == ("p95", "p50")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("  workload:\n", "  work:\n", "work: no such KPI; known: received_by"),
        ("  workload:\n", "  work:\n", "workload: is missing; every KPI needs its entry"),
        ("    name: Workload\n", "", "workload.name: is missing; write it"),
        ("    name: Workload\n", "    nome: Workload\n", "workload.nome: no such entry"),
        ("    better: neither\n    by: [agent, severity, hour]\n", "    better: more\n", "workload.better: "),
        ("    by: [clock, agent,", "    by: [moon, agent,", "sla_attainment.by: cannot be broken down by moon; could"),
        ("    limit: 8 h\n", "    limit: soon\n", "looks_in_time.limit: write a duration"),
        ("setting: accept_within", "setting: accept_soon", "the work instruction has no time called 'accept_soon'"),
        ("{value: 0.95, source: this site's choice}", "{value: 95, source: x}", "the value of a share is from 0 to 1"),
        ("{value: 1 min, of: p95,", "{value: 1 min,", "time_to_assignment.target: of: say of which statistic"),
        ("{value: 1 min, of: p95,", "{of: p95,", "time_to_assignment.target: give either a value or a setting"),
        ("    denominator: cases assigned\n", "", "time_to_assignment.denominator: a count has none"),
        ("kpis:\n", "kpi:\n", "expected `quality:`, and `kpis:` with"),
        ("  cases_a_month: 5\n", "  cases_a_month: many\n", "quality.cases_a_month: "),
        ("  target: 85\n", "  target: 850\n", "quality.target: "),
    ],
)  # fmt: skip
def test_a_wrong_file_is_refused_with_the_line(tmp_path: Path, old: str, new: str, told: str) -> None:
    text = FILE.read_text("utf-8")
    assert old in text
    path = tmp_path / "kpis.yaml"
    path.write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(KpisError) as raised:
        load_kpis(path)
    assert told in str(raised.value)
    assert f"{path}:" in str(raised.value)


def test_a_limit_where_none_is_compared_with_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "kpis.yaml"
    path.write_text(FILE.read_text("utf-8").replace("    name: Workload\n", "    name: Workload\n    limit: 1 h\n"))
    with pytest.raises(KpisError, match=r"workload\.limit: it compares with no time"):
        load_kpis(path)


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        *((0.0, "0.0 s"), (9.94, "9.9 s"), (59.0, "59 s"), (60, "1 min"), (250, "4 min 10 s"), (7500, "2 h 5 min")),
        *((86_400, "1 d"), (100_000, "1 d 3 h")),
    ],
)
def test_times_in_words(seconds: float, told: str) -> None:
    assert duration(seconds) == told


def test_figures_in_words() -> None:
    share, count, time = KPIS["accepted_in_time"], KPIS["takeovers"], KPIS["time_to_assignment"]
    assert (figure("share", 0.975), figure("count", 1200), figure("s", 90), figure("s", None)) == (
        *("97.5 %", "1,200", "1 min 30 s", "–"),
    )
    assert (mark(share, 0.95, 0.95), mark(share, 0.9, 0.95), mark(time, 61, 60), mark(count, 3, None)) == (
        *("✔", "✘", "✘", ""),
    )
    assert met(share, float("nan"), 0.95) is None
    assert (target_words(share, 0.95), target_words(time, 60), target_words(count, None)) == (
        *("at least 95 %", "within 1 min", "–"),
    )
    assert (basis(share, 49, 50), basis(time, 1, 12), basis(count, 3, None)) == ("49 of 50", "12 measured", "")


def test_a_sparkline_goes_from_lowest_to_highest() -> None:
    assert sparkline([1, None, 4.5, 8]) == "▁·▅█"
    assert sparkline([2, 2]) == "▁▁"
    assert sparkline([None, None]) == ""


def test_the_form_offers_every_dimension() -> None:
    assert sorted(get_args(Dimension)) == sorted(DIMENSIONS)
