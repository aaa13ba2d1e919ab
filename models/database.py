"""The desk's database: SQLite by default, PostgreSQL by one URL; what is common to all tables.

Timestamps are timezone-aware UTC on the way in and out. Writers take `write_transaction`, which lets one writer at a
time through on either database, so decisions made on what was read hold when they are written.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar, cast

from sqlalchemy import (
    ARRAY,
    JSON,
    ColumnElement,
    Connection,
    DateTime,
    Dialect,
    Engine,
    MetaData,
    String,
    any_,
    create_engine,
    event,
    func,
    literal,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import make_url
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeDecorator, TypeEngine

MIGRATIONS = Path(__file__).parent / "migrations"
_DESK_LOCK = 1919
"""PostgreSQL advisory lock number of the one writer (SQLite locks its file instead)."""

T = TypeVar("T")

Json = JSON().with_variant(JSONB(), "postgresql")


@lru_cache(maxsize=4096)
def _sortable(moment: datetime) -> str:
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC datetime. SQLite keeps it as sortable ISO text, PostgreSQL as timestamptz.

    Raises:
        ValueError: a naive datetime was given; say which time zone is meant.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Pick the column type for the database at hand."""
        if dialect.name == "sqlite":
            return dialect.type_descriptor(String(26))
        return dialect.type_descriptor(DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """Turn an aware datetime into what the database keeps."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value!r} has no time zone; give aware datetimes (UTC)")
        if dialect.name == "sqlite":
            return _sortable(value)
        return value

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Turn what the database keeps into an aware UTC datetime."""
        if value is None:
            return None
        if isinstance(value, str):
            return datetime.fromisoformat(value).replace(tzinfo=UTC)
        stored: datetime = value
        return stored.astimezone(UTC)


class Table(DeclarativeBase):
    """Base of every table; constraint names are spelled out so that migrations can name them on both databases."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {datetime: UtcDateTime}  # noqa: RUF012


def open_engine(url: str) -> Engine:
    """Connect to the desk's database.

    SQLite runs in WAL mode with foreign keys on and waits up to 30 s for another writer.
    A plain `postgresql://` URL is taken to mean psycopg 3, the driver that is installed.
    """
    target = make_url(url)
    if target.drivername in {"postgres", "postgresql"}:
        target = target.set(drivername="postgresql+psycopg")
    engine = create_engine(target, json_serializer=_compact_json, pool_pre_ping=target.drivername != "sqlite")
    if engine.dialect.name == "sqlite":
        if target.database:
            Path(target.database).parent.mkdir(parents=True, exist_ok=True)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(_begin(connection)))
    return engine


# json.dumps with options builds an encoder on every call; a batch writes tens of thousands of values.
_compact_json = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    # pysqlite must not begin transactions by itself: it would begin them as readers and fail to upgrade under load.
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", "busy_timeout=30000"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> str:
    return "BEGIN IMMEDIATE" if connection.get_execution_options().get("writes") else "BEGIN"


@contextmanager
def write_transaction(engine: Engine) -> Iterator[Connection]:
    """One transaction of the desk's only writer: all of it is kept, or, on an exception or a crash, nothing."""
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _DESK_LOCK})
        yield connection


def migrate(url: str) -> None:
    """Bring the database at `url` to the newest schema; an existing one keeps its records."""
    from alembic import command
    from alembic.config import Config
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    from models.reporting_views import create_views, drop_views

    engine = open_engine(url)
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        before = MigrationContext.configure(connection).get_current_revision()
        if before != ScriptDirectory.from_config(config).get_current_head():
            drop_views(connection)
            command.upgrade(config, "head")
            create_views(connection)
        connection.commit()
    engine.dispose()


def one_of(connection: Connection, column: Any, values: Iterable[Any]) -> ColumnElement[bool]:
    """`column IN (values)` with all values in one parameter, so that any number of them is one quick statement.

    SQLite binds at most 32,766 parameters, and PostgreSQL compares a long list of them one by one for every row.
    """
    wanted = list(values)
    if connection.dialect.name == "postgresql":
        found: ColumnElement[bool] = column == any_(literal(wanted, ARRAY(column.type)))
        return found
    listed = func.json_each(json.dumps(wanted)).table_valued("value")
    return cast("ColumnElement[bool]", column.in_(select(listed.c.value)))


def chunks(rows: Sequence[T], size: int = 500) -> Iterator[Sequence[T]]:
    """Cut `rows` into runs of at most `size`."""
    for start in range(0, len(rows), size):
        yield rows[start : start + size]
