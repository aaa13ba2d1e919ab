"""The work instruction as data: what is in force, and how a wrong file is refused."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from models.work_instruction import CLAUSES, WorkInstructionError, load_work_instruction
from tasks.settings import ROOT

REAL = ROOT / "data" / "work_instruction.yaml"


def test_what_is_in_force() -> None:
    rules = load_work_instruction(REAL)
    assert (rules.code, rules.revision, rules.effective) == ("IN.OCC.TELK.W-19", "00", date(2017, 6, 5))
    assert set(rules.clauses) == set(CLAUSES)
    assert (rules.eligibility.tenure_months_over, rules.eligibility.qa_consecutive_months) == (6, 6)
    assert rules.assignment.accept_within == timedelta(minutes=5)
    assert rules.clocks.hard_settle_within == timedelta(hours=12)
    with pytest.raises(ValidationError):
        rules.clocks.settle_within = timedelta(0)  # type: ignore[misc]


@pytest.mark.parametrize(
    ("was", "becomes", "reason"),
    [
        ("value: 5 min", "value: 5 minutes", "accept_within: Value error, write a duration as a number and s, min"),
        ("value: 5 min, fixed_by: site", "value: 5 min, fixed_by: document", "accept_within: fixed_by is site"),
        ("accept_within:", "acept_within:", "acept_within: no such setting"),
        ('revision: "00"', "revision: 00", "revision: Input should be a valid string"),
        ("effective: 2017-06-05", "effective: 2017-13-05", "is not a value"),
        ("tenure_months_over: {value: 6", "tenure_months_over: {value: six", "tenure_months_over: Input should be a"),
        ("priority_at_least: {value: 0.6", "priority_at_least: {value: 6", "less than or equal to 1"),
        ("candidate_at_least:\n        {value: 0.35", "candidate_at_least:\n        {value: 0.9", "must be below"),
        ("public_figure, bod]", "public_figure]", "categories: the document has"),
        ('  "4.3":', '  "4.9":', "4.9: the document has no such clause"),
        ('  "4.3":', '  "4.2":', "4.2 is given twice"),
        ("code: IN.OCC.TELK.W-19\n", "", "code: is missing"),
        ("title:", "titel:", "titel: no such entry"),
        ("change: First edition, with", "change: New, with\nchanged: First edition, with", "changed: no such entry"),
        ("change: First edition, with this site's choices for what the document leaves open.", "change: new", "say in"),
        ("change: First edition, with", "changes: First edition, with", "change: is missing"),
        ('revision: "00"', 'revision: ""', "revision: String should have at least 1 character"),
        ("clauses:", "clauses: [", "not readable as YAML"),
    ],
)
def test_a_wrong_file_is_refused_with_line_and_reason(tmp_path: Path, was: str, becomes: str, reason: str) -> None:
    text = REAL.read_text("utf-8")
    assert was in text
    path = tmp_path / "work_instruction.yaml"
    path.write_text(text.replace(was, becomes, 1), "utf-8")
    with pytest.raises(WorkInstructionError) as refused:
        load_work_instruction(path)
    lines = [line for line in str(refused.value).splitlines() if reason in line]
    assert lines, str(refused.value)
    where = lines[0].removeprefix(f"{path}:").split(":")[0]
    assert where.isdigit()


def test_the_line_named_is_the_line_that_is_wrong(tmp_path: Path) -> None:
    text = REAL.read_text("utf-8").replace("value: 12 h", "value: twelve")
    path = tmp_path / "work_instruction.yaml"
    path.write_text(text, "utf-8")
    number = 1 + text[: text.index("value: twelve")].count("\n")
    with pytest.raises(WorkInstructionError, match=f":{number}: .*hard_settle_within"):
        load_work_instruction(path)


def test_a_missing_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(WorkInstructionError, match="cannot be read"):
        load_work_instruction(tmp_path / "nowhere.yaml")


@settings(max_examples=60, deadline=None)
@given(cut=st.integers(0, 8000), junk=st.text(max_size=30))
def test_whatever_is_in_the_file_it_is_in_force_or_refused(
    tmp_path_factory: pytest.TempPathFactory, cut: int, junk: str
) -> None:
    text = REAL.read_text("utf-8")
    path = tmp_path_factory.mktemp("broken") / "work_instruction.yaml"
    path.write_bytes((text[:cut] + junk + text[cut + len(junk) :]).encode("utf-8", "surrogatepass"))
    try:
        load_work_instruction(path)
    except WorkInstructionError as refused:
        assert str(path) in str(refused)  # noqa: PT017
