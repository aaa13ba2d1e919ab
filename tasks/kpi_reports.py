"""KPIs reported by hand: any period as an artifact with files, and the week to print."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.states import Completed

from models.unit_hours import JAKARTA
from tasks.artifacts import publish
from tasks.database import desk_engine
from tasks.desk_data import instruction, units
from tasks.follow_ups import refused
from tasks.kpi_exports import write_figures, write_report
from tasks.kpi_forms import Period, Week
from tasks.kpis import kpis
from tasks.settings import Settings

WEEK = timedelta(days=7)

if TYPE_CHECKING:
    import pandas as pd

    from models.kpi_pages import KpiView


@dataclass(frozen=True, slots=True)
class Reported:
    """What a report by hand came to, in a sentence."""

    told: str
    refused: bool = False


@task(name="publish period", cache_policy=NO_CACHE)
def publish_period(request: Period, now: datetime) -> Reported:
    """Leave the artifact `kpis-period` and the files of a period; refused where its days make none."""
    from models.kpi_pages import period_markdown
    from tasks.kpi_checks import implausible

    try:
        first, last = request.days(now.astimezone(request.zone).date())
    except ValueError as error:
        return Reported(str(error), refused=True)
    view, by_day = reckon_period(first, last, request.zone, now)
    if wrong := implausible(by_day):
        return Reported(f"Not published: {wrong[0]}", refused=True)
    zone = request.time_zone.replace("/", "-")
    files = write_report(f"{first}_{last}_{zone}", lambda folder: write_figures(folder, by_day, kpis(), instruction()))
    text = period_markdown(view, request.dimension, files)
    publish("kpis-period", text, f"The KPIs from {first} to {last} ({request.time_zone}), by {request.dimension}.")
    return Reported(f"{first} to {last}: {len(by_day):,} figures, {files['kpis.csv']}")


def reckon_period(first: date, last: date, zone: ZoneInfo, now: datetime) -> tuple[KpiView, pd.DataFrame]:
    """What the pages of a period are made of, and its figures by day; nothing is stored."""
    from models.kpi_pages import KpiView
    from models.kpi_reckoning import read_story, reckoned
    from models.kpi_store import trends_of
    from models.kpi_tables import days, whole

    today = now.astimezone(zone).date()  # of days to come there is nothing to tell
    every, period = days(first, max(first, min(last, today)), zone), whole(first, last, zone)
    with desk_engine().connect() as connection:
        story = read_story(connection, period, now)
    by_day = reckoned(story, kpis(), units(), every).figures
    in_all = reckoned(story, kpis(), units(), period)
    told = f"{first:%d %b %Y} to {last:%d %b %Y}, {zone.key}, as of {now.astimezone(JAKARTA):%d %b %Y %H:%M} WIB."
    trends = trends_of(by_day, kpis(), instruction())
    view = KpiView(kpis(), instruction(), in_all.figures, in_all.observed, period, trends, Settings().ui_url, told)
    return view, by_day


@task(name="publish week", cache_policy=NO_CACHE)
def publish_week(request: Week, now: datetime) -> Reported:
    """Leave the week's report as HTML and PDF with its figures, and the artifact `kpis-week` that leads there."""
    from models.kpi_week import week_report
    from tasks.kpi_checks import implausible
    from tasks.kpi_week import write_html, write_pdf

    first, last = request.days(now.astimezone(JAKARTA).date())
    view, by_day = reckon_period(first, last, JAKARTA, now)
    if wrong := implausible(by_day):
        return Reported(f"Not published: {wrong[0]}", refused=True)
    before, _ = reckon_period(first - WEEK, last - WEEK, JAKARTA, now)
    title = f"KPIs of week {first.isocalendar().week}, {first:%d %b} to {last:%d %b %Y}"
    report = week_report(view, before, title)

    def write(folder: Path) -> None:
        write_html(report, Settings().data / "week_report.html", folder / "report.html")
        write_pdf(report, folder / "report.pdf")
        write_figures(folder, by_day, kpis(), instruction())

    files = write_report(f"week-{first}", write)
    links = [f"- [{name}]({address})" for name, address in files.items()]
    text = "\n".join([f"# {title}", "", f"**{report.met}.** {report.told}", "", *links])
    publish("kpis-week", text, "The week's report to print, and its figures as files.")
    return Reported(f"{title}: {report.met}, {files['report.pdf']}")


def as_reported(reported: Reported) -> State[None]:
    """The state the run ends in: `Completed` with where the files are, or `Refused` with why."""
    return refused(reported.told) if reported.refused else Completed(message=reported.told)
