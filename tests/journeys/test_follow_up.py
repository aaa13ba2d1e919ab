"""Tickets carried to the end on a real Prefect server with a process worker, by units of every temper (4.3, 4.4)."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import requests

from deployments.leftovers import end_leftovers
from deployments.processes import stop_all
from deployments.sandbox.unit_pushes import UnitPusher
from deployments.sandbox.units import UnitTemper
from flows.receive_unit_update import receive_unit_update
from models.cases import ClockRow, InteractionRow
from models.notices import NoticeRow
from models.pic_updates import MONITOR
from models.ticket_rows import ContactRow, FollowUpRunRow, UnitUpdateRow
from tasks.follow_ups import wake_run
from tasks.unit_pushes import PushRefused
from tasks.watching import look_after_follow_ups
from tests.conftest import Desk
from tests.follow_ups import (
    ENDED,
    REAL_CHANGES,
    at_once,
    cancel,
    cases,
    confirm_settled,
    follow,
    follow_all,
    hand_over,
    press_resume,
    resume,
    state,
    story,
    tickets,
    wait_for,
    wait_suspended,
    watch_until,
)
from tests.support import rows

TEMPERS = {
    "network": UnitTemper("prompt", 2),
    "billing": UnitTemper("flaky", 2),
    "provisioning": UnitTemper("settling_wrongly", 2),
    "tv": UnitTemper("answering_twice", 2),
    "mobile": UnitTemper("silent", 2),
    "enterprise": UnitTemper(),
}


@pytest.mark.timeout(600)
def test_every_temper_ends_verified(units_desk: Desk) -> None:
    desk = units_desk
    units = desk.sandbox.state.units
    units.tempers.update(TEMPERS)
    opened = zip(cases(desk, len(TEMPERS)), TEMPERS, strict=False)
    follow_all(desk, *({"case": f"C-{case:06d}", "unit": unit} for case, unit in opened))

    def all_verified() -> bool:
        found = tickets(desk)
        if "enterprise" in found and found["enterprise"]["status"] == "dispatched":  # written to; it phones
            resume(desk, found["enterprise"]["flow_run_id"], action="settled", note="Sudah dicek, kata unit")
        confirm_settled(desk, not_yet={"provisioning"})
        return len(found) == len(TEMPERS) and all(row["status"] in ENDED for row in found.values())

    watch_until(all_verified, 400)
    found = tickets(desk)
    for unit, row in found.items():
        keys = [key for key, one in units.tickets.items() if one.body["ticket"] == f"T-{row['id']:06d}"]
        assert len(keys) == (0 if unit == "enterprise" else row["round"])  # each dispatch once in effect
        told = story(desk, row["id"])
        assert told[:3] == ["ticket_opened", "follow_up_started", "ticket_dispatched"], told
        assert told[-1] == "ticket_verified"
    assert found["provisioning"]["round"] == 2
    assert "customer_says_not_solved" in story(desk, found["provisioning"]["id"])
    assert {"ticket_clock_breached", "unit_escalated_to"} <= set(story(desk, found["mobile"]["id"]))
    breach = [row["recipient"] for row in rows(desk.engine, NoticeRow) if row["kind"] == "breach"]
    assert {code[0] for code in breach} == {"P", "S"}  # PIC and supervisor
    assert all(row["stopped_at"] for row in rows(desk.engine, ClockRow) if row["ticket_id"])
    assert next(row["outcome"] for row in rows(desk.engine, ContactRow) if row["unit"] == "billing") == "no_answer"
    assert sum(row["idle_wakes"] for row in found.values()) == 0
    for unit, row in found.items():  # a process is started for what happens, not for looking whether something did
        told = story(desk, row["id"])
        allowed = REAL_CHANGES if unit in {"network", "tv", "enterprise"} else set(told) - {"follow_up_started"}
        assert row["processes"] <= sum(event in allowed for event in told), (unit, told)


LATE = {
    "network": UnitTemper("slow", 3),
    "billing": UnitTemper("out_of_order", 60),
    "provisioning": UnitTemper("down", 2, down_for=20),
}


def speak_out_of_order(desk: Desk, unit: str) -> None:
    """Let a unit be heard: its last word now, those before it only once that has counted.

    Left to the clock, a slow machine would hear them together, and they would not be out of order.
    """
    units, counted = desk.sandbox.state.units, tickets(desk)[unit]["status"] in {"settled", "verified"}
    with units.lock:
        for said in units.said:
            if said.unit == unit and (counted or said.status == "settled"):
                said.visible = min(said.visible, datetime.now(UTC))


@pytest.mark.timeout(600)
def test_slow_out_of_order_and_down_end_verified(units_desk: Desk) -> None:
    desk = units_desk
    desk.sandbox.state.units.tempers.update(LATE)
    opened = zip(cases(desk, len(LATE)), LATE, strict=False)
    follow_all(desk, *({"case": f"C-{case:06d}", "unit": unit} for case, unit in opened))

    def all_verified() -> bool:
        speak_out_of_order(desk, "billing")
        confirm_settled(desk)
        return len(tickets(desk)) == len(LATE) and all(row["status"] in ENDED for row in tickets(desk).values())

    watch_until(all_verified)
    late = tickets(desk)["billing"]["id"]
    watch_until(lambda: story(desk, late).count("unit_update_ignored") == 2)  # what came late and was no longer news
    told = {unit: story(desk, row["id"]) for unit, row in tickets(desk).items()}
    assert told["billing"].count("ticket_settled") == 1
    assert "unit_unreachable" in told["provisioning"]
    assert told["provisioning"].index("unit_unreachable") < told["provisioning"].index("ticket_dispatched")
    notices = [row for row in rows(desk.engine, NoticeRow) if row["kind"] == "ask"]
    assert any("phone" in row["title"] for row in notices)  # the PIC is asked to phone
    assert all("/artifacts/key/ticket-t-" in row["body"] for row in notices)


@pytest.mark.timeout(600)
def test_refused_goes_to_the_pic_and_is_redirected(units_desk: Desk) -> None:
    desk = units_desk
    desk.sandbox.state.units.tempers |= {"tv": UnitTemper("refusing"), "network": UnitTemper("prompt", 1)}
    (case, *_) = cases(desk, 1)
    run_id = follow(desk, case=f"C-{case:06d}", unit="tv")
    watch_until(lambda: "tv" in tickets(desk) and state(desk, run_id).get("type") == "PAUSED")
    row = tickets(desk)["tv"]
    assert row["status"] == "refused"
    assert "not ours" in row["standing"]
    assert not resume(desk, run_id, action="redirect", redirect_to="mars")  # the form offers units that exist
    assert resume(desk, run_id, action="redirect")
    watch_until(lambda: "pic_update_refused" in story(desk, row["id"]))
    assert "not ours" in tickets(desk)["tv"]["standing"]
    watch_until(lambda: state(desk, run_id).get("type") == "PAUSED")
    assert resume(desk, run_id, action="redirect", redirect_to="network")
    assert not resume(desk, run_id, action="check")  # one wins, the other is told

    def verified() -> bool:
        confirm_settled(desk)
        return tickets(desk).get("network", {}).get("status") == "verified"

    watch_until(verified)


@pytest.mark.timeout(600)
def test_lost_runs_are_replaced_and_a_second_run_takes_over(units_desk_on_postgresql: Desk) -> None:
    desk = units_desk_on_postgresql
    desk.sandbox.state.units.tempers["network"] = UnitTemper("prompt", 600)
    (case, *_) = cases(desk, 1)
    run_id = follow(desk, case=f"C-{case:06d}", unit="network")

    def waiting() -> str | None:
        row = tickets(desk).get("network")
        current = row and row["flow_run_id"]
        return current if current and state(desk, current).get("type") == "PAUSED" else None

    assert watch_until(waiting) == run_id
    watch_until(lambda: requests.delete(f"{desk.api_url}/flow_runs/{run_id}", timeout=90).status_code in {204, 404})
    watch_until(lambda: tickets(desk)["network"]["flow_run_id"] != run_id)
    second = watch_until(waiting)
    cancel(desk, second)
    watch_until(lambda: tickets(desk)["network"]["flow_run_id"] != second)
    third = watch_until(waiting)
    fourth = follow(desk, ticket="T-000001")
    watch_until(lambda: tickets(desk)["network"]["flow_run_id"] == fourth)
    assert watch_until(waiting) == fourth
    assert state(desk, third)["type"] == "CANCELLED"
    assert fourth in state(desk, third)["message"]
    live = [row["flow_run_id"] for row in rows(desk.engine, FollowUpRunRow) if row["ended_at"] is None]
    assert live == [fourth]
    assert len(desk.sandbox.state.units.tickets) == 1


@pytest.mark.timeout(600)
def test_a_signed_push_wakes_its_ticket_and_a_wrong_one_is_refused(units_desk: Desk) -> None:
    desk = units_desk
    units = desk.sandbox.state.units
    units.tempers["network"] = UnitTemper("prompt", 25, push=True)
    (case, *_) = cases(desk, 1)
    run_id = follow(desk, case=f"C-{case:06d}", unit="network")
    watch_until(lambda: units.said and state(desk, run_id).get("type") == "PAUSED")
    with pytest.raises(PushRefused, match="does not match"):
        receive_unit_update("network", json.dumps(units.said[0].plain()), int(time.time()), "sha256=00")
    with pytest.raises(PushRefused, match="5 minutes"):
        receive_unit_update("network", "{}", int(time.time()) - 600, "sha256=00")
    with pytest.raises(PushRefused, match="may not push"):
        receive_unit_update("sales_", "{}", int(time.time()), "sha256=00")
    pusher = UnitPusher(units, desk.api_url)
    pusher.start()
    wait_for(lambda: tickets(desk)["network"]["status"] != "dispatched")  # without the monitor: by the push alone
    pusher.ended.set()
    assert {row["via"] for row in rows(desk.engine, UnitUpdateRow)} == {"push"}


@pytest.mark.timeout(600)
def test_of_a_wake_and_forms_at_the_same_moment_one_wins_and_nothing_is_lost(units_desk: Desk) -> None:
    desk = units_desk
    desk.sandbox.state.units.tempers["network"] = UnitTemper("prompt", 3600)
    (case, *_) = cases(desk, 1)
    run_id = follow(desk, case=f"C-{case:06d}", unit="network")
    taken = []
    for number in range(4):
        wait_suspended(desk, 1, waits=number)
        notes = [f"Kabar {number} {letter}" for letter in "ab"]
        forms = [partial(press_resume, desk, run_id, action="note", note=note) for note in notes]
        wake, *told = at_once(partial(press_resume, desk, run_id, action="check", by=MONITOR), *forms)
        assert [wake, *told].count(201) == 1, (number, wake, told)
        assert wake_run(run_id) == "busy"
        taken += [note for note, answer in zip(notes, told, strict=True) if answer == 201]
    wait_suspended(desk, 1, waits=4)
    assert resume(desk, run_id, action="note", note="Kabar akhir")  # who was told no says it again
    wait_suspended(desk, 1, waits=5)
    kept = [row["text"] for row in rows(desk.engine, InteractionRow) if row["kind"] == "note"]
    assert kept == [*taken, "Kabar akhir"]
    assert story(desk, 1).count("pic_note") == len(kept)


def follow_runs(desk: Desk, number: str, since: datetime) -> list[dict[str, Any]]:
    """The runs of a ticket since a moment, as Prefect knows them, oldest first; before it, other tests had theirs."""
    new = {"tags": {"all_": [number]}, "expected_start_time": {"after_": since.isoformat()}}
    wanted = {"flow_runs": new, "sort": "EXPECTED_START_TIME_ASC"}
    return list(requests.post(f"{desk.api_url}/flow_runs/filter", json=wanted, timeout=90).json())


def stand_at_work(desk: Desk, run_id: str) -> None:
    """As when a worker has taken a run and its host died."""
    for kind in ("PENDING", "RUNNING"):
        told = {"state": {"type": kind}, "force": True}
        assert requests.post(f"{desk.api_url}/flow_runs/{run_id}/set_state", json=told, timeout=90).ok


@pytest.mark.timeout(600)
def test_dead_runs_are_replaced_and_no_more_are_started_than_there_is_room_for(
    units_desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk, begun = units_desk, datetime.now(UTC)
    stop_all(tmp_path)  # no worker
    hand_over(desk, "network", "billing", "tv")
    monkeypatch.setenv("CARE_WAKES_AT_ONCE", "1")
    outcome = look_after_follow_ups()
    assert (len(outcome.restarted), outcome.put_off) == (1, 2)
    monkeypatch.setenv("CARE_WAKES_AT_ONCE", "40")
    (dead,) = follow_runs(desk, "T-000001", begun)
    stand_at_work(desk, dead["id"])

    def replaced() -> bool:
        look_after_follow_ups()
        return len(follow_runs(desk, "T-000001", begun)) == 2

    wait_for(replaced)
    before, after = sorted(follow_runs(desk, "T-000001", begun), key=lambda run: run["id"] != dead["id"])
    assert (before["state"]["type"], before["state"]["message"]) == ("CANCELLED", "gave no sign of life")
    assert after["state"]["type"] == "SCHEDULED"
    stand_at_work(desk, after["id"])
    assert end_leftovers() == 1  # what `make up` does before it starts a worker
    assert state(desk, after["id"])["type"] == "CRASHED"
