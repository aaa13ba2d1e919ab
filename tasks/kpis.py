"""The steps of `report-kpis`: figures brought up to date and checked, pages published, periods reported by hand."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.logging import get_run_logger
from prefect.states import Completed, Failed

from models.database import chunks, write_transaction
from models.kpi_definitions import Kpis, load_kpis
from models.unit_hours import JAKARTA
from tasks.artifacts import publish
from tasks.database import desk_engine
from tasks.desk_data import instruction, units
from tasks.settings import Settings

if TYPE_CHECKING:
    from models.kpi_changes import Changed
    from models.kpi_pages import KpiView

AT_ONCE = 10_000
"""Cases whose days are looked for in one go."""
LONGEST = 31
"""Days reckoned in one transaction."""
A_DAY = timedelta(days=1)
"""How long a version of a page is changed in place: a page with its charts is large, and each day keeps its last."""
LATELY = timedelta(days=7)
"""How long what late data changed is shown."""
TREND = 14
"""Days that the pages' lines go back."""


@cache
def kpis() -> Kpis:
    """The definitions in force (`data/kpis.yaml`)."""
    return load_kpis(Settings().data / "kpis.yaml")


@dataclass(slots=True)
class Kept:
    """What bringing the figures up to date did: cases that had changed, days reckoned, rows written and restated; and
    what was impossible about them, in which case they were not stored."""

    cases: int = 0
    days: list[date] = field(default_factory=list)
    written: int = 0
    restated: int = 0
    implausible: list[str] = field(default_factory=list)


@task(name="bring figures up to date", cache_policy=NO_CACHE)
def bring_up_to_date(now: datetime) -> Kept:
    """Reckon the days that anything new in the records counts on, and store what differs; as of `now` (UTC).

    Killed at any point, the days done stay done, and the next report begins where this one did. Where another report
    has been made meanwhile, its figures are newer and stay.
    """
    from models.kpi_changes import overtaken, remember, stretches, whats_changed
    from models.kpi_reckoning import reckon
    from models.kpi_store import write_kpis
    from models.kpi_tables import days
    from tasks.kpi_checks import implausible

    with desk_engine().connect() as connection:
        changed = whats_changed(connection, kpis(), now)
    kept = Kept(cases=len(changed.case_ids), days=_days(changed, now))
    logger = get_run_logger()
    for first, last in stretches(kept.days, LONGEST):
        with desk_engine().connect() as connection:
            reckoned = reckon(connection, kpis(), units(), days(first, last, JAKARTA), now)
        kept.implausible = implausible(reckoned.figures)
        if kept.implausible:
            return kept
        with write_transaction(desk_engine()) as connection:
            if overtaken(connection, changed):
                return kept
            written = write_kpis(connection, reckoned.figures, kpis(), now)
        kept.written += written.added + written.changed + written.gone
        kept.restated += written.restated
        logger.info("%s to %s: %s cases, %s", first, last, reckoned.cases, written)
    with write_transaction(desk_engine()) as connection:
        if not overtaken(connection, changed):
            remember(connection, changed, now)
    return kept


def _days(changed: Changed, now: datetime) -> list[date]:
    from models.kpi_changes import days_of
    from models.kpi_facts import read_facts

    found: set[date] = set()
    with desk_engine().connect() as connection:
        for part in [*chunks(changed.case_ids, AT_ONCE)] or [[]]:
            found |= set(days_of(read_facts(connection, part, now, now), changed, now))
    return sorted(found)


@task(name="publish KPI pages", cache_policy=NO_CACHE)
def publish_pages(now: datetime, kept: Kept) -> None:
    """Leave the artifacts `kpis`, `kpis-4-1` to `kpis-across`, `kpis-agents` and so on: yesterday and today."""
    from models.conformance_page import conformance_markdown
    from models.kpi_pages import pages

    today = now.astimezone(JAKARTA).date()
    restated = f" {kept.restated:,} figures of days that were over were restated." if kept.restated else ""
    told = f"Yesterday and today, as of {now.astimezone(JAKARTA):%d %b %Y %H:%M} WIB.{restated}"
    view = make_view(today - timedelta(days=1), today, JAKARTA, told, now)
    for key, text, description in pages(view):
        publish(key, text, description, A_DAY)
    told = "How far closed cases went as the instruction demands, and the ten that went worst."
    publish("conformance", conformance_markdown(view), told, A_DAY)


def make_view(first: date, last: date, zone: ZoneInfo, told: str, now: datetime) -> KpiView:
    """What the pages are made of, for the days from `first` to `last`; the lines go back from there as stored."""
    from models.kpi_pages import KpiView
    from models.kpi_reckoning import reckon
    from models.kpi_store import lately_restated, stored_trends
    from models.kpi_tables import whole

    periods = whole(first, last, zone)
    since = min(first, last - timedelta(days=TREND - 1))
    with desk_engine().connect() as connection:
        reckoned = reckon(connection, kpis(), units(), periods, now)
        trends = stored_trends(connection, kpis(), instruction(), since, last)
        restated = lately_restated(connection, kpis(), now - LATELY)
    figures, observed = reckoned.figures, reckoned.observed
    return KpiView(kpis(), instruction(), figures, observed, periods, trends, Settings().ui_url, told, restated)


def as_kept(kept: Kept) -> State[None]:
    """The state the run ends in: `Completed`, or `Failed` with what is impossible; nothing of those days was stored."""
    if kept.implausible:
        return Failed(message=f"Implausible, neither stored nor published: {'; '.join(kept.implausible[:3])}")
    message = (
        f"{kept.cases:,} cases had changed; {len(kept.days)} days reckoned, {kept.written:,} figures written, "
        f"{kept.restated:,} of them restated."
    )
    return Completed(message=message)


def now_utc() -> datetime:
    """The moment as of which a report is made (UTC)."""
    return datetime.now(UTC)
