"""Contacting a unit (clause 4.4): dispatch, chase, escalate; repeated as the unit's own policy says."""

from __future__ import annotations

from typing import Any, cast

from prefect import Task, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from sqlalchemy import Connection, Row, func, select

from models.accounts import AccountRow
from models.cases import CaseRow, case_number
from models.safe_text import for_plain
from models.ticket_book import journal_ticket, set_ticket, take_ticket_step
from models.ticket_contacts import add_contact, tell
from models.ticket_life import TO_SEND, TicketStatus
from models.ticket_reading import opening_mention, pics_to_tell
from models.ticket_rows import ContactRow, ticket_number
from models.ticket_steps import StepKind
from models.units import RetryPolicy
from tasks.desk_data import units
from tasks.holding import Held, holding, rules, unit_of
from tasks.settings import Settings
from tasks.units.access import unit_access
from tasks.units.client import UnitAnswer, send_message, send_ticket
from tasks.units.errors import UnitError, UnitNotSetUp, UnitRefused

TAKEN = "taken"


def contact(held: Held, kind: StepKind) -> None:
    """Contact the ticket's unit, with retries by its policy; when all fail, say so and go on with the PIC."""
    with holding(held) as (_, ticket, _now):
        policy = unit_of(ticket).retry
    state = cast(State[Any], by_policy(contact_unit, policy)(held, kind.value, return_state=True))
    if state.is_completed():
        return
    error = state.result(raise_on_failure=False)
    if not isinstance(error, UnitError):
        raise error
    give_up(held, kind.value, error.outcome, error.status_code, str(error))


def by_policy(work: Task[..., Any], policy: RetryPolicy) -> Task[..., Any]:
    """A task with the retries of a unit's policy."""
    return work.with_options(
        retries=policy.attempts - 1,
        retry_delay_seconds=[wait.total_seconds() for wait in policy.waits],
        retry_jitter_factor=policy.jitter,
    )


def _worth_a_retry(_task: Task[..., Any], _run: TaskRun, state: State[Any]) -> bool:
    error = state.result(raise_on_failure=False)
    return isinstance(error, UnitError) and error.worth_a_retry


@task(name="contact unit", cache_policy=NO_CACHE, retry_condition_fn=_worth_a_retry)
def contact_unit(held: Held, kind: str) -> None:
    """One try: call the unit, note how it went, take the step it means. Raises `UnitError` where it did not.

    The idempotency key is the same for every try at the same thing, so that a try that was made twice, or died before
    it was noted, is one ticket and one message at the unit.
    """
    with holding(held) as (connection, ticket, _):
        unit, key = unit_of(ticket), _key(connection, ticket, kind)
        body = _message(connection, ticket, kind, unit.post(max(1, ticket.escalation_level)))
    try:
        if unit.code not in units():
            raise UnitNotSetUp("nobody can be reached there any more; redirect the ticket")
        access = unit_access(unit.code)
        if kind == StepKind.DISPATCH:
            answer = send_ticket(unit, access, body, key)
        else:
            answer = send_message(unit, access, ticket.reference or held.number, body, key)
    except UnitError as error:
        with holding(held) as (connection, ticket, now):
            add_contact(connection, ticket, kind, key, error.outcome, error.status_code, str(error), now)
            if isinstance(error, UnitRefused) and kind == StepKind.DISPATCH:
                why = {"unit": ticket.unit, "status_code": error.status_code}
                take_ticket_step(connection, ticket, "refuse", rules(), now, why, contacted_at=now, standing=str(error))
                return
        raise
    _note_success(held, kind, key, answer)


def _note_success(held: Held, kind: str, key: str, answer: UnitAnswer) -> None:
    with holding(held) as (connection, ticket, now):
        named = answer.reference if kind == StepKind.DISPATCH else None
        add_contact(connection, ticket, kind, key, TAKEN, answer.status_code, "", now, named)
        detail = {"unit": ticket.unit, "key": key}  # the unit's reference stands in the contact: a journal is for good
        if kind == StepKind.DISPATCH:
            if TicketStatus(ticket.status) in TO_SEND:
                reference: dict[str, Any] = {"reference": answer.reference, "dispatched_at": now, "contacted_at": now}
                take_ticket_step(connection, ticket, "dispatch", rules(), now, detail, **reference)
            return
        told = {"told_level": ticket.escalation_level} if kind == StepKind.ESCALATE else {}
        set_ticket(connection, held.ticket_id, contacted_at=now, look_at=None, standing=None, **told)
        event = "unit_escalated_to" if kind == StepKind.ESCALATE else "unit_chased"
        journal_ticket(connection, ticket, event, "4.4", rules(), now, {**detail, "level": ticket.escalation_level})


@task(name="give up", cache_policy=NO_CACHE)
def give_up(held: Held, kind: str, outcome: str, status_code: int | None, why: str) -> None:
    """Every try has failed: the ticket stands with the PIC, who phones; it is tried again later (4.4)."""
    with holding(held) as (connection, ticket, now):
        standing = f"{unit_of(ticket).name}: {why}"[:500]
        detail = {"unit": ticket.unit, "kind": kind, "outcome": outcome, "status_code": status_code}
        if kind == StepKind.DISPATCH and ticket.status == TicketStatus.NEW:
            values: dict[str, Any] = {"contacted_at": now, "standing": standing}
            take_ticket_step(connection, ticket, "give_up", rules(), now, detail, **values)
            return
        again = unit_of(ticket).calendar.add(now, unit_of(ticket).chase_every)
        put_off = {"look_at": again if kind == StepKind.ESCALATE else None}
        set_ticket(connection, held.ticket_id, contacted_at=now, standing=standing, **put_off)
        journal_ticket(connection, ticket, "contact_failed", "4.4", rules(), now, detail)
        cause = f"{kind}:{ticket.round}:{ticket.escalation_level}"
        told = pics_to_tell(connection, ticket, now)
        tell(connection, ticket, told, "contact_failed", cause, standing, Settings().ui_url, now)


def _key(connection: Connection, ticket: Row[Any], kind: str) -> str:
    stem = f"{ticket_number(ticket.id)}-{ticket.round}"
    if kind == StepKind.DISPATCH:
        return stem
    if kind == StepKind.ESCALATE:
        return f"{stem}-level-{ticket.escalation_level}"
    chased = select(func.count()).where(
        ContactRow.ticket_id == ticket.id, ContactRow.kind == kind, ContactRow.outcome == TAKEN
    )
    return f"{stem}-chase-{(connection.scalar(chased) or 0) + 1}"


def _message(connection: Connection, ticket: Row[Any], kind: str, post: str) -> dict[str, Any]:
    """What the unit is told: what it needs to solve the customer's problem, and nothing more."""
    case = connection.execute(
        select(AccountRow.platform, AccountRow.handle)
        .join(CaseRow, CaseRow.account_id == AccountRow.id)
        .where(CaseRow.id == ticket.case_id)
    ).one()
    said = opening_mention(connection, ticket.case_id)
    return {
        "kind": kind,
        "ticket": ticket_number(ticket.id),
        "case": case_number(ticket.case_id),
        "problem": ticket.problem,
        "severity": ticket.severity,
        "platform": case.platform,
        "customer": for_plain(case.handle, 60) if case.handle else None,
        "complaint": for_plain(said.text, 1000) if said else None,
        "post": said.url if said else None,
        "for": post if kind == StepKind.ESCALATE else None,
    }
