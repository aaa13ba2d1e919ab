"""A PIC at the Prefect UI, in Chromium: starts a follow-up from its form and answers it with every kind of update."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
import requests
from prefect.artifacts import Artifact

from deployments.sandbox.units import UnitTemper
from models.cases import InteractionRow
from tests.conftest import Desk
from tests.follow_ups import cases, tickets, wait_suspended, wait_told
from tests.support import rows, wait_for

ANSWERS: list[tuple[dict[str, str], str]] = [
    ({"action": "note", "Note": "Menunggu kabar <b>teknisi</b>"}, "pic_note"),
    ({"action": "acknowledged"}, "ticket_acknowledged"),
    ({"action": "in_progress"}, "ticket_in_progress"),
    ({"action": "escalate"}, "unit_escalated_to"),
    ({"action": "change_look", "Look again in (minutes)": "30"}, "next_look_changed"),
    ({"action": "refused"}, "ticket_refused"),
    ({"action": "redirect", "Redirect to": "billing"}, "ticket_redirected"),
    ({"action": "settled"}, "ticket_settled"),
    ({"action": "customer_not_solved"}, "customer_says_not_solved"),
    ({"action": "check"}, "pic_looked"),
    ({"action": "settled"}, "ticket_settled"),
    ({"action": "customer_confirmed"}, "ticket_verified"),
]
"""What is filled into the form, and an event the journal tells of afterwards."""


def choose(page: Any, field: Any, value: str) -> None:
    """Choose from a list of the form."""
    field.locator(".p-select-button__control").press("ArrowDown")
    page.locator(".p-select-option").get_by_text(value, exact=True).click()


def field(form: Any, label: str) -> Any:
    """A field of a form by its label."""
    return form.locator(".schema-form-property").filter(has_text=label).last


def start(page: Any, desk: Desk) -> Callable[[], bool]:
    """Start a follow-up from the form; returns what says whether it has opened its ticket, or crashed before."""
    begun = datetime.now(UTC).isoformat()
    deployment = requests.get(f"{desk.api_url}/deployments/name/follow-up-ticket/pic", timeout=90).json()["id"]
    page.goto(f"{desk.api_url.removesuffix('/api')}/deployments/deployment/{deployment}/run")
    page.get_by_text("Open a ticket for a case", exact=True).first.click()
    field(page, "it must be open").locator("textarea, input").last.fill("C-000001")
    choose(page, field(page, "the one for the problem"), "network")
    page.get_by_role("button", name="Submit").click()
    page.get_by_text("scheduled to start now").first.wait_for()
    crashed = {
        "deployments": {"id": {"any_": [deployment]}},
        "flow_runs": {"state": {"type": {"any_": ["CRASHED"]}}, "expected_start_time": {"after_": begun}},
    }

    def settled() -> bool:
        told = requests.post(f"{desk.api_url}/flow_runs/filter", json=crashed, timeout=90)
        return bool(tickets(desk) or (told.ok and told.json()))

    return settled


def answer(page: Any, ui: str, run_id: str, values: dict[str, str]) -> str:
    """Press Resume, fill the form, submit; returns what stood above the form."""
    page.goto(f"{ui}/runs/flow-run/{run_id}")
    page.get_by_role("button", name="Resume").first.click(timeout=30_000)
    form = page.get_by_role("dialog")
    form.get_by_text("What happened, or what to do").wait_for()
    form.get_by_text("of C-000001").first.wait_for()
    told = str(form.inner_text())
    for label, value in values.items():
        if label in {"action", "Redirect to"}:
            choose(page, field(form, "What happened" if label == "action" else label), value)
        else:
            field(form, label).locator("textarea, input").last.fill(value)
    form.get_by_role("button", name="Submit").click()
    form.wait_for(state="hidden", timeout=30_000)
    return told


@pytest.mark.timeout(600)
def test_a_pic_carries_a_ticket_through_the_forms(units_desk: Desk, page: Any) -> None:
    desk, ui = units_desk, units_desk.api_url.removesuffix("/api")
    for unit in ("network", "billing"):
        desk.sandbox.state.units.tempers[unit] = UnitTemper("prompt", 3600)  # says nothing: the PIC phones
    cases(desk, 1)
    while not tickets(desk):
        wait_for(start(page, desk))
    expected: Counter[str] = Counter()
    for values, event in ANSWERS:
        row = wait_suspended(desk, 1)
        told = answer(page, ui, row["flow_run_id"], values)
        assert "T-000001 of C-000001" in told
        expected[event] += 1
        wait_told(desk, 1, event, expected[event])
    assert [row["status"] for row in tickets(desk).values()] == ["verified"]
    (note,) = [row for row in rows(desk.engine, InteractionRow) if row["kind"] == "note"]
    assert note["text"] == "Menunggu kabar <b>teknisi</b>"

    def file_at_the_end() -> Any:
        found = Artifact.get("ticket-t-000001", _sync=True)
        return found if found and "**verified**" in str(found.data) else None

    page.goto(f"{ui}/artifacts/artifact/{wait_for(file_at_the_end).id}")
    drawn = page.locator("article.artifact-data-markdown")  # its description, above, names the state as well
    drawn.wait_for()
    shown = drawn.inner_text()
    for clause in ("4.3", "4.4", "5.3.2a", "5.3.2d"):
        assert clause in shown
    for told_of in ("phone", "settled", "Menunggu kabar"):
        assert told_of in shown
    assert page.locator("article b").count() == 0  # a note's markup is shown, not drawn
