"""What the tests of the desk share: people acting through the form, the clock moved on, what became of a case."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from prefect.client.schemas.objects import State
from sqlalchemy import Engine, select, update

from flows.handle_case import handle_case
from flows.intake_mentions import intake_mentions
from models.case_reading import DeskPeople, desk_people
from models.cases import CaseRow, ClockRow, InteractionRow, case_number
from models.database import write_transaction
from models.journal import JournalRow
from models.notices import NoticeRow
from models.staff import StaffRow
from tests.conftest import Desk
from tests.support import COMPLAINT, rows

CUSTOMER = "bimanugraha_ri"


def opened_case(desk: Desk, text: str = COMPLAINT, by: str = CUSTOMER, **post: Any) -> dict[str, Any]:
    """A case opened by intake from a mention just posted, and assigned; its row."""
    before = {row["id"] for row in rows(desk.engine, CaseRow)}
    desk.sandbox.state.post_mention(text, by=by, **post)
    intake_mentions()
    (fresh,) = [row for row in rows(desk.engine, CaseRow) if row["id"] not in before]
    return fresh


def act(do: str, case_id: int, by: str, **fields: Any) -> State[None]:
    """Submit a form of the desk as a real flow run; the state it ended in."""
    action = {"do": do, "case": case_number(case_id), "by": by, **fields}
    return handle_case(action, return_state=True)


def case(desk: Desk, case_id: int) -> dict[str, Any]:
    """A case's row as it is now."""
    return next(row for row in rows(desk.engine, CaseRow) if row["id"] == case_id)


def code(engine: Engine, staff_id: int | None) -> str:
    """The staff code of an id."""
    with engine.connect() as connection:
        return str(connection.scalar(select(StaffRow.code).where(StaffRow.id == staff_id)))


def people(desk: Desk) -> DeskPeople:
    """Everybody of the desk, and who is on duty now."""
    with desk.engine.connect() as connection:
        return desk_people(connection, datetime.now(UTC))


def agent_of(desk: Desk, case_id: int) -> str:
    """The code of the agent who has a case."""
    return code(desk.engine, case(desk, case_id)["agent_id"])


def a_leader(desk: Desk) -> str:
    """The code of a team leader on duty."""
    return people(desk).on_duty["team_leader"][0]


def story(desk: Desk, case_id: int) -> list[str]:
    """What the journal tells of a case, in order."""
    return [row["event"] for row in rows(desk.engine, JournalRow) if row["case_id"] == case_id]


def told(desk: Desk, kind: str) -> list[tuple[str, str]]:
    """Notices of a kind: recipient and title."""
    return [(row["recipient"], row["title"]) for row in rows(desk.engine, NoticeRow) if row["kind"] == kind]


def said(desk: Desk, case_id: int, direction: str = "out") -> list[dict[str, Any]]:
    """What was said in a case in a direction."""
    found = rows(desk.engine, InteractionRow)
    return [row for row in found if row["case_id"] == case_id and row["direction"] == direction]


def clocks(desk: Desk, case_id: int) -> dict[str, dict[str, Any]]:
    """The latest clock of each kind of a case."""
    return {row["kind"]: row for row in rows(desk.engine, ClockRow) if row["case_id"] == case_id}


def time_passes(desk: Desk, case_id: int, span: timedelta) -> None:
    """As if the case's clocks had begun so much earlier, and its monitor's look with them."""
    with write_transaction(desk.engine) as connection:
        for row in connection.execute(select(ClockRow.__table__).where(ClockRow.case_id == case_id)).all():
            moved = {
                name: getattr(row, name) - span
                for name in ("started_at", "due_at", "paused_at", "next_at")
                if getattr(row, name) is not None
            }
            connection.execute(update(ClockRow).where(ClockRow.id == row.id).values(**moved))
        look_at = connection.scalar(select(CaseRow.look_at).where(CaseRow.id == case_id))
        if look_at is not None:
            connection.execute(update(CaseRow).where(CaseRow.id == case_id).values(look_at=look_at - span))
