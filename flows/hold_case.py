"""Puts a case on legal hold, or lifts the hold: while it is on, nothing of the case is taken away.

**Trigger.** By hand, by a supervisor, on duty or not: run `desk`, choose what to do, give the case's number, your staff
code and the reason.

**What it does.** A case on hold, its account and what that said, in its other cases too, are exempt from retention and
from erasure (clause 6), however long they are kept already. A lifted hold leaves the case to the register of records
again.

**What it leaves.** The hold with its reason in the records, the act without it in the journal; `retention` lists the
cases on hold.

**What may go wrong.** `Refused`: nothing was done; the run's message says why and who could do it. What was anonymised
before cannot be brought back by a hold.

Clauses: 6.
"""

from __future__ import annotations

from prefect import flow
from prefect.states import State

from tasks.records_forms import HoldForm
from tasks.retention import hold_told, place_or_lift


@flow(name="hold-case", flow_run_name="{hold.case} · {hold.by} · {hold.do} hold", description=__doc__)
def hold_case(hold: HoldForm) -> State[None]:
    """Place or lift; the module's manual says what each means."""
    return hold_told(place_or_lift(hold))
