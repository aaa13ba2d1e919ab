"""load-reference-data as people run it: a dry run, the load, what is refused, pasted rows, the night."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey
from prefect.client.schemas.objects import State
from prefect.client.schemas.sorting import ArtifactSort

from flows.load_reference_data import load_reference_data
from models.accounts import PriorityListingRow
from models.reference_loads import ReferenceLoadRow
from models.staff import StaffRow
from tasks.reference_forms import Folder, LoadRequest, OneFile, PastedRows
from tests.conftest import Desk
from tests.reference import LISTING, SAMPLES, workbook
from tests.support import rows

SUPERVISOR = "S01"


@pytest.fixture
def folder(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A watched folder of its own, beside the records that have the shipped files."""
    watched = tmp_path / "watched"
    watched.mkdir()
    monkeypatch.setenv("CARE_REFERENCE_FOLDER", str(watched))
    return watched


def put(folder: Path, name: str, content: str | bytes, age: float = 60) -> None:
    """A file that was saved so many seconds ago."""
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    os.utime(path, (time.time() - age, time.time() - age))


def ran(request: LoadRequest) -> State[Any]:
    return load_reference_data(request, return_state=True)


def artifact(key: str) -> Any:
    with get_client(sync_client=True) as prefect:
        wanted = ArtifactFilter(key=ArtifactFilterKey(any_=[key]))
        found = prefect.read_artifacts(artifact_filter=wanted, sort=ArtifactSort.CREATED_DESC, limit=1)
    return found[0].data if found else None


def registry(desk: Desk) -> dict[str, Any]:
    return {
        row["handle_key"] or row["external_id"]: row["valid_to"]
        for row in rows(desk.engine, PriorityListingRow)
        if row["source"] == "registry"
    }


def test_a_dry_run_shows_the_difference_and_its_link_loads_it(desk: Desk, folder: Path) -> None:
    before = registry(desk)
    kept = "\n".join(line.replace("@", "") for line in (SAMPLES / "registry.csv").read_text("utf-8").splitlines()[:11])
    put(folder, "registry-2026-12.csv", f"{kept}\nx,wartawan_uji,,Wahyu [klik](javascript:alert(1)),media,D,,\n")
    state = ran(OneFile(file="registry-2026-12.csv"))
    assert (state.name, state.message) == ("Completed", "Dry run: would have added 1, changed 0, ended 2; refused 0")
    told = artifact("reference-load")
    assert told.startswith("# Dry run: nothing was changed")
    assert "### Added (1)" in told
    assert "wartawan" in told
    assert "### Ended (2)" in told
    assert "](javascript" not in told
    assert registry(desk) == before
    state = ran(OneFile(file="registry-2026-12.csv", dry_run=False, by=SUPERVISOR))
    assert state.message == "added 1, changed 0, ended 2; refused 0"
    assert "wartawan_uji" in registry(desk)
    assert artifact("reference-load").startswith("# Loaded")
    assert ran(OneFile(file="registry-2026-12.csv", dry_run=False, by=SUPERVISOR)).message == (
        "added 0, changed 0, ended 0; refused 0"
    )


def test_what_is_refused_is_named_and_nothing_is_changed(desk: Desk, folder: Path) -> None:
    before = rows(desk.engine, StaffRow)
    sheet = workbook(
        ["DAFTAR AGENT"],
        ["Kode", "Nama", "Jabatan", "Tanggal Masuk", "Kapasitas"],
        *([f"A{number:02d}", f"Agen {number}", "Agent", "1 Maret 2024", 40] for number in range(1, 27)),
        ["A90", "<img src=x onerror=alert(1)>", "Bos", "1 Maret 2024", 40],
    )
    put(folder, "daftar agent.xlsx", sheet)
    state = ran(OneFile(file="daftar agent.xlsx", dry_run=False, by=SUPERVISOR))
    assert state.name == "Refused"
    assert "1 rows refused, first daftar agent.xlsx:29: role. All in the artifact" in str(state.message)
    assert rows(desk.engine, StaffRow) == before
    told = artifact("reference-load")
    assert told.startswith("# Refused: nothing was changed")
    assert "| 29 | role | Bos |" in told
    state = ran(OneFile(file="daftar agent.xlsx", dry_run=False, by=SUPERVISOR, rows="valid rows only"))
    assert state.name == "Completed"
    assert "A26" in {row["code"] for row in rows(desk.engine, StaffRow)}


def test_rows_pasted_out_of_a_spreadsheet_are_taken_over(desk: Desk, folder: Path) -> None:
    pasted = f"{LISTING}\n".replace(",", "\t") + "\n".join(
        f"Twitter\t@uji_{number}\t\tUji {number}\tWartawan\tSurat 12\t1/12/2026\t" for number in range(12)
    )
    state = ran(PastedRows(kind="registry", pasted=pasted, dry_run=False, by=SUPERVISOR))
    assert state.name == "Completed", state.message
    assert {"uji_0", "uji_11"} <= set(registry(desk))


def test_who_may_not_load_is_told_who_could_and_what_lies_there(desk: Desk, folder: Path) -> None:
    put(folder, "registry.csv", f"{LISTING}\n")
    state = ran(OneFile(file="registry.csv", dry_run=False, by="A01"))
    assert state.name == "Refused"
    assert "by: A01 is an agent. It could be done by a team leader or a supervisor (S01," in str(state.message)
    state = ran(OneFile(file="../care.db"))
    assert "does not lie in" in str(state.message)
    assert "there is registry.csv" in str(state.message)
    assert "pasted: is empty" in str(ran(PastedRows(kind="staff")).message)


def test_a_list_that_shrank_is_taken_over_only_on_purpose(desk: Desk, folder: Path) -> None:
    put(folder, "registry.csv", f"{LISTING}\nx,uji,,Uji,media,D,,\n")
    request = OneFile(file="registry.csv", dry_run=False, by=SUPERVISOR)
    assert "the whole list" in str(ran(request).message)
    assert ran(request.model_copy(update={"may_shrink": True})).name == "Completed"
    assert registry(desk)["uji"] is None


def test_the_night_takes_the_newest_list_and_leaves_what_was_given_by_hand_later(desk: Desk, folder: Path) -> None:
    head = "\n".join((SAMPLES / "registry.csv").read_text("utf-8").splitlines())
    put(folder, "registry-10.csv", f"{head}\nx,lama_uji,,Lama,media,D,,\n", age=7200)
    put(folder, "registry-11.csv", f"{head}\nx,baru_uji,,Baru,media,D,,\n", age=3600)
    put(folder, "~$registry-11.xlsx", b"a lock")
    night = Folder(dry_run=False, by="nightly")
    assert ran(night).message == "added 1, changed 0, ended 0; refused 0"
    assert {"baru_uji", "lama_uji"} & set(registry(desk)) == {"baru_uji"}
    pasted = f"{head}\nx,tangan_uji,,Tangan,media,D,,\n"
    assert ran(PastedRows(kind="registry", pasted=pasted, dry_run=False, by=SUPERVISOR)).name == "Completed"
    assert ran(night).message == "added 0, changed 0, ended 0; refused 0"
    assert registry(desk)["tangan_uji"] is None
    assert "Passed over:" in artifact("reference-load")
    assert {row["by"] for row in rows(desk.engine, ReferenceLoadRow)} == {"nightly", SUPERVISOR}


def test_a_large_file_shows_its_progress_and_data_docs_are_built(desk: Desk, folder: Path, tmp_path: Path) -> None:
    lines = [f"x,@banyak_{number},,Orang {number},media,Register {'x' * 60},," for number in range(12_000)]
    put(folder, "registry.csv", "\n".join([LISTING, *lines]))
    assert (
        ran(OneFile(file="registry.csv")).message == "Dry run: would have added 12,000, changed 0, ended 11; refused 0"
    )
    assert artifact("reference-progress") == 100.0
    told = artifact("reference-load")
    assert "and 11,950 more" in told
    (docs,) = (tmp_path / "docs" / "reference").iterdir()
    (page,) = (docs / "validations").rglob("*.html")
    assert f"](<http://127.0.0.1:4400/reference/{docs.name}/{page.relative_to(docs).as_posix()}>)" in told
    pages = [page.read_text("utf-8") for page in docs.rglob("*.html")]
    assert any("write the name after the @, no link" in page for page in pages)
