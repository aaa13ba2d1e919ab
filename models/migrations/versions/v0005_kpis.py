"""KPIs: figures, restatements, how far they have come; the region of watched accounts; indexes for the questions."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from models import database

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

MOMENT = database.UtcDateTime(timezone=True)
FIGURES = ("numerator", "denominator", "value")


def upgrade() -> None:
    op.add_column("watched_accounts", sa.Column("region", sa.String(length=100), nullable=True))
    op.create_index("ix_cases_closed_at", "cases", ["closed_at"])
    op.create_index("ix_notices_case_id", "notices", ["case_id"])
    op.create_index("ix_notices_sent_at", "notices", ["sent_at"])
    op.create_table(
        "kpis",
        *_key(),
        sa.Column("clause", sa.String(length=16), nullable=False),
        *(sa.Column(name, sa.Float(), nullable=True) for name in FIGURES),
        sa.Column("unit", sa.String(length=8), nullable=False),
        sa.Column("computed_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("day", "kpi", "statistic", "dimension", "member", name=op.f("pk_kpis")),
    )
    op.create_table(
        "kpi_restatements",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        *_key(),
        *(sa.Column(f"{name}_was", sa.Float(), nullable=True) for name in FIGURES),
        *(sa.Column(name, sa.Float(), nullable=True) for name in FIGURES),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_kpi_restatements")),
    )
    op.create_index("ix_kpi_restatements_at", "kpi_restatements", ["at"])
    op.create_table(
        "kpi_progress",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("journal_id", sa.Integer(), nullable=False),
        sa.Column("reported_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_kpi_progress")),
    )
    op.create_table(
        "quality_scores",
        sa.Column("case_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("by", sa.String(length=32), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("flow_run_id", sa.String(length=36), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_quality_scores_case_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_quality_scores_staff_id")),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_quality_scores")),
        sa.UniqueConstraint("flow_run_id", name=op.f("uq_quality_scores_flow_run_id")),
    )


def _key() -> list[sa.Column[Any]]:
    return [
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("kpi", sa.String(length=48), nullable=False),
        sa.Column("statistic", sa.String(length=8), nullable=False),
        sa.Column("dimension", sa.String(length=16), nullable=False),
        sa.Column("member", sa.String(length=128), nullable=False),
    ]
