"""Whether a text is a complaint, whether it is a hard one, and about what (clauses 5.3.1 and 5.3.2c).

Every weight is in `data/lexicons/`; here they are only looked up and added. A text scores a group of phrases once. The
sum, with what was learned from the labelled sample, is the logarithm of the odds that the text is a complaint.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from models.lexicons import HARD_REASONS, PROBLEMS, Lexicons, Pair, Signal, longest_phrase
from models.text import (
    DAYS,
    IN_CASE,
    RETELLING,
    SHOUT,
    STRANGER,
    WEEK,
    WordForms,
    Words,
    days_of_trouble,
    is_shouted,
    split_words,
)

EVIDENCE_SHOWN = 6
NEGATED, QUOTED, QUOTED_NEGATED = "negated", "quoted", "negated, quoted"
REPEATED = "repeat: the records have "
"""How the evidence begins that the records give, not the words."""


@dataclass(frozen=True, slots=True)
class Context:
    """What the records know when a customer speaks (clause 5.3.2c): `in_case` whether in an open case of theirs,
    `problem` what that or their last unsettled complaint is about, `days` since that complaint began, `contacts` how
    many conversations they have complained in before this one."""

    in_case: bool = False
    problem: str = "other"
    days: float = 0.0
    contacts: int = 0


class Reading(NamedTuple):
    """The verdict on a text and what it rests on."""

    complaint: bool
    confidence: float
    """How likely the text is a complaint, 0 to 1; calibrated on the labelled sample (`make score`)."""
    hard: bool
    hard_reasons: tuple[str, ...]
    problem: str
    """The main one of `problems`; `other` where none is named."""
    problems: tuple[str, ...]
    """What the text is about, the most told of first; empty where nothing is named."""
    clause: str
    weighed: Weighed
    by_records: str = ""
    """Why it is a repeated complaint by what the records know, not by its words; "" where it is not."""

    @property
    def evidence(self) -> tuple[str, ...]:
        """What was found, in the author's own words, strongest first."""
        found = _evidence(self.weighed, self.hard_reasons)
        return (self.by_records, *found[: EVIDENCE_SHOWN - 1]) if self.by_records else found


class Hit(NamedTuple):
    """A group found in a text: what it weighs there, from which normalised word to before which, and whether it was
    negated or quoted ("" where neither)."""

    weight: float
    start: int
    end: int
    how: str = ""


@dataclass(slots=True)
class Weighed:
    """A text's words with everything found in them; `score` is the sum of what speaks for and against a complaint."""

    words: Words
    found: dict[Signal, Hit]
    pairs: list[Pair]
    score: float
    hard: dict[str, float]
    """By reason, what the groups found add up to."""
    problems: dict[str, float]


def read_text(text: str, lexicons: Lexicons, *, kind: str = "post", context: Context | None = None) -> Reading:
    """Read a text (clauses 5.3.1, 5.3.2c).

    `kind` is a `MentionKind`; a repost carries somebody else's words. `context` is what the records know of its author:
    a reply in an open case is about that case, and an unsettled complaint of a day or more, or two before this one,
    make a further one a hard complaint, whatever its words.
    """
    weighed = weigh_text(text, lexicons, context)
    settings = lexicons.settings
    confidence = 0.0 if kind == "repost" else probability(weighed.score)
    complaint = confidence >= settings["complaint.threshold"]
    problems = _problems(weighed.problems, settings)
    if not problems and context and context.problem != "other":
        problems = (context.problem,)
    reasons: tuple[str, ...] = ()
    told = ""
    if complaint:
        hard, needed = weighed.hard, settings["hard.needed"] - 1e-9
        told = _known_repeat(context, problems, lexicons) if context else ""
        reasons = tuple(one for one in HARD_REASONS if hard.get(one, 0.0) >= needed or (told and one == "repeat"))
    return Reading(
        complaint,
        round(confidence, 3),
        bool(reasons),
        reasons,
        problems[0] if problems else "other",
        problems,
        "5.3.2c" if reasons else "5.3.1",
        weighed,
        told,
    )


def probability(score: float) -> float:
    """The logistic function: the probability whose log-odds are `score`."""
    return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, score))))


def weigh_text(text: str, lexicons: Lexicons, context: Context | None = None) -> Weighed:
    """Find every phrase of the reading lexicons in a text, the longest where several begin together, and add up."""
    words = split_words(text, lexicons.forms)
    found, is_telecom = _find(words, lexicons)
    for mark in _marks(words, text, is_telecom, context, lexicons):
        for signal, _ in lexicons.reading[mark].signals if mark in lexicons.reading else ():
            found[signal] = Hit(signal.weight, 0, 0)
    score = lexicons.settings["complaint.bias"]
    present: dict[str, None] = {}
    hard: dict[str, float] = {}
    problems: dict[str, float] = {}
    for signal, (weight, _, _, how) in found.items():
        if signal.kind == "complaint":
            score += weight
            if not how:
                present[signal.group] = None
        else:
            sums = hard if signal.kind == "hard" else problems
            sums[signal.label] = sums.get(signal.label, 0.0) + weight
    pairs: list[Pair] = []
    of_group = lexicons.pairs
    for group in present:
        for pair in of_group.get(group, ()):
            if not pair.second.isdisjoint(present) and pair not in pairs:
                pairs.append(pair)
                score += pair.weight
    return Weighed(words, found, pairs, score, hard, problems)


def _find(words: Words, lexicons: Lexicons) -> tuple[dict[Signal, Hit], bool]:
    """Every group found, and whether any of them is about a matter of telecom."""
    found: dict[Signal, Hit] = {}
    normal, tree, forms = words.normal, lexicons.reading, lexicons.forms
    quoted = _quoted(normal) if '"' in normal else frozenset()
    ends, opened = {"complaint": 0, "problems": 0, "hard": 0}, {"complaint": 0, "problems": 0, "hard": 0}
    for start, branch in [(place, tree[word]) for place, word in enumerate(normal) if word in tree]:
        signals = longest_phrase(branch, normal, start) if branch.following else branch.signals
        for signal, length in signals:
            kind = signal.kind
            if start < ends[kind] and start != opened[kind]:
                continue
            if kind != "hard" or not signal.weight:  # a hard phrase hides what is in it only if it is an exception
                ends[kind], opened[kind] = start + length, start
            weight, how = signal.weight, ""
            if signal.negated is not None and start and _is_negated(normal, start, forms):
                weight, how = signal.negated, NEGATED
            if quoted and start in quoted:
                weight, how = weight * lexicons.settings["complaint.in_quotes"], QUOTED_NEGATED if how else QUOTED
            if signal not in found or abs(weight) > abs(found[signal][0]):
                found[signal] = Hit(weight, start, start + length, how)
    return found, bool(ends["problems"])


def _is_negated(normal: list[str], start: int, forms: WordForms) -> bool:
    before = normal[start - 1]
    if before in forms.negators:
        return True
    return start > 1 and normal[start - 2] in forms.negators and before not in forms.not_negating


def _quoted(normal: list[str]) -> frozenset[int]:
    """Places between a quotation mark and the next one."""
    marks = [place for place, word in enumerate(normal) if word == '"']
    pairs = zip(marks[::2], marks[1::2], strict=False)
    return frozenset(place for first, last in pairs for place in range(first + 1, last))


def _marks(words: Words, text: str, is_telecom: bool, context: Context | None, lexicons: Lexicons) -> list[str]:
    """The words that stand for what no list can hold."""
    marks = []
    days = days_of_trouble(words, lexicons.forms)
    if days >= 1:
        marks.append(DAYS)
    if days >= 7:
        marks.append(WEEK)
    if is_shouted(words):
        marks.append(SHOUT)
    if context and context.in_case:
        marks.append(IN_CASE)
    elif not is_telecom:
        marks.append(STRANGER)
    if text.startswith("RT @"):
        marks.append(RETELLING)
    return marks


def _problems(sums: Mapping[str, float], settings: Mapping[str, float]) -> tuple[str, ...]:
    """What a text is about: the problem most is said of, then those almost as much is said of; of equals the one
    `PROBLEMS` names first."""
    if not sums:
        return ()
    if len(sums) == 1:
        return tuple(name for name, said in sums.items() if said >= settings["problems.needed"])
    least = max(settings["problems.needed"], settings["problems.also"] * max(sums.values()))
    named = [(-said, PROBLEMS.index(name), name) for name, said in sums.items() if said >= least]
    return tuple(name for _, _, name in sorted(named))


def _known_repeat(context: Context, problems: tuple[str, ...], lexicons: Lexicons) -> str:
    """Why a further complaint is a repeated one by the records; "" where it is not, or is about something else."""
    settings = lexicons.settings
    if problems and context.problem not in (*problems, "other"):
        return ""
    if context.days >= settings["hard.repeat_after_days"]:
        return f"{REPEATED}an unsettled complaint of theirs, {context.days:.0f} days old"
    if context.contacts >= settings["hard.repeat_contacts"]:
        return f"{REPEATED}{context.contacts} complaints of theirs before this one"
    return ""


def _evidence(weighed: Weighed, reasons: tuple[str, ...]) -> tuple[str, ...]:
    """What was found as `lexicon or reason: "words"`, the strongest first."""
    told = [
        (-abs(weight), start, end, number, signal, weight)
        for number, (signal, (weight, start, end, _)) in enumerate(weighed.found.items())
        if weight and (signal.kind != "hard" or signal.label in reasons)
    ]
    told.sort()
    lines = []
    for _, start, end, _, signal, weight in told[:EVIDENCE_SHOWN]:
        if signal.kind == "complaint":
            name = ("complaint, " if weight > 0 else "no complaint, ") + signal.group.replace("_", " ")
        else:
            name = signal.label if signal.kind == "hard" else "about " + signal.label
        lines.append(f'{name}: "{weighed.words.as_written(start, end)}"' if end else name)
    return tuple(lines)
