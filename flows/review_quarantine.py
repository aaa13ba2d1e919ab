"""Decides about a row that was refused at the platforms' doors or by the checks: let in after all, or dropped.

**Trigger.** By hand, by a team leader or a supervisor, on duty or not: a link of the artifact `quarantine` opens the
form filled in; or run `desk` and choose. Give your staff code.

**What it does.** Release: the row is read once more by the door it came by, with what you correct in the form (text,
time, ids), goes through the same checks, and is stored under the account of ours it was said to (clause 5.3.1). The
next intake judges its author and opens a case where one is due, as for any mention. Drop: nothing more is done with
it. Both are kept with your reason; the platform's answer is kept as it came.

**What it leaves.** The artifact `quarantine`: how many rows were refused for what, and the newest that nobody has
decided about. The journal has who released or dropped which row, never its words.

**What may go wrong.** `Refused`: nothing was done; the run's message says why. A row that the checks refuse again
stays where it is, with the new reasons in the message: correct what they name. What a unit sent is no mention: drop
it, and note what the unit said in its ticket's form. A released row that the platform sends again is one mention.

Clauses: 5.1.2, 5.1.4, 5.3.1.
"""

from __future__ import annotations

from prefect import flow
from prefect.states import State

from tasks.account_reviews import told
from tasks.quarantine import decide_on_row, publish_quarantine
from tasks.review_forms import RowForm


@flow(name="review-quarantine", flow_run_name="{decision.row} · {decision.by} · {decision.do}", description=__doc__)
def review_quarantine(decision: RowForm) -> State[None]:
    """Decide, report; the module's manual says what each means."""
    decided = decide_on_row(decision)
    publish_quarantine(return_state=True)  # what was decided is decided; `watch-cases` makes good what fails here
    return told(decided)
