"""A customer's text as words the lexicons know: case, repeated letters, slang, links, handles, hashtags and emoji.

Reading complaints (clause 5.3.1) and judging profiles (clause 5.2.1) both begin here. Everything is linear in the
length of the text, whatever is in it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

LINK, NUMBER, DAYS, WEEK, SHOUT = "<url>", "<num>", "<days>", "<week>", "<shout>"
STRANGER, RETELLING, IN_CASE = "<else>", "<rt>", "<case>"
"""Words that stand for what cannot be listed: a link, a number, a duration of a day or more, of a week or more,
capitals throughout, a text that names no telecom matter, an old-style retweet, words said in an open case of their
author's. Lexicons may use them in phrases."""

GENERATION = (NUMBER, "generation")
"""4G, 5G and the like: the G is no "tidak"."""
LONGEST_WORD = 40
_REMEMBERED, _LONGEST_REMEMBERED = 100_000, 60
"""How many words, and how many pieces of texts no longer than this, are remembered with their normal forms."""

_TOKEN = re.compile(
    r"https?://\S+|www\.\S+"
    r"|[@#]\w+"
    r"|[^\W\d_]+(?:[*]+[^\W\d_]+)*(?:['’][^\W\d_]+)?(?:2(?!\w))?"
    r"|\d+(?:[.,]\d+)?[gG](?![^\W_])"
    r"|\d+(?:[.,:]\d+)*"
    r"|[?!\"“”]"
    r"|[\u2600-\u27bf\U0001f300-\U0001faff]"
)
_HASHTAG_PART = re.compile(r"[A-Z]?[^\W\dA-Z_]+|[A-Z]+(?![^\W\dA-Z_])|\d+")
_RUN = re.compile(r"([^\W\d_])\1{2,}")
_STARS = re.compile(r"\*+")
_PAIR = re.compile(r"([^\W\d_])\1")
_QUOTES = frozenset('"“”')


class _Piece(NamedTuple):
    """What stands between two blanks: its words as written and as normalised, `origin` as in `Words`, or None where
    each written word makes one normalised word."""

    written: tuple[str, ...]
    normal: tuple[str, ...]
    origin: tuple[int, ...] | None


@dataclass(frozen=True, eq=False)
class WordForms:
    """How words are brought to the form the lexicons are written in (`data/lexicons/words.yaml`)."""

    slang: Mapping[str, tuple[str, ...]]
    numbers: Mapping[str, int]
    """Number words and ordinals with what they say: dua 2, ketiga 3."""
    ordinals: frozenset[str]
    suffixes: tuple[str, ...]
    units: Mapping[str, float]
    """Units of time in days; those that carry their own number (seminggu) as well."""
    own_number: frozenset[str]
    cues: frozenset[str]
    """Words near a duration that make it one of trouble: sudah, selama, belum."""
    stops: frozenset[str]
    """Words after a duration that make it none: langganan, kontrak."""
    negators: frozenset[str]
    not_negating: frozenset[str]
    vocabulary: frozenset[str] = frozenset()
    """Every word of every phrase; a word with an ending is cut only if that leads to one of these."""
    _words: dict[str, tuple[str, ...]] = field(default_factory=dict, init=False, repr=False)
    """Written words met before, with their normal forms."""
    _pieces: dict[str, _Piece] = field(default_factory=dict, init=False, repr=False)
    """What stood between blanks before, split: no word reaches over a blank."""

    @cached_property
    def known(self) -> frozenset[str]:
        """Every word that has a normal form here."""
        return self.vocabulary.union(self.slang, self.ordinals, self.numbers)


@dataclass(slots=True)
class Words:
    """A text's words as written and as normalised; `origin[i]` is the written word the i-th normalised one is from."""

    written: list[str]
    normal: list[str]
    origin: list[int]

    def as_written(self, start: int, end: int) -> str:
        """The original words behind the normalised ones from `start` to before `end`."""
        return " ".join(self.written[self.origin[start] : self.origin[end - 1] + 1])


def split_words(text: str, forms: WordForms) -> Words:
    """Split a text and normalise every word; slang may become several words, a hashtag its parts."""
    seen = forms._pieces.get
    written: list[str] = []
    normal: list[str] = []
    origin: list[int] = []
    for piece in text.split():
        words, made, places = seen(piece) or _piece(piece, forms)
        if places is not None:
            begun = len(written)
            origin += range(begun - len(normal) + len(origin), begun)
            origin += [begun + place for place in places]
        written += words
        normal += made
    origin += range(len(written) - len(normal) + len(origin), len(written))
    return Words(written, normal, origin)


def _piece(text: str, forms: WordForms) -> _Piece:
    written = _TOKEN.findall(text)
    seen = forms._words.get
    made = [seen(word) or normal_form(word, forms) for word in written]
    is_even = all(len(form) == 1 for form in made)
    origin = None if is_even else tuple(index for index, form in enumerate(made) for _ in form)
    piece = _Piece(tuple(written), tuple(word for form in made for word in form), origin)
    if len(text) <= _LONGEST_REMEMBERED:
        if len(forms._pieces) >= _REMEMBERED:
            forms._pieces.clear()
        forms._pieces[text] = piece
    return piece


def written_spans(text: str) -> list[tuple[int, int]]:
    """Where in the text each written word of `split_words` stands."""
    return [match.span() for match in _TOKEN.finditer(text)]


def normal_form(written: str, forms: WordForms) -> tuple[str, ...]:
    """One written word as the words of the lexicons; nothing for a bare quotation mark's kin."""
    seen = forms._words
    if len(seen) >= _REMEMBERED:
        seen.clear()
    seen[written] = form = _normal_form(written, forms)
    return form


def _normal_form(written: str, forms: WordForms) -> tuple[str, ...]:
    first = written[0]
    if first.isdigit():
        return (NUMBER,) if written[-1].isdigit() else GENERATION
    if first == "@":
        return (written[:LONGEST_WORD].lower(),)
    if first == "#":
        return _hashtag(written[1:], forms)
    if not first.isalpha():
        return ('"',) if first in _QUOTES else (first,)
    if written.startswith(("http://", "https://", "www.")):
        return (LINK,)
    return _word(written[:LONGEST_WORD].lower().replace("’", "'"), forms)


def _word(word: str, forms: WordForms) -> tuple[str, ...]:
    word = word.rstrip("2²")
    if len(word) - len(set(word)) > 1:
        word = _RUN.sub(r"\1", word)
    if "*" in word:
        word = _STARS.sub("*", word)
    known = _known(word, forms)
    if known:
        return known
    squeezed = _PAIR.sub(r"\1", word) if forms.slang else word  # "matii" is slang; "need" is not "ned"
    known = _known(squeezed, forms) if squeezed != word else None
    if known:
        return known
    for suffix in forms.suffixes if word.endswith(forms.suffixes) else ():
        if word.endswith(suffix) and len(word) > len(suffix) + 2:
            known = _known(word[: -len(suffix)], forms)
            if known:
                return known
    return (word,)


def _known(word: str, forms: WordForms) -> tuple[str, ...] | None:
    if word not in forms.known:
        return None
    if word in forms.slang:
        return forms.slang[word]
    if word in forms.ordinals:
        return ("ke", NUMBER)
    if word in forms.numbers:
        return (NUMBER,)
    return (word,)


def _hashtag(tag: str, forms: WordForms) -> tuple[str, ...]:
    """#TelkomselLemot and #telkomsel_lemot by their parts; #internetlelet cut in two known words if it can be."""
    parts = [part.lower() for part in _HASHTAG_PART.findall(tag[:LONGEST_WORD]) if not part.isdigit()]
    if len(parts) == 1:
        word, known = parts[0], forms.known
        if word not in known:
            for cut in range(3, len(word) - 2):
                if word[:cut] in known and word[cut:] in known:
                    return (_known(word[:cut], forms) or ()) + (_known(word[cut:], forms) or ())
    return tuple(form for part in parts for form in forms._words.get(part) or normal_form(part, forms)) or ("#",)


def handle_words(handle: str, forms: WordForms) -> list[str]:
    """The words a handle is made of, by its capitals, digits and underscores."""
    return list(_hashtag(handle.lstrip("@"), forms))


def days_of_trouble(words: Words, forms: WordForms) -> float:
    """The longest duration told of, in days, that a word beside it makes one of trouble; 0 for none."""
    normal = words.normal
    if forms.units.keys().isdisjoint(normal):
        return 0.0
    longest = 0.0
    for index, word in enumerate(normal):
        unit = forms.units.get(word)
        if unit is None:
            continue
        count, start, end = _count(words, index, forms)
        after = normal[end : end + 3]
        before = normal[max(0, start - 2) : start]
        if not count or not forms.stops.isdisjoint(after) or before == ["belum", "ada"] or before[-1:] == ["jam"]:
            continue
        if start < index - 1 or not forms.cues.isdisjoint(normal[max(0, start - 3) : start] + after):
            longest = max(longest, count * unit)
    return longest


def _count(words: Words, index: int, forms: WordForms) -> tuple[int, int, int]:
    """How many of the unit at `index`, and from where to where that is said: 3 hari, seminggu, hari ke-3."""
    normal = words.normal
    if normal[index] in forms.own_number:
        return 1, index, index + 1
    if index and normal[index - 1] == NUMBER:
        return _value(words, index - 1, forms), index - 1, index + 1
    if normal[index + 1 : index + 3] == ["ke", NUMBER]:
        start = index - 2 if forms.units[normal[index]] < 30 else index  # "bulan ke-3" is as often an instalment
        return _value(words, index + 2, forms), start, index + 3
    return 0, index, index


def _value(words: Words, index: int, forms: WordForms) -> int:
    written = words.written[words.origin[index]].lower()
    if written in forms.numbers:
        return forms.numbers[written]
    return int(written) if written.isdecimal() and len(written) < 4 else 0


def is_shouted(words: Words) -> bool:
    """Whether most of a text is in capitals."""
    return len(words.written) > 3 and sum(map(str.isupper, words.written)) > 0.6 * len(words.written)
