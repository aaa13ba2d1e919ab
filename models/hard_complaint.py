"""The hard-complaint instruction as data: `data/hard_complaint.yaml` as typed, frozen steps (clause 5.3.2c)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from models.yaml_lines import Marked, Problem, place_of, plain, read_marked

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
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise HardComplaintError(f"{path}: cannot be read: {error}") from error
    root, problems = read_marked(text)
    found = _read(root, problems) if root is not None else None
    if problems or found is None:
        lines = "\n".join(f"{path}:{one.line}: {one.text}" for one in sorted(set(problems)))
        raise HardComplaintError(f"The hard-complaint instruction cannot be in force.\n{lines}")
    return found


def _read(root: Marked, problems: list[Problem]) -> HardComplaint | None:
    written = plain(root)
    if not isinstance(written, dict):
        problems.append(Problem(root.line, "expected title, code, revision and steps, found no mapping"))
        return None
    _no_code_twice(root, problems)
    try:
        return HardComplaint.model_validate(written)
    except ValidationError as error:
        problems += [_problem(root, one) for one in error.errors()]
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


def _problem(root: Marked, error: Any) -> Problem:
    """A pydantic error as a problem on the line of the value it is about; a step is named by its place, from 1."""
    at = place_of(root, error["loc"])
    where = ".".join(str(part + 1) if isinstance(part, int) else str(part) for part in error["loc"])
    if error["type"] == "missing":
        return Problem(at.line, f"{where}: is missing; write it")
    if error["type"] == "extra_forbidden":
        return Problem(at.line, f"{where}: no such entry")
    return Problem(at.line, f"{where}: {error['msg']} (found {error['input']!r})")
