"""The journal on both databases: read back as it was sealed, append-only, and chained where it was not."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError, OperationalError, ProgrammingError

from models.database import MIGRATIONS, migrate, open_engine, write_transaction
from models.journal import JournalRow, write_journal
from tests.journal import COLUMNS, SAID, check, made, tamper, write
from tests.servers import postgres_database
from tests.support import NOW, how_many, rows

KEYS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
ODD = st.sampled_from([1.0, 1e16, 1e-7, 0.1, -0.0, 5e-324, 1e308, 10**400])
DETAILS = st.dictionaries(
    KEYS | TEXTS,
    st.recursive(
        KEYS | TEXTS | ODD,
        lambda of: st.lists(of) | st.tuples(of, of) | st.dictionaries(KEYS | TEXTS, of),
        max_leaves=8,
    ),
)


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(details=st.lists(DETAILS, min_size=1, max_size=3))
def test_every_detail_is_read_back_as_it_was_sealed(engine: Engine, details: list[Mapping[Any, Any]]) -> None:
    before = how_many(engine, JournalRow)
    with write_transaction(engine) as connection:
        write_journal(connection, [made(detail=detail) for detail in details])
    fresh = rows(engine, JournalRow)[before:]
    assert [row["detail"] for row in fresh] == [json.loads(json.dumps(detail)) for detail in details]
    verdict = check(engine)
    assert (verdict.entries, verdict.broken) == (before + len(details), None)


REFUSED: dict[str, dict[str, Any]] = {
    "not JSON compliant": {"detail": {"load": [float("nan")]}},
    "are not JSON": {"detail": {"load": {"most": float("-inf")}}},
    "has no time zone": {"at": datetime(2026, 3, 10, 5, 0)},  # noqa: DTZ001
    "no null character": {"detail": {"why": "a\\\0"}},
    "surrogates not allowed": {"detail": {"why": "\ud83d"}},
    "can't encode characters": {"detail": {"why": "\ud83d\ude00"}},
    "not JSON serializable": {"detail": {"when": NOW}},
    "keys must be str": {"detail": {("a", "b"): 1}},
    "Exceeds the limit": {"detail": {"number": 10**5000}},
}


@pytest.mark.parametrize("why", REFUSED)
def test_what_could_not_be_read_back_is_refused_before_anything_is_written(engine: Engine, why: str) -> None:
    with write_transaction(engine) as connection:
        write_journal(connection, [made()])
        with pytest.raises(ValueError, match=f"the journal cannot keep this case_accepted: .*{why}"):
            write_journal(connection, [made(), made(**REFUSED[why])])
    assert how_many(engine, JournalRow) == 1
    assert check(engine).broken is None


def test_a_backslash_before_u0000_is_no_null_character(engine: Engine) -> None:
    detail = {"why": r"\u0000 \\u0000 😀"}
    assert write(engine, 1, detail=detail)[0]["detail"] == detail
    assert check(engine).broken is None


AGAIN = f"INTO journal ({COLUMNS}) SELECT {COLUMNS} FROM journal WHERE id = 2"
AT_THE_END = f"INTO journal ({COLUMNS}) SELECT 6, {SAID} FROM journal WHERE id = 2"
OUT_OF_PLACE = "an entry goes after the last one"
FORBIDDEN = {
    "sqlite": {
        "UPDATE journal SET actor = 'X01' WHERE id = 2": "an entry cannot be changed",
        "UPDATE OR REPLACE journal SET id = 1 WHERE id = 2": "an entry cannot be changed",
        "DELETE FROM journal WHERE id = 5": "an entry cannot be taken away",
        "DELETE FROM journal": "an entry cannot be taken away",
        f"INSERT OR REPLACE {AGAIN}": OUT_OF_PLACE,
        f"REPLACE {AGAIN}": OUT_OF_PLACE,
        f"INSERT OR IGNORE {AGAIN}": OUT_OF_PLACE,
        f"INSERT {AGAIN} ON CONFLICT (id) DO UPDATE SET actor = 'X01'": OUT_OF_PLACE,
        f"INSERT {AT_THE_END}": OUT_OF_PLACE,
    },
    "postgresql": {
        "UPDATE journal SET actor = 'X01' WHERE id = 2": "UPDATE refused",
        "DELETE FROM journal WHERE id = 5": "DELETE refused",
        "DELETE FROM journal": "DELETE refused",
        "TRUNCATE journal": "TRUNCATE refused",
        "TRUNCATE cases CASCADE": "TRUNCATE refused",
        "WITH gone AS (DELETE FROM journal RETURNING id) SELECT count(*) FROM gone": "DELETE refused",
        f"INSERT {AGAIN} ON CONFLICT DO NOTHING": OUT_OF_PLACE,
        f"INSERT {AGAIN} ON CONFLICT (id) DO UPDATE SET actor = 'X01'": "UPDATE refused",
        f"INSERT {AT_THE_END}": OUT_OF_PLACE,
    },
}


@pytest.mark.parametrize("number", range(9))
def test_the_database_itself_refuses_all_but_the_next_entry(engine: Engine, number: int) -> None:
    written = write(engine)
    statement, why = list(FORBIDDEN[engine.dialect.name].items())[number]
    with pytest.raises(IntegrityError, match=f"the journal is append-only: {why}"), engine.begin() as connection:
        connection.exec_driver_sql(statement)
    assert rows(engine, JournalRow) == written


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database without any table."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'old.db'}"
        return
    with postgres_database("care_old") as url:
        yield url.render_as_string(hide_password=False)


def upgraded_to(url: str, revision: str) -> Engine:
    """The database as an earlier version of the desk left it."""
    engine, config = open_engine(url), Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        connection.commit()
    return engine


LAST = 6_001
OLD = "INSERT INTO journal (id, at, actor, event, clause, revision, detail)"
OLD_DETAILS = (
    '{"load":1.0}',
    '{"load":1e16,"why":"köln \\ud83d\\ude00"}',
    '{"b":[0.1,1e-7],"a":{"10":1,"9":-0.0}}',
    "{}",
)


def test_a_journal_from_before_the_chain_gets_one(empty_url: str) -> None:
    engine = upgraded_to(empty_url, "0003")
    with pytest.raises((OperationalError, ProgrammingError), match="previous_hash"):
        check(engine)
    numbers = [number for number in range(1, LAST + 1) if number % 7]
    with write_transaction(engine) as connection:
        connection.execute(
            text(f"{OLD} VALUES (:id, '2026-03-10 05:00:00.25', 'A01', 'case_accepted', '4.1', '00', :detail)"),
            [{"id": number, "detail": OLD_DETAILS[number % 4]} for number in numbers],
        )
    migrate(empty_url)
    verdict = check(engine)
    assert (verdict.entries, verdict.head.id, verdict.broken) == (len(numbers), LAST, None)
    assert [row["id"] for row in write(engine, 2)[-3:]] == [LAST, LAST + 1, LAST + 2]
    assert check(engine).entries == len(numbers) + 2
    into_a_gap = f"INSERT INTO journal ({COLUMNS}) SELECT 7, {SAID} FROM journal WHERE id = 6"
    for forbidden in ("DELETE FROM journal WHERE id = 8", into_a_gap):
        with pytest.raises(IntegrityError, match="the journal is append-only"), engine.begin() as connection:
            connection.exec_driver_sql(forbidden)
    tamper(engine, "UPDATE journal SET clause = '9' WHERE id = 5000")
    broken = check(engine).broken
    assert broken is not None
    assert broken.id == 5_000
    engine.dispose()
