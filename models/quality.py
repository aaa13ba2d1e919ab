"""Quality assurance (5.1.1): a sample of each agent's closed cases, scored by a leader, makes the month's QA score.

Months are calendar months in Asia/Jakarta, by the closing of the case. A month's score stands once every case of its
sample has been scored and it is over: the mean of them. It is the agent's QA score then, by which 5.1.1 judges them,
unless a reference file has told another: what files say stands.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from hashlib import sha256
from typing import Annotated

from dateutil.relativedelta import relativedelta
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection, Float, ForeignKey, String, insert, select
from sqlalchemy.orm import Mapped, mapped_column

from models.cases import CaseRow, case_number
from models.database import Table, one_of
from models.desk_rules import Person, why_not_one_of
from models.journal import entry, write_journal
from models.staff import QaScoreRow, StaffRow
from models.unit_hours import JAKARTA
from models.work_instruction import WorkInstruction

CLAUSE = "5.1.1"
SAMPLE = "quality-sample"
"""The actor the journal names for QA scores that come of the sample."""
MAY_SCORE = ("team_leader", "supervisor")


class QualityRules(BaseModel):
    """How many closed cases of an agent are sampled a month, and the score that the month has to reach (of 100)."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    cases_a_month: Annotated[int, Field(ge=1, le=100)]
    target: Annotated[float, Field(ge=0, le=100)]


class QualityScoreRow(Table):
    """What a leader made of one sampled case: from 0 to 100, once. `flow_run_id` is the form's run."""

    __tablename__ = "quality_scores"

    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), primary_key=True, autoincrement=False)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    month: Mapped[date]
    score: Mapped[float] = mapped_column(Float)
    by: Mapped[str] = mapped_column(String(32))
    at: Mapped[datetime]
    flow_run_id: Mapped[str] = mapped_column(String(36), unique=True)


@dataclass(frozen=True, slots=True)
class ClosedCase:
    """A closed case and its agent, as the sample sees it."""

    case_id: int
    agent: str
    month: date


@dataclass(frozen=True, slots=True)
class Sampled:
    """The sample of one agent's month: its cases, and the scores given so far by case."""

    agent: str
    month: date
    case_ids: tuple[int, ...]
    scores: Mapping[int, float]

    @property
    def result(self) -> float | None:
        """The month's score; None while a case of the sample has none."""
        given = [self.scores[one] for one in self.case_ids if one in self.scores]
        return sum(given) / len(given) if given and len(given) == len(self.case_ids) else None


def sample(closed: Sequence[ClosedCase], scores: Mapping[int, float], size: int) -> list[Sampled]:
    """The sample of every agent and month among these cases, the latest month first.

    Chosen by a hash of the case's number, so nobody can choose, and a case that is in the sample stays in it unless
    one closed later comes before it; one that has been scored always stays.
    """
    groups: dict[tuple[date, str], list[int]] = defaultdict(list)
    for one in closed:
        groups[one.month, one.agent].append(one.case_id)
    found = []
    for (month, agent), ids in sorted(groups.items(), key=lambda group: (-group[0][0].toordinal(), group[0][1])):
        scored = [one for one in ids if one in scores]
        others = sorted((one for one in ids if one not in scores), key=_place)
        chosen = sorted([*scored, *others[: max(size - len(scored), 0)]], key=_place)
        mine = {one: scores[one] for one in scored}
        found.append(Sampled(agent, month, tuple(chosen), mine))
    return found


def _place(case_id: int) -> str:
    return sha256(case_number(case_id).encode()).hexdigest()


def first_of_month(moment: datetime) -> date:
    """The first day of a moment's month in Asia/Jakarta."""
    return moment.astimezone(JAKARTA).date().replace(day=1)


def _bounds(first: date) -> tuple[datetime, datetime]:
    after = first + relativedelta(months=1)
    begin, end = (datetime.combine(day, time(), JAKARTA).astimezone(UTC) for day in (first, after))
    return begin, end


def samples_of(connection: Connection, months: Sequence[date], rules: QualityRules) -> list[Sampled]:
    """The samples of these months (first days), as the records stand."""
    closed: list[ClosedCase] = []
    for month in months:
        begin, end = _bounds(month)
        rows = connection.execute(
            select(CaseRow.id, StaffRow.code)
            .join(StaffRow, StaffRow.id == CaseRow.agent_id)
            .where(CaseRow.closed_at >= begin, CaseRow.closed_at < end, StaffRow.role == "agent")
        )
        closed += [ClosedCase(row.id, row.code, month) for row in rows]
    given = select(QualityScoreRow.case_id, QualityScoreRow.month, QualityScoreRow.score, StaffRow.code)
    given = given.join(StaffRow, StaffRow.id == QualityScoreRow.staff_id)
    ids = [one.case_id for one in closed]
    mine = QualityScoreRow.month.in_(months) | one_of(connection, QualityScoreRow.case_id, ids)
    scored = {row.case_id: row for row in connection.execute(given.where(mine))}
    # A case counts where it was scored, whatever became of it since: closed anew, it is nobody's second sample.
    closed = [one for one in closed if one.case_id not in scored]
    closed += [ClosedCase(row.case_id, row.code, row.month) for row in scored.values() if row.month in months]
    return sample(closed, {case_id: row.score for case_id, row in scored.items()}, rules.cases_a_month)


@dataclass(frozen=True, slots=True)
class Scoring:
    """A leader's score of a case, from 0 to 100; `run_id` is the form's."""

    case_id: int
    score: float
    by: str
    run_id: str
    now: datetime


@dataclass(frozen=True, slots=True)
class ScoringVerdict:
    """What became of it: the sentence for the person, and whether it was refused."""

    told: str
    refused: bool = False
    clause: str = CLAUSE


def judge_scoring(
    scoring: Scoring,
    person: Person | None,
    able: Sequence[str],
    closed: ClosedCase | None,
    sampled: Sampled | None,
    before: float | None,
) -> ScoringVerdict | None:
    """Why a case cannot be scored; None where it can. `closed` is None unless it is a closed case with an agent,
    `before` is the score it has already."""
    number = case_number(scoring.case_id)
    why = why_not_one_of(person, MAY_SCORE, able)
    if why:
        return ScoringVerdict(why, True)
    if closed is None:
        return ScoringVerdict(f"case: {number} is no closed case of an agent; take one of quality-sample.", True)
    if before is not None:
        return ScoringVerdict(f"case: {number} has its score already, {before:g}.", True)
    if sampled is None or scoring.case_id not in sampled.case_ids:
        return ScoringVerdict(f"case: {number} is not in the sample of {closed.agent}; take one that is.", True)
    return None


def record_score(
    connection: Connection,
    scoring: Scoring,
    person: Person | None,
    able: Sequence[str],
    rules: QualityRules,
    instruction: WorkInstruction,
) -> ScoringVerdict:
    """Keep a score of a sampled case; in the caller's `write_transaction`. `keep_complete_months` makes the month's.

    The same run does it once and is told the same again.
    """
    number = case_number(scoring.case_id)
    mine = QualityScoreRow.flow_run_id == scoring.run_id
    if connection.scalar(select(QualityScoreRow.case_id).where(mine)) == scoring.case_id:
        return ScoringVerdict(f"{number}: {scoring.score:g} was kept already.")
    row = connection.execute(
        select(CaseRow.closed_at, StaffRow.id, StaffRow.code)
        .join(StaffRow, StaffRow.id == CaseRow.agent_id)
        .where(CaseRow.id == scoring.case_id, CaseRow.closed_at.is_not(None), StaffRow.role == "agent")
    ).one_or_none()
    closed = ClosedCase(scoring.case_id, row.code, first_of_month(row.closed_at)) if row else None
    before = connection.scalar(select(QualityScoreRow.score).where(QualityScoreRow.case_id == scoring.case_id))
    samples = samples_of(connection, [closed.month], rules) if closed else []
    sampled = next((one for one in samples if closed and one.agent == closed.agent), None)
    refusal = judge_scoring(scoring, person, able, closed, sampled, before)
    if refusal or closed is None or row is None or person is None:
        return refusal or ScoringVerdict("", True)
    values = {"case_id": scoring.case_id, "staff_id": row.id, "month": closed.month, "score": scoring.score}
    values |= {"by": person.code, "at": scoring.now, "flow_run_id": scoring.run_id}
    connection.execute(insert(QualityScoreRow), values)
    detail = {"agent": closed.agent, "score": scoring.score, "month": closed.month.isoformat()}
    made = entry(scoring.now, "quality_scored", CLAUSE, instruction, detail, case_id=scoring.case_id, actor=person.code)
    write_journal(connection, [made])
    left = len(sampled.case_ids) - len(sampled.scores) - 1 if sampled else 0
    rest = f"{left} of its sample are left" if left else "its sample is complete"
    return ScoringVerdict(f"{number}: {scoring.score:g} for {closed.agent} in {closed.month:%B %Y}; {rest}.")


def keep_complete_months(
    connection: Connection, now: datetime, rules: QualityRules, instruction: WorkInstruction
) -> list[str]:
    """Make the QA scores of the month before `now` (UTC) of every agent whose sample is complete and of whom no file
    has told one; who they are. In the caller's `write_transaction`."""
    month = first_of_month(now) - relativedelta(months=1)
    ids = {row.code: row.id for row in connection.execute(select(StaffRow.code, StaffRow.id))}
    known = set(connection.scalars(select(QaScoreRow.staff_id).where(QaScoreRow.month == month)))
    kept = [
        one for one in samples_of(connection, [month], rules) if one.result is not None and ids[one.agent] not in known
    ]
    journal = []
    for one in kept:
        score = round(one.result or 0.0, 2)
        values = {"staff_id": ids[one.agent], "month": month, "score": score, "target": rules.target}
        connection.execute(insert(QaScoreRow), values)
        detail = {"agent": one.agent, "month": month.isoformat(), "score": score, "cases": len(one.case_ids)}
        journal.append(entry(now, "qa_score_kept", CLAUSE, instruction, detail, actor=SAMPLE))
    write_journal(connection, journal)
    return [one.agent for one in kept]
