"""Tickets, the tries at their units, what the units say, and the flow runs that carry them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.database import Table


def ticket_number(ticket_id: int) -> str:
    """The number people use for a ticket: 123 → `T-000123`."""
    return f"T-{ticket_id:06d}"


def ticket_artifact_key(ticket_id: int) -> str:
    """The artifact key of a ticket's case file: `ticket-t-000123`."""
    return f"ticket-{ticket_number(ticket_id).lower()}"


class UnitRow(Table):
    """How far a unit's changes have been pulled, and what became of the last pull."""

    __tablename__ = "units"

    code: Mapped[str] = mapped_column(String(32), primary_key=True)
    pulled_until: Mapped[datetime | None]
    """When the newest change known was made, by the unit's clock."""
    pulled_at: Mapped[datetime | None]
    last_error: Mapped[str | None] = mapped_column(String(500))


class UnitContactRow(Table):
    """Who holds a post of a unit's ladder (level 1, 2, …) or takes its everyday calls (level 0), and how to reach
    them."""

    __tablename__ = "unit_contacts"

    unit: Mapped[str] = mapped_column(String(32), primary_key=True)
    level: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(String(200))
    phone: Mapped[str | None] = mapped_column(String(32))
    email: Mapped[str | None] = mapped_column(String(200))


class TicketRow(Table):
    """One unit's part in solving a case; its life is in `models/ticket_life.py`.

    `round` counts the times it was sent to a unit anew (redirected, or sent back); with the number it is the key by
    which the unit knows a dispatch it has already got. `waits` counts the waits of its follow-up; it makes the wait
    key. `next_wake_at` is when there is something to do if nobody says anything before; None once its follow-up has
    finished. The moments of its life are kept for the KPIs of clause 4.4.
    """

    __tablename__ = "tickets"

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), index=True)
    unit: Mapped[str] = mapped_column(String(32))
    pic_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    problem: Mapped[str] = mapped_column(String(32))
    severity: Mapped[str] = mapped_column(String(16))
    status: Mapped[str] = mapped_column(String(24))
    escalation_level: Mapped[int] = mapped_column(default=0)
    told_level: Mapped[int] = mapped_column(default=0)
    """The escalation level whose post has been written to."""
    round: Mapped[int] = mapped_column(default=1)
    reference: Mapped[str | None] = mapped_column(String(128))
    standing: Mapped[str | None] = mapped_column(String(500))
    """Why it stands with the PIC, where it does."""
    opening_key: Mapped[str] = mapped_column(String(128), unique=True)
    opened_at: Mapped[datetime]
    dispatched_at: Mapped[datetime | None]
    acknowledged_at: Mapped[datetime | None]
    settled_at: Mapped[datetime | None]
    verified_at: Mapped[datetime | None]
    contacted_at: Mapped[datetime | None]
    heard_at: Mapped[datetime | None]
    asked_at: Mapped[datetime | None]
    """When a person of the desk was last asked to do something about it."""
    look_at: Mapped[datetime | None]
    next_wake_at: Mapped[datetime | None]
    waits: Mapped[int] = mapped_column(default=0)
    flow_run_id: Mapped[str | None] = mapped_column(String(36))
    run_since: Mapped[datetime | None]
    """When the run that carries it last gave a sign of life, or was asked to."""
    run_checked_at: Mapped[datetime | None]
    failures: Mapped[int] = mapped_column(default=0)
    """Runs in a row that did not come as far as waiting; they are replaced ever more slowly."""
    processes: Mapped[int] = mapped_column(default=0)
    idle_wakes: Mapped[int] = mapped_column(default=0)


Index(
    "ix_tickets_next_wake",
    TicketRow.next_wake_at,
    sqlite_where=TicketRow.next_wake_at.is_not(None),
    postgresql_where=TicketRow.next_wake_at.is_not(None),
)
Index(
    "ix_tickets_run_checked",
    TicketRow.run_checked_at,
    sqlite_where=TicketRow.next_wake_at.is_not(None),
    postgresql_where=TicketRow.next_wake_at.is_not(None),
)


class ContactRow(Table):
    """One try at a unit. `key` is the idempotency key it was made under.

    `reference` is what the unit calls the ticket after a dispatch it took: what it says under that name later, even
    about an earlier round, is about this ticket.
    """

    __tablename__ = "contacts"

    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id"), index=True)
    unit: Mapped[str] = mapped_column(String(32))
    kind: Mapped[str] = mapped_column(String(16))
    key: Mapped[str] = mapped_column(String(64))
    outcome: Mapped[str] = mapped_column(String(24))
    status_code: Mapped[int | None]
    reference: Mapped[str | None] = mapped_column(String(128))
    detail: Mapped[str] = mapped_column(String(500))
    at: Mapped[datetime]


Index("ix_contacts_unit_reference", ContactRow.unit, ContactRow.reference)


class UnitUpdateRow(Table):
    """What a unit said about a ticket, pulled or pushed, once: (unit, update id) is unique.

    Taken in before anything is made of it, so that nothing said is lost; `applied_at` and `outcome` tell what became
    of it. `ticket_id` is None until a dispatch with the unit's reference has been noted.
    """

    __tablename__ = "unit_updates"
    __table_args__ = (UniqueConstraint("unit", "update_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    unit: Mapped[str] = mapped_column(String(32))
    update_id: Mapped[str] = mapped_column(String(128))
    reference: Mapped[str] = mapped_column(String(128))
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("tickets.id"), index=True)
    status: Mapped[str] = mapped_column(String(24))
    note: Mapped[str] = mapped_column(Text)
    changed_at: Mapped[datetime]
    received_at: Mapped[datetime]
    via: Mapped[str] = mapped_column(String(8))
    applied_at: Mapped[datetime | None]
    outcome: Mapped[str | None] = mapped_column(String(200))


Index(
    "ix_unit_updates_open",
    UnitUpdateRow.ticket_id,
    sqlite_where=UnitUpdateRow.applied_at.is_(None),
    postgresql_where=UnitUpdateRow.applied_at.is_(None),
)


class FollowUpRunRow(Table):
    """A flow run that carries or carried a ticket; at most one of a ticket's has not ended."""

    __tablename__ = "follow_up_runs"

    flow_run_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id"), index=True)
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    shut_at: Mapped[datetime | None]
    """When Prefect was seen to know that it has ended."""
    ended_why: Mapped[str | None] = mapped_column(String(200))


Index(
    "uq_follow_up_runs_live",
    FollowUpRunRow.ticket_id,
    unique=True,
    sqlite_where=FollowUpRunRow.ended_at.is_(None),
    postgresql_where=FollowUpRunRow.ended_at.is_(None),
)
Index(
    "ix_follow_up_runs_to_shut",
    FollowUpRunRow.ended_at,
    sqlite_where=FollowUpRunRow.shut_at.is_(None),
    postgresql_where=FollowUpRunRow.shut_at.is_(None),
)
