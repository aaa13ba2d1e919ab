"""What the rows of each kind of reference file must be, each with the sentence for who sent the file (5.1.1, 5.2.1).

Great Expectations carries them out (`tasks/reference_checks.py`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from models.eligibility import SKILLS
from models.mentions import Platform
from models.reference_kinds import LISTS, OF_STAFF
from models.work_instruction import CATEGORIES

ROLES = ("agent", "team_leader", "pic", "supervisor")
FIRST_DAY = date(1950, 1, 1)
LAST_DAY = date(2099, 12, 31)


@dataclass(frozen=True, slots=True)
class KnownNow:
    """What the rows must fit: the codes of staff and units there are, how many rows of a kind are in force; `today` in
    Asia/Jakarta. None: not checked, the file that has them could not be read."""

    today: date
    units: Collection[str] | None
    codes: Collection[str] | None = None
    in_force: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Must:
    """An expectation: Great Expectations' name for it, the column it is about, the reason given to who sent the file,
    and its arguments."""

    name: str
    column: str
    reason: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


def _among(column: str, values: Collection[str], reason: str = "") -> Must:
    known = sorted(values)
    return Must("ColumnValuesToBeInSet", column, reason or f"is none of {', '.join(known)}", {"value_set": known})


def _between(column: str, low: float, high: float) -> Must:
    return Must(
        "ColumnValuesToBeBetween", column, f"must be from {low} to {high}", {"min_value": low, "max_value": high}
    )


def _days(column: str, first: date, last: date, reason: str) -> Must:
    bounds = {"min_value": moment(first), "max_value": moment(last)}
    return Must("ColumnValuesToBeBetween", column, reason, bounds)


def moment(day: date) -> datetime:
    """A day as Great Expectations compares it: midnight, without a time zone."""
    return datetime.combine(day, datetime.min.time())


def _like(column: str, regex: str, reason: str) -> Must:
    return Must("ColumnValuesToMatchRegex", column, reason, {"regex": regex})


def _short(column: str, most: int) -> Must:
    reason = f"is longer than {most} characters"
    return Must("ColumnValueLengthsToBeBetween", column, reason, {"max_value": most})


def _given(column: str, reason: str) -> Must:
    return Must("ColumnValuesToNotBeNull", column, reason)


_X_HANDLE = _like("x_handle", r"^[A-Za-z0-9_]{1,50}$", "is no handle; write the name after the @, no link")
_FACEBOOK_HANDLE = _like("facebook_handle", r"^[\w.]{1,100}$", "is no name of a page; write what follows facebook.com/")
_CODE = r"^[A-Z0-9]{1,12}$"


def musts(kind: str, now: KnownNow) -> list[Must]:
    """What the rows of a kind must be, given what there is now."""
    made = _of_listings() if kind in LISTS else {**_of_people(now), **_of_others(now)}[kind]
    if kind in OF_STAFF and now.codes is not None:
        made.append(_among("code", now.codes, "is not among the staff; correct it, or load the staff file first"))
    return [*made, Must("ColumnValuesToBeNull", "same_as", "says the same as an earlier row; remove one of them")]


def _of_people(now: KnownNow) -> dict[str, list[Must]]:
    return {
        "staff": [
            _like("code", _CODE, "is no code; write up to 12 capital letters and digits"),
            _among("role", ROLES),
            _between("capacity", 0, 10_000),
            _short("name", 200),
            _short("social_handle", 100),
            _days("away_until", FIRST_DAY, LAST_DAY, "is no day somebody comes back"),
            _days("joined_on", FIRST_DAY, now.today + timedelta(days=366), "is no day on which somebody joined"),
        ],
        "qa_scores": [
            _between("score", 0, 100),
            _between("target", 0, 100),
            _days("month", FIRST_DAY, now.today, "is still to come; write the month that was scored"),
        ],
        "assessments": [
            _among("skill", SKILLS),
            _between("score", 0, 100),
            _days("assessed_on", FIRST_DAY, now.today, "is still to come; write the day of the assessment"),
        ],
        "shifts": [
            _given("when", "give days (daily, mon tue, Senin-Jumat) or a date, one of them"),
            _days("date", FIRST_DAY, LAST_DAY, "is no day of a roster"),
        ],
    }


def _of_others(now: KnownNow) -> dict[str, list[Must]]:
    return {
        "watched_accounts": [
            _among("platform", list(Platform)),
            _among("kind", ("care", "bod")),
            _X_HANDLE,
            _FACEBOOK_HANDLE,
            _short("owner", 200),
            _short("region", 100),
        ],
        "unit_contacts": [
            *([] if now.units is None else [_among("unit", now.units)]),
            _between("level", 0, 20),
            _short("name", 200),
            _like("phone", r"^\+?[0-9]{3,20}$", "is no telephone number; write +62… or 021…"),
            _like("email", r"^[^@\s]{1,100}@[^@\s]{1,90}\.[^@\s.]{2,24}$", "is no e-mail address"),
            _given("reachable", "give a phone or an email"),
        ],
    }


def _of_listings() -> list[Must]:
    in_order = {"column_A": "valid_to", "column_B": "valid_from", "or_equal": True}
    return [
        _among("platform", list(Platform)),
        _among("category", CATEGORIES),
        _given("identified", "give a handle or an external_id"),
        _X_HANDLE,
        _FACEBOOK_HANDLE,
        _short("name", 400),
        _short("document", 400),
        _days("valid_from", FIRST_DAY, LAST_DAY, "is no day on which a listing can begin"),
        _days("valid_to", FIRST_DAY, LAST_DAY, "is no day on which a listing can end"),
        Must(
            "ColumnPairValuesAToBeGreaterThanB",
            "valid_to",
            "is before valid_from",
            {**in_order, "ignore_row_if": "either_value_is_missing"},
        ),
    ]
