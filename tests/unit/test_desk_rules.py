"""Who may do what to a case, and when (clauses 5.3.2a-d): the decision, and the forms a case leads to."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prefect.utilities.callables import parameter_schema
from pydantic import TypeAdapter

from flows.handle_case import handle_case
from models.case_life import CaseStatus, IllegalTransition, take_step
from models.desk_rules import ACTIONS, CaseStand, Person, judge_action, possible_actions
from models.form_links import OWN_FIELDS, Forms
from tasks.desk_forms import DeskAction

ON_DUTY = {"agent": ["A01", "A02"], "team_leader": ["TL1"], "supervisor": ["S01"], "pic": ["P01"]}
AGENT, OTHER = Person("A01", "agent", True), Person("A02", "agent", True)
LEADER, SUPERVISOR = Person("TL1", "team_leader", True), Person("S01", "supervisor", True)
AT_WORK = CaseStand(12, CaseStatus.IN_PROGRESS, False, "A01", None, taken_over=False, version=4, answered=True)
TAKEN = replace(AT_WORK, taken_over=True, team_leader="TL1")
HARD = replace(AT_WORK, hard=True)


def refusal(name: str, case: CaseStand, actor: Person | None, **more: Any) -> str:
    return judge_action(name, case, actor, ON_DUTY, **more).refusal or ""


@pytest.mark.parametrize(
    ("name", "case", "actor", "why"),
    [
        ("reply", AT_WORK, OTHER, "C-000012 is with A01, not with A02. It could be done by A01, who has the case; or"),
        ("reply", AT_WORK, OTHER, "a team leader on duty (TL1) after taking it over"),
        ("reply", AT_WORK, None, "by: nobody here has that staff code"),
        ("reply", AT_WORK, replace(AGENT, on_duty=False), "A01 is not on duty."),
        ("reply", TAKEN, AGENT, "C-000012 is with TL1, not with A01."),
        ("reply", replace(AT_WORK, status=CaseStatus.NEW, agent=None), AGENT, "is with nobody yet"),
        ("reply", replace(AT_WORK, agent=None, team_leader="TL1"), LEADER, "take it over first"),
        ("advise", AT_WORK, AGENT, "A01 is an agent. It could be done by a supervisor on duty (S01); or a team leader"),
        ("take_over", TAKEN, LEADER, "has been taken over by TL1 already"),
        ("give_back", AT_WORK, LEADER, "C-000012 is with A01"),
        ("give_back", AT_WORK, SUPERVISOR, "has not been taken over"),
        ("reply", replace(AT_WORK, status=CaseStatus.CLOSED), AGENT, "C-000012 is closed; reopen it first"),
        ("accept", AT_WORK, AGENT, "not possible while the case is in_progress; it is from assigned"),
        ("wait_for_customer", replace(AT_WORK, status=CaseStatus.WAITING_UNIT), AGENT, "not possible while"),
        ("customer_says", AT_WORK, AGENT, "no ticket that a unit says is settled"),
        ("declare_hard", HARD, AGENT, "is a hard complaint already"),
        ("withdraw_hard", AT_WORK, LEADER, "is no hard complaint"),
        ("tick_steps", AT_WORK, AGENT, "is no hard complaint"),
        ("resolve", replace(AT_WORK, open_tickets=("T-000003",)), AGENT, "not verified yet: T-000003"),
        ("resolve", replace(AT_WORK, answered=False), AGENT, "the customer has had no answer yet; reply first"),
        ("resolve", replace(HARD, steps_to_resolve=("apologise",)), AGENT, "are open: apologise"),
        ("close", AT_WORK, AGENT, "not possible while the case is in_progress; it is from resolved"),
        ("close", replace(AT_WORK, undelivered=True), AGENT, "no answer that arrived"),
        ("close", replace(HARD, steps_to_close=("note_lessons",)), AGENT, "are open: note_lessons"),
        ("ask_leader", replace(AT_WORK, status=CaseStatus.CLOSED), AGENT, "not possible while the case is closed"),
    ],
)
def test_what_is_refused_says_why_and_who_could(name: str, case: CaseStand, actor: Person | None, why: str) -> None:
    assert why in refusal(name, case, actor)


def test_a_form_that_is_out_of_date_is_refused() -> None:
    assert "Somebody has done something to C-000012 since you looked" in refusal("reply", AT_WORK, AGENT, as_seen=3)
    assert refusal("reply", AT_WORK, AGENT, as_seen=4) == ""


@pytest.mark.parametrize(
    ("name", "status", "then", "verbs"),
    [
        ("accept", "assigned", "go_on", ("accept",)),
        ("reply", "assigned", "go_on", ("accept", "start")),
        ("reply", "assigned", "wait_for_customer", ("accept", "start", "wait_for_customer")),
        ("reply", "accepted", "resolve", ("start", "resolve")),
        ("reply", "waiting_customer", "wait_for_customer", ()),
        ("reply", "resolved", "go_on", ()),
        ("hand_to_pic", "accepted", "go_on", ("start",)),
        ("note", "closed", "go_on", ()),
        ("resolve", "waiting_customer", "go_on", ("resolve",)),
        ("close", "resolved", "go_on", ("close",)),
        ("reopen", "closed", "go_on", ("reopen",)),
    ],
)
def test_what_an_action_does_to_the_life(name: str, status: str, then: str, verbs: tuple[str, ...]) -> None:
    case = replace(AT_WORK, status=CaseStatus(status))
    verdict = judge_action(name, case, AGENT, ON_DUTY, then=then)
    assert (verdict.verbs, verdict.refusal) == (verbs, None)


cases = st.builds(
    CaseStand,
    id=st.just(12),
    status=st.sampled_from(list(CaseStatus)),
    hard=st.booleans(),
    agent=st.sampled_from([None, "A01"]),
    team_leader=st.sampled_from([None, "TL1"]),
    taken_over=st.booleans(),
    version=st.just(1),
    open_tickets=st.sampled_from([(), ("T-000001",)]),
    settled=st.sampled_from([(), ("T-000001",)]),
    answered=st.booleans(),
    undelivered=st.booleans(),
    steps_to_resolve=st.sampled_from([(), ("a",)]),
    steps_to_close=st.sampled_from([(), ("a",)]),
)


@given(
    cases,
    st.sampled_from(sorted(ACTIONS)),
    st.sampled_from([AGENT, OTHER, LEADER, SUPERVISOR, Person("P01", "pic", True), None]),
    st.sampled_from(["go_on", "wait_for_customer", "resolve"]),
)
def test_every_verdict_is_a_sentence_or_a_legal_walk(
    case: CaseStand, name: str, actor: Person | None, then: str
) -> None:
    verdict = judge_action(name, case, actor, ON_DUTY, then=then)
    if verdict.refusal is not None:
        assert verdict.refusal.endswith((".", "!"))
        assert verdict.verbs == ()
        return
    status = case.status
    for verb in verdict.verbs:
        try:
            status = take_step(status, verb).status
        except IllegalTransition as error:  # pragma: no cover
            pytest.fail(str(error))
    assert actor is not None
    assert actor.on_duty
    if status is CaseStatus.CLOSED and name == "close":
        assert not case.open_tickets
        assert not case.steps_to_close


@given(cases)
def test_what_a_case_leads_to_is_possible_for_somebody(case: CaseStand) -> None:
    for name in possible_actions(case):
        people = [Person(case.handler or "", role, True) for role in ("agent", "team_leader")]
        assert any(judge_action(name, case, person, ON_DUTY).refusal is None for person in people)


def tab_that_opens(action: dict[str, Any]) -> str:
    """Which form Prefect's UI shows for the values of a link: the first with the most fields it has values for."""
    schema = parameter_schema(handle_case).model_dump_for_openapi()
    forms = [one["$ref"].rsplit("/", 1)[1] for one in schema["properties"]["action"]["anyOf"]]
    fields = {name: set(schema["definitions"][name]["properties"]) for name in forms}
    best = max(forms, key=lambda name: len(fields[name] & set(action)))
    return str(schema["definitions"][best]["properties"]["do"]["const"])


@pytest.mark.parametrize("name", sorted(ACTIONS))
def test_a_link_opens_its_own_form_filled_in(name: str) -> None:
    case = TAKEN if name == "give_back" else AT_WORK
    link = Forms("http://desk", "dep-1").link(
        name, case, "TL1", **({"text": "Halo & “salam”"} if name == "reply" else {})
    )
    url = link[link.index("(") + 1 : -1]
    assert not set(url) & set(" |<>()")
    action = json.loads(unquote(parse_qs(urlsplit(url).query)["parameters"][0]))["action"]
    assert tab_that_opens(action) == name
    filled = action | {field: "x" for field, value in OWN_FIELDS[name].items() if value == "" and not action[field]}
    filled |= {"steps": ["apologise"]} if name == "tick_steps" else {}
    form = TypeAdapter(DeskAction).validate_python(filled)
    assert (form.do, form.case, form.as_seen) == (name, "C-000012", 4)
    assert form.by in {"A01", "TL1"}


@pytest.mark.parametrize("status", CaseStatus)
def test_nothing_is_written_into_a_case_that_was_anonymised(status: CaseStatus) -> None:
    gone = replace(HARD, status=status, answered=True, settled=("T-000003",), anonymised=True)
    for name in ACTIONS:
        refusals = [refusal(name, gone, person) for person in (AGENT, LEADER, SUPERVISOR)]
        assert all(refusals), name
        assert any("what was said in C-000012 was taken away" in why for why in refusals), name
    assert possible_actions(gone) == ()


def test_a_tab_chosen_by_hand_stays() -> None:
    """The UI puts a form's defaults into place and then looks again which form that is."""
    schema = parameter_schema(handle_case).model_dump_for_openapi()
    for name in {one["$ref"].rsplit("/", 1)[1] for one in schema["properties"]["action"]["anyOf"]}:
        fields = schema["definitions"][name]["properties"]
        defaults = {field: told["default"] for field, told in fields.items() if "default" in told}
        assert tab_that_opens(defaults) == fields["do"]["const"]
