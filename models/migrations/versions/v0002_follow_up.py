"""The follow-up: tickets, contacts, units."""

import sqlalchemy as sa
from alembic import op

from models import database

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "units",
        sa.Column("code", sa.String(length=32), nullable=False),
        sa.Column("pulled_until", database.UtcDateTime(timezone=True), nullable=True),
        sa.Column("pulled_at", database.UtcDateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.String(length=500), nullable=True),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_units")),
    )
    op.create_table(
        "tickets",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("unit", sa.String(length=32), nullable=False),
        sa.Column("pic_id", sa.Integer(), nullable=True),
        sa.Column("problem", sa.String(length=32), nullable=False),
        sa.Column("severity", sa.String(length=16), nullable=False),
        sa.Column("status", sa.String(length=24), nullable=False),
        sa.Column("escalation_level", sa.Integer(), nullable=False),
        sa.Column("told_level", sa.Integer(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("reference", sa.String(length=128), nullable=True),
        sa.Column("standing", sa.String(length=500), nullable=True),
        sa.Column("opening_key", sa.String(length=128), nullable=False),
        sa.Column("opened_at", database.UtcDateTime(timezone=True), nullable=False),
        sa.Column("dispatched_at", database.UtcDateTime(timezone=True), nullable=True),
        sa.Column("acknowledged_at", database.UtcDateTime(timezone=True), nullable=True),
        sa.Column("settled_at", database.UtcDateTime(timezone=True), nullable=True),
        sa.Column("verified_at", database.UtcDateTime(timezone=True), nullable=True),
        sa.Column("contacted_at", database.UtcDateTime(timezone=True), nullable=True),
        sa.Column("heard_at", database.UtcDateTime(timezone=True), nullable=True),
        sa.Column("asked_at", database.UtcDateTime(timezone=True), nullable=True),
        sa.Column("look_at", database.UtcDateTime(timezone=True), nullable=True),
        sa.Column("next_wake_at", database.UtcDateTime(timezone=True), nullable=True),
        sa.Column("waits", sa.Integer(), nullable=False),
        sa.Column("flow_run_id", sa.String(length=36), nullable=True),
        sa.Column("run_since", database.UtcDateTime(timezone=True), nullable=True),
        sa.Column("run_checked_at", database.UtcDateTime(timezone=True), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("processes", sa.Integer(), nullable=False),
        sa.Column("idle_wakes", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_tickets_case_id")),
        sa.ForeignKeyConstraint(["pic_id"], ["staff.id"], name=op.f("fk_tickets_pic_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tickets")),
        sa.UniqueConstraint("opening_key", name=op.f("uq_tickets_opening_key")),
    )
    with op.batch_alter_table("tickets", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_tickets_case_id"), ["case_id"], unique=False)
        batch_op.create_index(
            "ix_tickets_next_wake",
            ["next_wake_at"],
            unique=False,
            sqlite_where=sa.text("next_wake_at IS NOT NULL"),
            postgresql_where=sa.text("next_wake_at IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_tickets_run_checked",
            ["run_checked_at"],
            unique=False,
            sqlite_where=sa.text("next_wake_at IS NOT NULL"),
            postgresql_where=sa.text("next_wake_at IS NOT NULL"),
        )

    op.create_table(
        "contacts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ticket_id", sa.Integer(), nullable=False),
        sa.Column("unit", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("outcome", sa.String(length=24), nullable=False),
        sa.Column("status_code", sa.Integer(), nullable=True),
        sa.Column("reference", sa.String(length=128), nullable=True),
        sa.Column("detail", sa.String(length=500), nullable=False),
        sa.Column("at", database.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name=op.f("fk_contacts_ticket_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contacts")),
    )
    with op.batch_alter_table("contacts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_contacts_ticket_id"), ["ticket_id"], unique=False)
        batch_op.create_index("ix_contacts_unit_reference", ["unit", "reference"], unique=False)

    op.create_table(
        "follow_up_runs",
        sa.Column("flow_run_id", sa.String(length=36), nullable=False),
        sa.Column("ticket_id", sa.Integer(), nullable=False),
        sa.Column("started_at", database.UtcDateTime(timezone=True), nullable=False),
        sa.Column("ended_at", database.UtcDateTime(timezone=True), nullable=True),
        sa.Column("shut_at", database.UtcDateTime(timezone=True), nullable=True),
        sa.Column("ended_why", sa.String(length=200), nullable=True),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name=op.f("fk_follow_up_runs_ticket_id")),
        sa.PrimaryKeyConstraint("flow_run_id", name=op.f("pk_follow_up_runs")),
    )
    with op.batch_alter_table("follow_up_runs", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_follow_up_runs_ticket_id"), ["ticket_id"], unique=False)
        batch_op.create_index(
            "ix_follow_up_runs_to_shut",
            ["ended_at"],
            unique=False,
            sqlite_where=sa.text("shut_at IS NULL"),
            postgresql_where=sa.text("shut_at IS NULL"),
        )
        batch_op.create_index(
            "uq_follow_up_runs_live",
            ["ticket_id"],
            unique=True,
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )

    op.create_table(
        "unit_updates",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("unit", sa.String(length=32), nullable=False),
        sa.Column("update_id", sa.String(length=128), nullable=False),
        sa.Column("reference", sa.String(length=128), nullable=False),
        sa.Column("ticket_id", sa.Integer(), nullable=True),
        sa.Column("status", sa.String(length=24), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("changed_at", database.UtcDateTime(timezone=True), nullable=False),
        sa.Column("received_at", database.UtcDateTime(timezone=True), nullable=False),
        sa.Column("via", sa.String(length=8), nullable=False),
        sa.Column("applied_at", database.UtcDateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.String(length=200), nullable=True),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name=op.f("fk_unit_updates_ticket_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unit_updates")),
        sa.UniqueConstraint("unit", "update_id", name=op.f("uq_unit_updates_unit_update_id")),
    )
    with op.batch_alter_table("unit_updates", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_unit_updates_ticket_id"), ["ticket_id"], unique=False)
        batch_op.create_index(
            "ix_unit_updates_open",
            ["ticket_id"],
            unique=False,
            sqlite_where=sa.text("applied_at IS NULL"),
            postgresql_where=sa.text("applied_at IS NULL"),
        )

    with op.batch_alter_table("clocks", schema=None) as batch_op:
        batch_op.add_column(sa.Column("ticket_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("warns_at", database.UtcDateTime(timezone=True), nullable=True))
        batch_op.create_index(batch_op.f("ix_clocks_ticket_id"), ["ticket_id"], unique=False)
        batch_op.create_foreign_key(batch_op.f("fk_clocks_ticket_id"), "tickets", ["ticket_id"], ["id"])

    with op.batch_alter_table("journal", schema=None) as batch_op:
        batch_op.add_column(sa.Column("ticket_id", sa.Integer(), nullable=True))
        batch_op.create_index(batch_op.f("ix_journal_ticket_id"), ["ticket_id"], unique=False)
        batch_op.create_foreign_key(batch_op.f("fk_journal_ticket_id"), "tickets", ["ticket_id"], ["id"])
