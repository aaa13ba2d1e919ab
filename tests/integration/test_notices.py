"""The outbox: written with the decision, delivered once, tried again when the channel is away."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import Engine, insert

from models.cases import CaseRow
from models.database import write_transaction
from models.notice_outbox import CLAIM, LONGEST_WAIT, claim_notices, compose, mark_failed, mark_sent, unsent
from models.notices import NoticeRow
from tests.support import NOW, rows


def put_notices(engine: Engine, *recipients: str) -> None:
    made: list[dict[str, Any]] = [
        {
            "recipient": recipient,
            "kind": "assigned",
            "cause": f"assigned:{number}",
            "title": f"C-00000{number} is yours",
            "body": "4.1: because",
            "created_at": NOW,
            "attempts": 0,
        }
        for number, recipient in enumerate(recipients)
    ]
    with write_transaction(engine) as connection:
        connection.execute(insert(NoticeRow), made)


def test_a_claimed_notice_is_nobody_elses_until_the_claim_runs_out(engine: Engine) -> None:
    put_notices(engine, "A01", "A02", "A01")
    with write_transaction(engine) as connection:
        due = claim_notices(connection, NOW)
    with write_transaction(engine) as connection:
        assert claim_notices(connection, NOW) == []
    with write_transaction(engine) as connection:
        assert claim_notices(connection, NOW + CLAIM) == due


def test_each_person_gets_one_message(engine: Engine) -> None:
    put_notices(engine, "A01", "A02", "A01")
    with write_transaction(engine) as connection:
        messages = compose(claim_notices(connection, NOW), "http://ui/cases")
    assert [(one.recipient, len(one.notices)) for one in messages] == [("A01", 2), ("A02", 1)]
    assert "N-000001 C-000000 is yours" in messages[0].body
    assert messages[1].title == "C-000001 is yours"
    assert "http://ui/cases" in messages[1].body


def test_sent_is_sent_and_failed_is_tried_again_ever_later(engine: Engine) -> None:
    put_notices(engine, "A01", "A02")
    with write_transaction(engine) as connection:
        sent, failed = compose(claim_notices(connection, NOW), "")
    with write_transaction(engine) as connection:
        mark_sent(connection, sent, NOW)
        mark_failed(connection, failed, "away", NOW)
        assert unsent(connection) == 1
    first, second = rows(engine, NoticeRow)
    assert (first["sent_at"], second["sent_at"], second["attempts"]) == (NOW, None, 1)
    at, waits = NOW, []
    for _ in range(10):
        at = rows(engine, NoticeRow)[1]["next_attempt_at"]
        with write_transaction(engine) as connection:
            (again,) = compose(claim_notices(connection, at), "")
            mark_failed(connection, again, "away", at)
        waits.append(rows(engine, NoticeRow)[1]["next_attempt_at"] - at)
    assert waits == sorted(waits)
    assert waits[-1] == LONGEST_WAIT
    assert waits[0] >= timedelta(minutes=1)


def test_a_notice_without_a_case_is_sent_too(engine: Engine) -> None:
    put_notices(engine, "S01")
    assert rows(engine, CaseRow) == []
    with write_transaction(engine) as connection:
        assert [notice.quote for notice in claim_notices(connection, NOW)] == [None]
