"""Anonymises or deletes what has been kept long enough, by the register of records; or shows what it would do.

**Trigger.** Every night as `nightly`, never two at once; only what the schedule starts there needs nobody's staff code.
By hand as `by-hand`: a dry run, unless you take the tick away and give a supervisor's staff code; with `types` only
those.

**What it does.** `data/records.yaml` says of each type of records how long it is kept, from when, what is done then,
which post answers for it and why (clause 6). Closed cases lose what was said in them and whose they were, and keep
their numbers, moments, states, clocks and verdicts: the sums of the KPIs stay as they are. Accounts of which nothing
is left are forgotten; quarantined rows, old answers to requests, Prefect's ended runs and old artifacts are deleted.
Open cases are never touched. A case on legal hold, its account and what that said, in other cases too, are left alone
(`hold-case`). So is, for a later run, a case with an answer still to be sent, and what platforms are still asked about.

**What it leaves.** The artifact `retention`: by type what was due, done and exempt, and why. The journal has an entry
for each type with its counts, and one for each case and account anonymised.

**What may go wrong.** Killed at any point, each record is as it was or wholly done, and the next run goes on. `Not done
to its end`: the artifact says which type, the others were done. `Refused`: nothing was done; the message says why. A
line of `data/records.yaml` is named: the file is wrong there, and nothing is done by a wrong file. A `backfill` over a
time that was anonymised pulls its mentions anew.

Clauses: 6.
"""

from __future__ import annotations

from datetime import datetime

from prefect import flow
from prefect.states import State

from models.unit_hours import JAKARTA
from tasks.follow_ups import refused
from tasks.records_forms import RetentionRequest
from tasks.retention import (
    carry_out_type,
    check_who_asks,
    find_due,
    publish_retention,
    retention_told,
    type_report,
)


def _run_name() -> str:
    return f"retention {datetime.now(JAKARTA):%d %b %H:%M:%S} WIB"


@flow(name="apply-retention", flow_run_name=_run_name, description=__doc__, validate_parameters=True)
def apply_retention(request: RetentionRequest = RetentionRequest()) -> State[None]:  # noqa: B008 (frozen)
    """Look, carry out type by type, report; the module's manual says what each means."""
    asked = check_who_asks(request)
    if asked.refusal:
        return refused(asked.refusal)
    plan = find_due(asked)
    wanted = () if asked.dry_run else plan.types
    done = [type_report(verdict, carry_out_type(asked, verdict, return_state=True)) for verdict in wanted]
    publish_retention(asked, plan, done)
    return retention_told(asked, plan, done)
