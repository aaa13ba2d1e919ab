"""The hard-complaint instruction as data: `data/hard_complaint.yaml` as typed, frozen steps (clause 5.3.2c)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from models.yaml_lines import Marked, Problem, plain, problem_about, read_checked

Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class HardComplaintError(ValueError):
    """The file cannot be in force; the message has a line for each thing wrong: file, line, reason."""


class _Rules(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class HardStep(_Rules):
    """One thing to be done about a hard complaint, who answers for it, and what it must precede."""

    code: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*([-_][a-z0-9]+)*$", max_length=32)]
    says: Words
    by: Literal["agent", "team_leader", "pic", "supervisor"]
    before: Literal["resolve", "close"] = "close"


class HardComplaint(_Rules):
    """The instruction in force."""

    title: Words
    code: Words
    revision: Words
    steps: Annotated[tuple[HardStep, ...], Field(min_length=1)]


def open_steps(instruction: HardComplaint, ticked: Collection[str], before: str) -> tuple[HardStep, ...]:
    """The steps not ticked yet that must precede `before` (resolve or close), in their order.

    Closing comes after resolving: what must precede resolving must precede closing too, also where a complaint turned
    hard only once it was resolved.
    """
    return tuple(
        step for step in instruction.steps if step.code not in ticked and (before == "close" or step.before == before)
    )


def load_hard_complaint(path: Path) -> HardComplaint:
    """Read and check the file at `path`.

    Raises:
        HardComplaintError: it is missing, unreadable or wrong; every problem is named with its line.
    """
    return read_checked(path, _read, HardComplaintError, "The hard-complaint instruction cannot be in force.")


def _read(root: Marked, problems: list[Problem]) -> HardComplaint | None:
    written = plain(root)
    if not isinstance(written, dict):
        problems.append(Problem(root.line, "expected title, code, revision and steps, found no mapping"))
        return None
    _no_code_twice(root, problems)
    try:
        return HardComplaint.model_validate(written)
    except ValidationError as error:
        problems += [problem_about("", root, one) for one in error.errors()]
        return None


def _no_code_twice(root: Marked, problems: list[Problem]) -> None:
    steps = root.value["steps"].value if "steps" in root.value else None
    found = steps if isinstance(steps, list) else []
    codes = [step.value["code"] for step in found if isinstance(step.value, dict) and "code" in step.value]
    counts = Counter(str(code.value) for code in codes)
    problems += [
        Problem(code.line, f"steps: {counts[str(code.value)]} steps have the code {code.value}; give each its own")
        for code in codes
        if counts[str(code.value)] > 1
    ]
