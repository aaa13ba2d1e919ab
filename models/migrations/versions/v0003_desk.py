"""The desk: people's actions, replies as an outbox, clocks the monitor looks after."""

import sqlalchemy as sa
from alembic import op

from models import database

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

MOMENT = database.UtcDateTime(timezone=True)
WITH_LEADER = "team_leader_id IS NOT NULL AND (status NOT IN ('resolved', 'closed'))"
TO_SEND = "delivery IN ('queued', 'sending')"


def upgrade() -> None:
    with op.batch_alter_table("cases", schema=None) as batch_op:
        batch_op.add_column(sa.Column("passed_by", database.Json, nullable=True))
        for name in ("taken_over_at", "leader_asked_at", "look_at"):
            batch_op.add_column(sa.Column(name, MOMENT, nullable=True))
        for name in ("version", "filed_journal_id"):
            batch_op.add_column(sa.Column(name, sa.Integer(), nullable=False, server_default="0"))
    op.drop_index("ix_cases_agent_open", "cases")
    _index("ix_cases_agent_open", "cases", ["agent_id", "status", "severity"], "status NOT IN ('resolved', 'closed')")
    op.create_index("ix_cases_agent_assigned", "cases", ["agent_id", "assigned_at"], unique=False)
    _index("ix_cases_leader_asked", "cases", ["leader_asked_at"], "leader_asked_at IS NOT NULL")
    _index("ix_cases_look_at", "cases", ["look_at"], "look_at IS NOT NULL")
    _index("ix_cases_open_hard", "cases", ["id"], "severity = 'hard' AND (status NOT IN ('resolved', 'closed'))")
    _index("ix_cases_with_leader", "cases", ["team_leader_id"], WITH_LEADER)
    with op.batch_alter_table("interactions", schema=None) as batch_op:
        batch_op.add_column(sa.Column("sender", sa.String(length=64), nullable=True))
        batch_op.add_column(sa.Column("reply_to", sa.String(length=128), nullable=True))
        batch_op.add_column(sa.Column("link", sa.String(length=400), nullable=True))
        batch_op.add_column(sa.Column("attempts", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("tried_at", MOMENT, nullable=True))
        batch_op.add_column(sa.Column("next_attempt_at", MOMENT, nullable=True))
        batch_op.add_column(sa.Column("last_error", sa.String(length=500), nullable=True))
    _index("ix_interactions_to_send", "interactions", ["next_attempt_at"], TO_SEND)
    with op.batch_alter_table("clocks", schema=None) as batch_op:
        for name in ("escalated_at", "paused_at", "next_at"):
            batch_op.add_column(sa.Column(name, MOMENT, nullable=True))
    _index("ix_clocks_next", "clocks", ["next_at"], "next_at IS NOT NULL")
    op.execute("UPDATE clocks SET next_at = started_at WHERE ticket_id IS NULL AND stopped_at IS NULL")
    _create_tables()


def _index(name: str, table: str, columns: list[str], where: str) -> None:
    op.create_index(name, table, columns, unique=False, sqlite_where=sa.text(where), postgresql_where=sa.text(where))


def _create_tables() -> None:
    op.create_table(
        "desk_actions",
        sa.Column("flow_run_id", sa.String(length=36), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("ticket_id", sa.Integer(), nullable=True),
        sa.Column("action", sa.String(length=32), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("told", sa.String(length=1000), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_desk_actions_case_id")),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name=op.f("fk_desk_actions_ticket_id")),
        sa.PrimaryKeyConstraint("flow_run_id", name=op.f("pk_desk_actions")),
    )
    op.create_index(op.f("ix_desk_actions_case_id"), "desk_actions", ["case_id"], unique=False)
    op.create_table(
        "ticked_steps",
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("step", sa.String(length=64), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_ticked_steps_case_id")),
        sa.PrimaryKeyConstraint("case_id", "step", name=op.f("pk_ticked_steps")),
    )
    op.create_table(
        "told_events",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("journal_id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_told_events")),
    )
    # What happened before is not told of.
    op.execute("INSERT INTO told_events (id, journal_id) SELECT 1, coalesce(max(id), 0) FROM journal")
    op.execute("INSERT INTO told_events (id, journal_id) SELECT 2, coalesce(max(id), 0) FROM journal")
