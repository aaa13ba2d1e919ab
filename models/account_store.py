"""Accounts and their profiles as a page shows them, kept in a few statements whatever its length.

Everything here runs inside the caller's `write_transaction`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, insert, select, update

from models.account_handles import Change, keep_former_handles
from models.accounts import AccountRow
from models.database import one_of
from models.mentions import Author, Platform
from models.priority import handle_key
from models.safe_text import clean

LONGEST_HANDLE = 100
"""Characters kept of a handle: more than any platform allows, and few enough for an index."""


class _Known(NamedTuple):
    """An account already in the database: its handle, since when, and when the profile was last seen."""

    id: int
    handle: str | None
    handle_since: datetime | None
    seen: datetime | None


def store_accounts(
    connection: Connection, platform: Platform, keys: Sequence[str], authors: Iterable[Author], now: datetime
) -> dict[str, int]:
    """Remember the accounts with these external ids, with the profiles of `authors` as seen at `now` (UTC); their
    ids."""
    profiles = {author.external_id: author for author in authors}
    known = _known(connection, platform, keys)
    missing = [key for key in keys if key not in known]
    if missing:
        connection.execute(
            insert(AccountRow),
            [{"platform": platform.value, "external_id": key, **_profile(profiles.get(key), now)} for key in missing],
        )
    _see_again(connection, profiles, known, now)
    return {key: one.id for key, one in (known | _known(connection, platform, missing)).items()}


def store_profiles(connection: Connection, authors: Iterable[Author], now: datetime) -> None:
    """Remember profiles as seen at `now` (UTC), so that they need not be bought again for days."""
    by_platform: dict[Platform, dict[str, Author]] = defaultdict(dict)
    for author in authors:
        by_platform[author.platform][author.external_id] = author
    for platform, profiles in by_platform.items():
        _see_again(connection, profiles, _known(connection, platform, list(profiles)), now)


def store_late_profile(connection: Connection, author: Author, seen_at: datetime) -> None:
    """Remember a profile that was seen at `seen_at` (UTC), unless it says nothing or a later one is known."""
    known = _known(connection, author.platform, [author.external_id])
    later = [one for one in known.values() if one.seen is not None and one.seen >= seen_at]
    if (author.name or author.handle) and not later:
        _see_again(connection, {author.external_id: author}, known, seen_at)


def _see_again(
    connection: Connection, profiles: Mapping[str, Author], known: Mapping[str, _Known], now: datetime
) -> None:
    """Take over the profiles of accounts that are known, and keep the handles that they had until now."""
    again = [(known[key], _profile(author, now, known[key])) for key, author in profiles.items() if key in known]
    if not again:
        return
    changes = [Change(one.id, one.handle, one.handle_since, profile["handle"]) for one, profile in again]
    keep_former_handles(connection, changes, now)
    values: dict[str, Any] = {name: bindparam(name) for name in again[0][1]}
    mine = update(AccountRow).where(AccountRow.id == bindparam("of_id"))
    connection.execute(mine.values(values), [{"of_id": one.id, **profile} for one, profile in again])


def _profile(author: Author | None, now: datetime, known: _Known | None = None) -> dict[str, Any]:
    """The profile columns of an account, `known` as it was; all empty where the profile has not been seen."""
    if author is None:
        return dict.fromkeys(("handle", "handle_since", "name", "bio", "followers", "verified", "profile_at"))
    handle = author.handle and clean(author.handle)[:LONGEST_HANDLE]
    kept = known.handle_since if known and handle_key(known.handle) == handle_key(handle) else None
    return {
        "handle": handle,
        "handle_since": (kept or now) if handle else None,
        "name": _cleaned(author.name),
        "bio": _cleaned(author.bio),
        "followers": author.followers,
        "verified": _cleaned(author.verified),
        "profile_at": now,
    }


def _known(connection: Connection, platform: Platform, keys: Sequence[str]) -> dict[str, _Known]:
    table = AccountRow.__table__.c
    mine = (table.platform == platform.value, one_of(connection, table.external_id, keys))
    rows = connection.execute(
        select(table.external_id, table.id, table.handle, table.handle_since, table.profile_at).where(*mine)
    )
    return {row.external_id: _Known(*row[1:]) for row in rows}


def _cleaned(value: str | None) -> str | None:
    return None if value is None else clean(value)
