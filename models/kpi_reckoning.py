"""From the records to figures: facts read, observed, reckoned by day or for one period."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import pandas as pd
from sqlalchemy import Connection

from models.conformance import verdicts
from models.kpi_case_measures import case_measures
from models.kpi_definitions import Kpis
from models.kpi_facts import cases_of, read_facts
from models.kpi_story import Story
from models.kpi_tables import Periods, figures
from models.kpi_ticket_measures import ticket_measures
from models.units import Units


@dataclass(frozen=True, slots=True)
class Reckoned:
    """The figures of some periods, what they are made of, and how many cases were looked at."""

    figures: pd.DataFrame
    observed: Mapping[str, pd.DataFrame]
    cases: int


def reckon(connection: Connection, kpis: Kpis, units: Units, periods: Periods, now: datetime) -> Reckoned:
    """The figures of every KPI in the periods as the records stand at `now` (UTC)."""
    return reckoned(read_story(connection, periods, now), kpis, units, periods)


def read_story(connection: Connection, periods: Periods, now: datetime) -> Story:
    """What the records say at `now` (UTC) about every case that was not closed throughout the periods."""
    ids = cases_of(connection, periods.since, periods.until)
    return Story(read_facts(connection, ids, now, periods.since))


def reckoned(story: Story, kpis: Kpis, units: Units, periods: Periods) -> Reckoned:
    """The figures of every KPI in the periods, which are among those that the story was read for."""
    unit_of = {str(problem): unit.code for unit in units.values() for problem in unit.problems}
    observed = case_measures(story, unit_of, periods.ends(story.facts.now)) | ticket_measures(story, kpis)
    observed["conformance"] = verdicts(story, observed["looks_in_time"])
    return Reckoned(figures(observed, kpis, periods), observed, len(story.facts.cases))
