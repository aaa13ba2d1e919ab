"""What reading X costs, and how a month's budget slows polling before it is used up (clause 5.3.1, site settings)."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from models.mentions import Reads

STEPS = (timedelta(minutes=5), timedelta(minutes=15), timedelta(hours=1))
"""How far apart polls are when the budget runs low, low and lower."""


@dataclass(frozen=True, slots=True)
class Prices:
    """X's pay-per-use prices in USD (2026-08)."""

    post: Decimal = Decimal("0.005")
    owned_post: Decimal = Decimal("0.001")
    user: Decimal = Decimal("0.010")


@dataclass(frozen=True, slots=True)
class BudgetVerdict:
    """How the month's budget stands. `poll_every` is None as long as polling need not slow down."""

    share: float
    warn: bool
    poll_every: timedelta | None
    reason: str
    clause: str = "5.3.1"


def cost(reads: Reads, prices: Prices) -> Decimal:
    """What X charges for `reads`, in USD."""
    return reads.posts * prices.post + reads.owned_posts * prices.owned_post + reads.users * prices.user


def budget_verdict(spent: Decimal, budget: Decimal, now: datetime, *, warn_share: float = 0.8) -> BudgetVerdict:
    """Say at `now` (UTC) whether polling slows down so that what is left lasts to the end of the month.

    Below `warn_share` nothing happens. Above it polls grow apart by how far spending runs ahead of the month; used up,
    they are an hour apart: polling slows down and never stops, a complaint has to be seen.
    """
    share = float(spent / budget)
    days = monthrange(now.year, now.month)[1]
    passed = (now.day - 1 + (now.hour + now.minute / 60) / 24) / days
    so_far = f"X reads of this month cost about ${spent:.2f}, {share:.0%} of the budget of ${budget:.0f}"
    if share < warn_share:
        return BudgetVerdict(share, False, None, f"{so_far}.")
    if share >= 1:
        every: timedelta | None = STEPS[2]
    elif passed >= share:
        every = None
    else:
        left_of_budget, left_of_month = 1 - share, 1 - passed
        every = STEPS[0] if left_of_budget * 3 >= left_of_month else STEPS[1]
    pace = f"; X is polled every {every.total_seconds() / 60:.0f} min" if every else ""
    return BudgetVerdict(share, True, every, f"{so_far}{pace}.")
