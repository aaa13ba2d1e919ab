"""Explains a case: each verdict about it and its customer's account, by the clause and revision it was given under.

**Trigger.** By hand: run `desk` with the number of a case. Nothing about the case is changed.

**What it does.** Goes through the journal in order: the account judged, the case opened, assigned, declared hard, its
clocks warned, breached and escalated, resolved, closed. To each verdict it puts what its clause demanded in the
revision of the work instruction that was in force for the case, the settings under that clause then, and what is
different today (clause 7).

**What it leaves.** The artifact `explained-c-000123`. The artifact `work-instruction`, which it refers to, has the
revision in force and the register of all of them.

**What may go wrong.** `Refused`: there is no case of that number. `Not on record`: the verdict is older than the
register of revisions; its clause and number are all that is known. Where `data/work_instruction.yaml` was changed and
its revision left as it was, the case is explained by what is registered: `intake-mentions` refuses such a file.

Clauses: 5.2.1, 5.3.1, 5.3.2, 7.
"""

from __future__ import annotations

from typing import Annotated

from prefect import flow
from prefect.states import State
from pydantic import Field

from tasks.revisions import explain, told


@flow(name="explain-case", flow_run_name="{case} explained", description=__doc__, validate_parameters=True)
def explain_case(
    case: Annotated[str, Field(pattern=r"^C-\d{6,9}$", title="Case", description="For instance C-000012.")],
) -> State[None]:
    """Explain; what is in force is as the register has it."""
    return told(case, explain(case))
