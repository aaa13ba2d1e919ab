"""What a profile says of its owner: profession, institution, badge and followers, weighed (clause 5.2.1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from models.lexicons import Lexicons, Signal, longest_phrase
from models.mentions import Author
from models.text import Words, handle_words, split_words, written_spans

LONGEST_READ = 2_000
"""Characters read of a name or a bio; platforms allow 160 or so."""
_BREAKS = frozenset(".,;|/•·\n!?–—:")
_FAME = ((1_000_000, "followers_1m"), (100_000, "followers_100k"), (10_000, "followers_10k"))
_FAME_ALONE = 100_000
_NO_BADGE = frozenset({"none", "false", "no", "0"})


@dataclass(frozen=True, slots=True)
class ProfileEvidence:
    """The category a profile speaks most for, how surely, the words it rests on, and sentences for a person."""

    category: str | None
    confidence: float
    evidence: tuple[str, ...]
    reasons: tuple[str, ...]


@dataclass(slots=True)
class _Scales:
    """What has been weighed so far."""

    weights: dict[tuple[str, str], float] = field(default_factory=dict)
    """(category, group) → the strongest finding."""
    first: str | None = None
    account_share: float = 1.0
    spans: dict[str, str] = field(default_factory=dict)
    """Words found → category."""
    weakened: list[str] = field(default_factory=list)

    def add(self, signal: Signal, weight: float, span: str, share: float) -> None:
        """Keep a group's strongest finding; `share` is what disqualifiers left of it."""
        if share < 1.0:
            self.weakened.append(span)
        key = (signal.label, signal.group)
        if weight > self.weights.get(key, 0.0):
            self.weights[key] = weight
            self.spans[span] = signal.label
            self.first = self.first or signal.label

    def lessen(self, share: float, span: str) -> None:
        """Leave only a share of everything: the account is a shop, a parody, a bot."""
        self.account_share = min(self.account_share, share)
        self.weakened.append(span)


def weigh_profile(author: Author, lexicons: Lexicons) -> ProfileEvidence:
    """Weigh name, bio, handle, badge and followers (clause 5.2.1); whatever is in them, it takes linear time."""
    scales = _Scales()
    for text in (author.bio, author.name):
        if text:
            _weigh_text(text[:LONGEST_READ], lexicons, scales)
    if author.handle and author.handle != author.name:
        _weigh_handle(author.handle, lexicons, scales)
    return _verdict(author, lexicons, scales)


def _weigh_text(text: str, lexicons: Lexicons, scales: _Scales) -> None:
    words = split_words(text, lexicons.profile_forms)
    weakening: list[tuple[int, float]] = []
    breaks: list[int] | None = None
    taken = 0
    for start, word in enumerate(words.normal):
        branch = lexicons.profile.get(word)
        if branch is None or start < taken:
            continue
        for signal, length in longest_phrase(branch, words.normal, start):
            end = start + length
            taken = max(taken, end)
            span = words.as_written(start, end)
            if signal.kind != "disqualifiers":
                share = min((kept for until, kept in weakening if start < until), default=1.0)
                scales.add(signal, signal.weight * share, span, share)
            elif signal.label == "account":
                scales.lessen(signal.weight, span)
            else:
                breaks = _breaks(text, words) if breaks is None else breaks
                reach = end + int(lexicons.settings["disqualifiers.reach"])
                weakening.append((min([place for place in breaks if end <= place] + [reach]), signal.weight))


def _breaks(text: str, words: Words) -> list[int]:
    """Places in the normalised words before which a sentence, a clause or an item of a list ends."""
    spans = written_spans(text)
    broken = {
        place for place in range(1, len(spans)) if not _BREAKS.isdisjoint(text[spans[place - 1][1] : spans[place][0]])
    }
    origin = words.origin
    return [place for place in range(1, len(origin)) if origin[place] in broken and origin[place] != origin[place - 1]]


def _weigh_handle(handle: str, lexicons: Lexicons, scales: _Scales) -> None:
    normal = handle_words(handle, lexicons.profile_forms)
    for start, word in enumerate(normal):
        branch = lexicons.profile.get(word)
        if branch is None:
            continue
        for signal, _ in longest_phrase(branch, normal, start):
            if signal.kind != "disqualifiers":
                scales.add(signal, signal.weight * lexicons.settings["professions.in_handle"], "@" + handle, 1.0)
            elif signal.label == "account":
                scales.lessen(signal.weight, "@" + handle)


def _verdict(author: Author, lexicons: Lexicons, scales: _Scales) -> ProfileEvidence:
    settings = lexicons.settings
    sums: dict[str, float] = {}
    for (label, _), weight in scales.weights.items():
        sums[label] = sums.get(label, 0.0) + weight
    fame, told = _fame(author, lexicons)
    category, confidence = _alone(author, fame, settings)
    if sums:
        bonus = 1.0 + settings["professions.first_named"]
        most = max((weight * (bonus if name == scales.first else 1.0), name) for name, weight in sums.items())
        category, confidence = most[1], sums[most[1]] + fame
    confidence = round(min(1.0, confidence) * scales.account_share, 3)
    reasons = [f'The profile says "{span}" ({of}).' for span, of in scales.spans.items()] + told
    if scales.weakened:
        reasons.append("Counts little or not at all because of: " + ", ".join(scales.weakened) + ".")
    return ProfileEvidence(category, confidence, tuple(scales.spans), tuple(reasons))


def _fame(author: Author, lexicons: Lexicons) -> tuple[float, list[str]]:
    """What badge and followers add, and sentences that say so."""
    added, told = 0.0, []
    for least, name in _FAME:
        if (author.followers or 0) >= least:
            added += lexicons.settings[f"professions.{name}"]
            told.append(f"It has {author.followers} followers.")
            break
    badge = (author.verified or "").strip().lower()
    if badge and badge not in _NO_BADGE:
        added += lexicons.settings.get(f"professions.{badge}_badge", lexicons.settings["professions.badge"])
        told.append(f"It is verified ({badge}).")
    return added, told


def _alone(author: Author, fame: float, settings: Mapping[str, float]) -> tuple[str | None, float]:
    """A profile that names no profession: a government badge speaks for itself, many followers for a public figure."""
    if (author.verified or "").strip().lower() == "government":
        return "government", fame
    if (author.followers or 0) >= _FAME_ALONE:
        return "public_figure", fame + settings["professions.fame_alone"]
    return None, 0.0
