"""The team leader's live board: the open cases, most urgent first, read in a constant number of queries (4.2, 5.3.2b).

What it costs grows with what it shows, not with what is open: the most urgent come from an index.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, select

from models.accounts import AccountRow
from models.case_reading import case_rows, case_stands
from models.cases import IS_HARD_AND_OPEN, IS_OPEN, CaseRow, ClockRow
from models.database import one_of
from models.desk_rules import CaseStand
from models.hard_complaint import HardComplaint
from models.mention_rows import MentionRow
from models.ticket_rows import TicketRow

SHOWN = 60
"""Cases on the board; the rest is counted."""


@dataclass(frozen=True, slots=True)
class BoardClock:
    """The clock of a case that ends next: its kind and when (UTC); None where it stands still for the customer."""

    kind: str
    due_at: datetime | None


@dataclass(frozen=True, slots=True)
class BoardCase:
    """A row of the board: the case, its customer, and where everything stands."""

    row: Row[Any]
    stand: CaseStand
    account: Row[Any]
    said: Row[Any] | None
    clock: BoardClock | None
    tickets: tuple[Row[Any], ...]


@dataclass(frozen=True, slots=True)
class Board:
    """The board at one moment: the most urgent cases, and how many are open by status and severity."""

    cases: tuple[BoardCase, ...]
    counts: Mapping[tuple[str, str], int]

    @property
    def open(self) -> int:
        """How many cases are open."""
        return sum(self.counts.values())


def read_board(connection: Connection, hard: HardComplaint, shown: int = SHOWN) -> Board:
    """The board: hard complaints first, Priority customers before candidates, then the clock nearest its end."""
    counts = {
        (row.status, row.severity): row.cases
        for row in connection.execute(
            select(CaseRow.status, CaseRow.severity, func.count().label("cases"))
            .where(IS_OPEN)
            .group_by(CaseRow.status, CaseRow.severity)
        )
    }
    return Board(tuple(board_cases(connection, urgent_cases(connection, shown), hard)), counts)


def urgent_cases(connection: Connection, limit: int) -> list[int]:
    """The ids of the most urgent open cases, most urgent first."""
    found = list(
        connection.scalars(
            select(CaseRow.id)
            .outerjoin(ClockRow, (ClockRow.case_id == CaseRow.id) & _runs())
            .where(IS_HARD_AND_OPEN)
            .group_by(CaseRow.id)
            .order_by(func.min(ClockRow.due_at).is_(None), func.min(ClockRow.due_at), CaseRow.id)
            .limit(limit)
        )
    )
    for status in ("priority", "candidate"):
        if len(found) < limit:
            found += _by_clock(connection, status, limit - len(found))
    if len(found) < limit:
        waiting = select(CaseRow.id).where(IS_OPEN, CaseRow.id.not_in(found))
        found += connection.scalars(waiting.order_by(CaseRow.opened_at, CaseRow.id).limit(limit - len(found)))
    return found


def _runs() -> Any:
    return ClockRow.ticket_id.is_(None) & ClockRow.stopped_at.is_(None) & ClockRow.paused_at.is_(None)


def _by_clock(connection: Connection, priority_status: str, limit: int) -> list[int]:
    """Standard cases in the order in which their clocks end; a case has at most four, so four times as many rows."""
    rows = connection.scalars(
        select(ClockRow.case_id)
        .join(CaseRow, CaseRow.id == ClockRow.case_id)
        .where(_runs(), CaseRow.severity != "hard", CaseRow.priority_status == priority_status)
        .where(IS_OPEN)
        .order_by(ClockRow.due_at, ClockRow.id)
        .limit(4 * limit)
    )
    return list(dict.fromkeys(rows))[:limit]


def board_cases(connection: Connection, case_ids: Sequence[int], hard: HardComplaint) -> list[BoardCase]:
    """These cases as the board shows them, in the order given."""
    rows = {row.id: row for row in case_rows(connection, case_ids)}
    stands = case_stands(connection, list(rows.values()), hard)
    wanted = one_of(connection, AccountRow.id, sorted({row.account_id for row in rows.values()}))
    accounts = {row.id: row for row in connection.execute(select(AccountRow.__table__).where(wanted))}
    said, clocks, tickets = _first_said(connection, case_ids), _clocks(connection, case_ids), defaultdict(list)
    for ticket in connection.execute(
        select(TicketRow.id, TicketRow.case_id, TicketRow.unit, TicketRow.status)
        .where(one_of(connection, TicketRow.case_id, case_ids))
        .order_by(TicketRow.id)
    ):
        tickets[ticket.case_id].append(ticket)
    return [
        BoardCase(
            rows[case_id],
            stands[case_id],
            accounts[rows[case_id].account_id],
            said.get(case_id),
            clocks.get(case_id),
            tuple(tickets[case_id]),
        )
        for case_id in case_ids
        if case_id in rows
    ]


def _first_said(connection: Connection, case_ids: Sequence[int]) -> dict[int, Row[Any]]:
    """The mention that opened each case."""
    first = (
        select(func.min(MentionRow.id))
        .where(one_of(connection, MentionRow.case_id, case_ids))
        .group_by(MentionRow.case_id)
    )
    mentions = connection.execute(
        select(MentionRow.case_id, MentionRow.url, MentionRow.posted_at).where(MentionRow.id.in_(first))
    )
    return {row.case_id: row for row in mentions}


def _clocks(connection: Connection, case_ids: Sequence[int]) -> dict[int, BoardClock]:
    found: dict[int, BoardClock] = {}
    for row in connection.execute(
        select(ClockRow.case_id, ClockRow.kind, ClockRow.due_at, ClockRow.paused_at)
        .where(one_of(connection, ClockRow.case_id, case_ids))
        .where(ClockRow.ticket_id.is_(None), ClockRow.stopped_at.is_(None))
        .order_by(ClockRow.paused_at.is_not(None), ClockRow.due_at)
    ):
        found.setdefault(row.case_id, BoardClock(row.kind, None if row.paused_at else row.due_at))
    return found
