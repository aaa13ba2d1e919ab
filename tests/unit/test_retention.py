"""Decisions about records without a database: who may, what is due, when an account may be erased, how it is told."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import pytest
from prefect.exceptions import ParameterTypeError
from pydantic import ValidationError

from flows.answer_data_request import answer_data_request
from flows.apply_retention import apply_retention
from flows.hold_case import hold_case
from models.account_erasure import ErasureStand, erasure_digest, judge_erasure
from models.anonymising import PERSONAL
from models.data_requests import naming, said_in
from models.desk_rules import SUPERVISOR, Person, why_not_one_of
from models.legal_holds import Hold, Order, judge_hold
from models.records import KINDS, DueCode, load_records
from models.retention import SCOPES, TypeVerdict, cutoffs
from models.retention_report import (
    DRY_RUN,
    RequestReport,
    RetentionReport,
    TypeReport,
    period,
    request_markdown,
    retention_markdown,
)
from models.tables import Table
from tasks.prefect_records import OURS
from tasks.records_forms import Access, Erasure, Lift, Place
from tasks.settings import ROOT

REGISTER = load_records(ROOT / "data" / "records.yaml")
NOW = datetime(2026, 3, 10, 5, 0, tzinfo=UTC)
ORDER = Order("place", 12, "S01", "Sengketa", "run", NOW)
HELD = Hold(12, NOW, "S02")
FREE = ErasureStand(None, (), (), unsent=False, undecided=False, quarantined=(), asked_again=False)


@pytest.mark.parametrize(
    ("person", "why"),
    [
        (None, "by: nobody here has that staff code"),
        (Person("A01", "agent", True), r"A01 is an agent\. It could be done by a supervisor \(S01, S02\)"),
        (Person("L01", "team_leader", True), "L01 is a team leader"),
        (Person("S01", "supervisor", False), None),
    ],
)
def test_only_a_supervisor_decides_about_records(person: Person | None, why: str | None) -> None:
    refusal = why_not_one_of(person, [SUPERVISOR], ["S01", "S02"])
    if why is None:
        assert refusal is None
    else:
        assert refusal is not None
        assert re.search(why, refusal)


@pytest.mark.parametrize(
    ("do", "stand", "refused", "told"),
    [
        ("place", {}, False, "C-000012 is on hold"),
        ("place", {"held": HELD}, True, "on hold already, placed by S02"),
        ("place", {"anonymised": True}, True, "nothing left to hold"),
        ("place", {"case_exists": False}, True, "there is no C-000012"),
        ("lift", {"held": HELD}, False, "no longer on hold"),
        ("lift", {}, True, "is not on hold"),
    ],
)
def test_placing_and_lifting_a_hold(do: Any, stand: dict[str, Any], refused: bool, told: str) -> None:
    stood = {"case_exists": True, "anonymised": False, "held": None} | stand
    verdict = judge_hold(replace(ORDER, do=do), **stood)
    assert (verdict.refused, verdict.clause) == (refused, "6")
    assert told in verdict.told


@pytest.mark.parametrize(
    ("stand", "why"),
    [
        (FREE, None),
        (replace(FREE, anonymised_at=NOW), "was anonymised on 2026-03-10"),
        (replace(FREE, open_cases=("C-000003", "C-000004")), "not closed: C-000003, C-000004"),
        (replace(FREE, held_cases=("C-000003",), open_cases=("C-000003",)), "C-000003 is on legal hold"),
        (replace(FREE, unsent=True), "an answer to K-000009 is still on its way"),
        (replace(FREE, undecided=True), "has just written"),
        (replace(FREE, quarantined=("Q-000001", "Q-000004")), "Q-000001, Q-000004 in quarantine"),
        (replace(FREE, asked_again=True), "it would come back"),
    ],
)
def test_when_an_account_may_be_erased(stand: ErasureStand, why: str | None) -> None:
    refusal = judge_erasure("K-000009", stand)
    assert (refusal is None) is (why is None)
    assert (why or "") in (refusal or "")


def test_the_digest_is_proof_only_with_salt_and_id() -> None:
    digest = erasure_digest("00ff", "x", "501")
    assert len(digest) == 64
    assert digest == erasure_digest("00ff", "x", "501")
    assert len({digest, erasure_digest("00fe", "x", "501"), erasure_digest("00ff", "facebook", "501")}) == 3


def test_from_when_records_are_kept() -> None:
    assert set(KINDS) == set(get_args(DueCode))
    assert cutoffs(REGISTER, ["mentions"], NOW) == {"mentions": NOW - timedelta(days=90)}
    assert list(cutoffs(REGISTER, (), NOW)) == list(KINDS)
    assert set(SCOPES) < set(KINDS)


def test_periods_in_words() -> None:
    assert [period(one) for one in (None, timedelta(days=400), timedelta(hours=36))] == [
        *("for good", "400 days", "36.0 h")
    ]


def report(**changes: Any) -> RetentionReport:
    verdicts = [TypeVerdict(REGISTER[code], NOW, 3, 1, NOW - timedelta(days=9), NOW) for code in KINDS]
    made = RetentionReport(NOW, "S01", True, tuple(map(TypeReport, verdicts)), (HELD,))
    return replace(made, **changes)


def test_the_report_says_what_was_done_and_why() -> None:
    text = retention_markdown(report(), REGISTER)
    assert text.startswith(f"# Retention · {DRY_RUN}")
    assert "10 Mar 2026 12:00 WIB" in text
    assert "| cases | 400 days | closed | anonymise | 3 | – | 1 | 10 Mar 2026 |" in text
    assert "- C\\-000012" not in text
    assert "- C-000012 since 10 Mar 2026, placed by S02" in text
    for code, kept in REGISTER.items():
        assert f"**{code.replace('_', ' ')}**, {kept.responsible}" in text
    done = report(dry_run=False, types=tuple(replace(one, done=2) for one in report().types), holds=())
    told = retention_markdown(done, REGISTER)
    assert told.startswith("# Retention · Done\n")
    assert "| 3 | 2 | 1 |" in told
    assert "No case is on hold." in told
    stuck = replace(done, types=(TypeReport(report().types[0].verdict, None, "OSError <b>"), *done.types[1:]))
    assert "# Retention · Done, except cases" in retention_markdown(stuck, REGISTER)
    assert "OSError \\<b\\>" in retention_markdown(stuck, REGISTER)


def test_the_answer_says_where_it_is_and_how_it_is_proved() -> None:
    asked = RequestReport("access", "K-000009", "run-1", "S01", NOW, {"mentions": 12, "unit_updates": 1})
    text = request_markdown(replace(asked, file="/home/desk/requests/access-run-1.json", deleted_at=NOW))
    assert "Everything held, as one file · K-000009" in text
    assert "`/home/desk/requests/access-run-1.json`" in text
    assert "| unit updates | 1 |" in text
    assert DRY_RUN in request_markdown(replace(asked, kind="dry run"))
    erased = request_markdown(replace(asked, kind="erasure", digest="d" * 64, salt="s" * 32, runs=2, listed=1))
    assert f"`{'d' * 64}`" in erased
    assert f"`{'s' * 32}`" in erased
    assert "that name it: 1." in erased


def test_the_personal_columns_are_columns() -> None:
    for table, columns in PERSONAL.items():
        assert set(columns) <= set(Table.metadata.tables[table.__tablename__].columns.keys())


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("C-000012 · A01 · reply", True),
        ("C-0000123", False),
        ("halo @budi_uji!", True),
        ("halo @budi\\_uji", True),
        ("https://x.com/Budi_Uji/status/1", True),
        ("budi_uji menulis", False),
        ("@budi_uji2", False),
        ("https://x.com/i/user/501?a", True),
        ("15012", False),
        ("Rp 501.000", True),
    ],
)
def test_a_trace_is_a_word_of_its_own(text: str, found: bool) -> None:
    assert naming(["C-000012", "@budi_uji", "501"])(text) is found
    assert naming([])(text) is False


def test_of_a_form_only_what_stands_in_its_fields_names_somebody() -> None:
    named = naming(["@reply", "C-000012"])
    others = {"action": {"do": "reply", "text": "please reply", "reply": 1, "case": "C-000013"}}
    assert not any(map(named, said_in(others)))
    for theirs in ({"request": {"account": "Reply"}}, {"request": {"account": "@reply"}}, {"a": [{"b": "to @reply"}]}):
        assert any(map(named, said_in(theirs))), theirs
    assert any(map(named, said_in({"action": {"case": "C-000012"}})))


def test_every_artifact_of_the_desk_is_known_to_retention() -> None:
    """A new artifact has its key in `OURS`, or nobody ever deletes it."""
    keys = set()
    for path in (ROOT / "tasks").rglob("*.py"):
        keys |= set(re.findall(r'(?:publish(?:_if_changed)?\(|\bkey=)"([a-z0-9-]+)"', path.read_text()))
    assert {"quarantine", "retention", "data-request"} <= keys
    strange = sorted(key for key in keys if not OURS.fullmatch(key))
    assert not strange, f"tasks/prefect_records.py: OURS has no {', '.join(strange)}"
    for key in ("case-c-000012", "ticket-t-000012", "live-board", "live-board-agents", "explained-c-000012"):
        assert OURS.fullmatch(key)
    assert not OURS.fullmatch("somebody-elses-report")


def test_the_forms_as_the_flows_take_them() -> None:
    hold_case.validate_parameters({"hold": {"do": "place", "case": "C-000012", "by": "S01", "reason": "Sengketa"}})
    given = hold_case.validate_parameters(
        {"hold": {"do": "lift", "case": "C-000012", "by": "S01", "lifted_because": "Selesai"}}
    )
    assert isinstance(given["hold"], Lift)
    given = answer_data_request.validate_parameters({"request": {"account": "K-000012", "by": "S01"}})
    assert isinstance(given["request"], Access)
    asked = {"do": "erasure", "account": "@uji", "platform": "x", "by": "S01", "erased_because": "customer_asked"}
    given = answer_data_request.validate_parameters({"request": asked})
    assert isinstance(given["request"], Erasure)
    assert not given["request"].confirm
    assert apply_retention.validate_parameters({})["request"].dry_run
    with pytest.raises(ParameterTypeError):
        apply_retention.validate_parameters({"request": {"types": ["staff"]}})
    for wrong in ({"case": "12", "by": "S01", "reason": "x"}, {"case": "C-000012", "by": "S01", "reason": ""}):
        with pytest.raises(ValidationError):
            Place.model_validate(wrong)


def test_every_form_has_a_field_of_its_own() -> None:
    """By which the UI chooses the tab; the first form needs none (decision 0009)."""
    for first, second in ((Place, Lift), (Access, Erasure)):
        own = set(second.model_fields) - set(first.model_fields)
        assert own
        assert all(not second.model_fields[name].is_required() for name in own)
