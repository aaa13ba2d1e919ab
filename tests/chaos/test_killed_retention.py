"""apply-retention killed (-9) in the middle: each case is as it was or wholly anonymised, and the next run ends it."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from prefect.artifacts import Artifact, create_markdown_artifact

from flows.apply_retention import apply_retention
from models.journal import JournalRow
from tasks.records_forms import RetentionRequest
from tests.conftest import Desk, desk_at
from tests.kept import Customer, dump, numbers, text_of
from tests.servers import ROOT
from tests.support import rows

POINTS = ("1", "6", "10", "12", "25", "14", "prefect")
"""Writing statements before which it dies, one run after the other: three times inside the first cases, inside the
next, when all are done, inside the accounts; and when only Prefect still has to forget."""
MARK = "RAHASIA"


@pytest.fixture(params=["sqlite_url", "postgres_url"])
def either_desk(
    request: pytest.FixtureRequest, prefect_server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Desk]:
    """A desk with its records in SQLite, and one with them in PostgreSQL."""
    url = str(request.getfixturevalue(request.param))
    with desk_at(url, prefect_server, tmp_path, monkeypatch, play=False) as desk:
        yield desk


def killed_at(desk: Desk, point: str) -> int:
    """Run retention in a process of its own, which dies."""
    command = [sys.executable, "-W", "ignore", str(ROOT / "tests/chaos/dying_retention.py"), "S01", point]
    done = subprocess.run(command, cwd=ROOT, env=desk.environment(), capture_output=True, text=True, timeout=120)
    return done.returncode


def half_done(desk: Desk, customers: list[Customer]) -> list[int]:
    """The cases of which some is gone and some is left: there may be none."""
    left, half = dump(desk.engine), []
    for one in customers:
        (case,) = [row for row in left["cases"] if row["id"] == one.case]
        of_case = {name: [row for row in held if row.get("case_id") == one.case] for name, held in left.items()}
        of_ticket = [
            row for name in ("contacts", "unit_updates") for row in left[name] if row["ticket_id"] == one.ticket
        ]
        told = text_of(of_case | {"cases": [case], "of its ticket": of_ticket})
        journaled = [row for row in of_case["journal"] if row["event"] == "case_anonymised"]
        gone = case["anonymised_at"] is not None
        if (one.words in told) is gone or len(journaled) != gone:
            half.append(one.case)
    return half


@pytest.mark.timeout(500)
def test_killed_anywhere_each_case_is_old_or_new_and_the_next_run_ends_it(either_desk: Desk) -> None:
    desk = either_desk
    customers = [Customer(desk.engine, f"{MARK}{number}-") for number in range(6)]
    create_markdown_artifact("Pelanggan", key=f"case-c-{customers[-1].case:06d}")
    before = numbers(dump(desk.engine))
    gone = []
    for point in POINTS:
        assert killed_at(desk, point) == -signal.SIGKILL, point
        assert half_done(desk, customers) == [], point
        gone.append(sum(row["anonymised_at"] is not None for row in dump(desk.engine)["cases"]))
    assert gone == sorted(gone)
    assert gone[-1] > 0
    ended = apply_retention(RetentionRequest(dry_run=False, by="S01"), return_state=True)
    assert ended.is_completed(), ended.message
    left = dump(desk.engine)
    assert MARK not in text_of(left)
    assert numbers(left) == before
    events = [row["event"] for row in rows(desk.engine, JournalRow)]
    assert (events.count("case_anonymised"), events.count("account_anonymised")) == (6, 6)
    assert Artifact.get(f"case-c-{customers[-1].case:06d}", _sync=True) is None  # killed before Prefect forgot it
