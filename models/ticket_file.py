"""The case file of a ticket: where it stands, clocks, contacts and the whole story with clauses, as markdown."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from models.accounts import AccountRow
from models.cases import CaseRow, ClockRow, InteractionRow, case_number
from models.clock_picture import ClockBar, clock_picture
from models.journal import JournalRow
from models.safe_text import for_markdown
from models.staff import StaffRow
from models.ticket_reading import opening_mention, ticket_row
from models.ticket_rows import ContactRow, UnitContactRow, UnitUpdateRow, ticket_number
from models.ticket_steps import TicketVerdict
from models.unit_hours import JAKARTA
from models.units import Unit

CLOCKS = {"unit_acknowledge": "acknowledge", "unit_settle": "settle"}
NEEDED = {
    "settled": "the customer's word: customer_confirmed ends it, customer_not_solved sends it back to the unit",
    "refused": "redirect, with the unit that it goes to",
    "unreachable": "phone the unit and take down what it says: acknowledged, in_progress, settled or refused",
}
"""What a ticket that stands with the desk needs of the PIC, in the words of the form."""
TOLD = (
    "update",
    "via",
    "says",
    "why",
    "unit",
    "key",
    "reference",
    "level",
    "clock",
    "asked",
    "action",
    "kind",
    "outcome",
    "run",
    "before",
)
"""What a journal entry's detail may show; the rest is for machines."""


def ticket_file(
    connection: Connection, ticket_id: int, unit: Unit, verdict: TicketVerdict, ui_url: str, now: datetime
) -> str:
    """The whole case file as markdown; customers' and units' words are escaped. Times are shown in Asia/Jakarta."""
    ticket = ticket_row(connection, ticket_id)
    idle = f", of which {ticket.idle_wakes} were woken and found nothing to do" if ticket.idle_wakes else ""
    parts = [
        _head(connection, ticket, unit, verdict),
        f"[Open the run]({ui_url}/runs/flow-run/{ticket.flow_run_id}); its **Resume** button is the PIC's form.",
        _customer(connection, ticket),
        _clocks(connection, ticket, now),
        _contacts(connection, ticket),
        _said(connection, ticket),
        _notes(connection, ticket),
        _story(connection, ticket),
        f"As of {shown_at(now)} WIB; all times are WIB. Processes so far: {ticket.processes}{idle}.",
    ]
    return "\n\n".join(part for part in parts if part)


def briefing(connection: Connection, ticket_id: int, unit: Unit, verdict: TicketVerdict, now: datetime) -> str:
    """What stands above the resume form: who, what, where it stands, what is due."""
    ticket = ticket_row(connection, ticket_id)
    due = connection.execute(
        select(ClockRow.kind, ClockRow.due_at)
        .where(ClockRow.ticket_id == ticket_id, ClockRow.stopped_at.is_(None))
        .order_by(ClockRow.due_at)
    )
    lines = [
        f"- The unit has to {CLOCKS.get(row.kind, row.kind)} it by {shown_at(row.due_at)} WIB"
        f"{' (**late**)' if row.due_at <= now else ''}"
        for row in due
    ]
    return "\n\n".join(["\n".join([_head(connection, ticket, unit, verdict), *lines]), _customer(connection, ticket)])


def _head(connection: Connection, ticket: Row[Any], unit: Unit, verdict: TicketVerdict) -> str:
    pic = connection.execute(select(StaffRow.code, StaffRow.name).where(StaffRow.id == ticket.pic_id)).one_or_none()
    hard = ", **hard complaint**" if ticket.severity == "hard" else ""
    lines = [
        f"**{ticket_number(ticket.id)}** of {case_number(ticket.case_id)}, {ticket.problem}{hard}, with "
        f"**{for_markdown(unit.name)}**: **{ticket.status}**",
        "",
    ]
    last = connection.execute(
        select(JournalRow.event, JournalRow.detail)
        .where(JournalRow.ticket_id == ticket.id)
        .order_by(JournalRow.id.desc())
        .limit(1)
    ).one_or_none()
    if last is not None and last.event == "pic_update_refused":
        lines.append(f"- **Not taken: {for_markdown(last.detail['why'], 400)}**")
    if ticket.standing:
        lines.append(f"- **{for_markdown(ticket.standing, 500)}**")
    lines.append(f"- {for_markdown(' '.join(verdict.reasons), 400)} (clause {verdict.clause})")
    if ticket.status in NEEDED:
        lines.append(f"- Needed: {NEEDED[ticket.status]}")
    if verdict.look_again_at:
        lines.append(f"- Looked at again {shown_at(verdict.look_again_at)} WIB at the latest")
    if pic:
        lines.append(f"- PIC {for_markdown(pic.code)} {for_markdown(pic.name)}")
    if ticket.escalation_level:
        lines.append(
            f"- Escalation level {ticket.escalation_level}: {for_markdown(unit.post(ticket.escalation_level))}"
        )
    if call := _who_to_call(connection, ticket):
        lines.append(call)
    if ticket.reference:
        lines.append(f"- The unit's reference: {for_markdown(ticket.reference)}")
    return "\n".join(lines)


def _who_to_call(connection: Connection, ticket: Row[Any]) -> str:
    """Who to call at the unit at the ticket's escalation level, or at the nearest level below that has somebody."""
    of_unit = select(UnitContactRow.__table__).where(UnitContactRow.unit == ticket.unit)
    nearest = of_unit.where(UnitContactRow.level <= ticket.escalation_level).order_by(UnitContactRow.level.desc())
    who = connection.execute(nearest.limit(1)).one_or_none()
    if who is None:
        return ""
    told = [for_markdown(part, 200) for part in (who.name, who.phone, who.email) if part]
    return f"- To call: {', '.join(told)}"


def _customer(connection: Connection, ticket: Row[Any]) -> str:
    said = opening_mention(connection, ticket.case_id)
    if said is None:
        return ""
    author = connection.execute(
        select(AccountRow.handle, AccountRow.name, AccountRow.priority_category)
        .join(CaseRow, CaseRow.account_id == AccountRow.id)
        .where(CaseRow.id == ticket.case_id)
    ).one()
    who = f"@{for_markdown(author.handle, 40)}" if author.handle else for_markdown(author.name or "unknown author", 60)
    return f"{who} ({for_markdown(author.priority_category or 'candidate')}): “{for_markdown(said.text, 400)}”"


def _clocks(connection: Connection, ticket: Row[Any], now: datetime) -> str:
    rows = connection.execute(
        select(ClockRow.__table__).where(ClockRow.ticket_id == ticket.id).order_by(ClockRow.id)
    ).all()
    bars = [
        ClockBar(
            CLOCKS.get(row.kind, row.kind),
            row.started_at,
            row.warns_at,
            row.due_at,
            row.stopped_at,
            row.breached_at is not None,
            _clock_state(row),
        )
        for row in rows
    ]
    picture = clock_picture(bars, now)
    return f"### Clocks, in the unit's hours\n\n{picture}" if rows else ""


def _clock_state(row: Row[Any]) -> str:
    if row.breached_at:
        return f"breached {shown_at(row.breached_at)}"
    if row.stopped_at:
        return f"stopped {shown_at(row.stopped_at)}"
    return f"due {shown_at(row.due_at)}{', warned' if row.warned_at else ''}"


def _contacts(connection: Connection, ticket: Row[Any]) -> str:
    rows = connection.execute(
        select(ContactRow.__table__).where(ContactRow.ticket_id == ticket.id).order_by(ContactRow.id)
    ).all()
    lines = ["### Contacts with units", "", "| contact | when | unit | outcome | |", "|---|---|---|---|---|"]
    for number, row in enumerate(rows, start=1):
        why = for_markdown(row.detail, 200) or str(row.status_code or "")
        lines.append(f"| {number} {row.kind} | {shown_at(row.at)} | {for_markdown(row.unit)} | {row.outcome} | {why} |")
    return "\n".join(lines) if rows else ""


def _said(connection: Connection, ticket: Row[Any]) -> str:
    rows = connection.execute(
        select(UnitUpdateRow.__table__)
        .where(UnitUpdateRow.ticket_id == ticket.id)
        .order_by(UnitUpdateRow.changed_at, UnitUpdateRow.id)
    ).all()
    lines = ["### What the unit said", "", "| it said | on | by | what was made of it | in its words |"]
    lines.append("|---|---|---|---|---|")
    for row in rows:
        cells = (row.status, shown_at(row.changed_at), row.via, row.outcome or "to be looked at")
        lines.append(f"| {' | '.join(map(for_markdown, cells))} | {for_markdown(row.note, 200)} |")
    return "\n".join(lines) if rows else ""


def _notes(connection: Connection, ticket: Row[Any]) -> str:
    rows = connection.execute(
        select(InteractionRow.at, InteractionRow.author, InteractionRow.text)
        .where(InteractionRow.case_id == ticket.case_id, InteractionRow.kind == "note")
        .order_by(InteractionRow.id)
    ).all()
    notes = [f"- {shown_at(row.at)}, {for_markdown(row.author)}: {for_markdown(row.text, 500)}" for row in rows]
    return "\n".join(["### Notes", "", *notes]) if rows else ""


def _story(connection: Connection, ticket: Row[Any]) -> str:
    rows = connection.execute(
        select(JournalRow.__table__).where(JournalRow.ticket_id == ticket.id).order_by(JournalRow.id)
    )
    lines = ["### What happened", "", "| when | what | who | clause | |", "|---|---|---|---|---|"]
    for row in rows:
        told = "; ".join(f"{name} {_shown(row.detail[name])}" for name in TOLD if row.detail.get(name) is not None)
        cells = (shown_at(row.at), for_markdown(row.event.replace("_", " ")), for_markdown(row.actor), row.clause)
        lines.append(f"| {' | '.join(cells)} | {for_markdown(told, 240)} |")
    return "\n".join(lines)


def _shown(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def shown_at(moment: datetime) -> str:
    """A moment as people read it, in Asia/Jakarta."""
    return f"{moment.astimezone(JAKARTA):%d %b %H:%M:%S}"
