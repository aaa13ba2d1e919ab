"""The responsible units as data: `data/units.yaml` loaded into typed, frozen rules (clauses 4.4, 5.3.2d)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import time, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from models.lexicons import PROBLEMS, ProblemName
from models.unit_hours import UnitHours
from models.work_instruction import Duration
from models.yaml_lines import Marked, Problem, place_of, plain, read_checked


class UnitsError(ValueError):
    """The file cannot be in force; the message has a line for each thing wrong: file, line, reason."""


class _Rules(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Targets(_Rules):
    """A target by severity, in unit hours."""

    standard: Duration
    hard: Duration

    def of(self, severity: str) -> timedelta:
        """The target of a severity (standard or hard)."""
        return self.hard if severity == "hard" else self.standard


class RetryPolicy(_Rules):
    """How often, after which waits and after which answers a failed call is repeated."""

    attempts: Annotated[int, Field(ge=1, le=20)]
    waits: tuple[Duration, ...]
    jitter: Annotated[float, Field(ge=0, le=5)]
    timeout: Duration
    worth: tuple[Annotated[int, Field(ge=400, le=599)], ...]

    @model_validator(mode="after")
    def _one_wait_before_each_retry(self) -> RetryPolicy:
        if len(self.waits) != self.attempts - 1:
            raise ValueError(f"waits: {self.attempts} attempts have {self.attempts - 1} waits between them")
        return self

    @property
    def longest(self) -> timedelta:
        """How long all attempts and waits together may take."""
        waits = sum(self.waits, timedelta(0))
        return self.timeout * self.attempts + waits * (1 + self.jitter)


def _clock_time(value: Any) -> Any:
    if not isinstance(value, str):
        raise ValueError('write a time as "08:00", in quotation marks')
    return time.fromisoformat(value)


class _Hours(_Rules):
    days: Annotated[tuple[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"], ...], Field(min_length=1)]
    opens: Annotated[time, BeforeValidator(_clock_time)] = Field(alias="from")
    closes: Annotated[time, BeforeValidator(_clock_time)] = Field(alias="to")

    @model_validator(mode="after")
    def _in_order(self) -> _Hours:
        if self.opens >= self.closes:
            raise ValueError("hours: from must be before to; a unit that works overnight is `always`")
        return self


class Unit(_Rules):
    """One unit: how it is reached, when it works, and what is expected of it."""

    code: str
    name: Annotated[str, Field(min_length=1)]
    channel: Literal["http", "email"]
    problems: tuple[ProblemName, ...]
    hours: Literal["always"] | _Hours
    holidays: bool
    acknowledge: Targets
    settle: Targets
    retry: RetryPolicy
    chase_every: Duration
    ladder: Annotated[tuple[str, ...], Field(min_length=1)]

    @property
    def calendar(self) -> UnitHours:
        """The unit's hours as a calendar that clocks run on."""
        if isinstance(self.hours, str):
            return UnitHours(holidays=self.holidays)
        return UnitHours(frozenset(self.hours.days), self.hours.opens, self.hours.closes, self.holidays)

    def post(self, level: int) -> str:
        """The post of escalation level 1, 2, …; the last one for any higher level."""
        return self.ladder[min(level, len(self.ladder)) - 1]


def gone_unit(code: str) -> Unit:
    """Stands in for a unit that data/units.yaml no longer knows while tickets are still with it: nobody answers there,
    so that its tickets come to stand with the PIC, who redirects them."""
    target = {"standard": "2 h", "hard": "1 h"}
    return Unit.model_validate(
        {
            "code": code,
            "name": f"{code} (no longer in data/units.yaml)",
            "channel": "http",
            "problems": [],
            "hours": "always",
            "holidays": False,
            "acknowledge": target,
            "settle": target,
            "retry": {"attempts": 1, "waits": [], "jitter": 0, "timeout": "5 s", "worth": []},
            "chase_every": "2 h",
            "ladder": ["the PIC"],
        }
    )


Units = Mapping[str, Unit]
"""The units by their code."""


def unit_for(units: Units, problem: str) -> Unit:
    """The unit a problem belongs to."""
    return next(unit for unit in units.values() if problem in unit.problems)


def load_units(path: Path) -> Units:
    """Read and check the file at `path`.

    Raises:
        UnitsError: it is missing, unreadable or wrong; every problem is named with its line.
    """
    return read_checked(path, _read, UnitsError, "The units cannot be in force.")


def _read(root: Marked, problems: list[Problem]) -> dict[str, Unit]:
    entries = root.value.get("units") if isinstance(root.value, dict) else None
    if entries is None or not isinstance(entries.value, dict) or set(root.value) != {"units"}:
        problems.append(Problem(root.line, "expected `units:` and below it one entry a unit, and nothing else"))
        return {}
    units: dict[str, Unit] = {}
    for code, node in entries.value.items():
        if not (code.isidentifier() and code == code.lower() and len(code) <= 32):
            problems.append(Problem(node.line, f"{code}: a unit's code is small letters, at most 32"))
        try:
            written = plain(node)
            units[code] = Unit.model_validate({"code": code, **(written if isinstance(written, dict) else {})})
        except ValidationError as error:
            problems += [_problem(code, node, one) for one in error.errors()]
    owners = [(problem, code) for code, unit in units.items() for problem in unit.problems]
    for problem in PROBLEMS if not problems else ():
        codes = [code for owned, code in owners if owned == problem]
        if len(codes) != 1:
            given = " and ".join(codes) or "no unit"
            problems.append(Problem(entries.line, f"problems: {problem} belongs to {given}; give it to exactly one"))
    return units


def _problem(code: str, node: Marked, error: Any) -> Problem:
    """A pydantic error as a problem on the line of the value it is about."""
    at = place_of(node, error["loc"])
    where = ".".join([code, *(str(part) for part in error["loc"] if part not in {"_Hours", "literal['always']"})])
    if error["type"] == "missing":
        return Problem(at.line, f"{where}: is missing; restore it")
    return Problem(at.line, f"{where}: {error['msg']} (found {error['input']!r})")
