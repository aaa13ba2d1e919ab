"""The monitor's doing: what units say is pulled page by page, clocks and levels tell the right people (4.3, 4.4)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, delete

from deployments.sandbox.units import UnitSaid
from models.cases import ClockRow, InteractionRow
from models.database import write_transaction
from models.journal import JournalRow
from models.mention_rows import QuarantinedRow
from models.notices import NoticeRow
from models.pic_updates import MONITOR
from models.ticket_book import set_ticket
from models.ticket_rows import TicketRow, UnitUpdateRow
from models.ticket_steps import StepKind, TicketVerdict
from tasks import watching
from tasks.follow_up_forms import PicUpdate
from tasks.holding import Held
from tasks.pic_updates import record_update
from tasks.tickets import mark_clock, raise_level
from tasks.watching import pull_unit
from tests.conftest import Desk
from tests.support import rows
from tests.tickets import claim, dispatched, put_staff, put_ticket

LATE = TicketVerdict(
    StepKind.BREACH, ("Network Operation Center had to settle it by now.",), "5.3.2d", None, "unit_settle"
)


def test_a_units_changes_come_page_by_page_and_bad_ones_go_to_quarantine(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "CHANGES_AT_ONCE", 3)
    monkeypatch.setattr("tasks.units.client.CHANGES_AT_ONCE", 3)
    units, now = desk.sandbox.state.units, datetime.now(UTC)
    for number in range(7):
        at = now - timedelta(minutes=30 - number)
        status = "" if number == 3 else "acknowledged"
        units.said.append(UnitSaid("network", f"U{number}", f"N-{number}", status, at, at))
    pulled = pull_unit("network")
    assert pulled.fresh == 6
    assert pulled.trouble == "Network Operation Center: 1 of its changes could not be understood; see quarantine"
    assert {row["update_id"] for row in rows(desk.engine, UnitUpdateRow)} == {"U0", "U1", "U2", "U4", "U5", "U6"}
    (refused,) = rows(desk.engine, QuarantinedRow)
    assert (refused["source"], refused["external_id"]) == ("unit/network", "U3")
    again = pull_unit("network")
    assert (again.fresh, again.trouble) == (0, None)


def test_a_unit_that_is_away_is_named(desk: Desk) -> None:
    desk.sandbox.state.units.signing_key = "changed"
    pulled = pull_unit("network")
    assert pulled.trouble is not None
    assert pulled.trouble.startswith("Network Operation Center: did not accept our signature")


@pytest.fixture
def held(engine: Engine, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Held:
    """A dispatched ticket in the hands of a run, its PIC and the supervisor on duty."""
    monkeypatch.setenv("CARE_DATABASE_URL", database_url)
    put_staff(engine, "P01", "pic", on_duty=True)
    put_staff(engine, "S01", "supervisor", on_duty=True)
    ticket_id = put_ticket(engine)
    dispatched(engine, ticket_id, "N-1")
    claim(engine, ticket_id, "run-1")
    return Held(ticket_id, "run-1")


def told(engine: Engine) -> dict[str, list[str]]:
    """Who was told, by kind of notice."""
    found: dict[str, list[str]] = {}
    for row in rows(engine, NoticeRow):
        found.setdefault(row["kind"], []).append(row["recipient"])
    return found


def test_a_clock_warns_the_pic_and_its_breach_goes_up_a_level_to_pic_and_supervisor(held: Held, engine: Engine) -> None:
    for _ in range(2):  # replayed after a crash
        mark_clock.fn(held, LATE, breach=False)
    assert told(engine) == {"warning": ["P01"]}
    mark_clock.fn(held, LATE, breach=True)
    assert told(engine) == {"warning": ["P01"], "breach": ["P01", "S01"]}
    settle = next(row for row in rows(engine, ClockRow) if row["kind"] == "unit_settle")
    assert settle["warned_at"]
    assert settle["breached_at"]
    assert rows(engine, TicketRow)[0]["escalation_level"] == 1
    events = [(row["event"], row["clause"]) for row in rows(engine, JournalRow)]
    assert ("ticket_clock_warned", "5.3.2d") in events
    assert events[-2:] == [("ticket_clock_breached", "5.3.2d"), ("ticket_escalated", "4.4")]


def test_a_late_unit_that_stays_silent_goes_up_level_by_level(held: Held, engine: Engine) -> None:
    for level in (1, 2):
        raise_level.fn(held, LATE)
        assert rows(engine, TicketRow)[0]["escalation_level"] == level
    assert told(engine) == {"raised": ["P01", "S01", "P01", "S01"]}


def test_a_wake_counts_where_it_finds_nothing_and_a_form_is_never_taken_for_one(held: Held, engine: Engine) -> None:
    record_update.fn(held, 0, PicUpdate(by=MONITOR))
    for _ in range(2):  # replayed after a crash
        record_update.fn(held, 1, PicUpdate(action="settled", note="Kata unit beres", by=MONITOR))
    (ticket,) = rows(engine, TicketRow)
    assert (ticket["waits"], ticket["status"]) == (2, "dispatched")
    assert [row["text"] for row in rows(engine, InteractionRow)] == ["Kata unit beres"]  # refused, and nothing lost
    refused = rows(engine, JournalRow)[-1]
    assert (refused["event"], refused["clause"]) == ("pic_update_refused", "4.3")
    assert "staff code" in refused["detail"]["why"]
    with write_transaction(engine) as connection:
        set_ticket(connection, held.ticket_id, look_at=datetime.now(UTC) + timedelta(hours=1))
        connection.execute(delete(ClockRow))  # nothing is due
    record_update.fn(held, 2, PicUpdate(by=MONITOR))
    assert rows(engine, TicketRow)[0]["idle_wakes"] == 1
