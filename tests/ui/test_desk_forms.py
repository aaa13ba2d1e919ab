"""The desk at the Prefect UI, in Chromium: from the live board and the case file into every form, filled in."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prefect.artifacts import Artifact

from flows.watch_cases import watch_cases
from models.desk_rules import ACTIONS
from models.journal import JournalRow
from tasks.case_files import desk_forms
from tests.conftest import Desk
from tests.desk import agent_of, case, opened_case, said, story
from tests.follow_ups import units_at_work
from tests.support import COMPLAINT, rows, wait_for

SHOTS = os.environ.get("CARE_TEST_SCREENSHOTS", "")
"""A folder to leave pictures in, for a person to look at."""
HOSTILE = f"{COMPLAINT} <script>window.hacked=1</script> [klik](javascript:window.hacked=2) | # \u202eterbalik"
WALK = [
    ("Accept", {}, "case_accepted"),
    ("Reply", {"Then": "wait_for_customer"}, "reply_sent"),
    ("Note", {"Note": "Pelanggan <b>VIP</b>"}, "note_added"),
    ("Take over", {"Why": "Agar cepat"}, "case_taken_over"),
    ("Give back", {"For the agent": "Lanjutkan"}, "case_given_back"),
    ("Ask", {"Question": "Boleh kompensasi?"}, "leader_asked"),
    ("Advise", {"Advice": "Boleh", "Suggested answer": "Kami beri kompensasi satu hari."}, "leader_advised"),
    ("Hard", {"Why it is hard": "Mengancam lapor"}, "hard_complaint_declared"),
    ("Tick steps", {}, "steps_ticked"),
    ("Not hard", {"Why it is not hard": "Sudah reda"}, "hard_complaint_withdrawn"),
    ("Resolve", {"What solved it": "ONT diganti"}, "case_resolved"),
    ("Close", {"Note": "Tuntas"}, "case_closed"),
    ("Reopen", {"Why": "Mati lagi"}, "case_reopened"),
]
"""A form by its link in the case file, what is filled in besides what stands there, and what the journal tells then."""


@pytest.fixture
def people_desk(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """A desk whose forms can be submitted: its deployment, and a worker."""
    monkeypatch.setenv("CARE_UI_URL", desk.api_url.removesuffix("/api"))
    with units_at_work(desk, tmp_path, monkeypatch, "--name", "desk", "--name", "pic") as at_work:
        yield at_work


def look(page: Any, name: str) -> None:
    if SHOTS:
        page.wait_for_timeout(500)
        page.screenshot(path=f"{SHOTS}/{name}.png", full_page=True)


def artifact(page: Any, desk: Desk, key: str) -> Any:
    """Open the latest version of an artifact."""
    found = Artifact.get(key, _sync=True)
    assert found is not None
    page.goto(f"{desk.api_url.removesuffix('/api')}/artifacts/artifact/{found.id}")
    page.get_by_text("C-000001").first.wait_for()
    return page


def link(page: Any, name: str) -> str:
    return str(page.get_by_role("link", name=name, exact=True).first.get_attribute("href"))


def field(page: Any, label: str) -> Any:
    return page.locator(".schema-form-property").filter(has_text=label).last.locator("textarea, input").last


def fill(page: Any, values: dict[str, str]) -> None:
    for label, value in values.items():
        if label == "Then":
            chosen = page.locator(".schema-form-property").filter(has_text="this was the solution").last
            chosen.locator(".p-select-button__control").press("ArrowDown")
            page.locator(".p-select-option").get_by_text(value, exact=True).click()
        else:
            field(page, label).fill(value)


def submit(page: Any) -> None:
    page.get_by_role("button", name="Submit").click()
    page.get_by_text("scheduled to start now").first.wait_for()


@pytest.mark.timeout(600)
def test_every_form_opens_filled_in_and_does_what_it_says(people_desk: Desk, page: Any) -> None:
    desk = people_desk
    opened = opened_case(desk, HOSTILE)
    agent = agent_of(desk, opened["id"])
    watch_cases()
    artifact(page, desk, "live-board")
    assert page.locator("table tbody tr").count() == 1
    assert page.locator("table tbody td").count() == 9
    look(page, "board")
    page.goto(link(page, "Accept"))
    page.get_by_text("Your staff code").first.wait_for()
    for label, values, event in WALK:
        if label != "Accept":
            artifact(page, desk, "case-c-000001")
            assert page.evaluate("window.hacked") is None
            look(page, f"case-before-{label}")
            page.goto(link(page, label))
            page.get_by_text("Your staff code").first.wait_for()
        shown = [box.input_value() for box in page.locator("textarea").all()]
        assert shown[0] == "C-000001"
        assert shown[1]
        if label == "Reply":
            assert "C-000001" in field(page, "Sent as it stands").input_value()
            assert shown[1] == agent
        fill(page, values)
        look(page, f"form-{label}")
        submit(page)
        wait_for(lambda event=event: event in story(desk, opened["id"]))
        wait_for(lambda: file_shows(desk, opened["id"]))
    assert len(desk.sandbox.state.created) == 1
    assert case(desk, opened["id"])["status"] in {"reopened", "assigned"}
    assert "Pelanggan <b>VIP</b>" in [one["text"] for one in said(desk, opened["id"], "internal")]


def file_shows(desk: Desk, case_id: int) -> bool:
    """Whether the case file shows the last of what happened."""
    last = max(row["id"] for row in rows(desk.engine, JournalRow) if row["case_id"] == case_id)
    return bool(case(desk, case_id)["filed_journal_id"] >= last)


def test_every_action_has_a_tab_of_its_own(people_desk: Desk, page: Any) -> None:
    """What a person sees who opens the form without a link: a tab for each action, staying where it was put."""
    forms = desk_forms()
    page.goto(f"{forms.ui_url}/deployments/deployment/{forms.deployment_id}/run")
    page.get_by_text("Your staff code").first.wait_for()
    tabs = page.locator(".p-button-group").first.get_by_role("button").all()
    shown = []
    for tab in tabs:
        tab.click()
        page.wait_for_timeout(300)
        shown.append(page.locator("textarea").last.input_value())
    assert sorted(shown) == sorted(ACTIONS)
    assert tabs[-1].bounding_box()["x"] + tabs[-1].bounding_box()["width"] <= 1500
    look(page, "tabs")
