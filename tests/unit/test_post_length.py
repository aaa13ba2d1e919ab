"""What a reply counts on its platform, against rows anyone can check and against the sandbox's own counting."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployments.sandbox.x_shapes import weighted_length
from models.post_length import has_link, longest, post_length, why_too_long

INDONESIAN = "Halo Kak, mohon maaf atas kendalanya. Teknisi kami datang besok pukul 09.00–12.00 WIB ya."
ROWS = [
    ("", 0),
    (INDONESIAN, len(INDONESIAN)),
    ("😀", 2),
    ("👍🏽", 2),
    ("👨‍👩‍👧‍👦", 2),
    ("🇮🇩", 2),
    ("漢字", 4),
    ("한", 2),
    ("e\u0301", 1),
    ("dua\r\nbaris", 9),
    ("“kutip” – …", 12),
    ("& < >", 5),
    ("https://telkom.co.id/bantuan/" + "a" * 200, 23),
    ("lihat telkom.co.id ya", 6 + 23 + 3),
    ("(http://a.co/x)", 25),
    ("pukul 9.30 di Rp1.500.000", 25),
    ("\ud83d", 2),
]


@pytest.mark.parametrize(("text", "length"), ROWS)
def test_what_x_counts(text: str, length: int) -> None:
    assert post_length("x", text) == length


def test_what_facebook_counts() -> None:
    assert post_length("facebook", "😀 https://telkom.co.id/bantuan") == 30
    assert why_too_long("facebook", "a" * 8000) is None
    assert why_too_long("facebook", "a" * 8001) == (
        "The reply has 8001 characters, Facebook takes 8000: shorten it by 1."
    )


def test_too_long_is_said_with_count_limit_and_fix() -> None:
    assert longest("x") == 280
    assert why_too_long("x", "a" * 280) is None
    assert why_too_long("x", "a" * 256 + " https://telkom.co.id/" + "b" * 300) is None
    said = why_too_long("x", "a" * 280 + "😀")
    assert said == "The reply counts 282 on X (a link 23, an emoji 2), which takes 280: shorten it by 2."


def test_an_unknown_platform_is_refused() -> None:
    for ask in (longest, lambda platform: post_length(platform, "a")):
        with pytest.raises(ValueError, match="mastodon"):
            ask("mastodon")


def test_which_words_x_turns_into_links() -> None:
    assert has_link("(https://contoh.example/a).")
    assert has_link("telkom.co.id,")
    assert not any(map(has_link, ["halo", "9.30", "Rp1.500.000", "care@", "ya.Kak"]))


CHARACTERS = st.text(
    st.one_of(
        st.characters(min_codepoint=0x20, max_codepoint=0x24F, exclude_characters=".:@/©®", exclude_categories=["Cc"]),
        st.sampled_from("漢字かな한国…–“”’😀🙏🏠📶"),
    ),
    max_size=120,
)
LINKS = st.sampled_from(["https://telkom.co.id/a?b=1", "http://indihome.co.id", "https://t.co/abcdefghij"])


@given(st.lists(st.one_of(CHARACTERS, LINKS), max_size=8))
def test_the_sandbox_counts_alike(words: list[str]) -> None:
    """Where it means to: no emoji of several parts, no bare domains."""
    text = " ".join(words)
    assert post_length("x", text) == weighted_length(text)


@given(st.text(max_size=200))
def test_any_text_has_a_length_and_a_longer_text_is_no_shorter(text: str) -> None:
    assert 0 <= post_length("x", text) <= post_length("x", f"{text} kak")


@pytest.mark.parametrize("base", ["a.a.", "https://a.a.", "https://", "(", "😀", "\u200d", "漢.com", " a.a"])
def test_hostile_texts_are_counted_in_time(base: str) -> None:
    begun = time.monotonic()
    assert why_too_long("x", (base * 2000)[:2000])
    assert time.monotonic() - begun < 30
