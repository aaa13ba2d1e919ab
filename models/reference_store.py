"""What taking a reference file over changes in the records (5.1.1, 5.2.1, 4.4).

`planned` compares a file's rows with what is in force; `models/reference_writing.py` writes the difference.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Connection, func, or_, select

from models.accounts import PriorityListingRow, WatchedAccountRow
from models.database import Table
from models.reference_diff import FileDiff, Key, Record, compare
from models.reference_kinds import LISTS
from models.reference_writing import OF_STAFF_TABLES
from models.staff import ShiftRow, StaffRow
from models.ticket_rows import UnitContactRow
from models.unit_hours import JAKARTA

SHIFTS_AHEAD = 60
"""Days of shifts written ahead of today for a roster of weekdays; every load writes on."""


@dataclass(frozen=True, slots=True)
class _Plan:
    """How a kind is compared: its rows given and in force by what makes a row the same, the columns, what ends it."""

    given: Mapping[Key, Record]
    in_force: Mapping[Key, Record]
    columns: tuple[str, ...]
    ends: Callable[[Record], bool] | None = None


def planned(
    connection: Connection,
    kind: str,
    rows: Sequence[Record],
    columns: Sequence[str],
    today: date,
    *,
    may_end: bool = True,
) -> FileDiff:
    """What taking `rows` of a kind over would change; `columns` are the file's, `today` is the day in Asia/Jakarta.

    `may_end` False: nothing in force ends because the rows lack it, as where some of the file's were refused.
    """
    plan = _PLANS[kind](connection, kind, rows, columns, today)
    ends = plan.ends if may_end else None
    return compare(kind, plan.given, plan.in_force, plan.columns, ends=ends)


def rows_in_force(connection: Connection, today: date) -> dict[str, int]:
    """How many rows of each whole kind are in force on `today` (Asia/Jakarta); of shifts, how many people have some."""
    counts = dict.fromkeys((*LISTS, "staff", "shifts", "unit_contacts"), 0)
    still = or_(PriorityListingRow.valid_to.is_(None), PriorityListingRow.valid_to >= today)
    listed = select(PriorityListingRow.source, func.count()).where(still).group_by(PriorityListingRow.source)
    counts |= {source: number for source, number in connection.execute(listed)}  # noqa: C416
    counts["staff"] = len(codes_of_staff(connection))
    coming = select(func.count(ShiftRow.staff_id.distinct())).where(ShiftRow.ends_at > _moment(today, time()))
    counts["shifts"] = connection.scalar(coming) or 0
    counts["unit_contacts"] = connection.scalar(select(func.count()).select_from(UnitContactRow)) or 0
    return counts


def codes_of_staff(connection: Connection) -> frozenset[str]:
    """The codes of everybody who has not left."""
    return frozenset(connection.scalars(select(StaffRow.code).where(StaffRow.left_on.is_(None))))


def on_days(shifts: Sequence[Record], today: date) -> list[dict[str, Any]]:
    """Each stretch of duty (UTC) of a roster: of weekdays from yesterday (a night may still be running) on, or on its
    date, which wins. An end before the start is the next day."""
    ahead = [today + timedelta(days=days) for days in range(-1, SHIFTS_AHEAD + 1)]
    found: dict[Key, dict[str, Any]] = {}
    for shift in sorted(shifts, key=lambda one: one.get("date") is not None):
        weekly = [day for day in ahead if day.weekday() in (shift.get("days") or ())]
        for day in [shift["date"]] if shift.get("date") else weekly:
            until = day if shift["ends"] > shift["starts"] else day + timedelta(days=1)
            starts = _moment(day, shift["starts"])
            found[shift["code"], starts] = {
                "code": shift["code"],
                "starts_at": starts,
                "ends_at": _moment(until, shift["ends"]),
            }
    return list(found.values())


def _moment(day: date, at: time) -> datetime:
    return datetime.combine(day, at, JAKARTA).astimezone(UTC)


def _by(names: Sequence[str], rows: Sequence[Any]) -> dict[Key, Record]:
    return {tuple(row[name] for name in names): row for row in rows}


def _plan_listings(
    connection: Connection, kind: str, rows: Sequence[Record], columns: Sequence[str], today: date
) -> _Plan:
    """A listing that is given an id keeps its entry, and its id where the file does not tell it; one that is not in
    the list any more ends yesterday, and begins again when it is back."""
    wanted = select(PriorityListingRow.id.label("row_id"), *_columns(PriorityListingRow))
    now = connection.execute(wanted.where(PriorityListingRow.source == kind)).mappings().all()
    by_id = {(row["platform"], row["external_id"]): row for row in now if row["external_id"] is not None}
    by_handle = {(row["platform"], row["handle_key"]): row for row in now if row["handle_key"] is not None}
    others = [name for name in columns if name not in {"handle", "external_id", "valid_to"}]
    given: dict[Key, Record] = {}
    for row in rows:
        record = {name: row[name] for name in others} | {"external_id": row["external_id"]}
        record |= {"handle_key": (row.get("handle") or "").casefold() or None, "valid_to": row.get("valid_to")}
        same = _same_listing(record, by_id, by_handle)
        key = _identity(record if same is None else same)
        if same is not None:
            record |= {name: record[name] or same[name] for name in ("external_id", "handle_key")}
            if "valid_to" not in columns and _is_in_force(same, today):
                record["valid_to"] = same["valid_to"]
        given[key] = record
    names = ("external_id", "handle_key", "valid_to", *others)
    return _Plan(given, {_identity(row): row for row in map(dict, now)}, names, lambda row: _is_in_force(row, today))


def _same_listing(record: Record, by_id: Mapping[Key, Any], by_handle: Mapping[Key, Any]) -> Any:
    """The entry in force that a given listing is: by its id, or by a handle whose entry has no other id."""
    platform, own = record["platform"], record["external_id"]
    same = by_id.get((platform, own)) or by_handle.get((platform, record["handle_key"]))
    return None if same is None or (own and same["external_id"] not in {None, own}) else same


def _identity(row: Record) -> Key:
    return (row["platform"], row["external_id"] or f"@{row['handle_key']}")


def _is_in_force(listing: Record, today: date) -> bool:
    return listing["valid_to"] is None or listing["valid_to"] >= today


def _plan_staff(
    connection: Connection, _kind: str, rows: Sequence[Record], columns: Sequence[str], _today: date
) -> _Plan:
    given = []
    for row in rows:
        record = {name: row.get(name) for name in columns} | {"left_on": None}
        if away := record.get("away_until"):
            record["away_until"] = _moment(away, time())
        given.append(record)
    now = connection.execute(select(StaffRow.id.label("row_id"), *_columns(StaffRow))).mappings().all()
    return _Plan(_by(["code"], given), _by(["code"], now), (*columns, "left_on"), lambda row: row["left_on"] is None)


def _columns(table: type[Table]) -> list[Any]:
    return [column for column in table.__table__.columns if column.name != "id"]


def _plan_of_staff(
    connection: Connection, kind: str, rows: Sequence[Record], columns: Sequence[str], _today: date
) -> _Plan:
    table, key = OF_STAFF_TABLES[kind]
    given = [{name: row[name] for name in columns} for row in rows]
    wanted = select(table.__table__.columns["id"].label("row_id"), StaffRow.code, *_columns(table))
    now = connection.execute(wanted.join(StaffRow, StaffRow.id == table.__table__.columns["staff_id"])).mappings().all()
    return _Plan(_by(key, given), _by(key, now), tuple(columns))


def _plan_shifts(
    connection: Connection, _kind: str, rows: Sequence[Record], _columns: Sequence[str], today: date
) -> _Plan:
    """From the roster's first shift on the shifts are the roster's alone; earlier ones stay as they were."""
    given = on_days(rows, today)
    wanted = select(ShiftRow.id.label("row_id"), StaffRow.code, ShiftRow.starts_at, ShiftRow.ends_at)
    wanted = wanted.join(StaffRow, StaffRow.id == ShiftRow.staff_id)
    first = min((row["starts_at"] for row in given), default=_moment(today, time()))
    wanted = wanted.where(ShiftRow.starts_at >= first)
    key = ("code", "starts_at")
    return _Plan(_by(key, given), _by(key, connection.execute(wanted).mappings().all()), ("ends_at",), lambda _: True)


def _plan_watched(
    connection: Connection, _kind: str, rows: Sequence[Record], columns: Sequence[str], _today: date
) -> _Plan:
    now = connection.execute(select(WatchedAccountRow.id.label("row_id"), *_columns(WatchedAccountRow))).mappings()
    key = ("platform", "external_id")
    given = [{name: row[name] for name in columns} for row in rows]
    return _Plan(_by(key, given), _by(key, now.all()), tuple(columns))


def _plan_contacts(
    connection: Connection, _kind: str, rows: Sequence[Record], columns: Sequence[str], _today: date
) -> _Plan:
    now = connection.execute(select(UnitContactRow.__table__)).mappings().all()
    key = ("unit", "level")
    given = [{name: row.get(name) for name in columns} for row in rows]
    return _Plan(_by(key, given), _by(key, now), tuple(columns), lambda _: True)


_PLANS: Mapping[str, Callable[[Connection, str, Sequence[Record], Sequence[str], date], _Plan]] = {
    "watched_accounts": _plan_watched,
    "bod_list": _plan_listings,
    "registry": _plan_listings,
    "staff": _plan_staff,
    "qa_scores": _plan_of_staff,
    "assessments": _plan_of_staff,
    "shifts": _plan_shifts,
    "unit_contacts": _plan_contacts,
}
