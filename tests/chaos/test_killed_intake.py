"""Killed (-9) between any two tasks and run again: exactly the cases of an undisturbed run."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from deployments.seed import seed
from flows.intake_mentions import intake_mentions
from models.database import open_engine
from tasks.settings import Settings
from tests.conftest import Desk
from tests.servers import ROOT

KILLS = [
    ("plan_intake", 1),
    ("pull_page", 1),
    ("pull_page", 4),
    ("store_checked_page", 1),
    ("store_checked_page", 3),
    ("take_in_account", 1),
    ("refresh_profiles", 1),
    ("open_cases", 1),
    ("assign_agents", 1),
    ("deliver_notices", 1),
    ("publish_intake_report", 1),
]
CASES = """
    SELECT a.platform, a.external_id, c.conversation_id, c.priority_status, c.severity, c.problem, c.status,
           (SELECT count(*) FROM mentions m WHERE m.case_id = c.id) AS mentions,
           (SELECT count(*) FROM interactions i WHERE i.case_id = c.id) AS interactions,
           (SELECT group_concat(kind) FROM (SELECT kind FROM clocks k WHERE k.case_id = c.id ORDER BY kind)) AS clocks,
           (SELECT count(*) FROM journal j WHERE j.case_id = c.id AND j.event = 'case_opened') AS opened,
           (SELECT count(*) FROM journal j WHERE j.case_id = c.id AND j.event = 'case_assigned') AS given,
           (SELECT count(*) FROM notices n WHERE n.case_id = c.id AND n.kind = 'assigned') AS told
    FROM cases c JOIN accounts a ON a.id = c.account_id ORDER BY 1, 2, 3
"""
MENTIONS = "SELECT platform, external_id, disposition FROM mentions ORDER BY 1, 2"


def outcome(engine: Engine) -> list[list[tuple[Any, ...]]]:
    with engine.connect() as connection:
        return [[tuple(row) for row in connection.execute(text(query))] for query in (CASES, MENTIONS)]


@pytest.fixture(scope="module")
def undisturbed() -> dict[str, Any]:
    """What an undisturbed run makes of the scenario, once it has been run."""
    return {}


@pytest.fixture
def expected(
    playing_desk: Desk, undisturbed: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> list[list[tuple[Any, ...]]]:
    """The outcome of an undisturbed run, in records of its own."""
    if "outcome" not in undisturbed:
        with monkeypatch.context() as elsewhere:
            url = f"sqlite:///{tmp_path / 'undisturbed.db'}"
            elsewhere.setenv("CARE_DATABASE_URL", url)
            seed(Settings())
            intake_mentions()
            engine = open_engine(url)
            undisturbed["outcome"] = outcome(engine)
            engine.dispose()
        playing_desk.sandbox.state.notices.clear()
    found: list[list[tuple[Any, ...]]] = undisturbed["outcome"]
    assert len(found[0]) >= 10
    return found


@pytest.mark.parametrize(("task", "nth"), KILLS)
def test_killed_after(playing_desk: Desk, expected: list[list[tuple[Any, ...]]], task: str, nth: int) -> None:
    died = subprocess.run(
        [sys.executable, "-W", "ignore", str(ROOT / "tests" / "chaos" / "run_and_die.py"), task, str(nth)],
        env=playing_desk.environment(),
        cwd=ROOT,
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert died.returncode == -signal.SIGKILL, died.stderr[-2000:]
    intake_mentions()
    assert outcome(playing_desk.engine) == expected
