"""The kinds of reference files the desk takes over, and what their columns hold (5.1.1, 5.2.1, 4.4)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from models.reference_cells import (
    Cell,
    Reading,
    Value,
    read_code,
    read_day,
    read_days,
    read_handle,
    read_id,
    read_month,
    read_number,
    read_phone,
    read_profile,
    read_text,
    read_time,
    read_value,
    read_whole,
)

Reader = Callable[[Cell, Reading], Value]


@dataclass(frozen=True, slots=True)
class Column:
    """A column: how its cells are read; `needed` ones have a value in every row, `optional` ones may be missing."""

    read: Reader
    needed: bool = True
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file. `key` is what no two rows share; of a `whole` kind what is not in the file ends or goes."""

    name: str
    title: str
    columns: Mapping[str, Column]
    key: tuple[str, ...]
    whole: bool


def _value(column: str) -> Column:
    return Column(partial(read_value, column=column))


_LISTING = {
    "platform": _value("platform"),
    "handle": Column(read_profile, needed=False),
    "external_id": Column(read_id, needed=False, optional=True),
    "name": Column(read_text),
    "category": _value("category"),
    "document": Column(read_text),
    "valid_from": Column(read_day, needed=False, optional=True),
    "valid_to": Column(read_day, needed=False, optional=True),
}
_LISTED = ("platform", "external_id", "handle")

KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(
            "watched_accounts",
            "Watched accounts",
            {
                "platform": _value("platform"),
                "external_id": Column(read_id),
                "handle": Column(read_handle),
                "kind": _value("kind"),
                "owner": Column(read_text),
                "region": Column(read_text, needed=False, optional=True),
            },
            ("platform", "external_id"),
            whole=False,
        ),
        Kind("bod_list", "BOD list", _LISTING, _LISTED, whole=True),
        Kind("registry", "Priority registry", _LISTING, _LISTED, whole=True),
        Kind(
            "staff",
            "Staff",
            {
                "code": Column(read_code),
                "name": Column(read_text),
                "role": _value("role"),
                "joined_on": Column(read_day),
                "capacity": Column(read_whole),
                "social_handle": Column(read_handle, needed=False, optional=True),
                "away_until": Column(read_day, needed=False, optional=True),
            },
            ("code",),
            whole=True,
        ),
        Kind(
            "qa_scores",
            "QA scores",
            {
                "code": Column(read_code),
                "month": Column(read_month),
                "score": Column(read_number),
                "target": Column(read_number),
            },
            ("code", "month"),
            whole=False,
        ),
        Kind(
            "assessments",
            "Assessments",
            {
                "code": Column(read_code),
                "skill": _value("skill"),
                "score": Column(read_number),
                "assessed_on": Column(read_day),
            },
            ("code", "skill", "assessed_on"),
            whole=False,
        ),
        Kind(
            "shifts",
            "Shifts",
            {
                "code": Column(read_code),
                "days": Column(read_days, needed=False, optional=True),
                "date": Column(read_day, needed=False, optional=True),
                "starts": Column(read_time),
                "ends": Column(read_time),
            },
            ("code", "day", "starts"),
            whole=True,
        ),
        Kind(
            "unit_contacts",
            "Units' contacts",
            {
                "unit": Column(read_text),
                "level": Column(read_whole),
                "name": Column(read_text),
                "phone": Column(read_phone, needed=False, optional=True),
                "email": Column(read_text, needed=False, optional=True),
            },
            ("unit", "level"),
            whole=True,
        ),
    )
}
"""By name, in the order in which they are taken over: people before what is said of them."""
OF_STAFF = ("qa_scores", "assessments", "shifts")
"""Kinds whose rows name somebody of the staff by code."""
LISTS = ("bod_list", "registry")
"""Kinds whose rows are priority listings."""
