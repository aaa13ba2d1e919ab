"""The KPIs as data: `data/kpis.yaml` loaded into typed, frozen definitions (clauses 4.1-4.4 and across)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, StringConstraints, TypeAdapter, ValidationError

from models.quality import QualityRules
from models.work_instruction import GROUPS, Duration, WorkInstruction
from models.yaml_lines import Marked, Problem, plain, problem_about, read_checked, read_entries

Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=600)]
_DURATION: TypeAdapter[timedelta] = TypeAdapter(Duration)
OF_TIMES = ("mean", "p50", "p90", "p95")
"""The statistics of a KPI that measures times."""


class KpisError(ValueError):
    """The file cannot be in force; the message has a line for each thing wrong: file, line, reason."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What the code fixes about a KPI: what kind of figure it is, and what it can be broken down by."""

    kind: Literal["share", "count", "time"]
    by: tuple[str, ...]
    has_limit: bool = False

    @property
    def statistics(self) -> tuple[str, ...]:
        """The statistics it has."""
        return OF_TIMES if self.kind == "time" else (self.kind,)


_CASE = ("agent", "problem", "severity", "category", "platform", "region", "watched", "hour")
_TICKET = ("unit", "pic", "problem", "severity", "hour")
SHAPES: dict[str, Shape] = {
    "received_by_eligible_agent": Shape("share", (*_CASE, "outcome")),
    "time_to_assignment": Shape("time", _CASE),
    "time_to_acceptance": Shape("time", _CASE),
    "accepted_in_time": Shape("share", _CASE),
    "leader_time_to_engage": Shape("time", (*_CASE, "leader")),
    "leader_engaged_in_time": Shape("share", (*_CASE, "leader")),
    "directions_given": Shape("count", (*_CASE, "leader")),
    "questions_answered": Shape("share", _CASE),
    "takeovers": Shape("count", (*_CASE, "leader")),
    "breaches_warned": Shape("share", (*_CASE, "clock")),
    "problem_found": Shape("share", (*_CASE, "leader", "unit")),
    "looks_in_time": Shape("share", _TICKET, has_limit=True),
    "tickets_without_look": Shape("share", _TICKET, has_limit=True),
    "contacts_with_units": Shape("count", (*_TICKET, "contact")),
    "contacts_reached": Shape("share", (*_TICKET, "contact")),
    "acknowledged_in_time": Shape("share", _TICKET),
    "settled_in_time": Shape("share", _TICKET),
    "unit_time_to_settle": Shape("time", _TICKET),
    "redirects": Shape("share", _TICKET),
    "escalations": Shape("count", (*_TICKET, "level")),
    "complaints": Shape("count", _CASE),
    "first_response_time": Shape("time", _CASE),
    "time_to_resolution": Shape("time", _CASE),
    "handle_time": Shape("time", _CASE),
    "sla_attainment": Shape("share", (*_CASE, "clock")),
    "reopen_rate": Shape("share", _CASE),
    "backlog": Shape("count", (*_CASE, "age")),
    "workload": Shape("count", _CASE),
    "fairness": Shape("share", ()),
    "conformance": Shape("share", (*_CASE, "step")),
    "candidate_precision": Shape("share", ("leader", "category", "platform", "hour")),
    "posting_to_notice": Shape("time", _CASE),
    "posting_to_pull": Shape("time", _CASE),
    "pull_to_assignment": Shape("time", _CASE),
    "assignment_to_notice": Shape("time", _CASE),
}
"""Every KPI by its code."""
DIMENSIONS = tuple(dict.fromkeys(name for shape in SHAPES.values() for name in shape.by))
"""Everything a figure can be broken down by."""


class _Rules(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def _figure(value: Any) -> Any:
    """`5 min` → 300.0 seconds; numbers stay."""
    return _DURATION.validate_python(value).total_seconds() if isinstance(value, str) else value


class Target(_Rules):
    """What a KPI should reach: a figure or a setting of the work instruction, and who set it."""

    value: Annotated[float | None, BeforeValidator(_figure)] = None
    setting: str | None = None
    of: Literal["mean", "p50", "p90", "p95"] | None = None
    source: Words


class Kpi(_Rules):
    """One KPI as it is defined. `limit` is the time its measure compares with, where it compares with one."""

    code: str
    clause: Literal["4.1", "4.2", "4.3", "4.4", "across"]
    name: Words
    formula: Words
    numerator: Words
    denominator: Words | None = None
    day: Words
    better: Literal["higher", "lower", "neither"]
    target: Target | None = None
    limit: Duration | None = None
    by: tuple[str, ...]

    @property
    def shape(self) -> Shape:
        """What the code fixes about it."""
        return SHAPES[self.code]

    @property
    def unit(self) -> str:
        """What its value is in: a share from 0 to 1, a count, or seconds."""
        return {"share": "share", "count": "count", "time": "s"}[self.shape.kind]

    def target_value(self, instruction: WorkInstruction) -> float | None:
        """The figure it should reach, times in seconds; None where it has no target."""
        if self.target is None:
            return None
        if self.target.setting is None:
            return self.target.value
        return _setting(instruction, self.target.setting)

    @property
    def headline(self) -> str:
        """The statistic that stands for it: the one its target is about, else the median of times."""
        if self.shape.kind != "time":
            return self.shape.kind
        return (self.target.of if self.target else None) or "p50"


Kpis = Mapping[str, Kpi]
"""The definitions by their code, in the order of the file."""


def _setting(instruction: WorkInstruction, name: str) -> float:
    group = next(group for group, model in GROUPS.items() if name in model.model_fields)
    value: timedelta = getattr(getattr(instruction, group), name)
    return value.total_seconds()


def load_kpis(path: Path) -> Kpis:
    """Read and check the file at `path`.

    Raises:
        KpisError: it is missing, unreadable or wrong; every problem is named with its line.
    """
    return read_checked(path, _read, KpisError, "The definitions of the KPIs cannot be in force.")


def _read(root: Marked, problems: list[Problem]) -> dict[str, Kpi]:
    entries = root.value.get("kpis") if isinstance(root.value, dict) else None
    if entries is None or not isinstance(entries.value, dict) or set(root.value) != {"kpis", "quality"}:
        problems.append(Problem(root.line, "expected `quality:`, and `kpis:` with one entry a KPI, and nothing else"))
        return {}
    _read_quality(root, problems)
    found = read_entries(entries, Kpi, SHAPES, "KPI", problems)
    for code, kpi in found.items():
        node = entries.value[code]
        problems += [Problem(_line(node, where), f"{code}.{where}: {told}") for where, told in _misfits(kpi)]
    return found


def load_quality(path: Path) -> QualityRules:
    """How cases are sampled for quality assurance, of the same file; raises `KpisError` as `load_kpis` does."""
    return read_checked(path, _read_quality, KpisError, "The definitions of the KPIs cannot be in force.")


def _read_quality(root: Marked, problems: list[Problem]) -> QualityRules | None:
    node = root.value.get("quality", root) if isinstance(root.value, dict) else root
    try:
        return QualityRules.model_validate(plain(node))
    except ValidationError as error:
        problems += [problem_about("quality", node, one) for one in error.errors()]
        return None


def _misfits(kpi: Kpi) -> Iterator[tuple[str, str]]:
    """What of a definition does not fit what the code measures: field and sentence."""
    shape, target = kpi.shape, kpi.target
    strange = [name for name in kpi.by if name not in shape.by]
    if strange:
        yield "by", f"cannot be broken down by {strange[0]}; could be by {', '.join(shape.by) or 'nothing'}"
    if (kpi.denominator is None) != (shape.kind == "count"):
        yield "denominator", "a count has none, everything else needs one"
    if shape.has_limit != (kpi.limit is not None):
        yield "limit", "give the time that it compares with" if shape.has_limit else "it compares with no time"
    if target is None:
        return
    if (target.value is None) == (target.setting is None):
        yield "target", "give either a value or a setting"
    if target.setting is not None and not _is_time(target.setting):
        yield "target", f"the work instruction has no time called {target.setting!r}"
    if (target.of is not None) != (shape.kind == "time"):
        yield "target", f"of: {'say of which statistic' if shape.kind == 'time' else 'only times have more than one'}"
    if shape.kind == "share" and target.value is not None and not 0 <= target.value <= 1:
        yield "target", "the value of a share is from 0 to 1"


def _is_time(name: str) -> bool:
    fields = [model.model_fields[name] for model in GROUPS.values() if name in model.model_fields]
    return any(field.annotation is timedelta for field in fields)


def _line(node: Marked, field: str) -> int:
    return node.value[field].line if isinstance(node.value, dict) and field in node.value else node.line
