"""Decisions about accounts and about refused rows, walked on a real Prefect server: what a person does changes what
intake does next (5.2.1, 5.3.1)."""

from __future__ import annotations

from functools import partial
from typing import Any

from prefect.artifacts import Artifact
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey
from prefect.client.schemas.objects import State
from prefect.client.schemas.sorting import ArtifactSort

from flows.intake_mentions import intake_mentions
from flows.review_account import review_account
from flows.review_quarantine import review_quarantine
from models.accounts import AccountReviewRow, AccountRow, account_number
from models.cases import CaseRow
from models.journal import JournalRow
from models.mention_rows import MentionRow, QuarantinedRow
from models.quarantine import row_number
from tasks.account_reviews import publish_candidates
from tasks.follow_ups import client
from tasks.quarantine import publish_quarantine
from tests.conftest import Desk
from tests.desk import CUSTOMER, a_leader, agent_of, opened_case
from tests.follow_ups import at_once
from tests.support import COMPLAINT, how_many, rows

REGULAR = "mamahdanish"


def decide(do: str, account_id: int, by: str, **fields: Any) -> State[None]:
    """Submit a form of `review-account` as a real flow run; the state it ended in."""
    return review_account({"do": do, "account": account_number(account_id), "by": by, **fields}, return_state=True)


def settle(do: str, row_id: int, by: str, **fields: Any) -> State[None]:
    """Submit a form of `review-quarantine` as a real flow run; the state it ended in."""
    return review_quarantine({"do": do, "row": row_number(row_id), "by": by, **fields}, return_state=True)


def account(desk: Desk, handle: str) -> dict[str, Any]:
    return next(row for row in rows(desk.engine, AccountRow) if row["handle"] == handle)


def artifact(key: str) -> Artifact:
    found = Artifact.get(key, _sync=True)
    assert found is not None
    return found


def test_a_persons_word_changes_what_intake_does(desk: Desk) -> None:
    opened_case(desk)
    leader, mine = a_leader(desk), account(desk, CUSTOMER)
    made = decide("decide_regular", mine["id"], leader, regular_because="Akun <b>tiruan</b>")
    assert made.is_completed()
    assert made.message == "K-000001 is regular from now on, by decision R-000001."
    desk.sandbox.state.post_mention(f"{COMPLAINT} lagi", by=CUSTOMER)
    intake_mentions()
    assert how_many(desk.engine, CaseRow) == 1
    assert "regular" in str(artifact("candidates").data)
    undone = decide("undo", mine["id"], leader, decision="R-000001")
    assert undone.is_completed()
    assert "it is priority. Recent complaints that the next intake takes up: 1." in (undone.message or "")
    intake_mentions()
    assert how_many(desk.engine, CaseRow) == 2
    assert [row["undone_by"] for row in rows(desk.engine, AccountReviewRow)] == [leader]
    events = [row["event"] for row in rows(desk.engine, JournalRow)]
    assert [events.count(one) for one in ("account_decided", "account_decision_undone")] == [1, 1]


def test_a_complaint_of_somebody_found_to_be_priority_becomes_a_case(desk: Desk) -> None:
    desk.sandbox.state.post_mention(COMPLAINT, by=REGULAR)
    intake_mentions()
    assert how_many(desk.engine, CaseRow) == 0
    found = decide(
        "decide_priority", account(desk, REGULAR)["id"], "S01", category="bod", priority_because="Daftar direksi"
    )
    assert found.is_completed()
    intake_mentions()
    (case,) = rows(desk.engine, CaseRow)
    assert (case["priority_status"], case["status"]) == ("priority", "assigned")


def test_two_accounts_of_a_person_are_linked_and_unlinked_by_form(desk: Desk) -> None:
    opened_case(desk)
    desk.sandbox.state.post_mention(COMPLAINT, by=REGULAR)
    intake_mentions()
    one, other = account(desk, CUSTOMER)["id"], account_number(account(desk, REGULAR)["id"])
    wanted = {"other": other, "link_because": "Disebut sendiri"}
    made = decide("link", one, "TL1", **wanted)
    assert made.is_completed()
    assert f"{account_number(one)} and {other} are linked from now on." in (made.message or "")
    again = decide("link", one, "S01", **wanted)
    assert (again.name, again.message) == ("Refused", f"other: {other} is linked to {account_number(one)} already.")
    assert decide("unlink", one, "S01", linked=other).is_completed()
    assert decide("unlink", one, "S01", linked=other).name == "Refused"
    events = [row["event"] for row in rows(desk.engine, JournalRow)]
    assert [events.count(event) for event in ("account_linked", "account_link_undone")] == [2, 2]


def test_who_may_not_decide_is_told_why_and_nothing_is_done(desk: Desk) -> None:
    opened = opened_case(desk)
    agent = agent_of(desk, opened["id"])
    refused = decide("decide_regular", 1, agent, regular_because="Bukan")
    assert refused.name == "Refused"
    assert f"by: {agent} is an agent. It could be done by a team leader or a supervisor (S01, TL1" in (
        refused.message or ""
    )
    assert how_many(desk.engine, AccountReviewRow) == 0
    assert settle("drop", 1, "TL1", drop_because="Iklan").name == "Refused"


def test_two_people_at_once_are_both_heard_and_the_last_one_holds(desk: Desk) -> None:
    opened_case(desk)
    ends = at_once(
        partial(decide, "decide_regular", 1, "TL1", regular_because="Tiruan"),
        partial(decide, "decide_priority", 1, "TL2", category="government", priority_because="Terverifikasi"),
    )
    assert [end.name for end in ends] == ["Completed", "Completed"]
    first, last = rows(desk.engine, AccountReviewRow)
    assert {first["by"], last["by"]} == {"TL1", "TL2"}
    mine = account(desk, CUSTOMER)
    assert (mine["decided_by"], mine["priority_status"]) == (last["by"], last["status"])


def test_a_refused_row_is_released_by_form_and_becomes_a_case(desk: Desk) -> None:
    desk.sandbox.state.post_mention("   ", by="Retno Puspaningrum", platform="facebook")
    intake_mentions()
    (row,) = rows(desk.engine, QuarantinedRow)
    assert row["watched_account_id"]
    again = settle("release", row["id"], "TL1", release_because="Ada fotonya")
    assert again.name == "Refused"
    assert "is refused again and stays" in (again.message or "")
    released = settle("release", row["id"], "TL1", release_because="Ada fotonya", text="internet mati total dari pagi")
    assert released.is_completed()
    assert "# 0 rows wait for a decision" in str(artifact("quarantine").data)
    for _ in range(2):  # pulled again, it is neither refused again nor another mention
        intake_mentions()
    (kept,), (after,) = rows(desk.engine, MentionRow), rows(desk.engine, QuarantinedRow)
    assert (after["outcome"], after["mention_id"]) == ("released", kept["id"])
    assert kept["text"] == "internet mati total dari pagi"
    assert kept["disposition"]
    assert settle("drop", row["id"], "S01", drop_because="Iklan").name == "Refused"


def test_the_boards_are_written_only_when_something_has_changed(desk: Desk) -> None:
    desk.sandbox.state.post_mention("   ", by="Retno Puspaningrum", platform="facebook")
    opened_case(desk)

    def written() -> list[Any]:
        publish_candidates()
        publish_quarantine()
        wanted = ArtifactFilter(key=ArtifactFilterKey(any_=["candidates", "quarantine"]))
        with client() as prefect:
            found = prefect.read_artifacts(artifact_filter=wanted, sort=ArtifactSort.CREATED_DESC, limit=200)
        return [(one.id, one.updated) for one in found]

    first = written()
    assert written() == first
    decide("decide_regular", 1, "TL1", regular_because="Tiruan")
    second = written()
    assert second != first
    assert written() == second
