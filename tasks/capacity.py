"""The capacity what-if: complaints and handle times observed, how many agents a shift needs for an aim."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Annotated

from prefect import task
from prefect.cache_policies import NO_CACHE
from pydantic import BaseModel, ConfigDict, Field

from models.capacity import Aim, Arrival, Demand, staffings
from models.unit_hours import JAKARTA
from tasks.artifacts import publish
from tasks.database import desk_engine
from tasks.desk_data import instruction
from tasks.form_fields import at, optional_at
from tasks.kpi_reports import Reported

LOOKED_BACK = 28
REPLAYED = 2_000
"""Complaints replayed at most, the latest."""


class CapacityRequest(BaseModel):
    """Which shift, which aim, and from which days the complaints and handle times are taken."""

    model_config = ConfigDict(title="Capacity", frozen=True, extra="forbid")

    shift_from: Annotated[int, Field(ge=0, le=23)] = Field(
        default=8, title="Shift from", description="The hour (WIB) at which it begins.", json_schema_extra=at(0)
    )
    shift_to: Annotated[int, Field(ge=1, le=24)] = Field(
        default=16, title="Shift to", description="The hour (WIB) at which it ends.", json_schema_extra=at(1)
    )
    share: Annotated[float, Field(gt=0, lt=1)] = Field(
        default=0.95, title="Share in time", description="Of the complaints; 0.95 is 95 %.", json_schema_extra=at(2)
    )
    within_minutes: Annotated[float, Field(ge=0, le=1440)] = Field(
        default=5, title="Within minutes", description="Until an agent has it in hand.", json_schema_extra=at(3)
    )
    patience_minutes: Annotated[float, Field(gt=0, le=1440)] = Field(
        default=60, title="Patience", description="Minutes a customer waits on average.", json_schema_extra=at(4)
    )
    first_day: date | None = Field(
        default=None,
        title="First day",
        description=f"Of those looked at. Empty: {LOOKED_BACK} days before the last.",
        json_schema_extra=optional_at(5),
    )
    last_day: date | None = Field(
        default=None, title="Last day", description="Included. Empty: yesterday.", json_schema_extra=optional_at(6)
    )

    def days(self, today: date) -> tuple[date, date]:
        """The days that are looked at. Raises `ValueError` naming the field that is wrong."""
        last = self.last_day or today - timedelta(days=1)
        first = self.first_day or last - timedelta(days=LOOKED_BACK - 1)
        if self.shift_from >= self.shift_to:
            raise ValueError("shift_to: must be after shift_from; ask for a night in two parts")
        if first > last:
            raise ValueError(f"first_day: {first} is after {last}; give an earlier day")
        if (last - first).days > 366:
            raise ValueError("first_day: at most a year is looked at")
        return first, last


@task(name="plan capacity", cache_policy=NO_CACHE)
def plan(request: CapacityRequest, now: datetime) -> Reported:
    """Reckon and replay, and leave the artifact `capacity`; refused where the request makes no shift."""
    from models.capacity_page import Question, capacity_markdown

    try:
        first, last = request.days(now.astimezone(JAKARTA).date())
    except ValueError as error:
        return Reported(str(error), refused=True)
    aim = Aim(request.share, timedelta(minutes=request.within_minutes))
    question = Question(first, last, request.shift_from, request.shift_to, aim)
    arrivals = _arrivals(first, last, request, now)
    demand = _demand(arrivals, (last - first).days + 1, timedelta(minutes=request.patience_minutes))
    found = staffings(demand, arrivals[-REPLAYED:], aim, instruction()) if arrivals else []
    text = capacity_markdown(question, demand, len(arrivals), found)
    publish("capacity", text, "How many agents a shift needs, by what was observed.")
    return Reported(text.splitlines()[0].removeprefix("# "))


def _arrivals(first: date, last: date, request: CapacityRequest, now: datetime) -> list[Arrival]:
    """The complaints that came in the shift's hours; one still in hand is taken to need the mean of the others."""
    from models.kpi_facts import moment
    from models.kpi_reckoning import read_story
    from models.kpi_tables import whole

    periods = whole(first, last, JAKARTA)
    with desk_engine().connect() as connection:
        story = read_story(connection, periods, now)
    cases = story.facts.cases
    came = cases[cases["opened"].between(*periods.edges, inclusive="left")].sort_values("opened")
    came = came.assign(span=came["case_id"].map(story.in_hand))
    usual = came["span"].mean()
    if usual != usual or usual <= 0:  # nothing was finished
        usual = float(instruction().clocks.first_response_within.total_seconds() * 1000)
    found = [
        Arrival(moment(row.opened), timedelta(milliseconds=row.span), row.severity == "hard")
        for row in came.assign(span=came["span"].fillna(usual)).itertuples()
    ]
    return [one for one in found if request.shift_from <= one.at.astimezone(JAKARTA).hour < request.shift_to]


def _demand(arrivals: list[Arrival], days: int, patience: timedelta) -> Demand:
    """Of the busiest hour of the shift, on average over the days."""
    if not arrivals:
        return Demand(0.0, timedelta(minutes=1), patience)
    by_hour: dict[int, int] = {}
    for one in arrivals:
        hour = one.at.astimezone(JAKARTA).hour
        by_hour[hour] = by_hour.get(hour, 0) + 1
    handle = sum((one.handle for one in arrivals), timedelta(0)) / len(arrivals)
    return Demand(max(by_hour.values()) / days, max(handle, timedelta(seconds=1)), patience)
