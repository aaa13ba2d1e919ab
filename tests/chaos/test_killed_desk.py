"""handle-case killed (-9) after any step and its run repeated: done once, the answer posted once, nobody told twice."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime
from uuid import UUID

import pytest
from prefect.states import Pending
from sqlalchemy import update

from flows.handle_case import handle_case
from models.cases import DeskActionRow, InteractionRow, case_number
from models.database import write_transaction
from models.journal import JournalRow
from models.notices import NoticeRow
from tasks.follow_ups import client
from tasks.replies import deliver_replies
from tests.conftest import Desk
from tests.desk import agent_of, case, opened_case, said
from tests.servers import ROOT
from tests.support import rows

STEPS = ("act_on_case", "move_tickets", "begin_try", "post_reply", "deliver_replies", "deliver_notices", "tell_prefect")


def run_of(action: dict[str, object]) -> str:
    """A flow run of handle-case that has not begun; its id."""
    with client() as prefect:
        return str(prefect.create_flow_run(handle_case, parameters={"action": action}, state=Pending()).id)


def execute(desk: Desk, run_id: str, step: str) -> int:
    """Carry a run out in a process of its own, which dies after `step`."""
    command = [sys.executable, "-W", "ignore", str(ROOT / "tests/chaos/dying_desk.py"), run_id, step]
    done = subprocess.run(command, cwd=ROOT, env=desk.environment(), capture_output=True, text=True, timeout=120)
    return done.returncode


def repeat(desk: Desk, run_id: str) -> None:
    """As a person who presses Retry, or the next round of the monitor once the claims have run out."""
    with client() as prefect:
        prefect.set_flow_run_state(UUID(run_id), Pending(), force=True)
    assert execute(desk, run_id, "none") == 0
    with write_transaction(desk.engine) as connection:
        held = update(InteractionRow).where(InteractionRow.delivery.in_(("queued", "sending")))
        connection.execute(held.values(next_attempt_at=datetime.now(UTC)))
    deliver_replies()


@pytest.mark.timeout(400)
def test_killed_after_any_step_and_repeated_it_is_done_once(desk: Desk) -> None:
    opened = opened_case(desk)
    agent = agent_of(desk, opened["id"])
    for number, step in enumerate(STEPS, start=1):
        text = f"Mohon maaf, kami periksa ({number})."
        run_id = run_of({"do": "reply", "case": case_number(opened["id"]), "by": agent, "text": text})
        assert execute(desk, run_id, step) == -signal.SIGKILL, step
        repeat(desk, run_id)
        assert [one.text.endswith(text) for one in desk.sandbox.state.created].count(True) == 1, step
        (ours,) = [one for one in said(desk, opened["id"]) if one["text"] == text]
        assert ours["delivery"] == "sent", step
        assert ours["platform_id"], step
    assert len(desk.sandbox.state.created) == len(STEPS)
    assert case(desk, opened["id"])["version"] == len(STEPS)
    assert len(rows(desk.engine, DeskActionRow)) == len(STEPS)
    events = Counter(row["event"] for row in rows(desk.engine, JournalRow) if row["case_id"] == opened["id"])
    assert (events["case_accepted"], events["reply_written"], events["reply_sent"]) == (1, len(STEPS), len(STEPS))
    causes = [row["cause"] for row in rows(desk.engine, NoticeRow)]
    assert len(causes) == len(set(causes))
