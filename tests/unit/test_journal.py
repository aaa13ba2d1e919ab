"""What an entry's hash covers, how a head is written, and how a verdict is told."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from models.journal import GENESIS, entry, seal
from models.journal_check import (
    BEGINNING,
    BrokenEntry,
    Head,
    HeadError,
    JournalVerdict,
    journal_markdown,
    verdict_line,
)
from tasks.desk_data import instruction

AT = datetime(2026, 3, 10, 5, 0, 0, 250_000, UTC)
ROW: dict[str, Any] = {
    "id": 7,
    "at": AT,
    "case_id": 12,
    "ticket_id": None,
    "account_id": None,
    "actor": "A01",
    "event": "case_accepted",
    "clause": "4.1",
    "revision": "00",
    "detail": {"why": "köln ☎", "load": 0.5, "passed_over": {"busy": ["A02", "A03"]}},
}
HASH = "0" * 60 + "ab12"
BROKEN = BrokenEntry(7, "it says something else than when it was written", AT, "case_accepted", "A01")


def test_how_an_entry_is_sealed_never_changes() -> None:
    assert seal(GENESIS, ROW) == "808515487f88e6b0351cb019db13357cd4e99fb9fb211091f2325ab213b7c2c2"


@pytest.mark.parametrize("name", ROW)
def test_the_hash_is_over_everything_an_entry_says(name: str) -> None:
    other = {"at": AT + timedelta(microseconds=1), "detail": {**ROW["detail"], "load": 0.25}}.get(name, "9")
    assert seal(GENESIS, {**ROW, name: other}) != seal(GENESIS, ROW)
    assert seal("1" * 64, ROW) != seal(GENESIS, ROW)


def test_the_hash_knows_no_order_of_names_and_no_time_zone() -> None:
    detail = dict(reversed(ROW["detail"].items()))
    jakarta = AT.astimezone(timezone(timedelta(hours=7)))
    assert seal(GENESIS, {**ROW, "detail": detail, "at": jakarta}) == seal(GENESIS, ROW)


def test_an_entry_has_the_clause_and_the_revision_in_force() -> None:
    made = entry(AT, "case_opened", "5.3.1", instruction(), {"mention": 3}, case_id=12)
    assert (made["clause"], made["revision"], made["case_id"]) == ("5.3.1", instruction().revision, 12)


def test_a_head_is_read_as_it_is_written() -> None:
    head = Head(12_345, HASH)
    assert Head.parse(f" {head}\n") == head
    assert Head.parse(str(head).upper()) == head
    assert Head.parse(str(BEGINNING)) == BEGINNING


@pytest.mark.parametrize(
    "text", ["", "12", "12:", f"x:{HASH}", f"-1:{HASH}", f"12:{HASH}0", f"12:{HASH[:-1]}g", "1:2:3"]
)
def test_what_is_no_head_is_refused(text: str) -> None:
    with pytest.raises(HeadError, match="give ID:HASH as the last check printed it"):
        Head.parse(text)


def test_a_good_verdict_is_one_line_with_the_head() -> None:
    verdict = JournalVerdict(12_345, Head(12_345, HASH))
    assert verdict_line(verdict) == f"Journal: 12,345 entries fit, head 12345:{HASH}"
    shown = journal_markdown(verdict, AT)
    assert f"Head: `12345:{HASH}`" in shown
    assert "10 Mar 2026 12:00:00 WIB" in shown
    assert "Head of the last check: none" in shown
    met = replace(verdict, anchor=Head(12_000, HASH), anchor_met=True)
    assert f"Head of the last check: `12000:{HASH}`, still there" in journal_markdown(met, AT)


def test_a_broken_verdict_names_the_entry_and_says_what_to_do() -> None:
    verdict = JournalVerdict(6, Head(6, HASH), Head(5, HASH), anchor_met=True, broken=BROKEN)
    for told in (verdict_line(verdict), journal_markdown(verdict, AT)):
        assert "broken at entry 7" in told
        assert "it says something else than when it was written" in told
        assert "10 Mar 2026 12:00:00 WIB" in told
        assert "backup of the day before" in told
        assert "Up to entry 5 all is as it was at the last check." in told


def test_the_start_is_not_vouched_for_where_nothing_was_remembered() -> None:
    assert "Up to entry" not in verdict_line(JournalVerdict(6, Head(6, HASH), broken=BROKEN))
    gone = BrokenEntry(9, "the head remembered from the last check is gone: the journal ends with entry 6")
    told = verdict_line(JournalVerdict(6, Head(6, HASH), Head(9, HASH), broken=gone))
    assert told.startswith("Journal: broken at entry 9: the head remembered from the last check is gone")
    assert "delete the Prefect variable journal_anchor" in told


def test_what_somebody_wrote_into_an_entry_is_shown_as_text() -> None:
    hostile = replace(BROKEN, event="<img src=x>\n# h", actor="[x](javascript:1) \u202e`")
    shown = journal_markdown(JournalVerdict(6, Head(6, HASH), broken=hostile), AT)
    assert r"\<img src=x\> \# h by \[x\]\(javascript\:1\) \`" in shown


def test_a_time_at_the_end_of_the_calendar_is_told() -> None:
    late = replace(BROKEN, at=datetime(9999, 12, 31, 23, 0, tzinfo=UTC))
    assert "31 Dec 9999 23:00:00 UTC" in verdict_line(JournalVerdict(6, Head(6, HASH), broken=late))
