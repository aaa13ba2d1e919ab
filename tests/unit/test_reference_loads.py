"""Which files of the watched folder count: the newest of a list, what was given by hand later, what was said today."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from models.reference_loads import NIGHTLY, FolderFile, judge_folder
from tests.reference import NOW

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Load:
    """A load as the records have it."""

    kind: str
    source: str
    fingerprint: str
    at: datetime
    by: str = NIGHTLY
    refused: int = 0


def file(source: str, kind: str, age: timedelta = DAY, fingerprint: str = "f") -> FolderFile:
    return FolderFile(source, fingerprint, kind, NOW - age)


def read(files: list[FolderFile], loads: list[Load], now: datetime = NOW, also_said_today: bool = True) -> list[str]:
    return [one.source for one in judge_folder(files, loads, now, also_said_today=also_said_today).read]


def test_of_a_list_the_newest_file_counts_and_of_scores_all() -> None:
    files = [
        file("registry-10.csv", "registry", 9 * DAY),
        file("registry-11.csv", "registry"),
        file("qa-10.csv", "qa_scores"),
    ]
    files.append(file("qa-11.csv", "qa_scores", 9 * DAY))
    verdict = judge_folder(files, [], NOW)
    assert [one.source for one in verdict.read] == ["qa-11.csv", "qa-10.csv", "registry-11.csv"]
    assert verdict.passed_over == {
        "registry-10.csv": "registry-11.csv is newer, and of a list only the newest file counts"
    }


def test_what_was_pasted_later_holds_until_the_list_is_saved_anew() -> None:
    pasted = Load("registry", "pasted registry", "p", NOW - 2 * DAY, "S01")
    assert read([file("registry.csv", "registry", 3 * DAY)], [pasted]) == []
    assert read([file("registry.csv", "registry", DAY)], [pasted]) == ["registry.csv"]


def test_loading_the_folder_by_hand_does_not_switch_the_night_off() -> None:
    by_hand = [Load(kind, f"{kind}.csv", "f", NOW - DAY, "S01") for kind in ("registry", "staff", "shifts")]
    files = [file(f"{kind}.csv", kind, 9 * DAY) for kind in ("registry", "staff", "shifts")]
    assert sorted(read(files, by_hand)) == ["registry.csv", "shifts.csv", "staff.csv"]


def test_a_roster_given_by_hand_holds_for_30_days() -> None:
    pasted = Load("shifts", "pasted shifts", "p", NOW, "S01")
    assert read([file("shifts.csv", "shifts")], [pasted], NOW + 29 * DAY) == []
    assert read([file("shifts.csv", "shifts")], [pasted], NOW + 31 * DAY) == ["shifts.csv"]


def test_scores_that_were_never_read_are_read_although_others_were_pasted_later() -> None:
    pasted = Load("qa_scores", "pasted qa_scores", "p", NOW, "S01")
    read_before = Load("qa_scores", "qa-10.csv", "f", NOW - 9 * DAY)
    files = [file("qa-10.csv", "qa_scores", 10 * DAY), file("qa-11.csv", "qa_scores")]
    assert read(files, [read_before, pasted]) == ["qa-11.csv"]


def test_a_start_does_not_read_again_what_was_read_today() -> None:
    loads = [Load("registry", "registry.csv", "f", NOW), Load("shifts", "shifts.csv", "f", NOW)]
    files = [file("registry.csv", "registry"), file("shifts.csv", "shifts")]
    assert read(files, loads, also_said_today=False) == []
    assert len(read(files, loads, NOW + DAY, also_said_today=False)) == 2  # -18m means another day tomorrow
    assert read([file("registry.csv", "registry", fingerprint="g")], loads, also_said_today=False) == ["registry.csv"]


def test_where_people_change_what_is_said_of_them_is_read_again() -> None:
    loads = [Load("staff", "staff.csv", "old", NOW), Load("shifts", "shifts.csv", "f", NOW)]
    files = [file("staff.csv", "staff"), file("shifts.csv", "shifts")]
    assert read(files, loads, also_said_today=False) == ["shifts.csv", "staff.csv"]


def test_of_two_score_files_both_are_read_where_one_has_left_no_trace_today() -> None:
    loads = [Load("qa_scores", "qa old.csv", "f", NOW - DAY), Load("qa_scores", "qa new.csv", "f", NOW)]
    files = [file("qa old.csv", "qa_scores", 2 * DAY), file("qa new.csv", "qa_scores")]
    assert read(files, loads, also_said_today=False) == ["qa old.csv", "qa new.csv"]
