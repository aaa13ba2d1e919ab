"""What tests of the journal share: entries of nothing in particular, a check, and what a database's owner can do."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, Engine, select, text, update

from models.database import write_transaction
from models.journal import JournalRow, seal, write_journal
from models.journal_check import Head, JournalVerdict, check_journal
from tests.support import NOW, rows

COLUMNS = "id, at, case_id, ticket_id, account_id, actor, event, clause, revision, detail, previous_hash, hash"
SAID = COLUMNS.removeprefix("id, ")


def made(number: int = 1, **changes: Any) -> dict[str, Any]:
    """What happened to nothing in particular, `number` seconds after `NOW`."""
    happened = {"at": NOW + timedelta(seconds=number), "case_id": None, "ticket_id": None, "account_id": None}
    happened |= {"actor": "A01", "event": "case_accepted", "clause": "4.1", "revision": "00"}
    return {**happened, "detail": {"number": number}, **changes}


def write(engine: Engine, count: int = 5, **changes: Any) -> list[dict[str, Any]]:
    """So many entries; the whole journal as it is then."""
    with write_transaction(engine) as connection:
        write_journal(connection, [made(number, **changes) for number in range(1, count + 1)])
    return rows(engine, JournalRow)


def check(engine: Engine, anchor: Head | None = None) -> JournalVerdict:
    with engine.connect() as connection:
        return check_journal(connection, anchor)


def tamper(engine: Engine, *statements: str) -> None:
    """Change the journal as the owner of the database can."""
    with write_transaction(engine) as connection:
        unguard(connection)
        for statement in statements:
            connection.exec_driver_sql(statement)


def reseal(engine: Engine, first: int, last: int, **changes: Any) -> None:
    """Change entry `first` and seal it and those after it anew, up to `last`."""
    with write_transaction(engine) as connection:
        unguard(connection)
        wanted = select(JournalRow.__table__).where(JournalRow.id.between(first, last)).order_by(JournalRow.id)
        previous = ""
        for row in [dict(row) for row in connection.execute(wanted).mappings()]:
            row |= changes if row["id"] == first else {"previous_hash": previous}
            previous = row["hash"] = seal(row["previous_hash"], row)
            connection.execute(update(JournalRow).where(JournalRow.id == row["id"]).values(**row))


def unguard(connection: Connection) -> None:
    """Take the triggers away that keep the journal append-only."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("ALTER TABLE journal DISABLE TRIGGER USER"))
        return
    for name in connection.scalars(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).all():
        connection.execute(text(f"DROP TRIGGER {name}"))
