"""Reading and checking the files of `data/lexicons/`, which analysts edit (clauses 5.2.1, 5.3.1, 5.3.2c).

What was learned from the labelled sample (`learned.yaml`) is added to the weights the analysts gave.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from models.lexicons import BLOCKS, CATEGORIES, HARD_REASONS, PROBLEMS, Branch, Lexicons, Pair, Signal, tree
from models.text import WordForms, split_words
from models.yaml_lines import Marked, read_marked

LONGEST_PHRASE = 8
_ENDING = "nya"
_STANDING_FOR = re.compile("(<[a-z]+>)")
_GROUP_KEYS = {"about", "for", "weight", "negated", "phrases"}
_PAIR_KEYS = {"about", "of", "with", "weight"}
_LEARNED_KEYS = {"bias", "groups", "negated", "pairs"}
_PROFILE_SETTINGS = frozenset(
    {
        "government_badge", "business_badge", "blue_badge", "badge", "fame_alone",
        "followers_10k", "followers_100k", "followers_1m", "in_handle", "first_named", "even_at", "steepness",
    }
)  # fmt: skip
_FILES: Mapping[str, tuple[tuple[str, ...], frozenset[str]]] = {
    "complaint": (("complaint",), frozenset({"bias", "threshold", "in_quotes"})),
    "hard": (HARD_REASONS, frozenset({"needed", "repeat_after_days", "repeat_contacts", "repeat_within_days"})),
    "problems": (PROBLEMS, frozenset({"needed", "also"})),
    "professions": (CATEGORIES, _PROFILE_SETTINGS),
    "institutions": (CATEGORIES, frozenset({"in_bio", "in_handle"})),
    "disqualifiers": (BLOCKS, frozenset({"reach", "before", "in_quotes"})),
}
_READING_FILES = ("complaint", "hard", "problems")
_WORD_LISTS = ("suffixes", "negators", "not_negating", "trouble_cues", "trouble_stops")
_WORD_MAPS = ("slang", "numbers", "ordinals", "units", "durations")


class LexiconError(Exception):
    """A lexicon that cannot be used: which file, near which line, and what to do about it."""

    def __init__(self, path: Path, line: int, reason: str) -> None:
        super().__init__(f"{path}, line {line}: {reason}")
        self.path, self.line, self.reason = path, line, reason


@dataclass(frozen=True, slots=True)
class _Entry:
    """One phrase of one group, still as written."""

    phrase: str
    line: int
    signal: Signal
    path: Path


@dataclass(frozen=True, slots=True)
class _Learned:
    """What `learned.yaml` adds to the complaint lexicon: to its bias, to groups, after a negator, to pairs."""

    source: _Source
    bias: float = 0.0
    groups: Mapping[str, Marked] = field(default_factory=dict)
    negated: Mapping[str, Marked] = field(default_factory=dict)
    pairs: Mapping[str, Marked] = field(default_factory=dict)

    def of(self, part: Mapping[str, Marked], name: str) -> float:
        """What is added to one of them; 0 where nothing was learned."""
        return self.source.number(part[name], name) if name in part else 0.0

    def check(self, part: str, known: Collection[str]) -> None:
        """Refuse what was learned of something that is no longer there."""
        for name, marked in getattr(self, part).items():
            if name not in known:
                raise self.source.wrong(marked, f"`{name}` is not in complaint.yaml; learn anew with `make learn`")


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


def load_lexicons(folder: Path, *, learned_too: bool = True) -> Lexicons:
    """Read and check every lexicon of a folder (clauses 5.2.1, 5.3.1, 5.3.2c); `LexiconError` says what is wrong.

    Without `learned_too` what was learned is left aside: to learn anew after an edit that it does not fit.
    """
    forms = _load_forms(_Source(folder / "words.yaml"))
    source = _Source(folder / "learned.yaml")
    learned = _load_learned(source) if learned_too else _Learned(source)
    settings: dict[str, float] = {}
    entries: dict[str, list[_Entry]] = {}
    for name in _FILES:
        entries[name] = _load_groups(_Source(folder / f"{name}.yaml"), name, settings, learned)
    settings["learned.bias"] = learned.bias
    settings["complaint.bias"] += learned.bias
    pairs = _load_pairs(_Source(folder / "complaint.yaml"), {one.signal.group for one in entries["complaint"]}, learned)
    in_profiles = replace(forms, slang={}, numbers={}, ordinals=frozenset(), suffixes=())
    reading = [entry for name in _READING_FILES for entry in entries.pop(name)]
    profile = [entry for part in entries.values() for entry in part]
    reading_forms, reading_tree = _lay_out(reading, forms, _own_words(forms))
    profile_forms, profile_tree = _lay_out(profile, in_profiles, frozenset())
    return Lexicons(reading_forms, profile_forms, reading_tree, profile_tree, settings, pairs)


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
    return forms, tree({phrase: tuple(signals.values()) for phrase, signals in found.items()})


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


def _load_groups(source: _Source, name: str, settings: dict[str, float], learned: _Learned) -> list[_Entry]:
    known_settings = _FILES[name][1]
    allowed = {"settings", "groups", "pairs"} if name == "complaint" else {"settings", "groups"}
    root = source.mapping(source.root, f"{name}.yaml", allowed)
    given = source.mapping(root.get("settings", Marked({}, 1)), "settings", known_settings)
    for key in sorted(known_settings):
        if key not in given:
            raise source.wrong(source.root, f"the setting `{key}` is missing")
        settings[f"{name}.{key}"] = source.number(given[key], key)
    entries: list[_Entry] = []
    groups = source.mapping(root.get("groups", Marked(None, 1)), "groups")
    for group, marked in groups.items():
        signal, phrases = _load_group(source, name, group, marked, learned if name == "complaint" else None)
        entries += [_Entry(phrase, line, signal, source.path) for phrase, line in phrases]
    if name == "complaint":
        learned.check("groups", groups)
        learned.check("negated", {one.signal.group for one in entries if one.signal.negated is not None})
    return entries


def _load_group(
    source: _Source, name: str, group: str, marked: Marked, learned: _Learned | None
) -> tuple[Signal, Iterator[tuple[str, int]]]:
    labels, _ = _FILES[name]
    parts = source.mapping(marked, f"group {group}", _GROUP_KEYS)
    if missing := {"weight", "phrases"} - parts.keys():
        raise source.wrong(marked, f"group {group} has no `{min(missing)}`")
    label = source.string(parts["for"], "`for`") if "for" in parts else labels[0]
    if label not in labels or ("for" not in parts and len(labels) > 1):
        raise source.wrong(parts.get("for", marked), f"group {group}: `for` must be one of {', '.join(labels)}")
    added = learned.of(learned.groups, group) if learned else 0.0
    added_negated = learned.of(learned.negated, group) if learned else 0.0
    negated = source.number(parts["negated"], "`negated`") + added_negated if "negated" in parts else None
    weight = source.number(parts["weight"], "`weight`") + added
    signal = Signal(name, label, group, weight, negated, added, added_negated)
    return signal, source.strings(parts["phrases"], f"group {group}")


def _load_pairs(source: _Source, groups: Collection[str], learned: _Learned) -> Mapping[str, tuple[Pair, ...]]:
    root = source.mapping(source.root, "complaint.yaml")
    pairs = []
    for name, marked in source.mapping(root.get("pairs", Marked({}, 1)), "pairs").items():
        parts = source.mapping(marked, f"pair {name}", _PAIR_KEYS)
        if missing := {"of", "with", "weight"} - parts.keys():
            raise source.wrong(marked, f"pair {name} has no `{min(missing)}`")
        sides = []
        for side in ("of", "with"):
            named = dict(source.strings(parts[side], f"`{side}` of pair {name}"))
            for group, line in named.items():
                if group not in groups:
                    raise LexiconError(source.path, line, f"pair {name}: there is no group `{group}`")
            sides.append(frozenset(named))
        added = learned.of(learned.pairs, name)
        pairs.append(Pair(name, sides[0], sides[1], source.number(parts["weight"], "`weight`") + added, added))
    learned.check("pairs", {pair.name for pair in pairs})
    return {group: tuple(pair for pair in pairs if group in pair.first) for pair in pairs for group in pair.first}


def _load_learned(source: _Source) -> _Learned:
    root = source.mapping(source.root, "learned.yaml", _LEARNED_KEYS)
    parts = {name: source.mapping(root[name], name) for name in ("groups", "negated", "pairs") if name in root}
    bias = source.number(root["bias"], "bias") if "bias" in root else 0.0
    return _Learned(source, bias, **parts)


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
