"""The clocks of cases: started, stopped, paused, tightened, each with when the monitor has to look (4.2, 5.3.2).

A case's clocks go by the revision of the work instruction that it was opened under.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, bindparam, insert, select, update

from models.cases import CaseRow, ClockRow
from models.clocks import PAUSED_BY_CUSTOMER, ClockKind, RunningClock, clocks_for_case, due_after_pause, warns_at
from models.database import one_of
from models.revisions import instructions_by_case
from models.work_instruction import ClockRules, WorkInstruction


def clock_row(case_id: int, kind: str, started_at: datetime, due_at: datetime, rules: ClockRules) -> dict[str, Any]:
    """A clock of a case starting to run; the monitor looks first when it warns."""
    next_at = warns_at(started_at, due_at, timedelta(0), rules.warn_share)
    return {"case_id": case_id, "kind": str(kind), "started_at": started_at, "due_at": due_at, "next_at": next_at}


def start_case_clocks(connection: Connection, hard: dict[int, bool], now: datetime, rules: WorkInstruction) -> None:
    """Start the clocks of cases opened or reopened at `now` (UTC); `hard` tells of each whether it is hard, `rules`
    are in force."""
    own = instructions_by_case(connection, hard, rules)
    rows = [
        clock_row(case_id, kind, now, due, own[case_id].clocks)
        for case_id, is_hard in hard.items()
        for kind, due in clocks_for_case(is_hard, now, own[case_id])
    ]
    if rows:
        connection.execute(insert(ClockRow), rows)


def stop_case_clocks(
    connection: Connection, case_ids: Sequence[int], now: datetime, kinds: Iterable[ClockKind] = tuple(ClockKind)
) -> None:
    """Stop the running clocks of these kinds of these cases at `now` (UTC)."""
    mine = (*running_of(connection, case_ids), ClockRow.kind.in_([str(kind) for kind in kinds]))
    connection.execute(update(ClockRow).where(*mine).values(stopped_at=now, next_at=None, paused_at=None))


def pause_clocks(connection: Connection, case_id: int, now: datetime) -> None:
    """The case waits for its customer from `now` (UTC) on: the clocks that pause then stand still."""
    kinds = [str(kind) for kind in PAUSED_BY_CUSTOMER]
    mine = (*running_of(connection, [case_id]), ClockRow.kind.in_(kinds), ClockRow.paused_at.is_(None))
    connection.execute(update(ClockRow).where(*mine).values(paused_at=now, next_at=None))


def resume_clocks(connection: Connection, case_ids: Sequence[int], now: datetime, rules: WorkInstruction) -> None:
    """The wait is over at `now` (UTC): what stood still runs on, its end later by the pause; `rules` are in force."""
    own = instructions_by_case(connection, case_ids, rules)
    paused = connection.execute(
        select(ClockRow.__table__).where(*running_of(connection, case_ids), ClockRow.paused_at.is_not(None))
    ).all()
    rows = []
    for row in paused:
        pause = max(now - row.paused_at, timedelta(0))
        due = due_after_pause(row.due_at, row.paused_at, row.paused_at + pause)
        moved = pause if due != row.due_at else timedelta(0)
        seconds = row.paused_seconds + round(moved.total_seconds())
        rows.append(
            {
                "of_id": row.id,
                "due_at": due,
                "paused_seconds": seconds,
                "next_at": _next(row, due, seconds, own[row.case_id].clocks),
            }
        )
    change_clocks(connection, rows)
    if rows:
        ids = [row["of_id"] for row in rows]
        connection.execute(update(ClockRow).where(one_of(connection, ClockRow.id, ids)).values(paused_at=None))


def harden_clocks(connection: Connection, case_ids: Sequence[int], now: datetime, rules: WorkInstruction) -> None:
    """These cases are hard complaints from `now` (UTC) on (5.3.2c): hard clocks start, tighter ones win; `rules` are
    in force.

    A clock that stands still keeps what is left of it; one that was led to its end is not started again: who was
    answered was answered, and a case that a team leader took over has its leader.
    """
    running = connection.execute(select(ClockRow.__table__).where(*running_of(connection, case_ids)))
    by_kind = {(row.case_id, row.kind): row for row in running}
    with_leader = (one_of(connection, CaseRow.id, case_ids), CaseRow.taken_over_at.is_not(None))
    taken = set(connection.scalars(select(CaseRow.id).where(*with_leader)))
    own = instructions_by_case(connection, case_ids, rules)
    fresh, changed = [], []
    for case_id in case_ids:
        for kind, due in clocks_for_case(True, now, own[case_id]):
            row = by_kind.get((case_id, str(kind)))
            led = kind is ClockKind.FIRST_RESPONSE or (kind is ClockKind.LEADER_ENGAGED and case_id in taken)
            if row is None and not led:
                fresh.append(clock_row(case_id, kind, now, due, own[case_id].clocks))
            elif row is not None and due < row.due_at + _standing_still(row, now):
                changed.append(_moved(row, due - _standing_still(row, now), own[case_id]))
    if fresh:
        connection.execute(insert(ClockRow), fresh)
    change_clocks(connection, changed)


def soften_clocks(connection: Connection, case_id: int, now: datetime, rules: WorkInstruction) -> None:
    """The case is no hard complaint after all, as of `now` (UTC): the standard time to settle it counts again, by the
    `rules` it was opened under."""
    stop_case_clocks(connection, [case_id], now, [ClockKind.LEADER_ENGAGED])
    settle = (*running_of(connection, [case_id]), ClockRow.kind == ClockKind.SETTLE.value)
    for row in connection.execute(select(ClockRow.__table__).where(*settle)).all():
        due = row.started_at + rules.clocks.settle_within + timedelta(seconds=row.paused_seconds)
        change_clocks(connection, [_moved(row, due, rules)])


def run_again(connection: Connection, case_id: int, resolved_at: datetime | None, rules: ClockRules) -> None:
    """What was stopped when the case was resolved (UTC) runs on, by the `rules` it was opened under: it was not
    solved."""
    stopped = (ClockRow.case_id == case_id, ClockRow.kind == ClockKind.SETTLE.value, ClockRow.stopped_at == resolved_at)
    for row in connection.execute(select(ClockRow.__table__).where(*stopped, ClockRow.ticket_id.is_(None))).all():
        next_at = _next(row, row.due_at, row.paused_seconds, rules)
        change_clocks(connection, [{"of_id": row.id, "stopped_at": None, "next_at": next_at}])


def _standing_still(row: Row[Any], now: datetime) -> timedelta:
    """How long a clock has stood still in the pause that goes on; its end moves by that when the pause is over."""
    return now - row.paused_at if row.paused_at else timedelta(0)


def _moved(row: Row[Any], due: datetime, rules: WorkInstruction) -> dict[str, Any]:
    next_at = None if row.paused_at else _next(row, due, row.paused_seconds, rules.clocks)
    return {"of_id": row.id, "due_at": due, "next_at": next_at}


def change_clocks(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Change clocks by id (`of_id`), all with the same columns."""
    if not rows:
        return
    names = [name for name in rows[0] if name != "of_id"]
    connection.execute(
        update(ClockRow).where(ClockRow.id == bindparam("of_id")).values({name: bindparam(name) for name in names}),
        list(rows),
    )


def running_of(connection: Connection, case_ids: Sequence[int]) -> tuple[Any, ...]:
    """What a clock must be to be a running one of these cases; not one of their tickets."""
    return (
        one_of(connection, ClockRow.case_id, case_ids),
        ClockRow.ticket_id.is_(None),
        ClockRow.stopped_at.is_(None),
    )


def as_running(row: Row[Any], due_at: datetime | None = None, paused_seconds: int | None = None) -> RunningClock:
    """A stored clock as the decision sees it, at another due time where one is given."""
    return RunningClock(
        kind=row.kind,
        started_at=row.started_at,
        due_at=due_at or row.due_at,
        paused=timedelta(seconds=row.paused_seconds if paused_seconds is None else paused_seconds),
        warned=row.warned_at is not None,
        breached=row.breached_at is not None,
        escalated=row.escalated_at is not None,
    )


def _next(row: Row[Any], due_at: datetime, paused_seconds: int, rules: ClockRules) -> datetime | None:
    following = as_running(row, due_at, paused_seconds).next_alarm(rules)
    return following[1] if following else None
