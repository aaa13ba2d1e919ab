"""How long a reply is as its platform counts it, and what to do where it is too long."""

from __future__ import annotations

import re
from typing import Any

from models.mentions import Platform

LONGEST = {Platform.X: 280, Platform.FACEBOOK: 8000}
"""X counts weighted characters (twitter-text configuration v3), Facebook characters."""
HALF_CHARACTER = re.compile("[\ud800-\udfff]")
PIECE = re.compile(r"https?://\S+|\S{1,300}|\s+")
"""No link and no emoji goes across white space, so words are counted one by one: the parser's time grows with the
square of a word without spaces. Words over 300 characters that are no links are cut."""


def post_length(platform: str, text: str) -> int:
    """The length of `text` as the platform counts it.

    X: weighted characters (links 23, also those without https://; emoji and CJK 2; Latin letters 1). The mention of
    the author that X itself puts before a reply is no part of `text` and does not count. Facebook: characters.
    Raises ValueError for a platform that is not known.
    """
    if Platform(platform) is Platform.FACEBOOK:
        return len(text)
    # The parser fails on half a character (a lone surrogate); X shows a sign in its place, which counts 2.
    whole = HALF_CHARACTER.sub("\ufffd", text)
    return sum(_twitter_text().parse_tweet(piece).weightedLength for piece in PIECE.findall(whole))


def longest(platform: str) -> int:
    """How much the platform takes, in the unit of `post_length`. Raises ValueError for one that is not known."""
    return LONGEST[Platform(platform)]


def why_too_long(platform: str, text: str) -> str | None:
    """A sentence with the count, the limit and the fix; None where the platform takes the text."""
    length, limit = post_length(platform, text), longest(platform)
    if length <= limit:
        return None
    over = length - limit
    if Platform(platform) is Platform.X:
        return f"The reply counts {length} on X (a link 23, an emoji 2), which takes {limit}: shorten it by {over}."
    return f"The reply has {length} characters, Facebook takes {limit}: shorten it by {over}."


def has_link(word: str) -> bool:
    """Whether X turns this word, or a part of it, into a link: with https:// or as a bare domain (telkom.co.id)."""
    return "://" in word or any(_twitter_text().extract_urls(piece) for piece in PIECE.findall(word))


def _twitter_text() -> Any:
    """The parser, imported when the first reply is counted: it takes a moment."""
    import twitter_text

    return twitter_text
