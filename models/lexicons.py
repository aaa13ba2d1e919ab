"""The lexicons of `data/lexicons/`: what an analyst edits, checked word by word and laid out for quick look-up.

They carry out clauses 5.3.1 and 5.3.2c (complaint, hardness, problem) and 5.2.1 (priority accounts). Every group of
phrases has one weight; a text scores a group once however many of its phrases it holds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, get_args

from models.text import WordForms, split_words
from models.yaml_lines import Marked, read_marked

ProblemName = Literal["network", "billing", "tv", "installation", "voice", "mobile", "sales", "other"]
PROBLEMS: tuple[str, ...] = get_args(ProblemName)
HARD_REASONS = ("abusive", "churn", "repeat", "regulator", "media", "legal", "safety")
CATEGORIES = (
    "government", "executive", "artist", "writer", "media", "activist", "ngo", "professional", "public_figure",
)  # fmt: skip
BLOCKS = ("following", "account", "former")

LONGEST_PHRASE = 8
_ENDING = "nya"
_STANDING_FOR = re.compile("(<[a-z]+>)")
_GROUP_KEYS = {"about", "for", "weight", "negated", "phrases"}
_PROFILE_SETTINGS = frozenset(
    {
        "government_badge", "business_badge", "blue_badge", "badge", "fame_alone",
        "followers_10k", "followers_100k", "followers_1m", "in_handle", "first_named",
    }
)  # fmt: skip
_FILES: Mapping[str, tuple[tuple[str, ...], frozenset[str]]] = {
    "complaint": (("complaint",), frozenset({"bias", "threshold", "in_quotes"})),
    "hard": (HARD_REASONS, frozenset({"needed"})),
    "problems": (PROBLEMS, frozenset({"needed"})),
    "professions": (CATEGORIES, _PROFILE_SETTINGS),
    "institutions": (CATEGORIES, frozenset()),
    "disqualifiers": (BLOCKS, frozenset({"reach"})),
}
_READING_FILES = ("complaint", "hard", "problems")
_WORD_LISTS = ("suffixes", "negators", "not_negating", "trouble_cues", "trouble_stops")
_WORD_MAPS = ("slang", "numbers", "ordinals", "units", "durations")


class LexiconError(Exception):
    """A lexicon that cannot be used: which file, near which line, and what to do about it."""

    def __init__(self, path: Path, line: int, reason: str) -> None:
        super().__init__(f"{path}, line {line}: {reason}")
        self.path, self.line, self.reason = path, line, reason


@dataclass(frozen=True, slots=True, eq=False)
class Signal:
    """What finding a phrase of a group says: which lexicon, for what, how much; one object per group.

    `negated` is what it says after a negator.
    """

    kind: str
    label: str
    group: str
    weight: float
    negated: float | None = None


@dataclass(frozen=True, slots=True)
class Branch:
    """A node of the phrase tree: what may follow, and what the words so far say, each with how many words say it.

    Beginnings of the phrase that speak for another lexicon are included.
    """

    following: Mapping[str, Branch]
    signals: tuple[tuple[Signal, int], ...] = ()


@dataclass(frozen=True, eq=False)
class Lexicons:
    """All lexicons, ready for `models/reading.py` and `models/priority.py`."""

    forms: WordForms
    profile_forms: WordForms
    """Without slang and number words: what "dr" and "ex" are in a bio is not what they are in a complaint."""
    reading: Mapping[str, Branch]
    profile: Mapping[str, Branch]
    settings: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Entry:
    """One phrase of one group, still as written."""

    phrase: str
    line: int
    signal: Signal
    path: Path


class _Source:
    """One file being read; knows how to complain."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            root, problems = read_marked(path.read_text("utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise LexiconError(path, 1, f"cannot be read: {error}") from error
        for problem in problems:
            raise LexiconError(path, problem.line, problem.text)
        self.root = root or Marked({}, 1)

    def mapping(self, marked: Marked, what: str, allowed: frozenset[str] | set[str] | None = None) -> dict[str, Marked]:
        """The value as a mapping, its keys among the allowed."""
        if not isinstance(marked.value, dict):
            raise self.wrong(marked, f"{what} must be a mapping of `name: value`")
        for key, value in marked.value.items():
            if allowed is not None and key not in allowed:
                raise self.wrong(value, f"{what} has no `{key}`; it has {', '.join(sorted(allowed))}")
        return dict(marked.value)

    def number(self, marked: Marked, what: str) -> float:
        """The value as a finite number."""
        if isinstance(marked.value, bool) or not isinstance(marked.value, int | float) or abs(marked.value) > 1e6:
            raise self.wrong(marked, f"{what} must be a number")
        if marked.value != marked.value:  # NaN
            raise self.wrong(marked, f"{what} must be a number")
        return float(marked.value)

    def strings(self, marked: Marked, what: str) -> Iterator[tuple[str, int]]:
        """The value as a list of phrases, each with its line."""
        if not isinstance(marked.value, list):
            raise self.wrong(marked, f"{what} must be a list of words or phrases")
        for item in marked.value:
            yield self.string(item, f"an entry of {what}"), item.line

    def string(self, marked: Marked, what: str) -> str:
        """The value as text that is not empty."""
        if not isinstance(marked.value, str):
            raise self.wrong(marked, f"{what} must be text, not {marked.value!r}; put it in quotation marks")
        if not marked.value.strip():
            raise self.wrong(marked, f"{what} is empty; take it out")
        return marked.value.strip()

    def wrong(self, marked: Marked, reason: str) -> LexiconError:
        """An error that points at a value."""
        return LexiconError(self.path, marked.line, reason)


def load_lexicons(folder: Path) -> Lexicons:
    """Read and check every lexicon of a folder (clauses 5.2.1, 5.3.1, 5.3.2c); `LexiconError` says what is wrong."""
    forms = _load_forms(_Source(folder / "words.yaml"))
    settings: dict[str, float] = {}
    entries: dict[str, list[_Entry]] = {}
    for name in _FILES:
        entries[name] = _load_groups(_Source(folder / f"{name}.yaml"), name, settings)
    in_profiles = replace(forms, slang={}, numbers={}, ordinals=frozenset(), suffixes=())
    reading = [entry for name in _READING_FILES for entry in entries.pop(name)]
    profile = [entry for part in entries.values() for entry in part]
    reading_forms, reading_tree = _lay_out(reading, forms, _own_words(forms))
    profile_forms, profile_tree = _lay_out(profile, in_profiles, frozenset())
    return Lexicons(reading_forms, profile_forms, reading_tree, profile_tree, settings)


def _lay_out(
    entries: Sequence[_Entry], forms: WordForms, words: frozenset[str]
) -> tuple[WordForms, Mapping[str, Branch]]:
    """The phrases as a tree, and the word forms that know every word in it."""
    whole = replace(forms, suffixes=(), vocabulary=words)  # an ending an analyst wrote is meant …
    known = words | {word for entry in entries for word in _words_of(entry.phrase, whole)}
    endings = {word for word in known if word.endswith(_ENDING) and word.removesuffix(_ENDING) in known}
    forms = replace(forms, vocabulary=known - endings)
    whole = replace(forms, suffixes=(_ENDING,) if forms.suffixes else ())  # … except this one, which changes nothing
    found: dict[tuple[str, ...], dict[str, Signal]] = {}
    for entry in entries:
        _add(found, _words_of(entry.phrase, whole), entry)
    return forms, _tree({phrase: tuple(signals.values()) for phrase, signals in found.items()})


def _load_forms(source: _Source) -> WordForms:
    root = source.mapping(source.root, "words.yaml", {*_WORD_LISTS, *_WORD_MAPS})
    for name in (*_WORD_LISTS, *_WORD_MAPS):
        if name not in root:
            raise source.wrong(source.root, f"`{name}` is missing; restore it from the previous revision")
    slang: dict[str, tuple[str, ...]] = {}
    for standard, variants in source.mapping(root["slang"], "slang").items():
        for variant, line in source.strings(variants, f"slang of {standard}"):
            if variant in slang and slang[variant] != tuple(standard.split()):
                raise LexiconError(source.path, line, f"{variant} already stands for {' '.join(slang[variant])}")
            slang[variant] = tuple(standard.split())
    lists = {name: frozenset(text for text, _ in source.strings(root[name], name)) for name in _WORD_LISTS}
    maps = {
        name: {word: source.number(value, word) for word, value in source.mapping(root[name], name).items()}
        for name in _WORD_MAPS[1:]
    }
    return WordForms(
        slang=slang,
        numbers={word: int(value) for word, value in (maps["numbers"] | maps["ordinals"]).items()},
        ordinals=frozenset(maps["ordinals"]),
        suffixes=tuple(sorted(lists["suffixes"], key=len, reverse=True)),
        units=maps["units"] | maps["durations"],
        own_number=frozenset(maps["durations"]),
        cues=lists["trouble_cues"],
        stops=lists["trouble_stops"],
        negators=lists["negators"],
        not_negating=lists["not_negating"],
    )


def _words_of(phrase: str, forms: WordForms) -> tuple[str, ...]:
    """A phrase as the words of a text; words in angle brackets stand for what cannot be listed and stay as they are."""
    words: list[str] = []
    for part in _STANDING_FOR.split(phrase):
        words += [part] if part.startswith("<") else split_words(part, forms).normal
    return tuple(words)


def _own_words(forms: WordForms) -> frozenset[str]:
    outcomes = frozenset(word for words in forms.slang.values() for word in words)
    return outcomes | forms.cues | forms.stops | forms.negators | forms.not_negating | forms.units.keys()


def _load_groups(source: _Source, name: str, settings: dict[str, float]) -> list[_Entry]:
    labels, known_settings = _FILES[name]
    root = source.mapping(source.root, f"{name}.yaml", {"settings", "groups"})
    given = source.mapping(root.get("settings", Marked({}, 1)), "settings", known_settings)
    for key in sorted(known_settings):
        if key not in given:
            raise source.wrong(source.root, f"the setting `{key}` is missing")
        settings[f"{name}.{key}"] = source.number(given[key], key)
    entries: list[_Entry] = []
    for group, marked in source.mapping(root.get("groups", Marked(None, 1)), "groups").items():
        parts = source.mapping(marked, f"group {group}", _GROUP_KEYS)
        if missing := {"weight", "phrases"} - parts.keys():
            raise source.wrong(marked, f"group {group} has no `{min(missing)}`")
        label = source.string(parts["for"], "`for`") if "for" in parts else labels[0]
        if label not in labels or ("for" not in parts and len(labels) > 1):
            raise source.wrong(parts.get("for", marked), f"group {group}: `for` must be one of {', '.join(labels)}")
        negated = source.number(parts["negated"], "`negated`") if "negated" in parts else None
        signal = Signal(name, label, group, source.number(parts["weight"], "`weight`"), negated)
        phrases = source.strings(parts["phrases"], f"group {group}")
        entries += [_Entry(phrase, line, signal, source.path) for phrase, line in phrases]
    return entries


def _add(found: dict[tuple[str, ...], dict[str, Signal]], words: tuple[str, ...], entry: _Entry) -> None:
    """Add a phrase; the same one may be in several lexicons but says one thing in each, one per hard reason."""
    if not words or len(words) > LONGEST_PHRASE:
        raise LexiconError(entry.path, entry.line, f"{entry.phrase!r} must have 1 to {LONGEST_PHRASE} words")
    signal = entry.signal
    key = f"{signal.kind} {signal.label}" if signal.kind in ("hard", "problems") else signal.kind
    other = found.setdefault(words, {}).setdefault(key, signal)
    if other.group != signal.group:
        reason = f"{entry.phrase!r} is in group {other.group} too, which says something else; keep it in one of them"
        raise LexiconError(entry.path, entry.line, reason)


def _tree(phrases: Mapping[tuple[str, ...], Sequence[Signal]]) -> Mapping[str, Branch]:
    """Lay phrases out by their words."""
    return _branch(phrases, (), 0).following


def _branch(
    phrases: Mapping[tuple[str, ...], Sequence[Signal]], passed: tuple[tuple[Signal, int], ...], depth: int
) -> Branch:
    """The branch after `depth` words; `passed` is what the shorter phrases before it say."""
    own = tuple((signal, depth) for signal in phrases.get((), ()))
    kinds = {signal.kind for signal, _ in own}
    signals = own + tuple(said for said in passed if said[0].kind not in kinds) if own else ()
    by_first: dict[str, dict[tuple[str, ...], Sequence[Signal]]] = {}
    for words, said in phrases.items():
        if words:
            by_first.setdefault(words[0], {})[words[1:]] = said
    return Branch(
        {first: _branch(rest, signals or passed, depth + 1) for first, rest in by_first.items()},
        signals,
    )


def longest_phrase(branch: Branch, normal: Sequence[str], start: int) -> tuple[tuple[Signal, int], ...]:
    """What the longest phrase that begins at `start` says, with lengths; `branch` is that of its first word."""
    signals = branch.signals
    place, count = start + 1, len(normal)
    while branch.following and place < count:
        following = branch.following.get(normal[place])
        if following is None:
            break
        branch, place = following, place + 1
        signals = branch.signals or signals
    return signals
