"""Customers' text made harmless, checked against a real markdown parser."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from models.safe_text import LONGEST, clean, for_markdown, for_plain

ANYTHING = st.text(st.characters(), max_size=300)
HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[klik](javascript:alert(1))",
    "![x](https://jahat.example/pixel.png)",
    "https://jahat.example/masuk www.jahat.example",
    "# judul\n## judul",
    "sel | sel | sel",
    "```python\nkode\n```",
    "\u202egnp.exe",
    "null\x00byte",
    "\ud800 setengah",
    "**tebal** _miring_ ~~coret~~ `kode`",
    "&lt;b&gt; &#60;script&#62;",
    "<https://jahat.example>",
    "[x]: https://jahat.example\n[x]",
    "*  \n- a\n1. b\n> c",
]


def _tokens(markdown: str) -> set[str]:
    parser = MarkdownIt("gfm-like", {"html": True, "linkify": False})
    return {token.type for block in parser.parse(markdown) for token in [block, *(block.children or [])]}


@pytest.mark.parametrize("text", HOSTILE)
def test_no_markup_takes_effect(text: str) -> None:
    assert _tokens(for_markdown(text)) <= {"paragraph_open", "paragraph_close", "inline", "text", "text_special"}


@given(ANYTHING)
def test_no_text_gets_out_of_its_table_cell(text: str) -> None:
    table = f"| a | b |\n|---|---|\n| {for_markdown(text)} | akhir |"
    html = MarkdownIt("gfm-like", {"html": True, "linkify": False}).render(table)
    assert html.count("<td>") == 2
    assert html.count("<tr>") == 2
    assert re.sub(r"</?(table|thead|tbody|tr|th|td)>", "", html).count("<") == 0


@given(ANYTHING)
def test_cleaned_text_can_be_kept(text: str) -> None:
    kept = clean(text)
    assert "\x00" not in kept
    kept.encode("utf-8")
    assert clean(kept) == kept


@given(ANYTHING, st.integers(5, 60))
def test_plain_text_is_one_short_line(text: str, limit: int) -> None:
    shown = for_plain(text, limit)
    assert len(shown) <= limit
    assert not re.search("[\x00-\x1f\u202a-\u202e\u2066-\u2069\u200b]", shown)
    shown.encode("utf-8")


def test_a_very_long_text_is_cut() -> None:
    assert len(clean("a" * 30_000)) == LONGEST
    assert len(clean("a" * LONGEST)) == LONGEST
    assert for_plain("kata " * 100, 20).endswith("…")


def test_ordinary_text_stays_as_it_was() -> None:
    text = "Halo kak, internet mati 😭👨‍👩‍👧 sejak jam 7\nmohon dicek"
    assert clean(text) == text
    assert for_plain(text) == text.replace("\n", " ")
