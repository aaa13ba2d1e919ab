"""Answers on their way: the platform away, slow, refusing; the reply gate; another account, the app (5.3.2a)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from models.cases import InteractionRow
from models.database import write_transaction
from models.reply_outbox import begin_try, claim_replies, mark_sent
from tasks.desk_data import instruction
from tasks.replies import deliver_replies
from tests.conftest import Desk
from tests.desk import act, agent_of, case, clocks, opened_case, said, story, told

TEXT = "Mohon maaf, sedang kami periksa."
OF_THE_BOARD = "@wirasena_bdt pak, internet rumah mati total dari pagi, tolong dicek"


def sent_again(desk: Desk) -> None:
    """The time to try again has come."""
    with write_transaction(desk.engine) as connection:
        held = update(InteractionRow).where(InteractionRow.delivery.in_(("queued", "sending")))
        connection.execute(held.values(next_attempt_at=datetime.now(UTC)))
    deliver_replies()


def replied(desk: Desk, text: str = TEXT, **more: Any) -> tuple[int, dict[str, Any]]:
    """A case, and the answer its agent wrote."""
    opened = opened_case(desk)
    assert act("reply", opened["id"], agent_of(desk, opened["id"]), text=text, **more).is_completed()
    return opened["id"], said(desk, opened["id"])[-1]


@pytest.mark.parametrize("fault", ["server_error", "malformed_json", "timeout"])
def test_an_answer_whose_end_is_not_known_is_looked_for_and_not_posted_twice(
    desk: Desk, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CARE_PLATFORM_TIMEOUT", "1")
    desk.sandbox.state.faults.add("x", fault, path="/2/tweets", times=1, seconds=3)
    case_id, ours = replied(desk)
    assert ours["delivery"] == "sending"
    sent_again(desk)
    assert said(desk, case_id)[-1]["delivery"] == "sent"
    assert len(desk.sandbox.state.created) == 1
    assert clocks(desk, case_id)["first_response"]["stopped_at"]


def test_a_rate_limit_is_waited_for(desk: Desk) -> None:
    desk.sandbox.state.faults.add("x", "rate_limit", path="/2/tweets", times=1, seconds=120)
    case_id, ours = replied(desk)
    assert ours["delivery"] == "queued"
    assert 60 < (ours["next_attempt_at"] - datetime.now(UTC)).total_seconds() <= 125
    sent_again(desk)
    assert said(desk, case_id)[-1]["delivery"] == "sent"


def test_what_the_platform_refuses_comes_back_to_the_agent_with_the_reason(desk: Desk) -> None:
    desk.sandbox.state.faults.add("x", "bad_token", path="/2/tweets", times=1)
    case_id, ours = replied(desk)
    assert ours["delivery"] == "failed"
    ((to, title),) = told(desk, "reply_failed")
    assert to == agent_of(desk, case_id)
    assert "did not reach the customer: X: " in title
    assert "reply_failed" in story(desk, case_id)
    assert clocks(desk, case_id)["first_response"]["stopped_at"] is None
    assert act("resolve", case_id, to).name == "Refused"


@pytest.mark.parametrize(("then", "before"), [("wait_for_customer", "waiting_customer"), ("resolve", "resolved")])
def test_where_nothing_arrived_the_case_goes_on_as_if_nothing_had_been_said(desk: Desk, then: str, before: str) -> None:
    desk.sandbox.state.faults.add("x", "bad_token", path="/2/tweets", times=1)
    case_id, ours = replied(desk, then=then)
    assert ours["delivery"] == "failed"
    assert {"waiting_customer": "case_resumed", "resolved": "resolution_taken_back"}[before] in story(desk, case_id)
    assert case(desk, case_id)["status"] == "in_progress"
    settle = clocks(desk, case_id)["settle"]
    assert (settle["stopped_at"], settle["paused_at"], settle["next_at"] is not None) == (None, None, True)
    assert clocks(desk, case_id)["first_response"]["stopped_at"] is None


def test_two_processes_never_both_send_an_answer(desk: Desk) -> None:
    desk.sandbox.state.faults.add("x", "rate_limit", path="/2/tweets", times=1, seconds=1)
    case_id, _ = replied(desk)
    now = datetime.now(UTC) + timedelta(minutes=5)
    with write_transaction(desk.engine) as connection:
        (mine,) = claim_replies(connection, now)
    with write_transaction(desk.engine) as connection:
        (theirs,) = claim_replies(connection, now + timedelta(minutes=3))  # the claim has run out
    with write_transaction(desk.engine) as connection:
        assert begin_try(connection, theirs, now)
        mark_sent(connection, theirs, "1", instruction(), now)
        assert not begin_try(connection, mine, now)
    assert said(desk, case_id)[-1]["delivery"] == "sent"


def test_too_long_is_said_before_it_is_sent(desk: Desk) -> None:
    opened = opened_case(desk)
    refused = act("reply", opened["id"], agent_of(desk, opened["id"]), text="a" * 290)
    assert refused.name == "Refused"
    assert "shorten it by 10" in (refused.message or "")
    assert said(desk, opened["id"]) == []


def test_who_wrote_to_a_director_is_answered_as_the_director_or_in_the_app(desk: Desk) -> None:
    opened = opened_case(desk, OF_THE_BOARD)
    agent = agent_of(desk, opened["id"])
    assert act("reply", opened["id"], agent, text=TEXT).is_completed()
    assert desk.sandbox.state.created[-1].author_id == "187340221"
    assert "as @wirasena_bdt" in (act("reply", opened["id"], agent, text="Terima kasih.").message or "")
    refused = act("reply", opened["id"], agent, text="x", answer_as="TelkomCare")
    assert refused.name == "Refused"
    assert "X lets only accounts that the customer mentioned answer" in (refused.message or "")


def test_where_the_desk_may_not_answer_the_app_may(desk: Desk) -> None:
    opened = opened_case(desk, OF_THE_BOARD.replace("wirasena_bdt", "larasdinanti"))
    agent = agent_of(desk, opened["id"])
    refused = act("reply", opened["id"], agent, text=TEXT)
    assert "Paste the link to it under “Answered in the app”." in (refused.message or "")
    assert "answered_in_app: give the https link" in (
        act("reply", opened["id"], agent, text=TEXT, answered_in_app="javascript:alert(1)").message or ""
    )
    link = "https://x.com/larasdinanti/status/1"
    assert act("reply", opened["id"], agent, text=TEXT, answered_in_app=link).is_completed()
    (ours,) = said(desk, opened["id"])
    assert (ours["delivery"], ours["link"]) == ("in_app", link)
    assert desk.sandbox.state.created == []
    assert clocks(desk, opened["id"])["first_response"]["stopped_at"]
    assert act("resolve", opened["id"], agent).is_completed()
    assert case(desk, opened["id"])["status"] == "resolved"
