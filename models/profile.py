"""What a profile says of its owner: profession, institution, badge and followers, weighed (clause 5.2.1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from models.lexicons import Lexicons
from models.mentions import Author
from models.profile_findings import STRONG, Found, read_part

LONGEST_READ = 2_000
"""Characters read of a name or a bio; platforms allow 160 or so."""
_FAME = ((1_000_000, "followers_1m"), (100_000, "followers_100k"), (10_000, "followers_10k"))
_FAME_ALONE = 100_000
_NO_BADGE = frozenset({"none", "false", "no", "0"})


class ProfileFinding(NamedTuple):
    """One thing in a profile that speaks for a category or against one."""

    part: str
    """`bio`, `name`, `handle`, `badge` or `followers`."""
    words: str
    start: int
    """Where the words stand in the part's text; 0 and 0 for a badge and for followers."""
    end: int
    label: str
    """The category it speaks for, or the `for` of a disqualifier."""
    group: str
    weight: float
    """What it added to its category after disqualifiers; 0 for a disqualifier."""
    share: float
    """What disqualifiers left of it; for a disqualifier what it leaves of others."""


class ProfileEvidence(NamedTuple):
    """The category a profile speaks most for, and how surely; what it rests on is put into words when asked for."""

    category: str | None
    confidence: float
    found: Sequence[Found] = ()
    """What speaks for a category."""
    counted: Sequence[Found] = ()
    """Each group's strongest of `found`: what the sum is made of."""
    disqualifiers: Sequence[Found] = ()
    fame: Sequence[ProfileFinding] = ()
    left: float = 1.0
    """What disqualifiers of the whole account leave of everything."""

    @property
    def evidence(self) -> tuple[str, ...]:
        """The words it rests on."""
        return tuple(dict.fromkeys(_as_told(found) for found in self._counted_in_order()))

    @property
    def reasons(self) -> tuple[str, ...]:
        """Sentences for a person."""
        spans = {_as_told(found): found.label for found in self._counted_in_order()}
        reasons = [f'The profile says "{span}" ({of}).' for span, of in spans.items()]
        reasons += [
            f"It has {added.words} followers." if added.part == "followers" else f"It is verified ({added.words})."
            for added in self.fame
        ]
        weakened = [_as_told(found) for found in self.found if found.share < 1.0]
        weakened += [_as_told(told) for told in self.disqualifiers if told.label == "account"]
        if weakened:
            reasons.append("Counts little or not at all because of: " + ", ".join(dict.fromkeys(weakened)) + ".")
        return tuple(reasons)

    @property
    def findings(self) -> tuple[ProfileFinding, ...]:
        """Everything found, with what it added and what disqualifiers left of it."""
        kept = {id(found) for found in self.counted}
        told = [_finding(found, found.weight if id(found) in kept else 0.0, self.left) for found in self.found]
        told += [_finding(found, 0.0, 1.0) for found in self.disqualifiers]
        if self.category:
            left = self.left
            told += [added._replace(weight=added.weight * left, share=left) for added in self.fame]
        return tuple(told)

    def _counted_in_order(self) -> Sequence[Found]:
        if len(self.counted) == len(self.found):
            return self.found
        kept = {id(found) for found in self.counted}
        return [found for found in self.found if id(found) in kept]


def weigh_profile(author: Author, lexicons: Lexicons) -> ProfileEvidence:
    """Weigh name, bio, handle, badge and followers (clause 5.2.1); whatever is in them, it takes linear time."""
    findings: list[Found] = []
    disqualifiers: list[Found] = []
    for part, text in (("bio", author.bio), ("name", author.name), ("handle", author.handle)):
        if text and (part != "handle" or text != author.name):
            read = read_part(part, text[:LONGEST_READ], lexicons)
            findings += read.findings
            disqualifiers += read.disqualifiers
    if disqualifiers and findings:
        _deny(findings)
    return _verdict(author, findings, disqualifiers, lexicons)


def _deny(findings: Sequence[Found]) -> None:
    """What is denied in one place is not claimed in another: not by the same words, nor by a handle or lesser words."""
    jested = {found.label for found in findings if found.in_jest}
    denied = {found.words.lower() for found in findings if not found.share}
    elsewhere = {found.label for found in findings if not found.share and found.part != "bio"}
    for found in findings:
        if found.label in jested or found.words.lower() in denied or (found.part == "bio" and found.label in elsewhere):
            found.share = 0.0
    said = [found for found in findings if found.signal.weight >= STRONG and found.part != "handle"]
    for label in {found.label for found in said if found.share < 1.0}:
        most = max(found.share for found in said if found.label == label)
        if most < 1.0:
            for found in findings:
                if found.label == label and (found.signal.weight < STRONG or found.part == "handle"):
                    found.share = 0.0


def _verdict(
    author: Author, findings: Sequence[Found], disqualifiers: Sequence[Found], lexicons: Lexicons
) -> ProfileEvidence:
    best = _strongest(findings)
    badge = (author.verified or "").strip().lower()
    badge = "" if badge in _NO_BADGE else badge
    category, weight = _foremost(best, lexicons) if best else (_alone(author, badge), 0.0)
    left = min([told.share for told in disqualifiers if told.label == "account"], default=1.0) if disqualifiers else 1.0
    fame = _fame(author, badge, category or "", not best, lexicons)
    confidence = 0.0
    if category:
        total = weight + sum([added.weight for added in fame])
        confidence = round(_confidence(total, lexicons) * left, 3)
    return ProfileEvidence(category, confidence, findings, tuple(best.values()), disqualifiers, fame, left)


def _strongest(findings: Sequence[Found]) -> dict[tuple[str, str], Found]:
    """Each group's strongest finding, by category and group, in the order of their first words."""
    best: dict[tuple[str, str], Found] = {}
    for found in findings:
        weight, key = found.weight, (found.label, found.group)
        if weight > 0.0 and (key not in best or weight > best[key].weight):
            best[key] = found
    return best


def _foremost(best: Mapping[tuple[str, str], Found], lexicons: Lexicons) -> tuple[str, float]:
    """The category most is said of, the one named first with a bonus, and how much."""
    sums: dict[str, float] = {}
    for (label, _), found in best.items():
        sums[label] = sums.get(label, 0.0) + found.weight
    if len(sums) == 1:
        return sums.popitem()
    first, bonus = next(iter(sums)), 1.0 + lexicons.settings["professions.first_named"]
    category = max([(total * (bonus if label == first else 1.0), label) for label, total in sums.items()])[1]
    return category, sums[category]


def _alone(author: Author, badge: str) -> str | None:
    """A profile that names no profession: a government badge speaks for itself, many followers for a public figure."""
    if badge == "government":
        return badge
    return "public_figure" if (author.followers or 0) >= _FAME_ALONE else None


def _fame(author: Author, badge: str, category: str, is_alone: bool, lexicons: Lexicons) -> list[ProfileFinding]:
    """What followers and badge add to a category."""
    settings, found = lexicons.settings, []
    followers = author.followers or 0
    if followers >= _FAME[-1][0]:
        name = next(name for least, name in _FAME if followers >= least)
        weight = settings[f"professions.{name}"]
        if is_alone and category == "public_figure":
            weight += settings["professions.fame_alone"]
        found.append(ProfileFinding("followers", str(followers), 0, 0, category, name, weight, 1.0))
    if badge:
        weight = settings.get(f"professions.{badge}_badge", settings["professions.badge"])
        found.append(ProfileFinding("badge", badge, 0, 0, category, f"{badge}_badge", weight, 1.0))
    return found


def _confidence(weight: float, lexicons: Lexicons) -> float:
    """How often profiles of that weight are what they are taken for: half of them at `even_at`, then ever more."""
    steepness = lexicons.settings["professions.steepness"]
    rise = float(max(weight, 0.0) ** steepness)
    return rise / (rise + float(lexicons.settings["professions.even_at"] ** steepness))


def _as_told(found: Found) -> str:
    return f"@{found.words}" if found.part == "handle" else found.words


def _finding(found: Found, weight: float, left: float) -> ProfileFinding:
    start, end = found.span
    return ProfileFinding(
        found.part, found.words, start, end, found.label, found.group, weight * left, found.share * left
    )
