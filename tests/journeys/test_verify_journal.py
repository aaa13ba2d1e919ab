"""verify-journal on a real Prefect server, and the same check from a terminal without one."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from prefect.artifacts import Artifact
from prefect.client.schemas.objects import State
from prefect.variables import Variable

from deployments.processes import python
from flows.verify_journal import verify_journal
from models.journal import JournalRow
from models.journal_check import Head
from tasks.journal import ANCHOR
from tests.conftest import Desk
from tests.desk import opened_case
from tests.journal import tamper, write
from tests.servers import ROOT
from tests.support import rows, wait_for


@pytest.fixture
def checked(desk: Desk) -> Iterator[Desk]:
    """A desk with a case, on a Prefect server that remembers no head of another test."""
    Variable.unset(ANCHOR)
    opened_case(desk)
    yield desk
    Variable.unset(ANCHOR)


def head(desk: Desk) -> str:
    last = rows(desk.engine, JournalRow)[-1]
    return str(Head(last["id"], last["hash"]))


def verify() -> State[None]:
    return verify_journal(return_state=True)


def shown() -> str:
    found = Artifact.get("journal-check", _sync=True)
    assert found is not None
    return str(found.data)


def broken_runs_told(desk: Desk) -> list[dict[str, Any]]:
    wanted = {"filter": {"event": {"name": ["prefect.flow-run.Broken"]}}, "limit": 50}
    return list(requests.post(f"{desk.api_url}/events/filter", json=wanted, timeout=30).json()["events"])


def command(desk: Desk, *arguments: str) -> tuple[int, str]:
    """Run the command with no Prefect server to reach; its exit status and what it said."""
    environment = {**desk.environment(), "PREFECT_API_URL": "http://127.0.0.1:9/api"}
    done = subprocess.run(
        python("-W", "ignore", "-m", "deployments.verify_journal", *arguments),
        **{"cwd": ROOT, "env": environment, "capture_output": True, "text": True, "timeout": 60},
    )
    return done.returncode, done.stdout + done.stderr


def test_a_good_journal_is_told_and_its_head_remembered_for_the_next_check(checked: Desk) -> None:
    state = verify()
    count = len(rows(checked.engine, JournalRow))
    assert state.is_completed()
    assert state.message == f"Journal: {count} entries fit, head {head(checked)}"
    assert Variable.get(ANCHOR) == head(checked)
    assert "Head of the last check: none" in shown()
    before = head(checked)
    write(checked.engine, 3)
    assert verify().is_completed()
    assert Variable.get(ANCHOR) == head(checked) != before
    assert f"Head of the last check: `{before}`, still there" in shown()


def test_a_broken_journal_fails_the_run_names_the_entry_and_keeps_the_head(checked: Desk) -> None:
    write(checked.engine, 5)
    verify()
    remembered = Variable.get(ANCHOR)
    told_before = len(broken_runs_told(checked))
    last = rows(checked.engine, JournalRow)[-1]["id"]
    tamper(checked.engine, f"UPDATE journal SET actor = '<b>X01' WHERE id = {last - 2}")
    state = verify()
    assert (state.is_failed(), state.name) == (True, "Broken")
    assert f"broken at entry {last - 2}" in (state.message or "")
    assert "it says something else than when it was written" in (state.message or "")
    for part in (
        f"broken at entry {last - 2}",
        "case\\_accepted by \\<b\\>X01",
        "backup of the day before",
        remembered,
    ):
        assert str(part) in shown()
    assert Variable.get(ANCHOR) == remembered
    wait_for(lambda: len(broken_runs_told(checked)) > told_before, 40)


def test_entries_taken_away_from_the_end_are_missed_by_the_next_check_only(checked: Desk) -> None:
    write(checked.engine, 2)
    verify()
    remembered = str(Variable.get(ANCHOR))
    number = int(remembered.split(":")[0])
    tamper(checked.engine, f"DELETE FROM journal WHERE id = {number}")
    state = verify()
    assert state.name == "Broken"
    assert f"broken at entry {number}: the head remembered from the last check is gone" in (state.message or "")
    assert Variable.get(ANCHOR) == remembered
    status, said = command(checked)
    assert (status, said) == (0, f"Journal: {number - 1} entries fit, head {head(checked)}\n")
    status, said = command(checked, "--anchor", remembered)
    assert status == 1
    assert f"broken at entry {number}: the head remembered from the last check is gone" in said
    Variable.unset(ANCHOR)  # as the manual says where a backup was restored
    assert verify().is_completed()


def test_a_variable_that_holds_no_head_is_said(checked: Desk) -> None:
    Variable.set(ANCHOR, "yes", overwrite=True)
    state = verify()
    assert state.name == "Failed"
    assert "'yes' is no head of a journal; give ID:HASH" in (state.message or "")
    assert Variable.get(ANCHOR) == "yes"


def test_the_command_says_why_it_could_not_check(checked: Desk, tmp_path_factory: pytest.TempPathFactory) -> None:
    nowhere = tmp_path_factory.mktemp("nowhere") / "care.db"
    assert command(checked, "--database", f"sqlite:///{nowhere}") == (
        2,
        f"Journal: not checked. There is no database {nowhere}.\n",
    )
    assert not nowhere.exists()
    nowhere.touch()
    assert command(checked, "--database", f"sqlite:///{nowhere}") == (
        2,
        "Journal: not checked. no such table: journal\n",
    )
    assert "--database takes an SQLAlchemy URL" in command(checked, "--database", "care.db")[1]
    status, said = command(checked, "--anchor", "12:ab")
    assert status == 2
    assert "'12:ab' is no head of a journal; give ID:HASH as the last check printed it" in said
