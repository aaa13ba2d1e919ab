"""Reference data, review, records: a journal that can be trusted, revisions, holds, what was loaded and decided."""

import sqlalchemy as sa
from alembic import op

from models import database, journal

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

MOMENT = database.UtcDateTime(timezone=True)
PART = 5_000
ON_SQLITE = (
    "CREATE TRIGGER journal_keeps_what_it_says BEFORE UPDATE ON journal"
    " BEGIN SELECT RAISE(ABORT, 'the journal is append-only: an entry cannot be changed'); END",
    "CREATE TRIGGER journal_keeps_every_entry BEFORE DELETE ON journal"
    " BEGIN SELECT RAISE(ABORT, 'the journal is append-only: an entry cannot be taken away'); END",
    # INSERT OR REPLACE deletes without asking the trigger above.
    "CREATE TRIGGER journal_grows_at_its_end BEFORE INSERT ON journal"
    " WHEN NEW.id <= (SELECT coalesce(max(id), 0) FROM journal)"
    " OR NEW.previous_hash IS NOT coalesce((SELECT hash FROM journal ORDER BY id DESC LIMIT 1), NEW.previous_hash)"
    " BEGIN SELECT RAISE(ABORT, 'the journal is append-only: an entry goes after the last one'); END",
)
ON_POSTGRESQL = (
    "CREATE FUNCTION journal_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$"
    " BEGIN RAISE EXCEPTION 'the journal is append-only: % refused', TG_OP"
    " USING ERRCODE = 'integrity_constraint_violation'; END $$",
    "CREATE TRIGGER journal_keeps_what_it_says BEFORE UPDATE OR DELETE OR TRUNCATE ON journal"
    " FOR EACH STATEMENT EXECUTE FUNCTION journal_is_append_only()",
    "CREATE FUNCTION journal_goes_on() RETURNS trigger LANGUAGE plpgsql AS $$"
    " DECLARE last record; BEGIN"
    " SELECT id, hash INTO last FROM journal ORDER BY id DESC LIMIT 1;"
    " IF NEW.id <= last.id OR NEW.previous_hash <> last.hash THEN"
    " RAISE EXCEPTION 'the journal is append-only: an entry goes after the last one'"
    " USING ERRCODE = 'integrity_constraint_violation'; END IF;"
    " RETURN NEW; END $$",
    "CREATE TRIGGER journal_grows_at_its_end BEFORE INSERT ON journal FOR EACH ROW EXECUTE FUNCTION journal_goes_on()",
)


def upgrade() -> None:
    _chain_the_journal()
    _add_columns()
    _index_listings()
    _create_tables()
    _create_registers()


def _chain_the_journal() -> None:
    connection = op.get_bind()
    on_postgresql = connection.dialect.name == "postgresql"
    for name in ("previous_hash", "hash"):
        op.add_column("journal", sa.Column(name, sa.String(length=64), nullable=False, server_default=""))
    rows = sa.table(
        "journal",
        *(sa.column(name) for name in ("id", "case_id", "ticket_id", "account_id", "actor", "event", "clause")),
        *(sa.column(name) for name in ("revision", "previous_hash", "hash")),
        sa.column("at", MOMENT),
        sa.column("detail", database.Json),
    )
    sealed = sa.update(rows).where(rows.c.id == sa.bindparam("of_id"))
    sealed = sealed.values(previous_hash=sa.bindparam("before"), hash=sa.bindparam("own"))
    last, previous = 0, journal.GENESIS
    while found := connection.execute(sa.select(rows).where(rows.c.id > last).order_by(rows.c.id).limit(PART)).all():
        chained = []
        for row in found:
            own = journal.seal(previous, dict(row._mapping))
            chained.append({"of_id": row.id, "before": previous, "own": own})
            last, previous = row.id, own
        connection.execute(sealed, chained)
    where = sa.text("account_id IS NOT NULL")
    op.create_index("ix_journal_account_id", "journal", ["account_id"], sqlite_where=where, postgresql_where=where)
    if on_postgresql:
        op.execute("ALTER TABLE journal ALTER id DROP DEFAULT")
    for statement in ON_POSTGRESQL if on_postgresql else ON_SQLITE:
        op.execute(statement)


def _add_columns() -> None:
    for table in ("accounts", "mentions", "cases"):
        op.add_column(table, sa.Column("anonymised_at", MOMENT, nullable=True))
    where = sa.text("closed_at IS NOT NULL AND anonymised_at IS NULL")
    op.create_index("ix_cases_kept", "cases", ["closed_at"], sqlite_where=where, postgresql_where=where)
    op.add_column("staff", sa.Column("left_on", sa.Date(), nullable=True))
    with op.batch_alter_table("quarantined_rows", schema=None) as batch_op:
        batch_op.drop_column("released_at")
        batch_op.add_column(sa.Column("watched_account_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("outcome", sa.String(length=16), nullable=True))
        batch_op.add_column(sa.Column("decided_at", MOMENT, nullable=True))
        batch_op.add_column(sa.Column("decided_by", sa.String(length=32), nullable=True))
        batch_op.add_column(sa.Column("decided_why", sa.String(length=500), nullable=True))
        batch_op.add_column(sa.Column("mention_id", sa.Integer(), nullable=True))
        for name, table in (("watched_account_id", "watched_accounts"), ("mention_id", "mentions")):
            batch_op.create_foreign_key(batch_op.f(f"fk_quarantined_rows_{name}"), table, [name], ["id"])
    where = sa.text("outcome IS NULL")
    op.create_index(
        "ix_quarantined_rows_undecided", "quarantined_rows", ["id"], sqlite_where=where, postgresql_where=where
    )


def _index_listings() -> None:
    for name in ("handle_key", "external_id"):
        op.drop_index(f"ix_priority_listings_platform_{name}", "priority_listings")
        op.create_index(f"ix_priority_listings_{name}", "priority_listings", [name])


def _create_tables() -> None:
    op.create_table(
        "account_reviews",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("flow_run_id", sa.String(length=36), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("by", sa.String(length=32), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("category", sa.String(length=32), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("ruled_status", sa.String(length=16), nullable=False),
        sa.Column("ruled_category", sa.String(length=32), nullable=True),
        sa.Column("ruled_source", sa.String(length=16), nullable=True),
        sa.Column("ruled_confidence", sa.Float(), nullable=False),
        sa.Column("undone_at", MOMENT, nullable=True),
        sa.Column("undone_by", sa.String(length=32), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_account_reviews_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account_reviews")),
        sa.UniqueConstraint("flow_run_id", name=op.f("uq_account_reviews_flow_run_id")),
    )
    op.create_index(op.f("ix_account_reviews_account_id"), "account_reviews", ["account_id"])
    op.create_table(
        "legal_holds",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("placed_at", MOMENT, nullable=False),
        sa.Column("placed_by", sa.String(length=32), nullable=False),
        sa.Column("lifted_at", MOMENT, nullable=True),
        sa.Column("lifted_by", sa.String(length=32), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_legal_holds_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_legal_holds")),
    )
    where = sa.text("lifted_at IS NULL")
    op.create_index(
        "uq_legal_holds_case_id", "legal_holds", ["case_id"], unique=True, sqlite_where=where, postgresql_where=where
    )


def _create_registers() -> None:
    op.create_table(
        "revisions",
        sa.Column("revision", sa.String(length=32), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("registered_at", MOMENT, nullable=False),
        sa.Column("effective", sa.Date(), nullable=False),
        sa.Column("change", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("revision", name=op.f("pk_revisions")),
        sa.UniqueConstraint("number", name=op.f("uq_revisions_number")),
    )
    op.create_table(
        "reference_loads",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("source", sa.String(length=400), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("by", sa.String(length=32), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("added", "changed", "removed", "refused")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reference_loads")),
    )
    op.create_index("ix_reference_loads_kind", "reference_loads", ["kind", "id"])
    op.create_table(
        "unit_contacts",
        sa.Column("unit", sa.String(length=32), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("phone", sa.String(length=32), nullable=True),
        sa.Column("email", sa.String(length=200), nullable=True),
        sa.PrimaryKeyConstraint("unit", "level", name=op.f("pk_unit_contacts")),
    )
