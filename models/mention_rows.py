"""The mentions as stored, and what was refused."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.database import Json, Table


class MentionRow(Table):
    """One mention as stored, once, whatever number of pages and watched accounts it came through.

    `disposition` is what became of it: opened_case, joined_case, candidate_case, regular, not_complaint, own;
    None while nothing has been decided yet, which is what makes a crash between two tasks harmless.
    `reading` is the verdict on the text (`models/reading.py`) with its evidence; what decides is repeated in columns.
    """

    __tablename__ = "mentions"
    __table_args__ = (UniqueConstraint("platform", "external_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    platform: Mapped[str] = mapped_column(String(16))
    external_id: Mapped[str] = mapped_column(String(128))
    version: Mapped[str] = mapped_column(String(32))
    kind: Mapped[str] = mapped_column(String(16))
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), index=True)
    watched_account_id: Mapped[int] = mapped_column(ForeignKey("watched_accounts.id"))
    conversation_id: Mapped[str] = mapped_column(String(128))
    in_reply_to: Mapped[str | None] = mapped_column(String(128))
    mentioned_handles: Mapped[list[str]] = mapped_column(Json)
    text: Mapped[str] = mapped_column(Text)
    url: Mapped[str] = mapped_column(Text)
    language: Mapped[str | None] = mapped_column(String(16))
    posted_at: Mapped[datetime]
    fetched_at: Mapped[datetime]
    complaint: Mapped[bool]
    hard: Mapped[bool]
    problem: Mapped[str] = mapped_column(String(32))
    reading: Mapped[dict[str, object]] = mapped_column(Json)
    disposition: Mapped[str | None] = mapped_column(String(16))
    case_id: Mapped[int | None] = mapped_column(ForeignKey("cases.id"), index=True)
    anonymised_at: Mapped[datetime | None]
    """When its words and where they were posted were taken away (clause 6)."""


Index(
    "ix_mentions_undecided",
    MentionRow.id,
    sqlite_where=MentionRow.disposition.is_(None),
    postgresql_where=MentionRow.disposition.is_(None),
)


class QuarantinedRow(Table):
    """What was refused at the door or by the checks, with its reasons; kept whole so that it can be replayed.

    `fingerprint` is a hash of platform and payload: the same bad row pulled again is the same quarantined row.
    A person decides about it once: `outcome` is released (it went through intake after all) or dropped.
    """

    __tablename__ = "quarantined_rows"

    id: Mapped[int] = mapped_column(primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64), unique=True)
    source: Mapped[str] = mapped_column(String(64))
    external_id: Mapped[str | None] = mapped_column(String(128))
    payload: Mapped[dict[str, object]] = mapped_column(Json)
    reasons: Mapped[list[str]] = mapped_column(Json)
    refused_at: Mapped[datetime]
    watched_account_id: Mapped[int | None] = mapped_column(ForeignKey("watched_accounts.id"))
    """Whose mentions were pulled when it came; a released row goes back in there."""
    outcome: Mapped[str | None] = mapped_column(String(16))
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None] = mapped_column(String(32))
    decided_why: Mapped[str | None] = mapped_column(String(500))
    mention_id: Mapped[int | None] = mapped_column(ForeignKey("mentions.id"))
    """The mention a released row became."""


Index(
    "ix_quarantined_rows_undecided",
    QuarantinedRow.id,
    sqlite_where=QuarantinedRow.outcome.is_(None),
    postgresql_where=QuarantinedRow.outcome.is_(None),
)
