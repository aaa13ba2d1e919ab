"""Whether a text is a complaint, whether it is a hard one, and about what (clauses 5.3.1 and 5.3.2c).

Every weight is in `data/lexicons/`; here they are only looked up and added. A text scores a group of phrases once.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from models.lexicons import HARD_REASONS, PROBLEMS, Lexicons, Signal, longest_phrase
from models.text import DAYS, RETELLING, SHOUT, STRANGER, WEEK, Words, days_of_trouble, is_shouted, split_words

EVIDENCE_SHOWN = 6


@dataclass(frozen=True, slots=True)
class Reading:
    """The verdict on a text and what it rests on."""

    complaint: bool
    confidence: float
    """How likely the text is a complaint, 0 to 1."""
    hard: bool
    hard_reasons: tuple[str, ...]
    problem: str
    evidence: tuple[str, ...]
    """What was found, in the author's own words, strongest first."""
    clause: str


Found = dict[Signal, tuple[float, int, int]]
"""Each group found: its weight, and where the phrase begins and ends."""


def read_text(text: str, lexicons: Lexicons, *, kind: str = "post") -> Reading:
    """Read a text (clauses 5.3.1, 5.3.2c). `kind` is a `MentionKind`; a repost carries somebody else's words."""
    words = split_words(text, lexicons.forms)
    found = find_signals(words, text, lexicons)
    settings = lexicons.settings
    score = settings["complaint.bias"]
    hard: dict[str, float] = {}
    problems: dict[str, float] = {}
    for signal, (weight, _, _) in found.items():
        if signal.kind == "complaint":
            score += weight
        else:
            sums = hard if signal.kind == "hard" else problems
            sums[signal.label] = sums.get(signal.label, 0.0) + weight
    confidence = 0.0 if kind == "repost" else 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, score))))
    complaint = confidence >= settings["complaint.threshold"]
    reasons: tuple[str, ...] = ()
    if complaint and hard:
        needed = settings["hard.needed"] - 1e-9
        reasons = tuple(reason for reason in HARD_REASONS if hard.get(reason, 0.0) >= needed)
    return Reading(
        complaint,
        round(confidence, 3),
        bool(reasons),
        reasons,
        _strongest(problems, settings["problems.needed"]),
        _evidence(words, found, reasons),
        "5.3.2c" if reasons else "5.3.1",
    )


def find_signals(words: Words, text: str, lexicons: Lexicons) -> Found:
    """Every phrase of the reading lexicons in a text, the longest where several begin together."""
    found: Found = {}
    normal, tree = words.normal, lexicons.reading
    quoted = _quoted(normal) if '"' in normal else frozenset()
    ends = {"complaint": 0, "problems": 0, "hard": 0}
    for start, word in enumerate(normal):
        branch = tree.get(word)
        if branch is None:
            continue
        signals = longest_phrase(branch, normal, start) if branch.following else branch.signals
        for signal, length in signals:
            kind = signal.kind
            if start < ends[kind]:
                continue
            if kind != "hard" or not signal.weight:  # a hard phrase hides what is in it only if it is an exception
                ends[kind] = start + length
            weight = _weight(signal, normal, start, lexicons)
            if start in quoted:
                weight *= lexicons.settings["complaint.in_quotes"]
            known = found.get(signal)
            if known is None or abs(weight) > abs(known[0]):
                found[signal] = (weight, start, start + length)
    for mark in _marks(words, text, bool(ends["problems"]), lexicons):
        for signal, _ in tree[mark].signals if mark in tree else ():
            found[signal] = (signal.weight, 0, 0)
    return found


def _strongest(problems: dict[str, float], needed: float) -> str:
    """The problem most is said of; of equals the one `PROBLEMS` names first."""
    if not problems:
        return "other"
    most = max(problems.values())
    if most < needed:
        return "other"
    return next(name for name in PROBLEMS if problems.get(name) == most)


def _weight(signal: Signal, normal: list[str], start: int, lexicons: Lexicons) -> float:
    if signal.negated is not None and start and _is_negated(normal, start, lexicons):
        return signal.negated
    return signal.weight


def _is_negated(normal: list[str], start: int, lexicons: Lexicons) -> bool:
    forms = lexicons.forms
    before = normal[start - 1]
    if before in forms.negators:
        return True
    return start > 1 and normal[start - 2] in forms.negators and before not in forms.not_negating


def _quoted(normal: list[str]) -> frozenset[int]:
    """Places between a quotation mark and the next one."""
    marks = [place for place, word in enumerate(normal) if word == '"']
    pairs = zip(marks[::2], marks[1::2], strict=False)
    return frozenset(place for first, last in pairs for place in range(first + 1, last))


def _marks(words: Words, text: str, is_telecom: bool, lexicons: Lexicons) -> list[str]:
    """The words that stand for what no list can hold."""
    marks = []
    days = days_of_trouble(words, lexicons.forms)
    if days >= 1:
        marks.append(DAYS)
    if days >= 7:
        marks.append(WEEK)
    if is_shouted(words):
        marks.append(SHOUT)
    if not is_telecom:
        marks.append(STRANGER)
    if text.startswith("RT @"):
        marks.append(RETELLING)
    return marks


def _evidence(words: Words, found: Found, reasons: tuple[str, ...]) -> tuple[str, ...]:
    """What was found as `lexicon or reason: "words"`, the strongest first."""
    told = [
        (-abs(weight), start, end, signal.kind, signal.label, signal.group, weight)
        for signal, (weight, start, end) in found.items()
        if weight and (signal.kind != "hard" or signal.label in reasons)
    ]
    told.sort()
    lines = []
    for _, start, end, kind, label, group, weight in told[:EVIDENCE_SHOWN]:
        if kind == "complaint":
            name = ("complaint, " if weight > 0 else "no complaint, ") + group.replace("_", " ")
        else:
            name = label if kind == "hard" else "about " + label
        lines.append(f'{name}: "{words.as_written(start, end)}"' if end else name)
    return tuple(lines)
