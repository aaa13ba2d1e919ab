"""Measures intake and the rules, as ratios within one run: `make bench`, or `python -m tests.bench.run [mentions]`.

For SQLite, and PostgreSQL where it answers on 127.0.0.1:5432: mentions/s through validate → classify → store → open →
assign (30 % become cases) against a bare `executemany` of the same mention rows. The monitor over 10,000 waiting
tickets, the monitor and the live board over 1,000, 10,000 and 100,000 open cases. What the journal's chain costs at
intake and how quickly it is checked. How long a registry of 100,000 rows takes to load, and a month of 50,000 cases to
be reported. The processes that tickets take to the end on a Prefect server. Then texts/s and profiles/s of the rules
alone, on one core. JSON lines first, then a table.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from sqlalchemy import Engine, ForeignKeyConstraint, MetaData, create_engine, func, insert, select, text

from models.case_assigning import assign_waiting_cases
from models.cases import CaseRow
from models.database import chunks, migrate, open_engine, write_transaction
from models.mention_rows import MentionRow
from models.mention_store import store_page
from models.mentions import Mention, Page, WatchedAccount
from models.priority import PriorityThresholds, judge_account
from models.reading import read_text
from tasks.checks import check_mentions
from tasks.desk import Openings, decide_mentions
from tasks.desk_data import instruction, lexicons
from tests.bench.cases import DUE, SIZES, case_figures
from tests.bench.follow_ups import follow_up_figures, process_figures
from tests.bench.journal import TakeIn, chain_figures, check_figures, make_plain
from tests.bench.kpis import kpi_figures
from tests.bench.load import BenchLoad, make_load, put_desk
from tests.bench.reference import reference_figures

PAGE = 5_000
"""Mentions checked, stored and decided in one go: what `open_cases` decides in one transaction."""
POSTGRES = os.environ.get("CARE_TEST_POSTGRES", "postgresql+psycopg://postgres@127.0.0.1:5432/postgres")


def main() -> None:
    """Run every measurement and print the figures."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    now = datetime.now(UTC)
    load = make_load(count, now)
    figures = []
    for name, database in (("sqlite", _sqlite), ("postgresql", _postgres)):
        with database() as url:
            if url is None:
                print("POSTGRESQL BENCH SKIPPED: nothing answers on 127.0.0.1:5432", file=sys.stderr)
                continue
            migrate(url)
            figures.append({"database": name, **intake_figures(open_engine(url), load, now)})
            figures.append({"follow-ups": name, **follow_up_figures(open_engine(url), now)})
        figures.append({"cases": name, "due": DUE, **_case_figures(database, now)})
        figures.append({"journal": name, **journal_figures(database, load, now)})
        with database() as url:
            assert url is not None
            migrate(url)
            figures.append({"reference": name, **reference_figures(open_engine(url), now)})
        with database() as url:
            assert url is not None
            migrate(url)
            figures.append({"kpis": name, **kpi_figures(open_engine(url))})
    figures.append({"follow-ups": "to the end", **process_figures()})
    figures.append({"rules": "one core", **rules_figures(load, now)})
    for figure in figures:
        print(json.dumps(figure))
    for figure in figures:
        print("\n" + "\n".join(f"{key:>28}  {value}" for key, value in figure.items()))


Database = Callable[[], AbstractContextManager[str | None]]


def _case_figures(database: Database, now: datetime) -> dict[str, float]:
    figures: dict[str, float] = {}
    for size in SIZES:
        with database() as url:
            assert url is not None
            migrate(url)
            engine = open_engine(url)
            put_desk(engine, now)
            figures |= case_figures(engine, size, now)
            engine.dispose()
    return figures


def journal_figures(database: Database, load: BenchLoad, now: datetime) -> dict[str, float]:
    """What the chain costs at intake, and how quickly it is checked."""
    with database() as chained_url, database() as plain_url:
        assert chained_url is not None
        assert plain_url is not None
        engines = []
        for url in (chained_url, plain_url):
            migrate(url)
            engines.append(open_engine(url))
        chained, plain = engines
        make_plain(plain)
        figures = chain_figures(_taking_in(chained, load, now), _taking_in(plain, load, now), load.mentions)
        plain.dispose()
        figures |= check_figures(chained)
        chained.dispose()
    return figures


def _taking_in(engine: Engine, load: BenchLoad, now: datetime) -> TakeIn:
    """All of intake over a page of mentions."""
    watched, openings = put_desk(engine, now), Openings()

    def take_in(mentions: Sequence[Mention]) -> None:
        _page(engine, watched, mentions, load, now, Counter(), openings)
        with write_transaction(engine) as connection:
            assign_waiting_cases(connection, instruction(), now)

    return take_in


def intake_figures(engine: Engine, load: BenchLoad, now: datetime) -> dict[str, float]:
    """Time intake's own code over the load, and a bare insert of the same mention rows; seconds by step."""
    watched = put_desk(engine, now)
    gc.collect()
    gc.freeze()  # the load itself is no part of what is measured
    check_mentions(load.mentions[:10], now)  # the library's import is paid once a process, not per mention
    lexicons(), instruction()
    spent = dict.fromkeys(("validate", "classify and store", "judge, open and join", "assign"), 0.0)
    openings = Openings()
    for part in chunks(load.mentions, PAGE):
        _page(engine, watched, part, load, now, spent, openings)
    started = time.perf_counter()
    with write_transaction(engine) as connection:
        outcome = assign_waiting_cases(connection, instruction(), now)
    spent["assign"] = time.perf_counter() - started
    total = sum(spent.values())
    bare = bare_insert_seconds(engine)
    with engine.connect() as connection:
        cases = connection.scalar(select(func.count()).select_from(CaseRow))
    engine.dispose()
    count = len(load.mentions)
    return {
        "mentions": count,
        "cases": cases,
        "assigned": outcome.assigned,
        "mentions_per_s": round(count / total),
        "bare_rows_per_s": round(count / bare),
        "ratio_to_bare": round(bare / total, 3),
        **{f"{step} s": round(seconds, 2) for step, seconds in spent.items()},
    }


def _page(
    engine: Engine,
    watched: WatchedAccount,
    mentions: Sequence[Mention],
    load: BenchLoad,
    now: datetime,
    spent: dict[str, float],
    openings: Openings,
) -> None:
    from models.case_opening import undecided_mentions

    begun = time.perf_counter()
    good, refused = check_mentions(mentions, now)
    checked = time.perf_counter()
    page = Page(good, tuple(load.authors[mention.author_id] for mention in good), refused)
    with write_transaction(engine) as connection:
        store_page(connection, watched, page, lexicons(), now)
    stored = time.perf_counter()
    with write_transaction(engine) as connection:
        decide_mentions(connection, undecided_mentions(connection, PAGE, now), now, openings)
    decided = time.perf_counter()
    spent["validate"] += checked - begun
    spent["classify and store"] += stored - checked
    spent["judge, open and join"] += decided - stored


def bare_insert_seconds(engine: Engine) -> float:
    """Seconds for one `executemany` of the same mention rows into an empty table of the same shape."""
    with engine.connect() as connection:
        rows = [dict(row) for row in connection.execute(select(MentionRow.__table__)).mappings()]
    bare = MentionRow.__table__.to_metadata(MetaData(), name="bare_mentions")
    bare.indexes.clear()
    for constraint in list(bare.constraints):
        if isinstance(constraint, ForeignKeyConstraint):
            bare.constraints.discard(constraint)
        else:
            constraint.name = f"bare_{constraint.name}"
    with engine.begin() as connection:
        bare.create(connection)
    started = time.perf_counter()
    with write_transaction(engine) as connection:
        connection.execute(insert(bare), rows)
    return time.perf_counter() - started


def rules_figures(load: BenchLoad, now: datetime) -> dict[str, float]:
    """Texts/s and profiles/s of the rules alone."""
    words, profiles = lexicons(), list(load.authors.values())
    started = time.perf_counter()
    for mention in load.mentions:
        read_text(mention.text, words)
    read = time.perf_counter()
    for profile in profiles:
        judge_account(
            profile,
            decision=None,
            listings=(),
            today=now.date(),
            lexicons=words,
            thresholds=PriorityThresholds(),
        )
    judged = time.perf_counter()
    return {
        "texts_per_s": round(len(load.mentions) / (read - started)),
        "profiles_per_s": round(len(profiles) / (judged - read)),
    }


@contextmanager
def _sqlite() -> Iterator[str | None]:
    with tempfile.TemporaryDirectory() as folder:
        yield f"sqlite:///{Path(folder) / 'bench.db'}"


@contextmanager
def _postgres() -> Iterator[str | None]:
    admin = create_engine(POSTGRES, isolation_level="AUTOCOMMIT")
    name = f"care_bench_{uuid4().hex[:12]}"
    try:
        with admin.connect() as connection:
            connection.execute(text(f'CREATE DATABASE "{name}"'))
    except Exception:  # noqa: BLE001 (whatever keeps PostgreSQL away, the bench goes on without it)
        yield None
        return
    try:
        yield admin.url.set(database=name).render_as_string(hide_password=False)
    finally:
        with admin.connect() as connection:
            connection.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))
        admin.dispose()


if __name__ == "__main__":
    main()
