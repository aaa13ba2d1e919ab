"""Who may be given a Priority customer's case: the six criteria of clause 5.1.1, and who is on duty.

Days and months are those of Asia/Jakarta; moments are timezone-aware UTC.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from dateutil.relativedelta import relativedelta

from models.unit_hours import JAKARTA
from models.work_instruction import EligibilityRules

SKILLS = ("analytical", "second_layer_apps", "complaint_handling", "social_media")
"""The skills that are assessed, of 100."""


@dataclass(frozen=True, slots=True)
class Agent:
    """One of the desk's staff. `role` is agent, team_leader, pic or supervisor.

    `qa_scores` maps the first day of a month to (score, target); `assessments` maps a skill to (score, day assessed);
    `shifts` are stretches of duty (start included, end excluded).
    """

    code: str
    name: str
    role: str
    joined_on: date
    capacity: int
    social_handle: str | None
    away_until: datetime | None
    qa_scores: Mapping[date, tuple[float, float]] = field(default_factory=dict)
    assessments: Mapping[str, tuple[float, date]] = field(default_factory=dict)
    shifts: Sequence[tuple[datetime, datetime]] = ()
    left: bool = False
    """No longer on the staff list; what they did stays theirs."""


@dataclass(frozen=True, slots=True)
class EligibilityVerdict:
    """Whether an agent meets all of 5.1.1: `failed` names the criteria missed, `reasons` has a sentence for each."""

    eligible: bool
    failed: tuple[str, ...]
    reasons: tuple[str, ...]
    clause: str = "5.1.1"


def eligibility(agent: Agent, now: datetime, rules: EligibilityRules) -> EligibilityVerdict:
    """Judge an agent at `now` (UTC) by role and the six criteria of clause 5.1.1."""
    today = now.astimezone(JAKARTA).date()
    skills = (
        ("analytical power", "analytical", rules.analytical_at_least),
        ("2nd-layer applications", "second_layer_apps", rules.second_layer_apps_at_least),
        ("sense of complaint handling", "complaint_handling", rules.complaint_handling_at_least),
    )
    checks = [
        ("role", _role(agent)),
        ("on the staff list", "has left." if agent.left else None),
        ("tenure", _tenure(agent, today, rules)),
        ("QA score", _qa(agent, today, rules)),
        *((name, _skill(agent, skill, least, today)) for name, skill, least in skills),
        ("active social-media user", _social(agent, today, rules)),
    ]
    missed = [(name, reason) for name, reason in checks if reason]
    return EligibilityVerdict(not missed, tuple(n for n, _ in missed), tuple(f"5.1.1: {r}" for _, r in missed))


def on_duty(agent: Agent, now: datetime) -> bool:
    """True when a shift covers `now` (UTC) and the person is neither away nor gone for good."""
    return not agent.left and not is_away(agent, now) and any(starts <= now < ends for starts, ends in agent.shifts)


def on_duty_or_all(staff: Sequence[Agent], now: datetime) -> list[str]:
    """The codes of those on duty at `now` (UTC), or of all where nobody is: somebody has to know."""
    return [person.code for person in staff if on_duty(person, now)] or [one.code for one in staff if not one.left]


def is_away(agent: Agent, now: datetime) -> bool:
    """True while the person is marked away (leave, sickness)."""
    return agent.away_until is not None and agent.away_until > now


def latest_complete_months(today: date, count: int) -> tuple[date, ...]:
    """The first days of the `count` months before the running one, latest first."""
    return tuple(today.replace(day=1) - relativedelta(months=back) for back in range(1, count + 1))


def _role(agent: Agent) -> str | None:
    return None if agent.role == "agent" else f"is a {agent.role.replace('_', ' ')}, not an agent."


def _tenure(agent: Agent, today: date, rules: EligibilityRules) -> str | None:
    # relativedelta counts from a month's last day to a shorter month's last day: 31 August + 6 is 28 or 29 February.
    reached = agent.joined_on + relativedelta(months=rules.tenure_months_over)
    if today > reached:
        return None
    return f"joined on {agent.joined_on}; tenure is over {rules.tenure_months_over} months only after {reached}."


def _qa(agent: Agent, today: date, rules: EligibilityRules) -> str | None:
    months = latest_complete_months(today, rules.qa_consecutive_months)
    missing = [f"{month:%Y-%m}" for month in months if month not in agent.qa_scores]
    below = []
    for month in months:
        score, target = agent.qa_scores.get(month, (0.0, 0.0))
        if not score >= target:  # written so that NaN does not pass
            below.append(f"{month:%Y-%m} ({score:g} of {target:g})")
    if not missing and not below:
        return None
    parts = ([f"missing for {', '.join(missing)}"] if missing else []) + (
        [f"below target in {', '.join(below)}"] if below else []
    )
    return f"QA score {' and '.join(parts)}; it must be reached in {rules.qa_consecutive_months} consecutive months."


def _skill(agent: Agent, skill: str, at_least: float, today: date) -> str | None:
    label = skill.replace("_", " ")
    if skill not in agent.assessments:
        return f"{label} was never assessed; it must be at least {at_least:g}."
    score, assessed_on = agent.assessments[skill]
    if assessed_on > today:
        return f"{label} is assessed only on {assessed_on}."
    return None if score >= at_least else f"{label} was assessed {score:g}; it must be at least {at_least:g}."


def _social(agent: Agent, today: date, rules: EligibilityRules) -> str | None:
    if not (agent.social_handle or "").strip():
        return "has no social-media account on record."
    return _skill(agent, "social_media", rules.social_media_at_least, today)
