"""The artifact `follow-ups`: the open tickets at a glance, the nearest look first."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, func, select

from models.cases import ClockRow, case_number
from models.safe_text import for_markdown
from models.staff import StaffRow
from models.ticket_rows import TicketRow, ticket_artifact_key, ticket_number
from models.unit_hours import JAKARTA

SHOWN = 100
WITH_DESK = {"settled", "refused", "unreachable"}
"""Where the desk has to act: shown in bold."""
FOLLOWED = TicketRow.next_wake_at.is_not(None)


def follow_ups_markdown(connection: Connection, ui_url: str, now: datetime) -> str:
    """Counts of the open tickets by status and a table of those looked at next; how many processes they took.

    Times are shown in Asia/Jakarta; `now` is UTC.
    """
    totals = connection.execute(
        select(
            TicketRow.status,
            func.count().label("tickets"),
            func.sum(TicketRow.processes).label("processes"),
            func.sum(TicketRow.idle_wakes).label("idle"),
        )
        .where(FOLLOWED)
        .group_by(TicketRow.status)
    ).all()
    if not totals:
        return "No ticket is open."
    counts = ", ".join(f"{row.tickets} {row.status}" for row in totals)
    processes, idle = sum(row.processes for row in totals), sum(row.idle for row in totals)
    lines = [
        f"{counts}. Processes so far: {processes}; woken to find nothing to do: {idle}. Times are WIB.",
        "",
        "| ticket | | status | due | next look | unit | problem | case | level | PIC |",
        "|---|---|---|---|---|---|---|---|--:|---|",
    ]
    more = sum(row.tickets for row in totals) - SHOWN
    rest = ["", f"{more} more open tickets are looked at later than these."] if more > 0 else []
    return "\n".join([*lines, *_rows(connection, ui_url, now), *rest])


def _rows(connection: Connection, ui_url: str, now: datetime) -> list[str]:
    due = (
        select(func.min(ClockRow.due_at))
        .where(ClockRow.ticket_id == TicketRow.id, ClockRow.stopped_at.is_(None))
        .scalar_subquery()
    )
    lines = []
    rows = connection.execute(
        select(TicketRow.__table__, StaffRow.code, due.label("due_at"))
        .outerjoin(StaffRow, StaffRow.id == TicketRow.pic_id)
        .where(FOLLOWED)
        .order_by(TicketRow.next_wake_at)
        .limit(SHOWN)
    )
    for row in rows:
        late = " **late**" if row.due_at and row.due_at <= now else ""
        cells = (
            f"[{ticket_number(row.id)}]({ui_url}/artifacts/key/{ticket_artifact_key(row.id)})",
            f"[run]({ui_url}/runs/flow-run/{row.flow_run_id})" if row.flow_run_id else "no run yet",
            f"**{row.status}**" if row.status in WITH_DESK else row.status,
            f"{_short(row.due_at)}{late}" if row.due_at else "",
            _short(row.next_wake_at) if row.next_wake_at else "now",
            for_markdown(row.unit),
            f"{'**hard** ' if row.severity == 'hard' else ''}{row.problem}",
            case_number(row.case_id),
            str(row.escalation_level or ""),
            row.code or "nobody",
        )
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _short(moment: datetime) -> str:
    return f"{moment.astimezone(JAKARTA):%d %b %H:%M}"
