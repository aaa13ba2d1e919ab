"""The journal's chain under several writers at once, with and without the writer's lock, and under kill -9."""

from __future__ import annotations

import signal
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Engine

from deployments.processes import python
from models.journal import JournalRow
from tests.journal import check
from tests.servers import ROOT
from tests.support import how_many, rows, wait_for

WRITER = """
import os, signal, sys
from sqlalchemy.exc import DBAPIError
from models.database import open_engine, write_transaction
from models.journal import write_journal
from tests.journal import made

url, name, how, times = sys.argv[1:4] + [int(sys.argv[4])]
engine = open_engine(url)
begin = engine.begin if how == "forgets the lock" else lambda: write_transaction(engine)
print("ready", flush=True)
sys.stdin.readline()
done = 0
while done < times:
    try:
        with begin() as connection:
            batch = [made(actor=name, detail={"batch": done, "part": part}) for part in range(3)]
            write_journal(connection, batch[:1])
            write_journal(connection, batch[1:])
            if how == "dies before the end" and done == times - 1:
                os.kill(os.getpid(), signal.SIGKILL)
    except DBAPIError:
        if how != "forgets the lock":
            raise
        continue  # another was quicker; nothing of this batch was written
    done += 1
    print(done, flush=True)
"""
"""Writes batches of three entries and says after each how many it has written: URL, actor, how, batches."""
WRITERS = 4
BATCHES = 25


@contextmanager
def writers(url: str, how: str, batches: int, count: int) -> Iterator[list[subprocess.Popen[str]]]:
    """So many processes that begin to write at the same time."""
    pipe = subprocess.PIPE
    started = [
        subprocess.Popen(
            python("-W", "ignore", "-c", WRITER, url, f"W{number}", how, str(batches)),
            **{"cwd": ROOT, "stdin": pipe, "stdout": pipe, "text": True},
        )
        for number in range(count)
    ]
    try:
        for each in started:
            assert each.stdout is not None
            assert each.stdout.readline() == "ready\n"
        for each in started:
            assert each.stdin is not None
            each.stdin.write("\n")
            each.stdin.flush()
        yield started
    finally:
        for each in started:
            each.kill()
            each.communicate()


def batches_of(engine: Engine) -> Counter[tuple[str, int]]:
    """Entries by writer and batch."""
    return Counter((row["actor"], row["detail"]["batch"]) for row in rows(engine, JournalRow))


@pytest.mark.parametrize("how", ["takes the lock", "forgets the lock"])
def test_writers_at_once_leave_one_chain_with_every_entry_there_once(
    engine: Engine, database_url: str, how: str
) -> None:
    with writers(database_url, how, BATCHES, WRITERS) as at_work:
        assert [each.wait(120) for each in at_work] == [0] * WRITERS
    verdict = check(engine)
    assert (verdict.broken, verdict.entries) == (None, 3 * BATCHES * WRITERS)
    assert batches_of(engine) == {(f"W{who}", batch): 3 for who in range(WRITERS) for batch in range(BATCHES)}
    said = [(row["actor"], row["detail"]["batch"], row["detail"]["part"]) for row in rows(engine, JournalRow)]
    for start in range(0, len(said), 3):  # a transaction's entries stand together, in order
        assert said[start : start + 3] == [(*said[start][:2], part) for part in range(3)]


def test_writers_killed_while_writing_leave_a_chain_that_others_go_on_with(engine: Engine, database_url: str) -> None:
    told = 0
    for _ in range(3):
        with writers(database_url, "takes the lock", 10**6, 2) as at_work:
            before = how_many(engine, JournalRow)
            wait_for(lambda so_far=before: how_many(engine, JournalRow) > so_far, 60)
            for each in at_work:
                each.send_signal(signal.SIGKILL)
            told += sum(len(each.communicate()[0].splitlines()) for each in at_work)
        verdict = check(engine)
        assert verdict.broken is None
        assert verdict.entries % 3 == 0
        assert verdict.entries // 3 >= told > 0
    assert {row["id"] for row in rows(engine, JournalRow)} == set(range(1, how_many(engine, JournalRow) + 1))


def test_a_writer_killed_inside_its_transaction_has_written_nothing_of_it(engine: Engine, database_url: str) -> None:
    with writers(database_url, "dies before the end", 3, 1) as (dying,):
        assert dying.wait(60) == -signal.SIGKILL
    assert batches_of(engine) == {("W0", 0): 3, ("W0", 1): 3}
    with writers(database_url, "takes the lock", 1, 1) as (next_one,):
        assert next_one.wait(60) == 0
    verdict = check(engine)
    assert (verdict.broken, verdict.entries) == (None, 9)
