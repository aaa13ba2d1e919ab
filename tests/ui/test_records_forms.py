"""Records at the Prefect UI, in Chromium: the forms of holds, requests and retention, and their two artifacts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from prefect.artifacts import Artifact

from models.accounts import account_number
from models.cases import case_number
from models.legal_holds import LegalHoldRow
from tasks.follow_ups import client
from tasks.settings import Settings
from tests.conftest import Desk
from tests.desk import people
from tests.follow_ups import units_at_work
from tests.kept import LATELY, Customer, dump, text_of
from tests.support import rows, wait_for
from tests.ui.test_desk_forms import field, look, submit

MARK = "RAHASIA"


@pytest.fixture
def records_desk(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """A desk with a worker, and the deployments of records."""
    monkeypatch.setenv("CARE_UI_URL", desk.api_url.removesuffix("/api"))
    names = [part for name in ("desk", "by-hand", "nightly") for part in ("--name", name)]
    with units_at_work(desk, tmp_path, monkeypatch, *names) as at_work:
        yield at_work


def open_form(page: Any, deployment: str, **given: Any) -> None:
    """The form of a deployment that asks who does it, filled in as a link would."""
    open_form_named(page, deployment, "Your staff code", **given)


def open_form_named(page: Any, deployment: str, words: str, **given: Any) -> None:
    """The form of a deployment, filled in as a link would, once these words are there."""
    with client() as prefect:
        found = prefect.read_deployment_by_name(deployment)
    values = quote(quote(json.dumps(given), safe=""), safe="")
    page.goto(f"{Settings().ui_url}/deployments/deployment/{found.id}/run?parameters={values}")
    page.get_by_text(words).first.wait_for()


def tabs(page: Any) -> list[str]:
    return [one.inner_text() for one in page.locator(".p-button-group").first.get_by_role("button").all()]


def submitted(page: Any, key: str, title: str) -> Any:
    """Submit the form, wait for the artifact of its run, and open it."""
    before = getattr(Artifact.get(key, _sync=True), "id", None)
    submit(page)

    def told() -> Any:
        found = Artifact.get(key, _sync=True)
        return found if found is not None and found.id != before and title in str(found.data) else None

    found = wait_for(told)
    page.goto(f"{Settings().ui_url}/artifacts/artifact/{found.id}")
    page.get_by_role("heading", name=title.removeprefix("# ")).first.wait_for()
    return page


@pytest.mark.timeout(900)
def test_a_hold_is_placed_and_shown_and_what_is_due_is_shown(records_desk: Desk, page: Any) -> None:
    desk = records_desk
    held, chief = Customer(desk.engine, MARK), people(desk).told("supervisor")[0]
    Customer(desk.engine, "LAIN")
    open_form(page, "hold-case/desk")
    assert tabs(page) == ["Place a hold", "Lift a hold"]
    look(page, "records-form-hold")
    page.locator(".p-button-group").first.get_by_role("button", name="Lift a hold").click()
    page.get_by_text("Why it is lifted").first.wait_for()
    look(page, "records-form-lift")
    open_form(page, "hold-case/desk", hold={"do": "place", "case": case_number(held.case), "by": chief, "reason": ""})
    field(page, "For whom or what it is kept").fill("Sengketa <b>hukum</b>")
    look(page, "records-form-hold-filled")
    submit(page)
    wait_for(lambda: any(row["lifted_at"] is None for row in rows(desk.engine, LegalHoldRow)))

    open_form(page, "apply-retention/by-hand")
    look(page, "records-form-retention")
    submitted(page, "retention", "# Retention · DRY RUN: nothing was changed")
    assert page.locator("table tbody tr").count() == 14
    assert page.get_by_text(case_number(held.case)).count() == 1
    look(page, "records-retention-dry-run")
    assert MARK in text_of(dump(desk.engine))
    open_form(page, "apply-retention/by-hand", request={"dry_run": False, "types": [], "by": chief})
    look(page, "records-form-retention-filled")
    submitted(page, "retention", "# Retention · Done")
    look(page, "records-retention-done")
    left = text_of(dump(desk.engine))
    assert MARK in left
    assert "LAIN" not in left
    table = page.locator("table").first.bounding_box()
    assert table["x"] + table["width"] <= 1500
    with client() as prefect:  # the schedule's own deployment, but nobody's staff code: only the schedule needs none
        nightly = prefect.read_deployment_by_name("apply-retention/nightly")
        started = prefect.create_flow_run_from_deployment(nightly.id)
        wait_for(lambda: getattr(prefect.read_flow_run(started.id).state, "name", "") == "Refused")


@pytest.mark.timeout(900)
def test_a_request_is_answered_and_an_erasure_needs_its_tick(records_desk: Desk, page: Any) -> None:
    desk = records_desk
    customer, chief = Customer(desk.engine, MARK, LATELY), people(desk).told("supervisor")[0]
    number = account_number(customer.account)
    open_form(page, "answer-data-request/desk")
    assert tabs(page) == ["Access", "Erasure"]
    look(page, "records-form-access")
    page.locator(".p-button-group").first.get_by_role("button", name="Erasure").click()
    page.get_by_text("It cannot be undone").first.wait_for()
    look(page, "records-form-erasure")
    open_form(page, "answer-data-request/desk", request={"do": "access", "account": number, "by": chief})
    submitted(page, "data-request", f"# Everything held, as one file · {number}")
    look(page, "records-access")
    asked = {"do": "erasure", "account": number, "by": chief, "platform": "x", "erased_because": "customer_asked"}
    open_form(page, "answer-data-request/desk", request={**asked, "confirm": False})
    look(page, "records-form-erasure-filled")
    submitted(page, "data-request", f"# Erasure · DRY RUN: nothing was changed · {number}")
    look(page, "records-erasure-dry-run")
    assert MARK in text_of(dump(desk.engine))
    open_form(page, "answer-data-request/desk", request={**asked, "confirm": True})
    submitted(page, "data-request", f"# Erased · {number}")
    look(page, "records-erased")
    assert MARK not in text_of(dump(desk.engine))
