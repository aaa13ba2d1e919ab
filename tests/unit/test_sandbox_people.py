"""The sandbox's customers by themselves: who is how, what they say to the desk. Pure decisions."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from deployments.sandbox.crew import crew_script
from deployments.sandbox.customers import Heard, Temperament, load_people, reaction
from deployments.sandbox.scenario import DEFAULT_SCENARIO, ScenarioError, load_scenario
from models.answers import load_answers
from models.lexicon_files import load_lexicons
from models.lexicons import Lexicons
from models.post_length import why_too_long
from models.reading import read_text
from tests.servers import ROOT

ASKS = "Mohon informasikan sejak kapan kendala terjadi."
SOLVED = "Kendala C-000001 sudah diperbaiki. Mohon dicek kembali."
CLOSES = "Terima kasih atas konfirmasinya, laporan kami tutup."
TELLS = "Laporan sudah kami catat."


@pytest.fixture(scope="module")
def people() -> Temperament:
    return load_people(DEFAULT_SCENARIO)


@pytest.fixture(scope="module")
def lexicons() -> Lexicons:
    return load_lexicons(ROOT / "data" / "lexicons")


@pytest.mark.parametrize(
    ("temper", "text", "kind"),
    [
        ("answers", ASKS, "details"),
        ("answers", SOLVED, "thanks"),
        ("answers", TELLS, None),
        ("thanks", TELLS, "waiting"),
        ("angrier", TELLS, "harder"),
        ("angrier", SOLVED, "grudging"),
        ("silent", ASKS, None),
        ("silent", SOLVED, None),
        ("comes_back", SOLVED, "thanks"),
        ("comes_back", CLOSES, "back"),
        ("answers", CLOSES, None),
    ],
)
def test_a_customer_answers_by_temper(people: Temperament, temper: str, text: str, kind: str | None) -> None:
    said = reaction(Heard("x:1:9", temper, text), people)
    assert (said and said.kind) == kind
    if said:
        assert said.text in people.words[said.kind]
        assert people.waits[said.kind] <= said.after <= people.waits[said.kind] * 1.5


def test_anger_is_let_out_once_and_then_what_is_asked_is_given(people: Temperament) -> None:
    said = reaction(Heard("x:1:9", "angrier", ASKS, said=("harder",)), people)
    assert said is not None
    assert said.kind == "details"
    assert reaction(Heard("x:1:9", "angrier", TELLS, said=("harder",)), people) is None


@pytest.mark.parametrize("temper", ["answers", "thanks", "angrier", "silent", "comes_back"])
def test_no_customer_goes_on_for_ever(people: Temperament, temper: str) -> None:
    said: list[str] = []
    for text in [ASKS, SOLVED, TELLS, CLOSES] * 20:
        answer = reaction(Heard("x:1:9", temper, text, tuple(said), "back" in said), people)
        said += [answer.kind] if answer else []
    assert len(said) <= people.at_most
    assert said.count("back") <= 1


def test_tempers_are_shared_out_as_the_file_says_and_stay(people: Temperament) -> None:
    one = load_scenario().accounts[0]
    accounts = [replace(one, id=str(number)) for number in range(4_000)]
    tempers = [people.temper(account) for account in accounts]
    assert tempers == [people.temper(account) for account in accounts]
    counts, whole = Counter(tempers), sum(people.shares.values())
    for temper, share in people.shares.items():
        assert counts[temper] / len(accounts) == pytest.approx(share / whole, abs=0.03)
    pinned = replace(people, pinned={accounts[0].handle.lower(): "silent"})
    assert {pinned.temper(account) for account in accounts} == {"silent"}


def test_what_customers_say_is_read_as_it_is_meant(people: Temperament, lexicons: Lexicons) -> None:
    for kind, words in people.words.items():
        for text in words:
            reading = read_text(text, lexicons, kind="reply")
            assert reading.complaint or kind in {"details", "waiting", "thanks", "grudging"}, text
            assert not reading.complaint or kind in {"details", "harder", "back"}, text
            assert reading.hard == (kind == "harder"), text


def test_the_desks_suggested_answers_are_understood(people: Temperament) -> None:
    wanted = {"confirm": {"solved"}, "solved": {"closes"}, "ask_details": {"asks"}, "move_to_dm": {"private"}}
    wanted |= {"silent": {"asks"}, "first_reply": {"tells"}, "with_unit": {"tells"}, "back": {"tells"}}
    raw = yaml.safe_load((ROOT / "data" / "answers.yaml").read_text("utf-8"))["answers"]
    assert load_answers(ROOT / "data" / "answers.yaml")
    for code, answer in raw.items():
        assert people.read(answer["text"]) in wanted[answer["stage"]], code


def test_the_crews_words_fit_a_post_and_are_understood(people: Temperament) -> None:
    for folder in (DEFAULT_SCENARIO, DEFAULT_SCENARIO / "demo"):
        script = crew_script(folder, ROOT / "data")
        meant = {"ask": "asks", "solution": "solved", "again": "solved", "confirm": "solved", "closing": "closes"}
        for name, texts in script.texts.items():
            for text in texts:
                assert why_too_long("x", text.format(case="C-000012")) is None
                assert "{case}" in text
                assert name not in meant or people.read(text) == meant[name]
        for kind, sense in {"thanks": "solved", "grudging": "solved", "back": "unsolved", "waiting": "told"}.items():
            assert {script.read([text]) for text in people.words[kind]} == {sense}
        assert "solved" not in {script.read([text]) for text in people.words["details"]}


@pytest.mark.parametrize(
    "change", [{"shares": {"moody": 1}}, {"pinned": {"bima": "moody"}}, {"words": {}}, {"waits": 3}]
)
def test_wrong_files_are_refused_by_name(tmp_path: Path, change: dict[str, Any]) -> None:
    data = yaml.safe_load((DEFAULT_SCENARIO / "customers.yaml").read_text("utf-8"))
    (tmp_path / "customers.yaml").write_text(yaml.safe_dump(data | change), "utf-8")
    with pytest.raises(ScenarioError, match=r"customers\.yaml"):
        load_people(tmp_path)
