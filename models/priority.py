"""Whether an account is a Priority customer's, judged on the account itself (clause 5.2.1).

In this order: a person's decision, the list of BOD accounts, the registry, and what the profile says of its owner.
The words that count and their weights are in `data/lexicons/`.

A listing is an account's by its external id. Without one it is of whoever had its handle first, as far as is known and
while the listing was valid: handles are given to others, and by such a listing whoever has it now is a candidate at
most. A listing also holds for the accounts that a person linked to the one it is of, and no further.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, NamedTuple

from models.lexicons import Lexicons
from models.mentions import Author, Platform
from models.profile import ProfileEvidence, weigh_profile
from models.unit_hours import JAKARTA

UNKNOWN = "unknown:"
"""How the ids of authors begin whom the platform did not tell."""


class PriorityVerdict(NamedTuple):
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
class Holding:
    """That an account of a platform has or had a handle: since when (UTC), as far as is known, and when it was first
    seen with another; `until` is None for whoever has it now."""

    handle: str
    external_id: str
    since: datetime
    until: datetime | None


@dataclass(frozen=True, slots=True)
class ListStand:
    """An account as the lists are held against it: the listings that may be its, and who has had the handles in them
    (nothing where nobody else is known to have)."""

    author: Author
    listings: Sequence[Listing] = ()
    holdings: Sequence[Holding] = ()


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
    holdings: Sequence[Holding] = (),
    linked: Sequence[tuple[str, ListStand]] = (),
) -> PriorityVerdict:
    """Say whether an account is priority (clause 5.2.1); `today` is the day the listings must be valid on.

    `linked` has the accounts that a person confirmed to be the same customer's, each with its number.
    """
    if decision is not None:
        return _decided(decision)
    mine = ListStand(author, listings, holdings)
    found = _on_lists([("", mine), *linked], today)
    if found is not None:
        return found
    verdict = _without_lists(author, lexicons, thresholds)
    taken = next((listing for listing in listings if _standing(mine, listing, today) == "taken"), None)
    return verdict if taken is None else _in_doubt(verdict, taken, thresholds)


def _on_lists(accounts: Sequence[tuple[str, ListStand]], today: date) -> PriorityVerdict | None:
    """The verdict by the first listing of one of these accounts: on the BOD list before the registry, the account's own
    before those of the ones linked to it."""
    for source in ("bod_list", "registry"):
        for through, account in accounts:
            for listing in account.listings:
                if listing.source != source:
                    continue
                standing = _standing(account, listing, today)
                if standing in {"now", "formerly"}:
                    return _listed(listing, standing == "formerly", through)
    return None


def _without_lists(author: Author, lexicons: Lexicons, thresholds: PriorityThresholds) -> PriorityVerdict:
    if author.external_id.startswith(UNKNOWN):
        reason = "The platform does not tell who the author is; ask in the conversation."
        return PriorityVerdict("candidate", None, None, thresholds.candidate, (), (reason,))
    if author.platform is Platform.X and not (author.handle or author.name or author.bio):
        reason = "The profile could not be read; a Priority customer must not be missed for that."
        return PriorityVerdict("candidate", None, None, thresholds.candidate, (), (reason,))
    return _by_profile(weigh_profile(author, lexicons), thresholds)


def _decided(decision: Decision) -> PriorityVerdict:
    when = f" on {decision.decided_at.astimezone(JAKARTA):%Y-%m-%d}" if decision.decided_at else ""
    reason = f"{decision.decided_by or 'A person'} decided so{when}: {decision.reason or 'no reason given'}"
    return PriorityVerdict(decision.status, decision.category, "review", 1.0, (), (reason,))


def _standing(account: ListStand, listing: Listing, today: date) -> Literal["now", "formerly", "taken"] | None:
    """How a listing is this account's today: by what it is called `now`, or was `formerly`; `taken`: its handle was
    somebody else's before, or is now and the listing does not say since when it holds. An id outweighs a handle."""
    author = account.author
    if listing.platform != author.platform:
        return None
    if (listing.valid_from and today < listing.valid_from) or (listing.valid_to and today > listing.valid_to):
        return None
    if listing.external_id:
        return "now" if listing.external_id == author.external_id else None
    handle = handle_key(listing.handle)
    held = [one for one in account.holdings if one.handle == handle]
    if not held:
        return "now" if handle and handle == handle_key(author.handle) else None
    while_valid = [one for one in held if _since(listing, one.until)]
    first = min(while_valid, key=lambda one: one.since, default=None)
    mine = [one for one in while_valid if one.external_id == author.external_id]
    if first in mine:
        if first.until is None:
            return "now"
        undated = listing.valid_from is None and any(one.until is None for one in held)
        return "taken" if undated else "formerly"
    return "taken" if any(one.until is None for one in mine) else None


def _since(listing: Listing, seen: datetime | None) -> bool:
    """Whether a handle was still seen with somebody (None: it is now) when a listing had become valid."""
    if seen is None or listing.valid_from is None:
        return True
    return seen.astimezone(JAKARTA).date() >= listing.valid_from


def handle_key(handle: str | None) -> str:
    """A handle as listings are looked up by: without @, small letters; "" for none."""
    return (handle or "").strip().lstrip("@").casefold()


def _list_of(listing: Listing) -> str:
    what = "the list of BOD accounts" if listing.source == "bod_list" else "the registry of priority accounts"
    return f"{what} ({listing.document})" if listing.document else what


def _listed(listing: Listing, formerly: bool, through: str) -> PriorityVerdict:
    until = f", valid to {listing.valid_to}" if listing.valid_to else ""
    was = f", formerly @{handle_key(listing.handle)}," if formerly else ""
    reason = f"{listing.name or listing.handle or listing.external_id}{was} is on {_list_of(listing)}{until}."
    if through:
        reason = f"Through the linked account {through}: {reason}"
    category = listing.category or ("bod" if listing.source == "bod_list" else None)
    evidence = (listing.document,) if listing.document else ()
    return PriorityVerdict("priority", category, listing.source, 1.0, evidence, (reason,))


def _in_doubt(verdict: PriorityVerdict, taken: Listing, thresholds: PriorityThresholds) -> PriorityVerdict:
    """The verdict on who has or had a listed handle that was another's too: somebody must look who is meant."""
    on_list = f"@{handle_key(taken.handle)} is on {_list_of(taken)}"
    reason = f"{on_list}, but that handle has been more than one account's: handles are given to others."
    doubted = verdict._replace(reasons=(reason, *verdict.reasons))
    if verdict.status != "regular":
        return doubted
    return doubted._replace(status="candidate", confidence=max(verdict.confidence, thresholds.candidate))


def _by_profile(found: ProfileEvidence, thresholds: PriorityThresholds) -> PriorityVerdict:
    if found.category is None or found.confidence < thresholds.candidate:
        reasons = found.reasons or ("Nothing in the profile speaks for a priority category.",)
        return PriorityVerdict("regular", None, None, found.confidence, found.evidence, reasons)
    status = "priority" if found.confidence >= thresholds.priority else "candidate"
    return PriorityVerdict(status, found.category, "profile", found.confidence, found.evidence, found.reasons)
