"""Cases about which nothing has been said for a while: silent customers, resolved cases to close (5.3.2a, d)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select, update

from models.case_life import CaseStatus, take_step
from models.case_notices import CaseNotice, said_of, write_notices
from models.case_reading import case_rows, case_stands
from models.case_watching import AT_ONCE, MONITOR
from models.cases import CaseRow
from models.desk_rules import CaseStand, why_not_closable
from models.hard_complaint import HardComplaint
from models.journal import entry, write_journal
from models.revisions import instructions_for
from models.work_instruction import WorkInstruction


def look_at_quiet_cases(
    connection: Connection, instruction: WorkInstruction, hard: HardComplaint, now: datetime
) -> tuple[int, int]:
    """Remind of customers silent at `now` (UTC), close resolved cases that are completely settled.

    `instruction` is in force; each case goes by the revision it was opened under. Returns how many were closed and of
    how many people were reminded. What keeps a resolved case from being closed is told to whoever has it, again after
    each such wait.
    """
    due = connection.scalars(select(CaseRow.id).where(CaseRow.look_at <= now).order_by(CaseRow.look_at).limit(AT_ONCE))
    cases = case_rows(connection, list(due))
    stands = case_stands(connection, cases, hard)
    rules = instructions_for(connection, {case.revision for case in cases}, instruction)
    closed, later, journal, notices = [], [], [], []
    for case in cases:
        stand, own = stands[case.id], rules.of(case.revision)
        why_open = why_not_closable(stand)
        if stand.status is CaseStatus.RESOLVED and why_open is None:
            step = take_step(stand.status, "close")
            closed.append({"of_id": case.id, "status": step.status.value})
            detail = {"why": "nobody said anything more"}
            journal.append(entry(now, step.event, step.clause, own, detail, case_id=case.id, actor=MONITOR))
        elif stand.status in {CaseStatus.RESOLVED, CaseStatus.WAITING_CUSTOMER}:
            later.append({"of_id": case.id, "look_at": now + _again(stand, own)})
            notices += _reminder(case, stand, why_open, now)
        else:
            later.append({"of_id": case.id, "look_at": None})
    _write(connection, closed, later, now)
    write_journal(connection, journal)
    write_notices(connection, notices, now)
    return len(closed), len(notices)


def _again(stand: CaseStand, instruction: WorkInstruction) -> Any:
    rules = instruction.cases
    return rules.close_after if stand.status is CaseStatus.RESOLVED else rules.customer_silent_after


def _reminder(case: Row[Any], stand: CaseStand, why_open: str | None, now: datetime) -> list[CaseNotice]:
    what = said_of(case.id, stand.hard, case.problem)
    cause = f"{now:%Y%m%d%H%M%S}"
    if stand.handler is None:
        return []
    if stand.status is CaseStatus.RESOLVED:
        title = f"{what}, is resolved and cannot be closed: {why_open}"
        return [CaseNotice(stand.handler, case.id, "not_closable", cause, title)]
    title = f"{what}: the customer has not answered; ask again, or resolve it"
    return [CaseNotice(stand.handler, case.id, "customer_silent", cause, title)]


def _write(
    connection: Connection, closed: Sequence[dict[str, Any]], later: Sequence[dict[str, Any]], now: datetime
) -> None:
    mine = update(CaseRow).where(CaseRow.id == bindparam("of_id"))
    if closed:
        connection.execute(mine.values(status=bindparam("status"), closed_at=now, look_at=None), list(closed))
    if later:
        connection.execute(mine.values(look_at=bindparam("look_at")), list(later))
