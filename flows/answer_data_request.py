"""Answers what a customer asks for about their account: everything held, as one file; or to be forgotten.

**Trigger.** By hand, by a supervisor, on duty or not: run `desk` and choose Access or Erasure. The account is given by
its handle or id on the platform, or by its number (`K-000123`). Make sure before that it is the customer who asks.

**What it does.** Access (clause 6): writes all that any table holds about the account into one file that only the
desk's own user can read, each part explained. Erasure: shows what would be erased; with `Erase it` ticked the account,
its mentions and its closed cases are anonymised in one transaction, what of it was in quarantine is deleted, and
Prefect's ended runs and artifacts that name it are too. Numbers, moments and verdicts stay, so that the KPIs stay
right. If the customer writes again, they are a new account.

**What it leaves.** The artifact `data-request`: where the file is, or what was erased, with the proof: the journal's
entry `account_erased` has a digest, the artifact the salt for the customer. The run names the account by number only.

**What may go wrong.** `Refused`: nothing was done, the run's message says why: no such account, several with that
handle, open cases (close them first), cases on legal hold (they are named), an answer still to be sent, a row in
quarantine that nobody has decided about (`review-quarantine`), a mention so new that the platform would be asked for it
again, or `intake-mentions` just running, which could bring it back: ask again in a minute. Killed at any point: start
the same run again (Retry), it goes on. Runs that ended in the last minute are deleted by the next `apply-retention`.
The registry is not changed: whoever keeps a list takes people off it.

Clauses: 6.
"""

from __future__ import annotations

from prefect import flow
from prefect.states import State

from tasks.data_requests import answer, forget_in_prefect, publish_answer, request_told, take_down
from tasks.follow_ups import refused
from tasks.records_forms import RequestForm


@flow(name="answer-data-request", flow_run_name="{request.do} · {request.by}", description=__doc__)
def answer_data_request(request: RequestForm) -> State[None]:
    """Take down, answer, forget, report; the module's manual says what each means."""
    taken = take_down(request)
    if taken.refusal:
        return refused(taken.refusal)
    answered = answer(taken)
    publish_answer(taken, answered, forget_in_prefect(taken, answered))
    return request_told(taken, answered)
