"""Who may link two accounts or undo it, and what a refusal says (5.2.1)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pydantic import TypeAdapter, ValidationError

from models.account_links import LinkChange, PairStand, judge_link
from models.desk_rules import Person
from tasks.review_forms import AccountForm, LinkAccounts, UnlinkAccounts
from tests.unit.test_account_reviews import AGENT, DECIDERS, LEADER, SUPERVISOR

LINK = LinkChange(12, 34, "TL1", "Disebut sendiri di percakapan")
UNLINK = LinkChange(34, 12, "TL1", ends=True)
APART = PairStand({12: False, 34: False})
LINKED = replace(APART, link_id=3)


@pytest.mark.parametrize("person", [LEADER, SUPERVISOR])
@pytest.mark.parametrize(("change", "stand"), [(LINK, APART), (UNLINK, LINKED)])
def test_a_leader_or_a_supervisor_links_and_unlinks(change: LinkChange, stand: PairStand, person: Person) -> None:
    verdict = judge_link(change, stand, person, DECIDERS)
    assert (verdict.refusal, verdict.clause) == (None, "5.2.1")


@pytest.mark.parametrize(
    ("change", "stand", "person", "why"),
    [
        (LINK, APART, None, "by: nobody here has that staff code; give yours."),
        (UNLINK, LINKED, AGENT, "by: A01 is an agent. It could be done by a team leader or a supervisor (S01, TL1"),
        (LINK, PairStand({34: False}), LEADER, "account: there is no K-000012"),
        (LINK, PairStand({12: False}), LEADER, "other: there is no K-000034"),
        (UNLINK, PairStand({34: False}), LEADER, "linked: there is no K-000012"),
        (LINK, PairStand({12: False, 34: True}), LEADER, "other: K-000034 is anonymised (clause 6)"),
        (replace(LINK, other_id=12), APART, LEADER, "other: K-000012 is the same account"),
        (replace(UNLINK, other_id=34), APART, LEADER, "linked: K-000034 is the same account"),
        (LINK, LINKED, LEADER, "other: K-000034 is linked to K-000012 already."),
        (UNLINK, APART, LEADER, "linked: K-000012 is not linked to K-000034; there is nothing to undo."),
        (replace(LINK, reason=" \n"), APART, LEADER, "reason: is missing"),
    ],
)
def test_what_is_refused_names_the_field(change: LinkChange, stand: PairStand, person: Person | None, why: str) -> None:
    assert why in (judge_link(change, stand, person, DECIDERS).refusal or "")


def test_the_forms_say_what_is_meant_and_want_a_number() -> None:
    forms = TypeAdapter(AccountForm)
    given = {"account": "K-000012", "by": "TL1"}
    link = forms.validate_python({**given, "do": "link", "other": "K-000034", "link_because": LINK.reason})
    assert isinstance(link, LinkAccounts)
    assert link.change() == LINK
    unlink = forms.validate_python({**given, "do": "unlink", "account": "K-000034", "linked": "K-000012"})
    assert isinstance(unlink, UnlinkAccounts)
    assert unlink.change() == UNLINK
    for wrong in ({"do": "link", "link_because": "ya"}, {"do": "unlink"}, {"do": "unlink", "linked": "@wati"}):
        with pytest.raises(ValidationError, match=r"other|linked"):
            forms.validate_python(given | wrong)
