"""Who may do what to a case, and when: `judge_action`, a pure decision over the case and the person (5.3.2a-d)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from models.case_life import UNASSIGNED, CaseStatus, IllegalTransition, take_step
from models.cases import case_number

AGENT, LEADER, PIC, SUPERVISOR = "agent", "team_leader", "pic", "supervisor"
ROLE_NAMES = {AGENT: "an agent", LEADER: "a team leader", PIC: "a PIC", SUPERVISOR: "a supervisor"}


@dataclass(frozen=True, slots=True)
class ActionRule:
    """Who may do something: `anyone` of these roles, or of `handler` roles whoever has the case."""

    name: str
    handler: frozenset[str]
    anyone: frozenset[str]
    clause: str
    label: str
    """How links to its form are called."""


def _rule(name: str, label: str, clause: str, handler: Sequence[str] = (), anyone: Sequence[str] = ()) -> ActionRule:
    return ActionRule(name, frozenset(handler), frozenset(anyone), clause, label)


ACTIONS: dict[str, ActionRule] = {
    rule.name: rule
    for rule in (
        _rule("accept", "Accept", "5.3.2a", handler=[AGENT]),
        _rule("reply", "Reply", "5.3.2a", handler=[AGENT, LEADER]),
        _rule("note", "Note", "5.3.2a", anyone=[AGENT, LEADER, PIC, SUPERVISOR]),
        _rule("ask_leader", "Ask", "5.3.2a", handler=[AGENT]),
        _rule("hand_to_pic", "To PIC", "5.3.2a", handler=[AGENT], anyone=[LEADER]),
        _rule("wait_for_customer", "Wait", "5.3.2a", handler=[AGENT, LEADER]),
        _rule("customer_says", "Confirm", "5.3.2d", handler=[AGENT], anyone=[LEADER, PIC]),
        _rule("resolve", "Resolve", "5.3.2d", handler=[AGENT], anyone=[LEADER]),
        _rule("close", "Close", "5.3.2d", handler=[AGENT], anyone=[LEADER]),
        _rule("reopen", "Reopen", "5.3.2d", handler=[AGENT], anyone=[LEADER, SUPERVISOR]),
        _rule("advise", "Advise", "5.3.2b", anyone=[LEADER, SUPERVISOR]),
        _rule("take_over", "Take over", "5.3.2b", anyone=[LEADER]),
        _rule("give_back", "Give back", "5.3.2b", handler=[LEADER], anyone=[SUPERVISOR]),
        _rule("declare_hard", "Hard", "5.3.2c", handler=[AGENT], anyone=[LEADER, SUPERVISOR]),
        _rule("withdraw_hard", "Not hard", "5.3.2c", anyone=[LEADER, SUPERVISOR]),
        _rule("tick_steps", "Tick steps", "5.3.2c", handler=[AGENT], anyone=[LEADER, SUPERVISOR, PIC]),
        _rule("reassign", "Reassign", "4.1", anyone=[LEADER, SUPERVISOR]),
    )
}
"""Everything a person can do to a case."""


@dataclass(frozen=True, slots=True)
class CaseStand:
    """Where a case stands, as the decision sees it.

    `agent` and `team_leader` are staff codes; `open_tickets` are numbers of tickets that are not verified, of which
    `settled` wait for the customer's word; `answered` tells whether the customer has had an answer since they last
    complained, `undelivered` whether one failed; `steps_to_resolve` and `steps_to_close` are steps of the
    hard-complaint instruction still open; `anonymised` tells whether what was said in it was taken away (clause 6):
    nothing new is written into such a case.
    """

    id: int
    status: CaseStatus
    hard: bool
    agent: str | None
    team_leader: str | None
    taken_over: bool
    version: int
    open_tickets: tuple[str, ...] = ()
    settled: tuple[str, ...] = ()
    answered: bool = False
    undelivered: bool = False
    steps_to_resolve: tuple[str, ...] = ()
    steps_to_close: tuple[str, ...] = ()
    anonymised: bool = False

    @property
    def handler(self) -> str | None:
        """Who has the case: the leader who took it over, else the agent, else the leader it waits with."""
        return self.team_leader if self.taken_over or self.agent is None else self.agent


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody of the desk who wants to do something."""

    code: str
    role: str
    on_duty: bool


def why_not_one_of(person: Person | None, roles: Collection[str], able: Sequence[str]) -> str | None:
    """Why somebody may not do what these roles may, on duty or not, and who of them could; None where they may."""
    if person is None:
        return "by: nobody here has that staff code; give yours."
    if person.role in roles:
        return None
    names = " or ".join(ROLE_NAMES.get(role, role) for role in roles)
    is_a = ROLE_NAMES.get(person.role, person.role)
    return f"by: {person.code} is {is_a}. It could be done by {names} ({', '.join(able) or 'nobody now'})."


@dataclass(frozen=True, slots=True)
class ActionVerdict:
    """What becomes of an action: the steps of the case's life it takes, or the sentence that says why not."""

    verbs: tuple[str, ...]
    clause: str
    refusal: str | None = None


def judge_action(
    name: str,
    case: CaseStand,
    actor: Person | None,
    on_duty: Mapping[str, Sequence[str]],
    *,
    as_seen: int | None = None,
    then: str = "go_on",
) -> ActionVerdict:
    """Decide whether a person may do something to a case now.

    `on_duty` has the codes of those on duty by role: a refusal says who could. `as_seen` is the version of the case
    that the person saw; `then` is what a reply goes on to.
    """
    rule = ACTIONS[name]
    refusal = (
        _who(rule, case, actor, on_duty) or _gone(case) or _stale(case, as_seen) or _wrong_moment(name, case, then)
    )
    if refusal:
        return ActionVerdict((), rule.clause, refusal)
    verbs = _verbs(name, case, then, by_agent=actor is not None and actor.role == AGENT)
    try:
        status = case.status
        for verb in verbs:
            status = take_step(status, verb).status
    except IllegalTransition as error:
        return ActionVerdict((), rule.clause, f"{name}: {str(error).split(': ', 1)[1]}")
    return ActionVerdict(verbs, rule.clause)


def possible_actions(case: CaseStand) -> tuple[str, ...]:
    """What can be done to a case as it stands, by whoever may: the forms that its row of the board leads to."""
    people = [Person(case.handler or "", role, True) for role in (AGENT, LEADER)]
    return tuple(
        name
        for name in ACTIONS
        if not (_only_hard(name) and not case.hard)
        and any(judge_action(name, case, person, {}).refusal is None for person in people)
    )


def _only_hard(name: str) -> bool:
    return name in {"withdraw_hard", "tick_steps"}


def _who(rule: ActionRule, case: CaseStand, actor: Person | None, on_duty: Mapping[str, Sequence[str]]) -> str | None:
    """Why this person may not; None where they may."""
    if actor is None:
        return "by: nobody here has that staff code; give yours."
    could = _who_could(rule, case, on_duty)
    if not actor.on_duty:
        return f"{actor.code} is not on duty. {could}"
    if actor.role in rule.anyone:
        return None
    if actor.role not in rule.handler:
        return f"{actor.code} is {ROLE_NAMES.get(actor.role, actor.role)}. {could}"
    if actor.code != case.handler:
        has = f"is with {case.handler}" if case.handler else "is with nobody yet"
        return f"{case_number(case.id)} {has}, not with {actor.code}. {could}"
    if actor.role == LEADER and not case.taken_over:
        return f"{case_number(case.id)} waits with {actor.code} for want of an agent: take it over first."
    return None


def _who_could(rule: ActionRule, case: CaseStand, on_duty: Mapping[str, Sequence[str]]) -> str:
    """A sentence that names who may do it."""
    could = [f"{case.handler}, who has the case"] if rule.handler and case.handler else []
    for role in sorted(rule.anyone):
        names = ", ".join(sorted(on_duty.get(role, ())))
        could.append(f"{ROLE_NAMES[role]} on duty ({names or 'none now'})")
    if LEADER in rule.handler and LEADER not in rule.anyone:
        names = ", ".join(sorted(on_duty.get(LEADER, ())))
        could.append(f"a team leader on duty ({names or 'none now'}) after taking it over")
    return f"It could be done by {'; or '.join(could) or 'nobody now'}."


def _gone(case: CaseStand) -> str | None:
    if not case.anonymised:
        return None
    return f"case: what was said in {case_number(case.id)} was taken away (clause 6); open a new one instead."


def _stale(case: CaseStand, as_seen: int | None) -> str | None:
    if as_seen is None or as_seen == case.version:
        return None
    return (
        f"Somebody has done something to {case_number(case.id)} since you looked: it is {case.status} now. "
        "See its case file, and use the links there."
    )


def _wrong_moment(name: str, case: CaseStand, then: str) -> str | None:
    """What keeps an action from making sense now, besides the life of a case."""
    number = case_number(case.id)
    if name == "reply" and case.status in UNASSIGNED:
        return f"{number} has no agent yet; a team leader can take it over."
    if name == "reply" and case.status is CaseStatus.CLOSED:
        return f"{number} is closed; reopen it first, then answer."
    if name == "give_back" and not case.taken_over:
        return f"{number} has not been taken over."
    if name == "give_back" and case.agent is None:
        return f"{number} has no agent to give it back to; reassign it."
    if name == "take_over" and case.taken_over:
        return f"{number} has been taken over by {case.team_leader} already."
    if name == "customer_says" and not case.settled:
        return f"{number} has no ticket that a unit says is settled."
    if name in {"declare_hard", "withdraw_hard"} and case.hard == (name == "declare_hard"):
        return f"{number} is {'a hard complaint already' if case.hard else 'no hard complaint'}."
    if name == "tick_steps" and not case.hard:
        return f"{number} is no hard complaint."
    if name == "resolve" or then == "resolve":
        return _not_resolvable(case, replying=name == "reply")
    return why_not_closable(case) if name == "close" else None


def _not_resolvable(case: CaseStand, *, replying: bool) -> str | None:
    number = case_number(case.id)
    if case.open_tickets:
        return f"{number} has tickets that are not verified yet: {', '.join(case.open_tickets)} (5.3.2d)."
    if not replying and not case.answered:
        return f"{number}: the customer has had no answer yet; reply first (5.3.2d)."
    if case.steps_to_resolve:
        return f"{number}: steps of the hard-complaint instruction are open: {', '.join(case.steps_to_resolve)}."
    return None


def why_not_closable(case: CaseStand) -> str | None:
    """What keeps a case from being completely settled (5.3.2d); None where nothing does."""
    number = case_number(case.id)
    if case.open_tickets:
        return f"{number} has tickets that are not verified yet: {', '.join(case.open_tickets)} (5.3.2d)."
    if case.undelivered or not case.answered:
        return f"{number}: the customer has had no answer that arrived (5.3.2d)."
    if case.steps_to_close:
        steps = ", ".join(case.steps_to_close)
        return f"{number}: steps of the hard-complaint instruction are open: {steps} (5.3.2c)."
    return None


def _verbs(name: str, case: CaseStand, then: str, *, by_agent: bool) -> tuple[str, ...]:
    """The steps of the case's life that an action takes; an agent who acts on a case assigned to them accepts it."""
    begin: tuple[str, ...] = ()
    if name in {"reply", "ask_leader", "hand_to_pic", "wait_for_customer", "resolve"} and by_agent:
        begin = {CaseStatus.ASSIGNED: ("accept", "start"), CaseStatus.ACCEPTED: ("start",)}.get(case.status, ())
    if name == "hand_to_pic" and case.status is CaseStatus.WAITING_CUSTOMER:
        begin = ("resume",)  # it is the unit that is waited for then
    if name == "reply":
        there = then == "wait_for_customer" and case.status is CaseStatus.WAITING_CUSTOMER
        return begin if then == "go_on" or there else (*begin, then)
    if name in {"ask_leader", "hand_to_pic"}:
        return (*begin, *_open_only(case))
    own = {"note": (), "advise": (), "customer_says": (), "tick_steps": ()}
    return (*begin, *own.get(name, (name,)))


def _open_only(case: CaseStand) -> tuple[str, ...]:
    # A case that is over knows no such step: the life refuses it with the states it would be possible in.
    return ("start",) if case.status in {CaseStatus.RESOLVED, CaseStatus.CLOSED} else ()
