"""Who is priority: the accounts of a batch with all that is held against them, judged in sets (clause 5.2.1)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, or_, select

from models.account_handles import former_handles, holdings
from models.accounts import AccountLinkRow, AccountRow, PriorityListingRow, account_number
from models.database import one_of
from models.lexicons import Lexicons
from models.mentions import Author, Platform
from models.priority import (
    Decision,
    Holding,
    Listing,
    ListStand,
    PriorityThresholds,
    PriorityVerdict,
    handle_key,
    judge_account,
)


@dataclass(frozen=True, slots=True)
class KnownAccount:
    """An account of the batch: profile, a person's decision if there is one, and the verdict in force so far."""

    id: int
    author: Author
    decision: Decision | None
    judged_as: tuple[str | None, str | None, str | None]
    """Status, category and source as stored."""
    confidence: float | None
    evidence: Sequence[str]


def known_accounts(connection: Connection, account_ids: Sequence[int]) -> dict[int, KnownAccount]:
    """The accounts of a batch by id, in one query."""
    table = AccountRow.__table__.c
    profile = (table.platform, table.external_id, table.handle, table.name, table.bio, table.followers, table.verified)
    decision = [column for column in table if column.name.startswith("decided_")]
    judged = [column for column in table if column.name.startswith("priority_")]
    platforms = {platform.value: platform for platform in Platform}
    found: dict[int, KnownAccount] = {}
    wanted = select(table.id, *profile, *judged, *decision).where(one_of(connection, table.id, account_ids))
    for row in connection.execute(wanted):
        author = Author(platforms[row[1]], *row[2:8])
        judged_as = (row.priority_status, row.priority_category, row.priority_source)
        evidence = row.priority_evidence or ()
        found[row.id] = KnownAccount(row.id, author, _decision(row), judged_as, row.priority_confidence, evidence)
    return found


def judge_accounts(
    connection: Connection,
    accounts: Mapping[int, KnownAccount],
    today: date,
    lexicons: Lexicons,
    thresholds: PriorityThresholds,
) -> dict[int, PriorityVerdict]:
    """Say of each account whether it is priority; `today` is the day in Asia/Jakarta that listings are valid on."""
    partners = linked_accounts(connection, accounts)
    others = {other for linked in partners.values() for other in linked} - accounts.keys()
    authors = {one.id: one.author for one in accounts.values()}
    if others:
        authors |= {one.id: one.author for one in known_accounts(connection, sorted(others)).values()}
    stands = _on_lists(connection, authors)
    verdicts = {}
    for account in accounts.values():
        mine = stands[account.id]
        verdicts[account.id] = judge_account(
            account.author,
            decision=account.decision,
            listings=mine.listings,
            today=today,
            lexicons=lexicons,
            thresholds=thresholds,
            holdings=mine.holdings,
            linked=[(account_number(other), stands[other]) for other in partners.get(account.id, ())],
        )
    return verdicts


def linked_accounts(connection: Connection, account_ids: Collection[int]) -> dict[int, list[int]]:
    """The accounts that are linked to these at present, by account; in one query."""
    link, found = AccountLinkRow.__table__.c, defaultdict(list)
    either = or_(one_of(connection, link.account_id, account_ids), one_of(connection, link.other_id, account_ids))
    pairs = select(link.account_id, link.other_id).where(link.ended_at.is_(None), either).order_by(link.id)
    for one, other in connection.execute(pairs):
        found[one].append(other)
        found[other].append(one)
    return dict(found)


def _on_lists(connection: Connection, authors: Mapping[int, Author]) -> dict[int, ListStand]:
    """What the lists say of these accounts, by whatever handle they have or had, and by their ids."""
    had = former_handles(connection, authors)
    names = {one: {handle_key(author.handle): None} for one, author in authors.items()}
    for account_id, keys in had.items():
        names[account_id] |= dict.fromkeys(keys)
    ids = {author.external_id for author in authors.values()}
    listings = _listings(connection, {key for keys in names.values() for key in keys} - {""}, ids)
    by_handle = {one.handle for some in listings.values() for one in some if one.handle and not one.external_id}
    held = holdings(connection, by_handle)
    stands = {}
    for account_id, author in authors.items():
        platform = author.platform.value
        mine = list(listings.get((platform, author.external_id), ()))
        others: list[Holding] = []
        for key in names[account_id]:
            mine += listings.get((platform, key), ())
            others += held.get((platform, key), ())
        stands[account_id] = ListStand(author, mine, others)
    return stands


def _decision(row: Any) -> Decision | None:
    if row.decided_status is None:
        return None
    return Decision(
        status=row.decided_status,
        category=row.decided_category,
        reason=row.decided_reason or "",
        decided_by=row.decided_by or "",
        decided_at=row.decided_at,
    )


def _listings(
    connection: Connection, keys: Collection[str], ids: Collection[str]
) -> dict[tuple[str, str], list[Listing]]:
    """Listings with these handles or ids, keyed by platform and handle key, and by platform and id."""
    found: dict[tuple[str, str], list[Listing]] = {}
    wanted = select(PriorityListingRow.__table__).where(
        or_(
            one_of(connection, PriorityListingRow.handle_key, keys),
            one_of(connection, PriorityListingRow.external_id, ids),
        )
    )
    for row in connection.execute(wanted):
        listing = Listing(
            platform=Platform(row.platform),
            handle=row.handle_key,
            external_id=row.external_id,
            name=row.name,
            category=row.category,
            source=row.source,
            document=row.document,
            valid_from=row.valid_from,
            valid_to=row.valid_to,
        )
        for key in {row.handle_key, row.external_id} - {None}:
            found.setdefault((row.platform, key), []).append(listing)
    return found
