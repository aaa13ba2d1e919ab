"""The register of records as data: `data/records.yaml` loaded into typed, frozen entries (clause 6)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    model_validator,
)

from models.work_instruction import Duration
from models.yaml_lines import Marked, Problem, read_checked, read_entries

FOR_GOOD = "for good"
_DURATION: TypeAdapter[timedelta] = TypeAdapter(Duration)
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=600)]
DueCode = Literal[
    "cases",
    "mentions",
    "account_reviews",
    "quarantine",
    "notices",
    "desk_actions",
    "unit_updates",
    "legal_holds",
    "reference_loads",
    "accounts",
    "answered_requests",
    "reference_docs",
    "prefect_runs",
    "prefect_artifacts",
]
"""The types that something is done to once their time is up."""
RecordCode = Literal[DueCode, "staff", "reference", "revisions", "journal", "kpis"]


class RecordsError(ValueError):
    """The file cannot be in force; the message has a line for each thing wrong: file, line, reason."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What the code fixes about a type: from when its time counts, what can be done to it, and in which tables."""

    since: str
    way: Literal["anonymise", "delete"]
    tables: frozenset[str] = frozenset()


_CASE = ("cases", "interactions", "clocks", "ticked_steps", "tickets", "contacts", "follow_up_runs")
_ACCOUNT = ("accounts", "account_handles", "account_links")
KINDS: dict[str, Kind] = {
    "cases": Kind("closed", "anonymise", frozenset(_CASE)),
    "mentions": Kind("posted", "anonymise", frozenset({"mentions"})),
    "account_reviews": Kind("decided", "anonymise", frozenset({"account_reviews"})),
    "quarantine": Kind("refused", "delete", frozenset({"quarantined_rows"})),
    "notices": Kind("sent", "anonymise", frozenset({"notices"})),
    "desk_actions": Kind("done", "anonymise", frozenset({"desk_actions"})),
    "unit_updates": Kind("received", "delete", frozenset({"unit_updates"})),
    "legal_holds": Kind("lifted", "anonymise", frozenset({"legal_holds"})),
    "reference_loads": Kind("loaded", "delete", frozenset({"reference_loads"})),
    "accounts": Kind("profile last seen", "anonymise", frozenset(_ACCOUNT)),
    "answered_requests": Kind("written", "delete"),
    "reference_docs": Kind("written", "delete"),
    "prefect_runs": Kind("ended", "delete"),
    "prefect_artifacts": Kind("published", "delete"),
}
"""The types that something is done to, in the order in which it is: an account goes after what it said."""


class _Rules(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def _period(value: Any) -> Any:
    """`400 days` → timedelta, `for good` → None."""
    if value == FOR_GOOD:
        return None
    try:
        return _DURATION.validate_python(value)
    except ValidationError as error:
        (wrong,) = error.errors()
        too_short = f"must be longer than nothing; what is never taken away is kept {FOR_GOOD}"
        told = wrong["msg"].removeprefix("Value error, ") if wrong["type"] == "value_error" else too_short
        raise ValueError(told) from error


class RecordType(_Rules):
    """One type of records: what it is, how long it is kept from when, what is done then, and who answers for it."""

    code: RecordCode
    what: Words
    tables: tuple[str, ...]
    personal: bool
    keep: Annotated[timedelta | None, BeforeValidator(_period)]
    since: Words = Field(alias="from")
    then: Literal["anonymise", "delete", "keep"]
    responsible: Words
    because: Words

    @model_validator(mode="after")
    def _fits_the_code(self) -> RecordType:
        kind = KINDS.get(self.code)
        if (self.then == "keep") != (self.keep is None):
            raise ValueError(f"then: `keep` goes with keep: {FOR_GOOD}, and only with it")
        if kind is None and self.then != "keep":
            raise ValueError("then: nothing can be done to this type; write keep")
        if kind and self.then not in {kind.way, "keep"}:
            raise ValueError(f"then: this type can be kept or {kind.way}d, not {self.then}d")
        if kind and self.since != kind.since:
            raise ValueError(f"from: the time of this type counts from {kind.since!r}; that is not for this file")
        if kind and set(self.tables) != kind.tables:
            told = ", ".join(sorted(kind.tables)) or "none"
            raise ValueError(f"tables: of this type are {told}; that is not for this file to change")
        return self

    def until(self, now: datetime) -> datetime | None:
        """What is older than this moment (UTC) is due at `now` (UTC); None where nothing ever is."""
        return None if self.keep is None else now - self.keep


Register = Mapping[str, RecordType]
"""The types of records by their code, in the order of the file."""


def load_records(path: Path) -> Register:
    """Read and check the file at `path`.

    Raises:
        RecordsError: it is missing, unreadable or wrong; every problem is named with its line.
    """
    return read_checked(path, _read, RecordsError, "The register of records cannot be in force.")


def _read(root: Marked, problems: list[Problem]) -> dict[str, RecordType]:
    entries = root.value.get("records") if isinstance(root.value, dict) else None
    if entries is None or not isinstance(entries.value, dict) or set(root.value) != {"records"}:
        problems.append(Problem(root.line, "expected `records:` and below it one entry a type, and nothing else"))
        return {}
    found = read_entries(entries, RecordType, get_args(RecordCode), "type", problems)
    problems += _tables_twice(entries)
    return found


def _tables_twice(entries: Marked) -> Iterator[Problem]:
    """Problems of tables that more than one type has."""
    seen: dict[str, str] = {}
    for code, node in entries.value.items():
        tables = node.value.get("tables") if isinstance(node.value, dict) else None
        for table in tables.value if tables and isinstance(tables.value, list) else ():
            name = str(table.value)
            if name in seen:
                yield Problem(table.line, f"{code}.tables: {name} belongs to {seen[name]} already; name it once")
            seen.setdefault(name, code)
