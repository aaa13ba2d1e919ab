"""The register of revisions, and cases that keep theirs, on both databases (clause 7)."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event

from models.database import write_transaction
from models.journal import JournalRow
from models.revisions import (
    Registered,
    RevisionRefused,
    RevisionRow,
    instructions_by_case,
    instructions_for,
    last_difference,
    register_known,
    register_revision,
    registered_revisions,
)
from models.work_instruction import read_work_instruction
from tasks.settings import ROOT
from tests.support import NOW, rows
from tests.tickets import HOUR, put_case

FILE = ROOT / "data" / "work_instruction.yaml"
TEXT = FILE.read_text("utf-8")
MINUTE = timedelta(minutes=1)
SHORTER = (
    ('revision: "00"', 'revision: "00.1"'),
    ("effective: 2017-06-05", "effective: 2026-03-10"),
    ("change: First edition, with", "change: Most times are shorter, with"),
    ("accept_within:\n        {value: 5 min", "accept_within:\n        {value: 3 min"),
    ("supervisor_after:\n        {value: 15 min", "supervisor_after:\n        {value: 5 min"),
    ("first_response_within: {value: 15 min", "first_response_within: {value: 8 min"),
    ("customer_silent_after:\n        {value: 24 h", "customer_silent_after:\n        {value: 8 h"),
    ("hard_settle_within: {value: 12 h", "hard_settle_within: {value: 6 h"),
    ("      settle_within: {value: 24 h", "      settle_within: {value: 12 h"),
    ("close_after:\n        {value: 24 h", "close_after:\n        {value: 10 h"),
)


def revised(*pairs: tuple[str, str]) -> str:
    text = TEXT
    for was, becomes in pairs:
        assert was in text, was
        text = text.replace(was, becomes, 1)
    return text


LATER = revised(*SHORTER)
FIRST_RULES, RULES = (read_work_instruction(text, FILE) for text in (TEXT, LATER))


def register(engine: Engine, text: str, now: datetime = NOW) -> Registered:
    with write_transaction(engine) as connection:
        return register_revision(connection, text, read_work_instruction(text, FILE), now, Path("wi.yaml"))


def registered_both(engine: Engine) -> None:
    register(engine, TEXT, NOW - HOUR)
    register(engine, LATER)


def journal(engine: Engine, event_name: str) -> list[dict[str, Any]]:
    return [row for row in rows(engine, JournalRow) if row["event"] == event_name]


def queries(engine: Engine, wanted: str) -> list[str]:
    """The statements about a table from now on."""
    seen: list[str] = []

    def note(_c: Any, _k: Any, statement: str, *_: Any) -> None:
        if wanted in statement:
            seen.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    return seen


def test_a_revision_is_registered_once_and_journaled(engine: Engine) -> None:
    first = register(engine, TEXT)
    assert (first.new, first.number, first.before, first.takes_over) == (True, 1, None, False)
    again = register(engine, "# a comment\n" + TEXT, NOW + HOUR)
    assert (again.new, again.number, again.registered_at) == (False, 1, NOW)
    second = register(engine, LATER, NOW + HOUR)
    assert (second.new, second.number, second.before, second.takes_over) == (True, 2, "00", True)
    assert second.difference
    assert "settle_within" in second.difference.settings
    kept = rows(engine, RevisionRow)
    assert [(row["revision"], row["number"], row["text"]) for row in sorted(kept, key=lambda row: row["number"])] == [
        ("00", 1, TEXT),
        ("00.1", 2, LATER),
    ]
    told = [(row["clause"], row["revision"], row["actor"]) for row in journal(engine, "instruction_revised")]
    assert told == [("7", "00", "register-revision"), ("7", "00.1", "register-revision")]
    detail = journal(engine, "instruction_revised")[-1]["detail"]
    assert (detail["from"], detail["to"], detail["clauses"]) == ("00", "00.1", [])
    assert "settle_within" in detail["changed"]


def test_what_is_known_costs_one_query(engine: Engine) -> None:
    register(engine, TEXT)
    asked = queries(engine, "")
    with engine.connect() as connection:
        known = register_known(connection, TEXT)
    assert known is not None
    assert (known.new, known.revision) == (False, "00")
    assert len([one for one in asked if one.startswith("SELECT")]) == 1
    with engine.connect() as connection:
        commented = register_known(connection, "# a comment\n" + TEXT)
        assert commented == known
        assert register_known(connection, LATER) is None
        assert register_known(connection, revised(("value: 5 min", "value: 6 min"))) is None


@pytest.mark.parametrize(
    ("pairs", "now", "why"),
    [
        (
            (("value: 5 min", "value: 6 min"), ("effective: 2017-06-05", "effective: 2018-06-05")),
            NOW,
            "wi.yaml: revision 00 is registered and says otherwise: effective (2017-06-05 → 2018-06-05), accept_within "
            "(5 min → 6 min); raise the revision to 00.2 and say in `change` what changed",
        ),
        (
            (),
            NOW,
            "wi.yaml: revision 00 was followed by 00.1; to go back to what it says, raise the revision to 00.2 and say "
            "so in `change`",
        ),
        (
            (('revision: "00"', 'revision: "01"'), ("effective: 2017-06-05", "effective: 2026-03-11")),
            NOW + 11 * HOUR,  # 23:00 on the tenth in Jakarta
            "wi.yaml: effective 2026-03-11 is still to come: put the file in place on that day",
        ),
    ],
)
def test_what_cannot_be_registered_is_refused_and_leaves_nothing(
    engine: Engine, pairs: tuple[tuple[str, str], ...], now: datetime, why: str
) -> None:
    registered_both(engine)
    before = rows(engine, RevisionRow), rows(engine, JournalRow)
    with pytest.raises(RevisionRefused) as refused:
        register(engine, revised(*pairs), now)
    assert str(refused.value) == why
    assert (rows(engine, RevisionRow), rows(engine, JournalRow)) == before


def test_a_revision_takes_effect_on_its_day_in_jakarta_and_what_was_can_return_under_a_new_number(
    engine: Engine,
) -> None:
    registered_both(engine)
    back = revised(('revision: "00"', 'revision: "00.2"'), ("effective: 2017-06-05", "effective: 2026-03-11"))
    found = register(engine, back, NOW + 12 * HOUR)  # midnight in Jakarta
    assert (found.new, found.number, found.before) == (True, 3, "00.1")
    with engine.connect() as connection:
        assert [one.revision for one in registered_revisions(connection)] == ["00.2", "00.1", "00"]
        last = last_difference(connection)
    assert last is not None
    assert (last.before, last.after) == ("00.1", "00.2")


def test_an_earlier_instruction_is_rebuilt_from_its_text_and_read_once(engine: Engine) -> None:
    registered_both(engine)
    asked = queries(engine, "FROM revisions")
    with engine.connect() as connection:
        for _ in range(3):
            assert instructions_for(connection, ["00", "00.1"], RULES).of("00") == FIRST_RULES
        assert len(asked) == 1


def test_an_old_database_without_a_register_goes_by_the_one_in_force(engine: Engine) -> None:
    old, fresh = put_case(engine), put_case(engine, revision="00.1")
    with engine.connect() as connection:
        found = instructions_by_case(connection, [old, fresh], RULES)
    assert found == {old: RULES, fresh: RULES}


def test_the_first_revision_registered_takes_the_place_of_the_one_that_cases_name(engine: Engine) -> None:
    for revision, status in (("99", "closed"), ("00", "closed"), ("00", "in_progress"), ("00.1", "new")):
        put_case(engine, revision=revision, status=status)
    first = register(engine, LATER)
    assert (first.new, first.number, first.before, first.takes_over) == (True, 1, "00", True)
    assert first.difference is None
    (told,) = journal(engine, "instruction_revised")
    assert told["detail"] == {"from": "00", "to": "00.1", "changed": [], "clauses": []}
    with engine.connect() as connection:
        lines = [(one.revision, one.open_cases, one.registered_at) for one in registered_revisions(connection)]
    assert lines == [("00.1", 1, NOW), ("00", 1, None)]


def test_cases_of_the_very_revision_leave_the_first_one_the_first(engine: Engine) -> None:
    put_case(engine, revision="00")
    assert not register(engine, TEXT).takes_over


def test_a_file_changed_under_its_registered_number_is_not_obeyed(engine: Engine) -> None:
    registered_both(engine)
    text = LATER.replace("first_response_within: {value: 8 min", "first_response_within: {value: 99 min")
    changed = read_work_instruction(text, FILE)
    assert changed.clocks != RULES.clocks
    old, fresh = put_case(engine), put_case(engine, revision="00.1")
    asked = queries(engine, "FROM revisions")
    with engine.connect() as connection:
        for _ in range(2):
            assert instructions_by_case(connection, [old, fresh], changed) == {old: FIRST_RULES, fresh: RULES}
            assert instructions_by_case(connection, [fresh], changed) == {fresh: RULES}
            assert instructions_for(connection, ["00.1"], changed).of("00.1") == RULES
            assert instructions_for(connection, ["00.1"], changed).of("never") == RULES
    assert len(asked) == 1


def test_the_open_cases_under_each_revision_are_counted(engine: Engine) -> None:
    registered_both(engine)
    for revision, status in (("00", "assigned"), ("00", "closed"), ("00", "in_progress"), ("00.1", "new")):
        put_case(engine, revision=revision, status=status)
    with engine.connect() as connection:
        counts = {one.revision: one.open_cases for one in registered_revisions(connection)}
    assert counts == {"00": 2, "00.1": 1}
