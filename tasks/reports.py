"""What a run leaves to read in the Prefect UI."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal

from prefect import task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE
from sqlalchemy import Connection

from models.case_assigning import AssignmentOutcome
from models.case_view import latest_cases
from models.intake_report import AccountPull, IntakeSummary, cases_markdown, summary_markdown
from models.mentions import Reads
from models.read_budget import month_reads
from models.reads import Prices, cost
from tasks.database import desk_engine
from tasks.desk import Openings
from tasks.desk_data import instruction
from tasks.notices import Delivery

CASES_SHOWN = 50


@task(name="publish report", cache_policy=NO_CACHE)
def publish_intake_report(
    started_at: datetime,
    pulls: Sequence[AccountPull],
    missing_profiles: str | None,
    openings: Openings,
    assignment: AssignmentOutcome,
    notices: Delivery,
) -> None:
    """Leave the artifacts `intake-summary` and `cases-opened`."""
    with desk_engine().connect() as connection:
        summary = _summary(connection, started_at, pulls, missing_profiles, openings, assignment, notices)
        cases = latest_cases(connection, CASES_SHOWN)
    create_markdown_artifact(
        summary_markdown(summary), key="intake-summary", description="What came in, what became of it, and why."
    )
    create_markdown_artifact(
        cases_markdown(cases, openings.opened),
        key="cases-opened",
        description="The latest cases: why priority, why a complaint, who got it and why, each with its clause.",
    )


def _summary(
    connection: Connection,
    started_at: datetime,
    pulls: Sequence[AccountPull],
    missing_profiles: str | None,
    openings: Openings,
    assignment: AssignmentOutcome,
    notices: Delivery,
) -> IntakeSummary:
    rules, now = instruction(), datetime.now(UTC)
    x_reads = [pull.reads for pull in pulls if pull.platform == "x"]
    return IntakeSummary(
        started_at=started_at,
        ended_at=now,
        revision=rules.revision,
        pulls=pulls,
        complaints=openings.complaints,
        hard=openings.hard,
        opened=openings.opened,
        joined=openings.dispositions["joined_case"] - openings.reopened,
        reopened=openings.reopened,
        candidates=openings.candidates,
        dispositions=openings.dispositions,
        priority_by_category=openings.priority_by_category,
        assigned=assignment.assigned,
        waiting=assignment.waiting,
        notices_sent=notices.sent,
        notices_waiting=notices.waiting,
        problems=[problem for problem in (missing_profiles, notices.problem) if problem],
        cost=Decimal(cost(sum(x_reads, Reads()), Prices())),
        month_cost=cost(month_reads(connection, "x", now), Prices()),
        budget=rules.detection.read_budget_usd,
    )
