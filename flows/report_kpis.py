"""Reckons the procedure's indicators (4.1 to 4.4 and what cuts across them) and publishes them.

**Trigger.** Every hour as `hourly`, never two at once. Every Monday morning as `weekly`: the week to print. By hand as
`by-hand`: *Bring up to date* is the hourly report; *A period* reports any days in any time zone, broken down as you
like; *The week to print* makes HTML and PDF.

**What it does.** The hourly report asks the journal what has happened since the last one, reckons the days on which
anything of it counts, and stores the figures that differ in the table `kpis`: each day (Asia/Jakarta), KPI, statistic,
dimension and member once. A figure of a day that was over already is restated: what it was is kept in
`kpi_restatements`. Great Expectations guard the result: nothing outside its possible range, sums that agree between
dimensions. What each KPI means, its target and its tables stand in `data/kpis.yaml`.

**What it leaves.** The artifacts `kpis` (every KPI, target against actual), `kpis-4-1` to `kpis-4-4` and `kpis-across`
(each KPI explained, with charts, figures and the cases behind them), `kpis-agents`, `kpis-leaders`, `kpis-pics`,
`kpis-units`, `conformance`: yesterday and today, with the last two weeks as lines; `quality-sample`, the closed cases
to be scored. `kpis-period` and `kpis-week` lead to files in `CARE_HOME/docs/kpis`: figures as CSV and Parquet with a
dictionary, the week as HTML and PDF.

**What may go wrong.** Failed, `Implausible`: a figure is impossible, the message names it; nothing of those days was
stored, and the next report tries again: look at the cases of that day. Twice in a row, the operator is told. A line of
`data/kpis.yaml` is named: the file is wrong there. Killed at any point, the next report goes on. The first report after
an upgrade goes through all cases; its log says how far it is.

Clauses: 4.1, 4.2, 4.3, 4.4.
"""

from __future__ import annotations

from datetime import datetime

from prefect import flow
from prefect.states import State

from models.unit_hours import JAKARTA
from tasks.kpi_forms import KpiRequest, Period, UpToDate, Week
from tasks.kpi_reports import as_reported, publish_period, publish_week
from tasks.kpis import as_kept, bring_up_to_date, now_utc, publish_pages
from tasks.quality import keep_qa_scores, publish_quality_sample


def _run_name() -> str:
    return f"KPIs {datetime.now(JAKARTA):%d %b %H:%M:%S} WIB"


@flow(name="report-kpis", flow_run_name=_run_name, description=__doc__, validate_parameters=True)
def report_kpis(request: KpiRequest = UpToDate()) -> State[None]:  # noqa: B008 (frozen)
    """Reckon, check, store, publish; the module's manual says what each means."""
    now = now_utc()
    if isinstance(request, Period):
        return as_reported(publish_period(request, now))
    if isinstance(request, Week):
        return as_reported(publish_week(request, now))
    kept = bring_up_to_date(now)
    if not kept.implausible:
        publish_pages(now, kept)
        keep_qa_scores(now)
        publish_quality_sample(now)
    return as_kept(kept)
