"""The steps of a follow-up, each one side effect: taken on, looked at, sent, chased, escalated, asked about, updated.

Every task takes ids and opens its own transaction; a run that another has taken over from is refused there
(`TakenOver`), so a replay or an old process changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.runtime import flow_run
from sqlalchemy import select, update

from models.cases import ClockRow
from models.database import write_transaction
from models.follow_up_runs import claim_ticket, end_claim, wait_key
from models.ticket_book import (
    TicketRefused,
    harden_ticket,
    held_ticket,
    journal_ticket,
    open_ticket,
    set_ticket,
    take_ticket_step,
)
from models.ticket_contacts import tell
from models.ticket_life import TICKET_TRANSITIONS, TicketStatus, judge_unit_update
from models.ticket_reading import handler_codes, is_ticket, open_updates, pics_to_tell, ticket_stand
from models.ticket_rows import UnitUpdateRow
from models.ticket_steps import TicketVerdict, next_step
from tasks.database import desk_engine
from tasks.follow_up_forms import FollowTicket, OpenTicket
from tasks.follow_ups import label_run, saved_input, shut_run
from tasks.holding import Held, holding, rules, unit_of
from tasks.pic_updates import record_update
from tasks.settings import Settings


@task(name="take on", cache_policy=NO_CACHE)
def take_on(request: FollowTicket | OpenTicket) -> Held:
    """Find or open the ticket, make this run the one that carries it, and end the run that did before.

    What this run was woken with is noted first, and what a person had told runs that died before they could note it.
    Raises `TicketRefused`.
    """
    run_id, now = str(flow_run.get_id()), datetime.now(UTC)
    with write_transaction(desk_engine()) as connection:
        if isinstance(request, OpenTicket):
            ticket_id = open_ticket(
                connection,
                request.case_id,
                request.unit,
                request.problem,
                opening_key=f"run:{run_id}",
                actor="pic",
                rules=rules(),
                now=now,
            )
        else:
            ticket_id = request.ticket_id
            if not is_ticket(connection, ticket_id):
                raise TicketRefused(f"ticket: there is no {request.ticket}; give the number of a ticket")
        taken_over = claim_ticket(connection, ticket_id, run_id, rules(), now)
        ticket = held_ticket(connection, ticket_id, run_id)
    held = Held(ticket_id, run_id)
    for before in taken_over[:1]:
        shut_run(before, f"taken over by run {run_id}")
    for told in (run_id, *taken_over):
        said = saved_input(told, wait_key(ticket_id, ticket.waits))
        if said is not None:
            record_update.fn(held, ticket.waits, said)
    with desk_engine().connect() as connection:
        label_run(run_id, held_ticket(connection, ticket_id, run_id))
    return held


@task(name="look", cache_policy=NO_CACHE)
def look(held: Held) -> TicketVerdict:
    """What the ticket needs now; a sign of life of the run that carries it. It is as hard as its case (5.3.2c)."""
    with holding(held) as (connection, ticket, now):
        set_ticket(connection, held.ticket_id, run_since=now)
        harden_ticket(connection, ticket, rules(), now)
        return next_step(ticket_stand(connection, held.ticket_id), unit_of(ticket), now)


@task(name="take updates", cache_policy=NO_CACHE)
def take_updates(held: Held) -> None:
    """Make of the unit's answers what they mean, oldest first; what means nothing is noted and changes nothing."""
    with holding(held) as (connection, ticket, now):
        said = connection.execute(
            select(UnitUpdateRow.__table__)
            .where(*open_updates(held.ticket_id))
            .order_by(UnitUpdateRow.changed_at, UnitUpdateRow.id)
        ).all()
        for one in said:
            ticket = held_ticket(connection, held.ticket_id, held.run_id)
            current = (one.unit, one.reference) == (ticket.unit, ticket.reference)
            verdict = judge_unit_update(
                TicketStatus(ticket.status), one.status, one.changed_at, ticket.heard_at, current
            )
            detail = {"update": one.id, "via": one.via, "says": one.status}
            if verdict.verb:
                take_ticket_step(
                    connection,
                    ticket,
                    verdict.verb,
                    rules(),
                    now,
                    detail,
                    actor=one.unit,
                    heard_at=min(one.changed_at, now),
                )
            else:
                journal_ticket(
                    connection,
                    ticket,
                    "unit_update_ignored",
                    verdict.clause,
                    rules(),
                    now,
                    {**detail, "why": verdict.reason},
                    actor=one.unit,
                )
            done = update(UnitUpdateRow).where(UnitUpdateRow.id == one.id)
            connection.execute(done.values(applied_at=now, outcome=verdict.reason[:200]))


@task(name="mark clock", cache_policy=NO_CACHE)
def mark_clock(held: Held, verdict: TicketVerdict, breach: bool) -> None:
    """A clock warns (the PIC is told) or is breached: one level up, PIC and supervisor are told (4.3, 5.3.2d)."""
    with holding(held) as (connection, ticket, now):
        mark = {"breached_at": now} if breach else {"warned_at": now}
        mine = (ClockRow.ticket_id == held.ticket_id, ClockRow.kind == verdict.clock, ClockRow.stopped_at.is_(None))
        connection.execute(update(ClockRow).where(*mine).values(**mark))
        event = "ticket_clock_breached" if breach else "ticket_clock_warned"
        journal_ticket(connection, ticket, event, verdict.clause, rules(), now, {"clock": verdict.clock})
        told = pics_to_tell(connection, ticket, now, and_supervisors=breach)
        if breach and TicketStatus(ticket.status) in TICKET_TRANSITIONS["escalate"].sources:
            take_ticket_step(connection, ticket, "escalate", rules(), now, {"clock": verdict.clock})
        cause = f"{verdict.clock}:{ticket.round}"
        told_of = "breach" if breach else "warning"
        tell(connection, ticket, told, told_of, cause, " ".join(verdict.reasons), Settings().ui_url, now)


@task(name="raise level", cache_policy=NO_CACHE)
def raise_level(held: Held, verdict: TicketVerdict) -> None:
    """A unit that is late and goes on saying nothing: one level up; PIC and supervisor are told (4.4)."""
    with holding(held) as (connection, ticket, now):
        take_ticket_step(connection, ticket, "escalate", rules(), now, {"why": " ".join(verdict.reasons)})
        told = pics_to_tell(connection, ticket, now, and_supervisors=True)
        cause = f"level:{ticket.round}:{ticket.escalation_level + 1}"
        tell(connection, ticket, told, "raised", cause, " ".join(verdict.reasons), Settings().ui_url, now)


@task(name="ask", cache_policy=NO_CACHE)
def ask(held: Held, verdict: TicketVerdict) -> None:
    """Ask a person of the desk: the agent for the customer's word, the PIC to phone or to redirect."""
    with holding(held) as (connection, ticket, now):
        settled = TicketStatus(ticket.status) is TicketStatus.SETTLED
        told = pics_to_tell(connection, ticket, now) + (handler_codes(connection, ticket) if settled else [])
        set_ticket(
            connection,
            held.ticket_id,
            asked_at=now,
            look_at=None,
            standing=ticket.standing or " ".join(verdict.reasons),
        )
        event = "customer_confirmation_asked" if settled else "pic_asked"
        journal_ticket(connection, ticket, event, verdict.clause, rules(), now, {"asked": told})
        cause = f"{ticket.status}:{now:%Y%m%d%H%M%S}"
        tell(connection, ticket, told, "ask", cause, " ".join(verdict.reasons), Settings().ui_url, now)


@dataclass(frozen=True, slots=True)
class Wait:
    """A wait about to begin: which one, and the key Prefect knows it by."""

    waits: int
    key: str


@task(name="go to wait", cache_policy=NO_CACHE)
def go_to_wait(held: Held, verdict: TicketVerdict) -> Wait:
    """Write down when to look again; from here on no process is needed."""
    with holding(held) as (connection, ticket, now):
        set_ticket(connection, held.ticket_id, next_wake_at=verdict.look_again_at, run_since=now, failures=0)
        return Wait(ticket.waits, wait_key(held.ticket_id, ticket.waits))


@task(name="finish", cache_policy=NO_CACHE)
def finish(held: Held) -> None:
    """The ticket is verified: its run has done its work."""
    with holding(held) as (connection, _, now):
        end_claim(connection, held.ticket_id, held.run_id, "verified", now)
