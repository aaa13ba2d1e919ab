"""Storing a page of mentions once: accounts, mentions with their reading, quarantine, reads and the cursor.

Everything here runs inside one `write_transaction`, a handful of statements a page whatever its length. Storing the
same page again changes nothing; an edited mention is read anew.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from models.account_store import store_accounts
from models.accounts import ReadCountRow, WatchedAccountRow
from models.cases import CaseRow
from models.database import one_of
from models.lexicons import Lexicons
from models.mention_rows import MentionRow, QuarantinedRow
from models.mentions import Author, Mention, MentionKind, Page, Platform, Reads, RefusedRow, WatchedAccount
from models.reading import Context, read_text
from models.safe_text import clean

AUTHOR_SEEN = "author_seen"
"""Where a quarantined payload keeps its author's profile; no part of what makes the same row the same."""


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
    writers = list({account_key(mention): None for mention in page.mentions})
    accounts = store_accounts(connection, watched.platform, writers, page.authors, now)
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
        quarantined=quarantine(connection, page.refused, now, watched, page.authors),
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
    statement = dialect.insert(ReadCountRow).values(platform=platform.value, day=now.date(), **asdict(reads))
    sums = {name: getattr(ReadCountRow, name) + statement.excluded[name] for name in asdict(reads)}
    connection.execute(statement.on_conflict_do_update(index_elements=["platform", "day"], set_=sums))


def quarantine(
    connection: Connection,
    refused: Sequence[RefusedRow],
    now: datetime,
    watched: WatchedAccount | None = None,
    authors: Sequence[Author] = (),
) -> int:
    """Keep refused rows with their reasons; the same row refused before is not kept twice. Returns the new ones.

    `watched` is whose mentions were pulled; of `authors` the profile of a row's author is kept beside its payload.
    """
    by_id = {author.external_id: author for author in authors}
    rows: dict[str, dict[str, Any]] = {}
    same: dict[str, str] = {}
    for row in refused:
        payload = _storable(row.payload)
        fingerprint, *former = _fingerprints(row.source, payload)
        same |= dict.fromkeys((fingerprint, *former), fingerprint)
        seen = by_id.get(str(payload.get("author_id")))
        rows[fingerprint] = {
            "fingerprint": fingerprint,
            "source": row.source,
            "external_id": None if row.external_id is None else clean(row.external_id)[:128],
            "payload": payload | {AUTHOR_SEEN: _storable(asdict(seen))} if seen else payload,
            "reasons": list(row.reasons),
            "refused_at": now,
            "watched_account_id": watched.id if watched else None,
        }
    known = select(QuarantinedRow.fingerprint).where(one_of(connection, QuarantinedRow.fingerprint, same))
    for fingerprint in connection.scalars(known).all() if rows else ():
        rows.pop(same[fingerprint], None)
    if rows:
        connection.execute(insert(QuarantinedRow), list(rows.values()))
    return len(rows)


def _fingerprints(source: str, payload: Any) -> list[str]:
    """A row's fingerprint, whichever door of its platform it came by; then those it was kept under at first."""
    content, platform = json.dumps(payload, sort_keys=True), source.partition(":")[0]
    names = (platform, source, f"{platform}:mentions", f"{platform}:search")
    return [hashlib.sha256(f"{name}\n{content}".encode()).hexdigest() for name in names]


def _latest_versions(mentions: Sequence[Mention]) -> dict[str, Mention]:
    latest: dict[str, Mention] = {}
    for mention in mentions:
        other = latest.get(mention.external_id)
        if other is None or mention.version > other.version:
            latest[mention.external_id] = mention
    return latest


def _known_mentions(connection: Connection, platform: Platform, mentions: Mapping[str, Mention]) -> dict[str, _Known]:
    columns = MentionRow.__table__.c["external_id", "id", "version", "text", "case_id", "fetched_at"]
    mine = (MentionRow.platform == platform.value, one_of(connection, MentionRow.external_id, mentions))
    return {row.external_id: _Known(*row[1:]) for row in connection.execute(select(*columns).where(*mine))}


def _is_edit(mention: Mention, known: _Known) -> bool:
    return clean(mention.text) != known.text if mention.version == known.version else mention.version > known.version


def _store_edits(
    connection: Connection, edited: Sequence[Mention], known: Mapping[str, _Known], lexicons: Lexicons
) -> None:
    """Take the newer words. What has no case yet is decided again; what has one keeps it, and is read as said in it,
    after what the records knew when it was."""
    before_them = [known[mention.external_id] for mention in edited]
    contexts = _contexts(connection, {before.id for before in before_them if before.case_id is not None})
    for mention, before in zip(edited, before_them, strict=True):
        context = contexts.get(before.id)
        values: dict[str, Any] = {
            "version": mention.version,
            "text": clean(mention.text),
            **reading_columns(clean(mention.text), mention.kind, lexicons, context),
        }
        if before.case_id is None:
            values["disposition"] = None
        connection.execute(update(MentionRow).where(MentionRow.id == before.id).values(values))


def _contexts(connection: Connection, mention_ids: Collection[int]) -> dict[int, Context]:
    """In what context mentions that have a case were read."""
    if not mention_ids:
        return {}
    rows = connection.execute(
        select(MentionRow.id, MentionRow.reading, CaseRow.problem)
        .join(CaseRow, CaseRow.id == MentionRow.case_id)
        .where(one_of(connection, MentionRow.id, mention_ids))
    )
    return {
        row.id: Context(**{**row.reading.get("context", {}), "in_case": True, "problem": row.problem}) for row in rows
    }


def reading_columns(text: str, kind: MentionKind, lexicons: Lexicons, context: Context | None = None) -> dict[str, Any]:
    """Read a text (already cleaned): the columns that decide, and the verdict with its evidence as JSON."""
    reading = read_text(text, lexicons, kind=kind.value, context=context)
    known = {"context": asdict(context)} if context else {}
    return {
        "complaint": reading.complaint,
        "hard": reading.hard,
        "problem": reading.problem,
        "reading": {
            "complaint": reading.complaint,
            "confidence": reading.confidence,
            "hard": reading.hard,
            "hard_reasons": list(reading.hard_reasons),
            "problem": reading.problem,
            "problems": list(reading.problems),
            "evidence": list(reading.evidence),
            **known,
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
        "mentioned_handles": [clean(name) for name in mention.mentioned_handles],
        "text": text,
        "url": clean(mention.url),
        "language": clean(mention.language or "")[:16] or None,
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
    return value if value is None or isinstance(value, bool | int) else clean(str(value))
