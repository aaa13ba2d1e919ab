"""Killed (-9) in the middle of taking reference files over: the records say what they said, the next run finishes."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from flows.load_reference_data import load_reference_data
from models.accounts import PriorityListingRow
from models.database import Table
from models.journal import JournalRow
from models.reference_loads import ReferenceLoadRow
from models.staff import QaScoreRow, ShiftRow, StaffRow
from tasks.reference_forms import Folder
from tests.conftest import Desk
from tests.reference import LISTING
from tests.servers import ROOT
from tests.support import rows

TABLES: tuple[type[Table], ...] = (*(PriorityListingRow, StaffRow, QaScoreRow, ShiftRow, JournalRow, ReferenceLoadRow),)


def contents(engine: Engine) -> list[Any]:
    return [rows(engine, table) for table in TABLES]


@pytest.mark.parametrize("statements", [1, 3, 6])
def test_killed_after_so_many_statements(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, statements: int
) -> None:
    folder = tmp_path / "watched"
    folder.mkdir()
    monkeypatch.setenv("CARE_REFERENCE_FOLDER", str(folder))
    (folder / "registry.csv").write_text(LISTING + "".join(f"\nx,uji_{n},,Uji {n},media,D,," for n in range(8)))
    (folder / "qa.csv").write_text("code,month,score,target\nA01,-1,12,85\nA02,-1,99,85\n")
    before = contents(desk.engine)
    died = subprocess.run(
        [sys.executable, "-W", "ignore", str(ROOT / "tests" / "chaos" / "dying_load.py"), str(statements)],
        env=desk.environment(),
        cwd=ROOT,
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert died.returncode == -signal.SIGKILL, died.stderr[-2000:]
    assert contents(desk.engine) == before
    load_reference_data(Folder(dry_run=False))
    listed = {row["handle_key"] for row in rows(desk.engine, PriorityListingRow) if row["valid_to"] is None}
    assert {f"uji_{number}" for number in range(8)} <= listed
    assert [row["kind"] for row in rows(desk.engine, ReferenceLoadRow)][-2:] == ["registry", "qa_scores"]
