"""Shows what an edited copy of the lexicons does to the labelled sample, and takes it into force if you say so.

**Trigger.** By hand, by whoever edits lexicons: run `desk` with nothing filled in and a copy of `data/lexicons` to edit
is made; edit it, run again, look, and when it is good run once more with **Take it** and your staff code.

**What it does.** Recognises the project's own labelled sample (`data/samples`) with the lexicons in force and with the
copy, and compares. **Learn the weights anew** fits the copy's `learned.yaml` to the sample first. Taking puts the files
that differ in force, journals who took which, and judges every account again by them; open cases stay as they are.

**What it leaves.** The artifact `lexicon-change`: each figure before and after, and every text and account of the
sample that would be recognised otherwise, the worse ones first.

**What may go wrong.** `Refused`: nothing was taken; the run's message says why: a file that cannot be used (with file,
line and reason), a figure below its floor (`data/samples/floors.yaml`), a copy of what is no longer in force, somebody
who may not. Runs that are at work while files are replaced keep those they have read.

Clauses: 5.2.1, 5.3.1, 5.3.2c.
"""

from __future__ import annotations

from prefect import flow
from prefect.states import State

from tasks.recognition import take_lexicons, told, try_lexicons
from tasks.recognition_forms import LexiconChange


@flow(name="change-lexicons", flow_run_name="lexicons · take {change.take}", description=__doc__)
def change_lexicons(change: LexiconChange = LexiconChange()) -> State[None]:  # noqa: B008 (frozen)
    """Try, and take where it is asked for; the module's manual says what each means."""
    tried = try_lexicons(change)
    refusal = take_lexicons(change, tried) if change.take and not tried.wrong else None
    return told(change, tried, refusal)
