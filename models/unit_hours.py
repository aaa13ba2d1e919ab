"""The hours of a unit: on which days and between which times (Asia/Jakarta) its clocks run (clause 5.3.2d)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

JAKARTA = ZoneInfo("Asia/Jakarta")
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
LONGEST_CLOSED = 60
"""Days in a row a unit may be closed before its hours are taken to be a mistake."""


@cache
def _public_holidays(year: int) -> frozenset[date]:
    # Imported here: the library costs a tenth of a second that most processes never need.
    from holidays import country_holidays

    return frozenset(country_holidays("ID", years=[year]))


@dataclass(frozen=True, slots=True)
class UnitHours:
    """When a unit works. `opens` and `closes` are times in Asia/Jakarta; both None: round the clock on its days."""

    days: frozenset[str] = frozenset(DAYS)
    opens: time | None = None
    closes: time | None = None
    holidays: bool = False

    def works_on(self, day: date) -> bool:
        """Whether the unit works on this day (Asia/Jakarta)."""
        closed = self.holidays and day in _public_holidays(day.year)
        return DAYS[day.weekday()] in self.days and not closed

    def add(self, start: datetime, duration: timedelta) -> datetime:
        """The moment (UTC) at which `duration` of the unit's hours has passed since `start` (aware).

        Raises:
            ValueError: `start` has no time zone, or the unit is never open for weeks on end.
        """
        if start.tzinfo is None:
            raise ValueError(f"start: {start!r} has no time zone; give an aware moment")
        left, at, closed = duration, start.astimezone(UTC), 0
        while True:
            opens, closes = self._span(at.astimezone(JAKARTA).date())
            begins = max(at, opens)
            open_for = max(closes - begins, timedelta(0))
            # A duration that ends at the very close ends then, not at the next opening.
            if open_for > timedelta(0) and left <= open_for:
                return begins + left
            left -= open_for
            closed = 0 if open_for else closed + 1
            if closed > LONGEST_CLOSED:
                raise ValueError("hours: the unit is never open; correct its days in data/units.yaml")
            at = _midnight(at.astimezone(JAKARTA).date() + timedelta(days=1))

    def _span(self, day: date) -> tuple[datetime, datetime]:
        """The stretch of `day` on which the unit works (UTC); empty where it does not."""
        start, end = _midnight(day), _midnight(day + timedelta(days=1))
        if not self.works_on(day):
            return start, start
        opens = start if self.opens is None else datetime.combine(day, self.opens, JAKARTA).astimezone(UTC)
        closes = end if self.closes is None else datetime.combine(day, self.closes, JAKARTA).astimezone(UTC)
        return opens, closes


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), JAKARTA).astimezone(UTC)
