"""Links to the desk's forms, filled in: what the UI needs to open the right tab with the right values (DESIGN 9)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from models.cases import case_number
from models.desk_rules import ACTIONS, AGENT, LEADER, CaseStand

OWN_FIELDS: dict[str, dict[str, Any]] = {
    "accept": {},
    "reply": {"text": "", "then": "go_on"},
    "note": {"note": ""},
    "ask_leader": {"question": ""},
    "hand_to_pic": {"for_the_pic": ""},
    "wait_for_customer": {"waiting_for": ""},
    "customer_says": {"solved": True},
    "resolve": {"solution": ""},
    "close": {"closing_note": ""},
    "reopen": {"reopened_because": ""},
    "advise": {"advice": "", "suggested_answer": ""},
    "take_over": {"why_taken_over": ""},
    "give_back": {"for_the_agent": ""},
    "declare_hard": {"hard_because": ""},
    "withdraw_hard": {"not_hard_because": ""},
    "tick_steps": {"steps": []},
    "reassign": {"to_agent": ""},
}
"""The fields by which the UI knows a form from the others, as they stand in an untouched form."""

REVIEW_FIELDS: dict[str, dict[str, Any]] = {
    "decide_priority": {"priority_because": ""},
    "decide_regular": {"regular_because": ""},
    "undo": {"decision": ""},
    "release": {"release_because": ""},
    "drop": {"drop_because": ""},
}
"""The same of the forms of `review-account` and of `review-quarantine`."""


@dataclass(frozen=True, slots=True)
class Forms:
    """Where the forms of the desk are: the UI's address and the id of the deployment `handle-case/desk`.

    Without a deployment there are no links.
    """

    ui_url: str
    deployment_id: str | None

    def link(self, name: str, case: CaseStand, leader: str | None = None, **fields: Any) -> str:
        """A link to the form of an action on a case, filled in; markdown. `leader` is the team leader on duty."""
        rule = ACTIONS[name]
        if self.deployment_id is None:
            return rule.label
        by = case.handler if AGENT in rule.handler else None
        if LEADER in rule.anyone and by is None:
            by = leader or case.team_leader
        if LEADER in rule.handler and AGENT not in rule.handler:
            by = case.team_leader
        values: dict[str, Any] = {"do": name, "case": case_number(case.id), "by": by or "", "as_seen": case.version}
        values |= OWN_FIELDS[name] | fields
        return f"[{rule.label}]({run_form(self.ui_url, self.deployment_id, {'action': values})})"

    def case_file(self, case_id: int) -> str:
        """A link to a case's file; markdown."""
        number = case_number(case_id)
        return f"[{number}]({self.ui_url}/artifacts/key/{case_artifact_key(case_id)})"


@dataclass(frozen=True, slots=True)
class ReviewForms:
    """Where the forms of `review-account` or of `review-quarantine` are; without a deployment there are no links.

    `parameter` is the name of the flow's parameter that the form fills.
    """

    ui_url: str
    deployment_id: str | None
    parameter: str

    def link(self, label: str, do: str, **fields: Any) -> str:
        """A link to a form, filled in but for who decides and why; markdown."""
        if self.deployment_id is None:
            return label
        values = {"do": do, "by": ""} | REVIEW_FIELDS[do] | fields
        return f"[{label}]({run_form(self.ui_url, self.deployment_id, {self.parameter: values})})"

    def case_file(self, case_id: int) -> str:
        """A link to a case's file; markdown."""
        return Forms(self.ui_url, None).case_file(case_id)


def run_form(ui_url: str, deployment_id: str, parameters: dict[str, Any]) -> str:
    """The address of a deployment's run form, filled in."""
    given = quote(quote(json.dumps(parameters, ensure_ascii=False), safe=""), safe="")
    return f"{ui_url}/deployments/deployment/{deployment_id}/run?parameters={given}"


def profile_link(platform: str, external_id: str) -> str | None:
    """Where an account's profile is, by its id: a handle may be given to somebody else. None where that is unknown."""
    if not (external_id.isascii() and external_id.isdigit()):
        return None
    return f"https://x.com/i/user/{external_id}" if platform == "x" else f"https://www.facebook.com/{external_id}"


def case_artifact_key(case_id: int) -> str:
    """The artifact key of a case's file: `case-c-000123`."""
    return f"case-{case_number(case_id).lower()}"
