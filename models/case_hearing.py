"""What a customer's further word means for a case, and a hard complaint for the desk: woken, told (5.3.2a-c)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, bindparam, update

from models.case_clocks import resume_clocks
from models.case_life import UNASSIGNED, CaseStatus, take_step
from models.case_notices import CaseNotice, leader_for, said_of, write_notices
from models.case_reading import case_rows, desk_people, handler_of
from models.cases import CaseRow
from models.database import one_of
from models.revisions import instructions_by_case
from models.work_instruction import WorkInstruction


def hear_customers(
    connection: Connection, said: Mapping[int, int], instruction: WorkInstruction, now: datetime
) -> list[tuple[int, str, str]]:
    """Customers of open cases have spoken: `said` has the latest mention's id by case.

    Cases that waited for it go on, their clocks too; resolved ones are closed later; whoever has the case is told.
    Returns the steps taken: case id, event and clause for the journal.
    """
    own = instructions_by_case(connection, sorted(said), instruction)
    steps, notices, put_off = [], [], []
    for case in case_rows(connection, sorted(said)):
        status = CaseStatus(case.status)
        if status is CaseStatus.WAITING_CUSTOMER:
            step = take_step(status, "resume")
            steps.append((case.id, step.event, step.clause))
        if status is CaseStatus.RESOLVED:
            put_off.append({"of_id": case.id, "look_at": now + own[case.id].cases.close_after})
        handler = handler_of(case)
        if handler and status is not CaseStatus.CLOSED and status not in UNASSIGNED:
            title = f"{said_of(case.id, case.severity == 'hard', case.problem)}: the customer has answered"
            notices.append(CaseNotice(handler, case.id, "customer_answered", str(said[case.id]), title))
    woken = [case_id for case_id, _, _ in steps]
    if woken:
        mine = update(CaseRow).where(one_of(connection, CaseRow.id, woken))
        connection.execute(mine.values(status=CaseStatus.IN_PROGRESS.value, look_at=None))
        resume_clocks(connection, woken, now, instruction)
    if put_off:
        resolved = update(CaseRow).where(CaseRow.id == bindparam("of_id"))
        connection.execute(resolved.values(look_at=bindparam("look_at")), put_off)
    write_notices(connection, notices, now)
    return steps


def engage_leaders(connection: Connection, case_ids: Sequence[int], now: datetime) -> None:
    """These cases have become hard complaints: the team leader on duty is engaged, the supervisor told (5.3.2c)."""
    if not case_ids:
        return
    people = desk_people(connection, now)
    leaders, supervisors = people.on_duty.get("team_leader", []), people.told("supervisor")
    notices = []
    for case in case_rows(connection, case_ids):
        leader = leader_for(case.id, case.team_leader, leaders)
        title = f"{said_of(case.id, True, case.problem)}, is a hard complaint: detected in the customer's words"
        told = [*([leader] if leader else []), *supervisors]
        notices += [CaseNotice(to, case.id, "hard", f"{now:%Y%m%d%H%M%S}", title) for to in told]
    write_notices(connection, notices, now)
