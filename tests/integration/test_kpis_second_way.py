"""The same figures by a second, independent way: plain SQL over a generated month, equal to the last digit."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import Engine, text

from models.database import open_engine
from models.kpi_reckoning import Reckoned, reckon
from models.kpi_tables import days
from models.unit_hours import JAKARTA
from tasks.desk_data import units
from tasks.kpi_checks import implausible
from tasks.kpis import kpis
from tests.kpi_records import month
from tests.kpi_sql import COUNTS, FAIRNESS, HANDLED, OPEN_AT, SHARES, TIMES
from tests.servers import ROOT

OCTOBER = days(date(2026, 10, 1), date(2026, 10, 31), JAKARTA)
NOW = datetime(2026, 11, 3, tzinfo=UTC)
AT, TO = "'2026-09-30 17:00:00'", "'2026-10-31 17:00:00'"
"""October in Jakarta, in UTC."""
DAY = {"sqlite": "date({}, '+7 hours')", "postgresql": "CAST(({} AT TIME ZONE 'Asia/Jakarta') AS date)"}
MILLIS = {
    "sqlite": "CAST(round((julianday({}) - 2440587.5) * 86400000) AS INTEGER)",
    "postgresql": "CAST(round(extract(epoch FROM {}) * 1000) AS bigint)",
}
AGENT = {"sqlite": "json_extract(detail, '$.agent')", "postgresql": "detail ->> 'agent'"}


def spelled(engine: Engine, sql: str) -> str:
    """The SQL as this database says it."""
    dialect = engine.dialect.name
    owned = " UNION ALL ".join(
        f"SELECT '{problem}' AS problem, '{unit.code}' AS unit"
        for unit in units().values()
        for problem in unit.problems
    )
    named = {"@units@": owned, "@day@": DAY[dialect].format("at"), "@agent@": AGENT[dialect]}
    for name, meant in named.items():
        sql = sql.replace(name, meant)
    return re.sub("@([^@]+)@", lambda found: MILLIS[dialect].format(found[1]), sql)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def generated(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Engine, Reckoned]]:
    """A month of 3,000 cases in each database, and what pandas makes of it."""
    from tests.servers import postgres_database

    if request.param == "sqlite":
        import shutil

        path = tmp_path_factory.mktemp("month") / "care.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        yield _filled(f"sqlite:///{path}")
        return
    with postgres_database("care_month", request.getfixturevalue("postgres_template")) as url:
        engine, reckoned = _filled(url.render_as_string(hide_password=False))
        yield engine, reckoned
        engine.dispose()


def _filled(url: str) -> tuple[Engine, Reckoned]:
    engine = open_engine(url)
    month(3_000, datetime(2026, 9, 29, tzinfo=UTC)).write(engine)
    with engine.connect() as connection:
        return engine, reckon(connection, kpis(), units(), OCTOBER, NOW)


def by_sql(engine: Engine, sql: str, **given: Any) -> list[tuple[Any, ...]]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(spelled(engine, sql)), given)]


def by_pandas(reckoned: Reckoned, kpi: str, statistic: str, *columns: str) -> list[tuple[Any, ...]]:
    found = reckoned.figures
    mine = found[(found["kpi"] == kpi) & (found["statistic"] == statistic) & (found["dimension"] == "all")]
    return [tuple(row) for row in mine[["day", *columns]].itertuples(index=False)]


def a_day_each(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return sorted((str(row[0]), *(float(value) for value in row[1:])) for row in rows)


@pytest.mark.parametrize("kpi", SHARES)
def test_shares(generated: tuple[Engine, Reckoned], kpi: str) -> None:
    engine, reckoned = generated
    day = DAY[engine.dialect.name].format("at")
    found = by_sql(
        engine,
        f"SELECT {day}, sum(num), sum(den), CAST(sum(num) AS double precision) / sum(den) FROM ({SHARES[kpi]}) o"
        f" WHERE at >= {AT} AND at < {TO} GROUP BY 1",
    )
    measured = [row for row in by_pandas(reckoned, kpi, "share", "numerator", "denominator", "value") if row[2]]
    assert a_day_each(found) == a_day_each(measured)
    assert len(found) > 20


@pytest.mark.parametrize("kpi", COUNTS)
def test_counts(generated: tuple[Engine, Reckoned], kpi: str) -> None:
    engine, reckoned = generated
    day = DAY[engine.dialect.name].format("at")
    found = by_sql(engine, f"SELECT {day}, count(*) FROM ({COUNTS[kpi]}) o WHERE at >= {AT} AND at < {TO} GROUP BY 1")
    measured = [row for row in by_pandas(reckoned, kpi, "count", "value") if row[1]]
    assert a_day_each(found) == a_day_each(measured)
    assert len(found) > 20


def compare_times(generated: tuple[Engine, Reckoned], kpi: str, spans: str) -> None:
    """Sums, means and nearest-rank percentiles of `spans` (at, span in ms), day by day."""
    engine, reckoned = generated
    day = DAY[engine.dialect.name].format("at")
    inside = f"SELECT {day} AS day, span FROM ({spans}) o WHERE at >= {AT} AND at < {TO}"
    total = "CAST(sum(span) AS double precision) / 1000"
    found = by_sql(engine, f"SELECT day, {total}, count(*), {total} / count(*) FROM ({inside}) s GROUP BY 1")
    measured = [row for row in by_pandas(reckoned, kpi, "mean", "numerator", "denominator", "value") if row[2]]
    assert a_day_each(found) == a_day_each(measured)
    assert len(found) > 20
    for name, percent in (("p50", 50), ("p90", 90), ("p95", 95)):
        ranked = (
            f"SELECT day, span, row_number() OVER (PARTITION BY day ORDER BY span) AS place,"
            f" count(*) OVER (PARTITION BY day) AS of_all FROM ({inside}) s"
        )
        found = by_sql(
            engine, f"SELECT day, span / 1000.0 FROM ({ranked}) r WHERE place = ({percent} * of_all + 99) / 100"
        )
        measured = [row for row in by_pandas(reckoned, kpi, name, "value") if row[1] == row[1]]
        assert a_day_each(found) == a_day_each(measured), name


@pytest.mark.parametrize("kpi", TIMES)
def test_times(generated: tuple[Engine, Reckoned], kpi: str) -> None:
    compare_times(generated, kpi, f"SELECT at, @until@ - @since@ AS span FROM ({TIMES[kpi]}) o")


def test_handle_time(generated: tuple[Engine, Reckoned]) -> None:
    compare_times(generated, "handle_time", HANDLED)


def test_backlog_at_the_end_of_each_day(generated: tuple[Engine, Reckoned]) -> None:
    engine, reckoned = generated
    measured = dict(by_pandas(reckoned, "backlog", "count", "value"))
    for name, end in zip(OCTOBER.names, OCTOBER.edges[1:], strict=True):
        moment = datetime.fromtimestamp((end - 1) / 1000, UTC)
        given = f"{moment:%Y-%m-%d %H:%M:%S.%f}" if engine.dialect.name == "sqlite" else moment
        assert by_sql(engine, OPEN_AT, end=given) == [(measured[name],)]


def test_fairness(generated: tuple[Engine, Reckoned]) -> None:
    engine, reckoned = generated
    every_day = by_pandas(reckoned, "fairness", "share", "numerator", "denominator")
    measured = a_day_each([row for row in every_day if row[2]])
    inside = {name for name, *_ in measured}
    assert [row for row in a_day_each(by_sql(engine, FAIRNESS)) if row[0] in inside] == measured


def test_every_kpi_is_reckoned_a_second_time() -> None:
    by_hand = {"conformance"}  # of verdicts on single cases: tests/integration/test_conformance.py
    assert {*SHARES, *COUNTS, *TIMES, "handle_time", "backlog", "fairness"} == set(kpis()) - by_hand


def test_by_agent_with_the_views(generated: tuple[Engine, Reckoned]) -> None:
    """What an analyst asks of `v_cases` is what the desk has reckoned."""
    engine, reckoned = generated
    found = by_sql(
        engine,
        "SELECT opened_day, region, count(*), min(to_assignment_s) FROM v_cases"
        f" WHERE opened_at >= {AT} AND opened_at < {TO} GROUP BY 1, 2",
    )
    table = reckoned.figures
    mine = table[(table["kpi"] == "complaints") & (table["dimension"] == "region")]
    by_region = {(row.day, row.member): row.value for row in mine.itertuples()}
    assert {(str(day), region or "none"): count for day, region, count, _ in found} == by_region


def test_the_month_is_plausible_and_a_wrong_figure_is_not(generated: tuple[Engine, Reckoned]) -> None:
    _, reckoned = generated
    assert implausible(reckoned.figures) == []
    wrong = reckoned.figures.copy()
    share = wrong.index[(wrong["statistic"] == "share") & (wrong["value"] > 0)][0]
    wrong.loc[share, "value"] = 1.5
    (told,) = implausible(wrong)
    assert "is no share from 0 to 1" in told
    wrong = reckoned.figures.copy()
    agent = wrong.index[(wrong["kpi"] == "workload") & (wrong["dimension"] == "agent")][0]
    wrong.loc[agent, "numerator"] += 1
    assert ["numerators of its members" in one for one in implausible(wrong)] == [True]
    wrong = reckoned.figures.copy()
    rank = wrong.index[(wrong["kpi"] == "handle_time") & (wrong["statistic"] == "p95")][0]
    wrong.loc[rank, "value"] = 0.001
    assert any("below a lower percentile" in one for one in implausible(wrong))
    assert any("stands there twice" in one for one in implausible(reckoned.figures.iloc[[0, 0]]))


def test_what_the_readme_asks_of_the_views_is_answered(generated: tuple[Engine, Reckoned]) -> None:
    engine, _ = generated
    (example,) = re.findall(r"^      (SELECT c\.region.*?;)$", (ROOT / "README.md").read_text("utf-8"), re.S | re.M)
    with engine.connect() as connection:
        found = {row[0]: float(row[1]) for row in connection.execute(text(example))}
    assert set(found) == {"Nasional", "Jawa Barat", None}
    assert all(0.4 < share < 1 for share in found.values())
