"""The formulas of tickets against examples worked out by hand, on both databases: looks, units, holiday, redirects."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

import pytest
from sqlalchemy import Engine

from models.kpi_tables import days
from models.ticket_rows import TicketRow
from models.unit_hours import JAKARTA, UnitHours
from tests.kpi_figures import NOON, Figures
from tests.kpi_records import DAY, HOUR, MINUTE, KpiRecords


@pytest.fixture
def records() -> KpiRecords:
    return KpiRecords()


def test_the_problem_found_against_the_unit_that_settled(engine: Engine, records: KpiRecords) -> None:
    right, wrong, open_still = (records.case(NOON, problem=problem) for problem in ("network", "network", "billing"))
    records.ticket(right, NOON, "network", verified_at=NOON + HOUR)
    records.ticket(wrong, NOON, "network", verified_at=NOON + HOUR)
    records.ticket(wrong, NOON, "billing", verified_at=NOON + 2 * HOUR)
    records.ticket(open_still, NOON, "billing", verified_at=NOON + HOUR)
    records.ticket(open_still, NOON, "network")
    records.write(engine)
    assert Figures(engine).made("problem_found") == (1, 2)


def test_looks_of_a_pic(engine: Engine, records: KpiRecords) -> None:
    # looks at 0 h (opened), 7 h, 16 h, verified at 20 h: 7 and 4 kept, 9 not; the unit's own word is no look
    seen = records.ticket(records.case(NOON), NOON, verified_at=NOON + 20 * HOUR)
    unseen = records.ticket(records.case(NOON), NOON, pic="P02")
    for hours, actor, event in (
        (7, "P01", "pic_looked"),
        (12, "network", "ticket_acknowledged"),
        (16, "P01", "pic_note"),
    ):
        records.happens(1, NOON + hours * HOUR, event, actor, seen)
    records.happens(2, NOON + 5 * HOUR, "ticket_dispatched", "follow-up-ticket", unseen)
    records.write(engine)
    found = Figures(engine)
    assert found.made("looks_in_time", dimension="pic", member="P01") == (1, 2)  # begun on 31 March: two
    assert found.made("looks_in_time", "2026-04-01", "pic", "P01") == (1, 1)
    assert found.made("looks_in_time", dimension="pic", member="P02") == (0, 1)  # has been waiting for a month
    assert found.made("tickets_without_look") == (2, 2)
    early = Figures(engine, now=NOON + 5 * HOUR)  # five hours are not too long yet
    assert early.made("tickets_without_look", dimension="pic", member="P02") == (0, 1)


def test_units_with_a_holiday_and_a_redirection(engine: Engine, records: KpiRecords) -> None:
    # Wednesday 16:00 and eight of the unit's hours: one is left, Thursday is Nyepi, so it is Friday 15:00 (8:00 UTC)
    office = UnitHours(frozenset({"mon", "tue", "wed", "thu", "fri"}), time(8), time(17), True)
    begun = datetime(2026, 3, 18, 9, 0, tzinfo=UTC)  # 16:00 in Jakarta: one hour is left of this day
    due = office.add(begun, 8 * HOUR)
    assert due == datetime(2026, 3, 20, 8, 0, tzinfo=UTC)
    done = due - HOUR
    kept = records.ticket(records.case(begun), begun, "billing", settled_at=done)
    records.clock(1, "unit_settle", begun, due, ticket_id=kept, stopped_at=done)
    records.happens(1, done, "ticket_settled", "billing", kept)
    moved = records.ticket(records.case(begun), begun, "network")
    records.clock(2, "unit_settle", begun, begun + DAY, ticket_id=moved, stopped_at=begun + HOUR)
    records.happens(2, begun + HOUR, "ticket_redirected", "P01", moved, unit="billing")
    records.clock(2, "unit_settle", begun + HOUR, begun + DAY, ticket_id=moved, breached_at=begun + DAY)
    records.happens(2, begun + DAY, "ticket_escalated", "follow-up-ticket", moved)
    records.happens(2, begun + 2 * DAY, "ticket_escalated", "follow-up-ticket", moved)
    records.write(engine)
    found = Figures(engine, days(date(2026, 3, 18), date(2026, 3, 31), JAKARTA))
    day = "2026-03-18"
    assert found.made("settled_in_time", day, "unit", "billing") == (1, 2)  # the unit that had it then
    assert "network" not in set(found.rows("settled_in_time", "unit")["member"])  # redirected before it was due
    assert found.made("redirects", day) == (1, 2)
    assert found.time("unit_time_to_settle", "mean", done.astimezone(JAKARTA).date().isoformat()) == (
        (done - begun).total_seconds()
    )
    levels = found.rows("escalations", "level")
    assert dict(zip(levels["member"], levels["numerator"], strict=True)) == {"1": 1, "2": 1}


def test_contacts(engine: Engine, records: KpiRecords) -> None:
    ticket = records.ticket(records.case(NOON), NOON, "network")
    for kind, outcome in (("dispatch", "timeout"), ("dispatch", "taken"), ("chase", "refused"), ("phone", "settled")):
        records.contact(ticket, NOON + MINUTE, kind, outcome)
    records.write(engine)
    found = Figures(engine)
    assert found.made("contacts_with_units", dimension="contact", member="dispatch") == (2,)
    assert found.made("contacts_reached", dimension="unit", member="network") == (2, 4)


def test_a_unit_that_owns_no_problem_is_right_where_it_was_sent_at_first(engine: Engine, records: KpiRecords) -> None:
    first, moved = records.case(NOON), records.case(NOON)
    records.ticket(first, NOON, "enterprise", verified_at=NOON + HOUR)
    ticket = records.ticket(moved, NOON, "network", verified_at=NOON + HOUR)
    records.rows[TicketRow][ticket - 1]["unit"] = "enterprise"
    records.happens(moved, NOON + MINUTE, "ticket_redirected", "P01", ticket, unit="enterprise")
    records.write(engine)
    found = Figures(engine)
    assert found.made("problem_found", dimension="unit", member="enterprise") == (1, 2)
    assert found.made("redirects", dimension="unit", member="network") == (1, 1)  # where it was sent wrongly
    assert found.made("redirects", dimension="unit", member="enterprise") == (0, 1)


def test_only_a_pics_look_is_one(engine: Engine, records: KpiRecords) -> None:
    # the agent's word after 7 h and the verification after 14 h are none: one interval of 14 h, too long
    ticket = records.ticket(records.case(NOON), NOON, verified_at=NOON + 14 * HOUR)
    records.happens(1, NOON + 7 * HOUR, "customer_says_not_solved", "A01", ticket)
    records.write(engine)
    assert Figures(engine).made("looks_in_time") == (0, 1)
