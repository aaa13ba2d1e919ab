"""Every way of clause 5.3.2, walked on a real Prefect server against the sandbox's platforms."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import update

from deployments.sandbox.units import UnitTemper
from flows.intake_mentions import intake_mentions
from flows.watch_cases import watch_cases
from models.database import write_transaction
from models.staff import ShiftRow
from tasks.desk_data import hard_complaint
from tests.conftest import Desk
from tests.desk import (
    CUSTOMER,
    a_leader,
    act,
    agent_of,
    case,
    clocks,
    code,
    opened_case,
    people,
    said,
    story,
    time_passes,
    told,
)
from tests.follow_ups import at_once, state, tickets, watch_until
from tests.support import COMPLAINT, HARD_COMPLAINT

DAY = timedelta(days=1)


def leader_of(desk: Desk, case_id: int) -> str:
    """The team leader a case is with."""
    return code(desk.engine, case(desk, case_id)["team_leader_id"])


def test_the_agent_solves_it(desk: Desk) -> None:
    opened = opened_case(desk)
    agent = agent_of(desk, opened["id"])
    assert act("accept", opened["id"], agent).is_completed()
    answered = act("reply", opened["id"], agent, text="Mohon maaf, kami periksa.", then="wait_for_customer")
    assert answered.is_completed()
    (reply,) = desk.sandbox.state.created
    assert "Mohon maaf, kami periksa." in reply.text
    assert said(desk, opened["id"])[0]["delivery"] == "sent"
    assert case(desk, opened["id"])["status"] == "waiting_customer"
    assert clocks(desk, opened["id"])["settle"]["paused_at"]
    assert clocks(desk, opened["id"])["first_response"]["stopped_at"]

    desk.sandbox.state.post_mention("sudah menyala, makasih", by=CUSTOMER, kind="reply", re=reply.id)
    intake_mentions()
    assert case(desk, opened["id"])["status"] == "in_progress"
    assert told(desk, "customer_answered")[0][0] == agent
    assert act("resolve", opened["id"], agent, solution="Modem dinyalakan ulang").is_completed()
    time_passes(desk, opened["id"], DAY)
    watch_cases()
    assert case(desk, opened["id"])["status"] == "closed"
    assert not [clock for clock in clocks(desk, opened["id"]).values() if clock["stopped_at"] is None]


def test_the_team_leader_advises(desk: Desk) -> None:
    opened = opened_case(desk)
    agent, leader = agent_of(desk, opened["id"]), a_leader(desk)
    assert act("ask_leader", opened["id"], agent, question="Boleh kompensasi?").is_completed()
    assert case(desk, opened["id"])["status"] == "in_progress"
    assert [one for one, _ in told(desk, "leader_asked")] == [leader_of(desk, opened["id"])]
    assert act(
        "advise", opened["id"], leader, advice="Boleh, satu hari.", suggested_answer="Kami beri kompensasi."
    ).is_completed()
    assert [one for one, _ in told(desk, "advice")] == [agent]
    assert case(desk, opened["id"])["leader_asked_at"] is None
    assert {"leader_asked", "leader_advised"} <= set(story(desk, opened["id"]))


def test_the_team_leader_takes_over_and_gives_back(desk: Desk) -> None:
    opened = opened_case(desk)
    agent, leader = agent_of(desk, opened["id"]), a_leader(desk)
    assert act("take_over", opened["id"], leader).is_completed()
    refused = act("reply", opened["id"], agent, text="Halo")
    assert refused.name == "Refused"
    assert f"is with {leader}" in (refused.message or "")
    assert act("reply", opened["id"], leader, text="Saya ambil alih, mohon tunggu.").is_completed()
    assert act("give_back", opened["id"], leader, for_the_agent="Lanjutkan").is_completed()
    assert act("reply", opened["id"], agent, text="Sudah kami perbaiki.", then="resolve").is_completed()
    assert case(desk, opened["id"])["status"] == "resolved"


def test_a_hard_complaint_has_its_own_clocks_and_steps(desk: Desk) -> None:
    opened = opened_case(desk, HARD_COMPLAINT)
    agent, leader = agent_of(desk, opened["id"]), a_leader(desk)
    assert opened["severity"] == "hard"
    assert {one for one, _ in told(desk, "hard")} >= set(people(desk).told("supervisor"))
    assert act("reply", opened["id"], agent, text="Mohon maaf atas ketidaknyamanannya.").is_completed()
    assert act("advise", opened["id"], leader, advice="Telepon pelanggan.").is_completed()
    assert clocks(desk, opened["id"])["leader_engaged"]["stopped_at"]
    refused = act("resolve", opened["id"], agent)
    assert refused.name == "Refused"
    assert "steps of the hard-complaint instruction are open" in (refused.message or "")
    steps = [step.code for step in hard_complaint().steps]
    before = [step.code for step in hard_complaint().steps if step.before == "resolve"]
    assert act("tick_steps", opened["id"], leader, steps=before).is_completed()
    assert act("resolve", opened["id"], agent).is_completed()
    assert act("close", opened["id"], agent).name == "Refused"
    assert act("tick_steps", opened["id"], leader, steps=steps).is_completed()
    assert act("close", opened["id"], agent).is_completed()
    assert case(desk, opened["id"])["status"] == "closed"


def test_the_customer_falls_silent(desk: Desk) -> None:
    opened = opened_case(desk)
    agent = agent_of(desk, opened["id"])
    assert act("reply", opened["id"], agent, text="Boleh dicek?", then="wait_for_customer").is_completed()
    time_passes(desk, opened["id"], DAY)
    watch_cases()
    watch_cases()
    assert [one for one, _ in told(desk, "customer_silent")] == [agent]
    assert clocks(desk, opened["id"])["settle"]["breached_at"] is None
    assert act("reply", opened["id"], agent, text="Kami tutup laporannya ya.", then="resolve").is_completed()
    time_passes(desk, opened["id"], DAY)
    watch_cases()
    assert case(desk, opened["id"])["status"] == "closed"


def test_the_customer_returns_after_closing(desk: Desk) -> None:
    opened = opened_case(desk)
    agent = agent_of(desk, opened["id"])
    assert act("reply", opened["id"], agent, text="Sudah pulih.", then="resolve").is_completed()
    assert act("close", opened["id"], agent).is_completed()
    desk.sandbox.state.post_mention("@TelkomCare internet mati total lagi, tolong", by=CUSTOMER)
    intake_mentions()
    again = case(desk, opened["id"])
    assert (again["status"], again["closed_at"]) == ("assigned", None)
    assert agent_of(desk, opened["id"]) == agent
    assert clocks(desk, opened["id"])["settle"]["stopped_at"] is None
    assert "case_reopened" in story(desk, opened["id"])
    refused = act("resolve", opened["id"], agent)
    assert "has had no answer yet" in (refused.message or "")


def test_the_agent_goes_off_duty_mid_case(desk: Desk) -> None:
    opened = opened_case(desk)
    gone = agent_of(desk, opened["id"])
    assert act("reply", opened["id"], gone, text="Kami periksa dulu.").is_completed()
    with write_transaction(desk.engine) as connection:
        now = datetime.now(UTC)
        mine = (ShiftRow.staff_id == opened["agent_id"], ShiftRow.starts_at <= now, ShiftRow.ends_at > now)
        connection.execute(update(ShiftRow).where(*mine).values(ends_at=now))
    watch_cases()
    there = agent_of(desk, opened["id"])
    assert there != gone
    assert case(desk, opened["id"])["status"] == "assigned"
    assert there in [one for one, _ in told(desk, "assigned")]
    refused = act("reply", opened["id"], gone, text="Halo lagi")
    assert f"{gone} is not on duty" in (refused.message or "")
    assert f"{there}, who has the case" in (refused.message or "")
    assert act("reply", opened["id"], there, text="Saya lanjutkan ya.").is_completed()


def test_two_people_at_once_one_wins_and_the_other_is_told(desk: Desk) -> None:
    opened = opened_case(desk)
    first, second = people(desk).on_duty["team_leader"][:2]
    ends = at_once(*(partial(act, "take_over", opened["id"], leader) for leader in (first, second)))
    assert sorted(end.name for end in ends) == ["Completed", "Refused"]
    winner = leader_of(desk, opened["id"])
    (lost,) = [end for end in ends if end.name == "Refused"]
    assert lost.message == f"C-000001 has been taken over by {winner} already."
    seen = case(desk, opened["id"])["version"]
    ends = at_once(*(partial(act, "reply", opened["id"], winner, text=f"Jawaban {n}", as_seen=seen) for n in (1, 2)))
    assert sorted(end.name for end in ends) == ["Completed", "Refused"]
    assert len(desk.sandbox.state.created) == 1


def test_an_agent_who_does_not_accept_loses_the_case(desk: Desk) -> None:
    opened = opened_case(desk)
    agent = agent_of(desk, opened["id"])
    time_passes(desk, opened["id"], timedelta(minutes=5))
    watch_cases()
    assert agent_of(desk, opened["id"]) != agent
    assert {"case_clock_breached", "agent_relieved"} <= set(story(desk, opened["id"]))
    assert agent in [one for one, _ in told(desk, "clock_breach")]


@pytest.mark.timeout(400)
def test_the_pic_and_the_unit(units_desk: Desk) -> None:
    desk = units_desk
    desk.sandbox.state.units.tempers["network"] = UnitTemper("prompt", 1)
    opened = opened_case(desk)
    agent = agent_of(desk, opened["id"])
    handed = act("hand_to_pic", opened["id"], agent, unit="network", for_the_pic="Modem sudah dicoba ulang")
    assert handed.is_completed()
    assert "T-000001 goes to network" in (handed.message or "")
    assert case(desk, opened["id"])["status"] == "waiting_unit"
    assert act("resolve", opened["id"], agent).name == "Refused"
    watch_until(lambda: tickets(desk)["network"]["status"] == "settled")
    assert agent in [one for one, _ in told(desk, "ask")]
    assert act("reply", opened["id"], agent, text="Kata unit sudah pulih, boleh dicek?").is_completed()
    assert act("customer_says", opened["id"], agent, solved=True).is_completed()
    assert tickets(desk)["network"]["status"] == "verified"
    assert case(desk, opened["id"])["status"] == "in_progress"
    assert agent in [one for one, _ in told(desk, "verified")]
    assert act("resolve", opened["id"], agent).is_completed()
    watch_until(lambda: state(desk, tickets(desk)["network"]["flow_run_id"])["type"] == "COMPLETED")
    assert [one["text"] for one in said(desk, opened["id"], "internal")] == ["Modem sudah dicoba ulang"]


def test_advice_in_a_takeover_leaves_the_case_with_who_took_it_over(desk: Desk) -> None:
    opened = opened_case(desk)
    first, second = people(desk).on_duty["team_leader"][:2]
    supervisor = people(desk).on_duty["supervisor"] or ["S01"]
    assert act("take_over", opened["id"], first).is_completed()
    for adviser in (second, *[one for one in supervisor if one in people(desk).on_duty["supervisor"]]):
        assert act("advise", opened["id"], adviser, advice="Segera").is_completed()
        assert leader_of(desk, opened["id"]) == first
    assert act("reply", opened["id"], first, text="Saya tangani.", then="wait_for_customer").is_completed()
    assert act("give_back", opened["id"], first).is_completed()
    settle = clocks(desk, opened["id"])["settle"]
    assert (settle["next_at"], settle["paused_at"] is None) == (None, False)


def test_two_mentions_that_make_a_hard_case_in_one_pull_engage_the_leader(desk: Desk) -> None:
    first = desk.sandbox.state.post_mention(COMPLAINT, by=CUSTOMER)
    desk.sandbox.state.post_mention(HARD_COMPLAINT, by=CUSTOMER, kind="reply", re=first)
    intake_mentions()
    assert case(desk, 1)["severity"] == "hard"
    assert {one for one, _ in told(desk, "hard")} & set(people(desk).on_duty["team_leader"])


def test_a_further_word_after_the_solution_is_heard(desk: Desk) -> None:
    opened = opened_case(desk)
    agent = agent_of(desk, opened["id"])
    assert act("reply", opened["id"], agent, text="Sudah kami perbaiki.", then="resolve").is_completed()
    (reply,) = desk.sandbox.state.created
    before = case(desk, opened["id"])["look_at"]
    desk.sandbox.state.post_mention("ok min, saya cek dulu ya", by=CUSTOMER, kind="reply", re=reply.id)
    intake_mentions()
    assert case(desk, opened["id"])["status"] == "resolved"
    assert case(desk, opened["id"])["look_at"] > before
    assert [one for one, _ in told(desk, "customer_answered")] == [agent]
    assert len(said(desk, opened["id"], "in")) == 2
