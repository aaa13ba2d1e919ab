"""Our answers on their way to the customer: which are due, and what became of a try (clause 5.3.2a).

A try is noted before it is made. One whose end is not known (a timeout, a process that died) may have arrived, so the
next look is at the platform, not another post: an answer is neither posted twice nor lost. One that the platform
refuses, or that has not arrived within an hour, goes back to whoever has the case, with the reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, or_, select, update

from models.accounts import AccountRow, WatchedAccountRow
from models.case_clocks import stop_case_clocks
from models.case_life import CaseStatus
from models.case_notices import CaseNotice, write_notices
from models.case_reading import case_rows, desk_people, handler_of
from models.case_steps import CaseHand, take_case_step
from models.cases import IS_TO_SEND, CaseRow, InteractionRow, case_number
from models.clocks import ClockKind
from models.journal import entry, write_journal
from models.revisions import instructions_by_case
from models.work_instruction import WorkInstruction

OUTBOX = "outbox"
"""The actor the journal names for what is sent."""
CLAIM = timedelta(minutes=2)
FIRST_WAIT = timedelta(seconds=15)
LONGEST_WAIT = timedelta(minutes=10)
GIVE_UP = timedelta(hours=1)
AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class DueReply:
    """An answer to send. `tried_at` is when a try began whose end is not known (UTC); None where there is none."""

    id: int
    case_id: int
    platform: str
    sender_id: str
    sender_handle: str
    reply_to: str
    text: str
    attempts: int
    written_at: datetime
    tried_at: datetime | None


def claim_replies(connection: Connection, now: datetime) -> list[DueReply]:
    """Take the answers that are due at `now` (UTC), oldest first; nobody else gets them before the claim runs out."""
    rows = connection.execute(
        select(
            InteractionRow.__table__,
            AccountRow.platform.label("platform"),
            WatchedAccountRow.handle.label("sender_handle"),
        )
        .join(CaseRow, CaseRow.id == InteractionRow.case_id)
        .join(AccountRow, AccountRow.id == CaseRow.account_id)
        .join(
            WatchedAccountRow,
            (WatchedAccountRow.external_id == InteractionRow.sender)
            & (WatchedAccountRow.platform == AccountRow.platform),
        )
        .where(IS_TO_SEND)
        .where(or_(InteractionRow.next_attempt_at.is_(None), InteractionRow.next_attempt_at <= now))
        .order_by(InteractionRow.id)
        .limit(AT_ONCE)
    ).all()
    mine = update(InteractionRow).where(InteractionRow.id.in_([row.id for row in rows]))
    connection.execute(mine.values(next_attempt_at=now + CLAIM))
    return [
        DueReply(
            row.id,
            row.case_id,
            row.platform,
            row.sender,
            row.sender_handle,
            row.reply_to,
            row.text,
            row.attempts,
            row.at,
            row.tried_at if row.delivery == "sending" else None,
        )
        for row in rows
    ]


def begin_try(connection: Connection, reply: DueReply, now: datetime) -> bool:
    """Note, before it is made, that a try begins at `now` (UTC); False where another process has tried since the
    answer was claimed: it is theirs then."""
    mine = update(InteractionRow).where(
        InteractionRow.id == reply.id, IS_TO_SEND, InteractionRow.attempts == reply.attempts
    )
    begun = connection.execute(
        mine.values(
            delivery="sending",
            tried_at=reply.tried_at or now,
            attempts=InteractionRow.attempts + 1,
            next_attempt_at=now + CLAIM,
        )
    )
    return begun.rowcount == 1


def mark_sent(
    connection: Connection, reply: DueReply, platform_id: str, instruction: WorkInstruction, now: datetime
) -> None:
    """It has arrived: the customer has heard from us, the clock of the first response stops at `now` (UTC)."""
    mine = update(InteractionRow).where(InteractionRow.id == reply.id)
    connection.execute(
        mine.values(delivery="sent", platform_id=platform_id, next_attempt_at=None, last_error=None, tried_at=now)
    )
    stop_case_clocks(connection, [reply.case_id], now, [ClockKind.FIRST_RESPONSE])
    own = instructions_by_case(connection, [reply.case_id], instruction)[reply.case_id]
    detail = {"interaction": reply.id, "sender": reply.sender_handle, "tries": reply.attempts + 1}
    write_journal(connection, [entry(now, "reply_sent", "5.3.2a", own, detail, case_id=reply.case_id, actor=OUTBOX)])


def put_off(
    connection: Connection, reply: DueReply, error: str, at: datetime | None, now: datetime, *, unknown: bool
) -> None:
    """It has not arrived, or nobody knows (`unknown`): looked at again at `at` (UTC), or after a growing wait."""
    wait = min(FIRST_WAIT * 2 ** min(reply.attempts, 16), LONGEST_WAIT)
    state: dict[str, object] = {} if unknown else {"delivery": "queued", "tried_at": None}
    mine = update(InteractionRow).where(InteractionRow.id == reply.id)
    connection.execute(mine.values(next_attempt_at=at or now + wait, last_error=error[:500], **state))


def give_back(connection: Connection, reply: DueReply, error: str, instruction: WorkInstruction, now: datetime) -> None:
    """It cannot be sent: whoever has the case is told why, and answers another way (5.3.2a)."""
    mine = update(InteractionRow).where(InteractionRow.id == reply.id)
    connection.execute(mine.values(delivery="failed", next_attempt_at=None, last_error=error[:500]))
    own = instructions_by_case(connection, [reply.case_id], instruction)[reply.case_id]
    detail = {"interaction": reply.id, "sender": reply.sender_handle}  # why: beside the answer, it may quote anything
    write_journal(connection, [entry(now, "reply_failed", "5.3.2a", own, detail, case_id=reply.case_id, actor=OUTBOX)])
    (case,) = case_rows(connection, [reply.case_id])
    hand = CaseHand(connection, case, OUTBOX, desk_people(connection, now), instruction, now)
    if case.status == CaseStatus.WAITING_CUSTOMER:  # nobody asked them anything
        take_case_step(hand, "resume", {"why": "reply failed"})
    elif case.status == CaseStatus.RESOLVED:
        take_case_step(hand, "take_back", {"why": "reply failed"})
    handler = handler_of(case)
    title = f"{case_number(reply.case_id)}: your answer did not reach the customer: {error}"
    told = [CaseNotice(handler, reply.case_id, "reply_failed", str(reply.id), title)] if handler else []
    write_notices(connection, told, now)


def given_up(reply: DueReply, now: datetime) -> bool:
    """Whether an answer has been tried for too long to still be of use."""
    return now > reply.written_at + GIVE_UP


def replies_waiting(connection: Connection) -> int:
    """How many answers have not reached their customers yet."""
    waiting = select(func.count()).select_from(InteractionRow).where(IS_TO_SEND)
    return connection.scalar(waiting) or 0
