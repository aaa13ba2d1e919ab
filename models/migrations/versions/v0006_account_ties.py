"""By what the lists recognise an account: its former handles, the accounts linked to it; accounts by handle."""

import sqlalchemy as sa
from alembic import op

from models import database

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

MOMENT = database.UtcDateTime(timezone=True)


def upgrade() -> None:
    op.add_column("accounts", sa.Column("handle_since", MOMENT, nullable=True))
    op.execute("UPDATE accounts SET handle_since = profile_at WHERE handle IS NOT NULL")
    op.create_index("ix_accounts_handle_key", "accounts", [sa.text("lower(handle)")])
    op.create_table(
        "account_handles",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("handle_key", sa.Text(), nullable=False),
        sa.Column("since", MOMENT, nullable=False),
        sa.Column("until", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_account_handles_account_id")),
        sa.PrimaryKeyConstraint("account_id", "handle_key", name=op.f("pk_account_handles")),
    )
    op.create_index("ix_account_handles_handle_key", "account_handles", ["handle_key"])
    op.create_table(
        "account_links",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("flow_run_id", sa.String(length=36), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("other_id", sa.Integer(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("by", sa.String(length=32), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.Column("ended_by", sa.String(length=32), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_account_links_account_id")),
        sa.ForeignKeyConstraint(["other_id"], ["accounts.id"], name=op.f("fk_account_links_other_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account_links")),
        sa.UniqueConstraint("flow_run_id", name=op.f("uq_account_links_flow_run_id")),
    )
    for name in ("account_id", "other_id"):
        op.create_index(op.f(f"ix_account_links_{name}"), "account_links", [name])
    where, pair = sa.text("ended_at IS NULL"), ["account_id", "other_id"]
    op.create_index(
        "uq_account_links_in_force", "account_links", pair, unique=True, sqlite_where=where, postgresql_where=where
    )
