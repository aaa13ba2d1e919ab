"""What reading costs, and when the budget slows polling."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.mentions import Reads
from models.reads import Prices, budget_verdict, cost

MIDDLE = datetime(2026, 4, 16, tzinfo=UTC)


def test_what_reads_cost() -> None:
    assert cost(Reads(posts=100, owned_posts=1000, users=10, calls=5), Prices()) == Decimal("1.600")
    assert cost(Reads(), Prices()) == 0


@pytest.mark.parametrize(
    ("spent", "now", "every"),
    [
        (79, MIDDLE, None),
        (85, datetime(2026, 4, 28, tzinfo=UTC), None),  # 90 % of the month is over: on pace
        (85, MIDDLE, timedelta(minutes=15)),
        (85, datetime(2026, 4, 22, tzinfo=UTC), timedelta(minutes=5)),
        (100, MIDDLE, timedelta(hours=1)),
        (250, MIDDLE, timedelta(hours=1)),
    ],
)
def test_when_polling_slows_down(spent: int, now: datetime, every: timedelta | None) -> None:
    verdict = budget_verdict(Decimal(spent), Decimal(100), now)
    assert verdict.poll_every == every
    assert verdict.warn is (spent >= 80)
    assert f"${spent:.2f}" in verdict.reason


@given(st.integers(0, 1000), st.integers(1, 100), st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)))  # noqa: DTZ001
def test_polling_never_stops(spent: int, budget: int, now: datetime) -> None:
    verdict = budget_verdict(Decimal(spent), Decimal(budget), now.replace(tzinfo=UTC))
    assert verdict.poll_every is None or verdict.poll_every <= timedelta(hours=1)
    assert verdict.clause
