"""What a person decides about an account (5.2.1): it beats the rules from then on, until it is undone.

`judge_review` says whether it may be decided; `decide_account` and `undo_decision` write it in the caller's
`write_transaction`, once for each flow run. The last decision about an account is the one in force, unless it was
undone; earlier ones stay as history.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update

from models.account_judging import KnownAccount, judge_accounts, known_accounts
from models.accounts import AccountReviewRow, AccountRow, account_number
from models.case_book import record_verdicts
from models.case_reading import desk_people
from models.cases import IS_OPEN, CaseRow
from models.desk_rules import LEADER, SUPERVISOR, Person, why_not_one_of
from models.journal import JournalRow, entry, write_journal
from models.lexicons import Lexicons
from models.priority import PriorityVerdict
from models.rejudging import take_up_complaints
from models.safe_text import clean
from models.unit_hours import JAKARTA
from models.work_instruction import CATEGORIES, WorkInstruction

CLAUSE = "5.2.1"
DECIDERS = (LEADER, SUPERVISOR)
"""The roles that decide about accounts and about what was refused; on duty or not."""


def review_number(review_id: int) -> str:
    """The number people use for a decision about an account: 12 → `R-000012`."""
    return f"R-{review_id:06d}"


@dataclass(frozen=True, slots=True)
class Review:
    """What a person wants. `status` is priority or regular; None undoes the decision in force.

    `review_id` is the decision that they saw and want undone; None: whichever is in force.
    """

    account_id: int
    by: str
    status: str | None
    category: str | None = None
    reason: str = ""
    review_id: int | None = None


@dataclass(frozen=True, slots=True)
class AccountStand:
    """An account as the decision about it sees it: the id of the decision in force, and whose it is."""

    id: int
    anonymised: bool
    in_force: int | None = None
    decided_by: str | None = None


@dataclass(frozen=True, slots=True)
class ReviewVerdict:
    """Whether a person may decide: None, or the sentence that says why not."""

    refusal: str | None
    clause: str = CLAUSE


@dataclass(frozen=True, slots=True)
class Decided:
    """What became of a decision; `told` is the sentence for the person."""

    told: str
    refused: bool


@dataclass(frozen=True, slots=True)
class Rulebook:
    """The rules that a decision is held against."""

    instruction: WorkInstruction
    lexicons: Lexicons


def judge_review(
    review: Review, account: AccountStand | None, person: Person | None, deciders: Sequence[str]
) -> ReviewVerdict:
    """Decide whether a person may decide about an account. `deciders` are the codes of those who may."""
    refusal = why_not_one_of(person, DECIDERS, deciders) or _wrong_account(review, account) or _wrong_fields(review)
    return ReviewVerdict(refusal)


def _wrong_account(review: Review, account: AccountStand | None) -> str | None:
    number = account_number(review.account_id)
    if account is None:
        return f"account: there is no {number}; give the number that the artifact candidates shows."
    if account.anonymised:
        return f"account: {number} is anonymised (clause 6); nothing can be decided about it any more."
    if review.status is not None:
        return None
    if account.in_force is None:
        return f"account: no decision about {number} is in force; there is nothing to undo."
    if review.review_id not in {None, account.in_force}:
        return (
            f"decision: {review_number(review.review_id or 0)} is not in force; {number} was decided by "
            f"{account.decided_by} ({review_number(account.in_force)}). Use the link in the artifact candidates."
        )
    return None


def _wrong_fields(review: Review) -> str | None:
    if review.status is None:
        return None
    if review.status == "priority" and review.category not in CATEGORIES:
        return f"category: priority needs one of {', '.join(CATEGORIES)}; choose one."
    if review.status == "regular" and review.category:
        return "category: regular has none; leave it empty."
    if not review.reason.strip():
        return "reason: is missing; say in a few words what it rests on."
    return None


def decide_account(connection: Connection, review: Review, run_id: str, rules: Rulebook, now: datetime) -> Decided:
    """Put a decision into force at `now` (UTC), or refuse it; the same run decides once."""
    known = connection.execute(select(AccountReviewRow.__table__).where(AccountReviewRow.flow_run_id == run_id)).first()
    if known is not None:
        return Decided(_sentence(known.id, known.account_id, known.status, known.category), False)
    entered = _enter(connection, review, now)
    if isinstance(entered, Decided):
        return entered
    account = _known(connection, review.account_id)
    ruled = _verdict(connection, replace(account, decision=None), rules, now)
    decision: dict[str, Any] = {"status": review.status, "category": review.category, "by": entered[0].code, "at": now}
    decision["reason"] = clean(review.reason).strip()
    row = decision | {"flow_run_id": run_id, "account_id": account.id}
    row |= {"ruled_status": ruled.status, "ruled_category": ruled.category}
    row |= {"ruled_source": ruled.source, "ruled_confidence": ruled.confidence}
    made = insert(AccountReviewRow).returning(AccountReviewRow.id)
    review_id = connection.execute(made, row).scalar_one()
    _set_decided(connection, account.id, decision)
    told = {"review": review_id, "before": account.judged_as[0], "ruled": ruled.status}
    _, followed = _put_in_force(connection, review, ("account_decided", entered[0].code, told), rules, now)
    return Decided(_sentence(review_id, account.id, review.status or "", review.category) + followed, False)


def undo_decision(connection: Connection, review: Review, run_id: str, rules: Rulebook, now: datetime) -> Decided:
    """Take the decision in force back at `now` (UTC), so that the rules hold again; or refuse to.

    The journal says which run did it: the same run, repeated, undoes nothing more.
    """
    told = f"The rules hold for {account_number(review.account_id)} again"
    if _undone_by(connection, review.account_id, run_id):
        return Decided(f"{told}.", False)
    entered = _enter(connection, review, now)
    if isinstance(entered, Decided):
        return entered
    person, account = entered
    mine = update(AccountReviewRow).where(AccountReviewRow.id == account.in_force)
    connection.execute(mine.values(undone_at=now, undone_by=person.code))
    before = _known(connection, review.account_id).judged_as[0]
    _set_decided(connection, account.id, dict.fromkeys(("status", "category", "reason", "by", "at")))
    detail = {"review": account.in_force, "before": before, "run": run_id}
    status, followed = _put_in_force(connection, review, ("account_decision_undone", person.code, detail), rules, now)
    return Decided(f"{told}: it is {status}.{followed}", False)


def _sentence(review_id: int, account_id: int, status: str, category: str | None) -> str:
    what = f"{status} ({category.replace('_', ' ')})" if category else status
    return f"{account_number(account_id)} is {what} from now on, by decision {review_number(review_id)}."


def _enter(connection: Connection, review: Review, now: datetime) -> tuple[Person, AccountStand] | Decided:
    """Who decides about what; or, where they may not, what they are told."""
    people = desk_people(connection, now)
    person, deciders = people.person(review.by), people.of_roles(DECIDERS)
    account = _stand(connection, review.account_id)
    verdict = judge_review(review, account, person, deciders)
    if verdict.refusal or person is None or account is None:
        return Decided(verdict.refusal or "", True)
    return person, account


def _stand(connection: Connection, account_id: int) -> AccountStand | None:
    account = connection.execute(select(AccountRow.anonymised_at).where(AccountRow.id == account_id)).first()
    if account is None:
        return None
    last = connection.execute(
        select(AccountReviewRow.id, AccountReviewRow.by, AccountReviewRow.undone_at)
        .where(AccountReviewRow.account_id == account_id)
        .order_by(AccountReviewRow.id.desc())
        .limit(1)
    ).first()
    anonymised = account.anonymised_at is not None
    if last is None or last.undone_at is not None:
        return AccountStand(account_id, anonymised)
    return AccountStand(account_id, anonymised, last.id, last.by)


def _undone_by(connection: Connection, account_id: int, run_id: str) -> bool:
    undone = (JournalRow.account_id == account_id, JournalRow.event == "account_decision_undone")
    return any(detail.get("run") == run_id for detail in connection.scalars(select(JournalRow.detail).where(*undone)))


def _known(connection: Connection, account_id: int) -> KnownAccount:
    return known_accounts(connection, [account_id])[account_id]


def _verdict(connection: Connection, account: KnownAccount, rules: Rulebook, now: datetime) -> PriorityVerdict:
    today, thresholds = now.astimezone(JAKARTA).date(), rules.instruction.priority.thresholds
    return judge_accounts(connection, {account.id: account}, today, rules.lexicons, thresholds)[account.id]


def _set_decided(connection: Connection, account_id: int, decided: Mapping[str, Any]) -> None:
    values = {f"decided_{name}": value for name, value in decided.items()}
    connection.execute(update(AccountRow).where(AccountRow.id == account_id).values(values))


def _put_in_force(
    connection: Connection, review: Review, told: tuple[str, str, dict[str, Any]], rules: Rulebook, now: datetime
) -> tuple[str, str]:
    """Judge the account anew, and let its cases and complaints follow; `told` is event, actor and detail for the
    journal. Returns the status in force and sentences about what followed."""
    account, instruction = _known(connection, review.account_id), rules.instruction
    verdict = _verdict(connection, account, rules, now)
    event, actor, detail = told
    record_verdicts(connection, {account.id: account}, {account.id: verdict}, instruction, now, event, actor)
    detail = detail | {"status": verdict.status, "category": verdict.category}
    journal = [entry(now, event, CLAUSE, instruction, detail, account_id=account.id, actor=actor)]
    if verdict.status == "regular":  # what is open is served to its end (5.3.2d)
        write_journal(connection, journal)
        return verdict.status, ""
    cases = _serve_as(connection, account.id, verdict.status)
    for case_id, was in cases:
        detail = {"priority": verdict.status, "was": was}
        journal.append(entry(now, "case_priority_changed", CLAUSE, instruction, detail, case_id=case_id, actor=actor))
    write_journal(connection, journal)
    complaints = take_up_complaints(connection, [account.id], instruction, now)
    followed = f" Open cases served as {verdict.status} from now on: {len(cases)}." if cases else ""
    followed += f" Recent complaints that the next intake takes up: {complaints}." if complaints else ""
    return verdict.status, followed


def _serve_as(connection: Connection, account_id: int, status: str) -> list[tuple[int, str]]:
    """Let the account's open cases be of `status`; those that were not, each with what it was."""
    others = (CaseRow.account_id == account_id, CaseRow.priority_status != status, IS_OPEN)
    found = connection.execute(select(CaseRow.id, CaseRow.priority_status).where(*others).order_by(CaseRow.id)).all()
    connection.execute(update(CaseRow).where(*others).values(priority_status=status))
    return [(row.id, row.priority_status) for row in found]
