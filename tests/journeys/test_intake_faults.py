"""Every fault of the outside world: delayed at most, nothing lost, nothing doubled."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

import tasks.desk as desk_tasks
import tasks.intake as intake
from flows.intake_mentions import intake_mentions
from models.cases import CaseRow
from models.mention_rows import MentionRow, QuarantinedRow
from models.mentions import Mention
from models.notices import NoticeRow
from tests.conftest import Desk
from tests.journeys.test_intake import NEIGHBOUR, PRIORITY, REGULAR, artifact
from tests.support import COMPLAINT, how_many, rows

TELKOMCARE = "2291001457"
FAULTS = [
    "rate_limit",
    "server_error",
    "timeout",
    "half_page",
    "malformed_json",
    "duplicates",
    "partial_error",
    "credits_depleted",
    "bad_token",
]


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls give up after half a second here, and retries wait less; otherwise every timeout would cost minutes."""
    monkeypatch.setenv("CARE_PLATFORM_TIMEOUT", "0.5")
    monkeypatch.setattr(intake, "pull_page", intake.pull_page.with_options(retry_delay_seconds=0.05))
    monkeypatch.setattr(
        desk_tasks, "look_up_authors", desk_tasks.look_up_authors.with_options(retry_delay_seconds=0.05)
    )


def _post(desk: Desk) -> None:
    for number in range(3):
        desk.sandbox.state.post_mention(f"{COMPLAINT} {number}", by=PRIORITY)
        desk.sandbox.state.post_mention(f"@larasdinanti lapor bu, {COMPLAINT} {number}", by=REGULAR)


def _forget_waits(desk: Desk) -> None:
    with desk.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE watched_accounts SET next_poll_at = NULL")


@pytest.mark.parametrize(
    ("kind", "times"), [*((kind, 1) for kind in FAULTS), ("server_error", 40), ("malformed_json", 40)]
)
def test_a_fault_at_x_delays_and_loses_nothing(desk: Desk, kind: str, times: int) -> None:
    _post(desk)
    desk.sandbox.state.faults.add("x", kind, times=times)
    intake_mentions()
    summary = artifact("intake-summary")
    desk.sandbox.state.faults.clear()
    _forget_waits(desk)
    intake_mentions()
    texts = [row["text"] for row in rows(desk.engine, MentionRow)]
    assert len(texts) == len(set(texts)) == 6, summary
    assert how_many(desk.engine, CaseRow) == 3, summary
    assert len(desk.sandbox.state.notices) >= 1
    assert how_many(desk.engine, NoticeRow) == len({row["cause"] for row in rows(desk.engine, NoticeRow)})


@pytest.mark.parametrize("kind", ["rate_limit", "server_error", "timeout", "malformed_json", "bad_token", "half_page"])
def test_a_fault_at_facebook_delays_and_loses_nothing(desk: Desk, kind: str) -> None:
    for number in range(4):
        desk.sandbox.state.post_mention(
            f"mati total internetnya {number}", by=NEIGHBOUR, platform="facebook", kind="visitor"
        )
    desk.sandbox.state.faults.add("graph", kind, times=30)
    intake_mentions()
    desk.sandbox.state.faults.clear()
    _forget_waits(desk)
    intake_mentions()
    assert how_many(desk.engine, MentionRow) == 4


def test_one_platforms_failure_is_its_own(desk: Desk) -> None:
    _post(desk)
    desk.sandbox.state.faults.add("graph", "server_error", times=100)
    intake_mentions()
    assert how_many(desk.engine, CaseRow) == 3
    assert "Facebook" in artifact("intake-summary")


def test_a_defect_of_ours_is_confined_named_and_made_good(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.sandbox.state.post_mention(COMPLAINT, by=PRIORITY)
    desk.sandbox.state.post_mention("@larasdinanti lapor bu, mati total", by=REGULAR)
    real = intake.check_mentions

    def broken(mentions: tuple[Mention, ...], now: datetime) -> Any:
        if any("lapor bu" in mention.text for mention in mentions):
            raise KeyError("a defect")
        return real(mentions, now)

    monkeypatch.setattr(intake, "check_mentions", broken)
    with pytest.raises(RuntimeError, match="@larasdinanti"):
        intake_mentions()
    assert how_many(desk.engine, CaseRow) == 1
    assert "defect (KeyError)" in artifact("intake-summary").replace("\\", "")
    monkeypatch.setattr(intake, "check_mentions", real)
    intake_mentions()
    assert how_many(desk.engine, MentionRow) == 2


def test_a_rate_limited_account_waits_for_the_reset_and_the_others_go_on(desk: Desk) -> None:
    _post(desk)
    desk.sandbox.state.faults.add("x", "rate_limit", path=f"/users/{TELKOMCARE}/", times=1, seconds=300)
    intake_mentions()
    assert how_many(desk.engine, MentionRow) == 6 or "rate" in artifact("intake-summary").lower()
    asked = len([seen for seen in desk.sandbox.state.requests if f"/users/{TELKOMCARE}/mentions" in seen.path])
    intake_mentions()
    again = len([seen for seen in desk.sandbox.state.requests if f"/users/{TELKOMCARE}/mentions" in seen.path])
    assert again == asked  # it rests until the reset
    assert "waits until" in artifact("intake-summary")


def test_a_notice_sink_that_is_away_delays_the_notice_only(desk: Desk) -> None:
    _post(desk)
    desk.sandbox.state.faults.add("notices", "server_error", times=100)
    intake_mentions()
    assert how_many(desk.engine, CaseRow) == 3
    assert desk.sandbox.state.notices == []
    assert "did not arrive" in artifact("intake-summary")
    desk.sandbox.state.faults.clear()
    with desk.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE notices SET next_attempt_at = NULL")
    intake_mentions()
    assert desk.sandbox.state.notices


def test_bad_rows_go_to_quarantine_with_reasons(desk: Desk) -> None:
    desk.sandbox.state.post_mention("   ", by=NEIGHBOUR, platform="facebook")
    desk.sandbox.state.post_mention(COMPLAINT, by=PRIORITY)
    intake_mentions()
    assert how_many(desk.engine, CaseRow) == 1
    reasons = [row["reasons"] for row in rows(desk.engine, QuarantinedRow)]
    assert reasons
    assert all(reasons)
    assert f"| quarantined | {len(reasons)} |" in artifact("intake-summary")
