"""The KPIs as stored, how they were restated, and how far the records have been gone through for them."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Float, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from models.database import Table


class KpiRow(Table):
    """One figure of one day (Asia/Jakarta), in all or of one member of a dimension; see `models/kpi_tables.py`.

    `unit` is share (from 0 to 1), count or s; `computed_at` is when it was last found to be so.
    """

    __tablename__ = "kpis"

    day: Mapped[date] = mapped_column(primary_key=True)
    kpi: Mapped[str] = mapped_column(String(48), primary_key=True)
    statistic: Mapped[str] = mapped_column(String(8), primary_key=True)
    dimension: Mapped[str] = mapped_column(String(16), primary_key=True)
    member: Mapped[str] = mapped_column(String(128), primary_key=True)
    clause: Mapped[str] = mapped_column(String(16))
    numerator: Mapped[float | None] = mapped_column(Float)
    denominator: Mapped[float | None] = mapped_column(Float)
    value: Mapped[float | None] = mapped_column(Float)
    unit: Mapped[str] = mapped_column(String(8))
    computed_at: Mapped[datetime]


class KpiRestatementRow(Table):
    """A figure of a day that was over when it was reckoned, and what it became when late data came in.

    `…_was` is before, the others after; both None where there was, or is, no such figure.
    """

    __tablename__ = "kpi_restatements"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    day: Mapped[date]
    kpi: Mapped[str] = mapped_column(String(48))
    statistic: Mapped[str] = mapped_column(String(8))
    dimension: Mapped[str] = mapped_column(String(16))
    member: Mapped[str] = mapped_column(String(128))
    numerator_was: Mapped[float | None] = mapped_column(Float)
    denominator_was: Mapped[float | None] = mapped_column(Float)
    value_was: Mapped[float | None] = mapped_column(Float)
    numerator: Mapped[float | None] = mapped_column(Float)
    denominator: Mapped[float | None] = mapped_column(Float)
    value: Mapped[float | None] = mapped_column(Float)


Index("ix_kpi_restatements_at", KpiRestatementRow.at)


class KpiProgressRow(Table):
    """How far the hourly report has come: the journal up to `journal_id`, at `reported_at` (one row, id 1)."""

    __tablename__ = "kpi_progress"

    id: Mapped[int] = mapped_column(primary_key=True)
    journal_id: Mapped[int]
    reported_at: Mapped[datetime]
