"""What is due by the register of records, and doing it batch by batch (clause 6).

`plan_retention` only reads; `apply_batch` does the next few rows inside one `write_transaction` of its own, so that a
run killed between two batches leaves each record as it was or wholly done, and the next run goes on. What is due is
asked anew in each batch: a case that was reopened or put on hold meanwhile is left alone. So is what platforms are
still asked about: it would come back as new.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Text, and_, delete, exists, false, func, not_, or_, select
from sqlalchemy import cast as as_type
from sqlalchemy.orm import aliased

from models.account_erasure import asked_from, move_cursors
from models.accounts import AccountLinkRow, AccountReviewRow, AccountRow
from models.anonymising import (
    ANONYMISED,
    Work,
    anonymise_accounts,
    anonymise_cases,
    anonymise_mentions,
    blank,
)
from models.cases import IS_TO_SEND, CaseRow, DeskActionRow, InteractionRow
from models.database import Table, one_of
from models.journal import entry, write_journal
from models.legal_holds import HELD_ACCOUNTS, HELD_CASES, Hold, LegalHoldRow, holds
from models.mention_rows import MentionRow, QuarantinedRow
from models.mentions import Platform
from models.notices import NoticeRow
from models.records import KINDS, RecordType, Register
from models.reference_loads import ReferenceLoadRow
from models.ticket_rows import UnitUpdateRow
from models.work_instruction import DetectionRules

AT_ONCE = 500
"""Rows of a batch; of cases a few more, since those of one account go together."""

Until = Mapping[str, datetime]
"""By type that is asked for and not kept for good: what is older than this moment (UTC) is due."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What is due: by type what is `older` than a moment, and by platform nothing that was posted from `asked` on."""

    older: Until
    asked: Mapping[Platform, datetime]


@dataclass(frozen=True, slots=True)
class TypeVerdict:
    """What retention finds of one type: rows that are due, rows that a hold exempts, the oldest moments (UTC)."""

    type: RecordType
    until: datetime | None
    due: int
    exempt: int
    oldest_due: datetime | None
    oldest_kept: datetime | None
    clause: str = "6"


@dataclass(frozen=True, slots=True)
class RetentionPlan:
    """What a run would do at `now` (UTC), and the holds in force."""

    now: datetime
    types: tuple[TypeVerdict, ...]
    holds: tuple[Hold, ...]


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a type's rows are: their key, since when their time counts, which still hold something, which a legal hold
    exempts."""

    row: type[Table]
    key: Any
    since: Any
    has: ColumnElement[bool]
    held: ColumnElement[bool]


def cutoffs(register: Register, codes: Sequence[str], now: datetime) -> dict[str, datetime]:
    """From which moments on records are kept, by type; types kept for good are left out, no codes mean all types."""
    found = {code: register[code].until(now) for code in KINDS if not codes or code in codes}
    return {code: until for code, until in found.items() if until is not None}


def plan_retention(
    connection: Connection, register: Register, until: Until, rules: DetectionRules, now: datetime
) -> RetentionPlan:
    """What is due of each type that the desk's database holds; one query a type."""
    verdicts = []
    limits = Limits(until, _asked(connection, rules, now))
    for code, scope in ((code, SCOPES[code](limits)) for code in KINDS if code in SCOPES):
        kept_type = register[code]
        old = _old(scope, until[code]) if code in until else false()
        due, exempt = and_(old, not_(scope.held)), and_(old, scope.held)
        row = connection.execute(
            select(
                func.count().filter(due).label("due"),
                func.count().filter(exempt).label("exempt"),
                func.min(scope.since).filter(due).label("oldest_due"),
                func.min(scope.since).filter(not_(due)).label("oldest_kept"),
            )
            .select_from(scope.row)
            .where(scope.has)
        ).one()
        verdicts.append(TypeVerdict(kept_type, until.get(code), *row))
    return RetentionPlan(now, tuple(verdicts), holds(connection))


def apply_batch(connection: Connection, code: str, until: Until, after: Any, work: Work) -> tuple[int, Any]:
    """Do the next rows of a type beyond the key `after` (None: from the first); how many, and the last one's key."""
    rules = work.instruction.detection
    if code in ("cases", "mentions"):
        for platform in Platform:
            move_cursors(connection, platform, rules)
    # No other type is in the limits: what is really gone counts, not what was to go before.
    scope = SCOPES[code](Limits({code: until[code]}, _asked(connection, rules, work.now)))
    due = and_(scope.has, _old(scope, until[code]), not_(scope.held))
    further = scope.key > after if after is not None else scope.key.is_not(None)
    wanted = select(scope.key).select_from(scope.row).where(due, further).order_by(scope.key).limit(AT_ONCE)
    keys = list(connection.scalars(wanted))
    if not keys:
        return 0, after
    if code == "cases":  # those of one account go together: what they share stays shared
        owners = select(CaseRow.account_id).where(one_of(connection, CaseRow.id, keys)).correlate(None)
        all_due = list(connection.scalars(select(CaseRow.id).where(due, CaseRow.account_id.in_(owners))))
        anonymise_cases(connection, all_due, work)
        return len(all_due), keys[-1]
    _carry_out(connection, code, scope, keys, work)
    return len(keys), keys[-1]


def note_applied(connection: Connection, code: str, done: int, verdict: TypeVerdict, work: Work) -> None:
    """Journal what a run did to a type: counts and moments, nothing of anybody."""
    until = verdict.until.isoformat() if verdict.until else None
    detail = {"type": code, "then": verdict.type.then, "rows": done, "exempt": verdict.exempt, "until": until}
    made = entry(work.now, "retention_applied", verdict.clause, work.instruction, detail, actor=work.actor)
    write_journal(connection, [made])


def _carry_out(connection: Connection, code: str, scope: Scope, keys: Sequence[Any], work: Work) -> None:
    match code:
        case "mentions":
            anonymise_mentions(connection, keys, work)
        case "accounts":
            anonymise_accounts(connection, keys, work)
        case _ if KINDS[code].way == "anonymise":
            blank(connection, scope.row, one_of(connection, scope.key, keys))
        case _:
            connection.execute(delete(scope.row).where(one_of(connection, scope.key, keys)))


def _old(scope: Scope, until: datetime) -> ColumnElement[bool]:
    """Of a row that still holds something: its time is up. A profile that was never seen has no time to wait for."""
    if scope.row is AccountRow:
        return or_(AccountRow.profile_at.is_(None), AccountRow.profile_at < until)
    older: ColumnElement[bool] = scope.since < until
    return older


def _asked(connection: Connection, rules: DetectionRules, now: datetime) -> dict[Platform, datetime]:
    return {platform: asked_from(connection, platform, rules, now) for platform in Platform}


def _asked_again(limits: Limits) -> ColumnElement[bool]:
    """Of a mention: its platform may still be asked about the time it was posted at."""
    return or_(
        *(
            and_(MentionRow.platform == platform.value, MentionRow.posted_at >= at)
            for platform, at in limits.asked.items()
        )
    )


def _cases(limits: Limits) -> Scope:
    closed = and_(CaseRow.closed_at.is_not(None), CaseRow.anonymised_at.is_(None), CaseRow.status == "closed")
    unsent = exists().where(InteractionRow.case_id == CaseRow.id, IS_TO_SEND)
    comes_back = exists().where(MentionRow.case_id == CaseRow.id, _asked_again(limits))
    has = and_(closed, not_(unsent), not_(comes_back))
    return Scope(CaseRow, CaseRow.id, CaseRow.closed_at, has, CaseRow.id.in_(HELD_CASES))


def _mentions(limits: Limits) -> Scope:
    decided = (MentionRow.anonymised_at.is_(None), MentionRow.case_id.is_(None), MentionRow.disposition.is_not(None))
    held = MentionRow.account_id.in_(HELD_ACCOUNTS)
    has = and_(*decided, not_(_asked_again(limits)))
    return Scope(MentionRow, MentionRow.id, MentionRow.posted_at, has, held)


def _accounts(limits: Limits) -> Scope:
    """Accounts of which nothing is kept once what is due by the limits is done; whom a person decided about or linked
    to another account stays."""
    cases, mentions, until = _cases(limits), _mentions(limits), limits.older
    case_goes = _goes(cases, until.get("cases"))
    with_case = and_(MentionRow.case_id.is_not(None), MentionRow.case_id.in_(select(CaseRow.id).where(case_goes)))
    mention_goes = or_(_goes(mentions, until.get("mentions")), with_case)
    kept_case = exists().where(CaseRow.account_id == AccountRow.id, CaseRow.anonymised_at.is_(None), not_(case_goes))
    kept_mention = exists().where(
        MentionRow.account_id == AccountRow.id,
        MentionRow.anonymised_at.is_(None),
        not_(mention_goes),
    )
    undecided = and_(AccountRow.anonymised_at.is_(None), AccountRow.decided_status.is_(None))
    linked = exists().where(
        or_(AccountLinkRow.account_id == AccountRow.id, AccountLinkRow.other_id == AccountRow.id),
        AccountLinkRow.ended_at.is_(None),
    )
    nothing = and_(undecided, not_(linked), not_(kept_case), not_(kept_mention))
    return Scope(AccountRow, AccountRow.id, AccountRow.profile_at, nothing, AccountRow.id.in_(HELD_ACCOUNTS))


def _goes(scope: Scope, until: datetime | None) -> ColumnElement[bool]:
    if until is None:
        return false()
    return and_(scope.has, _old(scope, until), not_(scope.held))


def _by_itself(case_id: Any, limits: Limits) -> ColumnElement[bool]:
    """Of a row about a case: it does not go with its case by the same limits anyway."""
    going = select(CaseRow.id).where(_goes(_cases(limits), limits.older.get("cases"))).correlate(None)
    return or_(case_id.is_(None), case_id.not_in(going))


def _account_reviews(_limits: Limits) -> Scope:
    later = aliased(AccountReviewRow)
    replaced = exists().where(later.account_id == AccountReviewRow.account_id, later.id > AccountReviewRow.id)
    over = or_(AccountReviewRow.undone_at.is_not(None), replaced)
    held = AccountReviewRow.account_id.in_(HELD_ACCOUNTS)
    has = and_(AccountReviewRow.reason != ANONYMISED, over)
    return Scope(AccountReviewRow, AccountReviewRow.id, AccountReviewRow.at, has, held)


def _quarantine(_limits: Limits) -> Scope:
    names = as_type(QuarantinedRow.payload, Text).contains(AccountRow.external_id)
    held = exists().where(AccountRow.id.in_(HELD_ACCOUNTS), names)
    return Scope(QuarantinedRow, QuarantinedRow.id, QuarantinedRow.refused_at, QuarantinedRow.id.is_not(None), held)


def _notices(limits: Limits) -> Scope:
    has = and_(NoticeRow.sent_at.is_not(None), NoticeRow.title != ANONYMISED, _by_itself(NoticeRow.case_id, limits))
    held = and_(NoticeRow.case_id.is_not(None), NoticeRow.case_id.in_(HELD_CASES))
    return Scope(NoticeRow, NoticeRow.id, NoticeRow.sent_at, has, held)


def _desk_actions(limits: Limits) -> Scope:
    held = DeskActionRow.case_id.in_(HELD_CASES)
    has = and_(DeskActionRow.told != ANONYMISED, _by_itself(DeskActionRow.case_id, limits))
    return Scope(DeskActionRow, DeskActionRow.flow_run_id, DeskActionRow.at, has, held)


def _unit_updates(_limits: Limits) -> Scope:
    nobodys = and_(UnitUpdateRow.ticket_id.is_(None), UnitUpdateRow.applied_at.is_not(None))
    return Scope(UnitUpdateRow, UnitUpdateRow.id, UnitUpdateRow.received_at, nobodys, false())


def _legal_holds(limits: Limits) -> Scope:
    has = and_(
        LegalHoldRow.lifted_at.is_not(None),
        LegalHoldRow.reason != ANONYMISED,
        _by_itself(LegalHoldRow.case_id, limits),
    )
    held = LegalHoldRow.case_id.in_(HELD_CASES)
    return Scope(LegalHoldRow, LegalHoldRow.id, LegalHoldRow.lifted_at, has, held)


def _reference_loads(_limits: Limits) -> Scope:
    latest = select(func.max(ReferenceLoadRow.id)).group_by(ReferenceLoadRow.kind)
    has = ReferenceLoadRow.id.not_in(latest)
    return Scope(ReferenceLoadRow, ReferenceLoadRow.id, ReferenceLoadRow.at, has, false())


SCOPES: dict[str, Callable[[Limits], Scope]] = {
    "cases": _cases,
    "mentions": _mentions,
    "account_reviews": _account_reviews,
    "quarantine": _quarantine,
    "notices": _notices,
    "desk_actions": _desk_actions,
    "unit_updates": _unit_updates,
    "legal_holds": _legal_holds,
    "reference_loads": _reference_loads,
    "accounts": _accounts,
}
"""The types in the desk's database."""
