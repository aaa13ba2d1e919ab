"""data/answers.yaml, the answers that suit a case, and customers' names in them (clauses 5.3.2a-d)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.answers import (
    LONGEST_ANSWER,
    LONGEST_CUSTOMER,
    NAMELESS,
    STAGES,
    Answers,
    AnswersError,
    answer_stage,
    form_of_address,
    load_answers,
    suggested_answers,
    weighted_length,
)
from models.lexicons import PROBLEMS
from models.post_length import post_length
from tasks.settings import ROOT

FILE = Path(ROOT) / "data" / "answers.yaml"
ANSWERS = load_answers(FILE)
LONG_NAME = "Kusumaningtyas Wirasasmita Adi"
PRIVATE = re.compile(r"(?i)nomor (?:pelanggan|internet|telepon|hp|ponsel|ktp|rekening)|\bnik\b|alamat|tanggal lahir")


def suggested(
    stage: str,
    problem: str = "network",
    severity: str = "standard",
    customer: str | None = "Rani",
    ticket: str | None = "T-000456",
    answers: Answers = ANSWERS,
) -> dict[str, str]:
    found = suggested_answers(
        answers, stage=stage, problem=problem, severity=severity, customer=customer, ticket=ticket, case="C-000123"
    )
    assert len({one.name for one in found}) == len(found)
    return {one.name: one.text for one in found}


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("problem", PROBLEMS)
@pytest.mark.parametrize("severity", ["standard", "hard"])
@pytest.mark.parametrize("ticket", ["T-000456", None])
def test_every_case_has_an_answer_at_every_stage(stage: str, problem: str, severity: str, ticket: str | None) -> None:
    assert suggested(stage, problem, severity, ticket=ticket)


def test_every_answer_fits_a_post_and_says_whom_it_is_to() -> None:
    assert len(LONG_NAME) == LONGEST_CUSTOMER
    for one in ANSWERS.templates:
        said = suggested(one.stage, (*one.problems, "other")[0], one.severity or "standard", LONG_NAME)[one.name]
        assert weighted_length(said) <= LONGEST_ANSWER, one.name
        assert LONG_NAME in said
        assert not re.search(r"[{}@#\n]|https?:", said)
        assert "C-000123" in said or "T-000456" in said


def test_no_answer_asks_for_private_data_in_public() -> None:
    for one in ANSWERS.templates:
        assert not PRIVATE.search(one.text), one.name
        if "data langganan" in one.text:
            assert one.stage == "move_to_dm"
        if one.stage == "move_to_dm":
            assert "hanya melalui pesan langsung (DM)" in one.text


@pytest.mark.parametrize("problem", ["network", "billing", "tv", "installation", "voice", "mobile", "sales"])
def test_the_first_word_names_the_problem(problem: str) -> None:
    assert list(suggested("first_reply", problem)) == [f"first_reply_{problem}", "first_reply_general"]


@pytest.mark.parametrize("stage", ["first_reply", "with_unit", "confirm", "solved"])
@pytest.mark.parametrize("problem", PROBLEMS)
def test_a_hard_complaint_has_its_own_words_first(stage: str, problem: str) -> None:
    name, said = next(iter(suggested(stage, problem, "hard").items()))
    assert "_hard" in name
    assert said.startswith("Yth. Rani, ")
    if stage == "first_reply":
        assert "memohon maaf" in said
        assert "menjadi tanggung jawab Team Leader kami" in said


def test_the_most_specific_answer_comes_first(tmp_path: Path) -> None:
    general = "".join(f"  {stage}: {{stage: {stage}, text: umum}}\n" for stage in STAGES)
    path = tmp_path / "answers.yaml"
    path.write_text(
        f"answers:\n{general}"
        "  severe: {stage: back, severity: hard, text: keras}\n"
        "  problem: {stage: back, problems: [tv, voice], text: TV}\n"
        "  both: {stage: back, problems: [tv], severity: hard, text: TV keras}\n"
        "  other: {stage: back, problems: [mobile], text: seluler}\n",
        "utf-8",
    )
    answers = load_answers(path)
    assert list(suggested("back", "tv", "hard", answers=answers)) == ["both", "problem", "severe", "back"]
    assert list(suggested("back", "tv", "standard", answers=answers)) == ["problem", "back"]
    assert list(suggested("back", "sales", "hard", answers=answers)) == ["severe", "back"]


def test_an_answer_that_names_a_ticket_needs_one() -> None:
    assert list(suggested("with_unit", "tv")) == ["with_unit_general", "with_unit_no_ticket"]
    assert list(suggested("with_unit", "tv", ticket=None)) == ["with_unit_no_ticket"]
    assert list(suggested("with_unit", "tv", ticket="")) == ["with_unit_no_ticket"]


@pytest.mark.parametrize(
    ("old", "new", "shift", "reason"),
    [
        ("    stage: first_reply\n", "    stage: hello\n", 0, r"first_reply_network.stage: .*found 'hello'"),
        ("    problems: [network]\n", "    problems: [wifi]\n", 0, r"first_reply_network.problems.0: .*found 'wifi'"),
        ("    problems: [network]\n", "    problems: network\n", 0, "first_reply_network.problems: .*found 'network'"),
        ("    severity: standard\n", "    severity: mild\n", 0, "first_reply_network.severity: .*found 'mild'"),
        (
            "Halo {customer}",
            "Halo {name}",
            -1,
            r"\{name\} is no placeholder; known: \{customer\}, \{ticket\}, \{case\}",
        ),
        ("Halo {customer}", "Halo {customer", -1, "a brace stands alone"),
        ("    text: >-\n", "    says: >-\n", -3, "first_reply_network.text: is missing"),
        ("    text: >-\n", "    says: >-\n", 0, "no such entry; an answer has stage, problems, severity and text"),
        ("    text: >-\n", "    text: ''\n    x: >-\n", 0, "first_reply_network.text: .*at least 1 character"),
        ("    text: >-\n", "    text:\n    x: >-\n", 0, "first_reply_network.text: .*valid string"),
        ("  first_reply_billing:\n", "  first_reply_network:\n", 0, "first_reply_network is given twice"),
        ("  first_reply_network:\n", "  First Reply:\n", 1, "First Reply: an answer's name is small letters"),
        ("Halo {customer}", "Halo {customer} " + "😀" * 34, -1, r"first_reply_network.text: 28\d characters"),
        ("Halo {customer}", "Halo {customer} http://telkom.example", -1, "no links and mentions nobody"),
        ("Halo {customer}", "Halo {customer} my.telkomsel.com", -1, "no links and mentions nobody"),
        ("Halo {customer}", "Halo {customer} @Kominfo", -1, "no links and mentions nobody"),
        ("answers:\n", "answer:\n", 0, "expected `answers:`"),
    ],
)
def test_a_wrong_file_is_refused_with_line_and_reason(
    tmp_path: Path, old: str, new: str, shift: int, reason: str
) -> None:
    text = FILE.read_text("utf-8")
    begins = text.index("\nanswers:") + 1
    found = text.index(old, begins)
    path = tmp_path / "answers.yaml"
    path.write_text(text[:found] + new + text[found + len(old) :], "utf-8")
    with pytest.raises(AnswersError, match=reason) as refused:
        load_answers(path)
    told = [line for line in str(refused.value).splitlines() if re.search(reason, line)]
    assert [int(line.split(":")[1]) for line in told] == [text[:found].count("\n") + 1 + shift], refused.value


def test_a_stage_needs_a_general_answer(tmp_path: Path) -> None:
    path = tmp_path / "answers.yaml"
    text = FILE.read_text("utf-8")
    path.write_text(text.replace("  silent_general:\n", "  silent_general:\n    problems: [tv]\n"), "utf-8")
    with pytest.raises(AnswersError, match="silent: no answer of this stage is general") as refused:
        load_answers(path)
    assert len(str(refused.value).splitlines()) == 2


def test_everything_wrong_is_said_at_once(tmp_path: Path) -> None:
    path = tmp_path / "answers.yaml"
    path.write_text(
        "answers:\n  one: {stage: hello, text: a}\n  two: {stage: back, text: '{x}'}\n  three: 3\n", "utf-8"
    )
    with pytest.raises(AnswersError) as refused:
        load_answers(path)
    said = str(refused.value)
    for part in (":2: one.stage", ":3: two.text", ":4: three.stage", ":4: three.text", "first_reply: no answer"):
        assert part in said
    assert "back: no answer" not in said


@pytest.mark.parametrize("content", [None, b"", b"- a\n", b"answers: [\n", b"\xff\xfe"])
def test_a_file_that_is_none_is_refused(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "answers.yaml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(AnswersError, match=r"answers\.yaml"):
        load_answers(path)


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("Rani Putri", "Rani Putri"),
        ("  Rani\r\n\tPutri ", "Rani Putri"),
        ("D’Masiv Nurul-Aini", "D'Masiv Nurul-Aini"),
        ("Dr.Ir.Budi Santoso, S.Kom", "Dr. Ir. Budi Santoso S. Kom"),
        ("R.A. Kartini", "R. A. Kartini"),
        ("José Müller", "José Müller"),
        ("𝓡𝓪𝓷𝓲 Ｐｕｔｒｉ", "Rani Putri"),
        ("Rani 🌸✨ Putri 88", "Rani Putri"),
        ("@kominfo Rani", "Rani"),
        ("Rani ＠YLKI #TelkomGagal", "Rani"),
        ("Rani https://jahat.example/a", "Rani"),
        ("Rani www.jahat.example", "Rani"),
        ("😀www. jahat", "jahat"),
        ("jahat.com", NAMELESS),
        ("BIT.LY/abc Rani", "Rani"),
        ("t.co Rani", "Rani"),
        ("jahat\u200b.\u2060com", NAMELESS),
        ("jahat。com", NAMELESS),
        ("rani@mail.example", NAMELESS),
        ("javascript:alert(1)", NAMELESS),
        ("<b>Rani</b>", NAMELESS),
        ("[klik](Rani)", "klik Rani"),
        ("{ticket} {case}", "ticket case"),
        ("\u202einaR\u202c", "inaR"),
        ("R̷̢̛a̶͙n̵͔i", "Rani"),
        ("WA 0812-3456-7890", "WA"),
        ("$TLKM", NAMELESS),
        ("\ud800\x00", NAMELESS),
        ("🔥🔥🔥", NAMELESS),
        ("محمد", NAMELESS),
        ("ㅤ", NAMELESS),
        ("R", NAMELESS),
        ("", NAMELESS),
        (None, NAMELESS),
        ("Rani " * 20, "Rani Rani Rani Rani Rani Rani"),
        ("a" * 31, NAMELESS),
        ("a" * 5_000_000, NAMELESS),
    ],
)
def test_a_hostile_name_is_made_harmless(name: str | None, address: str) -> None:
    assert form_of_address(name) == address
    said = suggested("first_reply", customer=name)["first_reply_network"]
    assert said.startswith(f"Halo {address}, ")


@given(st.text(st.sampled_from("aZé .@#:/www。\u200b\n1'-,😀\u0301") | st.characters(), max_size=80))
def test_no_name_mentions_links_or_breaks_out(name: str) -> None:
    address = form_of_address(name)
    assert weighted_length(address) <= LONGEST_CUSTOMER
    if address != NAMELESS:
        assert re.fullmatch(r"[^\W\d_](?:[^\W\d_]|[' .-])*", address), address
        assert not re.search(r"\.\S|\s\s|https?:|\bwww\.", address, re.IGNORECASE)


@pytest.mark.parametrize(
    "text", [*(one.text for one in ANSWERS.templates), "Bapak/Ibu “é” – e\u0301", "Nguyễn", "日本", "😀", "©"]
)
def test_length_is_counted_as_x_does(text: str) -> None:
    assert weighted_length(text) == post_length("x", text)


@given(st.text(st.characters(exclude_categories=["Cs", "Cn"], exclude_characters="."), max_size=60))
def test_length_is_never_counted_too_short(text: str) -> None:
    assert weighted_length(text) >= post_length("x", text)


@pytest.mark.parametrize(
    ("stand", "stage"),
    [
        ({}, "first_reply"),
        ({"reopened": True}, "back"),
        ({"answered": True}, "ask_details"),
        ({"answered": True, "status": "waiting_customer"}, "silent"),
        ({"answered": True, "open_tickets": 1, "had_tickets": True, "status": "waiting_unit"}, "with_unit"),
        ({"answered": True, "open_tickets": 1, "settled_tickets": 1, "had_tickets": True}, "confirm"),
        ({"answered": True, "had_tickets": True}, "solved"),
        ({"answered": True, "status": "resolved"}, "solved"),
    ],
)
def test_the_stage_of_a_case(stand: dict[str, Any], stage: str) -> None:
    fresh = {"status": "in_progress", "answered": False, "reopened": False, "had_tickets": False}
    assert answer_stage(**(fresh | {"open_tickets": 0, "settled_tickets": 0} | stand)) == stage
