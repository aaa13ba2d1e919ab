"""Cases, what is said in them, their clocks, the notices they cause and the journal of it all."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from models.database import Json, Table

OVER = ("resolved", "closed")
"""The states in which a case no longer takes further mentions without being reopened."""


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


Index(
    "uq_cases_open_conversation",
    CaseRow.account_id,
    CaseRow.conversation_id,
    unique=True,
    sqlite_where=CaseRow.status.not_in(OVER),
    postgresql_where=CaseRow.status.not_in(OVER),
)
Index("ix_cases_account_id", CaseRow.account_id)
Index(
    "ix_cases_without_agent",
    CaseRow.id,
    sqlite_where=CaseRow.status.in_(("new", "reopened")),
    postgresql_where=CaseRow.status.in_(("new", "reopened")),
)
Index(
    "ix_cases_agent_open",
    CaseRow.agent_id,
    sqlite_where=CaseRow.status.not_in(OVER),
    postgresql_where=CaseRow.status.not_in(OVER),
)


class InteractionRow(Table):
    """One thing said in a case: by the customer (in), by us (out), or among ourselves (internal)."""

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


class ClockRow(Table):
    """A running deadline of a case, or of one of its tickets. `due_at` has moved by `paused_seconds` already.

    `warns_at` is kept where it cannot be reckoned from the others: a ticket's clock runs in its unit's hours.
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


Index(
    "ix_clocks_running_due",
    ClockRow.due_at,
    sqlite_where=ClockRow.stopped_at.is_(None),
    postgresql_where=ClockRow.stopped_at.is_(None),
)


class JournalRow(Table):
    """Append-only record of what happened: references and verdicts, never a customer's words or name."""

    __tablename__ = "journal"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    case_id: Mapped[int | None] = mapped_column(ForeignKey("cases.id"), index=True)
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("tickets.id"), index=True)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    actor: Mapped[str] = mapped_column(String(64))
    event: Mapped[str] = mapped_column(String(48))
    clause: Mapped[str] = mapped_column(String(16))
    revision: Mapped[str] = mapped_column(String(32))
    detail: Mapped[dict[str, object]] = mapped_column(Json)
