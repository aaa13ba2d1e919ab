"""Erasing an account because its customer asks for it (clause 6): when it may be, and doing it with proof."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, func, select, update

from models.accounts import WatchedAccountRow
from models.anonymising import Work, anonymise_accounts, anonymise_cases, anonymise_mentions
from models.cases import IS_TO_SEND, CaseRow, InteractionRow, case_number
from models.data_requests import account_row, quarantined
from models.database import one_of
from models.journal import entry, write_journal
from models.legal_holds import holds_on
from models.mention_rows import MentionRow, QuarantinedRow
from models.mentions import Platform
from models.quarantine import row_number
from models.work_instruction import DetectionRules


@dataclass(frozen=True, slots=True)
class ErasureStand:
    """How an account stands before it is erased: numbers of its open and of its held cases, whether an answer to it
    waits to be sent, whether a mention of it is still undecided or one in quarantine is (its number), and whether its
    platform is still asked about the time of its last one."""

    anonymised_at: datetime | None
    open_cases: tuple[str, ...]
    held_cases: tuple[str, ...]
    unsent: bool
    undecided: bool
    quarantined: tuple[str, ...]
    asked_again: bool


def erasure_stand(connection: Connection, account_id: int, rules: DetectionRules, now: datetime) -> ErasureStand:
    """Read how an account stands at `now` (UTC)."""
    account = account_row(connection, account_id)
    cases = connection.execute(select(CaseRow.id, CaseRow.status).where(CaseRow.account_id == account_id)).all()
    mine = (MentionRow.account_id == account_id, MentionRow.anonymised_at.is_(None))
    newest = connection.scalar(select(func.max(MentionRow.posted_at)).where(*mine))
    refused = quarantined(connection, account)  # what was refused had been posted before
    lately = max(filter(None, [newest, *(row.refused_at for row in refused)]), default=None)
    waiting = (one_of(connection, InteractionRow.case_id, [case.id for case in cases]), IS_TO_SEND)
    undecided = connection.scalar(select(func.count()).where(*mine, MentionRow.disposition.is_(None)))
    return ErasureStand(
        account["anonymised_at"],
        tuple(case_number(case.id) for case in cases if case.status != "closed"),
        tuple(case_number(hold.case_id) for hold in holds_on(connection, [case.id for case in cases])),
        bool(connection.scalar(select(func.count()).where(*waiting))),
        bool(undecided),
        tuple(row_number(row.id) for row in refused if row.outcome is None),
        lately is not None and lately >= asked_from(connection, Platform(account["platform"]), rules, now),
    )


def asked_from(connection: Connection, platform: Platform, rules: DetectionRules, now: datetime) -> datetime:
    """From which posting time on a platform may be asked again: what was erased of then would come back as new."""
    moments = [now]
    for one in _watched(connection, platform):
        cursor = _cursor(one, rules)
        if cursor is None:
            moments.append(now - rules.first_lookback)
            continue
        moments.append(cursor)
        if platform is Platform.X:
            moments.append(one.reconciled_at or cursor - rules.reconcile_every)
    return min(moments) - rules.poll_overlap


def _watched(connection: Connection, platform: Platform) -> Sequence[Row[Any]]:
    mine = (WatchedAccountRow.platform == platform.value, WatchedAccountRow.active)
    return connection.execute(select(WatchedAccountRow.__table__).where(*mine)).all()


def _cursor(watched: Row[Any], rules: DetectionRules) -> datetime | None:
    """Up to when everything is known of a watched account, also where nothing was said for long."""
    asked = watched.polled_at and watched.polled_at - rules.poll_overlap
    return max(filter(None, (watched.polled_until, asked)), default=None)


def move_cursors(connection: Connection, platform: Platform, rules: DetectionRules) -> None:
    """Ask no more about a time of which everything is known: what was taken away of then would come back."""
    for one in _watched(connection, platform):
        cursor = _cursor(one, rules)
        if cursor != one.polled_until:
            mine = update(WatchedAccountRow).where(WatchedAccountRow.id == one.id)
            connection.execute(mine.values(polled_until=cursor))


def judge_erasure(number: str, stand: ErasureStand) -> str | None:
    """Why an account cannot be erased now; None where it can. `number` is the account's."""
    if stand.anonymised_at is not None:
        return f"account: {number} was anonymised on {stand.anonymised_at:%Y-%m-%d}; nothing tells any more who it was."
    if stand.held_cases:
        return f"account: {', '.join(stand.held_cases)} is on legal hold; nothing of {number} may be taken away."
    if stand.open_cases:
        return f"account: {number} has cases that are not closed: {', '.join(stand.open_cases)}. Close them first."
    if stand.unsent:
        return f"account: an answer to {number} is still on its way; ask again when it has arrived or was given back."
    if stand.quarantined:
        rows = ", ".join(stand.quarantined[:10])
        return f"account: {rows} in quarantine came from {number}; have them decided about by review-quarantine first."
    if stand.undecided:
        return f"account: {number} has just written; wait until intake-mentions has decided what becomes of it."
    if stand.asked_again:
        return f"account: {number} wrote so lately that the platform is still asked about it: it would come back. " + (
            "Ask again in a few hours."
        )
    return None


@dataclass(frozen=True, slots=True)
class AccountErased:
    """What was erased: rows by table, and the digest that proves it."""

    rows: dict[str, int]
    digest: str


def erase_account(
    connection: Connection, account_id: int, run_id: str, salt: str, because: str, work: Work
) -> AccountErased:
    """Anonymise an account with all it said, in the caller's transaction, with the proof in the journal.

    Whether it may be erased was judged in the same transaction. `because` is one of the form's grounds, no words.
    """
    account = account_row(connection, account_id)
    digest = erasure_digest(salt, account["platform"], account["external_id"])
    move_cursors(connection, Platform(account["platform"]), work.instruction.detection)
    refused = [row.id for row in quarantined(connection, account)]
    mine = (CaseRow.account_id == account_id, CaseRow.anonymised_at.is_(None))
    rows = anonymise_cases(connection, list(connection.scalars(select(CaseRow.id).where(*mine))), work)
    left = (MentionRow.account_id == account_id, MentionRow.anonymised_at.is_(None))
    other = anonymise_mentions(connection, list(connection.scalars(select(MentionRow.id).where(*left))), work)
    rows["mentions"] = rows.get("mentions", 0) + other
    rows |= anonymise_accounts(connection, [account_id], work)
    gone = delete(QuarantinedRow).where(one_of(connection, QuarantinedRow.id, refused))
    rows["quarantined_rows"] = connection.execute(gone).rowcount
    rows = {name: count for name, count in sorted(rows.items()) if count}
    detail = {"request": run_id, "because": because, "rows": rows, "digest": digest}
    made = entry(work.now, "account_erased", "6", work.instruction, detail, account_id=account_id, actor=work.actor)
    write_journal(connection, [made])
    return AccountErased(rows, digest)


def erasure_digest(salt: str, platform: str, external_id: str) -> str:
    """What the journal keeps as proof: who has the salt and the id can show that they belong together."""
    return hashlib.sha256(f"{salt}{platform}:{external_id}".encode()).hexdigest()
