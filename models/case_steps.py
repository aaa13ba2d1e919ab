"""A case in somebody's hands: the steps of its life with all that follows from them, for one person's action."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from models.case_book import LIVES_AGAIN
from models.case_clocks import (
    clock_row,
    harden_clocks,
    pause_clocks,
    resume_clocks,
    run_again,
    soften_clocks,
    start_case_clocks,
    stop_case_clocks,
)
from models.case_hearing import engage_leaders
from models.case_life import CaseStatus, take_step
from models.case_notices import CaseNotice, said_of, write_notices
from models.case_reading import DeskPeople
from models.cases import WITHOUT_AGENT, CaseRow, ClockRow, InteractionRow, case_number
from models.clocks import ClockKind
from models.desk_roster import staff_ids
from models.journal import entry, write_journal
from models.revisions import instructions_for
from models.safe_text import clean
from models.ticket_rows import TicketRow
from models.work_instruction import WorkInstruction


@dataclass(frozen=True, slots=True)
class CaseHand:
    """A case while `actor` (a staff code, or a flow) does something to it at `now` (UTC), in one transaction.

    `case` is its row as it was before, with the codes of agent and team leader; `in_force` is the work instruction of
    today, which the case goes by only where it was opened under it.
    """

    connection: Connection
    case: Row[Any]
    actor: str
    people: DeskPeople
    in_force: WorkInstruction
    now: datetime

    @property
    def instruction(self) -> WorkInstruction:
        """The work instruction as it was when the case was opened."""
        revision = self.case.revision
        return instructions_for(self.connection, [revision], self.in_force).of(revision)

    @property
    def number(self) -> str:
        """The case's number."""
        return case_number(self.case.id)

    @property
    def said(self) -> str:
        """The case in a few words for a notice's title."""
        return said_of(self.case.id, self.case.severity == "hard", self.case.problem)

    @property
    def agent(self) -> str | None:
        """Its agent's code; None while it waits for one, whoever had it before."""
        return None if self.case.status in WITHOUT_AGENT else self.case.agent

    @property
    def status(self) -> CaseStatus:
        """Where it stands now, with what has been done so far."""
        return CaseStatus(
            self.connection.execute(select(CaseRow.status).where(CaseRow.id == self.case.id)).scalar_one()
        )

    def set(self, **values: Any) -> None:
        """Change columns of the case."""
        self.connection.execute(update(CaseRow).where(CaseRow.id == self.case.id).values(**values))

    def say(self, kind: str, text: str) -> None:
        """Keep something said among ourselves."""
        row = {"case_id": self.case.id, "author": self.actor, "text": clean(text), "at": self.now}
        self.connection.execute(insert(InteractionRow), row | {"direction": "internal", "kind": kind})

    def journal(self, event: str, clause: str, detail: Mapping[str, Any]) -> None:
        """Append to the journal; references and verdicts only."""
        made = entry(self.now, event, clause, self.instruction, detail, case_id=self.case.id, actor=self.actor)
        write_journal(self.connection, [made])

    def tell(self, recipients: Sequence[str], kind: str, title: str, cause: str | None = None) -> None:
        """Tell people of the desk, once for each cause; the person who acts need not be told."""
        why = cause or f"{self.now:%Y%m%d%H%M%S%f}"
        told = [code for code in dict.fromkeys(recipients) if code != self.actor]
        write_notices(self.connection, [CaseNotice(to, self.case.id, kind, why, title) for to in told], self.now)

    def leader_engaged(self) -> None:
        """A team leader, or a supervisor, is at work on it (5.3.2b, c); who took it over keeps it."""
        self.set(leader_asked_at=None)
        if self.case.taken_over_at is None and self.actor in self.people.on_duty.get("team_leader", []):
            self.set(team_leader_id=staff_ids(self.connection)[self.actor])
        stop_case_clocks(self.connection, [self.case.id], self.now, [ClockKind.LEADER_ENGAGED])

    def give_to(self, agent: str) -> None:
        """Make `agent` the case's agent; their time to accept it begins."""
        agent_id = staff_ids(self.connection)[agent]
        verdict = {"agent": agent, "reasons": [f"4.1: {self.actor} gave it to them."], "passed_over": {}}
        self.set(agent_id=agent_id, assigned_at=self.now, assignment=verdict, taken_over_at=None)
        rules = self.instruction
        due = self.now + rules.assignment.accept_within
        row = clock_row(self.case.id, ClockKind.ACCEPT, self.now, due, rules.clocks)
        self.connection.execute(insert(ClockRow), row)


def take_case_step(hand: CaseHand, verb: str, detail: Mapping[str, Any] | None = None) -> None:
    """Take one step of a case's life with its clocks and its journal entry. Raises `IllegalTransition`."""
    before = hand.status
    step = take_step(before, verb)
    hand.set(status=step.status.value, **_columns(hand, verb))
    if before is CaseStatus.WAITING_CUSTOMER and step.status is not before:
        resume_clocks(hand.connection, [hand.case.id], hand.now, hand.instruction)
    _clocks(hand, verb)
    hand.journal(step.event, step.clause, {"was": before.value, **(detail or {})})


def _columns(hand: CaseHand, verb: str) -> dict[str, Any]:
    """What else a step changes about the case."""
    now, rules = hand.now, hand.instruction.cases
    changes: dict[str, dict[str, Any]] = {
        "accept": {"passed_by": None},
        "wait_for_customer": {"look_at": now + rules.customer_silent_after},
        "resume": {"look_at": None},
        "resolve": {"resolved_at": now, "look_at": now + rules.close_after, "leader_asked_at": None},
        "take_back": {"resolved_at": None, "look_at": None},
        "close": {"closed_at": now, "look_at": None},
        "reopen": {"resolved_at": None, "closed_at": None, **LIVES_AGAIN},
        "take_over": {"taken_over_at": now, "leader_asked_at": None, "look_at": None},
        "give_back": {"taken_over_at": None},
        "reassign": {"look_at": None},
        "declare_hard": {"severity": "hard"},
        "withdraw_hard": {"severity": "standard"},
    }
    leader = {"team_leader_id": staff_ids(hand.connection)[hand.actor]} if verb == "take_over" else {}
    return changes.get(verb, {}) | leader


def _clocks(hand: CaseHand, verb: str) -> None:
    """What a step means for the case's clocks."""
    connection, ids, now, rules = hand.connection, [hand.case.id], hand.now, hand.instruction
    match verb:
        case "accept" | "reassign":
            stop_case_clocks(connection, ids, now, [ClockKind.ACCEPT])
        case "take_over":
            stop_case_clocks(connection, ids, now, [ClockKind.ACCEPT, ClockKind.LEADER_ENGAGED])
        case "wait_for_customer":
            pause_clocks(connection, hand.case.id, now)
        case "resolve":  # that of the first response stops when the answer arrives
            stop_case_clocks(connection, ids, now, set(ClockKind) - {ClockKind.FIRST_RESPONSE})
        case "take_back":
            run_again(connection, hand.case.id, hand.case.resolved_at, rules.clocks)
        case "reopen":
            hard = hand.case.severity == "hard"
            start_case_clocks(connection, {hand.case.id: hard}, now, rules)
            engage_leaders(connection, ids if hard else [], now)
        case "declare_hard":
            harden_clocks(connection, ids, now, rules)
            followed = (TicketRow.case_id == hand.case.id, TicketRow.next_wake_at.is_not(None))
            connection.execute(update(TicketRow).where(*followed).values(next_wake_at=now))
        case "withdraw_hard":
            soften_clocks(connection, hand.case.id, now, rules)
