"""Every way of clause 5.3.2, walked on a real Prefect server against the sandbox's platforms."""

from __future__ import annotations

from datetime import timedelta

from flows.intake_mentions import intake_mentions
from flows.watch_cases import watch_cases
from tests.conftest import Desk
from tests.desk import (
    CUSTOMER,
    a_leader,
    act,
    agent_of,
    case,
    clocks,
    opened_case,
    people,
    said,
    story,
    time_passes,
    told,
)
from tests.support import HARD_COMPLAINT

DAY = timedelta(days=1)


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


def leader_of(desk: Desk, case_id: int) -> str:
    from tests.desk import code

    return code(desk.engine, case(desk, case_id)["team_leader_id"])


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
    from tasks.desk_data import hard_complaint

    steps = [step.code for step in hard_complaint().steps]
    before = [step.code for step in hard_complaint().steps if step.before == "resolve"]
    assert act("tick_steps", opened["id"], leader, steps=before).is_completed()
    assert act("resolve", opened["id"], agent).is_completed()
    assert act("close", opened["id"], agent).name == "Refused"
    assert act("tick_steps", opened["id"], leader, steps=steps).is_completed()
    assert act("close", opened["id"], agent).is_completed()
    assert case(desk, opened["id"])["status"] == "closed"
