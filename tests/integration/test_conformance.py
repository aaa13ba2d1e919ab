"""Closed cases against what the instruction demands: followed, late or skipped, with the journal as evidence."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import Engine

from models.conformance import DEMANDS
from models.kpi_reckoning import reckon
from models.kpi_tables import days
from models.unit_hours import JAKARTA
from tasks.desk_data import units
from tasks.kpis import kpis
from tests.kpi_records import DAY, HOUR, MINUTE, KpiRecords

NOON = datetime(2026, 3, 31, 5, 0, tzinfo=UTC)
CLOSED = NOON + 20 * HOUR


def judged(engine: Engine) -> dict[int, dict[str, tuple[str, Any]]]:
    """Verdict and journal entry of each step, by case."""
    with engine.connect() as connection:
        periods = days(date(2026, 3, 31), date(2026, 4, 2), JAKARTA)
        found = reckon(connection, kpis(), units(), periods, NOON + 30 * DAY).observed["conformance"]
    told: dict[int, dict[str, tuple[str, Any]]] = {}
    for row in found.itertuples():
        told.setdefault(int(row.case_id), {})[row.step] = (row.verdict, None if pd.isna(row.entry) else int(row.entry))
    return told


def a_good_case(records: KpiRecords, accept: timedelta = 2 * MINUTE, answer: timedelta = 9 * MINUTE) -> int:
    case = records.case(NOON)
    records.given(case, NOON, "A01")
    late = NOON + 5 * MINUTE if accept > 5 * MINUTE else None
    records.clock(case, "accept", NOON, NOON + 5 * MINUTE, stopped_at=NOON + accept, breached_at=late)
    records.happens(case, NOON + accept, "case_accepted")
    late = NOON + 15 * MINUTE if answer > 15 * MINUTE else None
    records.clock(case, "first_response", NOON, NOON + 15 * MINUTE, stopped_at=NOON + answer, breached_at=late)
    records.happens(case, NOON + answer, "reply_sent", "reply-outbox")
    records.clock(case, "settle", NOON, NOON + DAY, stopped_at=NOON + HOUR)
    records.over(case, NOON + HOUR, "A01", CLOSED)
    return case


def test_a_case_that_followed_every_step_has_its_evidence(engine: Engine) -> None:
    records = KpiRecords()
    case = a_good_case(records)
    records.write(engine)
    entries = {"received": 2, "accepted": 3, "answered": 4, "settled": 5}
    assert judged(engine) == {case: {step: ("followed", entry) for step, entry in entries.items()}}


def test_late_is_not_skipped(engine: Engine) -> None:
    records = KpiRecords()
    late = a_good_case(records, accept=6 * MINUTE, answer=20 * MINUTE)
    skipped = records.case(NOON)
    records.happens(skipped, NOON + MINUTE, "leader_asked")
    records.over(skipped, NOON + HOUR, "A01", CLOSED)
    open_still = records.case(NOON)
    records.write(engine)
    found = judged(engine)
    assert (found[late]["accepted"][0], found[late]["answered"][0]) == ("late", "late")
    assert found[skipped] == dict.fromkeys(("received", "answered", "directed"), ("skipped", None))
    assert open_still not in found


def test_a_hard_complaint_with_tickets(engine: Engine) -> None:
    records = KpiRecords()
    case = records.case(NOON, severity="hard")
    records.given(case, NOON, "A01")
    records.clock(case, "leader_engaged", NOON, NOON + 10 * MINUTE, stopped_at=NOON + 4 * MINUTE)
    records.happens(case, NOON + 4 * MINUTE, "leader_advised", "TL1")
    records.happens(case, NOON + 5 * MINUTE, "steps_ticked", "A01", steps=["apologise"])
    for number, acknowledged in ((1, HOUR), (2, 3 * HOUR)):
        done = NOON + 6 * HOUR
        ticket = records.ticket(case, NOON, settled_at=done, verified_at=done)
        due = NOON + 2 * HOUR
        late = due if acknowledged > 2 * HOUR else None
        records.clock(
            case, "unit_acknowledge", NOON, due, ticket_id=ticket, stopped_at=NOON + acknowledged, breached_at=late
        )
        records.happens(case, NOON + acknowledged, "ticket_acknowledged", "network", ticket)
        records.happens(case, done, "ticket_verified", "P01", ticket)
        assert ticket == number
    records.over(case, NOON + 7 * HOUR, "A01", CLOSED)
    records.write(engine)
    (found,) = judged(engine).values()
    verdicts = {step: verdict for step, (verdict, _) in found.items()}
    assert verdicts == {
        **{"received": "followed", "accepted": "skipped", "answered": "skipped", "leader engaged": "followed"},
        **{"checklist": "followed", "acknowledged": "late", "looked at": "followed", "verified": "followed"},
    }


@pytest.mark.parametrize("step", DEMANDS)
def test_every_step_is_of_a_clause(step: str) -> None:
    assert DEMANDS[step].clause[0] in "45"
    assert DEMANDS[step].says


def test_advice_before_the_question_is_no_answer_and_a_leader_who_never_came_is_none(engine: Engine) -> None:
    records = KpiRecords()
    case = records.case(NOON, severity="hard")
    records.happens(case, NOON + 20 * MINUTE, "leader_asked")
    records.clock(
        case, "leader_engaged", NOON, NOON + 10 * MINUTE, breached_at=NOON + 10 * MINUTE, stopped_at=NOON + HOUR
    )
    records.over(case, NOON + HOUR, "A01", CLOSED)
    advised = records.case(NOON)
    records.happens(advised, NOON + MINUTE, "leader_advised", "TL1")
    records.happens(advised, NOON + 2 * MINUTE, "leader_asked")
    records.over(advised, NOON + HOUR, "A01", CLOSED)
    records.write(engine)
    found = judged(engine)
    assert found[case]["leader engaged"] == ("skipped", None)
    assert found[advised]["directed"] == ("skipped", None)
