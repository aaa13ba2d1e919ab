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
        given = quote(quote(json.dumps({"action": values}, ensure_ascii=False), safe=""), safe="")
        return f"[{rule.label}]({self.ui_url}/deployments/deployment/{self.deployment_id}/run?parameters={given})"

    def case_file(self, case_id: int) -> str:
        """A link to a case's file; markdown."""
        number = case_number(case_id)
        return f"[{number}]({self.ui_url}/artifacts/key/{case_artifact_key(case_id)})"


def case_artifact_key(case_id: int) -> str:
    """The artifact key of a case's file: `case-c-000123`."""
    return f"case-{case_number(case_id).lower()}"
