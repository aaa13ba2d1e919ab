"""report-kpis as flow runs on a real Prefect server: what people do at the desk becomes figures, pages and files."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from prefect.artifacts import Artifact
from prefect.client.schemas.objects import State
from sqlalchemy import update

from flows.plan_capacity import plan_capacity
from flows.report_kpis import report_kpis
from flows.score_quality import score_quality
from flows.watch_cases import watch_cases
from models.cases import CaseRow
from models.database import write_transaction
from models.journal import entry, write_journal
from models.kpi_rows import KpiProgressRow, KpiRestatementRow, KpiRow
from models.unit_hours import JAKARTA
from tasks.desk_data import instruction
from tasks.settings import Settings
from tests.conftest import Desk
from tests.desk import act, agent_of, opened_case, people
from tests.support import rows

PAGES = (
    *("kpis", "kpis-4-1", "kpis-4-2", "kpis-4-3", "kpis-4-4", "kpis-across", "conformance"),
    *("kpis-agents", "kpis-leaders", "kpis-pics", "kpis-units"),
)


def artifact(key: str) -> str:
    found = Artifact.get(key, _sync=True)
    return str(found.data) if found else ""


def report(**request: Any) -> State[None]:
    return report_kpis({"do": "bring up to date", **request}, return_state=True)  # type: ignore[arg-type]


def values(desk: Desk, kpi: str, dimension: str = "all") -> dict[tuple[str, str], float | None]:
    return {
        (row["member"], row["statistic"]): row["value"]
        for row in rows(desk.engine, KpiRow)
        if (row["kpi"], row["dimension"]) == (kpi, dimension)
    }


def test_what_the_desk_did_becomes_figures_and_pages(desk: Desk) -> None:
    case = opened_case(desk)
    agent = agent_of(desk, case["id"])
    assert act("accept", case["id"], agent).is_completed()
    assert act("reply", case["id"], agent, text="Mohon maaf, kami periksa.", then="resolve").is_completed()
    assert act("close", case["id"], agent).is_completed()
    watch_cases()
    done = report()
    assert done.is_completed(), done.message
    assert str(done.message).startswith("1 cases had changed; 1 days reckoned")
    assert values(desk, "received_by_eligible_agent") == {("", "share"): 1.0}
    assert values(desk, "workload", "agent") == {(agent, "count"): 1.0}
    assert values(desk, "accepted_in_time") == {("", "share"): 1.0}
    assert values(desk, "conformance")["", "share"] == 1.0
    (answered,) = {row["denominator"] for row in rows(desk.engine, KpiRow) if row["kpi"] == "first_response_time"
                   and row["dimension"] == "all"}  # fmt: skip
    assert answered == 1
    for key in PAGES:
        assert artifact(key), key
    overview = artifact("kpis")
    assert "| ✔ | Received by an eligible agent | **100 %** | at least 100 % | 1 of 1 |" in overview
    assert "[C-000001](http://127.0.0.1:4200/artifacts/key/case-c-000001)" in artifact("kpis-agents")
    assert "data:image/svg+xml;base64," in artifact("kpis-4-1")
    assert "# Conformance: 100 % followed" in artifact("conformance")

    before = rows(desk.engine, KpiRow)
    again = report()
    assert str(again.message).startswith("0 cases had changed; 1 days reckoned, 0 figures written")
    assert rows(desk.engine, KpiRow) == before
    assert len(rows(desk.engine, KpiProgressRow)) == 1


def test_a_period_and_a_week_are_files_to_use_elsewhere(desk: Desk) -> None:
    opened = opened_case(desk)["opened_at"].astimezone(ZoneInfo("Asia/Makassar"))  # an hour ahead of Jakarta
    today = opened.date().isoformat()
    asked = {"do": "report a period", "first_day": today, "last_day": today, "dimension": "hour"}
    done = report(**asked, time_zone="Asia/Makassar")
    assert done.is_completed(), done.message
    assert rows(desk.engine, KpiRow) == []  # nothing is stored of a period by hand
    folder = Settings().home / "docs" / "kpis" / f"{today}_{today}_Asia-Makassar"
    table, same = pd.read_csv(folder / "kpis.csv"), pd.read_parquet(folder / "kpis.parquet")
    assert len(table) == len(same) > 100
    complaints = table[(table["kpi"] == "complaints") & (table["dimension"] == "all")]
    assert complaints["value"].tolist() == [1]
    meant = pd.read_csv(folder / "dictionary.csv").set_index("kpi")
    assert set(table["kpi"]) <= set(meant.index)
    explained = pd.read_csv(folder / "columns.csv")
    assert set(table.columns) == set(explained[explained["where"] == "kpis"]["name"])
    assert f"| {opened:%H} | 1 |" in artifact("kpis-period")
    assert f"{Settings().docs_url}/kpis/{folder.name}/kpis.csv" in artifact("kpis-period")

    assert report(do="report a week", week_of=today).is_completed()
    (week,) = (Settings().home / "docs" / "kpis").glob("week-*")
    assert (week / "report.pdf").read_bytes().startswith(b"%PDF")
    assert "Received by an eligible agent" in (week / "report.html").read_text("utf-8")
    assert (week / "report.html").read_text("utf-8").count("data:image/svg+xml") == 5
    assert f"{week.name}/report.pdf" in artifact("kpis-week")


def test_a_period_that_is_none_is_refused_with_the_field(desk: Desk) -> None:
    far = report(do="report a period", first_day="2999-01-01")
    assert far.name == "Refused"
    assert "first_day: 2999-01-01 is after" in str(far.message)
    wide = report(do="report a period", first_day="2024-01-01", last_day="2026-01-01")
    assert "first_day: 732 days are too many for one report; at most 92" in str(wide.message)


def test_impossible_figures_are_neither_stored_nor_shown(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    case = opened_case(desk)
    assert report().is_completed()
    shown, stored = artifact("kpis"), rows(desk.engine, KpiRow)
    with write_transaction(desk.engine) as connection:  # opened after it was assigned: a time below nothing
        later = case["opened_at"].replace(microsecond=0) + (datetime.now(UTC) - case["opened_at"]) * 2
        connection.execute(update(CaseRow).values(opened_at=later))
    wrong = report()
    assert wrong.is_failed()
    assert str(wrong.message).startswith("Implausible, neither stored nor published: ")
    assert "time_to_assignment" in str(wrong.message)
    assert "is below 0" in str(wrong.message)
    assert (artifact("kpis"), rows(desk.engine, KpiRow)) == (shown, stored)


def test_killed_between_two_stretches_the_next_report_ends_it(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    opened_case(desk)

    class Killed(BaseException):
        pass

    def dies(*_: Any) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr("models.kpi_changes.remember", dies)
        with pytest.raises(Killed):
            report()
    stored = rows(desk.engine, KpiRow)
    assert stored
    assert rows(desk.engine, KpiProgressRow) == []
    done = report()
    assert str(done.message).startswith("1 cases had changed")
    assert len(rows(desk.engine, KpiRow)) == len(stored)
    assert rows(desk.engine, KpiRestatementRow) == []


def test_the_files_are_whole_or_not_there(desk: Desk) -> None:
    from tasks.kpi_exports import kpi_folder, write_report

    def half(folder: Path) -> None:
        (folder / "kpis.csv").write_text("half")
        raise OSError("disk full")

    assert list(write_report("one", lambda folder: (folder / "a.csv").write_text("x") and None)) == ["a.csv"]
    with pytest.raises(OSError, match="disk full"):
        write_report("one", half)
    assert [path.name for path in kpi_folder().iterdir()] == ["one"]
    assert [path.name for path in (kpi_folder() / "one").iterdir()] == ["a.csv"]


def test_a_sampled_case_is_scored_by_its_form_and_capacity_is_planned(desk: Desk) -> None:
    case = opened_case(desk)
    agent = agent_of(desk, case["id"])
    assert act("reply", case["id"], agent, text="Mohon maaf, kami periksa.", then="resolve").is_completed()
    assert act("close", case["id"], agent).is_completed()
    assert report().is_completed()
    assert artifact("quality-sample").startswith("# 1 cases to score")
    wrong = score_quality({"case": "C-000001", "score": 90, "by": agent}, return_state=True)  # type: ignore[arg-type]
    assert wrong.name == "Refused"
    assert f"by: {agent} is an agent" in str(wrong.message)
    leader = people(desk).told("team_leader")[0]
    done = score_quality({"case": "C-000001", "score": 90, "by": leader}, return_state=True)  # type: ignore[arg-type]
    assert done.is_completed(), done.message
    assert "its sample is complete" in str(done.message)
    assert artifact("quality-sample").startswith("# 0 cases to score")

    today = datetime.now(JAKARTA)
    shift = {"shift_from": 0, "shift_to": 24, "first_day": today.date(), "last_day": today.date()}
    planned = plan_capacity(shift, return_state=True)  # type: ignore[arg-type]
    assert planned.is_completed(), planned.message
    assert "agents for 95 % within 5 min, 00:00 to 24:00 WIB" in artifact("capacity")
    assert "1 complaints came in these hours" in artifact("capacity")
    night = plan_capacity({"shift_from": 20, "shift_to": 6}, return_state=True)  # type: ignore[arg-type]
    assert (night.name, "shift_to: must be after" in str(night.message)) == ("Refused", True)


def test_what_late_data_changed_is_shown(desk: Desk) -> None:
    case = opened_case(desk)
    assert report().is_completed()
    yesterday = datetime.now(JAKARTA).date() - timedelta(days=1)
    with write_transaction(desk.engine) as connection:  # as if it had been reckoned when that day was over
        connection.execute(update(KpiRow).values(day=yesterday))
    then = datetime.combine(yesterday, time(12), JAKARTA).astimezone(UTC)
    made = entry(then, "leader_advised", "5.3.2b", instruction(), {}, case_id=case["id"], actor="TL1")
    with write_transaction(desk.engine) as connection:
        write_journal(connection, [made])
    done = report()
    assert done.is_completed(), done.message
    assert "## Changed by late data" in artifact("kpis")
    assert f"| {yesterday:%d %b %Y} | Directions given | 0 | 1 |" in artifact("kpis")
