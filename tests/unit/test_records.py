"""data/records.yaml: every table has its place in the register, and a wrong file is refused (clause 6)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from models.records import KINDS, RecordsError, load_records
from models.tables import Table
from tasks.settings import ROOT

FILE = Path(ROOT) / "data" / "records.yaml"
REGISTER = load_records(FILE)


def test_every_table_has_exactly_one_place_in_the_register() -> None:
    placed = [table for kept in REGISTER.values() for table in kept.tables]
    new = set(Table.metadata.tables) - set(placed)
    assert not new, f"data/records.yaml: say how long these are kept: {', '.join(sorted(new))}"
    assert sorted(placed) == sorted(Table.metadata.tables)


def test_the_register_of_this_site() -> None:
    assert REGISTER["cases"].keep == timedelta(days=400)
    assert REGISTER["journal"].then == "keep"
    assert not REGISTER["journal"].personal
    assert {code for code, kept in REGISTER.items() if kept.keep} == set(KINDS)
    assert list(KINDS)[-4:] == ["answered_requests", "reference_docs", "prefect_runs", "prefect_artifacts"]
    assert list(KINDS).index("accounts") > list(KINDS).index("mentions")
    with pytest.raises(ValidationError, match="frozen"):
        REGISTER["cases"].because = "nothing"


def test_what_is_due() -> None:
    now = datetime(2026, 3, 10, tzinfo=UTC)
    assert REGISTER["mentions"].until(now) == datetime(2025, 12, 10, tzinfo=UTC)
    assert REGISTER["staff"].until(now) is None


@pytest.mark.parametrize(
    ("old", "new", "shift", "reason"),
    [
        ("    keep: 400 days\n", "    keep: a year\n", 0, "cases.keep: write a duration .*found 'a year'"),
        ("    keep: 400 days\n", "    keep: 0 days\n", 0, "cases.keep: must be longer than nothing"),
        ("    keep: 400 days\n", "    keep: for good\n", 2, "cases.then: `keep` goes with keep: for good"),
        ("    from: closed\n", "    from: opened\n", 0, "cases.from: the time of this type counts from 'closed'"),
        (
            "    then: anonymise\n",
            "    then: delete\n",
            0,
            "cases.then: .* kept or anonymised, not deleted",
        ),
        ("    then: anonymise\n", "    then: burn\n", 0, "cases.then: .*found 'burn'"),
        ("    personal: true\n", "    personal: maybe\n", 0, "cases.personal: .*found 'maybe'"),
        ("    responsible: Supervisor TelkomCare\n", "", -8, "cases.responsible: is missing"),
        (
            "    tables: [mentions]\n",
            "    tables: [mentions, staff]\n",
            0,
            "mentions.tables: .* are mentions;",
        ),
        (
            "    tables: [read_counts, kpis,",
            "    tables: [read_counts, staff, kpis,",
            0,
            "kpis.tables: staff belongs to staff",
        ),
        ("  mentions:\n", "  mention:\n", 1, "mention: no such type; known: cases, mentions"),
        ("  mentions:\n", "  mention:\n", -11, "mentions: is missing; every type needs its entry"),
        ("    personal: false\n", "    private: false\n", 0, "private: no such entry"),
        ("records:\n", "entries:\n", 0, "expected `records:`"),
    ],
)
def test_a_wrong_file_is_refused_with_line_and_reason(
    tmp_path: Path, old: str, new: str, shift: int, reason: str
) -> None:
    text = FILE.read_text("utf-8")
    assert old in text
    path = tmp_path / "records.yaml"
    path.write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(RecordsError, match=reason) as refused:
        load_records(path)
    line = text[: text.index(old)].count("\n") + 1 + shift
    assert line in [int(told.split(":")[1]) for told in str(refused.value).splitlines()[1:]], refused.value


@pytest.mark.parametrize(
    "content", [None, b"", b"- a\n", b"records: [\n", b"\xff\xfe", b"records: 3\n", b"records: {cases: 1}"]
)
def test_a_file_that_is_none_is_refused(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "records.yaml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(RecordsError, match=r"records\.yaml"):
        load_records(path)
