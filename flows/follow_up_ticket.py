"""Carries one ticket to the responsible unit and watches it until the customer's case is completely settled.

**Trigger.** By hand: run `pic` with the number of a ticket, or with a case (and, if you like, unit and problem) to
open one. By itself: a ticket that has no run gets one from `watch-cases`. One run a ticket, for its whole life; a
second one for the same ticket takes over and ends the first.

**What it does.** Sends the ticket to its unit (clause 4.4), repeating failed calls as `data/units.yaml` says for that
unit. Then it waits without a process, suspended, and is woken when something is due, when the unit has said
something, or by you. A unit that says nothing is chased; a clock that is nearly up warns the PIC, one that is up goes
to the next post of the unit's ladder, the PIC and the supervisor. When the unit says it is solved, the agent asks the
customer (5.3.2d).

**While it waits** open the run and press Resume: the form takes what a PIC does. `check` looks now; `acknowledged`,
`in_progress`, `settled`, `refused` are what a unit said by phone; `redirect` sends it to another unit; `escalate`
tells the next post; `change_look` sets the next look; `customer_confirmed` ends it; `customer_not_solved` sends it
back; a note is kept beside any of them.

**What it leaves.** The artifact `ticket-t-000123`: where it stands, clocks, contacts with the unit, and everything
that happened with its clause.

**What may go wrong.** The unit cannot be reached: the ticket stands with the PIC, who phones, and it is tried again.
The unit refuses it: the PIC redirects it. A run that was cancelled, deleted or whose process died is replaced by
`watch-cases` within a minute or two, one that fell silent within five; nothing is sent twice. Runs of one ticket that
fail one after the other are replaced ever more slowly. `Cancelled: taken over by run …` is a takeover.

Clauses: 4.3, 4.4, 5.3.2a, 5.3.2d.
"""

from __future__ import annotations

from prefect import flow
from prefect.flow_runs import suspend_flow_run
from prefect.states import Cancelled, State

from models.ticket_book import TakenOver
from models.ticket_steps import StepKind, TicketVerdict
from tasks.contacts import contact
from tasks.follow_up_forms import FollowTicket, OpenTicket, PicUpdate
from tasks.holding import Held
from tasks.pic_updates import record_update
from tasks.ticket_reports import publish_case_file
from tasks.tickets import ask, finish, go_to_wait, look, mark_clock, raise_level, take_on, take_updates


@flow(name="follow-up-ticket", description=__doc__, validate_parameters=True)
def follow_up_ticket(request: FollowTicket | OpenTicket) -> State[None] | None:
    """Take on, look, do what is to be done, wait; the module's manual says what each means."""
    try:
        held = take_on(request)
        while (verdict := look(held)).kind is not StepKind.FINISH:
            if verdict.kind is StepKind.WAIT:
                wait_for_word(held, verdict)
            else:
                carry_out(held, verdict)
        publish_case_file(held, verdict)
        finish(held)
    except TakenOver as taken_over:
        return Cancelled(message=str(taken_over))
    return None


def wait_for_word(held: Held, verdict: TicketVerdict) -> None:
    """Suspend until the run is woken. The process that wakes begins at `take_on`, which records what it was woken
    with; a replay in between finds the same words here, and they count once."""
    wait = go_to_wait(held, verdict)
    briefing = publish_case_file(held, verdict)
    form = PicUpdate.with_initial_data(description=briefing)
    record_update(held, wait.waits, suspend_flow_run(wait_for_input=form, key=wait.key))


def carry_out(held: Held, verdict: TicketVerdict) -> None:
    """Do what the verdict says."""
    match verdict.kind:
        case StepKind.TAKE_UPDATES:
            take_updates(held)
        case StepKind.WARN | StepKind.BREACH:
            mark_clock(held, verdict, breach=verdict.kind is StepKind.BREACH)
        case StepKind.RAISE:
            raise_level(held, verdict)
        case StepKind.ASK:
            ask(held, verdict)
        case StepKind.DISPATCH | StepKind.CHASE | StepKind.ESCALATE:
            contact(held, verdict.kind)
        case _:
            raise AssertionError(f"{verdict.kind}: nothing here carries it out")
