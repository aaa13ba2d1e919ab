"""What a team leader or a supervisor decides about an account, and the artifact that shows who waits for it (5.2.1)."""

from __future__ import annotations

from datetime import UTC, datetime

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run
from prefect.states import Completed

from models.account_links import link_accounts, unlink_accounts
from models.account_reviews import Decided, Rulebook, decide_account, undo_decision
from models.candidates_board import candidates_markdown, candidates_state, read_candidates
from models.database import write_transaction
from models.form_links import ReviewForms
from tasks.artifacts import deployment_id, publish_if_changed
from tasks.database import desk_engine
from tasks.desk_data import instruction, lexicons
from tasks.follow_ups import refused
from tasks.review_forms import AccountForm, LinkAccounts, UndoDecision, UnlinkAccounts
from tasks.settings import Settings


def rulebook() -> Rulebook:
    """The rules in force."""
    return Rulebook(instruction(), lexicons())


@task(name="decide on account", cache_policy=NO_CACHE)
def decide_on_account(form: AccountForm) -> Decided:
    """Do what the form says about an account, or say why not; the same flow run does it once."""
    run_id, rules, now = str(flow_run.get_id()), rulebook(), datetime.now(UTC)
    with write_transaction(desk_engine()) as connection:
        match form:
            case LinkAccounts():
                return link_accounts(connection, form.change(), run_id, rules, now)
            case UnlinkAccounts():
                return unlink_accounts(connection, form.change(), run_id, rules, now)
            case UndoDecision():
                return undo_decision(connection, form.review(), run_id, rules, now)
            case _:
                return decide_account(connection, form.review(), run_id, rules, now)


def told(decided: Decided) -> State[None]:
    """The state the run ends in: `Completed`, or `Refused` with the sentence that says why."""
    if decided.refused:
        return refused(decided.told)
    return Completed(message=decided.told)


@task(name="publish candidates", cache_policy=NO_CACHE)
def publish_candidates() -> None:
    """Leave the artifact `candidates`: who waits for a person's decision, and what decisions tell of the rules; where
    it has changed."""
    forms = ReviewForms(Settings().ui_url, deployment_id("review-account/desk"), "review")
    with desk_engine().connect() as connection:
        state = f"{candidates_state(connection)} {forms.deployment_id}"

    def text() -> str:
        with desk_engine().connect() as connection:
            return candidates_markdown(read_candidates(connection), forms, datetime.now(UTC))

    publish_if_changed("candidates", state, text, "Accounts that a person decides about: Priority or regular (5.2.1).")
