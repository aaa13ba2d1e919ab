"""What the journal's chain costs at intake, and how quickly it is checked.

The same mentions are taken in by turns, a page at a time, into a database with the chain and into one whose journal is
a plain table: no seal, no look at the last entry, no trigger. `chain_share` is the part of intake's time that the chain
takes.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count, cycle
from statistics import median
from typing import Any

from sqlalchemy import Connection, Engine, insert, select

from models import journal
from models.database import chunks, write_transaction
from models.journal import JournalRow, write_journal
from models.journal_check import check_journal
from models.mentions import Mention
from tests.journal import unguard

TakeIn = Callable[[Sequence[Mention]], None]
MENTIONS = 10_000
"""At most so many mentions are taken in by turns."""
AT_ONCE = 250
"""Mentions of a page: more than a live desk's round brings, fewer than a backfill's."""
CHECKED = 100_000
"""Entries of the journal that is checked."""


def chain_figures(chained: TakeIn, plain: TakeIn, mentions: Sequence[Mention]) -> dict[str, float]:
    """The share of intake's time that sealing, reading the last entry and the triggers take."""
    put, shares, total = _plain_insert(), [], 0.0
    for first, part in zip(cycle((True, False)), chunks(mentions[:MENTIONS], AT_ONCE), strict=False):
        spent = {}
        for with_chain in (first, not first):
            spent[with_chain] = _seconds(chained, part) if with_chain else _seconds_without(put, plain, part)
        shares.append(1 - spent[False] / spent[True])
        total += spent[True]
    # The middle one of all pages: whatever else the machine does for a moment is no cost of the chain.
    return {"chain_share": round(median(shares), 3), "intake with the chain s": round(total, 2)}


def check_figures(engine: Engine) -> dict[str, float]:
    """Entries checked a second, over a journal filled up with its own entries."""
    with engine.connect() as connection:
        kept = [dict(row) for row in connection.execute(select(JournalRow.__table__)).mappings()]
    made = [{name: row[name] for name in row if name not in ("id", "previous_hash", "hash")} for row in kept]
    missing = CHECKED - len(made)
    while missing > 0:
        with write_transaction(engine) as connection:
            write_journal(connection, made[:missing])
        missing -= len(made)
    with engine.connect() as connection:
        started = time.perf_counter()
        verdict = check_journal(connection)
        seconds = time.perf_counter() - started
    assert verdict.broken is None
    return {"entries checked": verdict.entries, "entries_checked_per_s": round(verdict.entries / seconds)}


def make_plain(engine: Engine) -> None:
    """Let the journal of a database be a table like any other."""
    with write_transaction(engine) as connection:
        unguard(connection)


def _plain_insert() -> Callable[[Connection, Sequence[Mapping[str, Any]]], None]:
    numbers = count(1)

    def put(connection: Connection, entries: Sequence[Mapping[str, Any]]) -> None:
        if entries:
            rows = [{"id": next(numbers), **made, "previous_hash": "", "hash": ""} for made in entries]
            connection.execute(insert(JournalRow), rows)

    return put


def _seconds(take_in: TakeIn, mentions: Sequence[Mention]) -> float:
    started = time.perf_counter()
    take_in(mentions)
    return time.perf_counter() - started


def _seconds_without(put: Callable[..., None], take_in: TakeIn, mentions: Sequence[Mention]) -> float:
    with _written_by(put):
        return _seconds(take_in, mentions)


@contextmanager
def _written_by(put: Callable[..., None]) -> Iterator[None]:
    """Let everything that writes to the journal write by `put` meanwhile."""
    models = [module for name, module in sys.modules.items() if name.startswith("models.") and module is not journal]
    writers = [module for module in models if getattr(module, "write_journal", None) is write_journal]
    for module in writers:
        module.write_journal = put  # type: ignore[attr-defined]
    try:
        yield
    finally:
        for module in writers:
            module.write_journal = write_journal  # type: ignore[attr-defined]
