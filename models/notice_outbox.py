"""The outbox at work: which notices are due, how they read, and what became of the try to deliver them.

A notice is claimed for a few minutes before it is sent, so two runs never send it at once; a run that dies after
sending and before noting it makes it arrive again, under the same number (at least once, never lost).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, or_, select, update

from models.accounts import AccountRow
from models.cases import CaseRow
from models.mention_rows import MentionRow
from models.notices import NoticeRow
from models.safe_text import for_plain

CLAIM = timedelta(minutes=2)
FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(hours=1)
AT_ONCE = 500
"""Notices taken in one run; the rest goes with the next."""
IN_ONE_MESSAGE = 20


@dataclass(frozen=True, slots=True)
class DueNotice:
    """A notice to send. `handle` and `quote` are the customer's, made plain; `post_url` leads to what was said."""

    id: int
    recipient: str
    title: str
    body: str
    attempts: int
    handle: str | None
    quote: str | None
    post_url: str | None


@dataclass(frozen=True, slots=True)
class Message:
    """One message to one member of staff, of one or several notices."""

    recipient: str
    title: str
    body: str
    notices: tuple[DueNotice, ...]


def notice_number(notice_id: int) -> str:
    """The number people use for a notice: 123 → `N-000123`."""
    return f"N-{notice_id:06d}"


def claim_notices(connection: Connection, now: datetime) -> list[DueNotice]:
    """Take the oldest notices that are due at `now` (UTC); nobody else gets them before the claim runs out."""
    opening = (
        select(MentionRow.case_id, func.min(MentionRow.id).label("mention_id"))
        .where(MentionRow.disposition.in_(("opened_case", "candidate_case")))
        .where(MentionRow.case_id.in_(select(NoticeRow.case_id).where(NoticeRow.sent_at.is_(None))))
        .group_by(MentionRow.case_id)
        .subquery()
    )
    rows = connection.execute(
        select(NoticeRow.__table__, AccountRow.handle, MentionRow.text, MentionRow.url)
        .outerjoin(CaseRow, CaseRow.id == NoticeRow.case_id)
        .outerjoin(AccountRow, AccountRow.id == CaseRow.account_id)
        .outerjoin(opening, opening.c.case_id == NoticeRow.case_id)
        .outerjoin(MentionRow, MentionRow.id == opening.c.mention_id)
        .where(NoticeRow.sent_at.is_(None))
        .where(or_(NoticeRow.next_attempt_at.is_(None), NoticeRow.next_attempt_at <= now))
        .order_by(NoticeRow.id)
        .limit(AT_ONCE)
    ).all()
    claim = update(NoticeRow).where(NoticeRow.id.in_([row.id for row in rows]))
    connection.execute(claim.values(next_attempt_at=now + CLAIM))
    return [
        DueNotice(
            row.id,
            row.recipient,
            row.title,
            row.body,
            row.attempts,
            None if row.handle is None else for_plain(row.handle, 40),
            None if row.text is None else for_plain(row.text, 140),
            None if row.url is None else for_plain(row.url, 300),
        )
        for row in rows
    ]


def compose(notices: Sequence[DueNotice], cases_url: str) -> list[Message]:
    """Put what each person is to be told into as few messages as is readable; `cases_url` leads to the cases."""
    by_recipient: dict[str, list[DueNotice]] = {}
    for notice in notices:
        by_recipient.setdefault(notice.recipient, []).append(notice)
    messages = []
    for recipient, theirs in sorted(by_recipient.items()):
        for start in range(0, len(theirs), IN_ONE_MESSAGE):
            part = tuple(theirs[start : start + IN_ONE_MESSAGE])
            title = part[0].title if len(part) == 1 else f"{len(part)} notices: {part[0].title} …"
            body = "\n\n".join([*map(_paragraph, part), f"Cases: {cases_url}"])
            messages.append(Message(recipient, title, body, part))
    return messages


def _paragraph(notice: DueNotice) -> str:
    lines = [f"{notice_number(notice.id)} {notice.title}", notice.body]
    if notice.quote:
        lines.append(f"{'@' + notice.handle if notice.handle else 'Unknown author'}: “{notice.quote}”")
    if notice.post_url:
        lines.append(notice.post_url)
    return "\n".join(line for line in lines if line)


def mark_sent(connection: Connection, message: Message, now: datetime) -> None:
    """Note that a message arrived."""
    ids = [notice.id for notice in message.notices]
    done = update(NoticeRow).where(NoticeRow.id.in_(ids))
    connection.execute(done.values(sent_at=now, attempts=NoticeRow.attempts + 1, next_attempt_at=None, last_error=None))


def mark_failed(connection: Connection, message: Message, error: str, now: datetime) -> None:
    """Note that a message did not arrive; its notices are tried again, each time after twice the wait, for ever."""
    for notice in message.notices:
        wait = min(FIRST_WAIT * 2 ** min(notice.attempts, 16), LONGEST_WAIT)
        failed = update(NoticeRow).where(NoticeRow.id == notice.id)
        connection.execute(
            failed.values(attempts=notice.attempts + 1, last_error=error[:500], next_attempt_at=now + wait)
        )


def unsent(connection: Connection) -> int:
    """How many notices still wait to be delivered."""
    return connection.scalar(select(func.count()).select_from(NoticeRow).where(NoticeRow.sent_at.is_(None))) or 0
