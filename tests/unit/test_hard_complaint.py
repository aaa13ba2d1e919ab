"""data/hard_complaint.yaml and what is still to be done about a hard complaint (clause 5.3.2c)."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from models.hard_complaint import HardComplaintError, load_hard_complaint, open_steps
from tasks.settings import ROOT

FILE = Path(ROOT) / "data" / "hard_complaint.yaml"
INSTRUCTION = load_hard_complaint(FILE)
CODES = [step.code for step in INSTRUCTION.steps]


def test_the_instruction_of_this_site() -> None:
    assert "DEFAULT" in INSTRUCTION.code
    assert "replaceable" in INSTRUCTION.code
    assert CODES[:2] == ["apologise", "engage_leader"]
    assert CODES[-3:] == ["tell_outcome", "closing_answer", "note_lessons"]
    assert 7 <= len(CODES) <= 9
    assert {step.by for step in INSTRUCTION.steps} == {"agent", "team_leader", "pic"}
    with pytest.raises(ValidationError, match="frozen"):
        INSTRUCTION.steps[0].says = "nothing"


def test_steps_before_resolving_and_before_closing() -> None:
    before_resolving = [step.code for step in open_steps(INSTRUCTION, (), "resolve")]
    assert before_resolving == CODES[:6]
    assert [step.code for step in open_steps(INSTRUCTION, {"apologise", "check_facts"}, "resolve")] == [
        *("engage_leader", "private_channel", "inform_supervisor", "unit_commitment")
    ]
    assert [step.code for step in open_steps(INSTRUCTION, before_resolving, "close")] == CODES[6:]
    assert open_steps(INSTRUCTION, CODES, "close") == ()


def test_what_precedes_resolving_precedes_closing() -> None:
    assert [step.code for step in open_steps(INSTRUCTION, ["gone_step"], "close")] == CODES


def test_a_step_precedes_closing_where_nothing_is_said(tmp_path: Path) -> None:
    path = tmp_path / "hard_complaint.yaml"
    path.write_text("title: a\ncode: b\nrevision: '1'\nsteps: [{code: x-1, says: do it, by: pic}]\n", "utf-8")
    assert load_hard_complaint(path).steps[0].before == "close"


@pytest.mark.parametrize(
    ("old", "new", "shift", "reason"),
    [
        ("    by: agent\n", "    by: boss\n", 0, r"steps\.1\.by: .*found 'boss'"),
        ("    before: resolve\n", "    before: later\n", 0, r"steps\.1\.before: .*found 'later'"),
        ("  - code: apologise\n", "  - code: Say Sorry\n", 0, r"steps\.1\.code: .*found 'Say Sorry'"),
        ("  - code: engage_leader\n", "  - code: apologise\n", 0, "2 steps have the code apologise"),
        ("  - code: apologise\n    says", "  - code: apologise\n    tells", 1, r"steps\.1\.tells: no such entry"),
        ("  - code: apologise\n    says", "  - code: apologise\n    tells", 0, r"steps\.1\.says: is missing"),
        ('revision: "00"', "revision: 0", 0, "revision: .*found 0"),
        ("title: Penanganan Hard Complaint\n", "", 0, "title: is missing"),
        ("title:", "clause: x\ntitle:", 0, "clause: no such entry"),
    ],
)
def test_a_wrong_file_is_refused_with_line_and_reason(
    tmp_path: Path, old: str, new: str, shift: int, reason: str
) -> None:
    text = FILE.read_text("utf-8")
    assert old in text
    path = tmp_path / "hard_complaint.yaml"
    path.write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(HardComplaintError, match=reason) as refused:
        load_hard_complaint(path)
    line = text[: text.index(old)].count("\n") + 1 + shift
    assert line in [int(told.split(":")[1]) for told in str(refused.value).splitlines()[1:]], refused.value


@pytest.mark.parametrize(
    "content", [None, b"", b"- a\n", b"steps: [\n", b"\xff\xfe", b"steps: 3\n", b"steps: []\n", b"steps: [1]\n"]
)
def test_a_file_that_is_none_is_refused(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "hard_complaint.yaml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(HardComplaintError, match=r"hard_complaint\.yaml"):
        load_hard_complaint(path)
