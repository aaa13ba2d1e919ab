"""The work instruction as data: `data/work_instruction.yaml` loaded into typed, frozen settings.

Each setting below names the clause it carries out and whether the document fixes it (`document`) or leaves it to this
site (`site`). The file must say the same: a setting under the wrong clause, of the wrong kind or out of bounds is
refused with file, line and reason.
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from models.priority import PriorityThresholds
from models.yaml_lines import Marked, Problem, check_text, text_of_file

CLAUSES = (
    *("2", "3", "4.1", "4.2", "4.3", "4.4", "5.1.1", "5.1.2", "5.1.3", "5.1.4", "5.2.1"),
    *("5.3.1", "5.3.2a", "5.3.2b", "5.3.2c", "5.3.2d", "6", "7"),
)
"""Every clause of IN.OCC.TELK.W-19 that the desk refers to."""

CATEGORIES = (
    *("government", "executive", "artist", "writer", "media", "activist", "ngo", "professional"),
    *("public_figure", "bod"),
)
"""The professions of clause 5.2.1 and the list of BOD accounts."""

UNITS = {"s": 1, "min": 60, "h": 3600, "days": 86_400}
WORDS_AT_LEAST = 3
"""How many words say what a revision changed."""


class WorkInstructionError(ValueError):
    """The file cannot be in force; the message has a line for each thing wrong: file, line, reason."""


def _duration(value: Any) -> Any:
    """`5 min`, `24 h`, `30 s`, `3 days` → timedelta; one that is a timedelta already stays."""
    if isinstance(value, timedelta):
        return value
    match = re.fullmatch(r"(\d+) (s|min|h|days)", value) if isinstance(value, str) else None
    if not match:
        raise ValueError("write a duration as a number and s, min, h or days, for instance 15 min")
    return timedelta(seconds=int(match[1]) * UNITS[match[2]])


def _in_words(value: str) -> str:
    """What a revision changed, on one line."""
    words = value.split()
    if len(words) < WORDS_AT_LEAST:
        raise ValueError("say in words what this revision changes, for instance settle_within shortened to 12 h")
    return " ".join(words)


Duration = Annotated[timedelta, BeforeValidator(_duration), Field(gt=timedelta(0))]
Share = Annotated[float, Field(gt=0, le=1)]
Percent = Annotated[float, Field(ge=0, le=100)]


def _setting(clause: str, fixed_by: str) -> Any:
    return Field(json_schema_extra={"clause": clause, "fixed_by": fixed_by})


document = partial(_setting, fixed_by="document")
site = partial(_setting, fixed_by="site")


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class DetectionRules(_Settings):
    """How mentions are pulled (5.3.1)."""

    poll_overlap: Duration = site("5.3.1")
    first_lookback: Duration = site("5.3.1")
    reconcile_every: Duration = site("5.3.1")
    author_refresh: Duration = site("5.3.1")
    profile_wait: Duration = site("5.3.1")
    read_budget_usd: Annotated[Decimal, Field(gt=0)] = site("5.3.1")
    budget_warn_share: Share = site("5.3.1")


class PriorityRules(_Settings):
    """Who is a Priority customer (5.2.1)."""

    categories: tuple[str, ...] = document("5.2.1")
    priority_at_least: Share = site("5.2.1")
    candidate_at_least: Share = site("5.2.1")

    @property
    def thresholds(self) -> PriorityThresholds:
        """The confidences from which profile evidence makes a Priority customer, or a candidate."""
        return PriorityThresholds(self.priority_at_least, self.candidate_at_least)


class EligibilityRules(_Settings):
    """What an agent of the priority segment must be (5.1.1)."""

    tenure_months_over: Annotated[int, Field(ge=0)] = document("5.1.1")
    qa_consecutive_months: Annotated[int, Field(ge=1)] = document("5.1.1")
    analytical_at_least: Percent = site("5.1.1")
    second_layer_apps_at_least: Percent = site("5.1.1")
    complaint_handling_at_least: Percent = site("5.1.1")
    social_media_at_least: Percent = site("5.1.1")


class AssignmentRules(_Settings):
    """How a case reaches its agent (4.1)."""

    accept_within: Duration = site("4.1")


class CaseRules(_Settings):
    """When a customer's return reopens a case, and what their silence means (5.3.2a, d)."""

    reopen_window: Duration = site("5.3.2d")
    customer_silent_after: Duration = site("5.3.2a")
    close_after: Duration = site("5.3.2d")


class ClockRules(_Settings):
    """The deadlines of a case (5.3.2a, c, d) and when they warn (4.2)."""

    first_response_within: Duration = site("5.3.2a")
    leader_engaged_within: Duration = site("5.3.2c")
    settle_within: Duration = site("5.3.2d")
    hard_settle_within: Duration = site("5.3.2c")
    warn_share: Share = site("4.2")
    supervisor_after: Duration = site("4.2")


class WorkInstruction(_Settings):
    """The instruction in force. `clauses` has what each clause demands, by its number; `change` says in words what
    this revision changed, `effective` is the day (Asia/Jakarta) from which it is in force."""

    code: str
    title: str
    revision: Annotated[str, Field(min_length=1, max_length=32)]
    effective: date
    change: Annotated[str, AfterValidator(_in_words)]
    under: str
    clauses: dict[str, str]
    detection: DetectionRules
    priority: PriorityRules
    eligibility: EligibilityRules
    assignment: AssignmentRules
    cases: CaseRules
    clocks: ClockRules


GROUPS: dict[str, type[_Settings]] = {
    name: field.annotation
    for name, field in WorkInstruction.model_fields.items()
    if isinstance(field.annotation, type) and issubclass(field.annotation, _Settings)
}
HEAD = ("code", "title", "revision", "effective", "change", "under")


def load_work_instruction(path: Path) -> WorkInstruction:
    """Read and check the file at `path`.

    Raises:
        WorkInstructionError: it is missing, unreadable or wrong; every problem is named with its line.
    """
    return read_work_instruction(instruction_text(path), path)


def instruction_text(path: Path) -> str:
    """The file at `path` as it stands. Raises `WorkInstructionError` where it cannot be read."""
    return text_of_file(path, WorkInstructionError)


def read_work_instruction(text: str, path: Path) -> WorkInstruction:
    """Check the text of the file at `path`; raises `WorkInstructionError` as `load_work_instruction` does."""
    return check_text(text, path, _read, WorkInstructionError, "The work instruction cannot be in force.")


def _read(root: Marked, problems: list[Problem]) -> WorkInstruction | None:
    if not isinstance(root.value, dict):
        problems.append(Problem(root.line, f"expected {', '.join(HEAD)} and clauses, found no mapping"))
        return None
    head = {key: node.value for key, node in root.value.items() if key in HEAD}
    problems += [
        Problem(root.value[key].line, f"{key}: no such entry; known: {', '.join(HEAD)}, clauses")
        for key in set(root.value) - {*HEAD, "clauses"}
    ]
    clauses, settings = _clauses(root.value.get("clauses", root), problems)
    groups: dict[str, dict[str, Any]] = {name: {} for name in GROUPS}
    lines: dict[str, int] = {key: node.line for key, node in root.value.items()}
    for (clause, name), node in settings.items():
        lines[name] = node.line
        value = _value(clause, name, node, problems)
        if value is not None:
            group = next(group for group, model in GROUPS.items() if name in model.model_fields)
            groups[group][name] = value
    return _build(head | {"clauses": clauses} | groups, lines, root.line, problems)


def _clauses(node: Marked, problems: list[Problem]) -> tuple[dict[str, str], dict[tuple[str, str], Marked]]:
    """What each clause says, and its settings by clause and name."""
    says: dict[str, str] = {}
    settings: dict[tuple[str, str], Marked] = {}
    if not isinstance(node.value, dict) or not set(node.value) & set(CLAUSES):
        problems.append(Problem(node.line, "clauses: missing; expected a mapping of clause numbers"))
        return says, settings
    problems += [
        Problem(node.line, f'clause "{number}" is missing; restore it, every clause is needed')
        for number in CLAUSES
        if number not in node.value
    ]
    for number, clause in node.value.items():
        if number not in CLAUSES:
            problems.append(Problem(clause.line, f"{number}: the document has no such clause"))
            continue
        parts = clause.value if isinstance(clause.value, dict) else {}
        demand = parts.get("says", Marked(None, clause.line))
        if not isinstance(demand.value, str):
            problems.append(Problem(demand.line, f"clause {number}: says must tell in words what it demands"))
            continue
        says[number] = demand.value.strip()
        problems += [
            Problem(parts[key].line, f"clause {number}: {key} is not known; use says and settings")
            for key in set(parts) - {"says", "settings"}
        ]
        given = parts.get("settings", Marked({}, clause.line))
        if isinstance(given.value, dict):
            settings |= {(number, name): setting for name, setting in given.value.items()}
        else:
            problems.append(Problem(given.line, f"clause {number}: settings must be a mapping of names"))
    return says, settings


def _value(clause: str, name: str, node: Marked, problems: list[Problem]) -> Any:
    """A setting's plain value; None, and a problem, where it is not what the code declares it to be."""
    field = next((model.model_fields[name] for model in GROUPS.values() if name in model.model_fields), None)
    if field is None:
        known = sorted(key for model in GROUPS.values() for key in model.model_fields)
        problems.append(Problem(node.line, f"{name}: no such setting; known: {', '.join(known)}"))
        return None
    extra = field.json_schema_extra
    wanted = {str(key): str(value) for key, value in extra.items()} if isinstance(extra, dict) else {}
    if wanted["clause"] != clause:
        problems.append(Problem(node.line, f"{name}: belongs under clause {wanted['clause']}, not {clause}"))
    if not isinstance(node.value, dict) or set(node.value) - {"about"} != {"value", "fixed_by"}:
        problems.append(Problem(node.line, f"{name}: give value and fixed_by (and about, if it needs explaining)"))
        return None
    if node.value["fixed_by"].value != wanted["fixed_by"]:
        line = node.value["fixed_by"].line
        problems.append(Problem(line, f"{name}: fixed_by is {wanted['fixed_by']}; that is not for this file to change"))
    value = node.value["value"]
    return [item.value for item in value.value] if isinstance(value.value, list) else value.value


def _build(
    values: dict[str, Any], lines: dict[str, int], first: int, problems: list[Problem]
) -> WorkInstruction | None:
    try:
        built = WorkInstruction.model_validate(values)
    except ValidationError as error:
        for one in error.errors():
            where = [str(part) for part in one["loc"]]
            line = next((lines[part] for part in reversed(where) if part in lines), first)
            missing = one["type"] == "missing"
            reason = "is missing; restore it" if missing else f"{one['msg']} (found {one['input']!r})"
            problems.append(Problem(line, f"{where[-1] if missing else '.'.join(where[-2:])}: {reason}"))
        return None
    rules = built.priority
    if rules.candidate_at_least >= rules.priority_at_least:
        problems.append(Problem(lines["candidate_at_least"], "candidate_at_least: must be below priority_at_least"))
    if set(rules.categories) != set(CATEGORIES):
        problems.append(Problem(lines["categories"], f"categories: the document has {', '.join(CATEGORIES)}"))
    return built
