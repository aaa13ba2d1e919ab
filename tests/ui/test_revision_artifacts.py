"""The work instruction's page and a case explained, as the Prefect UI draws them in Chromium."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from prefect.artifacts import Artifact

from flows.explain_case import explain_case
from models.case_actions import Acted
from tasks.case_files import publish_case_file_of
from tasks.revisions import register_instruction
from tests.conftest import Desk
from tests.desk import act, agent_of, opened_case
from tests.journeys.test_revisions import HERE, in_place
from tests.support import HARD_COMPLAINT
from tests.ui.test_desk_forms import link, look


def open_artifact(page: Any, desk: Desk, key: str, words: str) -> Any:
    """Open the latest version of an artifact, and wait for these words; its text."""
    found = Artifact.get(key, _sync=True)
    assert found is not None
    page.goto(f"{desk.api_url.removesuffix('/api')}/artifacts/artifact/{found.id}")
    page.get_by_text(words).first.wait_for()
    return page.locator("body").inner_text()


def test_both_are_drawn_as_they_are_meant(
    desk: Desk, page: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CARE_UI_URL", desk.api_url.removesuffix("/api"))
    register_instruction()
    opened = opened_case(desk, HARD_COMPLAINT)
    agent = agent_of(desk, opened["id"])
    assert act("reply", opened["id"], agent, text="Mohon maaf, kami periksa.").is_completed()
    with in_place(HERE, tmp_path / "later"):
        register_instruction()
        publish_case_file_of(Acted(opened["id"], "", refused=False))
        assert explain_case("C-000001", return_state=True).is_completed()

    shown = open_artifact(page, desk, "work-instruction", "Clauses and their settings")
    look(page, "work-instruction")
    assert "\\" not in shown
    tables = page.locator("table")
    assert tables.nth(0).locator("tbody tr").count() == 2
    assert tables.nth(1).locator("tbody tr").count() >= 7
    for table in tables.all():
        box = table.bounding_box()
        assert box["x"] + box["width"] <= 1500
    shown = open_artifact(page, desk, "explained-c-000001", "C-000001 explained")
    look(page, "explained")
    assert "\\" not in shown
    assert "Different today" in shown
    assert "WIB" in shown
    page.goto(link(page, "work instruction"))
    page.get_by_text("and the register of its revisions").first.wait_for()
    open_artifact(page, desk, "case-c-000001", "C-000001")
    look(page, "case-file")
    assert page.get_by_text("goes by it; in force now is").count() == 1
