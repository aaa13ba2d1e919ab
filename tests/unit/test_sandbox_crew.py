"""The sandbox's scripted crew by itself: what it learns from notices, what it does next. Pure decisions."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from deployments.sandbox.crew import crew_script, roles_of, works
from deployments.sandbox.crew_plan import Move, carried_out, next_move
from deployments.sandbox.crew_script import Script
from deployments.sandbox.crew_seen import CaseSeen, Told, read_notice, take_in
from deployments.sandbox.records import SandboxNotice
from deployments.sandbox.scenario import DEFAULT_SCENARIO, ScenarioError
from tests.servers import ROOT

NOW = datetime(2026, 9, 1, 3, 0, tzinfo=UTC)
ROLES = {"A01": "agent", "A02": "agent", "TL1": "team_leader", "P01": "pic", "S01": "supervisor"}


@pytest.fixture(scope="module")
def script() -> Script:
    return crew_script(DEFAULT_SCENARIO, ROOT / "data")


def notice(title: str, *paragraphs: str, recipient: str = "A01") -> SandboxNotice:
    body = "\n\n".join([*paragraphs, "Cases: http://127.0.0.1/x"])
    return SandboxNotice(1, recipient, NOW, title, body, "info", {})


def test_a_message_of_several_notices_is_read_one_by_one() -> None:
    first = (
        "N-000001 C-000001, complaint about tv, is yours: by a priority customer\n4.1 least loaded\n@bima: “tv mati”"
    )
    second = "N-000002 C-000002, complaint about tv: the customer has answered\nhttps://x.com/i/status/1"
    told = list(read_notice(notice("2 notices: C-000001 …", first, second)))
    assert [one.title[:8] for one in told] == ["C-000001", "C-000002"]
    cases: dict[str, CaseSeen] = {}
    for one in told:
        take_in(cases, one, ROLES)
    assert (cases["C-000001"].agent, cases["C-000001"].handle) == ("A01", "bima")
    assert "first" in cases["C-000002"].done  # at work since before the crew looked


class Desk:
    """The crew's view of one case, its moves carried out as they come."""

    def __init__(self, script: Script, path: str, *, hard: bool = False) -> None:
        self.script = replace(script, pinned={"bima": path})
        self.cases: dict[str, CaseSeen] = {}
        self.now, self.hard, self.moves = NOW, hard, list[Move]()
        what = f"{'hard complaint' if hard else 'complaint'} about network"
        self.hear("A01", f"C-000001, {what}, is yours: by a priority customer")
        if hard:
            self.hear("TL1", "C-000001, hard complaint about network, is a hard complaint: detected")
            self.hear("S01", "C-000001, hard complaint about network, is a hard complaint: detected")

    @property
    def case(self) -> CaseSeen:
        return self.cases["C-000001"]

    def hear(self, recipient: str, title: str) -> None:
        take_in(self.cases, Told(recipient, self.now, title, "@bima: “mati”"), ROLES)

    def work(self, word: str | None = None) -> list[str]:
        """Let the crew do everything it can; what it did: who and what."""
        begun = len(self.moves)
        while (move := next_move(self.case, word, self.script, self.now)) and len(self.moves) < 30:
            self.moves.append(move)
            carried_out(self.case, move, self.now)
            word = None if move.do == "reply" else word
        return [f"{move.by} {move.do}" for move in self.moves[begun:]]


def test_the_agent_solves_it(script: Script) -> None:
    desk = Desk(script, "solve")
    assert desk.work() == ["A01 accept", "A01 reply"]
    assert desk.moves[-1].form["then"] == "wait_for_customer"
    assert desk.work("told") == ["A01 reply"]
    assert desk.work("solved") == ["A01 reply"]
    assert desk.moves[-1].form["then"] == "resolve"
    assert desk.work("told") == []


def test_a_silent_customer_is_told_that_it_is_closed(script: Script) -> None:
    desk = Desk(script, "solve")
    desk.work()
    desk.hear("A01", "C-000001, complaint about network: the customer has not answered; ask again, or resolve it")
    assert desk.work() == ["A01 reply"]
    assert desk.moves[-1].form["then"] == "resolve"


def test_the_leader_advises(script: Script) -> None:
    desk = Desk(script, "advice")
    assert desk.work() == ["A01 accept", "A01 reply", "A01 ask_leader"]
    desk.hear("TL1", "C-000001, complaint about network: A01 asks for a team leader")
    assert desk.work() == ["TL1 advise", "A01 reply"]
    assert desk.work("solved") == ["A01 reply"]


def test_the_leader_takes_over_and_answers(script: Script) -> None:
    desk = Desk(script, "takeover")
    assert desk.work() == ["A01 accept", "A01 ask_leader"]
    desk.hear("TL1", "C-000001, complaint about network: A01 asks for a team leader")
    assert desk.work() == ["TL1 take_over", "TL1 reply"]
    assert desk.work("solved") == ["TL1 reply"]


@pytest.mark.parametrize(("ticket", "who"), [("T-000001", "A01 customer_says"), ("T-000002", "P01 customer_confirmed")])
def test_a_unit_solves_it_and_agent_or_pic_passes_on_the_customers_word(script: Script, ticket: str, who: str) -> None:
    desk = Desk(script, "ticket")
    assert desk.work()[-1] == "A01 hand_to_pic"
    desk.hear("P01", f"{ticket} of C-000001, complaint about network goes to network: you follow it")
    assert desk.work() == []
    for told in ("P01", "A01"):
        desk.hear(told, f"{ticket} (C-000001, network): NOC says it is solved: the customer has to confirm.")
    assert desk.work() == ["A01 reply"]
    assert desk.work("solved")[0] == who
    desk.hear("A01", "C-000001: every ticket is verified; answer the customer and resolve it")
    desk.work("solved")
    assert desk.moves[-1].form["then"] == "resolve"


def test_the_pic_redirects_and_phones(script: Script) -> None:
    desk = Desk(script, "ticket")
    desk.work()
    desk.hear("P01", "T-000001 (C-000001, network): NOC refused it: the PIC redirects it.")
    assert desk.work() == ["P01 redirect"]
    assert desk.moves[-1].form["redirect_to"] != "network"
    desk.hear("P01", "T-000001 (C-000001, provisioning): P could not be reached: the PIC phones.")
    assert desk.work() == []
    desk.now += script.phone_after
    assert desk.work() == ["P01 acknowledged"]
    desk.now += script.phone_after
    assert desk.work() == ["P01 settled"]
    desk.hear("P01", "T-000001 (C-000001, provisioning): P says it is solved: the customer has to confirm.")
    assert desk.work() == ["A01 reply"]
    desk.now += script.patience
    assert desk.work() == ["P01 customer_confirmed"]  # the customer was phoned


def test_a_hard_complaint_goes_by_its_steps(script: Script) -> None:
    desk = Desk(script, "takeover", hard=True)
    assert desk.work() == ["TL1 take_over", "TL1 reply", "TL1 reply", "TL1 tick_steps"]
    assert tuple(desk.moves[-1].form["steps"]) == script.steps_to_resolve
    assert desk.work("solved") == ["TL1 reply", "TL1 tick_steps"]
    assert tuple(desk.moves[-1].form["steps"]) == script.steps_to_close


@pytest.mark.parametrize("hard", [False, True])
def test_a_case_that_lives_again_is_taken_up_again(script: Script, hard: bool) -> None:
    desk = Desk(script, "ticket", hard=hard)
    desk.hear("P01", "T-000001 of C-000001, complaint about network goes to network: you follow it")
    desk.case.tickets["T-000001"].stand = "verified"
    desk.case.done += ["accept", "first", "resolve"]
    desk.case.asks.clear()
    desk.hear("A02", "C-000001, complaint about network, is yours: by a priority customer")
    ticks = ["TL1 tick_steps"] if hard else []
    assert desk.work() == ["A02 accept", "A02 reply", *ticks]
    assert desk.work("solved") == ["A02 reply", *ticks]


def test_what_was_refused_or_could_not_be_sent_is_left_to_a_person(script: Script) -> None:
    desk = Desk(script, "solve")
    desk.case.alone_until = NOW + timedelta(minutes=1)
    assert desk.work() == []
    desk.now += timedelta(minutes=1)
    assert desk.work() != []
    desk.hear("A01", "C-000001: your answer did not reach the customer: forbidden")
    assert desk.work("told") == []


def test_in_haste_the_first_thing_done_accepts_and_greets(script: Script) -> None:
    hasty = replace(script, in_haste=True)
    assert Desk(hasty, "ticket").work() == ["A01 hand_to_pic"]
    assert Desk(hasty, "advice").work() == ["A01 ask_leader"]
    assert Desk(hasty, "solve").work() == ["A01 reply"]
    quick = Desk(hasty, "quick")
    assert quick.work() == ["A01 reply"]
    assert quick.work("solved") == ["A01 reply"]


def test_the_crew_leaves_every_third_case_to_a_person() -> None:
    assert [number for number in range(1, 10) if not works(number, 2 / 3)] == [1, 4, 7]
    assert all(works(number, 1) for number in range(1, 10))


def test_the_crew_knows_what_everybody_is() -> None:
    roles = roles_of(ROOT / "data")
    assert (roles["A01"], roles["TL1"], roles["P01"]) == ("agent", "team_leader", "pic")


@pytest.mark.parametrize(
    "change", [{"pinned": {"bima": "nap"}}, {"texts": {"first": ["x"]}}, {"paths": {"tv": ["solve"]}}]
)
def test_a_wrong_script_is_refused_by_name(tmp_path: Path, change: dict[str, Any]) -> None:
    data = yaml.safe_load((DEFAULT_SCENARIO / "crew.yaml").read_text("utf-8"))
    (tmp_path / "crew.yaml").write_text(yaml.safe_dump(data | change), "utf-8")
    with pytest.raises(ScenarioError, match=r"crew\.yaml"):
        crew_script(tmp_path, ROOT / "data")
