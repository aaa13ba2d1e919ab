"""The KPIs as the Prefect UI draws them in Chromium: overview, pages, forms; and the week's report on its own."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from flows.report_kpis import report_kpis
from models.accounts import WatchedAccountRow
from models.database import open_engine, write_transaction
from tasks.settings import Settings
from tests.conftest import Desk
from tests.follow_ups import units_at_work
from tests.journeys.test_report_kpis import PAGES
from tests.kpi_records import month
from tests.ui.test_desk_forms import look
from tests.ui.test_records_forms import open_form_named, tabs
from tests.ui.test_revision_artifacts import open_artifact

HOSTILE = "<img src=x onerror=alert(1)> [Jawa](javascript:alert(2)) | *Barat*"


@pytest.fixture
def reported(prefect_server: str, sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A month of 900 cases until now, reported; the address of its Prefect UI is the settings'."""
    for name, value in {
        **{"CARE_HOME": str(tmp_path), "CARE_DATABASE_URL": sqlite_url},
        **{"CARE_UI_URL": prefect_server.removesuffix("/api")},
    }.items():
        monkeypatch.setenv(name, value)
    engine = open_engine(sqlite_url)
    month(900, datetime.now(UTC) - timedelta(days=30)).write(engine)
    with write_transaction(engine) as connection:
        connection.execute(update(WatchedAccountRow).where(WatchedAccountRow.id == 2).values(region=HOSTILE))
    done = report_kpis(return_state=True)
    assert done.is_completed(), done.message
    yield engine
    engine.dispose()


@pytest.mark.timeout(900)
def test_every_page_is_drawn_as_it_is_meant(reported: Any, prefect_server: str, page: Any) -> None:
    desk = Desk("", reported, None, prefect_server)  # type: ignore[arg-type]
    heads = {"kpis": "targets met", "conformance": "followed", "kpis-agents": "By agent", "kpis-units": "By unit"}
    for key in PAGES:
        shown = open_artifact(page, desk, key, heads.get(key, "Time to" if key == "kpis-4-1" else "WIB"))
        look(page, key)
        assert "\\" not in shown, key
        assert page.locator("article img").evaluate_all("all => all.every(one => one.naturalWidth > 100)")
        assert page.locator("article script, article iframe").count() == 0
    assert "Received by an eligible agent" in open_artifact(page, desk, "kpis", "targets met")
    overview = page.locator("table").first.bounding_box()
    assert overview["x"] + overview["width"] <= 1500
    page.get_by_role("link", name="across", exact=True).first.click()
    page.get_by_text("Complaints of Priority customers").first.wait_for()
    shown = open_artifact(page, desk, "kpis-across", "Complaints of Priority customers")
    assert HOSTILE in " ".join(shown.split())
    assert page.locator("article img[src=x]").count() == 0
    assert page.locator("article em").count() == 0


@pytest.mark.timeout(600)
def test_the_week_is_fit_to_print(reported: Any, page: Any) -> None:
    done = report_kpis({"do": "report a week"}, return_state=True)  # type: ignore[arg-type]
    assert done.is_completed(), done.message
    (week,) = (Settings().home / "docs" / "kpis").glob("week-*")
    page.goto(f"file://{week}/report.html")
    page.get_by_role("heading", name="Clause 4.1").wait_for()
    look(page, "kpis-week")
    pictures = page.locator("img").evaluate_all("all => all.map(one => one.naturalWidth)")
    assert len(pictures) == 5
    assert min(pictures) > 500
    page.emulate_media(media="print")
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    printed = page.pdf(format="A4", landscape=True)
    assert printed.startswith(b"%PDF")
    assert (week / "report.pdf").stat().st_size > 50_000


@pytest.mark.timeout(600)
def test_the_forms_explain_themselves(desk: Desk, page: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CARE_UI_URL", desk.api_url.removesuffix("/api"))
    with units_at_work(desk, tmp_path, monkeypatch, "--name", "by-hand", "--name", "desk"):
        open_form_named(page, "report-kpis/by-hand", "Bring up to date")
        assert tabs(page) == ["Bring up to date", "A period", "The week to print"]
        look(page, "kpis-form")
        for tab, told in (
            ("A period", "Empty: the first of this month."),
            ("The week to print", "Empty: as chosen above."),
        ):
            page.locator(".p-button-group").first.get_by_role("button", name=tab).click()
            page.get_by_text(told).first.wait_for()
            look(page, f"kpis-form-{tab.split()[-1]}")
        open_form_named(page, "plan-capacity/by-hand", "Share in time")
        look(page, "capacity-form")
        open_form_named(page, "score-quality/desk", "From 0 to 100")
        look(page, "quality-form")
