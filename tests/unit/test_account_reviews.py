"""Who may decide about an account and about a refused row, what the forms look like, and figures reckoned by hand."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from prefect.utilities.callables import parameter_schema
from pydantic import TypeAdapter, ValidationError

from flows.review_account import review_account
from flows.review_quarantine import review_quarantine
from models.account_reviews import AccountStand, Review, judge_review
from models.candidates_board import Judged, category_figures, classifier_figures
from models.desk_rules import Person
from models.form_links import REVIEW_FIELDS, ReviewForms, profile_link
from models.mentions import Mention, Platform, RefusedRow
from models.quarantine import Corrections, RowDecision, RowStand, author_seen, judge_row
from models.work_instruction import CATEGORIES
from tasks.checks import check_mentions
from tasks.platforms.facebook_parse import parse_entries
from tasks.quarantine import read_again
from tasks.review_forms import AccountForm, Release, RowForm
from tests.support import NOW, mention

LEADER, SUPERVISOR = Person("TL1", "team_leader", False), Person("S01", "supervisor", True)
AGENT, PIC = Person("A01", "agent", True), Person("P01", "pic", True)
DECIDERS = ["S01", "TL1", "TL2"]
KNOWN, DECIDED = AccountStand(12, False), AccountStand(12, False, 4, "TL2")
PRIORITY = Review(12, "TL1", "priority", "government", "Daftar anggota DPR")
REGULAR = Review(12, "TL1", "regular", None, "Akun parodi")
UNDO = Review(12, "TL1", None)


@pytest.mark.parametrize("person", [LEADER, SUPERVISOR])
@pytest.mark.parametrize(
    ("review", "account"),
    [(PRIORITY, KNOWN), (PRIORITY, DECIDED), (REGULAR, KNOWN), (UNDO, DECIDED), (replace(UNDO, review_id=4), DECIDED)],
)
def test_a_leader_or_a_supervisor_decides(review: Review, account: AccountStand, person: Person) -> None:
    verdict = judge_review(review, account, person, DECIDERS)
    assert (verdict.refusal, verdict.clause) == (None, "5.2.1")


@pytest.mark.parametrize(
    ("review", "account", "person", "why"),
    [
        (PRIORITY, KNOWN, None, "by: nobody here has that staff code; give yours."),
        (PRIORITY, KNOWN, AGENT, "by: A01 is an agent. It could be done by a team leader or a supervisor (S01, TL1"),
        (UNDO, DECIDED, PIC, "by: P01 is a PIC."),
        (PRIORITY, None, LEADER, "account: there is no K-000012"),
        (PRIORITY, AccountStand(12, True), LEADER, "account: K-000012 is anonymised (clause 6)"),
        (UNDO, AccountStand(12, True, 4, "TL2"), LEADER, "is anonymised"),
        (replace(PRIORITY, category=None), KNOWN, LEADER, "category: priority needs one of government, executive"),
        (replace(PRIORITY, category="minister"), KNOWN, LEADER, "category: priority needs one of"),
        (replace(PRIORITY, reason=" \n"), KNOWN, LEADER, "reason: is missing"),
        (replace(REGULAR, reason=""), KNOWN, LEADER, "reason: is missing"),
        (replace(REGULAR, category="media"), KNOWN, LEADER, "category: regular has none"),
        (UNDO, KNOWN, LEADER, "account: no decision about K-000012 is in force; there is nothing to undo."),
        (
            replace(UNDO, review_id=3),
            DECIDED,
            LEADER,
            "R-000003 is not in force; K-000012 was decided by TL2 (R-000004)",
        ),
    ],
)
def test_what_is_refused_says_why(
    review: Review, account: AccountStand | None, person: Person | None, why: str
) -> None:
    assert why in (judge_review(review, account, person, DECIDERS).refusal or "")


ROW = RowStand(7, "x:checks")
OVER = RowStand(7, "x:checks", "released", "TL1", "Keluhan nyata", NOW)
RELEASE = RowDecision(7, "TL1", "released", "Keluhan nyata")


@pytest.mark.parametrize(
    ("decision", "row", "person", "why"),
    [
        (RELEASE, ROW, None, "by: nobody here has that staff code"),
        (RELEASE, ROW, AGENT, "by: A01 is an agent"),
        (RELEASE, None, LEADER, "row: there is no Q-000007"),
        (replace(RELEASE, reason=" "), ROW, LEADER, "reason: is missing"),
        (RELEASE, OVER, SUPERVISOR, "row: Q-000007 was released by TL1 at 10 Mar 2026 12:00 WIB; that stands."),
        (replace(RELEASE, outcome="dropped"), OVER, LEADER, "was released by TL1"),
        (RELEASE, RowStand(7, "unit/network"), LEADER, "came from unit/network and is no mention. Drop it"),
    ],
)
def test_a_row_that_may_not_be_decided_says_why(
    decision: RowDecision, row: RowStand | None, person: Person | None, why: str
) -> None:
    verdict = judge_row(decision, row, person, DECIDERS)
    assert why in (verdict.refusal or "")
    assert not verdict.done


def test_the_same_decision_about_a_row_again_is_done_already() -> None:
    assert judge_row(RELEASE, OVER, LEADER, DECIDERS).done
    assert judge_row(RELEASE, ROW, LEADER, DECIDERS) == judge_row(
        replace(RELEASE, outcome="dropped"), RowStand(7, "unit/network"), SUPERVISOR, DECIDERS
    )


JUDGED = (
    Judged("priority", "government", "candidate", "government", "profile", 3),
    Judged("priority", "media", "candidate", "government", "profile", 1),
    Judged("regular", None, "candidate", "professional", "profile", 4),
    Judged("priority", "writer", "candidate", None, None, 2),
    Judged("priority", "artist", "priority", "artist", "profile", 5),
    Judged("regular", None, "priority", "artist", "profile", 1),
    Judged("priority", "ngo", "priority", "ngo", "registry", 1),
    Judged("priority", "bod", "regular", None, None, 1),
    Judged("regular", None, "regular", None, None, 7),
)


def test_the_figures_of_the_classifier_by_hand() -> None:
    found = [(one.numerator, one.denominator) for one in classifier_figures(JUDGED)]
    assert found == [
        (3 + 1 + 2, 3 + 1 + 4 + 2),  # candidates: the unknown author counts too
        (5, 5 + 1),  # the profile's verdicts: what the registry said is no merit of it
        (3 + 5 + 1, 3 + 1 + 5 + 1),  # categories: only where the rules named one
        (1, 1 + 7),  # passed over
    ]
    assert [one.share for one in classifier_figures(JUDGED)] == [0.6, 5 / 6, 0.9, 0.125]
    assert [(one.name, one.numerator, one.denominator) for one in category_figures(JUDGED)] == [
        ("artist", 5, 6),
        ("government", 4, 4),
        ("ngo", 1, 1),
        ("none named", 2, 2),
        ("professional", 0, 4),
    ]


def test_without_a_review_there_is_no_share() -> None:
    assert {one.share for one in classifier_figures(())} == {None}
    assert category_figures(()) == ()


FLOWS = {"review": (review_account, AccountForm), "decision": (review_quarantine, RowForm)}
LINKS = [
    ("review", "decide_priority", {"account": "K-000012", "category": "media"}, {}),
    ("review", "decide_priority", {"account": "K-000012"}, {"category": "ngo"}),
    ("review", "decide_regular", {"account": "K-000012"}, {}),
    ("review", "undo", {"account": "K-000012", "decision": "R-000004"}, {}),
    ("decision", "release", {"row": "Q-000007"}, {}),
    ("decision", "drop", {"row": "Q-000007"}, {}),
]


def tab_that_opens(parameter: str, values: dict[str, Any]) -> str:
    """Which form Prefect's UI shows for values: the first with the most fields it has values for."""
    schema = parameter_schema(FLOWS[parameter][0]).model_dump_for_openapi()
    forms = [one["$ref"].rsplit("/", 1)[1] for one in schema["properties"][parameter]["anyOf"]]
    fields = {name: set(schema["definitions"][name]["properties"]) for name in forms}
    best = max(forms, key=lambda name: len(fields[name] & set(values)))
    return str(schema["definitions"][best]["properties"]["do"]["const"])


@pytest.mark.parametrize(("parameter", "do", "fields", "typed"), LINKS)
def test_a_link_opens_its_own_form_filled_in(
    parameter: str, do: str, fields: dict[str, str], typed: dict[str, str]
) -> None:
    link = ReviewForms("http://desk", "dep-1", parameter).link("Label", do, **fields)
    query = parse_qs(urlsplit(link[link.index("(") + 1 : -1]).query)
    values = json.loads(unquote(query["parameters"][0]))[parameter]
    assert tab_that_opens(parameter, values) == do
    with pytest.raises(ValidationError):
        TypeAdapter(FLOWS[parameter][1]).validate_python(values)  # who and why is for a person to say
    typed = {"by": "TL1", **{name: "Sudah dicek" for name in REVIEW_FIELDS[do] if name != "decision"}, **typed}
    form = TypeAdapter(FLOWS[parameter][1]).validate_python(values | typed)
    assert (form.do, form.by) == (do, "TL1")


@pytest.mark.parametrize("parameter", sorted(FLOWS))
def test_a_tab_chosen_by_hand_stays_and_says_what_it_needs(parameter: str) -> None:
    schema = parameter_schema(FLOWS[parameter][0]).model_dump_for_openapi()
    for name in {one["$ref"].rsplit("/", 1)[1] for one in schema["properties"][parameter]["anyOf"]}:
        form = schema["definitions"][name]
        defaults = {field: told["default"] for field, told in form["properties"].items() if "default" in told}
        assert tab_that_opens(parameter, defaults) == form["properties"]["do"]["const"]
        assert all(form["properties"][field]["title"] for field in form["required"])
        assert all("anyOf" not in told for told in form["properties"].values())


def test_the_categories_are_those_of_the_document() -> None:
    schema = parameter_schema(review_account).model_dump_for_openapi()
    assert schema["definitions"]["DecidePriority"]["properties"]["category"]["enum"] == list(CATEGORIES)


def test_without_a_deployment_there_are_no_links() -> None:
    assert ReviewForms("http://desk", None, "review").link("Undo", "undo", account="K-000012") == "Undo"


def test_a_profile_is_linked_by_its_id() -> None:
    assert profile_link("x", "501") == "https://x.com/i/user/501"
    assert profile_link("facebook", "104217889300145") == "https://www.facebook.com/104217889300145"
    assert profile_link("x", "unknown:1/../javascript") is None


def test_a_time_without_a_zone_is_wib() -> None:
    given = {"row": "Q-000007", "by": "TL1", "release_because": "ya", "posted_at": "2026-03-10T12:00", "text": ""}
    form = Release.model_validate(given)
    assert form.corrections() == Corrections(posted_at=datetime(2026, 3, 10, 5, 0, tzinfo=UTC))


@pytest.mark.parametrize(
    "made",
    [
        mention(in_reply_to="17", language=None),
        mention(author=None, platform=Platform.FACEBOOK, mentioned_handles=()),
    ],
)
def test_what_the_checks_refuse_is_the_same_mention_again(made: Mention) -> None:
    late = replace(made, posted_at=NOW + timedelta(hours=1))
    _, (row,) = check_mentions((late,), NOW)
    again, _ = read_again(row.source, json.loads(json.dumps(row.payload)), Corrections())
    assert again == late
    corrected, _ = read_again(row.source, row.payload, Corrections(posted_at=NOW, text="halo", author_id="77"))
    assert corrected == replace(made, posted_at=NOW, text="halo", author_id="77")


def test_what_can_be_no_mention_again_says_why() -> None:
    again, author = read_again(
        "x:checks", {"platform": "orkut", "kind": "shout", "posted_at": "kemarin"}, Corrections()
    )
    assert isinstance(again, RefusedRow)
    assert again.reasons == ("platform: not watched", "kind: not known", "posted_at: is no time")
    assert author is None


X_ENTRY = {"id": "x", "text": "&lt;b&gt;", "note_tweet": {"text": "lama"}, "author_id": "501", "created_at": "kemarin"}
RIGHT = Corrections(external_id="1900000000000000001", text="modem <b> & kabel &amp;", posted_at=NOW)


def test_an_entry_of_x_is_read_again_with_what_was_corrected() -> None:
    again, _ = read_again("x:mentions", {**X_ENTRY, "author_seen": {"external_id": "501", "handle": "lain"}}, RIGHT)
    assert isinstance(again, Mention)
    assert (again.text, again.posted_at, again.author_id) == (RIGHT.text, NOW, "501")
    assert (again.external_id, again.version) == (RIGHT.external_id, "01900000000000000001")
    refused, _ = read_again("x:mentions", X_ENTRY, Corrections())
    assert isinstance(refused, RefusedRow)
    assert refused.reasons == ("id: must be a number",)


def test_a_comment_of_facebook_is_read_again_under_its_post() -> None:
    entry = {
        "id": "9_1",
        "message": "",
        "from": {"id": "44", "name": "Retno"},
        "created_time": "2026-03-10T05:00:00+0000",
    }
    _, _, (row,) = parse_entries([entry], "104_9")
    again, author = read_again(row.source, row.payload, Corrections(text="mati total"))
    assert isinstance(again, Mention)
    assert (again.conversation_id, again.in_reply_to, again.kind.value) == ("104_9", "104_9", "comment")
    assert author is not None
    assert (author.external_id, author.name) == ("44", "Retno")
    before, _ = read_again(row.source, entry, Corrections(text="mati total"))  # as rows were kept before
    assert isinstance(before, RefusedRow)
    assert "give its id" in before.reasons[0]
    told, _ = read_again(row.source, entry, Corrections(text="mati total", conversation_id="104_9"))
    assert told == again


def test_a_profile_is_remembered_only_as_its_owners() -> None:
    payload = {"author_seen": {"external_id": "501", "handle": "pakmenteri_uji", "followers": 3}}
    seen = author_seen(Platform.X, payload, "501")
    assert seen is not None
    assert (seen.handle, seen.followers, seen.bio) == ("pakmenteri_uji", 3, None)
    assert author_seen(Platform.X, payload, "502") is None
    assert author_seen(Platform.X, {"author_seen": "rusak"}, "501") is None
