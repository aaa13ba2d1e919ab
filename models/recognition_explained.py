"""Why a text is read, or a profile judged, as it is: every span that counted and by how much (clauses 5.2.1, 5.3.1).

The words come from customers: they are escaped wherever they are shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from models.lexicons import HARD_REASONS, Lexicons, Signal
from models.mentions import Author
from models.priority import PriorityThresholds, judge_account
from models.profile import ProfileFinding, weigh_profile
from models.reading import (
    NEGATED,
    QUOTED,
    QUOTED_NEGATED,
    Context,
    Hit,
    Reading,
    Weighed,
    probability,
    read_text,
)
from models.safe_text import for_markdown
from models.text import written_spans

LONGEST_SHOWN = 2_000


def text_explained(text: str, lexicons: Lexicons, *, kind: str = "post", context: Context | None = None) -> str:
    """The reading of a text as markdown: the verdict, the text with what counted in bold, and the sums behind it."""
    reading = read_text(text, lexicons, kind=kind, context=context)
    weighed = reading.weighed
    spans = written_spans(text)
    told = {signal: _place(weighed, hit, spans) for signal, hit in weighed.found.items()}
    lines = ["# How a text is read", "", *_verdict(reading), "", f"> {_marked(text, told.values())}"]
    lines += ["", "## Complaint or not (5.3.1)", *_complaint(weighed, text, told, lexicons)]
    if kind == "repost":
        lines += ["", "It is a repost: somebody else's words, no complaint whatever they say."]
    lines += ["", "## Hard or not (5.3.2c)", *_hard(weighed, text, told, lexicons, reading)]
    lines += ["", "## What it is about", *_problems(weighed, text, told, lexicons, reading)]
    return "\n".join(lines)


def _verdict(reading: Reading) -> list[str]:
    hard = f"**hard** because of {', '.join(reading.hard_reasons)}" if reading.hard else "not a hard one"
    about = ", ".join(reading.problems) or "nothing named"
    said = f"**{'Complaint' if reading.complaint else 'No complaint'}**, probability {reading.confidence:.0%}"
    return [
        f"{said}; {hard if reading.complaint else 'so none that is hard'}; about: {about}. Clause {reading.clause}."
    ]


def _place(weighed: Weighed, hit: Hit, spans: list[tuple[int, int]]) -> tuple[int, int]:
    """Where in the text a finding stands, in characters; (0, 0) for what has no place."""
    if not hit.end:
        return 0, 0
    origin = weighed.words.origin
    return spans[origin[hit.start]][0], spans[origin[hit.end - 1]][1]


def _marked(text: str, places: Iterable[tuple[int, int]]) -> str:
    """The text, escaped, with the spans that counted in bold."""
    shown = text[:LONGEST_SHOWN]
    parts, at = [], 0
    for start, end in _joined(place for place in places if place[1]):
        if start >= len(shown):
            break
        between, found = (for_markdown(part, LONGEST_SHOWN) for part in (shown[at:start], shown[start:end]))
        parts += [between, f" **{found}** "]
        at = end
    return " ".join("".join([*parts, for_markdown(shown[at:], LONGEST_SHOWN)]).split())


def _joined(places: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Spans in order, those that overlap or touch made one."""
    joined: list[tuple[int, int]] = []
    for start, end in sorted(places):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def _complaint(weighed: Weighed, text: str, places: Mapping[Signal, tuple[int, int]], lexicons: Lexicons) -> list[str]:
    settings = lexicons.settings
    found = [(signal, hit) for signal, hit in weighed.found.items() if signal.kind == "complaint"]
    found.sort(key=lambda one: -abs(one[1].weight))
    rows = [["", "where every text begins", *_weights(settings["complaint.bias"], settings["learned.bias"])]]
    for signal, hit in found:
        learned = signal.learned_negated if hit.how in {NEGATED, QUOTED_NEGATED} else signal.learned
        if hit.how in {QUOTED, QUOTED_NEGATED}:
            learned *= settings["complaint.in_quotes"]
        group = signal.group.replace("_", " ") + (f" ({hit.how})" if hit.how else "")
        rows.append([_words(text, places[signal]), group, *_weights(hit.weight, learned)])
    rows += [
        ["", f"together: {pair.name.replace('_', ' ')}", *_weights(pair.weight, pair.learned)] for pair in weighed.pairs
    ]
    return [
        *_table(("words", "group", "analysts", "learned", "counts"), rows),
        "",
        f"Sum {weighed.score:+.2f}, as a probability 1 / (1 + e^-sum) = **{probability(weighed.score):.0%}**; "
        f"a complaint from {settings['complaint.threshold']:.0%} on.",
    ]


def _hard(
    weighed: Weighed, text: str, places: Mapping[Signal, tuple[int, int]], lexicons: Lexicons, reading: Reading
) -> list[str]:
    needed = lexicons.settings["hard.needed"]
    sums = weighed.hard
    found = [(signal, hit) for signal, hit in weighed.found.items() if signal.kind == "hard"]
    rows = [
        [_words(text, places[signal]), signal.group.replace("_", " "), signal.label, f"{hit.weight:+.2f}"]
        for signal, hit in sorted(found, key=lambda one: HARD_REASONS.index(one[0].label))
    ]
    told = [f"{reason} {sums[reason]:.2f}" for reason in HARD_REASONS if reason in sums]
    records = [reading.by_records] if reading.by_records else []
    end = f"Sums: {', '.join(told) or 'none'}; a reason holds from {needed:.2f} on, and only complaints are hard."
    return [*_table(("words", "group", "reason", "counts"), rows), "", *records, end]


def _problems(
    weighed: Weighed, text: str, places: Mapping[Signal, tuple[int, int]], lexicons: Lexicons, reading: Reading
) -> list[str]:
    sums = weighed.problems
    rows = [
        [_words(text, places[signal]), signal.group.replace("_", " "), signal.label, f"{hit.weight:+.2f}"]
        for signal, hit in sorted(weighed.found.items(), key=lambda one: -one[1].weight)
        if signal.kind == "problems"
    ]
    told = [f"{name} {sums[name]:.2f}" for name in sorted(sums, key=lambda one: -sums[one])]
    settings = lexicons.settings
    end = (
        f"Sums: {', '.join(told) or 'none'}; named from {settings['problems.needed']:.2f} on, the highest first; "
        f"others from {settings['problems.also']:.0%} of it: {', '.join(reading.problems) or 'other'}."
    )
    return [*_table(("words", "group", "about", "counts"), rows), "", end]


def profile_explained(author: Author, lexicons: Lexicons, thresholds: PriorityThresholds) -> str:
    """The judgement of a profile by itself as markdown: the verdict and every span, badge or reach that counted."""
    alone: dict[str, Any] = {"decision": None, "listings": (), "today": date.min}
    verdict = judge_account(author, lexicons=lexicons, thresholds=thresholds, **alone)
    found = weigh_profile(author, lexicons)
    rows = [_finding(one) for one in found.findings]
    sums: dict[str, float] = {}
    for one in found.findings:
        if one.weight:
            sums[one.label] = sums.get(one.label, 0.0) + one.weight / found.left
    told = [f"{name.replace('_', ' ')} {sums[name]:.2f}" for name in sorted(sums, key=lambda name: -sums[name])]
    category = (verdict.category or "no category").replace("_", " ")
    even, steepness = (f"{lexicons.settings[f'professions.{name}']:g}" for name in ("even_at", "steepness"))
    return "\n".join(
        [
            "# How a profile is judged",
            "",
            f"**{verdict.status.capitalize()}**, {category}, confidence {verdict.confidence:.0%}. "
            f"Clause {verdict.clause}.",
            "",
            *[f"- {for_markdown(reason, 300)}" for reason in verdict.reasons],
            "",
            "## What counted (5.2.1)",
            *_table(("where", "words", "group", "speaks for", "left of it", "counts"), rows),
            "",
            f"Sums before what disqualifiers of the whole account take: {', '.join(told) or 'none'}. The highest, w, "
            f"the category named first counting {lexicons.settings['professions.first_named']:.0%} more, is taken; its "
            f"confidence is 1 / (1 + ({even} / w)^{steepness}), w without that bonus, times {found.left:.0%}. "
            f"Priority from {thresholds.priority:.0%}, candidate from {thresholds.candidate:.0%} on; "
            "a person's decision, the BOD list and the registry go before the profile.",
        ]
    )


def _finding(one: ProfileFinding) -> list[str]:
    words = for_markdown(one.words, 120) or "·"
    left = f"{one.share:.0%}"
    return [one.part, words, one.group.replace("_", " "), one.label.replace("_", " "), left, f"{one.weight:+.2f}"]


def _words(text: str, place: tuple[int, int]) -> str:
    return for_markdown(text[place[0] : place[1]], 120) or "·"


def _weights(weight: float, learned: float) -> list[str]:
    return [f"{weight - learned:+.2f}", f"{learned:+.2f}" if learned else "·", f"{weight:+.2f}"]


def _table(head: tuple[str, ...], rows: Iterable[list[str]]) -> list[str]:
    shown = [f"| {' | '.join(row)} |" for row in rows]
    if not shown:
        return ["", "Nothing found."]
    return ["", f"| {' | '.join(head)} |", f"|{'---|' * (len(head) - 1)}--:|", *shown]
