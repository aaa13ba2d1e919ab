"""Cases as people read them: who is priority and why, why it is a complaint, who got it and why."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, func, select

from models.accounts import AccountRow
from models.cases import CaseRow, case_number
from models.intake_report import OpenedCase
from models.mention_rows import MentionRow
from models.staff import StaffRow


def latest_cases(connection: Connection, limit: int) -> list[OpenedCase]:
    """The latest cases opened, newest first, each with the mention that opened it; two queries whatever `limit`."""
    leader = StaffRow.__table__.alias("leader")
    agent = StaffRow.__table__.alias("agent")
    cases = connection.execute(
        select(
            CaseRow.__table__,
            AccountRow.platform,
            AccountRow.handle,
            AccountRow.name,
            AccountRow.priority_category,
            AccountRow.priority_evidence,
            agent.c.code.label("agent_code"),
            leader.c.code.label("leader_code"),
        )
        .join(AccountRow, AccountRow.id == CaseRow.account_id)
        .outerjoin(agent, agent.c.id == CaseRow.agent_id)
        .outerjoin(leader, leader.c.id == CaseRow.team_leader_id)
        .order_by(CaseRow.id.desc())
        .limit(limit)
    ).all()
    first = (
        select(func.min(MentionRow.id))
        .where(MentionRow.case_id.in_([case.id for case in cases]))
        .where(MentionRow.disposition.in_(("opened_case", "candidate_case")))
        .group_by(MentionRow.case_id)
    )
    mentions = {
        mention.case_id: mention
        for mention in connection.execute(select(MentionRow.__table__).where(MentionRow.id.in_(first)))
    }
    return [_opened_case(case, mentions[case.id]) for case in cases]


def _opened_case(case: Any, mention: Any) -> OpenedCase:
    assignment = case.assignment or {}
    return OpenedCase(
        number=case_number(case.id),
        platform=case.platform,
        handle=case.handle,
        name=case.name,
        post_url=mention.url,
        text=mention.text,
        status=case.status,
        severity=case.severity,
        problem=case.problem,
        why_priority=tuple(case.priority_evidence or ()),
        category=case.priority_category,
        why_complaint=tuple(mention.reading["evidence"]),
        agent=case.agent_code,
        team_leader=case.leader_code,
        why_agent=tuple(assignment.get("reasons", ())),
        passed_over={reason: tuple(codes) for reason, codes in assignment.get("passed_over", {}).items()},
        clauses={
            "priority": "5.2.1",
            "complaint": "5.3.2c" if case.severity == "hard" else "5.3.1",
            "agent": "5.1.1" if case.agent_code else "5.3.2a",
        },
        opened_at=case.opened_at,
        revision=case.revision,
    )
