"""From undecided mentions to cases: what each mention becomes (clauses 5.2.1, 5.3.1), planned in sets.

`undecided_mentions` reads what is waiting, `models/account_judging.py` says who is priority, `plan_openings` decides
without touching the database, and `models/case_book.py` writes the plan. All of it runs in one `write_transaction`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, or_, select

from models.accounts import AccountRow
from models.case_life import OpeningVerdict, OverCase, decide_opening
from models.cases import OVER, CaseRow
from models.database import one_of
from models.mention_rows import MentionRow
from models.mentions import Platform
from models.priority import PriorityVerdict
from models.revisions import instructions_for
from models.work_instruction import WorkInstruction

CASE_COLUMNS = ("id", "account_id", "conversation_id", "status", "severity", "revision")
WHEN = ("opened_at", "resolved_at", "closed_at")

Conversation = tuple[int, str]
"""An account's id and a conversation's: where at most one case is open."""


@dataclass(frozen=True, slots=True)
class Undecided:
    """A stored mention nothing has been decided about yet."""

    mention_id: int
    account_id: int
    conversation_id: str
    kind: str
    complaint: bool
    hard: bool
    problem: str
    posted_at: datetime
    """UTC."""


@dataclass(frozen=True, slots=True)
class OpenedCase:
    """A case the plan opens; `mention` is the one that opened it."""

    mention: Undecided
    priority_status: str
    severity: str
    problem: str


@dataclass(slots=True)
class OpeningPlan:
    """What a batch of mentions becomes. Cases not yet written are referred to as -1, -2, … in order of `opened`."""

    opened: list[OpenedCase] = field(default_factory=list)
    reopened: dict[int, Undecided] = field(default_factory=dict)
    hardened: dict[int, Undecided] = field(default_factory=dict)
    dispositions: dict[str, list[int]] = field(default_factory=dict)
    """Disposition → ids of the mentions that got no case."""
    in_case: list[tuple[int, int, str]] = field(default_factory=list)
    """Mention id, case reference, disposition."""


@dataclass(slots=True)
class CasesAtHand:
    """The cases a batch may join or reopen."""

    open: dict[Conversation, int]
    severity: dict[int, str]
    over: dict[int, OverCase]
    """Account → its latest case that is resolved or closed and can be reopened."""
    resolved: dict[Conversation, int] = field(default_factory=dict)


def undecided_mentions(connection: Connection, limit: int, waiting_since: datetime) -> list[Undecided]:
    """The oldest undecided mentions by posting time, at most `limit`; the order makes a replay decide the same.

    X mentions whose author's profile has not been seen yet are left out unless they were fetched before
    `waiting_since` (UTC): a profile that cannot be had must not hold a complaint up for long.
    """
    rows = connection.execute(
        select(
            MentionRow.id,
            MentionRow.account_id,
            MentionRow.conversation_id,
            MentionRow.kind,
            MentionRow.complaint,
            MentionRow.hard,
            MentionRow.problem,
            MentionRow.posted_at,
        )
        .join(AccountRow, AccountRow.id == MentionRow.account_id)
        .where(MentionRow.disposition.is_(None))
        .where(
            or_(
                AccountRow.platform != Platform.X.value,
                AccountRow.profile_at.is_not(None),
                MentionRow.fetched_at <= waiting_since,
            )
        )
        .order_by(MentionRow.posted_at, MentionRow.external_id)
        .limit(limit)
    )
    return [Undecided(*row) for row in rows]


def cases_at_hand(
    connection: Connection, account_ids: Sequence[int], now: datetime, in_force: WorkInstruction
) -> CasesAtHand:
    """The cases these accounts have open, by every conversation that belongs to them, and the latest that is over and
    can be reopened by its own revision."""
    at_hand = CasesAtHand({}, {}, {})
    where_over: dict[int, Conversation] = {}
    of_these = one_of(connection, CaseRow.account_id, account_ids)
    cases = connection.execute(select(*CaseRow.__table__.c[*CASE_COLUMNS, *WHEN]).where(of_these)).all()
    rules = instructions_for(connection, {case.revision for case in cases if case.status in OVER}, in_force)
    for case in cases:
        if case.status not in OVER:
            at_hand.open[case.account_id, case.conversation_id] = case.id
            at_hand.severity[case.id] = case.severity
            continue
        if case.status == "resolved":
            at_hand.resolved[case.account_id, case.conversation_id] = case.id
        since = case.closed_at or case.resolved_at or case.opened_at
        over = OverCase(case.id, since, rules.of(case.revision).cases.reopen_window)
        latest = at_hand.over.get(case.account_id)
        if over.reopens(now) and (latest is None or since > latest.since):
            at_hand.over[case.account_id] = over
            at_hand.severity[case.id] = case.severity
            where_over[case.account_id] = (case.account_id, case.conversation_id)
    joined = (
        select(MentionRow.account_id, MentionRow.conversation_id, MentionRow.case_id)
        .join(CaseRow, CaseRow.id == MentionRow.case_id)
        .where(of_these, CaseRow.status.not_in(OVER), MentionRow.account_id == CaseRow.account_id)
        .distinct()
    )
    for account_id, conversation_id, case_id in connection.execute(joined):
        at_hand.open.setdefault((account_id, conversation_id), case_id)
    for account_id, where in where_over.items():
        if where in at_hand.open:  # its conversation goes on in a newer case
            del at_hand.over[account_id]
    return at_hand


def plan_openings(
    mentions: Iterable[Undecided],
    verdicts: Mapping[int, PriorityVerdict],
    own_accounts: frozenset[int],
    at_hand: CasesAtHand,
    now: datetime,
) -> OpeningPlan:
    """Decide what each mention becomes, in the order given; later mentions see the cases earlier ones opened.

    `verdicts` has the accounts of the complaints; whoever does not complain need not be judged.
    """
    plan = OpeningPlan()
    for mention in mentions:
        where = (mention.account_id, mention.conversation_id)
        status = verdicts[mention.account_id].status if mention.complaint else "regular"
        verdict = decide_opening(
            reading_is_complaint=mention.complaint,
            priority_status=status,
            author_is_watched=mention.account_id in own_accounts,
            open_case_id=at_hand.open.get(where),
            resolved_case_id=at_hand.resolved.get(where),
            closed_case=at_hand.over.get(mention.account_id),
            kind=mention.kind,
            now=now,
        )
        _take(plan, at_hand, mention, verdict, status)
    return plan


def _take(
    plan: OpeningPlan, at_hand: CasesAtHand, mention: Undecided, verdict: OpeningVerdict, priority_status: str
) -> None:
    """Add one decision to the plan and to what later mentions of the batch will see."""
    hard = mention.hard
    case_id = verdict.case_id
    if verdict.disposition in {"opened_case", "candidate_case"}:
        severity = "hard" if hard else "standard"
        plan.opened.append(OpenedCase(mention, priority_status, severity, mention.problem))
        case_id = -len(plan.opened)
        at_hand.severity[case_id] = severity
    if case_id is None:
        plan.dispositions.setdefault(verdict.disposition, []).append(mention.mention_id)
        return
    plan.in_case.append((mention.mention_id, case_id, verdict.disposition))
    if verdict.verb == "follow":
        return
    at_hand.open.setdefault((mention.account_id, mention.conversation_id), case_id)
    if verdict.verb == "reopen":
        plan.reopened[case_id] = mention
        del at_hand.over[mention.account_id]
    if hard and at_hand.severity[case_id] != "hard":
        plan.hardened[case_id] = mention
        at_hand.severity[case_id] = "hard"
