"""Does what an agent, a team leader, a supervisor or a PIC does to a case: accept, answer, hand over, settle.

**Trigger.** By hand: a link of the `live-board` or of a case file opens the form filled in; or run `desk` and choose
what to do. Give your staff code.

**What it does.** Checks that you hold the role, are on duty and have the case where that matters, then does it in one
transaction with its clocks and its journal entries (clauses 5.3.2a-d). An answer goes out to the customer's platform,
once; a ticket for a unit gets its follow-up; colleagues whom it concerns are told. The agent answers, notes, asks the
team leader, hands to the PIC, waits, resolves and closes; the team leader advises, takes over, gives back, reassigns;
a hard complaint is declared, its steps ticked, withdrawn.

**What it leaves.** The case file `case-c-000123`, up to date. The run's name tells who did what; its message what came
of it.

**What may go wrong.** `Refused`: nothing was done; the run's message says why and who could do it. Somebody else was
quicker: the case file shows what they did. An answer that the platform does not take comes back to you as a notice
with the reason; one that it cannot take just now is sent later by `watch-cases`.

Clauses: 4.1, 4.2, 5.3.2a, 5.3.2b, 5.3.2c, 5.3.2d.
"""

from __future__ import annotations

from functools import partial

from prefect import flow
from prefect.states import State

from tasks.case_events import tell_prefect
from tasks.case_files import publish_case_file_of
from tasks.desk_actions import act_on_case, move_tickets, told
from tasks.desk_forms import DeskAction
from tasks.notices import deliver_notices
from tasks.replies import deliver_replies


@flow(name="handle-case", flow_run_name="{action.case} · {action.by} · {action.do}", description=__doc__)
def handle_case(action: DeskAction) -> State[None]:
    """Act, send, start, tell, report; the module's manual says what each means."""
    acted = act_on_case(action)
    follow = [] if acted.refused else [partial(move_tickets, acted), deliver_replies, deliver_notices, tell_prefect]
    for step in [*follow, partial(publish_case_file_of, acted)]:
        step(return_state=True)  # what was done is done; what fails here `watch-cases` makes good
    return told(acted)
