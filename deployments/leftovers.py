"""Ends the runs that a power cut left behind, before a worker starts: `python -m deployments.leftovers`.

Prefect takes a run for alive until it hears otherwise, counts it against the limits of its deployment and its work
queue, and so would keep every later one waiting. While no worker runs, nothing can be at work.
"""

from __future__ import annotations

import sys
from uuid import UUID

from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterState, FlowRunFilterStateType
from prefect.client.schemas.objects import StateType
from prefect.states import Crashed

AT_WORK = [StateType.PENDING, StateType.RUNNING, StateType.CANCELLING]
AT_ONCE = 200


def end_leftovers() -> int:
    """Mark every run that stands at work as crashed; returns how many. Follow-ups are replaced by `watch-cases`."""
    ended: set[UUID] = set()
    at_work = FlowRunFilter(state=FlowRunFilterState(type=FlowRunFilterStateType(any_=AT_WORK)))
    with get_client(sync_client=True) as prefect:
        while fresh := {run.id for run in prefect.read_flow_runs(flow_run_filter=at_work, limit=AT_ONCE)} - ended:
            for run_id in fresh:
                crashed = Crashed(message="Its process was gone when the desk was started again.")
                prefect.set_flow_run_state(run_id, crashed, force=True)
            ended |= fresh
    return len(ended)


if __name__ == "__main__":
    end_leftovers()
    sys.exit(0)
