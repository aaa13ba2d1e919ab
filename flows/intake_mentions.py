"""Pulls what is said to and about the watched accounts, finds the priority customers who complain, and gives each
case to a qualified agent.

**Trigger.** Every minute (every 15 s in the sandbox), never two at once. By hand as `backfill`, with `since` and
`until`, to pull a stretch of time again.

**What it does.** Registers the work instruction if it is a new revision (clause 7). For each care and BOD account
(clause 5.3.1): pulls the mentions since the last one, a quarter of an hour overlapping because some are indexed late;
checks every page with Great Expectations, bad rows go to quarantine with their reasons and the rest go on; stores each
mention once and reads its text. Then it judges the accounts (clause 5.2.1: a person's decision, the BOD list, the
registry, the profile), opens a case or joins the one that is open, assigns agents who meet all six criteria and are on
duty (clause 5.1.1), and tells them.

**What it leaves.** The artifacts `intake-summary` (what came in and what became of it) and `cases-opened` (which
cases, and why: priority, complaint, agent, each with its clause). The journal has every decision.

**What may go wrong.** A platform that is down, slow or rate-limited delays only its own accounts: the summary says
which, and until when; nothing is lost, the next run goes on from the same place. `credentials refused` or `credits
depleted` need a person: renew the token in the block named in the message, or buy reads. A run that crashed needs
nothing: the next one finishes its work. `raise the revision`: `data/work_instruction.yaml` was changed under the
number it had; nothing is pulled until it has a new one. Nobody eligible on duty: the case is with the team leader, the
supervisor is told.

Clauses: 4.1, 5.1.1, 5.2.1, 5.3.1, 5.3.2, 7.
"""

from __future__ import annotations

from datetime import UTC, datetime

from prefect import flow

from models.intake_plan import IntakeRequest
from models.unit_hours import JAKARTA
from tasks.case_events import tell_prefect
from tasks.desk import assign_agents, open_cases, refresh_profiles
from tasks.intake import fail_on_defects, plan_intake, pulled, take_in_account
from tasks.notices import deliver_notices
from tasks.reports import publish_intake_report
from tasks.revisions import register_instruction


def _run_name() -> str:
    return f"intake {datetime.now(JAKARTA):%d %b %H:%M:%S} WIB"


@flow(name="intake-mentions", flow_run_name=_run_name, description=__doc__, validate_parameters=True)
def intake_mentions(request: IntakeRequest = IntakeRequest()) -> None:  # noqa: B008 (frozen)
    """Pull, recognise, open, assign, tell, report; the module's manual says what each means."""
    started_at = datetime.now(UTC)
    register_instruction()
    plan = plan_intake(request)
    asked = [(poll, take_in_account.submit(poll)) for poll in plan.polls]
    pulls = [pulled(poll, pull) for poll, pull in asked] + list(plan.waiting)
    missing_profiles = refresh_profiles()
    openings = open_cases()
    assignment = assign_agents()
    notices = deliver_notices()
    tell_prefect()
    publish_intake_report(started_at, pulls, missing_profiles, openings, assignment, notices)
    fail_on_defects(pulls)
