"""The forms of `report-kpis`: the hourly report, any period by hand, the week to print.

As with the desk's forms, the UI draws them as tabs, and every one but the first has a field that no other has
(`tasks/desk_forms.py`).
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from tasks.form_fields import at, form_named, optional_at

Dimension = Literal[
    "agent",
    "leader",
    "pic",
    "unit",
    "problem",
    "severity",
    "category",
    "platform",
    "region",
    "watched",
    "hour",
    "outcome",
    "clock",
    "contact",
    "level",
    "age",
    "step",
]
LONGEST = 92
"""Days in one report at most: a quarter is reckoned in memory. Longer stretches stand day by day in `v_kpis`."""


def _known_zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError("no such time zone; for instance Asia/Jakarta, Asia/Makassar, UTC")
    return name


class _Form(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class UpToDate(_Form):
    """Reckon what has changed since the last report, restate what late data changed, and publish the pages."""

    model_config = ConfigDict(title="Bring up to date")
    do: Literal["bring up to date"] = form_named("bring up to date")


class Period(_Form):
    """The KPIs of any days in any time zone, broken down as you like, with files to use elsewhere."""

    model_config = ConfigDict(title="A period")
    do: Literal["report a period"] = form_named("report a period")
    first_day: date | None = Field(
        default=None, title="First day", description="Empty: the first of this month.", json_schema_extra=optional_at(0)
    )
    last_day: date | None = Field(
        default=None, title="Last day", description="Included. Empty: today.", json_schema_extra=optional_at(1)
    )
    dimension: Dimension = Field(
        default="agent", title="Broken down by", description="A table of each KPI by this.", json_schema_extra=at(2)
    )
    time_zone: Annotated[str, AfterValidator(_known_zone)] = Field(
        default="Asia/Jakarta",
        title="Time zone",
        description="Whose days and hours are meant.",
        json_schema_extra=at(3),
    )

    @property
    def zone(self) -> ZoneInfo:
        """The time zone."""
        return ZoneInfo(self.time_zone)

    def days(self, today: date) -> tuple[date, date]:
        """First and last day of the report. Raises `ValueError` where they are in the wrong order or too many."""
        last = self.last_day or today
        first = self.first_day or last.replace(day=1)
        if first > last:
            raise ValueError(f"first_day: {first} is after {last}; give an earlier day")
        if (last - first).days >= LONGEST:
            raise ValueError(
                f"first_day: {(last - first).days + 1} days are too many for one report; at most {LONGEST}"
            )
        return first, last


class Week(_Form):
    """The report of one week, fit to print: as HTML and as PDF."""

    model_config = ConfigDict(title="The week to print")
    do: Literal["report a week"] = form_named("report a week")
    which: Literal["the last whole week", "this week so far"] = Field(
        default="the last whole week", title="Which week", json_schema_extra=at(0)
    )
    week_of: date | None = Field(
        default=None,
        title="Or the week of",
        description="Any day of another week, Monday to Sunday. Empty: as chosen above.",
        json_schema_extra=optional_at(1),
    )

    def days(self, today: date) -> tuple[date, date]:
        """Monday and Sunday of the week."""
        back = timedelta(days=7 if self.which == "the last whole week" else 0)
        inside = self.week_of or today - back
        first = inside - timedelta(days=inside.weekday())
        return first, first + timedelta(days=6)


KpiRequest = UpToDate | Period | Week
"""What is to be reported: one of the forms above, told apart by `do`."""
