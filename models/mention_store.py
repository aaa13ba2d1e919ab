"""Storing a page of mentions once: accounts, mentions with their reading, quarantine, reads and the cursor.

Everything here runs inside one `write_transaction`, a handful of statements a page whatever its length. Storing the
same page again changes nothing; an edited mention is read anew.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from models.accounts import AccountRow, ReadCountRow, WatchedAccountRow
from models.database import one_of
from models.lexicons import Lexicons
from models.mention_rows import MentionRow, QuarantinedRow
from models.mentions import Author, Mention, MentionKind, Page, Platform, Reads, RefusedRow, WatchedAccount
from models.reading import read_text
from models.safe_text import clean


@dataclass(frozen=True, slots=True)
class Stored:
    """What storing a page changed. `newest` is the posting time of its newest mention (UTC), `reread` how many of its
    posts had been fetched before on the same UTC day (X bills a post once a day)."""

    stored: int = 0
    duplicates: int = 0
    edited: int = 0
    quarantined: int = 0
    newest: datetime | None = None
    reread: int = 0

    def __add__(self, other: Stored) -> Stored:
        """Sum two pages."""
        return Stored(
            self.stored + other.stored,
            self.duplicates + other.duplicates,
            self.edited + other.edited,
            self.quarantined + other.quarantined,
            max((at for at in (self.newest, other.newest) if at), default=None),
            self.reread + other.reread,
        )


class _Known(NamedTuple):
    """A mention already in the database."""

    id: int
    version: str
    text: str
    case_id: int | None
    fetched_at: datetime


def store_page(
    connection: Connection, watched: WatchedAccount, page: Page, lexicons: Lexicons, now: datetime
) -> Stored:
    """Store a checked page of `watched`'s mentions; `now` (UTC) is when it was fetched."""
    accounts = _store_accounts(connection, watched.platform, page, now)
    latest = _latest_versions(page.mentions)
    known = _known_mentions(connection, watched.platform, latest)
    fresh = [mention for key, mention in latest.items() if key not in known]
    edited = [mention for key, mention in latest.items() if key in known and _is_edit(mention, known[key])]
    rows = [_mention_row(mention, accounts, watched, lexicons, now) for mention in fresh]
    if rows:
        connection.execute(insert(MentionRow), rows)
    _store_edits(connection, edited, known, lexicons)
    return Stored(
        stored=len(fresh),
        edited=len(edited),
        duplicates=len(page.mentions) - len(fresh) - len(edited),
        quarantined=quarantine(connection, page.refused, now),
        newest=max((mention.posted_at for mention in page.mentions), default=None),
        reread=sum(one.fetched_at.date() == now.date() for one in known.values()),
    )


def billed(reads: Reads, reread: int) -> Reads:
    """What of a page's reads X bills: posts already read on the same UTC day are free."""
    owned = max(reads.owned_posts - reread, 0) if reads.owned_posts else 0
    return replace(reads, owned_posts=owned, posts=reads.posts if reads.owned_posts else max(reads.posts - reread, 0))


def account_key(mention: Mention) -> str:
    """The external id a mention's account is kept under; an author the platform hides is one per conversation."""
    return mention.author_id or f"unknown:{mention.conversation_id}"


def move_cursor(
    connection: Connection,
    watched: WatchedAccount,
    newest: datetime | None,
    now: datetime,
    search_from: datetime | None = None,
) -> None:
    """Note that `watched` was polled to the end; `newest` None (nothing came) leaves the cursor where it stands.

    `search_from` makes the next run search by handle from then on: the platform's list did not reach that far back.
    """
    values: dict[str, Any] = {"polled_at": now, "next_poll_at": None}
    if search_from is not None:
        values["reconciled_at"] = search_from
    row = connection.execute(select(WatchedAccountRow.polled_until).where(WatchedAccountRow.id == watched.id)).one()
    if newest is not None and (row.polled_until is None or newest > row.polled_until):
        values["polled_until"] = min(newest, now)
    connection.execute(update(WatchedAccountRow).where(WatchedAccountRow.id == watched.id).values(values))


def count_reads(connection: Connection, platform: Platform, reads: Reads, now: datetime) -> None:
    """Add `reads` to the platform's count of this UTC day."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    counted = asdict(reads)
    statement = dialect.insert(ReadCountRow).values(platform=platform.value, day=now.date(), **counted)
    sums = {name: getattr(ReadCountRow, name) + statement.excluded[name] for name in counted}
    connection.execute(statement.on_conflict_do_update(index_elements=["platform", "day"], set_=sums))


def quarantine(connection: Connection, refused: Sequence[RefusedRow], now: datetime) -> int:
    """Keep refused rows with their reasons; the same row refused before is not kept twice. Returns the new ones."""
    rows = {}
    for row in refused:
        payload = _storable(row.payload)
        fingerprint = hashlib.sha256(f"{row.source}\n{json.dumps(payload, sort_keys=True)}".encode()).hexdigest()
        rows[fingerprint] = {
            "fingerprint": fingerprint,
            "source": row.source,
            "external_id": None if row.external_id is None else clean(row.external_id)[:128],
            "payload": payload,
            "reasons": list(row.reasons),
            "refused_at": now,
        }
    seen = select(QuarantinedRow.fingerprint).where(one_of(connection, QuarantinedRow.fingerprint, rows))
    known = set(connection.scalars(seen)) if rows else set()
    fresh = [row for fingerprint, row in rows.items() if fingerprint not in known]
    if fresh:
        connection.execute(insert(QuarantinedRow), fresh)
    return len(fresh)


def store_profiles(connection: Connection, authors: Iterable[Author], now: datetime) -> int:
    """Remember profiles as seen at `now` (UTC), so that they need not be bought again for days."""
    rows = [
        {"of_platform": author.platform.value, "of_id": author.external_id, **_profile(author, now)}
        for author in authors
    ]
    if rows:
        statement = update(AccountRow).where(
            AccountRow.platform == bindparam("of_platform"), AccountRow.external_id == bindparam("of_id")
        )
        values: dict[str, Any] = {name: bindparam(name) for name in rows[0] if not name.startswith("of_")}
        connection.execute(statement.values(values), rows)
    return len(rows)


def _profile(author: Author | None, now: datetime) -> dict[str, Any]:
    """The profile columns of an account; all empty where the profile has not been seen."""
    if author is None:
        return dict.fromkeys(("handle", "name", "bio", "followers", "verified", "profile_at"))
    return {
        "handle": _cleaned(author.handle),
        "name": _cleaned(author.name),
        "bio": _cleaned(author.bio),
        "followers": author.followers,
        "verified": _cleaned(author.verified),
        "profile_at": now,
    }


def _store_accounts(connection: Connection, platform: Platform, page: Page, now: datetime) -> dict[str, int]:
    profiles = {author.external_id: author for author in page.authors}
    keys = list({account_key(mention): None for mention in page.mentions})
    ids = _account_ids(connection, platform, keys)
    missing = [key for key in keys if key not in ids]
    if missing:
        connection.execute(
            insert(AccountRow),
            [{"platform": platform.value, "external_id": key, **_profile(profiles.get(key), now)} for key in missing],
        )
    store_profiles(connection, [author for key, author in profiles.items() if key in ids], now)
    return ids | _account_ids(connection, platform, missing)


def _account_ids(connection: Connection, platform: Platform, keys: Sequence[str]) -> dict[str, int]:
    rows = connection.execute(
        select(AccountRow.external_id, AccountRow.id).where(
            AccountRow.platform == platform.value, one_of(connection, AccountRow.external_id, keys)
        )
    )
    return {row.external_id: row.id for row in rows}


def _latest_versions(mentions: Sequence[Mention]) -> dict[str, Mention]:
    latest: dict[str, Mention] = {}
    for mention in mentions:
        other = latest.get(mention.external_id)
        if other is None or mention.version > other.version:
            latest[mention.external_id] = mention
    return latest


def _known_mentions(connection: Connection, platform: Platform, mentions: Mapping[str, Mention]) -> dict[str, _Known]:
    rows = connection.execute(
        select(
            MentionRow.external_id,
            MentionRow.id,
            MentionRow.version,
            MentionRow.text,
            MentionRow.case_id,
            MentionRow.fetched_at,
        ).where(MentionRow.platform == platform.value, one_of(connection, MentionRow.external_id, mentions))
    )
    return {row.external_id: _Known(*row[1:]) for row in rows}


def _is_edit(mention: Mention, known: _Known) -> bool:
    if mention.version == known.version:
        return clean(mention.text) != known.text
    return mention.version > known.version


def _store_edits(
    connection: Connection, edited: Sequence[Mention], known: Mapping[str, _Known], lexicons: Lexicons
) -> None:
    """Take the newer words. What has no case yet is decided again; what has one keeps it."""
    for mention in edited:
        before = known[mention.external_id]
        values: dict[str, Any] = {
            "version": mention.version,
            "text": clean(mention.text),
            **reading_columns(clean(mention.text), mention.kind, lexicons),
        }
        if before.case_id is None:
            values["disposition"] = None
        connection.execute(update(MentionRow).where(MentionRow.id == before.id).values(values))


def reading_columns(text: str, kind: MentionKind, lexicons: Lexicons) -> dict[str, Any]:
    """Read a text (already cleaned): the columns that decide, and the verdict with its evidence as JSON."""
    reading = read_text(text, lexicons, kind=kind.value)
    return {
        "complaint": reading.complaint,
        "hard": reading.hard,
        "problem": reading.problem,
        "reading": {
            "complaint": reading.complaint,
            "confidence": reading.confidence,
            "hard": reading.hard,
            "hard_reasons": reading.hard_reasons,
            "problem": reading.problem,
            "evidence": reading.evidence,
        },
    }


def _mention_row(
    mention: Mention, accounts: Mapping[str, int], watched: WatchedAccount, lexicons: Lexicons, now: datetime
) -> dict[str, Any]:
    text = clean(mention.text)
    return {
        "platform": mention.platform.value,
        "external_id": mention.external_id,
        "version": mention.version,
        "kind": mention.kind.value,
        "account_id": accounts[account_key(mention)],
        "watched_account_id": watched.id,
        "conversation_id": mention.conversation_id,
        "in_reply_to": mention.in_reply_to,
        "mentioned_handles": mention.mentioned_handles,
        "text": text,
        "url": clean(mention.url),
        "language": mention.language,
        "posted_at": mention.posted_at,
        "fetched_at": now,
        **reading_columns(text, mention.kind, lexicons),
    }


def _storable(value: Any) -> Any:
    """The payload as JSON that both databases take: no null bytes, no lone surrogates, nothing but JSON's types."""
    if isinstance(value, Mapping):
        return {clean(str(key)): _storable(part) for key, part in value.items()}
    if isinstance(value, list | tuple | set):
        return [_storable(part) for part in value]
    if value is None or isinstance(value, bool | int):
        return value
    return clean(str(value))


def _cleaned(value: str | None) -> str | None:
    return None if value is None else clean(value)
