"""Follow-ups killed (-9) at every step boundary, with their worker and with Prefect's server: the same end."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from prefect.artifacts import Artifact

from deployments.processes import started_in
from deployments.sandbox.units import UnitTemper
from models.ticket_rows import FollowUpRunRow
from tests.conftest import Desk, desk_at
from tests.follow_ups import (
    all_verified,
    hand_over,
    start_worker,
    story,
    tickets,
    units_at_work,
    waits_with_form,
    watch_until,
)
from tests.servers import PrefectServer
from tests.support import rows

UNDISTURBED = [
    *("ticket_opened", "follow_up_started", "ticket_dispatched", "ticket_acknowledged", "ticket_in_progress"),
    *("ticket_settled", "customer_confirmation_asked", "ticket_verified"),
]
CHASED = {"unit_chased", "contact_failed", "customer_confirmation_asked"}
DEATHS = {
    "network": ("take_on", "send_ticket", "note_success", "go_to_wait", "finish"),
    "billing": ("look", "publish_case_file", "take_updates", "ask"),
    "tv": ("suspend", "record_update"),
    "mobile": ("mark_clock", "send_message"),
    "provisioning": ("give_up",),
}
"""By unit: the steps its follow-up dies after, `suspend` between Prefect's word and the form."""


@pytest.fixture
def dying_desk(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """A desk whose follow-ups die as `DEATHS` says; its tickets are numbered in that order."""
    marks = tmp_path / "deaths"
    marks.mkdir()
    dying = {f"T-{number:06d}": steps for number, steps in enumerate(DEATHS.values(), start=1)}
    monkeypatch.setenv("CARE_DIE", json.dumps(dying))
    monkeypatch.setenv("CARE_DIE_MARKS", str(marks))
    deploy = ("tests/chaos/dying_follow_up.py:follow_up_ticket", "--name", "pic", "--pool", "desk")
    with units_at_work(desk, tmp_path, monkeypatch, *deploy) as at_work:
        yield at_work


@pytest.mark.timeout(600)
def test_killed_at_every_step_boundary(dying_desk: Desk, tmp_path: Path) -> None:
    desk = dying_desk
    units = desk.sandbox.state.units
    units.tempers.update({unit: UnitTemper("prompt", 4) for unit in DEATHS})
    units.tempers |= {"mobile": UnitTemper("silent", 2), "provisioning": UnitTemper("down", 2, down_for=15)}
    hand_over(desk, *DEATHS)
    watch_until(lambda: all_verified(desk), 480)
    # The run of a verified ticket has yet to finish, and to die of it.
    watch_until(lambda: all(row["shut_at"] for row in rows(desk.engine, FollowUpRunRow)))
    died = {mark.name for mark in (tmp_path / "deaths").iterdir()}
    assert died == {f"T-{row['id']:06d}-{step}" for unit, row in tickets(desk).items() for step in DEATHS[unit]}
    for unit, row in tickets(desk).items():
        told = [event for event in story(desk, row["id"]) if event != "follow_up_taken_over"]
        if unit in {"mobile", "provisioning"}:  # chased, and asked about again, by the clock
            assert all(told.count(event) == 1 for event in set(told) - CHASED), told
        else:
            assert told == UNDISTURBED
    assert len(units.tickets) == len(DEATHS)  # each dispatch once in effect
    for row in tickets(desk).values():
        shown = Artifact.get(f"ticket-t-{row['id']:06d}", _sync=True)
        assert shown is not None
        assert "**verified**" in str(shown.data)


@pytest.mark.timeout(600)
def test_server_and_worker_killed_while_tickets_wait_then_an_older_copy_of_the_server(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, home = PrefectServer(tmp_path / "server"), tmp_path / "desk"
    home.mkdir()
    with (
        server.running() as api_url,
        desk_at(sqlite_url, api_url, home, monkeypatch, play=False) as desk,
        units_at_work(desk, home, monkeypatch),
    ):
        waiting = ("network", "billing")
        desk.sandbox.state.units.tempers.update({unit: UnitTemper("prompt", 25) for unit in waiting})
        hand_over(desk, *waiting)

        def all_wait() -> bool:
            return all(waits_with_form(desk, row) for row in tickets(desk).values())

        watch_until(all_wait)
        carrying = {unit: row["flow_run_id"] for unit, row in tickets(desk).items()}
        for process in started_in(home):
            process.kill()
        server.kill()
        kept = shutil.copytree(server.records, tmp_path / "copy")
        server.start()
        start_worker(home)
        watch_until(lambda: all(row["status"] not in {"new", "dispatched"} for row in tickets(desk).values()))
        watch_until(all_wait)
        assert {unit: row["flow_run_id"] for unit, row in tickets(desk).items()} == carrying
        server.kill()
        shutil.rmtree(server.records)
        shutil.copytree(kept, server.records)
        server.start()
        watch_until(lambda: all_verified(desk))
        for row in tickets(desk).values():
            told = story(desk, row["id"])
            assert "follow_up_taken_over" in told  # the copy's form was outdated
            assert [event for event in told if event != "follow_up_taken_over"] == UNDISTURBED
        assert len(desk.sandbox.state.units.tickets) == len(waiting)
