"""What an agent does to a case, besides the steps of its life: answers, asks, hands over, settles (5.3.2a, d)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from models.case_notices import leader_for
from models.case_reading import case_stands
from models.case_replies import queue_reply
from models.case_rules import DeskRules, Done
from models.case_steps import CaseHand
from models.desk_roster import staff_ids
from models.ticket_book import open_ticket, take_ticket_step
from models.ticket_reading import pic_code, ticket_row
from models.ticket_rows import ticket_number

Doing = Callable[[CaseHand, Mapping[str, Any], DeskRules, str], Done]
"""What an action does: the case in hand, the form, the rules and the flow run in; the sentence to tell and tickets
out."""


def _accept(hand: CaseHand, form: Mapping[str, Any], desk: DeskRules, run_id: str) -> Done:
    return f"{hand.number} is yours now.", ()


def _reply(hand: CaseHand, form: Mapping[str, Any], desk: DeskRules, run_id: str) -> Done:
    told = queue_reply(hand, form["text"], form["answer_as"], form["answered_in_app"], desk.may_post)
    after = {"wait_for_customer": " The case waits for the customer.", "resolve": " The case is resolved."}
    return told + after.get(form["then"], ""), ()


def _note(hand: CaseHand, form: Mapping[str, Any], desk: DeskRules, run_id: str) -> Done:
    hand.say("note", form["note"])
    hand.journal("note_added", "5.3.2a", {})
    return f"{hand.number}: noted.", ()


def _ask_leader(hand: CaseHand, form: Mapping[str, Any], desk: DeskRules, run_id: str) -> Done:
    hand.say("question", form["question"])
    leader = leader_for(hand.case.id, hand.case.team_leader, hand.people.on_duty.get("team_leader", []))
    leader_id = staff_ids(hand.connection)[leader] if leader else hand.case.team_leader_id
    hand.set(leader_asked_at=hand.case.leader_asked_at or hand.now, team_leader_id=leader_id)
    hand.journal("leader_asked", "5.3.2a", {"leader": leader})
    told = [leader] if leader else hand.people.told("supervisor")
    hand.tell(told, "leader_asked", f"{hand.said}: {hand.actor} asks for a team leader")
    return f"{hand.number}: {', '.join(told) or 'nobody'} was asked.", ()


def _hand_to_pic(hand: CaseHand, form: Mapping[str, Any], desk: DeskRules, run_id: str) -> Done:
    if form["for_the_pic"].strip():
        hand.say("note", form["for_the_pic"])
    ticket_id = open_ticket(
        hand.connection,
        hand.case.id,
        form["unit"],
        form["problem"],
        opening_key=f"run:{run_id}",
        actor=hand.actor,
        rules=desk.rules,
        now=hand.now,
    )
    ticket = ticket_row(hand.connection, ticket_id)
    pic = pic_code(hand.connection, ticket)
    number = ticket_number(ticket_id)
    if pic:
        hand.tell([pic], "ticket_opened", f"{number} of {hand.said} goes to {ticket.unit}: you follow it", number)
    return f"{hand.number}: {number} goes to {ticket.unit}; {pic or 'nobody'} follows it.", (ticket_id,)


def _wait_for_customer(hand: CaseHand, form: Mapping[str, Any], desk: DeskRules, run_id: str) -> Done:
    if form["waiting_for"].strip():
        hand.say("note", form["waiting_for"])
    return f"{hand.number} waits for the customer; the time to settle it stands still.", ()


def _customer_says(hand: CaseHand, form: Mapping[str, Any], desk: DeskRules, run_id: str) -> Done:
    verb = "verify" if form["solved"] else "send_back"
    stand = case_stands(hand.connection, [hand.case], desk.hard_complaint)[hand.case.id]
    ids = [int(number[2:]) for number in stand.settled]
    for ticket_id in ids:
        ticket = ticket_row(hand.connection, ticket_id)
        take_ticket_step(
            hand.connection, ticket, verb, desk.rules, hand.now, {}, actor=hand.actor, next_wake_at=hand.now
        )
    numbers = ", ".join(map(ticket_number, ids))
    return f"{hand.number}: {numbers} {'verified' if form['solved'] else 'back to the unit'}.", tuple(ids)


def _resolve(hand: CaseHand, form: Mapping[str, Any], desk: DeskRules, run_id: str) -> Done:
    if form["solution"].strip():
        hand.say("note", form["solution"])
    return f"{hand.number} is resolved; it is closed when nothing more is said.", ()


def _close(hand: CaseHand, form: Mapping[str, Any], desk: DeskRules, run_id: str) -> Done:
    if form["closing_note"].strip():
        hand.say("note", form["closing_note"])
    return f"{hand.number} is closed: completely settled.", ()


def _reopen(hand: CaseHand, form: Mapping[str, Any], desk: DeskRules, run_id: str) -> Done:
    hand.say("note", form["reopened_because"])
    return f"{hand.number} lives again; an agent gets it with the next round.", ()


AGENT_ACTIONS: dict[str, Doing] = {
    "accept": _accept,
    "reply": _reply,
    "note": _note,
    "ask_leader": _ask_leader,
    "hand_to_pic": _hand_to_pic,
    "wait_for_customer": _wait_for_customer,
    "customer_says": _customer_says,
    "resolve": _resolve,
    "close": _close,
    "reopen": _reopen,
}
"""What each action does."""
