"""load-reference-data in Chromium: pasted rows, what the report shows of hostile ones, and the link that loads them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from prefect.client.orchestration import get_client

from flows.load_reference_data import load_reference_data
from models.accounts import PriorityListingRow
from tasks.reference_forms import OneFile
from tests.conftest import Desk
from tests.follow_ups import units_at_work
from tests.reference import SAMPLES
from tests.support import rows, wait_for
from tests.ui.test_desk_forms import field, link, look, submit
from tests.ui.test_revision_artifacts import open_artifact

HOSTILE = 'x,uji_jahat,,"<script>window.hacked=1</script> [klik](javascript:window.hacked=2) | # ![](x)",media,D,,'


@pytest.fixture
def loading_desk(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """A desk whose form can be submitted, with a watched folder of its own."""
    folder = tmp_path / "watched"
    folder.mkdir()
    text = (SAMPLES / "registry.csv").read_text("utf-8")
    (folder / "registry-baru.csv").write_text(f"{text}{HOSTILE}\nx,,,Tanpa akun,gosip,D,31/31/2026,\n", "utf-8")
    os.utime(folder / "registry-baru.csv", (1_800_000_000 - 10**8,) * 2)
    monkeypatch.setenv("CARE_REFERENCE_FOLDER", str(folder))
    monkeypatch.setenv("CARE_UI_URL", desk.api_url.removesuffix("/api"))
    with units_at_work(desk, tmp_path, monkeypatch, "--name", "by-hand", "--name", "pic") as at_work:
        yield at_work


@pytest.mark.timeout(600)
def test_a_dry_run_is_read_and_then_loaded_by_its_link(loading_desk: Desk, page: Any) -> None:
    desk = loading_desk
    load_reference_data(OneFile(file="registry-baru.csv"))
    shown = open_artifact(page, desk, "reference-load", "Dry run: nothing was changed")
    look(page, "reference-dry-run")
    assert "Tanpa akun" not in shown  # a refused row is told by its number and the cells that are wrong
    assert "write a day as 2026-03-31" in shown
    assert "uji_jahat" in shown
    assert "<script>window.hacked=1</script>" in shown
    assert page.evaluate("window.hacked") is None
    page.goto(link(page, "load this"))
    page.get_by_text("Your staff code").first.wait_for()
    look(page, "reference-form-filled")
    assert field(page, "Its name in the watched folder").input_value() == "registry-baru.csv"
    field(page, "Your staff code").fill("S01")
    submit(page)
    wait_for(lambda: "uji_jahat" in {row["handle_key"] for row in rows(desk.engine, PriorityListingRow)})
    wait_for(lambda: "Loaded" in open_artifact(page, desk, "reference-load", "by S01"))
    look(page, "reference-loaded")


@pytest.mark.timeout(600)
def test_rows_are_pasted_with_their_line_breaks(loading_desk: Desk, page: Any) -> None:
    desk = loading_desk
    with get_client(sync_client=True) as prefect:
        deployment = prefect.read_deployment_by_name("load-reference-data/by-hand").id
    given = quote(quote('{"request": {"kind": "registry", "pasted": ""}}'))
    page.goto(f"{desk.api_url.removesuffix('/api')}/deployments/deployment/{deployment}/run?parameters={given}")
    page.get_by_text("Headings in the first line").first.wait_for()
    text = (SAMPLES / "registry.csv").read_text("utf-8")
    field(page, "Headings in the first line").fill(f"{text}x,tempelan_uji,,Tempelan,media,D,,\n")
    field(page, "Your staff code").fill("S01")
    dry_run = page.locator(".schema-form-property").filter(has_text="Only show what would change").last
    dry_run.locator("input").first.evaluate("toggle => toggle.click()")
    look(page, "reference-pasted")
    submit(page)
    wait_for(lambda: "tempelan_uji" in {row["handle_key"] for row in rows(desk.engine, PriorityListingRow)})
