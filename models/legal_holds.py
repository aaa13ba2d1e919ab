"""Legal holds (clause 6): while one is on a case, nothing of it, its account and what that said is taken away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import ColumnElement, Connection, ForeignKey, Index, String, Text, insert, select, update
from sqlalchemy.orm import Mapped, mapped_column

from models.cases import CaseRow, case_number
from models.database import Table, one_of
from models.journal import JournalRow, entry, write_journal
from models.safe_text import clean
from models.work_instruction import WorkInstruction


class LegalHoldRow(Table):
    """A hold on a case, from when it was placed until it is lifted; one at a time."""

    __tablename__ = "legal_holds"

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"))
    reason: Mapped[str] = mapped_column(Text)
    placed_at: Mapped[datetime]
    placed_by: Mapped[str] = mapped_column(String(32))
    lifted_at: Mapped[datetime | None]
    lifted_by: Mapped[str | None] = mapped_column(String(32))


Index(
    "uq_legal_holds_case_id",
    LegalHoldRow.case_id,
    unique=True,
    sqlite_where=LegalHoldRow.lifted_at.is_(None),
    postgresql_where=LegalHoldRow.lifted_at.is_(None),
)

_ON_HOLD = select(LegalHoldRow.case_id).where(LegalHoldRow.lifted_at.is_(None)).correlate(None).scalar_subquery()
HELD_ACCOUNTS = select(CaseRow.account_id).where(CaseRow.id.in_(_ON_HOLD)).correlate(None).scalar_subquery()
"""The ids of the accounts that have a case on hold."""
HELD_CASES = select(CaseRow.id).where(CaseRow.account_id.in_(HELD_ACCOUNTS)).correlate(None).scalar_subquery()
"""The ids of all cases of these accounts: those on hold, and whatever else the accounts said."""


@dataclass(frozen=True, slots=True)
class Hold:
    """A hold that is in force: on which case, since when (UTC), placed by whom (staff code)."""

    case_id: int
    placed_at: datetime
    placed_by: str


@dataclass(frozen=True, slots=True)
class Order:
    """What a supervisor asks for at `now` (UTC): to place a hold on a case, or to lift it. `run_id` is the form's."""

    do: Literal["place", "lift"]
    case_id: int
    by: str
    reason: str
    run_id: str
    now: datetime


@dataclass(frozen=True, slots=True)
class HoldVerdict:
    """What becomes of an order: the sentence for the person, and whether it was refused."""

    told: str
    refused: bool
    clause: str = "6"


EVENTS = {"place": "legal_hold_placed", "lift": "legal_hold_lifted"}


def judge_hold(order: Order, *, case_exists: bool, anonymised: bool, held: Hold | None) -> HoldVerdict:
    """Decide whether a hold can be placed or lifted as the case stands."""
    number = case_number(order.case_id)
    if not case_exists:
        return HoldVerdict(f"case: there is no {number}; give the number of a case.", True)
    if order.do == "place" and held:
        return HoldVerdict(f"case: {number} is on hold already, placed by {held.placed_by}.", True)
    if order.do == "place" and anonymised:
        return HoldVerdict(f"case: {number} was anonymised already; there is nothing left to hold.", True)
    if order.do == "lift" and not held:
        return HoldVerdict(f"case: {number} is not on hold.", True)
    return HoldVerdict(_done(order), False)


def _done(order: Order) -> str:
    number = case_number(order.case_id)
    if order.do == "place":
        return f"{number} is on hold: nothing of it is taken away until the hold is lifted."
    return f"{number} is no longer on hold: the register of records says how long it is kept."


def carry_out(connection: Connection, order: Order, actor: str, instruction: WorkInstruction) -> HoldVerdict:
    """Place or lift a hold, in the caller's `write_transaction`; the same run does it once and is told the same again.

    `actor` is the supervisor's staff code.
    """
    case = connection.execute(
        select(CaseRow.id, CaseRow.account_id, CaseRow.anonymised_at).where(CaseRow.id == order.case_id)
    ).one_or_none()
    held = next(iter(holds(connection, CaseRow.id == order.case_id)), None)
    if case is not None and _done_before(connection, order):
        return HoldVerdict(_done(order), False)
    anonymised = case is not None and case.anonymised_at is not None
    verdict = judge_hold(order, case_exists=case is not None, anonymised=anonymised, held=held)
    if verdict.refused or case is None:
        return verdict
    reason = clean(order.reason).strip()
    if order.do == "place":
        row = {"case_id": order.case_id, "reason": reason, "placed_at": order.now, "placed_by": actor}
        connection.execute(insert(LegalHoldRow), row)
    else:
        mine = (LegalHoldRow.case_id == order.case_id, LegalHoldRow.lifted_at.is_(None))
        said = LegalHoldRow.reason + f"\nLifted: {reason}"
        connection.execute(update(LegalHoldRow).where(*mine).values(lifted_at=order.now, lifted_by=actor, reason=said))
    detail = {"run": order.run_id}
    made = entry(
        order.now,
        EVENTS[order.do],
        verdict.clause,
        instruction,
        detail,
        case_id=case.id,
        account_id=case.account_id,
        actor=actor,
    )
    write_journal(connection, [made])
    return verdict


def holds(connection: Connection, *which: ColumnElement[bool]) -> tuple[Hold, ...]:
    """The holds in force, by case; `which` narrows the cases down."""
    rows = connection.execute(
        select(LegalHoldRow.case_id, LegalHoldRow.placed_at, LegalHoldRow.placed_by)
        .join(CaseRow, CaseRow.id == LegalHoldRow.case_id)
        .where(LegalHoldRow.lifted_at.is_(None), *which)
        .order_by(LegalHoldRow.case_id)
    )
    return tuple(Hold(*row) for row in rows)


def holds_on(connection: Connection, case_ids: Sequence[int]) -> tuple[Hold, ...]:
    """The holds in force on these cases."""
    return holds(connection, one_of(connection, CaseRow.id, case_ids))


def _done_before(connection: Connection, order: Order) -> bool:
    """Whether this run has done it, as the journal tells."""
    told = select(JournalRow.detail).where(JournalRow.case_id == order.case_id, JournalRow.event == EVENTS[order.do])
    return any(detail.get("run") == order.run_id for detail in connection.scalars(told))
