"""Handles that accounts had before, and who has had the handles of a listing (5.2.1): handles are given to others.

Everything here is set by set, and inside the caller's transaction.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, select
from sqlalchemy.dialects import postgresql, sqlite

from models.accounts import HANDLE_KEY, AccountHandleRow, AccountRow
from models.database import one_of
from models.priority import Holding, handle_key

HandleKey = tuple[str, str]
"""Platform, and a handle as listings are looked up by."""
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


class Change(NamedTuple):
    """An account as it is seen again: the handle it had, since when (UTC), and the one it has now."""

    account_id: int
    before: str | None
    since: datetime | None
    after: str | None


def keep_former_handles(connection: Connection, seen: Sequence[Change], now: datetime) -> None:
    """Keep the handles of accounts that have another one at `now` (UTC); no statement where none has."""
    rows: list[dict[str, Any]] = [
        {"account_id": one.account_id, "handle_key": before, "since": one.since or now, "until": now}
        for one in seen
        if (before := handle_key(one.before)) and before != handle_key(one.after)
    ]
    if rows:
        dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
        made = dialect.insert(AccountHandleRow)
        again = {"until": made.excluded.until}
        connection.execute(
            made.on_conflict_do_update(index_elements=["account_id", "handle_key"], set_=again),
            rows,
        )


def former_handles(connection: Connection, account_ids: Collection[int]) -> dict[int, list[str]]:
    """The handles that these accounts are known to have had, by account; in one query."""
    table, found = AccountHandleRow.__table__.c, defaultdict(list)
    wanted = select(table.account_id, table.handle_key).where(one_of(connection, table.account_id, account_ids))
    for account_id, key in connection.execute(wanted):
        found[account_id].append(key)
    return dict(found)


def holdings(connection: Connection, handles: Collection[str]) -> dict[HandleKey, list[Holding]]:
    """Who has and who had these handles, by platform and handle; in two queries by index.

    Of accounts that all seem to have a handle, the one that was first seen with it last has it now; the others had it
    until then at the latest.
    """
    if not handles:
        return {}
    found: dict[HandleKey, dict[str, Holding]] = defaultdict(dict)
    past, account = AccountHandleRow.__table__.c, AccountRow.__table__.c
    had = select(account.platform, account.external_id, past.handle_key, past.since, past.until)
    had = had.join_from(AccountHandleRow, AccountRow, past.account_id == account.id)
    for platform, external_id, key, since, until in connection.execute(
        had.where(one_of(connection, past.handle_key, handles))
    ):
        found[platform, key][external_id] = Holding(key, external_id, since, until)
    has = select(account.id, account.platform, account.external_id, account.handle, account.handle_since)
    now = connection.execute(has.where(one_of(connection, HANDLE_KEY, handles)))
    taken: dict[HandleKey, datetime] = {}
    for row in sorted(now, key=lambda row: (row.handle_since or _LONG_AGO, row.id), reverse=True):
        key, since = (row.platform, handle_key(row.handle)), row.handle_since or _LONG_AGO
        before = found[key].get(row.external_id)
        first = min(before.since, since) if before else since
        found[key][row.external_id] = Holding(key[1], row.external_id, first, taken.get(key))
        taken.setdefault(key, since)
    return {key: list(of_key.values()) for key, of_key in found.items()}
