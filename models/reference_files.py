"""The desk's own data as people edit it (`data/desk/*.csv`), checked row by row and ready for the database.

Days are those of Asia/Jakarta and may be relative to today; `data/desk/README.md` describes the files.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo

from dateutil.relativedelta import relativedelta
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    ValidationInfo,
    model_validator,
)

from models.mentions import Platform
from models.work_instruction import CATEGORIES

JAKARTA = ZoneInfo("Asia/Jakarta")
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
SHIFTS_AHEAD = 60
"""Days of shifts written ahead of today; every start of the desk writes on."""


class ReferenceFileError(ValueError):
    """Files that cannot be taken over; the message has a line for each thing wrong: file, line, column, reason."""


@dataclass(frozen=True, slots=True)
class ReferenceFiles:
    """What the files say, as rows of the tables; people are named by their code."""

    watched_accounts: tuple[dict[str, Any], ...]
    listings: tuple[dict[str, Any], ...]
    staff: tuple[dict[str, Any], ...]
    qa_scores: tuple[dict[str, Any], ...]
    assessments: tuple[dict[str, Any], ...]
    shifts: tuple[dict[str, Any], ...]


def _today(info: ValidationInfo) -> date:
    context: dict[str, date] = info.context or {}
    return context["today"]


def _day(value: Any, info: ValidationInfo) -> Any:
    """`2026-03-31`, `-18m` or `+30d` → date; empty → None."""
    if not value:
        return None
    match = re.fullmatch(r"([+-]\d{1,4})([md])", value)
    if match:
        today = _today(info)
        count = int(match[1])
        return today + (relativedelta(months=count) if match[2] == "m" else relativedelta(days=count))
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise ValueError("write a day as 2026-03-31, or relative to today as -18m or +30d") from None


def _month(value: Any, info: ValidationInfo) -> Any:
    """`2026-03`, `-1` or `0` → the first day of the month."""
    if re.fullmatch(r"-\d{1,2}|0", value or ""):
        return _today(info).replace(day=1) + relativedelta(months=int(value))
    try:
        return date.fromisoformat(f"{value}-01")
    except ValueError:
        raise ValueError("write a month as 2026-03, or -1 for the latest complete one") from None


def _wall_time(value: Any) -> Any:
    """`07:00` → time. An offset is refused: the file is in Asia/Jakarta, whatever a spreadsheet thinks."""
    if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", value or ""):
        raise ValueError("write a time as 07:00, in Asia/Jakarta")
    return time.fromisoformat(value)


def _days(value: Any) -> Any:
    named = WEEKDAYS if value == "daily" else tuple((value or "").split())
    if not named or set(named) - set(WEEKDAYS):
        raise ValueError(f"write daily or weekdays out of {' '.join(WEEKDAYS)}")
    return named


Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Optional = Annotated[str | None, BeforeValidator(lambda value: (value or "").strip() or None)]
Day = Annotated[date, BeforeValidator(_day)]
OptionalDay = Annotated[date | None, BeforeValidator(_day)]
WallTime = Annotated[time, BeforeValidator(_wall_time)]
Score = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", use_enum_values=True)


class _Watched(_Row):
    platform: Platform
    external_id: Annotated[str, StringConstraints(pattern=r"^\d{1,64}$")]
    handle: Annotated[str, StringConstraints(pattern=r"^[\w.]{1,100}$")]
    kind: Literal["care", "bod"]
    owner: Text


class _Listing(_Row):
    platform: Platform
    handle: Optional
    external_id: Optional
    name: Text
    category: str
    document: Text
    valid_from: OptionalDay
    valid_to: OptionalDay

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if self.category not in CATEGORIES:
            raise ValueError(f"category: {self.category!r} is none of {', '.join(CATEGORIES)}")
        if not self.handle and not self.external_id:
            raise ValueError("handle: give a handle or an external_id")
        # A listing that can never match loses a priority customer without a word.
        if self.external_id and not re.fullmatch(r"[0-9]{1,64}", self.external_id):
            raise ValueError(f"external_id: {self.external_id!r} is no id; write all its digits (spreadsheets round)")
        if self.handle and self.platform == Platform.X and not re.fullmatch(r"@?[A-Za-z0-9_]{1,50}", self.handle):
            raise ValueError(f"handle: {self.handle!r} is no handle; write the name after the @, no link")
        if self.valid_from and self.valid_to and self.valid_from > self.valid_to:
            raise ValueError("valid_to: is before valid_from")
        return self


class _Person(_Row):
    code: Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{1,12}$")]
    name: Text
    role: Literal["agent", "team_leader", "pic", "supervisor"]
    joined_on: Day
    capacity: Annotated[int, Field(ge=0, le=10_000)]
    social_handle: Optional
    away_until: OptionalDay


class _Qa(_Row):
    code: str
    month: Annotated[date, BeforeValidator(_month)]
    score: Score
    target: Score


class _Assessment(_Row):
    code: str
    skill: Literal["analytical", "second_layer_apps", "complaint_handling", "social_media"]
    score: Score
    assessed_on: Day


class _Shift(_Row):
    code: str
    days: Annotated[tuple[str, ...], BeforeValidator(_days)]
    starts: WallTime
    ends: WallTime


def load_reference_files(folder: Path, today: date) -> ReferenceFiles:
    """Read every file in `folder`; `today` is the day in Asia/Jakarta that relative days count from.

    Raises:
        ReferenceFileError: something is wrong in any of them; every problem is named and nothing is returned.
    """
    problems: list[str] = []
    watched = _read(folder / "watched_accounts.csv", _Watched, today, problems, ("platform", "external_id"))
    people = _read(folder / "staff.csv", _Person, today, problems, ("code",))
    listings = [
        row | {"source": source}
        for source in ("bod_list", "registry")
        for row in _read(folder / f"{source}.csv", _Listing, today, problems, ("platform", "handle", "external_id"))
    ]
    # With a person refused, everything said of them would be refused too: one mistake, told once.
    codes = None if any(one.startswith(f"{folder / 'staff.csv'}:") for one in problems) else {p["code"] for p in people}
    qa = _read(folder / "qa_scores.csv", _Qa, today, problems, ("code", "month"), codes)
    assessments = _read(
        folder / "assessments.csv", _Assessment, today, problems, ("code", "skill", "assessed_on"), codes
    )
    shifts = _read(folder / "shifts.csv", _Shift, today, problems, ("code", "starts"), codes)
    if problems:
        raise ReferenceFileError("\n".join(problems))
    for person in people:
        away: date | None = person["away_until"]
        person["away_until"] = None if away is None else _moment(away, time())
    return ReferenceFiles(
        tuple(watched),
        tuple(map(_listing, listings)),
        tuple(people),
        tuple(qa),
        tuple(assessments),
        tuple(_on_days(shifts, today)),
    )


def _listing(row: Mapping[str, Any]) -> dict[str, Any]:
    handle = (row["handle"] or "").lstrip("@").casefold() or None
    return {key: value for key, value in row.items() if key != "handle"} | {"handle_key": handle}


def _on_days(shifts: list[dict[str, Any]], today: date) -> Iterator[dict[str, Any]]:
    for shift in shifts:
        for ahead in range(-1, SHIFTS_AHEAD + 1):
            day = today + timedelta(days=ahead)
            if WEEKDAYS[day.weekday()] not in shift["days"]:
                continue
            until = day if shift["ends"] > shift["starts"] else day + timedelta(days=1)
            yield {
                "code": shift["code"],
                "starts_at": _moment(day, shift["starts"]),
                "ends_at": _moment(until, shift["ends"]),
            }


def _moment(day: date, at: time) -> datetime:
    return datetime.combine(day, at, JAKARTA).astimezone(UTC)


def _read(
    path: Path,
    model: type[_Row],
    today: date,
    problems: list[str],
    unique: tuple[str, ...],
    codes: set[str] | None = None,
) -> list[dict[str, Any]]:
    """The rows of one file that are right; what is wrong with the others goes to `problems`."""
    rows: list[dict[str, Any]] = []
    seen: dict[tuple[Any, ...], int] = {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            missing = set(model.model_fields) - set(reader.fieldnames or ())
            if missing:
                problems.append(f"{path}:1: {', '.join(sorted(missing))}: the column is missing")
                return rows
            for given in reader:
                row = _row(given, model, today, f"{path}:{reader.line_num}", problems)
                if row is None:
                    continue
                if codes is not None and row["code"] not in codes:
                    problems.append(f"{path}:{reader.line_num}: code: {row['code']} is not in staff.csv")
                keys = _keys(row, unique)
                same = next((seen[key] for key in keys if key in seen), None)
                if same is not None:
                    problems.append(f"{path}:{reader.line_num}: {unique[0]}: the same as line {same}; remove one")
                seen |= dict.fromkeys(keys, reader.line_num)
                rows.append(row)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        problems.append(f"{path}: cannot be read: {error}")
    return rows


def _keys(row: Mapping[str, Any], unique: tuple[str, ...]) -> list[tuple[Any, ...]]:
    """What no other row may have; a shift has one for each of its weekdays."""
    return [(*(row[name] for name in unique), day) for day in row.get("days", (None,))]


def _row(
    given: Mapping[str | Any, Any], model: type[_Row], today: date, where: str, problems: list[str]
) -> dict[str, Any] | None:
    try:
        if None in given:
            problems.append(f"{where}: more cells than columns; quote cells that hold a comma")
            return None
        return model.model_validate(dict(given), context={"today": today}).model_dump(mode="python")
    except ValidationError as error:
        for one in error.errors():
            column = f"{one['loc'][0]}: " if one["loc"] else ""
            reason = one["msg"].removeprefix("Value error, ")
            problems.append(f"{where}: {column}{reason}" + (f" (found {one['input']!r})" if column else ""))
        return None
