"""Checks that the journal still says what was written: every entry, its place, and the head of the last check.

**Trigger.** Every night; by hand whenever in doubt (no parameters).

**What it does.** Goes along the whole journal, oldest entry first. Each entry carries the hash of the one before it and
its own, over all it says: an entry that was changed, put in, moved or taken away no longer fits, whoever did it and
however. What the chain alone cannot show, entries taken away from its end or a journal sealed anew from some entry on,
shows by the head of the last good check, which is kept outside the desk's database in the Prefect variable
`journal_anchor`.

**What it leaves.** The artifact `journal-check`: how many entries fit and the head; or the first broken entry with its
time, event and actor, why it does not fit, and what to do. The variable `journal_anchor`, after a good check only.

**What may go wrong.** `Broken`: the run's message names the first entry that does not fit. Keep a copy of the database
as it is, compare with the backup of the day before, find out who could write to it; the desk works on meanwhile, and
every further check says `Broken` until the entry is as it was. After the desk has begun anew or a backup was restored,
the remembered head is gone and rightly said to be: delete the variable, the next check remembers the new head. `… is no
head of a journal`: somebody has changed the variable; put the head from an earlier `journal-check` into it. The same
check without a Prefect server: `python -m deployments.verify_journal --anchor ID:HASH`.

Clauses: 6.
"""

from __future__ import annotations

from datetime import datetime

from prefect import flow
from prefect.states import State

from models.unit_hours import JAKARTA
from tasks.journal import as_checked, check_the_journal, publish_journal_check, remember_head


def _run_name() -> str:
    return f"journal {datetime.now(JAKARTA):%d %b %H:%M:%S} WIB"


@flow(name="verify-journal", flow_run_name=_run_name, description=__doc__)
def verify_journal() -> State[None]:
    """Check, remember, report; the module's manual says what each means."""
    verdict = check_the_journal()
    remember_head(verdict)
    publish_journal_check(verdict)
    return as_checked(verdict)
