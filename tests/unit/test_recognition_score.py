"""The labelled sample, what is measured on it and its floors, and learning from it."""

from __future__ import annotations

import math
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from models.labelled_sample import LabelledMention, LabelledProfile, SampleError, load_sample
from models.learning import found_in, learn
from models.lexicon_files import LexiconError, load_lexicons
from models.mentions import Platform
from models.reading import read_text, weigh_text
from models.recognition_page import below_floors, change_markdown, load_floors, recognise, score_markdown
from models.recognition_score import ClassScore, bins, calibration_error, counted
from tasks.desk_data import floors, instruction, labelled_sample, lexicons
from tests.servers import ROOT

THRESHOLDS = instruction().priority.thresholds


def row(text: str, complaint: bool, **more: Any) -> LabelledMention:
    return LabelledMention(
        part=more.pop("part", "learn"), text=text, complaint=complaint, problems=("network",), about="plain", **more
    )


def test_the_sample_is_large_and_both_parts_have_everything() -> None:
    mentions, profiles = labelled_sample()
    assert len(mentions) >= 600
    assert len(profiles) >= 300
    for part in ("learn", "check"):
        of_part = [one for one in mentions if one.part == part]
        assert {reason for one in of_part for reason in one.hard_reasons} >= {"abusive", "churn", "repeat", "safety"}
        assert {one.problems[0] for one in of_part if one.complaint} >= {"network", "billing", "mobile", "tv", "voice"}
        assert len({one.category for one in profiles if one.part == part}) == 10


def test_recognition_keeps_its_floors() -> None:
    recognised = recognise(labelled_sample(), lexicons(), THRESHOLDS)
    assert below_floors(recognised, floors()) == []


def test_floors_are_set_on_every_figure_that_matters() -> None:
    for part in ("learn", "check"):
        assert {"complaint_f1", "hard_f1", "problem_accuracy", "calibration_error"} <= floors()["mentions"][part].keys()
        assert {"category_accuracy", "ordinary_taken_for_priority"} <= floors()["profiles"][part].keys()


def test_a_figure_below_its_floor_is_named() -> None:
    recognised = recognise(labelled_sample(), lexicons(), THRESHOLDS)
    high = load_floors(
        "mentions: {learn: {complaint_f1: 1.0}, check: {calibration_error: 0.0}}\n"
        "profiles: {learn: {}, check: {ordinary_taken_for_priority: 1.0}}"
    )
    first, second = below_floors(recognised, high)
    assert first.startswith("mentions, learn: complaint f1 is 0.")
    assert first.endswith("below 1.000")
    assert second.startswith("mentions, check: calibration error is 0.")
    assert "**Below the floors:**" in score_markdown(recognised, high)


def test_precision_recall_and_f1_by_hand() -> None:
    score = counted([(True, True), (True, True), (True, False), (False, True), (False, False)])
    assert score == ClassScore(true=3, said=3, hits=2)
    assert (score.precision, score.recall, score.f1) == pytest.approx((2 / 3, 2 / 3, 2 / 3))
    assert (ClassScore(0, 0, 0).precision, ClassScore(0, 0, 0).f1) == (0.0, 0.0)


def test_calibration_by_hand() -> None:
    found = bins([(0.92, True), (0.98, False), (0.11, False), (1.0, True)])
    assert [(one.rows, round(one.said, 2), round(one.true, 2)) for one in found] == [(1, 0.11, 0.0), (3, 0.97, 0.67)]
    assert calibration_error(found) == pytest.approx((0.11 + 3 * (2.9 / 3 - 2 / 3)) / 4)
    assert calibration_error([]) == 0.0


@pytest.mark.parametrize(
    ("name", "line", "wrong"),
    [
        ("mentions.jsonl", '{"part": "learn"}', r"mentions.jsonl, line 1: text: Field required"),
        ("mentions.jsonl", "no json", r"line 1: row: "),
        (
            "mentions.jsonl",
            '{"part":"learn","text":"a","complaint":false,"hard_reasons":["legal"],"problems":["tv"],"about":"x"}',
            "hard_reasons: only a complaint can be hard",
        ),
        ("profiles.jsonl", '{"part":"check","handle":"a","category":"king","about":"x"}', "line 1: category: "),
    ],
)
def test_a_wrong_row_is_named(tmp_path: Path, name: str, line: str, wrong: str) -> None:
    folder = Path(shutil.copytree(ROOT / "data" / "samples", tmp_path / "samples"))
    (folder / name).write_text(line + "\n", "utf-8")
    with pytest.raises(SampleError, match=wrong):
        load_sample(folder)


def test_a_row_twice_is_refused(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(ROOT / "data" / "samples", tmp_path / "samples"))
    path = folder / "mentions.jsonl"
    first = path.read_text("utf-8").splitlines()[0]
    path.write_text(f"{first}\n{first}\n", "utf-8")
    with pytest.raises(SampleError, match="line 2: the same as line 1"):
        load_sample(folder)


def test_a_facebook_profile_has_no_handle() -> None:
    of_facebook = LabelledProfile(
        part="learn", platform=Platform.FACEBOOK, handle="fb.1", name="Sari", category="none", about="minimal"
    )
    assert (of_facebook.author.handle, of_facebook.author.external_id) == (None, "fb.1")


def test_what_is_found_adds_up_to_the_score() -> None:
    """The learner's features and the reading's score are the same sum."""
    for one in [*labelled_sample()[0], row('katanya "ga lemot" dan "tidak mati" min', False)]:
        found, weighed = found_in(one, lexicons()), weigh_text(one.text, lexicons(), one.known)
        learned = lexicons().settings["learned.bias"]
        for (part, name), value in found.features.items():
            learned += value * _learned(part, name)
        assert found.score + learned == pytest.approx(weighed.score), one.text


def _learned(part: str, name: str) -> float:
    if part == "pairs":
        return next(pair.learned for of in lexicons().pairs.values() for pair in of if pair.name == name)
    stack = list(lexicons().reading.values())
    while stack:
        branch = stack.pop()
        stack += branch.following.values()
        for signal, _ in branch.signals:
            if (signal.kind, signal.group) == ("complaint", name):
                return signal.learned_negated if part == "negated" else signal.learned
    raise AssertionError(name)


def test_what_is_learned_fits_better_and_is_taken_up_by_the_loader(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(ROOT / "data" / "lexicons", tmp_path / "lexicons"))
    rows = [row(f"kok gini ya {number}", False) for number in range(30)]
    rows += [row(f"wifi lemot {number}", True) for number in range(30)]
    learned = learn(rows, lexicons(), stiffness=1.0)
    assert learned.added["groups", "why"] < 0
    assert learned == learn(rows, lexicons(), stiffness=1.0)
    (folder / "learned.yaml").write_text(learned.as_yaml(), "utf-8")
    taught = load_lexicons(folder)
    assert _loss(rows, taught) < _loss(rows, lexicons())
    assert learn(rows, taught, stiffness=1.0) == learned, "what was learned before makes no difference"


def _loss(rows: list[LabelledMention], words: Any) -> float:
    said = [(one.complaint, read_text(one.text, words).confidence) for one in rows]
    return -sum(math.log(max(1e-9, confidence if true else 1 - confidence)) for true, confidence in said)


def test_the_weights_in_force_are_those_learned_from_the_sample() -> None:
    """An edit of lexicons or sample without `make learn` afterwards is noticed."""
    learned = learn([one for one in labelled_sample()[0] if one.part == "learn"], lexicons())
    kept = yaml.safe_load((ROOT / "data" / "lexicons" / "learned.yaml").read_text("utf-8"))
    assert kept["bias"] == pytest.approx(learned.bias, abs=0.02)
    written = {(part, name): value for part in ("groups", "negated", "pairs") for name, value in kept[part].items()}
    for feature in written.keys() | learned.added.keys():  # the last digit is the machine's
        assert written.get(feature, 0.05) == pytest.approx(learned.added.get(feature, 0.05), abs=0.12), feature


@pytest.mark.parametrize("line", ["groups: {no_such_group: 0.1}", "pairs: {no_such_pair: 1}", "negated: {why: 0.1}"])
def test_what_was_learned_of_something_gone_is_refused(tmp_path: Path, line: str) -> None:
    folder = Path(shutil.copytree(ROOT / "data" / "lexicons", tmp_path / "lexicons"))
    (folder / "learned.yaml").write_text(f"bias: 0\n{line}\n", "utf-8")
    with pytest.raises(LexiconError, match=r"learned.yaml, line 2: .*learn anew with `make learn`"):
        load_lexicons(folder)


def test_a_change_shows_what_it_does(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(ROOT / "data" / "lexicons", tmp_path / "lexicons"))
    text = (folder / "complaint.yaml").read_text("utf-8")
    (folder / "complaint.yaml").write_text(text.replace("threshold: 0.5", "threshold: 0.9", 1), "utf-8")
    before, after = (recognise(labelled_sample(), one, THRESHOLDS) for one in (lexicons(), load_lexicons(folder)))
    page = change_markdown(before, after, floors())
    assert "| mentions, check | complaint f1 |" in page
    assert "**Below the floors:**" in page
    assert "| **worse** |" in page
    assert "## Accounts judged otherwise: 0" in page
    assert "## Texts read otherwise: 0" in change_markdown(before, before, floors())


def test_make_score_prints_the_report_and_shows_a_wrong_copy() -> None:
    command = [sys.executable, "-m", "deployments.score"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    for part in ("| learn (", "| check (", "### Problem of complaints", "### Calibration", "### Worst errors"):
        assert part in done.stdout
    wrong = subprocess.run([*command, "--lexicons", "/nowhere"], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert "/nowhere/words.yaml, line 1: cannot be read" in wrong.stderr


def test_a_floor_of_no_figure_is_refused() -> None:
    with pytest.raises(SampleError, match=r"(?s)floors.yaml: .*complaint_f2"):
        load_floors("mentions: {learn: {complaint_f2: 1.0}, check: {}}\nprofiles: {learn: {}, check: {}}")
