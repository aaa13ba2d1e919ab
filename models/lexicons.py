"""The lexicons of `data/lexicons/` laid out for quick look-up: words, phrases, weights (clauses 5.2.1, 5.3.1, 5.3.2c).

`models/lexicon_files.py` reads and checks the files. Every group of phrases has one weight; a text scores a group once
however many of its phrases it holds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

from models.text import WordForms

ProblemName = Literal["network", "billing", "tv", "installation", "voice", "mobile", "sales", "other"]
PROBLEMS: tuple[str, ...] = get_args(ProblemName)
HARD_REASONS = ("abusive", "churn", "repeat", "regulator", "media", "legal", "safety")
CATEGORIES = (
    "government", "executive", "artist", "writer", "media", "activist", "ngo", "professional", "public_figure",
)  # fmt: skip
BLOCKS = ("following", "preceding", "around", "jest", "account", "former")


@dataclass(frozen=True, slots=True, eq=False)
class Signal:
    """What finding a phrase of a group says: which lexicon, for what, how much; one object per group.

    `negated` is what it says after a negator. `learned` and `learned_negated` are the part of either that was learned
    from the labelled sample (`learned.yaml`); the rest is the analyst's.
    """

    kind: str
    label: str
    group: str
    weight: float
    negated: float | None = None
    learned: float = 0.0
    learned_negated: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """Groups of the complaint lexicon that say something more, or less, where both are found in a text."""

    name: str
    first: frozenset[str]
    second: frozenset[str]
    weight: float
    learned: float = 0.0


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
    pairs: Mapping[str, tuple[Pair, ...]] = field(default_factory=dict)
    """By each group of their first side."""


def tree(phrases: Mapping[tuple[str, ...], Sequence[Signal]]) -> Mapping[str, Branch]:
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
