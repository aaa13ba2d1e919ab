"""Explaining a text and a profile, trying and taking edited lexicons, as the flows do it on a real Prefect server."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from prefect.artifacts import Artifact
from prefect.client.schemas.objects import State

from flows.change_lexicons import change_lexicons
from flows.explain_recognition import explain_recognition
from flows.intake_mentions import intake_mentions
from models.accounts import AccountRow
from models.journal import JournalRow
from models.mention_rows import MentionRow
from tasks import desk_data
from tasks.recognition_forms import LexiconChange, ProfileToExplain, TextToExplain
from tasks.settings import Settings
from tests.conftest import Desk
from tests.servers import ROOT
from tests.support import rows

SLANG = "@TelkomCare wifine blorengan maneh"


@pytest.fixture
def edited(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder of this test's own, with lexicons that may be replaced; where the copy to edit will be."""
    data = Path(shutil.copytree(ROOT / "data", tmp_path / "data"))
    monkeypatch.setenv("CARE_DATA", str(data))
    desk_data.lexicons.cache_clear()
    return tmp_path / "copy"


def shown(key: str) -> str:
    found = Artifact.get(key, _sync=True)
    assert found is not None
    return str(found.data)


def change(folder: Path, **more: Any) -> State[Any]:
    return change_lexicons(LexiconChange(folder=str(folder), **more), return_state=True)


def add_word(folder: Path) -> None:
    path = folder / "complaint.yaml"
    path.write_text(path.read_text("utf-8").replace("      mati total,", "      blorengan, mati total,", 1), "utf-8")


@pytest.mark.usefixtures("desk")
def test_a_text_and_a_profile_are_explained() -> None:
    text = TextToExplain(text="masih sama aja min <script>", in_case=True, about="tv", days=2)
    assert explain_recognition(text) == "explained-text"
    page = shown("explained-text")
    assert "about: tv" in page
    assert "<script>" not in page
    profile = ProfileToExplain(name="Sari", bio="Bupati Lembah Hijau", followers=900, verified="blue")
    assert explain_recognition(profile) == "explained-profile"
    assert "**Priority**, government" in shown("explained-profile")


def test_lexicons_are_copied_edited_tried_and_taken(desk: Desk, edited: Path) -> None:
    made = change(edited)
    assert made.is_completed(), made.message
    assert "A copy to edit has been made" in shown("lexicon-change")
    desk.sandbox.state.post_mention(SLANG, by="bimanugraha_ri")
    intake_mentions()
    (before,) = [row for row in rows(desk.engine, MentionRow) if row["text"] == SLANG]
    assert not before["complaint"]

    add_word(edited)
    tried = change(edited)
    assert "complaint.yaml of" in (tried.message or "")
    assert "| mentions, check | complaint f1 |" in shown("lexicon-change")
    refused = change(edited, take=True, by="A01")
    assert (refused.name, (refused.message or "")[:3]) == ("Refused", "by:")

    taken = change(edited, take=True, by="TL1")
    assert taken.is_completed(), taken.message
    (entry,) = [row for row in rows(desk.engine, JournalRow) if row["event"] == "lexicons_changed"]
    assert (entry["actor"], entry["detail"]["files"]) == ("TL1", ["complaint.yaml"])
    assert all(row["priority_status"] for row in rows(desk.engine, AccountRow) if row["priority_source"])
    again = change(edited, take=True, by="TL1")
    assert "nothing in it differs" in (again.message or "")
    desk_data.lexicons.cache_clear()
    desk.sandbox.state.post_mention(SLANG + "!", by="bimanugraha_ri")
    intake_mentions()
    (after,) = [row for row in rows(desk.engine, MentionRow) if row["text"] == SLANG + "!"]
    assert after["complaint"]


def test_an_old_copy_and_the_lexicons_in_force_are_refused(desk: Desk, edited: Path) -> None:
    change(edited)
    add_word(edited)
    in_force = Settings().data / "lexicons"
    newer = in_force / "hard.yaml"
    newer.write_text(newer.read_text("utf-8") + "\n# newer\n", "utf-8")
    old = change(edited, take=True, by="TL1")
    assert "have changed since the copy was made" in (old.message or "")
    own = change(in_force, learn_anew=True)
    assert "these are the lexicons in force" in (own.message or "")
    assert newer.read_text("utf-8").endswith("# newer\n")
    assert not [row for row in rows(desk.engine, JournalRow) if row["event"] == "lexicons_changed"]


def test_a_wrong_copy_and_one_below_its_floor_are_refused(desk: Desk, edited: Path) -> None:
    change(edited)
    path = edited / "complaint.yaml"
    good = path.read_text("utf-8")
    path.write_text(good.replace("threshold: 0.5", "threshold: 0.99", 1), "utf-8")
    low = change(edited, take=True, by="TL1")
    assert "complaint f1 is" in (low.message or "")
    path.write_text(good.replace("groups:", "grups:", 1), "utf-8")
    wrong = change(edited, take=True, by="TL1")
    assert (wrong.name, "has no `grups`" in (wrong.message or "")) == ("Refused", True)
    assert not [row for row in rows(desk.engine, JournalRow) if row["event"] == "lexicons_changed"]
