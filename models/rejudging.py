"""Judging accounts again when what they are judged by has changed: the lists, a person's word, the instruction (5.2.1).

In the caller's `write_transaction`. What changed is journaled with its cause. Open cases stay as they were opened; a
complaint that was passed over as a regular customer's is taken up again if it is not older than the reopen window.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, select, update

from models.account_judging import judge_accounts, known_accounts, linked_accounts
from models.accounts import HANDLE_KEY, AccountHandleRow, AccountRow
from models.case_book import record_verdicts
from models.database import chunks, one_of
from models.lexicons import Lexicons
from models.mention_rows import MentionRow
from models.unit_hours import JAKARTA
from models.work_instruction import WorkInstruction

BATCH = 5_000

ListingKey = tuple[str, str | None]
"""Platform, and a handle (small letters) or an external id."""


@dataclass(slots=True)
class Rejudged:
    """How many accounts were judged again, how many became what (before, after), and complaints taken up again."""

    judged: int = 0
    moved: Counter[tuple[str, str]] = field(default_factory=Counter)
    taken_up: int = 0


def judge_all_again(
    connection: Connection, instruction: WorkInstruction, lexicons: Lexicons, now: datetime, why: str, actor: str
) -> Rejudged:
    """Judge every account that was ever judged; `now` is UTC."""
    wanted = select(AccountRow.id).where(AccountRow.priority_status.is_not(None), AccountRow.anonymised_at.is_(None))
    return judge_again(connection, connection.scalars(wanted).all(), instruction, lexicons, now, why, actor)


def accounts_listed(connection: Connection, keys: Collection[ListingKey]) -> list[int]:
    """The accounts, among those judged before, that listings with these platforms and handles or ids may concern: by
    what they are called, were called before, or through a link."""
    if not keys:
        return []
    names = {name for _, name in keys if name}
    account, past = AccountRow.__table__.c, AccountHandleRow.__table__.c
    by_name = (
        select(account.id, account.platform, account.external_id).where(
            account.platform.in_({platform for platform, _ in keys}), one_of(connection, account.external_id, names)
        ),
        select(account.id, account.platform, HANDLE_KEY).where(one_of(connection, HANDLE_KEY, names)),
        select(account.id, account.platform, past.handle_key)
        .join_from(AccountHandleRow, AccountRow, past.account_id == account.id)
        .where(one_of(connection, past.handle_key, names)),
    )
    found = {row[0] for wanted in by_name for row in connection.execute(wanted) if (row[1], row[2]) in keys}
    found |= linked_accounts(connection, found).keys()
    known = (account.priority_status.is_not(None), account.anonymised_at.is_(None))
    judged = select(account.id).where(*known, one_of(connection, account.id, found))
    return list(connection.scalars(judged.order_by(account.id)))


def judge_again(
    connection: Connection,
    account_ids: Iterable[int],
    instruction: WorkInstruction,
    lexicons: Lexicons,
    now: datetime,
    why: str,
    actor: str,
) -> Rejudged:
    """Judge these accounts again at `now` (UTC); `why` and `actor` are what the journal names."""
    done = Rejudged()
    today = now.astimezone(JAKARTA).date()
    for part in chunks(list(account_ids), BATCH):
        accounts = known_accounts(connection, part)
        verdicts = judge_accounts(connection, accounts, today, lexicons, instruction.priority.thresholds)
        moved = record_verdicts(connection, accounts, verdicts, instruction, now, why, actor)
        done.judged += len(accounts)
        served = []
        for account_id, before in moved.items():
            after = verdicts[account_id].status
            done.moved[before or "not judged", after] += before != after
            if before == "regular" and after != "regular":
                served.append(account_id)
        done.taken_up += take_up_complaints(connection, served, instruction, now)
    done.moved = +done.moved
    return done


def take_up_complaints(
    connection: Connection, account_ids: Collection[int], instruction: WorkInstruction, now: datetime
) -> int:
    """Leave the recent complaints of customers who were taken for regular to the next intake; how many."""
    if not account_ids:
        return 0
    passed_over = (
        one_of(connection, MentionRow.account_id, account_ids),
        MentionRow.disposition == "regular",
        MentionRow.complaint.is_(True),
        MentionRow.anonymised_at.is_(None),
        MentionRow.posted_at >= now - instruction.cases.reopen_window,
    )
    return connection.execute(update(MentionRow).where(*passed_over).values(disposition=None)).rowcount
