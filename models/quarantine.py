"""What was refused, and what a person makes of it: let in after all, or dropped (5.3.1).

A row that is released goes in by the way of any mention: read at the platform's door, checked, stored. `judge_row`
says whether it may be decided; `release_row` and `drop_row` write it in the caller's `write_transaction`, once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, select, update

from models.account_reviews import DECIDERS, Decided, Rulebook
from models.account_store import store_late_profile
from models.accounts import AccountRow, WatchedAccountRow
from models.case_reading import desk_people
from models.cases import case_number
from models.desk_rules import Person, why_not_one_of
from models.journal import entry, write_journal
from models.mention_rows import MentionRow, QuarantinedRow
from models.mention_store import AUTHOR_SEEN, store_page
from models.mentions import Author, Mention, MentionKind, Page, Platform, RefusedRow, WatchedAccount
from models.priority import UNKNOWN
from models.safe_text import clean
from models.unit_hours import JAKARTA

CLAUSE = "5.3.1"
CHECKS = ":checks"
"""How the sources of rows end that the checks refused; their payload is a mention, not a platform's answer."""


def row_number(row_id: int) -> str:
    """The number people use for a row in quarantine: 123 → `Q-000123`."""
    return f"Q-{row_id:06d}"


@dataclass(frozen=True, slots=True)
class Corrections:
    """What a person knows better about a refused row than the platform told; None: as it came."""

    text: str | None = None
    posted_at: datetime | None = None
    author_id: str | None = None
    external_id: str | None = None
    conversation_id: str | None = None


@dataclass(frozen=True, slots=True)
class RowDecision:
    """What a person wants with a row: `outcome` is released or dropped."""

    row_id: int
    by: str
    outcome: str
    reason: str


@dataclass(frozen=True, slots=True)
class RowStand:
    """A row as the decision about it sees it; what was decided before, if anything was."""

    id: int
    source: str
    outcome: str | None = None
    decided_by: str | None = None
    decided_why: str | None = None
    decided_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class RowVerdict:
    """Whether a person may decide: the sentence that says why not, or that they have decided just so already."""

    refusal: str | None
    done: bool = False
    clause: str = CLAUSE


def judge_row(
    decision: RowDecision, row: RowStand | None, person: Person | None, deciders: Sequence[str]
) -> RowVerdict:
    """Decide whether a person may release or drop a row; the same decision again is done, not refused."""
    refusal = why_not_one_of(person, DECIDERS, deciders)
    number = row_number(decision.row_id)
    if refusal or person is None:
        return RowVerdict(refusal)
    if row is None:
        return RowVerdict(f"row: there is no {number}; give the number that the artifact quarantine shows.")
    if not decision.reason.strip():
        return RowVerdict("reason: is missing; say in a few words why.")
    if row.outcome is not None:
        before = (row.outcome, row.decided_by, row.decided_why)
        if before == (decision.outcome, person.code, _why(decision)):
            return RowVerdict(None, done=True)
        at = f"{row.decided_at.astimezone(JAKARTA):%d %b %Y %H:%M} WIB" if row.decided_at else "before"
        return RowVerdict(f"row: {number} was {row.outcome} by {row.decided_by} at {at}; that stands.")
    if decision.outcome == "released" and platform_of(row.source) is None:
        return RowVerdict(
            f"row: {number} came from {row.source} and is no mention. Drop it, and note what the unit said in the "
            "form of its ticket."
        )
    return RowVerdict(None)


def platform_of(source: str) -> Platform | None:
    """The platform whose mention a row may be; None where it is none."""
    name = source.split(":", 1)[0]
    return Platform(name) if name in set(Platform) else None


def _why(decision: RowDecision) -> str:
    return clean(decision.reason).strip()[:500]


def look_up_row(connection: Connection, decision: RowDecision, now: datetime) -> tuple[Person, Row[Any]] | Decided:
    """Who decides about which row; or what they are told where nothing is left to do. `now` is UTC."""
    people = desk_people(connection, now)
    person, deciders = people.person(decision.by), people.of_roles(DECIDERS)
    row = connection.execute(select(QuarantinedRow.__table__).where(QuarantinedRow.id == decision.row_id)).first()
    stand = None
    if row is not None:
        stand = RowStand(row.id, row.source, row.outcome, row.decided_by, row.decided_why, row.decided_at)
    verdict = judge_row(decision, stand, person, deciders)
    if verdict.done:
        return Decided(_told(decision, _kept_before(connection, row)), False)
    if verdict.refusal or person is None or row is None:
        return Decided(verdict.refusal or "", True)
    return person, row


def mention_again(payload: Mapping[str, Any], source: str, corrections: Corrections) -> Mention | RefusedRow:
    """The mention that the checks refused, with what a person corrected; refused where it still can be none."""
    told: dict[str, Any] = {name: payload.get(name) for name in _PARTS} | corrections_given(corrections)
    posted_at, reasons = _moment(told["posted_at"]), []
    if told["platform"] not in set(Platform):
        reasons.append("platform: not watched")
    if told["kind"] not in set(MentionKind):
        reasons.append("kind: not known")
    if posted_at is None:
        reasons.append("posted_at: is no time")
    if reasons or posted_at is None:
        return RefusedRow(source, told["external_id"], dict(payload), tuple(reasons))
    platform, external_id = Platform(told["platform"]), str(told["external_id"] or "")
    if corrections.external_id and platform is Platform.X:
        told |= {"version": external_id.zfill(20)[:32], "url": f"https://x.com/i/status/{external_id}"}
    return Mention(
        platform=platform,
        external_id=external_id,
        version=str(told["version"] or ""),
        kind=MentionKind(told["kind"]),
        author_id=told["author_id"],
        conversation_id=str(told["conversation_id"] or ""),
        text=str(told["text"] or ""),
        posted_at=posted_at,
        url=str(told["url"] or ""),
        mentioned_handles=tuple(told["mentioned_handles"] or ()),
        in_reply_to=told["in_reply_to"],
        language=told["language"],
    )


_PARTS = (
    *("platform", "external_id", "version", "kind", "author_id", "conversation_id", "text", "posted_at", "url"),
    *("mentioned_handles", "in_reply_to", "language"),
)


def corrections_given(corrections: Corrections) -> dict[str, Any]:
    """What a person corrected, by name."""
    given = {name: getattr(corrections, name) for name in Corrections.__dataclass_fields__}
    return {name: value for name, value in given.items() if value is not None}


def author_seen(platform: Platform, payload: Mapping[str, Any], author_id: str | None) -> Author | None:
    """The author's profile as it was seen when the row was refused; None where it was not, or is somebody else's."""
    seen = payload.get(AUTHOR_SEEN)
    if not isinstance(seen, dict) or author_id is None or seen.get("external_id") != author_id:
        return None
    return Author(platform, author_id, *(seen.get(name) for name in ("handle", "name", "bio", "followers", "verified")))


def release_row(
    connection: Connection,
    decision: RowDecision,
    mention: Mention,
    author: Author | None,
    rules: Rulebook,
    now: datetime,
) -> Decided:
    """Store the mention that a row became, under the watched account it was pulled for; intake decides it next.

    What is kept already is never changed by a release: with the same words the row is settled, with others refused.
    """
    found = look_up_row(connection, decision, now)
    if isinstance(found, Decided):
        return found
    person, row = found
    before = kept = connection.execute(_kept_as(mention)).first()
    if kept is not None and (refusal := _why_not_kept(mention, kept)):
        return Decided(refusal, True)
    if kept is None:
        if (watched := _watched(connection, row.watched_account_id, mention.platform)) is None:
            why = f"row: no account of ours on {mention.platform} is watched; there is nobody it could be for."
            return Decided(why, True)
        store_page(connection, watched, Page((mention,)), rules.lexicons, now)
        kept = connection.execute(_kept_as(mention)).one()
        if author is not None:
            store_late_profile(connection, author, row.refused_at)
    _settle(connection, decision, person, now, mention_id=kept.id)
    detail = {"row": row.id, "source": row.source, "mention": kept.id, "stored": int(before is None)}
    whose = {"account_id": kept.account_id, "actor": person.code}
    write_journal(connection, [entry(now, "quarantine_released", CLAUSE, rules.instruction, detail, **whose)])
    return Decided(_told(decision, before), False)


def drop_row(connection: Connection, decision: RowDecision, rules: Rulebook, now: datetime) -> Decided:
    """Note that nothing more is done with a row, and why."""
    found = look_up_row(connection, decision, now)
    if isinstance(found, Decided):
        return found
    person, row = found
    _settle(connection, decision, person, now)
    detail = {"row": row.id, "source": row.source}
    write_journal(connection, [entry(now, "quarantine_dropped", CLAUSE, rules.instruction, detail, actor=person.code)])
    return Decided(_told(decision), False)


def _told(decision: RowDecision, kept: Row[Any] | None = None) -> str:
    """What became of a row; `kept` is the mention that it was already."""
    number = row_number(decision.row_id)
    if decision.outcome == "dropped":
        return f"{number} was dropped; it is kept with your reason."
    if kept is not None:
        return f"{number} was released: it is kept already as {_named(kept)}, in the same words. Nothing was added."
    return f"{number} was released: the next intake decides what becomes of it."


def _settle(
    connection: Connection, decision: RowDecision, person: Person, now: datetime, mention_id: int | None = None
) -> None:
    values = {"outcome": decision.outcome, "decided_at": now, "decided_by": person.code, "decided_why": _why(decision)}
    mine = update(QuarantinedRow).where(QuarantinedRow.id == decision.row_id)
    connection.execute(mine.values(**values, mention_id=mention_id))


_KEPT = MentionRow.__table__.c["id", "text", "account_id", "case_id", "fetched_at"]


def _kept_as(mention: Mention) -> Select[Any]:
    """The mention of that id as it is kept, and who wrote it."""
    wanted = select(*_KEPT, AccountRow.external_id.label("author")).join(AccountRow, AccountRow.id == _KEPT.account_id)
    return wanted.where(MentionRow.platform == mention.platform.value, MentionRow.external_id == mention.external_id)


def _kept_before(connection: Connection, row: Row[Any] | None) -> Row[Any] | None:
    """The mention that a released row was already; None where the release stored it."""
    if row is None or row.mention_id is None:
        return None
    same = select(*_KEPT).where(MentionRow.id == row.mention_id, MentionRow.fetched_at != row.decided_at)
    return connection.execute(same).first()


def _why_not_kept(mention: Mention, kept: Row[Any]) -> str | None:
    """Why a row is not the mention that is kept under its id; an author who is not told is not somebody else."""
    if mention.author_id and not kept.author.startswith(UNKNOWN) and kept.author != mention.author_id:
        return f"external_id: {mention.external_id} is a mention by somebody else already; correct it."
    if clean(mention.text) != kept.text:
        return f"row: {mention.external_id} is kept already as {_named(kept)}, in other words; drop the row."
    return None


def _named(kept: Row[Any]) -> str:
    return f"mention {kept.id}" + (f" of {case_number(kept.case_id)}" if kept.case_id else "")


def _watched(connection: Connection, watched_id: int | None, platform: Platform) -> WatchedAccount | None:
    """The watched account a row was pulled for; the first care account of its platform where that was not kept."""
    table = WatchedAccountRow.__table__.c
    mine = (table.id == watched_id,) if watched_id is not None else (table.platform == platform.value,)
    wanted = select(table.id, table.external_id, table.handle, table.kind).where(*mine)
    row = connection.execute(wanted.order_by(table.kind != "care", table.id).limit(1)).first()
    return WatchedAccount(row.id, platform, row.external_id, row.handle, row.kind) if row else None


def _moment(value: Any) -> datetime | None:
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment.tzinfo else None
