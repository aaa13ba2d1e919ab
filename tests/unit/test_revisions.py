"""Revisions of the work instruction: what differs, what counts as the same, how they are shown and applied."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from models.revision_diff import (
    RegisterLine,
    difference,
    difference_markdown,
    fingerprint,
    page_markdown,
    read_revision,
)
from models.revisions import applied
from models.verdict_explained import clauses_named
from models.work_instruction import CLAUSES, load_work_instruction
from tasks.settings import ROOT

REAL = ROOT / "data" / "work_instruction.yaml"
TEXT = REAL.read_text("utf-8")
SAID = read_revision(TEXT)
RULES = load_work_instruction(REAL)
NOW = datetime(2026, 3, 10, 5, 0, tzinfo=UTC)


def changed(*pairs: tuple[str, str]) -> str:
    """The real file with words replaced, each of which must be there."""
    text = TEXT
    for was, becomes in pairs:
        assert was in text, was
        text = text.replace(was, becomes, 1)
    return text


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        ("# Durations:", "# Times:"),
        ("clauses:\n", "\n\n# all of them\nclauses:\n"),
        ("value: 5 min, fixed_by: site", "fixed_by: site, value: 5 min"),
        ("value: 24 h, fixed_by: site, about: From", "value: 1440 min, fixed_by: site, about: From"),
        ("value: 80, fixed_by", "value: 80.0, fixed_by"),
        ("a fast and accurate resolution.\n", "a fast and\n      accurate resolution.\n"),
        ('revision: "00"', "revision: '00'"),
    ],
)
def test_comments_layout_and_ways_to_write_a_value_do_not_count(was: str, becomes: str) -> None:
    other = read_revision(changed((was, becomes)))
    assert fingerprint(other) == fingerprint(SAID)
    assert difference(SAID, other).changes == ()


@pytest.mark.parametrize(
    ("was", "becomes", "told"),
    [
        ("value: 5 min", "value: 6 min", "accept_within (5 min → 6 min)"),
        ("public_figure, bod]", "public_figure]", "categories (government, executive"),
        ("effective: 2017-06-05", "effective: 2018-06-05", "effective (2017-06-05 → 2018-06-05)"),
        ("is one of the roles.\n", "leads.\n", "the words of clause 5.1.2"),
        ("about: Calendar months.", "about: Months.", "about of tenure_months_over"),
    ],
)
def test_every_other_change_counts_and_is_named(was: str, becomes: str, told: str) -> None:
    other = read_revision(changed((was, becomes)))
    assert fingerprint(other) != fingerprint(SAID)
    (change,) = difference(SAID, other).changes
    assert change.told.startswith(told)


def test_a_difference_names_settings_changed_added_and_gone_in_the_order_of_the_clauses() -> None:
    later = changed(
        ("      hard_settle_within: {value: 12 h, fixed_by: site, about: From the opening of the case.}\n", ""),
        ("value: 24 h, fixed_by: site, about: From", "value: 12 h, fixed_by: site, about: From"),
        (
            "      warn_share:",
            "      told_again_after: {value: 1 h, fixed_by: site, about: New.}\n      warn_share:",
        ),
        ("says: The PIC Tiket is one of the roles.", "says: The PIC Tiket follows every ticket."),
    )
    found = difference(SAID, read_revision(later))
    assert found.settings == ("told_again_after", "hard_settle_within", "settle_within")
    assert found.clauses == ("5.1.3",)
    by_name = {one.name: (one.clause, one.before, one.after) for one in found.changes if one.what == "value"}
    assert by_name == {
        "told_again_after": ("4.2", None, "1 h"),
        "hard_settle_within": ("5.3.2c", "12 h", None),
        "settle_within": ("5.3.2d", "24 h", "12 h"),
    }
    shown = difference_markdown(found)
    assert "| 5\\.3\\.2d | settle within | 24 h | **12 h** |" in shown
    assert "| 4\\.2 | told again after | not there | **1 h** |" in shown
    assert "now: The PIC Tiket follows every ticket\\." in shown


def test_clauses_are_in_the_order_of_the_document() -> None:
    everything = difference(read_revision("revision: none"), SAID)
    clauses = list(dict.fromkeys(one.clause for one in everything.changes if one.clause))
    assert clauses == list(CLAUSES)


def test_the_register_tells_date_and_description_so_the_difference_does_not() -> None:
    renewed = changed(('revision: "00"', 'revision: "00.1"'), ("effective: 2017-06-05", "effective: 2026-01-01"))
    assert difference_markdown(difference(SAID, read_revision(renewed))) == "Nothing but its date and description."


def test_a_revision_is_applied_as_its_own_file_is() -> None:
    assert applied(SAID, RULES) == RULES


def test_what_an_earlier_revision_did_not_say_is_as_the_one_in_force_has_it() -> None:
    earlier = changed(
        ('revision: "00"', 'revision: "99"'),
        ("      warn_share: {value: 0.8,", "      warned_at_share: {value: 0.8,"),
        ("value: 15 min, fixed_by: site, about: From", "value: quickly, fixed_by: site, about: From"),
        ("value: 12 h", "value: 6 h"),
        ("says: The PIC Tiket is one of the roles.", "says: There is a PIC."),
    )
    found = applied(read_revision(earlier), RULES)
    assert (found.revision, found.effective) == ("99", date(2017, 6, 5))
    assert found.clocks.hard_settle_within == timedelta(hours=6)
    assert found.clocks.warn_share == RULES.clocks.warn_share
    assert found.clocks.first_response_within == RULES.clocks.first_response_within
    assert (found.clauses["5.1.3"], found.clauses["5.1.4"]) == ("There is a PIC.", RULES.clauses["5.1.4"])


@pytest.mark.parametrize("text", ["", "- a list", "clauses: 7", "clauses: {'2': word}", "a: [", "clauses: {'2': {}}"])
def test_a_text_that_says_nothing_can_still_be_read(text: str) -> None:
    said = read_revision(text)
    assert applied(said, RULES).clocks == RULES.clocks
    assert fingerprint(said) != fingerprint(SAID)


def test_the_page_has_every_clause_every_setting_and_who_fixed_it() -> None:
    register = [RegisterLine("00", date(2017, 6, 5), NOW, "First edition as data.", 1_200)]
    page = page_markdown(SAID, None, register, NOW)
    for number, clause in SAID.clauses.items():
        assert f"**{number.replace('.', chr(92) + '.')}**" in page
        assert all(name.replace("_", " ") in page for name in clause.settings)
    assert "- tenure months over: **6** (fixed by the document)" in page
    assert "- accept within: **5 min** (this site's choice)" in page
    assert "| **00** | 05 Jun 2017 | 10 Mar 2026 12:00 | 1,200 |" in page
    assert "different from" not in page
    assert "never registered" not in page


def test_the_page_lists_what_was_never_registered_and_says_what_its_cases_go_by() -> None:
    register = [RegisterLine("00.1", date(2026, 3, 10), NOW, "Shorter.", 2), RegisterLine("00", None, None, "", 1_200)]
    page = page_markdown(SAID, None, register, NOW)
    assert "| **00\\.1** | 10 Mar 2026 | 10 Mar 2026 12:00 | 2 |" in page
    assert "| **00** | not known | never | 1,200 |" in page
    told = "never registered, so its text is not known: the revision in force is applied to its open cases."
    assert f"- **00**: {told}" in page
    assert "- **00\\.1**: Shorter\\." in page


def test_an_entry_of_a_whole_clause_means_its_parts() -> None:
    assert clauses_named("4.1", SAID) == ["4.1"]
    assert clauses_named("5.3.2", SAID) == ["5.3.2a", "5.3.2b", "5.3.2c", "5.3.2d"]
    assert clauses_named("9", SAID) == []
