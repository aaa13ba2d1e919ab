"""From undecided mentions to cases: what each mention becomes (clauses 5.2.1, 5.3.1), planned in sets.

`undecided_mentions` reads what is waiting, `judge_accounts` says who is priority, `plan_openings` decides without
touching the database, and `models/case_book.py` writes the plan. All of it runs in one `write_transaction`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, or_, select

from models.accounts import AccountRow, PriorityListingRow
from models.case_life import OpeningVerdict, decide_opening
from models.cases import OVER, CaseRow
from models.database import one_of
from models.lexicons import Lexicons
from models.mention_rows import MentionRow
from models.mentions import Author, Platform
from models.priority import Decision, Listing, PriorityThresholds, PriorityVerdict, judge_account

CASE_COLUMNS = ("id", "account_id", "conversation_id", "status", "severity", "opened_at", "resolved_at", "closed_at")

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


@dataclass(frozen=True, slots=True)
class KnownAccount:
    """An account of the batch: profile, a person's decision if there is one, and the verdict in force so far."""

    id: int
    author: Author
    decision: Decision | None
    judged_as: tuple[str | None, str | None, str | None]
    """Status, category and source as stored."""
    confidence: float | None


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
    over: dict[int, tuple[int, datetime]]
    """Account → its latest case that is resolved or closed, and since when."""
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


def known_accounts(connection: Connection, account_ids: Sequence[int]) -> dict[int, KnownAccount]:
    """The accounts of a batch by id, in one query."""
    table = AccountRow.__table__.c
    profile = (table.platform, table.external_id, table.handle, table.name, table.bio, table.followers, table.verified)
    decision = [column for column in table if column.name.startswith("decided_")]
    judged = (table.priority_status, table.priority_category, table.priority_source, table.priority_confidence)
    platforms = {platform.value: platform for platform in Platform}
    found: dict[int, KnownAccount] = {}
    wanted = select(table.id, *profile, *judged, *decision).where(one_of(connection, table.id, account_ids))
    for row in connection.execute(wanted):
        author = Author(platforms[row[1]], *row[2:8])
        found[row.id] = KnownAccount(row.id, author, _decision(row), tuple(row[8:11]), row.priority_confidence)
    return found


def judge_accounts(
    connection: Connection,
    accounts: Mapping[int, KnownAccount],
    today: date,
    lexicons: Lexicons,
    thresholds: PriorityThresholds,
) -> dict[int, PriorityVerdict]:
    """Say of each account whether it is priority; `today` is the day in Asia/Jakarta that listings are valid on."""
    listings = _listings(connection, [account.author for account in accounts.values()])
    verdicts = {}
    for account in accounts.values():
        author = account.author
        mine = listings.get((author.platform.value, handle_key(author.handle)), []) + listings.get(
            (author.platform.value, author.external_id), []
        )
        verdicts[account.id] = judge_account(
            author,
            decision=account.decision,
            listings=mine,
            today=today,
            lexicons=lexicons,
            thresholds=thresholds,
        )
    return verdicts


def handle_key(handle: str | None) -> str:
    """A handle as listings are looked up by: without @, lower case; "" for none."""
    return (handle or "").strip().lstrip("@").casefold()


def cases_at_hand(
    connection: Connection, account_ids: Sequence[int], now: datetime, reopen_window: timedelta
) -> CasesAtHand:
    """The cases these accounts have open, by every conversation that belongs to them, and the latest that is over."""
    at_hand = CasesAtHand({}, {}, {})
    where_over: dict[int, Conversation] = {}
    of_these = one_of(connection, CaseRow.account_id, account_ids)
    for case in connection.execute(select(*CaseRow.__table__.c[*CASE_COLUMNS]).where(of_these)):
        if case.status not in OVER:
            at_hand.open[case.account_id, case.conversation_id] = case.id
            at_hand.severity[case.id] = case.severity
            continue
        if case.status == "resolved":
            at_hand.resolved[case.account_id, case.conversation_id] = case.id
        since = case.closed_at or case.resolved_at or case.opened_at
        latest = at_hand.over.get(case.account_id)
        if since >= now - reopen_window and (latest is None or since > latest[1]):
            at_hand.over[case.account_id] = (case.id, since)
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
    reopen_window: timedelta,
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
            reopen_window=reopen_window,
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


def _decision(row: Any) -> Decision | None:
    if row.decided_status is None:
        return None
    return Decision(
        status=row.decided_status,
        category=row.decided_category,
        reason=row.decided_reason or "",
        decided_by=row.decided_by or "",
        decided_at=row.decided_at,
    )


def _listings(connection: Connection, authors: Sequence[Author]) -> dict[tuple[str, str], list[Listing]]:
    """Listings that may concern these authors, keyed by platform and handle key, and by platform and id."""
    keys = {handle_key(author.handle) for author in authors} - {""}
    ids = {author.external_id for author in authors}
    found: dict[tuple[str, str], list[Listing]] = {}
    wanted = select(PriorityListingRow.__table__).where(
        or_(
            one_of(connection, PriorityListingRow.handle_key, keys),
            one_of(connection, PriorityListingRow.external_id, ids),
        )
    )
    for row in connection.execute(wanted):
        listing = Listing(
            platform=Platform(row.platform),
            handle=row.handle_key,
            external_id=row.external_id,
            name=row.name,
            category=row.category,
            source=row.source,
            document=row.document,
            valid_from=row.valid_from,
            valid_to=row.valid_to,
        )
        for key in {row.handle_key, row.external_id} - {None}:
            found.setdefault((row.platform, key), []).append(listing)
    return found
