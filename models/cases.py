"""Cases, what is said in them, their clocks, and what people did to them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, and_, literal_column
from sqlalchemy.orm import Mapped, mapped_column

from models.database import Json, Table

OVER = ("resolved", "closed")
"""The states in which a case no longer takes further mentions without being reopened."""
WITHOUT_AGENT = ("new", "reopened")
"""The states in which a case waits for an agent, whoever had it before."""
TO_SEND = ("queued", "sending")
"""The delivery states of what we said that is still to reach the customer."""


def case_number(case_id: int) -> str:
    """The number people use for a case: 123 → `C-000123`."""
    return f"C-{case_id:06d}"


class CaseRow(Table):
    """One customer's complaint from opening to closing; its life is in `models/case_life.py`.

    `revision` is the revision of the work instruction it was opened under. `priority_status` tells whether the
    account was priority or a candidate then. One open case an account and conversation: the database holds to it.
    """

    __tablename__ = "cases"

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    conversation_id: Mapped[str] = mapped_column(String(128))
    priority_status: Mapped[str] = mapped_column(String(16))
    severity: Mapped[str] = mapped_column(String(16))
    problem: Mapped[str] = mapped_column(String(32))
    status: Mapped[str] = mapped_column(String(24))
    agent_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    team_leader_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    assignment: Mapped[dict[str, object] | None] = mapped_column(Json)
    """Why this agent: the reasons and who was passed over for what, as decided."""
    revision: Mapped[str] = mapped_column(String(32))
    opened_at: Mapped[datetime]
    assigned_at: Mapped[datetime | None]
    resolved_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    passed_by: Mapped[list[str] | None] = mapped_column(Json)
    """Agents it was given to since it was opened or reopened who did not accept it in time."""
    taken_over_at: Mapped[datetime | None]
    """Since when the team leader has it instead of the agent."""
    leader_asked_at: Mapped[datetime | None]
    """Since when the agent has been waiting for a team leader's word."""
    look_at: Mapped[datetime | None]
    """When the monitor looks again: a customer may have fallen silent, a resolved case may be closed."""
    version: Mapped[int] = mapped_column(default=0)
    """Counts what people did to it: a form made before the last of it is out of date."""
    filed_journal_id: Mapped[int] = mapped_column(default=0)
    """The last journal entry that its case file shows."""
    anonymised_at: Mapped[datetime | None]
    """When what was said in it was taken away (clause 6); its numbers stay."""


# Spelled out, not bound: a database uses a partial index only for a query that says the same in so many words.
IS_OPEN = CaseRow.status.not_in([literal_column(f"'{status}'") for status in OVER])
"""Of a case: it is open."""
IS_WITHOUT_AGENT = CaseRow.status.in_([literal_column(f"'{status}'") for status in WITHOUT_AGENT])
"""Of a case: it waits for an agent."""
IS_HARD_AND_OPEN = and_(CaseRow.severity == literal_column("'hard'"), IS_OPEN)
IS_WITH_LEADER = and_(CaseRow.team_leader_id.is_not(None), IS_OPEN)

Index(
    "uq_cases_open_conversation",
    CaseRow.account_id,
    CaseRow.conversation_id,
    unique=True,
    sqlite_where=IS_OPEN,
    postgresql_where=IS_OPEN,
)
Index("ix_cases_account_id", CaseRow.account_id)
Index("ix_cases_closed_at", CaseRow.closed_at)
Index(
    "ix_cases_without_agent",
    CaseRow.id,
    sqlite_where=IS_WITHOUT_AGENT,
    postgresql_where=IS_WITHOUT_AGENT,
)
Index("ix_cases_open_hard", CaseRow.id, sqlite_where=IS_HARD_AND_OPEN, postgresql_where=IS_HARD_AND_OPEN)
Index(
    "ix_cases_leader_asked",
    CaseRow.leader_asked_at,
    sqlite_where=CaseRow.leader_asked_at.is_not(None),
    postgresql_where=CaseRow.leader_asked_at.is_not(None),
)
Index(
    "ix_cases_look_at",
    CaseRow.look_at,
    sqlite_where=CaseRow.look_at.is_not(None),
    postgresql_where=CaseRow.look_at.is_not(None),
)
Index(
    "ix_cases_with_leader",
    CaseRow.team_leader_id,
    sqlite_where=IS_WITH_LEADER,
    postgresql_where=IS_WITH_LEADER,
)
Index(
    "ix_cases_kept",
    CaseRow.closed_at,
    sqlite_where=and_(CaseRow.closed_at.is_not(None), CaseRow.anonymised_at.is_(None)),
    postgresql_where=and_(CaseRow.closed_at.is_not(None), CaseRow.anonymised_at.is_(None)),
)
Index("ix_cases_agent_assigned", CaseRow.agent_id, CaseRow.assigned_at)
Index(
    "ix_cases_agent_open",
    CaseRow.agent_id,
    CaseRow.status,
    CaseRow.severity,
    sqlite_where=IS_OPEN,
    postgresql_where=IS_OPEN,
)


class InteractionRow(Table):
    """One thing said in a case: by the customer (in), by us (out), or among ourselves (internal).

    What we say is its own outbox: `delivery` is queued, sending (a try is under way, or died), sent, failed (the agent
    has it again), or in_app (answered in the platform's app, `link` leads there). `sender` is the platform's id of the
    account of ours that says it, `reply_to` of what it answers, `platform_id` of what was posted.
    """

    __tablename__ = "interactions"

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), index=True)
    mention_id: Mapped[int | None] = mapped_column(ForeignKey("mentions.id"), unique=True)
    direction: Mapped[str] = mapped_column(String(8))
    kind: Mapped[str] = mapped_column(String(16))
    author: Mapped[str] = mapped_column(String(128))
    text: Mapped[str] = mapped_column(Text)
    platform_id: Mapped[str | None] = mapped_column(String(128))
    delivery: Mapped[str | None] = mapped_column(String(16))
    at: Mapped[datetime]
    sender: Mapped[str | None] = mapped_column(String(64))
    reply_to: Mapped[str | None] = mapped_column(String(128))
    link: Mapped[str | None] = mapped_column(String(400))
    attempts: Mapped[int] = mapped_column(default=0)
    tried_at: Mapped[datetime | None]
    """When the latest try began; while `sending`, it may or may not have arrived."""
    next_attempt_at: Mapped[datetime | None]
    last_error: Mapped[str | None] = mapped_column(String(500))


IS_TO_SEND = InteractionRow.delivery.in_([literal_column(f"'{state}'") for state in TO_SEND])
"""Of what was said: it is still to reach the customer."""

Index(
    "ix_interactions_to_send",
    InteractionRow.next_attempt_at,
    sqlite_where=IS_TO_SEND,
    postgresql_where=IS_TO_SEND,
)


class ClockRow(Table):
    """A running deadline of a case, or of one of its tickets. `due_at` has moved by `paused_seconds` already.

    `warns_at` is kept where it cannot be reckoned from the others: a ticket's clock runs in its unit's hours.
    `next_at` is when the monitor has to do something about a case's clock; None while it is paused or has nothing more
    to say. A ticket's clock is looked after by its follow-up and has none.
    """

    __tablename__ = "clocks"

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), index=True)
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("tickets.id"), index=True)
    kind: Mapped[str] = mapped_column(String(24))
    started_at: Mapped[datetime]
    warns_at: Mapped[datetime | None]
    due_at: Mapped[datetime]
    paused_seconds: Mapped[int] = mapped_column(default=0)
    warned_at: Mapped[datetime | None]
    stopped_at: Mapped[datetime | None]
    breached_at: Mapped[datetime | None]
    escalated_at: Mapped[datetime | None]
    """When the supervisor was told that it is still running after its breach."""
    paused_at: Mapped[datetime | None]
    next_at: Mapped[datetime | None]


Index(
    "ix_clocks_running_due",
    ClockRow.due_at,
    sqlite_where=ClockRow.stopped_at.is_(None),
    postgresql_where=ClockRow.stopped_at.is_(None),
)
Index(
    "ix_clocks_next",
    ClockRow.next_at,
    sqlite_where=ClockRow.next_at.is_not(None),
    postgresql_where=ClockRow.next_at.is_not(None),
)


class DeskActionRow(Table):
    """What a person did to a case through the form, once for each flow run: a run that is repeated finds it here.

    `outcome` is done or refused; `told` is the sentence the person was told.
    """

    __tablename__ = "desk_actions"

    flow_run_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), index=True)
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("tickets.id"))
    action: Mapped[str] = mapped_column(String(32))
    actor: Mapped[str] = mapped_column(String(64))
    outcome: Mapped[str] = mapped_column(String(16))
    told: Mapped[str] = mapped_column(String(1000))
    at: Mapped[datetime]


class TickedStepRow(Table):
    """A step of the hard-complaint instruction that was ticked in a case (5.3.2c)."""

    __tablename__ = "ticked_steps"

    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    step: Mapped[str] = mapped_column(String(64), primary_key=True)
    actor: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime]


class ToldEventsRow(Table):
    """How far the journal has been gone through: to tell Prefect of it as events (id 1), for case files (id 2)."""

    __tablename__ = "told_events"

    id: Mapped[int] = mapped_column(primary_key=True)
    journal_id: Mapped[int]
