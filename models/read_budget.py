"""What was read of X this month, and how long watched accounts rest when the month's budget runs low."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, func, select, update

from models.accounts import ReadCountRow, WatchedAccountRow
from models.mentions import Reads
from models.reads import Prices, budget_verdict, cost
from models.work_instruction import DetectionRules


def month_reads(connection: Connection, platform: str, now: datetime) -> Reads:
    """The reads counted since the first of the month (UTC)."""
    names = ("posts", "owned_posts", "users", "calls")
    row = connection.execute(
        select(*(func.coalesce(func.sum(getattr(ReadCountRow, name)), 0) for name in names)).where(
            ReadCountRow.platform == platform, ReadCountRow.day >= now.date().replace(day=1)
        )
    ).one()
    return Reads(*(int(count) for count in row))


def rest_for_budget(connection: Connection, watched_id: int, rules: DetectionRules, now: datetime) -> str | None:
    """Let an X account rest so that the budget lasts the month. Returns a sentence where it warns or slows down."""
    spent = cost(month_reads(connection, "x", now), Prices())
    verdict = budget_verdict(spent, rules.read_budget_usd, now, warn_share=rules.budget_warn_share)
    if verdict.poll_every is not None:
        connection.execute(
            update(WatchedAccountRow)
            .where(WatchedAccountRow.id == watched_id)
            .values(next_poll_at=now + verdict.poll_every)
        )
    return verdict.reason if verdict.warn or verdict.poll_every else None
