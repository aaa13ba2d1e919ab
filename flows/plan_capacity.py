"""Says how many agents a shift needs for an aim, given the complaints and handle times observed.

**Trigger.** By hand, by a supervisor who plans a roster: run `by-hand`; as it stands it asks for the morning shift,
95 % of the complaints with an agent within 5 minutes, by the last four weeks.

**What it does.** Takes the complaints that came in the shift's hours and how long each was in hand, and asks of ever
more agents what they would reach: by Erlang C (everybody waits) and Erlang A (those whose patience is over go) for the
busiest hour, and by replaying those very complaints through the desk's own rules of assignment on a simulated clock.

**What it leaves.** The artifact `capacity`: the answer, a chart, a table. Nothing is changed.

**What may go wrong.** `Refused`: the hours or days make no shift; the message names the field. With few complaints the
answer is as rough as they are few.

Clauses: 4.1, 5.1.4.
"""

from __future__ import annotations

from prefect import flow
from prefect.states import State

from tasks.capacity import CapacityRequest, plan
from tasks.kpi_reports import as_reported
from tasks.kpis import now_utc


@flow(name="plan-capacity", description=__doc__, validate_parameters=True)
def plan_capacity(request: CapacityRequest = CapacityRequest()) -> State[None]:  # noqa: B008 (frozen)
    """Look, reckon, replay, show; the module's manual says what each means."""
    return as_reported(plan(request, now_utc()))
