"""Scores a closed case that quality assurance has sampled; the month's scores make the agent's QA score (5.1.1).

**Trigger.** By hand, by a team leader or supervisor: **score it** in the artifact `quality-sample` opens the form with
the case filled in.

**What it does.** Of each agent some closed cases a month are sampled by chance (`data/kpis.yaml`, `quality`). A case is
scored once, from 0 to 100. Once every case of an agent's sample is scored and the month is over, their mean becomes the
agent's QA score of that month, with its target: six such months in a row are one of the six criteria of 5.1.1. A score
that a reference file has told stands.

**What it leaves.** The score in the records and the journal; `quality-sample` shows what is left to score.

**What may go wrong.** `Refused`: nothing was kept; the run's message says why, and who could score or which case.

Clauses: 5.1.1.
"""

from __future__ import annotations

from prefect import flow
from prefect.states import State

from tasks.kpis import now_utc
from tasks.quality import QualityForm, as_scored, keep_qa_scores, keep_score, publish_quality_sample


@flow(name="score-quality", flow_run_name="{scoring.case} · {scoring.by} · score", description=__doc__)
def score_quality(scoring: QualityForm) -> State[None]:
    """Keep the score, show what is left; the module's manual says what each means."""
    verdict = keep_score(scoring)
    now = now_utc()
    keep_qa_scores(now)
    publish_quality_sample(now)
    return as_scored(verdict)
