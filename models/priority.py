"""Whether an account is a Priority customer's, judged on the account itself (clause 5.2.1).

In this order: a person's decision, the list of BOD accounts, the registry, and what the profile says of its owner.
The words that count and their weights are in `data/lexicons/`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from models.lexicons import Lexicons
from models.mentions import Author, Platform
from models.profile import ProfileEvidence, weigh_profile

UNKNOWN = "unknown:"
"""How the ids of authors begin whom the platform did not tell."""


@dataclass(frozen=True, slots=True)
class PriorityVerdict:
    """What an account is, how surely, and why."""

    status: str
    """`priority`, `candidate` (served as priority until a person decides) or `regular`."""
    category: str | None
    source: str | None
    """`bod_list`, `registry`, `profile` or `review`; None where nothing speaks for priority."""
    confidence: float
    evidence: tuple[str, ...]
    """The words of the profile, or the document, that it rests on."""
    reasons: tuple[str, ...]
    clause: str = "5.2.1"


@dataclass(frozen=True, slots=True)
class Listing:
    """An entry of the BOD list or of the registry of priority accounts, valid from and to the days given, inclusive."""

    platform: Platform
    handle: str | None
    external_id: str | None
    name: str | None
    category: str | None
    source: str
    document: str | None
    valid_from: date | None = None
    valid_to: date | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person decided about an account; it stands until a person decides otherwise."""

    status: str
    category: str | None
    reason: str
    decided_by: str
    decided_at: datetime | None


@dataclass(frozen=True, slots=True)
class PriorityThresholds:
    """The confidences from which a profile makes a Priority customer, or a candidate."""

    priority: float = 0.6
    candidate: float = 0.35


def judge_account(
    author: Author,
    *,
    decision: Decision | None,
    listings: Sequence[Listing],
    today: date,
    lexicons: Lexicons,
    thresholds: PriorityThresholds,
) -> PriorityVerdict:
    """Say whether an account is priority (clause 5.2.1); `today` is the day the listings must be valid on."""
    if decision is not None:
        return _decided(decision)
    for source in ("bod_list", "registry"):
        for listing in listings:
            if listing.source == source and _is_listed(author, listing, today):
                return _listed(listing)
    if author.external_id.startswith(UNKNOWN):
        reason = "The platform does not tell who the author is; ask in the conversation."
        return PriorityVerdict("candidate", None, None, thresholds.candidate, (), (reason,))
    if author.platform is Platform.X and not (author.handle or author.name or author.bio):
        reason = "The profile could not be read; a Priority customer must not be missed for that."
        return PriorityVerdict("candidate", None, None, thresholds.candidate, (), (reason,))
    return _by_profile(weigh_profile(author, lexicons), thresholds)


def _decided(decision: Decision) -> PriorityVerdict:
    when = f" on {decision.decided_at:%Y-%m-%d}" if decision.decided_at else ""
    reason = f"{decision.decided_by or 'A person'} decided so{when}: {decision.reason or 'no reason given'}"
    return PriorityVerdict(decision.status, decision.category, "review", 1.0, (), (reason,))


def _is_listed(author: Author, listing: Listing, today: date) -> bool:
    """Whether a listing is this author's today. An id outweighs a handle: handles are given to others."""
    if listing.platform != author.platform:
        return False
    if (listing.valid_from and today < listing.valid_from) or (listing.valid_to and today > listing.valid_to):
        return False
    if listing.external_id:
        return listing.external_id == author.external_id
    handle = _key(listing.handle)
    return bool(handle) and handle == _key(author.handle)


def _key(handle: str | None) -> str:
    return (handle or "").strip().lstrip("@").casefold()


def _listed(listing: Listing) -> PriorityVerdict:
    what = "the list of BOD accounts" if listing.source == "bod_list" else "the registry of priority accounts"
    until = f", valid to {listing.valid_to}" if listing.valid_to else ""
    document = f" ({listing.document})" if listing.document else ""
    reason = f"{listing.name or listing.handle or listing.external_id} is on {what}{document}{until}."
    category = listing.category or ("bod" if listing.source == "bod_list" else None)
    evidence = (listing.document,) if listing.document else ()
    return PriorityVerdict("priority", category, listing.source, 1.0, evidence, (reason,))


def _by_profile(found: ProfileEvidence, thresholds: PriorityThresholds) -> PriorityVerdict:
    if found.category is None or found.confidence < thresholds.candidate:
        reasons = found.reasons or ("Nothing in the profile speaks for a priority category.",)
        return PriorityVerdict("regular", None, None, found.confidence, found.evidence, reasons)
    status = "priority" if found.confidence >= thresholds.priority else "candidate"
    return PriorityVerdict(status, found.category, "profile", found.confidence, found.evidence, found.reasons)
