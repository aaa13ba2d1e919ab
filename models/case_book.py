"""Writing what was decided about a batch of mentions: accounts, cases, interactions, clocks and journal.

A constant number of statements a batch, inside the caller's `write_transaction`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, bindparam, insert, select, update

from models.account_judging import KnownAccount
from models.accounts import AccountRow
from models.case_clocks import harden_clocks, start_case_clocks
from models.case_hearing import engage_leaders, hear_customers
from models.case_life import CaseStatus, transition
from models.case_opening import OpeningPlan
from models.cases import CaseRow, InteractionRow
from models.database import one_of
from models.journal import DESK, entry, write_journal
from models.mention_rows import MentionRow
from models.priority import PriorityVerdict
from models.revisions import instructions_by_case
from models.ticket_rows import TicketRow
from models.work_instruction import WorkInstruction

LIVES_AGAIN: dict[str, Any] = {"passed_by": None, "taken_over_at": None, "leader_asked_at": None, "look_at": None}
"""What a case that is reopened leaves behind of its life before."""


def record_verdicts(
    connection: Connection,
    accounts: Mapping[int, KnownAccount],
    verdicts: Mapping[int, PriorityVerdict],
    instruction: WorkInstruction,
    now: datetime,
    why: str | None = None,
    actor: str = DESK,
) -> dict[int, str | None]:
    """Keep the verdicts that changed; those that make or unmake a priority customer or a candidate are journaled
    (5.2.1).

    `why` says in the journal what made the accounts be judged again, `actor` who did. Returns the status before of each
    account whose status, category or source changed.
    """
    changed, journal = [], []
    moved: dict[int, str | None] = {}
    for account_id, verdict in verdicts.items():
        before = accounts[account_id]
        after = (verdict.status, verdict.category, verdict.source)
        evidence = list(verdict.reasons) + list(verdict.evidence)
        if (before.judged_as, before.confidence, before.evidence) == (after, verdict.confidence, evidence):
            continue
        changed.append(
            {
                "of_id": account_id,
                "priority_status": verdict.status,
                "priority_category": verdict.category,
                "priority_source": verdict.source,
                "priority_confidence": verdict.confidence,
                "priority_evidence": evidence,
            }
        )
        if before.judged_as != after:
            moved[account_id] = before.judged_as[0]
        if before.judged_as != after and not {verdict.status, before.judged_as[0]} <= {"regular", None}:
            detail = {
                "status": verdict.status,
                "category": verdict.category,
                "source": verdict.source,
                "confidence": verdict.confidence,
                "before": before.judged_as[0],
                **({"why": why} if why else {}),
            }
            journal.append(
                entry(now, "account_judged", verdict.clause, instruction, detail, account_id=account_id, actor=actor)
            )
    if changed:
        names = [name for name in changed[0] if name != "of_id"]
        connection.execute(
            update(AccountRow).where(AccountRow.id == bindparam("of_id")).values({n: bindparam(n) for n in names}),
            changed,
        )
    write_journal(connection, journal)
    return moved


def write_openings(
    connection: Connection, plan: OpeningPlan, instruction: WorkInstruction, now: datetime
) -> dict[int, int]:
    """Write the plan. Returns the plan's case references with the ids they have now."""
    cases = _open(connection, plan, instruction, now)
    reopened = {case_id for case_id in plan.reopened if case_id > 0}
    _reopen(connection, sorted(reopened), plan, instruction, now)
    for disposition, mention_ids in plan.dispositions.items():
        these = update(MentionRow).where(one_of(connection, MentionRow.id, mention_ids))
        connection.execute(these.values(disposition=disposition))
    if plan.in_case:
        rows: list[dict[str, Any]] = [
            {"of_id": mention_id, "disposition": disposition, "case_id": cases.get(reference, reference)}
            for mention_id, reference, disposition in plan.in_case
        ]
        connection.execute(
            update(MentionRow)
            .where(MentionRow.id == bindparam("of_id"))
            .values(disposition=bindparam("disposition"), case_id=bindparam("case_id")),
            rows,
        )
        _add_interactions(connection, [row["of_id"] for row in rows])
        joined = [(row["case_id"], row["of_id"]) for row in rows if row["disposition"] == "joined_case"]
        _join(connection, joined, instruction, now)
    _harden(connection, plan, cases, instruction, now)  # after waits are over: a pause has moved the clocks by then
    return cases


def _join(
    connection: Connection, joined: Sequence[tuple[int, int]], instruction: WorkInstruction, now: datetime
) -> None:
    """Case and mention of each further thing a customer said: journaled, and heard by whoever has the case."""
    own = instructions_by_case(connection, [case_id for case_id, _ in joined], instruction)
    journal = [entry(now, "mention_joined", "5.3.1", own[case], {"mention": one}, case_id=case) for case, one in joined]
    for case_id, event, clause in hear_customers(connection, dict(joined), instruction, now):
        journal.append(entry(now, event, clause, own[case_id], {"why": "customer answered"}, case_id=case_id))
    write_journal(connection, journal)


def _open(connection: Connection, plan: OpeningPlan, instruction: WorkInstruction, now: datetime) -> dict[int, int]:
    if not plan.opened:
        return {}
    rows = [
        {
            "account_id": case.mention.account_id,
            "conversation_id": case.mention.conversation_id,
            "priority_status": case.priority_status,
            "severity": case.severity,
            "problem": case.problem,
            "status": CaseStatus.NEW.value,
            "revision": instruction.revision,
            "opened_at": now,
        }
        for case in plan.opened
    ]
    connection.execute(insert(CaseRow), rows)
    ids = _ids_of(connection, plan)
    reasons = _hard_reasons(connection, [case.mention.mention_id for case in plan.opened if case.severity == "hard"])
    journal = []
    for case_id, case in zip(ids, plan.opened, strict=True):
        detail = {
            "mention": case.mention.mention_id,
            "account": case.mention.account_id,
            "priority": case.priority_status,
            "problem": case.problem,
            "severity": case.severity,
            "hard_reasons": reasons.get(case.mention.mention_id, []),
        }
        journal.append(entry(now, "case_opened", "5.3.1", instruction, detail, case_id=case_id))
    severities = {case_id: case.severity == "hard" for case_id, case in zip(ids, plan.opened, strict=True)}
    start_case_clocks(connection, severities, now, instruction)
    write_journal(connection, journal)
    engage_leaders(connection, [case_id for case_id, hard in severities.items() if hard], now)
    return {-number: case_id for number, case_id in enumerate(ids, start=1)}


def _ids_of(connection: Connection, plan: OpeningPlan) -> list[int]:
    """The ids of the cases just written, in order: an account has one open case in a conversation."""
    accounts = {case.mention.account_id for case in plan.opened}
    rows = connection.execute(
        select(CaseRow.id, CaseRow.account_id, CaseRow.conversation_id).where(
            one_of(connection, CaseRow.account_id, accounts), CaseRow.status == CaseStatus.NEW.value
        )
    )
    found = {(row.account_id, row.conversation_id): row.id for row in rows}
    return [found[case.mention.account_id, case.mention.conversation_id] for case in plan.opened]


def _reopen(
    connection: Connection, case_ids: Sequence[int], plan: OpeningPlan, instruction: WorkInstruction, now: datetime
) -> None:
    """The customer is back inside the reopen window: the case lives again and its clocks start anew."""
    if not case_ids:
        return
    before = connection.execute(
        select(CaseRow.id, CaseRow.status, CaseRow.severity).where(CaseRow.id.in_(case_ids))
    ).all()
    own = instructions_by_case(connection, case_ids, instruction)
    journal = []
    for case in before:
        transition(CaseStatus(case.status), "reopen")
        detail = {"mention": plan.reopened[case.id].mention_id, "was": case.status}
        journal.append(entry(now, "case_reopened", "5.3.2d", own[case.id], detail, case_id=case.id))
    connection.execute(
        update(CaseRow)
        .where(CaseRow.id.in_(case_ids))
        .values(status=CaseStatus.REOPENED.value, resolved_at=None, closed_at=None, **LIVES_AGAIN)
    )
    start_case_clocks(connection, {case.id: case.severity == "hard" for case in before}, now, instruction)
    engage_leaders(connection, [case.id for case in before if case.severity == "hard"], now)
    write_journal(connection, journal)


def _harden(
    connection: Connection,
    plan: OpeningPlan,
    cases: Mapping[int, int],
    instruction: WorkInstruction,
    now: datetime,
) -> None:
    """A further mention made a standard case a hard complaint (5.3.2c): its hard clocks start, tighter ones win."""
    if not plan.hardened:
        return
    mentions = {cases.get(reference, reference): mention for reference, mention in plan.hardened.items()}
    connection.execute(update(CaseRow).where(CaseRow.id.in_(list(mentions))).values(severity="hard"))
    followed = (TicketRow.case_id.in_(list(mentions)), TicketRow.next_wake_at.is_not(None))
    connection.execute(update(TicketRow).where(*followed).values(next_wake_at=now))
    harden_clocks(connection, sorted(mentions), now, instruction)
    engage_leaders(connection, sorted(mentions), now)
    reasons = _hard_reasons(connection, [mention.mention_id for mention in mentions.values()])
    own = instructions_by_case(connection, list(mentions), instruction)
    journal = []
    for case_id, mention in mentions.items():
        detail = {"mention": mention.mention_id, "hard_reasons": reasons[mention.mention_id]}
        journal.append(entry(now, "hard_complaint_detected", "5.3.2c", own[case_id], detail, case_id=case_id))
    write_journal(connection, journal)


def _hard_reasons(connection: Connection, mention_ids: Sequence[int]) -> dict[int, Any]:
    """Why these mentions are hard complaints: the labels the reading gave, no words."""
    rows = connection.execute(
        select(MentionRow.id, MentionRow.reading).where(one_of(connection, MentionRow.id, mention_ids))
    )
    return {row.id: row.reading["hard_reasons"] for row in rows}


def _add_interactions(connection: Connection, mention_ids: Sequence[int]) -> None:
    """Copy the mentions that belong to a case into its interactions."""
    said: Select[Any] = (
        select(
            MentionRow.case_id,
            MentionRow.id,
            bindparam("direction", "in"),
            bindparam("what", "mention"),
            AccountRow.external_id,
            MentionRow.text,
            MentionRow.external_id,
            MentionRow.posted_at,
        )
        .join(AccountRow, AccountRow.id == MentionRow.account_id)
        .where(one_of(connection, MentionRow.id, mention_ids))
        .order_by(MentionRow.posted_at, MentionRow.id)
    )
    columns = ["case_id", "mention_id", "direction", "kind", "author", "text", "platform_id", "at"]
    connection.execute(insert(InteractionRow).from_select(columns, said))
