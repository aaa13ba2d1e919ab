"""Explains how a text is read or a profile is judged: every span that counted and by how much.

**Trigger.** By hand: run `desk`, choose a text or a profile and type it in. Nothing is stored with the desk's records.

**What it does.** Reads the text with the lexicons in force, in the context you give, or judges the profile by itself:
a person's decision, the BOD list and the registry, which go before the profile, are not asked.

**What it leaves.** The artifact `explained-text` or `explained-profile`: the verdict, the words that counted, with the
analysts' weight and what was learned from the labelled sample, and the sums they make. It and the run keep what you
typed: type no more of a real customer than is needed.

**What may go wrong.** Nothing of the desk's. The same on the command line: `python -m deployments.explain`.

Clauses: 5.2.1, 5.3.1, 5.3.2c.
"""

from __future__ import annotations

from prefect import flow

from tasks.recognition import explain
from tasks.recognition_forms import ExplainForm


@flow(name="explain-recognition", flow_run_name="{what.do} explained", description=__doc__)
def explain_recognition(what: ExplainForm) -> str:
    """Explain; returns the artifact's key."""
    return explain(what)
