"""The outbox of notices to staff: written in the transaction that decided them, delivered afterwards."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from models.database import Table


class NoticeRow(Table):
    """One thing one member of staff is to be told, once: `cause` is unique, so nothing is ever said twice.

    `recipient` is the staff code. `next_attempt_at` is set after a failed delivery.
    """

    __tablename__ = "notices"

    id: Mapped[int] = mapped_column(primary_key=True)
    recipient: Mapped[str] = mapped_column(String(32))
    case_id: Mapped[int | None] = mapped_column(ForeignKey("cases.id"))
    kind: Mapped[str] = mapped_column(String(32))
    cause: Mapped[str] = mapped_column(String(128), unique=True)
    title: Mapped[str] = mapped_column(String(300))
    body: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[str | None] = mapped_column(String(500))
    next_attempt_at: Mapped[datetime | None]


Index("ix_notices_case_id", NoticeRow.case_id)
Index("ix_notices_sent_at", NoticeRow.sent_at)
Index(
    "ix_notices_unsent",
    NoticeRow.id,
    sqlite_where=NoticeRow.sent_at.is_(None),
    postgresql_where=NoticeRow.sent_at.is_(None),
)
