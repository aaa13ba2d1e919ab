"""A revision of the work instruction takes over, on a real Prefect server: cases go on under theirs (clause 7)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from prefect.artifacts import Artifact
from prefect.client.schemas.objects import State
from sqlalchemy import delete

from flows.explain_case import explain_case
from flows.watch_cases import watch_cases
from models.case_actions import Acted
from models.database import write_transaction
from models.journal import JournalRow
from models.revisions import RevisionRefused, RevisionRow
from tasks import desk_data, revisions
from tasks.case_files import publish_case_file_of
from tasks.revisions import register_instruction
from tests.conftest import Desk
from tests.desk import act, agent_of, clocks, opened_case, story, time_passes
from tests.integration.test_revisions import LATER, TEXT
from tests.servers import ROOT
from tests.support import rows

HERE = LATER.replace("effective: 2026-03-10", "effective: 2020-01-01")
"""The later revision, in force from a day that is past wherever this runs."""


@contextmanager
def in_place(text: str, data: Path) -> Iterator[None]:
    """This text in place of the work instruction, as a person would put it, for processes that begin then."""
    data.mkdir()
    for entry in (ROOT / "data").iterdir():
        if entry.name != "work_instruction.yaml":
            (data / entry.name).symlink_to(entry)
    (data / "work_instruction.yaml").write_text(text, "utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CARE_DATA", str(data))
        desk_data.instruction.cache_clear()
        yield
    desk_data.instruction.cache_clear()


def artifact(key: str) -> str:
    """The latest version of an artifact."""
    found = Artifact.get(key, _sync=True)
    assert found is not None
    return str(found.data)


def explained(number: str) -> State[None]:
    return explain_case(number, return_state=True)


def test_a_case_goes_on_under_its_revision_and_is_explained_by_it(desk: Desk, tmp_path: Path) -> None:
    register_instruction()
    opened = opened_case(desk)
    agent = agent_of(desk, opened["id"])
    assert act("reply", opened["id"], agent, text="Sudah pulih.", then="resolve").is_completed()
    with in_place(HERE, tmp_path / "later"):
        registered = register_instruction()
        assert (registered.takes_over, registered.before, registered.revision) == (True, "00", "00.1")
        assert not register_instruction().new
        assert act("reopen", opened["id"], agent, reopened_because="Mati lagi").is_completed()
        again = clocks(desk, opened["id"])["settle"]
        assert again["due_at"] - again["started_at"] == timedelta(hours=24)
        time_passes(desk, opened["id"], timedelta(hours=20))
        watch_cases()
        done = explained("C-000001")
        publish_case_file_of(Acted(opened["id"], "", refused=False))
    assert done.is_completed()
    verdicts = len(story(desk, 1)) + 1  # and that of its account
    assert done.message == f"C-000001: {verdicts} verdicts are explained in explained-c-000001."
    monitored = [row for row in rows(desk.engine, JournalRow) if row["event"].startswith("case_clock")]
    assert {row["revision"] for row in monitored} == {"00"}
    text = artifact("explained-c-000001")
    for told in ("account judged", "case opened", "case assigned", "case resolved", "case reopened", "clock warned"):
        assert told in text
    assert "settle within **12 h** (then 24 h)" in text
    assert "was opened under revision **00** of the [work instruction](" in text
    page = artifact("work-instruction")
    assert "revision 00\\.1" in page
    assert "| 5\\.3\\.2d | settle within | 24 h | **12 h** |" in page
    assert "- **00**: First edition" in page
    assert "under revision **00** of the [work instruction](" in artifact("case-c-000001")
    assert "goes by it; in force now is **00\\.1**" in artifact("case-c-000001")


def test_what_is_not_there_and_what_says_otherwise_is_refused(desk: Desk, tmp_path: Path) -> None:
    refused = explained("C-000099")
    assert (refused.name, refused.message) == ("Refused", "case: there is no C-000099; give the number of a case.")
    opened = opened_case(desk)
    otherwise = HERE.replace('revision: "00.1"', 'revision: "00"')
    with in_place(otherwise, tmp_path / "otherwise"):
        with pytest.raises(RevisionRefused, match=r"raise the revision to 00\.1 and say in `change` what changed"):
            register_instruction()
        for minutes in (
            16,
            5,
        ):  # a breach is for the supervisor after 15 minutes under 00, after 5 by what the file says
            time_passes(desk, opened["id"], timedelta(minutes=minutes))
            watch_cases()
        assert explained("C-000001").is_completed()
    late = clocks(desk, opened["id"])["first_response"]
    assert (late["breached_at"] is None, late["escalated_at"]) == (False, None)
    assert [row["revision"] for row in rows(desk.engine, RevisionRow)] == ["00"]
    text = artifact("explained-c-000001")
    assert "case opened" in text
    assert "Different today" not in text


def test_a_new_comment_takes_no_lock(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = register_instruction()
    with in_place("# Ask Bu Rina before changing anything.\n" + TEXT, tmp_path / "commented"):
        monkeypatch.delattr(revisions, "write_transaction")
        again = register_instruction()
    assert (again.new, again.number, again.registered_at) == (False, first.number, first.registered_at)


def test_a_revision_put_in_with_the_register_takes_the_place_of_the_one_that_cases_have(
    desk: Desk, tmp_path: Path
) -> None:
    opened_case(desk)
    with write_transaction(desk.engine) as connection:  # as a database from before the register is
        connection.execute(delete(RevisionRow))
    with in_place(HERE, tmp_path / "later"):
        registered = register_instruction()
    assert (registered.takes_over, registered.before, registered.number) == (True, "00", 1)
    shown = artifact("work-instruction")
    assert "| **00** | not known | never | 1 |" in shown
    assert "- **00**: never registered, so its text is not known: the revision in force is applied" in shown
