"""Watches over the follow-ups: pulls what the units say, wakes the tickets that need it, replaces lost runs.

**Trigger.** Every minute (every 15 s in the sandbox), never two at once.

**What it does.** Asks every unit with an API, in one call each, what has changed (clause 4.4). Wakes the follow-ups
that are due or about which something was said; a ticket that only waits is left alone and costs nothing. A follow-up
whose run crashed, was cancelled, was deleted, or is unknown to the Prefect server is given a new one, never two.

**What it leaves.** The artifact `follow-ups`: the hundred open tickets that are looked at next, with unit, status,
PIC, next look and deadline, each linked to its case file and its run; how many processes the open ones took and how
many wakes found nothing to do.

**What may go wrong.** A unit that does not answer is named in `follow-ups` and asked again in the next round; nothing
is lost. `create the block unit-access/…`: the unit's address and signing key are missing.

Clauses: 4.3, 4.4, 5.3.2d.
"""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from prefect import flow
from prefect.futures import wait

from tasks.notices import deliver_notices
from tasks.watching import (
    end_dead_pushes,
    look_after_follow_ups,
    publish_follow_ups,
    pull_unit,
    units_to_ask,
)


def _run_name() -> str:
    return f"watch {datetime.now(ZoneInfo('Asia/Jakarta')):%d %b %H:%M:%S} WIB"


@flow(name="watch-cases", flow_run_name=_run_name, description=__doc__)
def watch_cases() -> None:
    """Pull, wake and restart, tell, report."""
    asked = [pull_unit.submit(code) for code in units_to_ask()]
    wait(asked)
    end_dead_pushes()
    outcome = look_after_follow_ups()
    deliver_notices()
    publish_follow_ups([pull.result() for pull in asked], outcome)
