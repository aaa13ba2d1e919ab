"""The people of the desk and what clause 5.1.1 asks of them, as stored."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Float, ForeignKey, Index, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.database import Table


class StaffRow(Table):
    """An agent, team leader, PIC or supervisor. `joined_on` is a day in Asia/Jakarta; tenure counts from it."""

    __tablename__ = "staff"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(32), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    role: Mapped[str] = mapped_column(String(16))
    joined_on: Mapped[date]
    capacity: Mapped[int] = mapped_column(Integer)
    social_handle: Mapped[str | None] = mapped_column(String(100))
    away_until: Mapped[datetime | None]
    left_on: Mapped[date | None]
    """The day in Asia/Jakarta from which the staff list no longer has this person; what they did stays theirs."""


class QaScoreRow(Table):
    """One month's quality score of one agent and the target it had to reach; `month` is its first day."""

    __tablename__ = "qa_scores"
    __table_args__ = (UniqueConstraint("staff_id", "month"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    month: Mapped[date]
    score: Mapped[float] = mapped_column(Float)
    target: Mapped[float] = mapped_column(Float)


class AssessmentRow(Table):
    """An assessed skill of one agent; the latest `assessed_on` counts."""

    __tablename__ = "assessments"
    __table_args__ = (UniqueConstraint("staff_id", "skill", "assessed_on"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    skill: Mapped[str] = mapped_column(String(32))
    score: Mapped[float] = mapped_column(Float)
    assessed_on: Mapped[date]


class ShiftRow(Table):
    """A stretch of duty, start included, end excluded."""

    __tablename__ = "shifts"
    __table_args__ = (UniqueConstraint("staff_id", "starts_at"), Index("ix_shifts_ends_at", "ends_at"))

    id: Mapped[int] = mapped_column(primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
