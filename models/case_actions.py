"""What people do to cases, written down: each action in one transaction, once for each flow run (5.3.2a-d).

`models/desk_rules.py` decides whether it may be done; here it is done: steps of the life, clocks, what was said,
tickets, notices, journal.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update

from models.agent_actions import AGENT_ACTIONS
from models.case_reading import case_rows, case_stands, desk_people
from models.case_replies import ReplyRefused
from models.case_rules import ActionRefused, DeskRules
from models.case_steps import CaseHand, take_case_step
from models.cases import CaseRow, DeskActionRow, case_number
from models.desk_rules import judge_action
from models.leader_actions import LEADER_ACTIONS
from models.ticket_book import TicketRefused

DOING = AGENT_ACTIONS | LEADER_ACTIONS


@dataclass(frozen=True, slots=True)
class Acted:
    """What became of an action. `told` is the sentence for the person; `ticket_id` is of a ticket opened or moved."""

    case_id: int
    told: str
    refused: bool
    ticket_ids: tuple[int, ...] = ()


def act(
    connection: Connection, action: str, form: Mapping[str, Any], run_id: str, desk: DeskRules, now: datetime
) -> Acted:
    """Do what a form says to a case at `now` (UTC), or refuse it; the same run is told the same again.

    `form` has the fields of the form: `case_id`, `by`, `as_seen` and those of the action.
    """
    known = connection.execute(select(DeskActionRow.__table__).where(DeskActionRow.flow_run_id == run_id)).one_or_none()
    if known is not None:
        tickets: tuple[int, ...] = (known.ticket_id,) if known.ticket_id else ()
        return Acted(known.case_id, known.told, known.outcome == "refused", tickets)
    people = desk_people(connection, now)
    found = case_rows(connection, [form["case_id"]])
    if not found:
        return Acted(0, f"case: there is no {case_number(form['case_id'])}; give the number of a case.", True)
    case, actor = found[0], people.person(form["by"])
    stand = case_stands(connection, [case], desk.hard_complaint)[case.id]
    verdict = judge_action(
        action, stand, actor, people.on_duty, as_seen=form.get("as_seen"), then=form.get("then", "go_on")
    )
    code = actor.code if actor else "unknown"
    hand = CaseHand(connection, case, code, people, desk.rules.instruction, now)
    if verdict.refusal:
        return _refused(hand, action, verdict.clause, verdict.refusal, run_id)
    try:
        with connection.begin_nested():
            for verb in verdict.verbs if action != "reassign" else ():  # whom it goes to is still to be found
                take_case_step(hand, verb, {"form": action, "agent": case.agent})
            told, tickets = DOING[action](hand, form, desk, run_id)
    except (ActionRefused, ReplyRefused, TicketRefused) as refused:
        return _refused(hand, action, verdict.clause, str(refused), run_id)
    connection.execute(update(CaseRow).where(CaseRow.id == case.id).values(version=CaseRow.version + 1))
    _note_action(hand, action, run_id, "done", told, tickets)
    return Acted(case.id, told, False, tickets)


def _refused(hand: CaseHand, action: str, clause: str, why: str, run_id: str) -> Acted:
    """Keep that it was refused; why stands with the action, since it may repeat what was typed."""
    hand.journal("action_refused", clause, {"action": action})
    _note_action(hand, action, run_id, "refused", why, ())
    return Acted(hand.case.id, why, True)


def _note_action(hand: CaseHand, action: str, run_id: str, outcome: str, told: str, tickets: tuple[int, ...]) -> None:
    values = {
        "flow_run_id": run_id,
        "case_id": hand.case.id,
        "ticket_id": tickets[0] if tickets else None,
        "action": action,
        "actor": hand.actor,
        "outcome": outcome,
        "told": told[:1000],
        "at": hand.now,
    }
    hand.connection.execute(insert(DeskActionRow), values)
