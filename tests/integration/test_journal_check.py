"""What a check of the journal finds, and where: what was changed, put in, moved, taken away; what a kept head adds."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Engine, insert

from models.database import open_engine, write_transaction
from models.journal import GENESIS, JournalRow, seal
from models.journal_check import BEGINNING, PART, BrokenEntry, Head, JournalVerdict
from tests.journal import COLUMNS, SAID, check, made, reseal, tamper, write
from tests.support import NOW, rows


def broken_entry(engine: Engine, anchor: Head | None = None) -> BrokenEntry:
    broken = check(engine, anchor).broken
    assert broken is not None
    return broken


def moved(shift: int, *entries: int) -> list[str]:
    """Statements that give entries other numbers, in this order."""
    return [f"UPDATE journal SET id = {number + shift} WHERE id = {number}" for number in entries]


def copied(what: str, of: int) -> str:
    return f"INSERT INTO journal ({COLUMNS}) SELECT 3, {what} FROM journal WHERE id = {of}"


FORGED = SAID.replace("actor", "'X01'")
TAMPERED: dict[str, tuple[list[str], int, str]] = {
    "content": (["UPDATE journal SET actor = 'X01' WHERE id = 3"], 3, "it says something else"),
    "last content": (["UPDATE journal SET actor = 'X01' WHERE id = 5"], 5, "it says something else"),
    "detail": (["UPDATE journal SET detail = '{\"number\":4}' WHERE id = 3"], 3, "it says something else"),
    "time": (["UPDATE journal SET at = '2026-03-10 05:00:03.000001' WHERE id = 3"], 3, "it says something else"),
    "hash": ([f"UPDATE journal SET hash = '{GENESIS}' WHERE id = 3"], 3, "another hash than when it was written; what"),
    "link": ([f"UPDATE journal SET previous_hash = '{GENESIS}' WHERE id = 3"], 3, "another hash of the entry before"),
    "taken away": (["DELETE FROM journal WHERE id = 3"], 4, "it does not follow entry 2: entry 3 is missing"),
    "two taken away": (["DELETE FROM journal WHERE id IN (3, 4)"], 5, "entries 3 to 4 are missing"),
    "no beginning": (["DELETE FROM journal WHERE id < 3"], 3, "not follow the beginning: entries 1 to 2 are missing"),
    "closed up": (["DELETE FROM journal WHERE id = 3", *moved(-1, 4, 5)], 3, "it was written as entry 4"),
    "put in": ([*moved(1, 5, 4, 3), copied(FORGED, 1)], 3, "it neither follows entry 2 nor says what it said"),
    "copied": ([*moved(1, 5, 4, 3), copied(SAID, 2)], 3, "it is a copy of entry 2"),
    "swapped": ([*moved(6, 3), *moved(-1, 4), *moved(-5, 9)], 3, "it was written as entry 4"),
    "before the first": (["UPDATE journal SET id = -2 WHERE id = 3"], -2, "it stands before the first entry"),
}


@pytest.mark.parametrize("how", TAMPERED)
def test_the_first_broken_entry_is_named_with_what_happened_to_it(engine: Engine, how: str) -> None:
    write(engine)
    statements, broken_at, why = TAMPERED[how]
    tamper(engine, *statements)
    broken = broken_entry(engine)
    assert (broken.id, broken.event) == (broken_at, "case_accepted")
    assert why in broken.why


def test_an_entry_put_in_with_a_seal_of_its_own_is_named(engine: Engine) -> None:
    written = write(engine)
    tamper(engine, *moved(1, 5, 4, 3))
    forged = {"id": 3, **made(detail={"was": "never"}), "previous_hash": written[1]["hash"]}
    with write_transaction(engine) as connection:
        connection.execute(insert(JournalRow).values(**forged, hash=seal(written[1]["hash"], forged)))
    broken = broken_entry(engine)
    assert broken.id == 3
    assert "it was put in: what stands as entry 4 was written right after entry 2" in broken.why


@pytest.mark.parametrize("first", [2, 3])
def test_an_entry_sealed_anew_is_not_what_the_next_was_written_after(engine: Engine, first: int) -> None:
    write(engine)
    reseal(engine, first, 3, actor="X01")
    broken = broken_entry(engine)
    assert (broken.id, broken.at) == (3, NOW + timedelta(seconds=3))
    assert "it is not what entry 4 was written after" in broken.why


def test_a_first_entry_that_follows_nothing_is_named(engine: Engine) -> None:
    write(engine, 1)
    reseal(engine, 1, 1, previous_hash="1" * 64)
    broken = broken_entry(engine)
    assert (broken.id, broken.why) == (1, "it does not follow the beginning")


def test_what_the_chain_cannot_show_the_head_kept_elsewhere_does(engine: Engine) -> None:
    write(engine)
    anchor = check(engine).head
    write(engine, 1)
    good = check(engine, anchor)
    assert (good.broken, good.anchor_met, good.entries) == (None, True, 6)
    tamper(engine, "DELETE FROM journal WHERE id > 3")
    assert check(engine).broken is None
    gone = broken_entry(engine, anchor)
    assert gone.id == 5
    assert gone.why == "the head remembered from the last check is gone: the journal ends with entry 3"
    tamper(engine, "DELETE FROM journal")
    assert check(engine) == JournalVerdict(0, BEGINNING)
    assert "ends with entry 0" in broken_entry(engine, anchor).why
    assert check(engine, BEGINNING).anchor_met


def test_a_journal_sealed_anew_to_its_end_has_another_hash_at_the_head_kept_elsewhere(engine: Engine) -> None:
    early, late = (Head(row["id"], row["hash"]) for row in write(engine) if row["id"] in (2, 4))
    reseal(engine, 3, 5, actor="X01")
    assert check(engine).broken is None
    assert check(engine, early).broken is None
    broken = broken_entry(engine, late)
    assert broken.id == 4
    assert "has another hash" in broken.why


def test_a_head_whose_number_was_left_out_when_all_was_sealed_anew_is_gone(engine: Engine) -> None:
    anchor = Head(3, write(engine)[2]["hash"])
    tamper(engine, "DELETE FROM journal WHERE id = 3")
    reseal(engine, 4, 5, previous_hash=rows(engine, JournalRow)[1]["hash"])
    assert check(engine).broken is None
    assert broken_entry(engine, anchor) == BrokenEntry(
        3, "the head remembered from the last check is gone: entry 4 follows entry 2"
    )


def test_a_long_journal_is_checked_part_by_part(engine: Engine) -> None:
    count = 2 * PART
    first = write(engine, count)[0]
    assert check(engine).entries == count
    tamper(engine, f"UPDATE journal SET clause = '9' WHERE id = {count}")
    verdict = check(engine, Head(1, first["hash"]))
    assert verdict.broken is not None
    assert (verdict.entries, verdict.broken.id, verdict.anchor_met) == (count - 1, count, True)


UNREADABLE = ("detail = '{'", "at = 'soon'", "at = 12", "detail = CAST(x'7bff7d' AS TEXT)", "actor = x'00ff'")


@pytest.mark.parametrize("change", UNREADABLE)
def test_what_cannot_even_be_read_is_a_broken_entry_and_no_broken_check(sqlite_url: str, change: str) -> None:
    engine = open_engine(sqlite_url)
    write(engine)
    tamper(engine, f"UPDATE journal SET {change} WHERE id = 3")
    assert broken_entry(engine).id == 3
    engine.dispose()


def test_a_time_beyond_the_calendar_is_a_broken_entry(postgres_url: str) -> None:
    engine = open_engine(postgres_url)
    write(engine)
    tamper(engine, "UPDATE journal SET at = 'infinity' WHERE id = 3")
    assert broken_entry(engine) == BrokenEntry(3, "it cannot be read any more")
    engine.dispose()
