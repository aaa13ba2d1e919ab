"""Decides about an account whether it is a Priority customer's: a person's word, which beats the rules.

**Trigger.** By hand, by a team leader or a supervisor, on duty or not: a link of the artifact `candidates` opens the
form filled in; or run `desk` and choose what to decide. Give your staff code.

**What it does.** Priority (with its category), regular, or taken back: the decision holds from then on, over the BOD
list, the registry and the profile (clause 5.2.1), until somebody decides otherwise or undoes it. Open cases of an
account decided priority are served as a Priority customer's, and complaints that were not served while it was taken
for regular, as far back as a case may be reopened, become cases with the next intake. An account decided regular gets
no new cases; what is open is served to its end. What the rules said is kept beside the decision.

Or it links two accounts of one person, on whichever platforms: while one is on the BOD list or in the registry, the
other is a Priority customer's as well. It goes no further than that link, and what a person decided about an account
stays with it. Both are judged again at once, also when the link is undone; open cases stay as they were opened.

**What it leaves.** The artifact `candidates`: who waits for a decision and on what evidence, what was decided lately,
and how often decisions confirmed the rules. The journal has the decision, its category and who took it, each link and
its end; the reason stands with the account or the link.

**What may go wrong.** `Refused`: nothing was decided; the run's message says why and who could. A later decision
replaces an earlier one: two people who decide at the same time are both heard, and the last one holds; `candidates`
shows whose it is.

Clauses: 5.1.2, 5.1.4, 5.2.1, 5.3.2d.
"""

from __future__ import annotations

from prefect import flow
from prefect.states import State

from tasks.account_reviews import decide_on_account, publish_candidates, told
from tasks.review_forms import AccountForm


@flow(name="review-account", flow_run_name="{review.account} · {review.by} · {review.do}", description=__doc__)
def review_account(review: AccountForm) -> State[None]:
    """Decide, report; the module's manual says what each means."""
    decided = decide_on_account(review)
    publish_candidates(return_state=True)  # what was decided is decided; `watch-cases` makes good what fails here
    return told(decided)
