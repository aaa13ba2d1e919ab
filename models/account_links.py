"""Links between a person's accounts, as somebody confirmed them: a listing of one holds for the other (5.2.1).

`judge_link` says whether a link may be made or undone; `link_accounts` and `unlink_accounts` do it in the caller's
`write_transaction`, once for each flow run, and judge both accounts again. What a person decided about an account
stays with that account.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update

from models.account_reviews import CLAUSE, DECIDERS, Decided, ReviewVerdict, Rulebook
from models.accounts import AccountLinkRow, AccountRow, account_number
from models.case_reading import desk_people
from models.desk_rules import Person, why_not_one_of
from models.journal import JournalRow, entry, write_journal
from models.rejudging import judge_again
from models.safe_text import clean

LINKED, UNLINKED = "account_linked", "account_link_undone"
"""The events that the journal names, once for each of the two accounts."""


@dataclass(frozen=True, slots=True)
class LinkChange:
    """What a person wants: two accounts linked, or, with `ends`, their link undone. `field` names the form's field of
    the second one."""

    account_id: int
    other_id: int
    by: str
    reason: str = ""
    ends: bool = False

    @property
    def field(self) -> str:
        """The form's field that has the second account."""
        return "linked" if self.ends else "other"

    @property
    def pair(self) -> tuple[int, int]:
        """The two accounts as a link has them."""
        return min(self.account_id, self.other_id), max(self.account_id, self.other_id)


@dataclass(frozen=True, slots=True)
class PairStand:
    """Two accounts as a change of their link sees them: of those there are, whether they are anonymised; the id of
    the link in force."""

    anonymised: Mapping[int, bool]
    link_id: int | None = None


def judge_link(change: LinkChange, stand: PairStand, person: Person | None, deciders: Sequence[str]) -> ReviewVerdict:
    """Decide whether a person may link two accounts, or undo it. `deciders` are the codes of those who may."""
    refusal = (
        why_not_one_of(person, DECIDERS, deciders)
        or _wrong_account("account", change.account_id, stand)
        or _wrong_account(change.field, change.other_id, stand)
        or _wrong_pair(change, stand)
    )
    return ReviewVerdict(refusal)


def _wrong_account(field: str, account_id: int, stand: PairStand) -> str | None:
    number = account_number(account_id)
    if account_id not in stand.anonymised:
        return f"{field}: there is no {number}; give the number of an account."
    if stand.anonymised[account_id]:
        return f"{field}: {number} is anonymised (clause 6); nothing can be linked to it any more."
    return None


def _wrong_pair(change: LinkChange, stand: PairStand) -> str | None:
    one, other = account_number(change.account_id), account_number(change.other_id)
    if change.account_id == change.other_id:
        return f"{change.field}: {other} is the same account; give the person's other one."
    if change.ends and stand.link_id is None:
        return f"{change.field}: {other} is not linked to {one}; there is nothing to undo."
    if change.ends:
        return None
    if stand.link_id is not None:
        return f"{change.field}: {other} is linked to {one} already."
    if not change.reason.strip():
        return "reason: is missing; say in a few words what it rests on."
    return None


def link_accounts(connection: Connection, change: LinkChange, run_id: str, rules: Rulebook, now: datetime) -> Decided:
    """Link two accounts at `now` (UTC), or refuse to; the same run does it once."""
    told = f"{account_number(change.account_id)} and {account_number(change.other_id)} are linked from now on."
    if connection.scalar(select(AccountLinkRow.id).where(AccountLinkRow.flow_run_id == run_id)) is not None:
        return Decided(told, False)
    entered = _enter(connection, change, now)
    if isinstance(entered, Decided):
        return entered
    person, _ = entered
    row = {"flow_run_id": run_id, "account_id": change.pair[0], "other_id": change.pair[1], "at": now}
    row |= {"by": person.code, "reason": clean(change.reason).strip()}
    link_id = connection.execute(insert(AccountLinkRow).returning(AccountLinkRow.id), row).scalar_one()
    followed = _put_in_force(connection, change, (LINKED, person.code, {"link": link_id}), rules, now)
    return Decided(told + followed, False)


def unlink_accounts(connection: Connection, change: LinkChange, run_id: str, rules: Rulebook, now: datetime) -> Decided:
    """Undo the link of two accounts at `now` (UTC), or refuse to; the same run, repeated, undoes nothing more."""
    told = f"{account_number(change.account_id)} and {account_number(change.other_id)} are not linked any more."
    if _undone_by(connection, change.account_id, run_id):
        return Decided(told, False)
    entered = _enter(connection, change, now)
    if isinstance(entered, Decided):
        return entered
    person, stand = entered
    mine = update(AccountLinkRow).where(AccountLinkRow.id == stand.link_id)
    connection.execute(mine.values(ended_at=now, ended_by=person.code))
    detail = {"link": stand.link_id, "run": run_id}
    followed = _put_in_force(connection, change, (UNLINKED, person.code, detail), rules, now)
    return Decided(told + followed, False)


def _enter(connection: Connection, change: LinkChange, now: datetime) -> tuple[Person, PairStand] | Decided:
    """Who links what; or, where they may not, what they are told."""
    people = desk_people(connection, now)
    person, stand = people.person(change.by), _stand(connection, change)
    refusal = judge_link(change, stand, person, people.of_roles(DECIDERS)).refusal
    if refusal or person is None:
        return Decided(refusal or "", True)
    return person, stand


def _stand(connection: Connection, change: LinkChange) -> PairStand:
    accounts = select(AccountRow.id, AccountRow.anonymised_at).where(AccountRow.id.in_(change.pair))
    between = (AccountLinkRow.account_id == change.pair[0], AccountLinkRow.other_id == change.pair[1])
    in_force = select(AccountLinkRow.id).where(*between, AccountLinkRow.ended_at.is_(None))
    anonymised = {row.id: row.anonymised_at is not None for row in connection.execute(accounts)}
    return PairStand(anonymised, connection.scalar(in_force))


def _undone_by(connection: Connection, account_id: int, run_id: str) -> bool:
    undone = (JournalRow.account_id == account_id, JournalRow.event == UNLINKED)
    return any(detail.get("run") == run_id for detail in connection.scalars(select(JournalRow.detail).where(*undone)))


def _put_in_force(
    connection: Connection, change: LinkChange, told: tuple[str, str, dict[str, Any]], rules: Rulebook, now: datetime
) -> str:
    """Journal the change with each of the two accounts, and judge both anew. `told` is event, actor and detail for the
    journal. Returns sentences about what followed."""
    event, actor, detail = told
    journal = [entry(now, event, CLAUSE, rules.instruction, detail, account_id=one, actor=actor) for one in change.pair]
    write_journal(connection, journal)
    done = judge_again(connection, change.pair, rules.instruction, rules.lexicons, now, event, actor)
    found = select(AccountRow.id, AccountRow.priority_status).where(AccountRow.id.in_(change.pair))
    are = ", ".join(f"{account_number(one)} is {status}" for one, status in connection.execute(found.order_by("id")))
    complaints = f" Recent complaints that the next intake takes up: {done.taken_up}." if done.taken_up else ""
    return f" {are}.{complaints}"
