"""Takes over what the desk knows of its customers and its people: registry, BOD list, staff, QA scores, assessments,
shifts, units' contacts, watched accounts.

**Trigger.** Every night from the watched folder (`data/desk`, or `CARE_REFERENCE_FOLDER`). By hand as `by-hand`: the
whole folder, one file of it, or rows pasted out of a spreadsheet; a dry run unless you say otherwise.

**What it does.** Reads CSV and XLSX as people make them: commas, semicolons or tabs, Indonesian or English headings,
days and decimal commas, title rows, stray blanks, handles with or without @ or as the address of a profile. What a
heading or a value may be called is in `data/reference_words.yaml`. Checks every row with Great Expectations. Takes all
files over in one transaction, or, with one row refused, nothing, unless *valid rows only* is chosen. An entry that is
no longer in the registry or the BOD list ends yesterday and stays on record; who is no longer on the staff list gets
no cases any more. Accounts that a changed listing concerns are judged again (5.2.1); agents who lose eligibility keep
what they have and get nothing new (5.1.1). With *valid rows only* nothing ends in a file of which a row was refused:
who stands in it ill written has not left. The same file a second time changes nothing.

**What it leaves.** The artifact `reference-load`: what was added, changed, ended, and each refused row with its
number, column, value and reason; a link to the Data Docs; after a dry run a link that loads what it showed. The
journal has each file and each consequence. `reference-progress` shows how far a large file is.

**What may go wrong.** `Refused`: nothing was changed; correct the rows named and give the file again. `the whole list`:
the file has fewer than half of the rows in force; give all of it, or tick *May shrink*. A file is passed over: the
report says why (rows of its kind were given by hand after it was saved, or a newer file of its list lies beside it). A
run that was killed changed everything or nothing: start it again.

Clauses: 4.4, 5.1.1, 5.2.1, 5.3.1.
"""

from __future__ import annotations

from prefect import flow
from prefect.states import State

from tasks.reference_forms import LoadRequest
from tasks.reference_loads import compare_or_load, publish_reference_load, read_and_check, told_load


@flow(name="load-reference-data", flow_run_name="load by {request.by}", description=__doc__, validate_parameters=True)
def load_reference_data(request: LoadRequest) -> State[None]:
    """Read, check, compare or load, report; the module's manual says what each means."""
    read = read_and_check(request)
    if isinstance(read, str):
        return told_load(read)
    loaded = compare_or_load(request, read)
    publish_reference_load(request, read, loaded)
    return told_load(loaded)
