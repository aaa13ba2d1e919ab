"""The people of the desk as the rules see them: qualifications, shifts and how loaded they are now."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime, timedelta

from sqlalchemy import Connection, func, select

from models.assignment import AgentLoad
from models.cases import IS_OPEN, WITHOUT_AGENT, CaseRow
from models.eligibility import Agent
from models.staff import AssessmentRow, QaScoreRow, ShiftRow, StaffRow


def staff_on_book(connection: Connection, now: datetime) -> dict[str, list[Agent]]:
    """Everybody by role, with qualifications and the shifts around `now` (UTC); four queries in all."""
    qa: dict[int, dict[date, tuple[float, float]]] = defaultdict(dict)
    for score in connection.execute(select(QaScoreRow.__table__)):
        qa[score.staff_id][score.month] = (score.score, score.target)
    skills: dict[int, dict[str, tuple[float, date]]] = defaultdict(dict)
    for row in connection.execute(select(AssessmentRow.__table__).order_by(AssessmentRow.assessed_on)):
        skills[row.staff_id][row.skill] = (row.score, row.assessed_on)
    shifts: dict[int, list[tuple[datetime, datetime]]] = defaultdict(list)
    near = select(ShiftRow.staff_id, ShiftRow.starts_at, ShiftRow.ends_at).where(
        ShiftRow.ends_at > now, ShiftRow.starts_at <= now + timedelta(days=1)
    )
    for shift in connection.execute(near):
        shifts[shift.staff_id].append((shift.starts_at, shift.ends_at))
    people: dict[str, list[Agent]] = defaultdict(list)
    for person in connection.execute(select(StaffRow.__table__).order_by(StaffRow.code)):
        people[person.role].append(
            Agent(
                code=person.code,
                name=person.name,
                role=person.role,
                joined_on=person.joined_on,
                capacity=person.capacity,
                social_handle=person.social_handle,
                away_until=person.away_until,
                qa_scores=qa[person.id],
                assessments=skills[person.id],
                shifts=tuple(shifts[person.id]),
                left=person.left_on is not None,
            )
        )
    return people


def staff_ids(connection: Connection) -> dict[str, int]:
    """The database ids of staff by code."""
    return {row.code: row.id for row in connection.execute(select(StaffRow.code, StaffRow.id))}


def agent_loads(connection: Connection, agents: Sequence[Agent]) -> list[AgentLoad]:
    """How many open cases each agent has, and when each last got one."""
    codes = {staff_id: code for code, staff_id in staff_ids(connection).items()}
    open_cases = connection.execute(
        select(CaseRow.agent_id, func.count().label("cases"))
        .where(CaseRow.agent_id.is_not(None), IS_OPEN, CaseRow.status.not_in(WITHOUT_AGENT))
        .group_by(CaseRow.agent_id)
    )
    load = {codes[row.agent_id]: row.cases for row in open_cases}
    # The last entry of an index for each agent, not a pass over every case there ever was.
    last = select(func.max(CaseRow.assigned_at)).where(CaseRow.agent_id == StaffRow.id).scalar_subquery()
    latest = connection.execute(select(StaffRow.code, last))
    idle_since = {code: at for code, at in latest}  # noqa: C416
    return [AgentLoad(agent, load.get(agent.code, 0), idle_since.get(agent.code)) for agent in agents]
