"""Taking an edited copy of the lexicons: who may, journaled once, accounts judged again; killed between, it goes on."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine

from models.accounts import AccountRow
from models.database import write_transaction
from models.desk_rules import Person
from models.journal import JournalRow
from models.lexicon_change import (
    changed_files,
    copy_to_edit,
    digest_of,
    is_fresh,
    journal_change,
    judge_take,
    put_in_force,
)
from models.lexicon_files import load_lexicons
from tasks.desk_data import instruction
from tests.bench.load import put_desk
from tests.integration.test_mention_context import take_in
from tests.servers import ROOT
from tests.support import COMPLAINT, NEIGHBOUR, NOW, mention, rows

LEADER = Person("TL1", "team_leader", on_duty=False)


@pytest.fixture
def in_force(tmp_path: Path) -> Path:
    return Path(shutil.copytree(ROOT / "data" / "lexicons", tmp_path / "in_force"))


def edit(folder: Path) -> None:
    path = folder / "professions.yaml"
    path.write_text(path.read_text("utf-8").replace("      menteri,", "      menteri, hujan,", 1), "utf-8")


def test_a_copy_to_edit_is_made_once(in_force: Path, tmp_path: Path) -> None:
    folder = tmp_path / "home" / "lexicons"
    assert copy_to_edit(in_force, folder)
    assert changed_files(in_force, folder) == []
    edit(folder)
    assert not copy_to_edit(in_force, folder)
    assert changed_files(in_force, folder) == ["professions.yaml"]
    assert digest_of(in_force) != digest_of(folder)


def test_taken_lexicons_are_journaled_once_and_accounts_judged_again(
    engine: Engine, in_force: Path, tmp_path: Path
) -> None:
    take_in(engine, put_desk(engine, NOW), mention(COMPLAINT, NEIGHBOUR))
    folder = tmp_path / "edited"
    copy_to_edit(in_force, folder)
    edit(folder)
    names = changed_files(in_force, folder)
    change = (digest_of(in_force), digest_of(folder), names)
    for _ in range(2):  # the first run died before the files were in place
        with write_transaction(engine) as connection:
            done = journal_change(connection, instruction(), load_lexicons(folder), change, "TL1", NOW)
    assert done is None
    put_in_force(folder, in_force, names)
    assert changed_files(in_force, folder) == []
    (entry,) = [row for row in rows(engine, JournalRow) if row["event"] == "lexicons_changed"]
    assert (entry["actor"], entry["detail"]["files"]) == ("TL1", ["professions.yaml"])
    (account,) = rows(engine, AccountRow)
    assert (account["priority_status"], account["priority_category"]) == ("priority", "government")


def test_a_copy_is_fresh_until_others_are_taken(engine: Engine, in_force: Path, tmp_path: Path) -> None:
    mine, theirs = tmp_path / "mine", tmp_path / "theirs"
    copy_to_edit(in_force, mine)
    copy_to_edit(in_force, theirs)
    edit(mine)
    with engine.connect() as connection:
        assert is_fresh(connection, in_force, mine)
    put_in_force(mine, in_force, changed_files(in_force, mine))
    with engine.connect() as connection:
        assert (is_fresh(connection, in_force, mine), is_fresh(connection, in_force, theirs)) == (True, False)


def test_files_are_usable_at_every_step(in_force: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "edited"
    copy_to_edit(in_force, folder)
    for name in ("complaint.yaml", "learned.yaml"):
        path = folder / name
        path.write_text(path.read_text("utf-8").replace("laughing", "giggling"), "utf-8")
    steps = []
    replaced = os.replace

    def step(source: Path, target: Path) -> None:
        replaced(source, target)
        steps.append(load_lexicons(in_force))

    monkeypatch.setattr(os, "replace", step)
    put_in_force(folder, in_force, changed_files(in_force, folder))
    assert len(steps) == 3


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({}, None),
        ({"person": None}, "by: nobody here has that staff code"),
        ({"person": replace(LEADER, code="A01", role="agent")}, "by: A01 is an agent. It could be done by"),
        ({"changed": []}, "folder: nothing in it differs"),
        ({"below": ["mentions, check: complaint f1 is 0.500, below 0.800"]}, "folder: with it, mentions, check"),
        ({"fresh": False}, "folder: the lexicons in force have changed"),
    ],
)
def test_who_may_take_what(changes: dict[str, object], refusal: str | None) -> None:
    asked: dict[str, object] = {
        "person": LEADER,
        "changed": ["hard.yaml"],
        "below": [],
        "fresh": True,
    } | changes
    verdict = judge_take(asked["person"], ["TL1"], asked["changed"], asked["below"], asked["fresh"])  # type: ignore[arg-type]
    assert (verdict.refusal is None) == (refusal is None)
    assert (verdict.refusal or "").startswith(refusal or "")
