"""The artifact `quality-sample`: which cases of each agent are to be scored, how they conformed, what came of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from models.cases import case_number
from models.form_links import Forms, run_form
from models.quality import QualityRules, Sampled
from models.unit_hours import JAKARTA

HEAD = "| agent | month | case | instruction followed | score | |"


def quality_markdown(
    samples: Sequence[Sampled],
    conformed: Mapping[int, tuple[int, int]],
    rules: QualityRules,
    forms: Forms,
    now: datetime,
) -> str:
    """`conformed` has of each case how many of the steps demanded were followed; `forms` lead to `score-quality`."""
    left = sum(len(one.case_ids) - len(one.scores) for one in samples)
    lines = [
        f"# {left} cases to score",
        "",
        f"Of each agent {rules.cases_a_month} closed cases a month, chosen by chance (5.1.1). Once all are scored and "
        f"the month is over, their mean is the agent's QA score, to reach {rules.target:g}. As of "
        f"{now.astimezone(JAKARTA):%d %b %Y %H:%M} WIB.",
        "",
    ]
    if not samples:
        return "\n".join([*lines, "No case has been closed in these months."])
    lines += [HEAD, "|---|---|---|---|---|---|"]
    for one in samples:
        result = "" if one.result is None else f"**{one.result:.1f}** in all"
        lines.append(f"| **{one.agent}** | {one.month:%B %Y} | {len(one.case_ids)} cases | | {result} | |")
        for case_id in one.case_ids:
            done, of = conformed.get(case_id, (0, 0))
            score = one.scores.get(case_id)
            cells = ("", "", forms.case_file(case_id), f"{done} of {of}", "–" if score is None else f"{score:g}")
            lines.append(f"| {' | '.join(cells)} | {'' if score is not None else _score_it(forms, case_id)} |")
    return "\n".join(lines)


def _score_it(forms: Forms, case_id: int) -> str:
    if forms.deployment_id is None:
        return "score it"
    values = {"case": case_number(case_id), "by": ""}
    return f"[score it]({run_form(forms.ui_url, forms.deployment_id, {'scoring': values})})"
