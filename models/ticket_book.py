"""Writing what happens to a ticket: opened, stepped, contacted, warned, breached; each with its journal entry.

Everything runs inside the caller's `write_transaction`. Whatever a follow-up run writes goes through `held_ticket`,
which refuses a run that another one has taken over from: an old process can do no harm.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from models.case_life import AT_WORK, CaseStatus, take_step
from models.case_notices import CaseNotice, write_notices
from models.cases import OVER, CaseRow, case_number
from models.desk_roster import staff_ids, staff_on_book
from models.eligibility import on_duty_or_all
from models.journal import entry, write_journal
from models.revisions import instructions_by_case
from models.ticket_clocks import start_clocks, stop_clock, tighten_clocks
from models.ticket_life import WITH_UNIT, TicketStatus, ticket_step
from models.ticket_reading import handler_codes, ticket_row
from models.ticket_rows import TicketRow, ticket_number
from models.ticket_steps import TicketClockKind
from models.units import Unit, Units, gone_unit, unit_for
from models.work_instruction import WorkInstruction

FOLLOW_UP = "follow-up-ticket"
"""The actor the journal names for what a follow-up does by itself."""


class TicketRefused(Exception):
    """A ticket that cannot be opened or followed; the message names the field and what to give instead."""


class TakenOver(Exception):
    """Another run carries the ticket now; this one must not write any more."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What the steps of a ticket go by: the units and the work instruction in force."""

    units: Units
    instruction: WorkInstruction

    def unit(self, code: str) -> Unit:
        """The unit of that code; a stand-in that nobody can reach where data/units.yaml no longer knows it."""
        return self.units.get(code) or gone_unit(code)


def open_ticket(
    connection: Connection,
    case_id: int,
    unit: str | None,
    problem: str | None,
    *,
    opening_key: str,
    actor: str,
    rules: Rules,
    now: datetime,
) -> int:
    """Open a ticket for a case at `now` (UTC; clause 5.3.2a) and return its id; the same opening key, the same ticket.

    The problem is the case's where None, the unit the problem's. Raises `TicketRefused`.
    """
    known = connection.scalar(select(TicketRow.id).where(TicketRow.opening_key == opening_key))
    if known is not None:
        return known
    case = _open_case(connection, case_id)
    chosen = _unit_for_case(connection, case, unit, problem, rules.units)
    values = {
        "case_id": case_id,
        "unit": chosen.code,
        "problem": problem or case.problem,
        "severity": case.severity,
        "status": TicketStatus.NEW.value,
        "opening_key": opening_key,
        "opened_at": now,
        "next_wake_at": now,
        "pic_id": _pic_with_least(connection, now),
    }
    ticket_id = connection.execute(insert(TicketRow).returning(TicketRow.id), values).scalar_one()
    start_clocks(connection, ticket_id, case_id, chosen, case.severity, now, _own(connection, case_id, rules))
    detail = {"unit": chosen.code, "problem": values["problem"], "severity": case.severity}
    journal_ticket(connection, ticket_row(connection, ticket_id), "ticket_opened", "5.3.2a", rules, now, detail, actor)
    if CaseStatus(case.status) in AT_WORK:
        _step_case(connection, case_id, CaseStatus(case.status), "wait_for_unit", rules, now)
    return ticket_id


def _own(connection: Connection, case_id: int, rules: Rules) -> WorkInstruction:
    """The work instruction as it was when the case was opened."""
    return instructions_by_case(connection, [case_id], rules.instruction)[case_id]


def _open_case(connection: Connection, case_id: int) -> Row[Any]:
    case = connection.execute(select(CaseRow.__table__).where(CaseRow.id == case_id)).one_or_none()
    if case is None:
        raise TicketRefused(f"case: there is no {case_number(case_id)}; give the number of an open case")
    if case.status in OVER:
        raise TicketRefused(f"case: {case_number(case_id)} is {case.status}; reopen it first")
    return case


def _unit_for_case(connection: Connection, case: Row[Any], unit: str | None, problem: str | None, units: Units) -> Unit:
    """The unit given, or the problem's. A ticket is one unit's part in a case: a second open one is refused."""
    if unit is not None and unit not in units:
        raise TicketRefused(f"unit: there is no {unit}; there are {', '.join(units)}")
    chosen = units[unit] if unit else unit_for(units, problem or case.problem)
    same = (
        TicketRow.case_id == case.id,
        TicketRow.unit == chosen.code,
        TicketRow.status != TicketStatus.VERIFIED.value,
    )
    there = connection.scalar(select(TicketRow.id).where(*same).limit(1))
    if there is not None:
        told = f"{chosen.name} has {ticket_number(there)} for {case_number(case.id)}"
        raise TicketRefused(f"case: {told}; follow that, or choose another unit")
    return chosen


def _pic_with_least(connection: Connection, now: datetime) -> int | None:
    """The PIC on duty with the fewest open tickets; any PIC where none is on duty (5.1.3)."""
    present = on_duty_or_all(staff_on_book(connection, now).get("pic", []), now)
    if not present:
        return None
    ids = staff_ids(connection)
    rows = connection.execute(
        select(TicketRow.pic_id, func.count()).where(TicketRow.status != "verified").group_by(TicketRow.pic_id)
    )
    load = {pic: count for pic, count in rows}  # noqa: C416 (rows are no pairs to the type checker)
    return min((ids[code] for code in present), key=lambda pic: (load.get(pic, 0), pic))


def held_ticket(connection: Connection, ticket_id: int, run_id: str) -> Row[Any]:
    """The ticket's row, for a run that still carries it. Raises `TakenOver` for one that does not."""
    row = ticket_row(connection, ticket_id)
    if row.flow_run_id != run_id:
        raise TakenOver(f"{ticket_number(ticket_id)} is carried by another run now: {row.flow_run_id}")
    return row


def harden_ticket(connection: Connection, ticket: Row[Any], rules: Rules, now: datetime) -> None:
    """Where the ticket's case has become a hard complaint (5.3.2c), so does the ticket: its running clocks tighten,
    and a unit that has it is told at `now` (UTC)."""
    severity = connection.scalar(select(CaseRow.severity).where(CaseRow.id == ticket.case_id))
    if severity != "hard" or ticket.severity == "hard" or ticket.status == TicketStatus.VERIFIED:
        return
    tighten_clocks(connection, ticket.id, rules.unit(ticket.unit), _own(connection, ticket.case_id, rules))
    told_now = {"look_at": now} if TicketStatus(ticket.status) in WITH_UNIT else {}
    set_ticket(connection, ticket.id, severity="hard", **told_now)
    journal_ticket(connection, ticket, "ticket_hardened", "5.3.2c", rules, now, {"unit": ticket.unit})


def journal_ticket(
    connection: Connection,
    ticket: Row[Any],
    event: str,
    clause: str,
    rules: Rules,
    now: datetime,
    detail: Mapping[str, Any],
    actor: str = FOLLOW_UP,
) -> None:
    """One journal entry about a ticket; references and verdicts only."""
    own = _own(connection, ticket.case_id, rules)
    made = entry(now, event, clause, own, detail, case_id=ticket.case_id, ticket_id=ticket.id, actor=actor)
    write_journal(connection, [made])


def set_ticket(connection: Connection, ticket_id: int, **values: Any) -> None:
    """Change columns of a ticket, if any are given."""
    if values:
        connection.execute(update(TicketRow).where(TicketRow.id == ticket_id).values(**values))


def take_ticket_step(
    connection: Connection,
    ticket: Row[Any],
    verb: str,
    rules: Rules,
    now: datetime,
    detail: Mapping[str, Any],
    *,
    actor: str = FOLLOW_UP,
    to_unit: str | None = None,
    **values: Any,
) -> None:
    """Take one step of a ticket's life with all that follows from it at `now` (UTC); raises `IllegalTransition`.

    `values` are further columns to set. Clocks stop and start, the case moves on when its last ticket is verified.
    """
    step = ticket_step(TicketStatus(ticket.status), verb)
    changes: dict[str, Any] = dict(values)
    if step.target is not None:
        changes |= {"status": step.target.value, "asked_at": None, "look_at": None, "standing": None, **values}
    if verb in {"acknowledge", "progress", "settle"}:
        stop_clock(connection, ticket.id, TicketClockKind.ACKNOWLEDGE, now)
        changes["acknowledged_at"] = ticket.acknowledged_at or now
    if verb == "settle":
        stop_clock(connection, ticket.id, TicketClockKind.SETTLE, now)
        changes["settled_at"] = now
    if verb == "escalate":
        changes |= {"escalation_level": ticket.escalation_level + 1, "look_at": None}
    if verb in {"redirect", "send_back"}:
        changes |= _sent_anew(connection, ticket, to_unit or ticket.unit, rules, now)
    if verb == "verify":
        changes |= {"verified_at": now, "next_wake_at": now}
    set_ticket(connection, ticket.id, **changes)
    journal_ticket(
        connection, ticket, step.event, step.clause, rules, now, {"was": ticket.status, **detail}, actor=actor
    )
    if verb == "verify":
        _case_goes_on(connection, ticket, rules, now)


def _sent_anew(connection: Connection, ticket: Row[Any], unit: str, rules: Rules, now: datetime) -> dict[str, Any]:
    """The ticket goes to a unit once more: a new round under a new key, its clocks from the beginning."""
    for kind in TicketClockKind:
        stop_clock(connection, ticket.id, kind, now)
    start_clocks(
        connection,
        ticket.id,
        ticket.case_id,
        rules.unit(unit),
        ticket.severity,
        now,
        _own(connection, ticket.case_id, rules),
    )
    level = 0 if unit != ticket.unit else ticket.escalation_level
    return {
        "unit": unit,
        "round": ticket.round + 1,
        "reference": None,
        "dispatched_at": None,
        "acknowledged_at": None,
        "settled_at": None,
        "heard_at": None,
        "escalation_level": level,
        "told_level": level,
    }


def _step_case(
    connection: Connection, case_id: int, status: CaseStatus, verb: str, rules: Rules, now: datetime
) -> None:
    step = take_step(status, verb)
    connection.execute(update(CaseRow).where(CaseRow.id == case_id).values(status=step.status.value))
    made = entry(now, step.event, step.clause, _own(connection, case_id, rules), {}, case_id=case_id, actor=FOLLOW_UP)
    write_journal(connection, [made])


def _case_goes_on(connection: Connection, ticket: Row[Any], rules: Rules, now: datetime) -> None:
    """The last ticket of a case is verified: whoever has the case is told, and it goes on, to be answered and closed
    (5.3.2d)."""
    others = select(func.count()).where(TicketRow.case_id == ticket.case_id, TicketRow.status != "verified")
    status = CaseStatus(connection.execute(select(CaseRow.status).where(CaseRow.id == ticket.case_id)).scalar_one())
    if connection.scalar(others) or status in OVER:
        return
    if status is CaseStatus.WAITING_UNIT:
        _step_case(connection, ticket.case_id, status, "resume", rules, now)
    title = f"{case_number(ticket.case_id)}: every ticket is verified; answer the customer and resolve it"
    told = handler_codes(connection, ticket)
    cause = f"{ticket.id}:{ticket.round}"
    write_notices(connection, [CaseNotice(to, ticket.case_id, "verified", cause, title) for to in told], now)
