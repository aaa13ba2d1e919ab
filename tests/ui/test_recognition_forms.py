"""Explaining a text and trying edited lexicons at the Prefect UI, in Chromium: forms, tabs, what the artifacts show."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prefect.artifacts import Artifact

from tasks.artifacts import deployment_id
from tests.conftest import Desk
from tests.follow_ups import units_at_work
from tests.support import wait_for
from tests.ui.test_desk_forms import field, fill, look, submit

HOSTILE = "wifi mati total <img src=x onerror=x> [sini](javascript:window.hacked=2) | # judul, lapor 3x ga ada hasil"


@pytest.fixture
def analysts_desk(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """A desk whose forms can be submitted."""
    monkeypatch.setenv("CARE_UI_URL", desk.api_url.removesuffix("/api"))
    with units_at_work(desk, tmp_path, monkeypatch, "--name", "desk") as at_work:
        yield at_work


def open_form(page: Any, desk: Desk, flow: str) -> None:
    page.goto(f"{desk.api_url.removesuffix('/api')}/deployments/deployment/{deployment_id(f'{flow}/desk')}/run")
    page.get_by_role("button", name="Submit").wait_for()
    page.wait_for_timeout(500)


def submitted(page: Any, desk: Desk, key: str, title: str) -> str:
    """Submit the form, wait for the artifact of its run, open it, see that nothing in it takes effect; its text."""
    before = getattr(Artifact.get(key, _sync=True), "id", None)
    submit(page)
    wait_for(lambda: getattr(Artifact.get(key, _sync=True), "id", None) != before)
    found = Artifact.get(key, _sync=True)
    assert found is not None
    page.goto(f"{desk.api_url.removesuffix('/api')}/artifacts/artifact/{found.id}")
    page.get_by_text(title).first.wait_for()
    assert page.evaluate("window.hacked") is None
    drawn = page.locator("table").first.locator("xpath=ancestor::*[.//h2][1]")
    assert drawn.locator("script, iframe, img").count() == 0
    return str(drawn.inner_text())


@pytest.mark.timeout(500)
def test_a_text_and_a_profile_are_explained_by_form(analysts_desk: Desk, page: Any) -> None:
    desk = analysts_desk
    open_form(page, desk, "explain-recognition")
    fill(page, {"As it was posted": HOSTILE})
    look(page, "form-explain-text")
    told = submitted(page, desk, "explained-text", "How a text is read")
    assert "<img src=x onerror=x>" in told
    assert "hard because of repeat" in told
    assert "broken" in told
    look(page, "explained-text")

    open_form(page, desk, "explain-recognition")
    page.locator(".p-button-group").first.get_by_role("button", name="A profile").click()
    page.get_by_text("Followers").first.wait_for()
    field(page, "Bio").fill("Bupati Lembah Hijau | Istri dokter")
    look(page, "form-explain-profile")
    assert page.locator("textarea").last.input_value() == "profile", "the tab stays"
    told = submitted(page, desk, "explained-profile", "How a profile is judged")
    assert "government" in told
    look(page, "explained-profile")


@pytest.mark.timeout(500)
def test_edited_lexicons_are_tried_by_form(analysts_desk: Desk, page: Any, tmp_path: Path) -> None:
    desk = analysts_desk
    open_form(page, desk, "change-lexicons")
    field(page, "Where the edited copy").fill(str(tmp_path / "copy"))
    look(page, "form-change-lexicons")
    told = submitted(page, desk, "lexicon-change", "How well texts and accounts are recognised")
    assert "A copy to edit has been made" in told
    assert (tmp_path / "copy" / "complaint.yaml").exists()
    look(page, "lexicon-change")
