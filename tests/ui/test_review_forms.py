"""Reviews and the quarantine desk at the Prefect UI, in Chromium: hostile words drawn harmlessly, links that open the
right form filled in, and forms that do what they say."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prefect.artifacts import Artifact

from flows.intake_mentions import intake_mentions
from models.accounts import AccountRow, WatchedAccountRow
from models.database import write_transaction
from models.mention_rows import MentionRow, QuarantinedRow
from models.mention_store import quarantine
from models.mentions import Platform, RefusedRow, WatchedAccount
from tasks.account_reviews import deployment_id, publish_candidates
from tasks.quarantine import publish_quarantine
from tests.conftest import Desk
from tests.follow_ups import units_at_work
from tests.support import COMPLAINT, NOW, rows, wait_for
from tests.ui.test_desk_forms import field, fill, link, look, submit

HOSTILE = "<script>window.hacked=1</script> [klik](javascript:window.hacked=2) | # \u202eterbalik <img src=x onerror=x>"
REGULAR = "mamahdanish"
DEPLOY = ("--name", "desk")


@pytest.fixture
def people_desk(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """A desk with a hostile candidate and hostile rows in quarantine, whose forms can be submitted."""
    monkeypatch.setenv("CARE_UI_URL", desk.api_url.removesuffix("/api"))
    desk.sandbox.state.change_account(REGULAR, name=HOSTILE, bio=f"kepala cabang, {HOSTILE}")
    desk.sandbox.state.post_mention(COMPLAINT, by=REGULAR)
    with units_at_work(desk, tmp_path, monkeypatch, *DEPLOY) as at_work:
        intake_mentions()
        with write_transaction(desk.engine) as connection:
            ours = next(row for row in rows(desk.engine, WatchedAccountRow) if row["platform"] == "x")
            watched = WatchedAccount(ours["id"], Platform.X, ours["external_id"], ours["handle"], ours["kind"])
            refused = [_refused(number) for number in range(3)]
            refused.append(RefusedRow("unit/network", "u-1", {"note": HOSTILE}, (f"status: {HOSTILE}",)))
            quarantine(connection, refused, NOW, watched)
        yield at_work


def _refused(number: int) -> RefusedRow:
    payload = {"id": f"x{number}", "text": f"@TelkomCare mati total {HOSTILE}", "author_id": "17"}
    return RefusedRow("x:mentions", f"x{number}", payload, ("id: must be a number",))


def board(page: Any, desk: Desk, key: str, shows: str) -> Any:
    """Open the latest version of an artifact, and see that nothing in it takes effect; what it is drawn in."""
    found = Artifact.get(key, _sync=True)
    assert found is not None
    page.goto(f"{desk.api_url.removesuffix('/api')}/artifacts/artifact/{found.id}")
    page.get_by_text(shows).first.wait_for()
    drawn = page.locator("table").first.locator("xpath=ancestor::*[.//ul][1]")
    assert page.evaluate("window.hacked") is None
    assert drawn.locator("script, iframe, img, pre, code").count() == 0
    hrefs = drawn.locator("a").evaluate_all("links => links.map(link => link.getAttribute('href'))")
    assert not [href for href in hrefs if href.startswith("javascript")]
    assert "\u202e" not in drawn.inner_text()
    return drawn


@pytest.mark.timeout(500)
def test_a_candidate_is_decided_from_the_board_and_undone_from_it(people_desk: Desk, page: Any) -> None:
    desk = people_desk
    publish_candidates()
    drawn = board(page, desk, "candidates", "K-000001")
    assert drawn.locator("table").first.locator("tbody tr").count() == 1
    assert drawn.locator("table").first.locator("tbody td").count() == 5
    assert "[klik](javascript:window.hacked=2)" in drawn.inner_text()
    look(page, "candidates")
    page.goto(link(page, "Priority"))
    page.get_by_text("Your staff code").first.wait_for()
    assert page.locator("textarea").first.input_value() == "K-000001"
    assert page.locator(".p-select-button__control, .p-select").filter(has_text="executive").count()
    fill(page, {"A team leader's or a supervisor's": "TL1", "What it rests on": "Kartu nama <b>asli</b>"})
    look(page, "form-priority")
    submit(page)
    wait_for(lambda: rows(desk.engine, AccountRow)[0]["decided_status"] == "priority")
    wait_for(lambda: "Undo](" in str(latest("candidates")))
    board(page, desk, "candidates", "Kartu nama <b>asli</b>")
    look(page, "candidates-decided")
    page.goto(link(page, "Undo"))
    page.get_by_text("Your staff code").first.wait_for()
    assert [box.input_value() for box in page.locator("textarea").all()][:1] == ["K-000001"]
    assert field(page, "filled in by links").input_value() == "R-000001"
    fill(page, {"A team leader's or a supervisor's": "S01"})
    look(page, "form-undo")
    submit(page)
    wait_for(lambda: rows(desk.engine, AccountRow)[0]["decided_status"] is None)


def latest(key: str) -> Any:
    found = Artifact.get(key, _sync=True)
    return found.data if found else None


@pytest.mark.timeout(500)
def test_a_row_is_released_and_another_dropped_from_the_board(people_desk: Desk, page: Any) -> None:
    desk = people_desk
    publish_quarantine()
    drawn = board(page, desk, "quarantine", "Q-000003")
    assert drawn.locator("table").last.locator("tbody tr").count() == 4
    assert "<script>window.hacked=1</script>" in drawn.inner_text()
    look(page, "quarantine")
    page.goto(link(page, "Release"))
    page.get_by_text("Your staff code").first.wait_for()
    number = page.locator("textarea").first.input_value()
    assert number == "Q-000003"
    look(page, "form-release")
    fill(page, {"A team leader's or a supervisor's": "TL1", "Why it is a mention": "Keluhan nyata"})
    fill(page, {"The platform's id of the post": "1900000000000000555"})
    submit(page)
    wait_for(lambda: [row for row in rows(desk.engine, MentionRow) if row["external_id"] == "1900000000000000555"])
    wait_for(lambda: "# 3 rows wait" in str(latest("quarantine")))
    board(page, desk, "quarantine", "Q-000002")
    page.goto(link(page, "Drop"))
    page.get_by_text("Your staff code").first.wait_for()
    fill(page, {"A team leader's or a supervisor's": "S01", "Why nothing is lost": "Iklan"})
    look(page, "form-drop")
    submit(page)
    wait_for(lambda: [row["outcome"] for row in rows(desk.engine, QuarantinedRow)].count("dropped") == 1)


def test_every_form_has_a_tab_of_its_own(people_desk: Desk, page: Any) -> None:
    account = ["decide_priority", "decide_regular", "undo", "link", "unlink"]
    forms = {"review-account": account, "review-quarantine": ["release", "drop"]}
    for flow, wanted in forms.items():
        ui, opened = people_desk.api_url.removesuffix("/api"), deployment_id(f"{flow}/desk")
        page.goto(f"{ui}/deployments/deployment/{opened}/run")
        page.get_by_text("Your staff code").first.wait_for()
        shown = []
        for tab in page.locator(".p-button-group").first.get_by_role("button").all():
            tab.click()
            page.wait_for_timeout(300)
            shown.append(page.locator("textarea").last.input_value())
        assert shown == wanted
        look(page, f"tabs-{flow}")
