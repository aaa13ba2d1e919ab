"""What the resume form, or a wake, told a follow-up: made of it what it means, once (clauses 4.3, 4.4)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE
from sqlalchemy import Connection, Row, func, insert, select

from models.cases import InteractionRow
from models.pic_updates import BY_PHONE, judge_pic_update
from models.staff import StaffRow
from models.ticket_book import harden_ticket, journal_ticket, set_ticket, take_ticket_step
from models.ticket_contacts import add_contact
from models.ticket_life import TicketStatus
from models.ticket_reading import pic_code, ticket_stand
from models.ticket_rows import ticket_number
from models.ticket_steps import StepKind, next_step
from tasks.desk_data import units
from tasks.follow_up_forms import PicUpdate
from tasks.holding import Held, holding, rules, unit_of


@task(name="record update", cache_policy=NO_CACHE)
def record_update(held: Held, waits: int, said: PicUpdate) -> None:
    """Make of the form what it means and begin a new wait, in one transaction; said twice, it counts once.

    A wake that finds nothing to do is counted.
    """
    with holding(held) as (connection, ticket, now):
        if ticket.waits != waits:
            return
        set_ticket(connection, held.ticket_id, waits=waits + 1)
        if not said.is_wake:
            _take_form(connection, ticket, said, now)
            return
        harden_ticket(connection, ticket, rules(), now)
        if next_step(ticket_stand(connection, held.ticket_id), unit_of(ticket), now).kind is StepKind.WAIT:
            set_ticket(connection, held.ticket_id, idle_wakes=ticket.idle_wakes + 1)


def _take_form(connection: Connection, ticket: Row[Any], said: PicUpdate, now: datetime) -> None:
    of_staff = (func.lower(StaffRow.code) == said.staff_code.lower(), StaffRow.left_on.is_(None))
    staff = connection.scalar(select(StaffRow.code).where(*of_staff))
    actor = staff or pic_code(connection, ticket) or "pic"
    verdict = judge_pic_update(
        TicketStatus(ticket.status),
        said.action,
        unit=ticket.unit,
        to_unit=said.redirect_to,
        look_in_minutes=said.look_in_minutes,
        note=said.note,
        units=list(units()),
        by=said.staff_code,
        by_is_staff=staff is not None,
        now=now,
    )
    _keep_note(connection, ticket, said, actor, now)
    detail: dict[str, Any] = {"action": said.action, "unit": said.redirect_to or ticket.unit}
    if verdict.refusal:
        detail["why"] = verdict.refusal
        journal_ticket(connection, ticket, "pic_update_refused", verdict.clause, rules(), now, detail, actor)
        return
    if verdict.verb is None:
        journal_ticket(connection, ticket, "pic_looked", verdict.clause, rules(), now, detail, actor)
        return
    values: dict[str, Any] = {"look_at": verdict.look_at} if verdict.look_at else {}
    if said.action in BY_PHONE:
        key = f"{ticket_number(ticket.id)}-phone-{ticket.waits}"
        add_contact(connection, ticket, "phone", key, said.action, None, "taken down by the PIC", now)
        values["contacted_at"] = now
    to_unit = said.redirect_to if said.action == "redirect" else None
    take_ticket_step(connection, ticket, verdict.verb, rules(), now, detail, actor=actor, to_unit=to_unit, **values)


def _keep_note(connection: Connection, ticket: Row[Any], said: PicUpdate, actor: str, now: datetime) -> None:
    if said.note.strip():
        note = {"case_id": ticket.case_id, "author": actor, "text": said.clean_note, "at": now}
        connection.execute(insert(InteractionRow), note | {"direction": "internal", "kind": "note"})
