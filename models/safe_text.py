"""Customers' text made harmless: `clean` for keeping it, `for_markdown` and `for_plain` for showing it."""

from __future__ import annotations

import re

LONGEST = 25_000
"""Characters kept of any one text: X's longest post."""

_UNSTORABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
# Formatting characters that are never seen and change how the rest is shown: bidi controls, zero-width characters,
# tags, the object replacement character. The zero-width joiner and variation selectors stay: emoji are made of them.
_INVISIBLE = re.compile(
    "[\u00ad\u061c\u200b\u200c\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffc\U000e0000-\U000e007f]"
)
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]+")
_MARKUP = re.compile(r"[!#&()*+\-.:<>@\[\\\]^_`{|}~]")


def clean(text: str) -> str:
    """A text as both databases take it: no null bytes or control characters, lone surrogates as U+FFFD, at most
    25,000 characters. Line breaks and tabs stay."""
    if len(text) > LONGEST:
        text = text[: LONGEST - 1] + "…"
    if _UNSTORABLE.search(text) is None:
        return text
    return _UNSTORABLE.sub(lambda match: "\ufffd" if match[0] >= "\ud800" else "", text)


def for_plain(text: str, limit: int = 280) -> str:
    """A text for one line of a log or a notice: nothing invisible, no line breaks, at most `limit` characters."""
    shown = _CONTROL.sub(" ", _INVISIBLE.sub("", text[: 4 * limit + 100]))
    shown = " ".join(shown.split())
    return shown if len(shown) <= limit else shown[: limit - 1].rstrip() + "…"


def for_markdown(text: str, limit: int = 280) -> str:
    """A text for a cell or a line of markdown, shown exactly as written: no markup, HTML, link or image takes effect.

    Whatever a parser or an autolinker could read as syntax stands behind a backslash. (Character references would do
    the same in CommonMark, but the Prefect UI shows them as they are written.)
    """
    return _MARKUP.sub(r"\\\g<0>", for_plain(text, limit))


def plain_link(url: str) -> str | None:
    """An https link that cannot leave the angle brackets it is written in; None for anything else."""
    if not url.startswith("https://"):
        return None
    return "".join(letter for letter in url[:300] if letter.isascii() and letter not in "<>\\|`\"' \n\r\t")
