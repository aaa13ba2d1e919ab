"""What a team leader or supervisor does to a case: advises, takes over, declares it hard, reassigns (4.1, 5.3.2b-c)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import insert, select

from models.agent_actions import Doing
from models.assignment import WaitingCase, assign_cases
from models.case_notices import leader_for
from models.case_rules import ActionRefused, DeskRules, Done
from models.case_steps import CaseHand, take_case_step
from models.cases import TickedStepRow
from models.desk_roster import agent_loads
from models.eligibility import eligibility


def _advise(hand: CaseHand, form: Mapping[str, Any], desk: DeskRules, run_id: str) -> Done:
    hand.say("advice", form["advice"])
    if form["suggested_answer"].strip():
        hand.say("suggestion", form["suggested_answer"])
    hand.leader_engaged()
    hand.journal("leader_advised", "5.3.2b", {})
    hand.tell([hand.case.agent] if hand.case.agent else [], "advice", f"{hand.said}: {hand.actor} has advice for you")
    return f"{hand.number}: {hand.case.agent or 'nobody'} was told.", ()


def _take_over(hand: CaseHand, form: Mapping[str, Any], desk: DeskRules, run_id: str) -> Done:
    if form["why_taken_over"].strip():
        hand.say("note", form["why_taken_over"])
    told = [hand.case.agent] if hand.case.agent else []
    hand.tell(told, "taken_over", f"{hand.said}: {hand.actor} has taken it over")
    return f"{hand.number} is yours now.", ()


def _give_back(hand: CaseHand, form: Mapping[str, Any], desk: DeskRules, run_id: str) -> Done:
    if form["for_the_agent"].strip():
        hand.say("advice", form["for_the_agent"])
    hand.tell([hand.case.agent], "given_back", f"{hand.said}, is yours again: {hand.actor} gives it back")
    return f"{hand.number} is with {hand.case.agent} again.", ()


def _declare_hard(hand: CaseHand, form: Mapping[str, Any], desk: DeskRules, run_id: str) -> Done:
    hand.say("note", form["hard_because"])
    leader = leader_for(hand.case.id, hand.case.team_leader, hand.people.on_duty.get("team_leader", []))
    told = [*([leader] if leader else []), *hand.people.told("supervisor")]
    hand.tell(told, "hard", f"{hand.number} is a hard complaint: declared by {hand.actor}")
    return f"{hand.number} is a hard complaint; {', '.join(told)} were told.", ()


def _withdraw_hard(hand: CaseHand, form: Mapping[str, Any], desk: DeskRules, run_id: str) -> Done:
    hand.say("note", form["not_hard_because"])
    hand.tell(hand.people.told("supervisor"), "not_hard", f"{hand.number} is no hard complaint: {hand.actor} says so")
    return f"{hand.number} is a standard complaint.", ()


def _tick_steps(hand: CaseHand, form: Mapping[str, Any], desk: DeskRules, run_id: str) -> Done:
    known = [step.code for step in desk.hard_complaint.steps]
    strange = [step for step in form["steps"] if step not in known]
    if strange:
        raise ActionRefused(f"steps: there is no {strange[0][:40]!r}; there are {', '.join(known)}.")
    mine = TickedStepRow.case_id == hand.case.id
    done = set(hand.connection.scalars(select(TickedStepRow.step).where(mine)))
    fresh = [step for step in dict.fromkeys(form["steps"]) if step not in done]
    rows = [{"case_id": hand.case.id, "step": step, "actor": hand.actor, "at": hand.now} for step in fresh]
    if rows:
        hand.connection.execute(insert(TickedStepRow), rows)
        hand.journal("steps_ticked", "5.3.2c", {"steps": fresh})
    return f"{hand.number}: {len(done) + len(fresh)} of {len(known)} steps are ticked.", ()


def _reassign(hand: CaseHand, form: Mapping[str, Any], desk: DeskRules, run_id: str) -> Done:
    wanted = form["to_agent"].strip()
    agent = _chosen(hand, wanted) if wanted else _least_loaded(hand)
    take_case_step(hand, "reassign", {"form": "reassign", "was_with": hand.agent, "agent": agent})
    hand.give_to(agent)
    hand.tell([agent], "assigned", f"{hand.said}, is yours: {hand.actor} gives it to you")
    if hand.agent:
        hand.tell([hand.agent], "reassigned", f"{hand.said}, has gone to {agent}: {hand.actor} reassigned it")
    return f"{hand.number} is with {agent} now.", ()


def _chosen(hand: CaseHand, code: str) -> str:
    """The agent named in the form, if nothing speaks against them (5.1.1)."""
    found = hand.people.person(code)
    if found is None or found.role != "agent":
        raise ActionRefused(f"to_agent: there is no agent {code[:32]!r}.")
    if not found.on_duty:
        present = ", ".join(hand.people.on_duty.get("agent", []))
        raise ActionRefused(f"to_agent: {found.code} is not on duty; there are {present or 'none'}.")
    verdict = eligibility(hand.people.by_code[found.code], hand.now, hand.instruction.eligibility)
    if not verdict.eligible:
        raise ActionRefused(f"to_agent: {found.code} may not get a Priority case: {' '.join(verdict.reasons)}")
    if found.code == hand.agent:
        raise ActionRefused(f"to_agent: {hand.number} is with {found.code} already.")
    (load,) = agent_loads(hand.connection, [hand.people.by_code[found.code]])
    if load.load >= load.agent.capacity:
        raise ActionRefused(f"to_agent: {found.code} has {load.load} open cases, as many as they can take.")
    return found.code


def _least_loaded(hand: CaseHand) -> str:
    """Whoever the rules of assignment would choose, the present agent left out."""
    waiting = WaitingCase(
        id=hand.case.id,
        hard=hand.case.severity == "hard",
        priority_status=hand.case.priority_status,
        category=None,
        next_due=None,
        opened_at=hand.case.opened_at,
        handled_by_before=frozenset(),
        passed_by=frozenset([*(hand.case.passed_by or ()), *filter(None, [hand.agent])]),
    )
    agents = [one for one in hand.people.by_code.values() if one.role == "agent"]
    loads = agent_loads(hand.connection, agents)
    (decision,) = assign_cases([waiting], loads, [], hand.now, hand.instruction)
    if decision.agent_code is None:
        raise ActionRefused("to_agent: no other agent is eligible, on duty and below capacity; take it over instead.")
    return decision.agent_code


LEADER_ACTIONS: dict[str, Doing] = {
    "advise": _advise,
    "take_over": _take_over,
    "give_back": _give_back,
    "declare_hard": _declare_hard,
    "withdraw_hard": _withdraw_hard,
    "tick_steps": _tick_steps,
    "reassign": _reassign,
}
"""As `AGENT_ACTIONS`; hard complaints are declared and their steps ticked by agents too."""
