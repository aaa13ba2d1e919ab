"""Which reference files were taken over (5.1.1, 5.2.1), by whom, and which of the watched folder count."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from models.database import Table
from models.reference_kinds import KINDS, OF_STAFF
from models.unit_hours import JAKARTA

NIGHTLY = "nightly"
"""Who the records name where the schedule, or a start of the desk, loaded."""
WHOLE = frozenset(name for name, kind in KINDS.items() if kind.whole)
ROSTER_HOLDS = timedelta(days=30)
"""How long a roster given by hand holds; shifts are written 60 days ahead, and somebody must be on duty after that."""


class ReferenceLoadRow(Table):
    """One file taken over, or refused. `fingerprint` is the SHA-256 of its bytes; `by` the staff code or `nightly`."""

    __tablename__ = "reference_loads"
    __table_args__ = (Index("ix_reference_loads_kind", "kind", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(24))
    source: Mapped[str] = mapped_column(String(400))
    fingerprint: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime]
    by: Mapped[str] = mapped_column(String(32))
    outcome: Mapped[str] = mapped_column(String(16))
    """loaded, or refused."""
    added: Mapped[int]
    changed: Mapped[int]
    removed: Mapped[int]
    refused: Mapped[int]


@dataclass(frozen=True, slots=True)
class FolderFile:
    """A file of the watched folder; `kind` None where nobody can tell. `changed_at` is UTC."""

    source: str
    fingerprint: str
    kind: str | None
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class FolderVerdict:
    """Which files are read; and of those that do not count why not, a sentence by source."""

    read: tuple[FolderFile, ...]
    passed_over: Mapping[str, str]


def judge_folder(
    files: Sequence[FolderFile], loads: Sequence[Any], now: datetime, *, also_said_today: bool = True
) -> FolderVerdict:
    """Say which files of the folder are taken over at `now` (UTC); `loads` are those so far, oldest first.

    Of a whole list only the newest file counts, and not where rows of its kind were given by hand after it was last
    changed; such a roster holds for 30 days. Of what adds up every file counts, but for those taken over before that
    are older than what was given by hand. `also_said_today` False leaves out kinds all of whose files were taken over
    today.
    """
    passed: dict[str, str] = {}
    newest = {one.kind: one for one in sorted(files, key=_age) if one.kind in WHOLE}
    read = []
    for one in sorted(files, key=_age):
        by_hand = _given_by_hand(one, loads, now)
        if one.kind in WHOLE and newest[one.kind] is not one:
            passed[one.source] = f"{newest[one.kind].source} is newer, and of a list only the newest file counts"
        elif by_hand is not None:
            passed[one.source] = (
                f"rows of its kind were given by hand on {by_hand.astimezone(JAKARTA):%d %b %Y %H:%M} WIB, after it "
                "was last changed; save it again to make it count"
            )
        else:
            read.append(one)
    if not also_said_today:
        read = _not_said_today(read, loads, now)
    return FolderVerdict(tuple(read), passed)


def _age(file: FolderFile) -> tuple[datetime, str]:
    return file.changed_at, file.source


def _given_by_hand(file: FolderFile, loads: Sequence[Any], now: datetime) -> datetime | None:
    """When rows of this file's kind that are not this file were last given by hand, if that makes it count no more."""
    others = [load.at for load in loads if load.kind == file.kind and load.by != NIGHTLY and load.source != file.source]
    latest = max(others, default=None)
    if latest is None or latest <= file.changed_at:
        return None
    if file.kind == "shifts" and now > latest + ROSTER_HOLDS:
        return None
    known = any(load.source == file.source and load.fingerprint == file.fingerprint for load in loads)
    return latest if file.kind in WHOLE or known else None


def _not_said_today(files: Sequence[FolderFile], loads: Sequence[Any], now: datetime) -> list[FolderFile]:
    """Without the kinds whose files were all the last of their kind to be taken over, today: days that count from today
    say the same in them still. Where people change, what is said of them is read again."""
    last: dict[tuple[str, str], Any] = {}
    latest: dict[str, Any] = {}
    for load in loads:
        last[load.kind, load.source] = latest[load.kind] = load
    today = now.astimezone(JAKARTA).date()

    def is_said(one: FolderFile) -> bool:
        load = last.get((one.kind or "", one.source))
        if load is None or load.fingerprint != one.fingerprint or load.refused:
            return False
        by_hand_since = latest[load.kind].by != NIGHTLY and latest[load.kind].source != one.source
        return load.at.astimezone(JAKARTA).date() == today and not by_hand_since

    fresh = {one.kind for one in files if not is_said(one)}
    if "staff" in fresh:
        fresh |= set(OF_STAFF)
    return [one for one in files if one.kind in fresh]
