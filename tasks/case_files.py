"""Case files and the live board as artifacts: read from the records, with links to the forms (4.2, 5.3.2)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from prefect import task
from prefect.cache_policies import NO_CACHE
from sqlalchemy import Connection, func, select

from models.answers import SuggestedAnswer, answer_stage, suggested_answers
from models.board_markdown import agents_markdown, board_markdown, leaders_markdown
from models.board_people import agent_lines, leader_view
from models.case_actions import Acted
from models.case_file import CaseFile, case_file
from models.case_filing import changed_cases, gone_through, mark_filed, newest_entries, out_of_date
from models.case_reading import desk_people
from models.case_replies import ways_to_answer
from models.cases import ClockRow, InteractionRow, case_number
from models.clocks import ClockKind
from models.database import one_of, write_transaction
from models.form_links import Forms, case_artifact_key
from models.live_board import BoardCase, board_cases, read_board
from tasks.artifacts import deployment_id, publish
from tasks.database import desk_engine
from tasks.desk_data import answers, hard_complaint, instruction
from tasks.replies import accounts_that_post
from tasks.settings import Settings

FILES_AT_ONCE = 40
"""Case files of the board, and as many others, brought up to date in one round; the rest follows with the next."""


def desk_forms() -> Forms:
    """Where the forms are in the UI that this desk is looked at with."""
    return Forms(Settings().ui_url, deployment_id("handle-case/desk"))


@task(name="publish case file", cache_policy=NO_CACHE)
def publish_case_file_of(acted: Acted) -> None:
    """Bring the file of the case that was acted on up to date."""
    if acted.case_id:
        publish_case_files([acted.case_id], desk_forms())


def publish_case_files(case_ids: Sequence[int], forms: Forms) -> None:
    """Leave the artifact `case-c-000123` for each of these cases, and note what it shows."""
    if not case_ids:
        return
    now, posting = datetime.now(UTC), accounts_that_post()
    with desk_engine().connect() as connection:
        newest = newest_entries(connection, case_ids)
        leaders = tuple(desk_people(connection, now).on_duty.get("team_leader", []))
        cases = board_cases(connection, case_ids, hard_complaint())
        suggested = _suggested(connection, cases)
        texts = {}
        for case in cases:
            ways = ways_to_answer(connection, case.row, posting)
            file = CaseFile(case, forms, ways, suggested[case.row.id], hard_complaint(), instruction(), leaders)
            texts[case.row.id] = case_file(connection, file, now)
    for case in cases:
        about = f"{case_number(case.row.id)}: {case.row.status.replace('_', ' ')}"
        publish(case_artifact_key(case.row.id), texts[case.row.id], about)
    with write_transaction(desk_engine()) as connection:
        mark_filed(connection, newest)


@task(name="publish live board", cache_policy=NO_CACHE)
def publish_live_board() -> None:
    """Leave `live-board` with its two other views, and the case files of its cases that have changed."""
    now, forms = datetime.now(UTC), desk_forms()
    with desk_engine().connect() as connection:
        people = desk_people(connection, now)
        board = read_board(connection, hard_complaint())
        suggested = _suggested(connection, board.cases)
        texts = {case_id: found[0].text for case_id, found in suggested.items() if found}
        leaders = people.on_duty.get("team_leader", [])
        views = {
            "live-board": board_markdown(board, forms, texts, leaders, now),
            "live-board-agents": agents_markdown(agent_lines(connection, people, now), now),
            "live-board-leaders": leaders_markdown(leader_view(connection, people, hard_complaint(), now), forms, now),
        }
        mine = out_of_date(connection, [case.row.id for case in board.cases])[:FILES_AT_ONCE]
        told_of, until = changed_cases(connection, FILES_AT_ONCE)
        others = out_of_date(connection, [case_id for case_id in told_of if case_id not in mine])
    for key, text in views.items():
        publish(key, text, VIEWS[key])
    publish_case_files([*mine, *others], forms)
    with write_transaction(desk_engine()) as connection:
        gone_through(connection, until)


VIEWS = {
    "live-board": "The open cases, most urgent first, with links to everything that can be done now.",
    "live-board-agents": "Each agent: on duty or not, how loaded, how much is late.",
    "live-board-leaders": "What waits for a team leader, what was taken over, advice given.",
}


def _suggested(connection: Connection, cases: Sequence[BoardCase]) -> dict[int, tuple[SuggestedAnswer, ...]]:
    """Suggested answers by case: a team leader's own words first, then the templates of its stage."""
    ids = [case.row.id for case in cases]
    advised = _leaders_words(connection, ids)
    began = connection.execute(
        select(ClockRow.case_id, func.count().label("times"))
        .where(one_of(connection, ClockRow.case_id, ids), ClockRow.kind == ClockKind.FIRST_RESPONSE.value)
        .group_by(ClockRow.case_id)
    )
    reopened = {row.case_id for row in began if row.times > 1}
    found = {}
    for case in cases:
        stand, ticket = case.stand, next(iter(case.stand.open_tickets), None)
        stage = answer_stage(
            status=stand.status.value,
            answered=stand.answered,
            reopened=case.row.id in reopened,
            open_tickets=len(stand.open_tickets),
            settled_tickets=len(stand.settled),
            had_tickets=bool(case.tickets),
        )
        fitting = suggested_answers(
            answers(),
            stage=stage,
            problem=case.row.problem,
            severity=case.row.severity,
            customer=case.account.name,
            ticket=ticket,
            case=case_number(case.row.id),
        )
        found[case.row.id] = (*advised.get(case.row.id, ()), *fitting)
    return found


def _leaders_words(connection: Connection, case_ids: Sequence[int]) -> dict[int, tuple[SuggestedAnswer, ...]]:
    """What a team leader suggested to say, where nothing has been said to the customer since."""
    rows = connection.execute(
        select(InteractionRow.case_id, InteractionRow.kind, InteractionRow.author, InteractionRow.text)
        .where(one_of(connection, InteractionRow.case_id, case_ids))
        .where(InteractionRow.kind.in_(("suggestion", "reply")))
        .order_by(InteractionRow.id)
    )
    latest = {row.case_id: row for row in rows}
    return {
        case_id: (SuggestedAnswer(f"by {row.author}", row.text),)
        for case_id, row in latest.items()
        if row.kind == "suggestion"
    }
