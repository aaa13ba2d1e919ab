"""What the desk's people are to be told about cases: written once for each cause, grouped by person when delivered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select

from models.cases import case_number
from models.database import one_of
from models.notices import NoticeRow


@dataclass(frozen=True, slots=True)
class CaseNotice:
    """One thing to tell one person of the desk. `cause` is what it is told for: never told twice for the same."""

    recipient: str
    case_id: int | None
    kind: str
    cause: str
    title: str
    body: str = ""


def write_notices(connection: Connection, notices: Sequence[CaseNotice], now: datetime) -> int:
    """Put notices into the outbox; what was told for the same cause before is left out. How many are new."""
    rows = {
        _key(notice): {
            "recipient": notice.recipient,
            "case_id": notice.case_id,
            "kind": notice.kind,
            "cause": _key(notice),
            "title": notice.title[:300],
            "body": notice.body,
            "created_at": now,
            "attempts": 0,
        }
        for notice in notices
    }
    known = set(connection.scalars(select(NoticeRow.cause).where(one_of(connection, NoticeRow.cause, rows))))
    fresh = [row for cause, row in rows.items() if cause not in known]
    if fresh:
        connection.execute(insert(NoticeRow), fresh)
    return len(fresh)


def leader_for(case_id: int, team_leader: str | None, on_duty: Sequence[str]) -> str | None:
    """The team leader who looks after a case: its own while on duty, else one of those on duty, evenly spread."""
    if team_leader in on_duty:
        return team_leader
    return on_duty[case_id % len(on_duty)] if on_duty else None


def said_of(case_id: int, hard: bool, problem: str) -> str:
    """A case in a few words for a notice's title; references and verdicts, no words of the customer."""
    return f"{case_number(case_id)}, {'hard complaint' if hard else 'complaint'} about {problem}"


def _key(notice: CaseNotice) -> str:
    return f"{notice.kind}:{notice.case_id or 0}:{notice.recipient}:{notice.cause}"[:128]
