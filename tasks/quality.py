"""Scoring sampled cases, the month's QA scores that come of it, and the artifact `quality-sample` (5.1.1)."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import Annotated

from dateutil.relativedelta import relativedelta
from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run
from prefect.states import Completed
from pydantic import BaseModel, ConfigDict, Field

from models.case_reading import desk_people
from models.database import write_transaction
from models.form_links import Forms
from models.kpi_definitions import load_quality
from models.quality import (
    MAY_SCORE,
    QualityRules,
    Scoring,
    ScoringVerdict,
    first_of_month,
    keep_complete_months,
    record_score,
    samples_of,
)
from models.quality_page import quality_markdown
from tasks.artifacts import deployment_id, publish
from tasks.database import desk_engine
from tasks.desk_data import instruction
from tasks.follow_ups import refused
from tasks.form_fields import at
from tasks.kpis import kpis
from tasks.settings import Settings

DEPLOYMENT = "score-quality/desk"


class QualityForm(BaseModel):
    """The score of one sampled case. Once given it stays."""

    model_config = ConfigDict(title="Score a case", frozen=True, extra="forbid")

    case: Annotated[str, Field(pattern=r"^C-\d{6,9}$")] = Field(
        title="Case", description="One of the artifact quality-sample, for instance C-000012.", json_schema_extra=at(0)
    )
    score: Annotated[float, Field(ge=0, le=100)] = Field(
        title="Score", description="From 0 to 100: how well the agent handled it.", json_schema_extra=at(1)
    )
    by: Annotated[str, Field(min_length=1, max_length=32)] = Field(
        title="Your staff code", description="A team leader's or a supervisor's.", json_schema_extra=at(2)
    )


@cache
def quality_rules() -> QualityRules:
    """How cases are sampled (`data/kpis.yaml`)."""
    return load_quality(Settings().data / "kpis.yaml")


@task(name="keep score", cache_policy=NO_CACHE)
def keep_score(form: QualityForm) -> ScoringVerdict:
    """Keep the score of a case, or say why not; the same flow run does it once."""
    now = datetime.now(UTC)
    scoring = Scoring(int(form.case[2:]), form.score, form.by, str(flow_run.get_id()), now)
    with write_transaction(desk_engine()) as connection:
        people = desk_people(connection, now)
        able = people.of_roles(MAY_SCORE)
        return record_score(connection, scoring, people.person(form.by), able, quality_rules(), instruction())


@task(name="keep QA scores", cache_policy=NO_CACHE)
def keep_qa_scores(now: datetime) -> list[str]:
    """Make last month's QA scores (as of `now`, UTC) of agents whose sample is complete; their codes."""
    with write_transaction(desk_engine()) as connection:
        return keep_complete_months(connection, now, quality_rules(), instruction())


@task(name="publish quality sample", cache_policy=NO_CACHE)
def publish_quality_sample(now: datetime) -> None:
    """Leave the artifact `quality-sample`, of this month and the last (`now` is UTC)."""
    from models.conformance import verdicts
    from models.kpi_facts import read_facts
    from models.kpi_story import Story
    from models.kpi_ticket_measures import ticket_measures

    this = first_of_month(now)
    with desk_engine().connect() as connection:
        samples = samples_of(connection, [this, this - relativedelta(months=1)], quality_rules())
        ids = [case_id for one in samples for case_id in one.case_ids]
        story = Story(read_facts(connection, ids, now, now))
    found = verdicts(story, ticket_measures(story, kpis())["looks_in_time"])
    sums = found.groupby("case_id")[["num", "den"]].sum()
    conformed = {int(case_id): (int(row.num), int(row.den)) for case_id, row in sums.iterrows()}
    forms = Forms(Settings().ui_url, deployment_id(DEPLOYMENT))
    text = quality_markdown(samples, conformed, quality_rules(), forms, now)
    publish(
        "quality-sample", text, "Closed cases to be scored, by agent and month, and the QA scores that come of them."
    )


def as_scored(verdict: ScoringVerdict) -> State[None]:
    """The state the run ends in: `Completed`, or `Refused` with the sentence that says why."""
    return refused(verdict.told) if verdict.refused else Completed(message=verdict.told)
