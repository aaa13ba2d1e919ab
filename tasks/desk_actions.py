"""What a person does to a case through the form, done in one transaction; and what follows from it in Prefect."""

from __future__ import annotations

from datetime import UTC, datetime

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.logging import get_run_logger
from prefect.runtime import flow_run
from prefect.states import Completed
from sqlalchemy import select

from models.case_actions import Acted, act
from models.case_rules import DeskRules
from models.database import write_transaction
from models.ticket_rows import TicketRow, ticket_number
from tasks.database import desk_engine
from tasks.desk_data import hard_complaint
from tasks.desk_forms import DeskAction, Reply
from tasks.follow_ups import refused, start_run, wake_run
from tasks.holding import rules
from tasks.replies import accounts_that_post


@task(name="act", cache_policy=NO_CACHE)
def act_on_case(action: DeskAction) -> Acted:
    """Do what the form says, or refuse it; the same flow run does it once, however often it is repeated."""
    run_id = str(flow_run.get_id())
    posting = accounts_that_post() if isinstance(action, Reply) else frozenset()
    form = action.model_dump(exclude={"do", "case"}) | {"case_id": action.case_id}
    desk = DeskRules(rules(), hard_complaint(), posting)
    with write_transaction(desk_engine()) as connection:
        return act(connection, action.do, form, run_id, desk, datetime.now(UTC))


@task(name="move tickets", cache_policy=NO_CACHE)
def move_tickets(acted: Acted) -> None:
    """Give the tickets an action opened or moved their follow-up at once; `watch-cases` does it where this fails."""
    from httpx import HTTPError

    for ticket_id in acted.ticket_ids:
        with desk_engine().connect() as connection:
            run_id = connection.scalar(select(TicketRow.flow_run_id).where(TicketRow.id == ticket_id))
        number = ticket_number(ticket_id)
        try:
            if run_id is None:
                start_run(number, f"{number}:first:0:0")
            else:
                wake_run(run_id)
        except HTTPError as error:
            get_run_logger().warning("%s: watch-cases starts its follow-up (%s)", number, type(error).__name__)


def told(acted: Acted) -> State[None]:
    """The state the run ends in: `Completed`, or `Refused` with the sentence that says why and who could."""
    if acted.refused:
        return refused(acted.told)
    return Completed(message=acted.told)
