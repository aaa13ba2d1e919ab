"""The team leader's real-time monitor: clocks, cases without anybody at work on them, units, follow-ups; live board.

**Trigger.** Every minute (every 15 s in the sandbox), never two at once.

**What it does.** Warns when 80 % of a case's clock is used up, breaches it at 100 % and escalates: the agent, the team
leader on duty, the supervisor, each told once for each cause and in one message (clause 4.2). A case not accepted in
time goes to the next eligible agent, an agent who goes off duty hands over, a case without an agent gets one as soon
as one is eligible (4.1, 5.1.1). Reminds of customers who do not answer; closes resolved cases that are completely
settled (5.3.2d). Sends answers that could not be sent at once. Asks every unit with an API, in one call each, what has
changed (4.4), and wakes the follow-ups that are due or about which something was said; a follow-up whose run crashed,
was cancelled, was deleted, or is unknown to the Prefect server is given a new one, never two.

**What it leaves.** The artifact `live-board`: the open cases, most urgent first, each leading to the customer's post,
its case file and the filled-in forms of what can be done now; beside it `live-board-agents` and `live-board-leaders`.
`follow-ups`: the open tickets, each linked to its case file and its run. `candidates`: the accounts a person has to
decide about; `quarantine`: what was refused and why; both lead to their forms.

**What may go wrong.** Nobody on duty: the supervisor is told once. A unit that does not answer is named in
`follow-ups` and asked again in the next round; nothing is lost. `create the block unit-access/…`: the unit's address
and signing key are missing.

Clauses: 4.1, 4.2, 4.3, 4.4, 5.3.2a, 5.3.2b, 5.3.2c, 5.3.2d.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from prefect import State, flow
from prefect.futures import wait

from models.unit_hours import JAKARTA
from tasks.account_reviews import publish_candidates
from tasks.case_events import tell_prefect
from tasks.case_files import publish_live_board
from tasks.case_watching import watch_over_cases
from tasks.notices import deliver_notices
from tasks.quarantine import publish_quarantine
from tasks.replies import deliver_replies
from tasks.watching import (
    end_dead_pushes,
    look_after_follow_ups,
    publish_follow_ups,
    pull_unit,
    pulled,
    units_to_ask,
)


def _run_name() -> str:
    return f"watch {datetime.now(JAKARTA):%d %b %H:%M:%S} WIB"


@flow(name="watch-cases", flow_run_name=_run_name, description=__doc__)
def watch_cases() -> list[State[Any]]:
    """Watch over cases and answers, pull, wake and restart, tell, report. A step that fails keeps no other from being
    done, and the round ends as failed."""
    asked = {code: pull_unit.submit(code) for code in units_to_ask()}
    steps = [watch_over_cases(return_state=True), deliver_replies(return_state=True)]
    wait(list(asked.values()))
    steps.append(end_dead_pushes(return_state=True))
    looked_after = look_after_follow_ups(return_state=True)
    boards = (publish_live_board, publish_candidates, publish_quarantine)
    steps += [step(return_state=True) for step in (deliver_notices, tell_prefect, *boards)]
    steps += [looked_after, *(pull.state for pull in asked.values())]
    told = [pulled(code, pull) for code, pull in asked.items()]
    return [*steps, publish_follow_ups(told, looked_after, return_state=True)]
