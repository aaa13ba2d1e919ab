"""Where a profile names a profession or a house, and what the words around it leave of that (clause 5.2.1)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from models.lexicons import Branch, Lexicons, Signal, longest_phrase
from models.text import Words, handle_words, split_words

STRONG = 0.5
"""The weight from which a word names a profession by itself; what is lighter only supports one."""
_IN_NAME = "_in_name"
"""How the groups end whose words count in names and handles only: "dr" in a bio is as often "from"."""
_BREAKS = frozenset(".,;|/•·\n?!–—:&+")
_JOINS = frozenset({"and", "dan", "serta", "sekaligus"})
"""What a word that denies does not reach back over: "actor and dog lover"."""
_ENDS = frozenset(".;|•·\n?!–—")
"""What ends more than an item of a list: an office and its house may stand on both sides of a comma."""
_QUOTES = frozenset("\"'“‘")
_QUOTED = re.compile(r"\"[^\"]*\"|“[^”]*”|(?<!\w)['‘][^'’\"]+['’](?!\w)")
_BACKWARDS, _FORWARDS = frozenset({"preceding", "around", "jest"}), frozenset({"following", "around", "former"})
_WORDLIKE = frozenset('@#"“”')
"""How words begin that are no mark and no emoji, besides letters and digits."""
_HOUSE = Branch({})
"""Stands where an account is mentioned: which house it is, is looked up by its handle."""
_HOUSE_REACH = 7
"""Words between an office and its house: "director of a small charity"."""
_SHORTEST_HEAD, _LONGEST_HEAD = 4, 14
"""Letters of a house's name at the beginning of a handle written as one word."""


@dataclass(slots=True)
class Found:
    """A phrase of a lexicon in a part of a profile; `begin` and `end` count the part's normalised words."""

    part: str
    signal: Signal
    begin: int
    end: int
    where: PartText
    label: str
    group: str
    worth: float
    """The signal's weight in this part, before disqualifiers."""
    share: float = 1.0
    in_jest: bool = False

    @property
    def weight(self) -> float:
        """What it says after disqualifiers."""
        return self.worth * self.share

    @property
    def words(self) -> str:
        """The words as written."""
        return self.where.words.as_written(self.begin, self.end)

    @property
    def span(self) -> tuple[int, int]:
        """Where it stands in the part's text, in characters."""
        first, last = self.where.words.origin[self.begin], self.where.words.origin[self.end - 1]
        spans = self.where.spans_to(last)
        return spans[first][0], spans[last][1]


@dataclass(slots=True)
class PartRead:
    """What one part of a profile holds."""

    findings: list[Found] = field(default_factory=list)
    disqualifiers: list[Found] = field(default_factory=list)


NOTHING = PartRead()


@dataclass(slots=True)
class PartText:
    """A part's text, its words, and where each written one stands."""

    text: str
    words: Words
    spans: list[tuple[int, int]] = field(default_factory=list)
    """Of as many written words as have been asked for."""

    def spans_to(self, last: int) -> list[tuple[int, int]]:
        """Where the written words stand, at least those to the one at `last`."""
        spans = self.spans
        if last >= len(spans):
            end = spans[-1][1] if spans else 0
            for word in self.words.written[len(spans) : last + 1]:
                start = self.text.index(word, end)
                end = start + len(word)
                spans.append((start, end))
        return spans

    def is_broken(self, at: int, marks: frozenset[str]) -> bool:
        """Whether one of the marks, or an emoji, stands before the normalised word at `at`, or the text ends there."""
        origin = self.words.origin
        if not 0 < at < len(origin):
            return True
        before, after = origin[at - 1], origin[at]
        if before == after:
            return False
        spans, text = self.spans_to(after), self.text
        begin, end = spans[before]
        first = text[begin]
        return not (first.isalnum() or first in _WORDLIKE) or not marks.isdisjoint(text[end : spans[after][0]])

    def until(self, at: int, reach: int, marks: frozenset[str]) -> int:
        """The first place from `at` on before which a mark stands, at most `reach` words on."""
        return next((place for place in range(at, at + reach) if self.is_broken(place, marks)), at + reach)

    def since(self, at: int, reach: int, marks: frozenset[str]) -> int:
        """The last place up to `at` before which a mark stands, at most `reach` words back."""
        return next((place for place in range(at, at - reach, -1) if self.is_broken(place, marks)), at - reach)


def read_part(part: str, text: str, lexicons: Lexicons) -> PartRead:
    """Everything the lexicons know in a bio, a name or a handle, weakened by what disqualifies it."""
    tree = lexicons.profile
    words = _words_of_handle(text, lexicons) if part == "handle" else split_words(text, lexicons.profile_forms)
    normal = words.normal
    if "@" in text:
        places = [(at, word) for at, word in enumerate(normal) if word in tree or word[0] == "@"]
        hits = [(at, _HOUSE if word[0] == "@" else tree[word]) for at, word in places]
    else:
        hits = [(at, tree[word]) for at, word in enumerate(normal) if word in tree]
    if not hits:
        return NOTHING
    read = PartRead()
    where = PartText(text, words)
    taken = 0
    for start, branch in hits:
        if start < taken:
            continue
        if branch is _HOUSE:
            told = _told_by_mention(words.written[words.origin[start]], lexicons)
        else:
            told = longest_phrase(branch, normal, start) if branch.following else branch.signals
        longest = 0
        for signal, length in told:
            taken = max(taken, start + length)
            if signal.kind == "disqualifiers":
                _take(read, part, where, signal, start, start + length, lexicons)
            elif length >= longest and (part != "bio" or not signal.group.endswith(_IN_NAME)):
                longest = length
                _take(read, part, where, signal, start, start + length, lexicons)
    if read.findings:
        _weaken(read, where, lexicons)
    return read


@lru_cache(maxsize=20_000)
def _told_by_mention(mention: str, lexicons: Lexicons) -> tuple[tuple[Signal, int], ...]:
    """The house whose account is mentioned, by its handle."""
    normal = handle_words(mention, lexicons.profile_forms)
    for start, word in enumerate(normal):
        branch = lexicons.profile.get(word)
        for signal, _ in longest_phrase(branch, normal, start) if branch else ():
            if signal.kind == "institutions":
                return ((signal, 1),)
    return ()


def _words_of_handle(handle: str, lexicons: Lexicons) -> Words:
    """A handle's words; of one written together, the state's house it begins with if nothing else is known of it."""
    tree = lexicons.profile
    normal = handle_words(handle, lexicons.profile_forms)
    for place, word in enumerate(normal):
        if word not in tree:
            for head in _houses_of_state(lexicons).get(word[:_SHORTEST_HEAD], ()):
                if word.startswith(head) and word != head:
                    normal[place] = head
                    break
    return Words([handle], normal, [0] * len(normal))


@lru_cache(maxsize=2)
def _houses_of_state(lexicons: Lexicons) -> Mapping[str, Sequence[str]]:
    """The state's houses named in one word that may begin a handle, the longest first, by their first letters."""
    found: dict[str, list[str]] = {}
    for word in sorted(lexicons.profile, key=len, reverse=True):
        said = [signal for signal, _ in lexicons.profile[word].signals if signal.kind == "institutions"]
        if _SHORTEST_HEAD <= len(word) <= _LONGEST_HEAD and any(signal.label == "government" for signal in said):
            found.setdefault(word[:_SHORTEST_HEAD], []).append(word)
    return found


def _take(read: PartRead, part: str, where: PartText, signal: Signal, begin: int, end: int, lexicons: Lexicons) -> None:
    found = Found(part, signal, begin, end, where, signal.label, signal.group, 0.0)
    if signal.kind == "disqualifiers":
        found.share = signal.weight
        read.disqualifiers.append(found)
        return
    found.worth = signal.weight
    if part == "handle" or where.words.normal[begin][0] == "@":
        found.worth *= lexicons.settings[f"{signal.kind}.in_handle"]
    elif part == "bio" and signal.kind == "institutions":
        found.worth *= lexicons.settings["institutions.in_bio"]
    read.findings.append(found)


def _weaken(read: PartRead, where: PartText, lexicons: Lexicons) -> None:
    """Apply what stands before, after and around each finding; give offices the category of their house."""
    offices = [found for found in read.findings if found.signal.kind == "professions" and found.label == "executive"]
    if offices and len(read.findings) > len(offices):
        _place_offices(read, offices)
    quoted = [match.span() for match in _QUOTED.finditer(where.text)] if not _QUOTES.isdisjoint(where.text) else []
    for start, end in quoted:
        for found in read.findings:
            if start < found.span[0] < end:
                found.share = lexicons.settings["disqualifiers.in_quotes"]
        read.disqualifiers = [told for told in read.disqualifiers if not start < told.span[0] < end]
    if read.disqualifiers:
        _disqualify(read, where, lexicons)


def _disqualify(read: PartRead, where: PartText, lexicons: Lexicons) -> None:
    reach, before = int(lexicons.settings["disqualifiers.reach"]), int(lexicons.settings["disqualifiers.before"])
    for told in read.disqualifiers:
        if told.label in _BACKWARDS:
            since = where.since(told.begin, before, _BREAKS)
            joins = [at + 1 for at in range(since, told.begin) if where.words.normal[at] in _JOINS]
            _leave(read, max([since, *joins]), told.begin, told)
        if told.label in _FORWARDS:
            _leave(read, told.end, where.until(told.end, reach, _BREAKS), told)


def _leave(read: PartRead, first: int, last: int, told: Found) -> None:
    """Leave a share of what begins among the words from `first` to before `last`."""
    for found in read.findings:
        if first <= found.begin < last:
            found.share = min(found.share, told.share)
            found.in_jest = found.in_jest or told.label == "jest"


def _place_offices(read: PartRead, offices: Sequence[Found]) -> None:
    """A director is an executive, that of a charity is the charity's, that of a ministry the state's."""
    houses = [found for found in read.findings if found.signal.kind == "institutions" or _is_organisation(found)]
    for office in offices:
        last = office.where.until(office.end, _HOUSE_REACH, _ENDS)
        house = next((house for house in houses if office.end <= house.begin < last), None)
        if house is not None:
            office.label = house.label
            if house.signal.weight >= STRONG:
                office.group = house.group  # the house has said it already


def _is_organisation(found: Found) -> bool:
    return found.label == "ngo" and found.group.startswith("organisations")
