"""Takes a change that a unit pushes about a ticket, and wakes the ticket's follow-up.

**Trigger.** A unit starts it through the Prefect API, deployment `push`, with its code, the change as JSON text, the
Unix time and the signature: `sha256=` and the hex HMAC-SHA256, by the unit's signing key, over time, line break, text.

**What it does.** Checks the signature and that it is at most five minutes old, keeps the change once (`update_id`),
and wakes the follow-up at once (clause 4.4). Units that do not push are asked by `watch-cases`.

**What it leaves.** The change in the ticket's case file.

**What may go wrong.** `signature: does not match`: compare the signing keys of both sides; nothing was taken in.
`timestamp: more than 5 minutes off`: the unit's clock is wrong, an old push was sent again, or the run had to wait
for a worker so long; `watch-cases` pulls the change then.

Clauses: 4.4.
"""

from __future__ import annotations

from typing import Annotated

from prefect import flow
from pydantic import Field

from tasks.unit_pushes import take_push, wake


@flow(name="receive-unit-update", flow_run_name="push of {unit}", description=__doc__)
def receive_unit_update(
    unit: Annotated[str, Field(max_length=32, description="The unit's code.")],
    body: Annotated[str, Field(max_length=10_000, description="update_id, reference, status, changed_at, note.")],
    timestamp: Annotated[int, Field(description="Unix seconds at which it was signed.")],
    signature: Annotated[str, Field(max_length=100, description="sha256=<hex>")],
) -> None:
    """Check, keep, wake."""
    ticket_id = take_push(unit, body, timestamp, signature)
    if ticket_id is not None:
        wake(ticket_id)
