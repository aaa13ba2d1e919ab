"""Hostile text all the way: through intake and notices into the artifacts, as the Prefect UI draws them in Chromium."""

from __future__ import annotations

from typing import Any

import pytest
from prefect.artifacts import Artifact

from flows.intake_mentions import intake_mentions
from models.mention_rows import MentionRow
from tests.conftest import Desk
from tests.journeys.test_intake import PRIORITY
from tests.support import rows

MATI = "@TelkomCare internet mati total dari pagi "
HOSTILE = [
    "<script>window.hacked = 1</script>",
    '<img src="x" onerror="window.hacked = 2">',
    "[klik](javascript:window.hacked=3)",
    "![gambar](https://jahat.example/pixel.png)",
    "| sel | sel |\n|---|---|\n# judul",
    "</td></tr></table><h1>lepas</h1>",
    "```\nkode\n``` `kode` **tebal**",
    "\u202egnp.exe \u200b\u2066terbalik",
    "null \x00 byte",
    "setengah \ud83d emoji",
    "a" * 24_000,
    "<iframe src=https://jahat.example></iframe><svg onload=window.hacked=4>",
    "https://jahat.example/masuk",
]


@pytest.fixture
def drawn(desk: Desk, chromium: Any) -> Any:
    """The artifact `cases-opened` of a run over the hostile texts, drawn; yields the page and what it asked for."""
    for text in HOSTILE:
        desk.sandbox.state.post_mention(MATI + text, by=PRIORITY)
    intake_mentions()
    assert len(rows(desk.engine, MentionRow)) == len(HOSTILE)
    found = Artifact.get("cases-opened", _sync=True)
    assert found is not None
    page = chromium.new_page(viewport={"width": 1600, "height": 3000})
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("dialog", lambda dialog: pytest.fail(f"a dialog opened: {dialog.message}"))
    page.goto(f"{desk.api_url.removesuffix('/api')}/artifacts/artifact/{found.id}")
    page.get_by_text("C-000001").first.wait_for(timeout=30_000)
    yield page, asked
    page.close()


def test_hostile_text_is_shown_and_does_nothing(drawn: Any, desk: Desk) -> None:
    page, asked = drawn
    assert page.evaluate("window.hacked") is None
    assert not [url for url in asked if "jahat" in url]
    table = page.locator("table").first
    assert table.locator("tr").count() == len(HOSTILE) + 1
    for row in table.locator("tbody tr").all():
        assert row.locator("td").count() == 6
    artifact = table.locator("xpath=ancestor::*[.//ul][1]")  # the table and the reasons below it
    assert artifact.locator("script, iframe, svg[onload], h1, h2, pre, code, img").count() == 0
    assert artifact.locator("ul").count() == len(HOSTILE)
    links = artifact.locator("a").evaluate_all("links => links.map(link => link.getAttribute('href'))")
    assert len([link for link in links if link.startswith("https://x.com/")]) == len(HOSTILE)
    assert not [link for link in links if "jahat" in link or link.startswith("javascript")]
    shown = artifact.inner_text()
    assert "<script>window.hacked = 1</script>" in shown  # the words themselves are there to be read
    assert "[klik](javascript:window.hacked=3)" in shown
    for invisible in "\u202e\u200b\u2066\x00":
        assert invisible not in shown
    told = desk.sandbox.state.notices
    assert told
    for notice in told:
        assert "\u202e" not in notice.message
        assert "\x00" not in notice.message
        assert len(notice.message) < 20_000
