"""Retention, holds and data requests as flow runs on a real Prefect server, with what Prefect keeps of the desk."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from prefect import tags
from prefect.artifacts import Artifact
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterStartTime
from prefect.client.schemas.objects import State
from prefect.states import Pending
from sqlalchemy import update

from flows.answer_data_request import answer_data_request
from flows.apply_retention import apply_retention
from flows.hold_case import hold_case
from flows.intake_mentions import intake_mentions
from flows.watch_cases import watch_cases
from models.account_erasure import erasure_digest
from models.accounts import AccountRow, WatchedAccountRow
from models.cases import CaseRow, InteractionRow, case_number
from models.database import write_transaction
from models.journal import JournalRow
from models.legal_holds import LegalHoldRow
from models.mention_rows import MentionRow
from tasks import data_requests, prefect_records, retention
from tasks.follow_ups import client
from tasks.records_forms import Erasure, RetentionRequest
from tasks.settings import Settings
from tests.conftest import Desk
from tests.desk import CUSTOMER, act, agent_of, case, opened_case, people
from tests.kept import dump, numbers, put_listing, text_of
from tests.support import COMPLAINT, rows, wait_for

WORDS = "Mohon maaf Bapak Bima, kami periksa."
YEARS = timedelta(days=500)


@pytest.fixture(autouse=True)
def _settled_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs that have just ended count as ended for long."""
    monkeypatch.setattr(prefect_records, "SETTLED", timedelta(seconds=-5))


def supervisor(desk: Desk) -> str:
    return people(desk).told("supervisor")[0]


def closed_case(desk: Desk, **post: Any) -> dict[str, Any]:
    """A case opened by a mention, answered and closed by its agent, all by forms."""
    with tags("care"):
        opened = opened_case(desk, **post)
        agent = agent_of(desk, opened["id"])
        assert act("reply", opened["id"], agent, text=WORDS, then="resolve").is_completed()
        assert act("close", opened["id"], agent, closing_note="Tuntas, pelanggan senang").is_completed()
        watch_cases()
    return case(desk, opened["id"])


def long_ago(desk: Desk, case_id: int, span: timedelta = YEARS) -> None:
    """As if a case and what was said in it were so much older."""
    closed = case(desk, case_id)["closed_at"]
    with write_transaction(desk.engine) as connection:
        connection.execute(update(CaseRow).where(CaseRow.id == case_id).values(closed_at=closed - span))
        mine = update(MentionRow).where(MentionRow.case_id == case_id)
        connection.execute(mine.values(posted_at=closed - span))
        seen = update(AccountRow).where(AccountRow.id == case(desk, case_id)["account_id"])
        connection.execute(seen.values(profile_at=closed - span))
        connection.execute(
            update(WatchedAccountRow).values(polled_at=datetime.now(UTC), reconciled_at=datetime.now(UTC))
        )


def retain(**request: Any) -> State[None]:
    return apply_retention(RetentionRequest(**request), return_state=True)


def hold(desk: Desk, do: str, case_id: int, by: str) -> State[None]:
    why = {"place": {"reason": "Sengketa"}, "lift": {"lifted_because": "Selesai"}}[do]
    return hold_case({"do": do, "case": case_number(case_id), "by": by, **why}, return_state=True)  # type: ignore[arg-type]


def ask(desk: Desk, do: str, account: str, **given: Any) -> State[None]:
    asked = {"do": do, "account": account, "by": supervisor(desk), **given}
    return answer_data_request(asked, return_state=True)  # type: ignore[arg-type]


def artifact(key: str) -> str:
    found = Artifact.get(key, _sync=True)
    return str(found.data) if found else ""


def runs_of(desk: Desk, case_id: int) -> list[dict[str, Any]]:
    """What Prefect keeps of the forms by which people acted on a case of this desk; others on the server had theirs."""
    since = FlowRunFilterStartTime.model_validate({"after_": desk.opened_at})
    with client() as prefect:
        runs = prefect.read_flow_runs(flow_run_filter=FlowRunFilter(start_time=since))
        return [run.parameters for run in runs if case_number(case_id) in json.dumps(run.parameters)]


def test_retention_looks_then_does_and_leaves_what_is_held(desk: Desk) -> None:
    closed = closed_case(desk)
    long_ago(desk, closed["id"])
    chief, before = supervisor(desk), dump(desk.engine)
    looked = retain()
    assert looked.is_completed()
    assert "DRY RUN: nothing was changed" in str(looked.message)
    assert "# Retention · DRY RUN: nothing was changed" in artifact("retention")
    assert "| cases | 400 days | closed | anonymise | 1 | – |" in artifact("retention")
    assert dump(desk.engine) == before
    for by in ("", agent_of(desk, closed["id"]), "Z99"):
        state = retain(dry_run=False, by=by)
        assert (state.name, dump(desk.engine)) == ("Refused", before)

    assert hold(desk, "place", closed["id"], agent_of(desk, closed["id"])).name == "Refused"
    assert hold(desk, "place", closed["id"], chief).is_completed()
    assert hold(desk, "place", closed["id"], chief).name == "Refused"
    held = retain(dry_run=False, by=chief)
    assert held.is_completed(), held.message
    assert case(desk, closed["id"])["anonymised_at"] is None
    assert f"{case_number(closed['id'])} since" in artifact("retention")
    assert runs_of(desk, closed["id"])
    assert WORDS in text_of(dump(desk.engine))

    assert hold(desk, "lift", closed["id"], chief).is_completed()
    sums = numbers(dump(desk.engine))
    done = retain(dry_run=False, by=chief)
    assert done.is_completed(), done.message
    assert "# Retention · Done" in artifact("retention")
    left = dump(desk.engine)
    assert numbers(left) == sums | {"legal_holds": numbers(left)["legal_holds"]}
    told = text_of({name: held for name, held in left.items() if name not in {"priority_listings"}})
    for gone in (WORDS, "Tuntas, pelanggan senang", COMPLAINT, CUSTOMER, "Sengketa"):
        assert gone not in told, gone
    assert artifact("case-c-000001") == ""
    assert [form for form in runs_of(desk, closed["id"]) if "action" in form] == []
    applied = [row for row in rows(desk.engine, JournalRow) if row["event"] == "retention_applied"]
    assert [row["detail"]["rows"] for row in applied if row["detail"]["type"] == "cases"] == [0, 1]
    assert {row["actor"] for row in applied} == {chief}
    watch_cases()
    assert artifact("case-c-000001") == ""  # nothing new is made of what was forgotten
    assert retain(dry_run=False, by=chief).is_completed()
    again = numbers(dump(desk.engine))
    moved = {"units", "told_events", "watched_accounts"}  # by watch-cases
    assert {name for name, held in again.items() if held != numbers(left)[name]} <= moved


def test_the_nightly_run_needs_nobody(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention.deployment, "get_name", lambda: retention.NIGHTLY)
    by_hand = retain(dry_run=False, types=["mentions"])  # no schedule has made it
    assert (by_hand.name, "retention_applied" in text_of(dump(desk.engine))) == ("Refused", False)
    monkeypatch.setattr(retention, "by_schedule", lambda _run_id: True)
    assert retain(dry_run=False, types=["mentions", "answered_requests"]).is_completed()
    assert "WIB, carried out (clause 6)" in artifact("retention")
    assert "| cases |" not in artifact("retention")


def test_old_runs_and_artifacts_go_and_those_of_others_stay(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    closed = closed_case(desk)
    with client() as prefect:
        waiting = prefect.create_flow_run(watch_cases, state=Pending(), tags=["care"])
        others = prefect.create_flow_run(watch_cases, state=Pending())
    soon = datetime.now(UTC) + timedelta(minutes=1)
    nothing_held = prefect_records.OfCases()
    held = prefect_records.OfCases(keys=frozenset({"case-c-000001"}))
    with desk.engine.connect() as connection:
        mine = prefect_records.of_cases(connection, CaseRow.id == closed["id"])
    named = [case_number(closed["id"])]  # of a held case nothing goes with somebody else's erasure
    assert mine.runs & set(prefect_records.runs_naming(named, nothing_held))
    assert not mine.runs & set(prefect_records.runs_naming(named, mine))
    due = prefect_records.old_artifacts(soon, held)
    assert (due.due, due.exempt) >= (0, 1)
    before = prefect_records.old_runs(soon, nothing_held)
    assert before.due >= 4
    assert prefect_records.delete_old_runs(soon, nothing_held) == before.due
    assert prefect_records.old_runs(soon, nothing_held).due == 0
    assert prefect_records.delete_old_artifacts(soon, held) == due.due
    assert artifact("case-c-000001")
    prefect_records.delete_old_artifacts(soon, nothing_held)
    assert artifact("case-c-000001") == ""
    assert artifact("live-board")  # the latest of each board stays
    assert [form for form in runs_of(desk, closed["id"]) if "action" in form] == []
    with client() as prefect:
        assert all(prefect.read_flow_run(run.id).state for run in (waiting, others))


def test_access_gives_everything_as_one_file(desk: Desk) -> None:
    closed = closed_case(desk)
    answered = ask(desk, "access", f"@{CUSTOMER.upper()}")
    assert answered.is_completed(), answered.message
    (path,) = (Settings().home / "requests").iterdir()
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert CUSTOMER not in path.name
    given = json.loads(path.read_text("utf-8"))
    assert given["about"]["account"] == f"K-{closed['account_id']:06d}"
    assert set(given["about"]["parts"]) == set(given) - {"about"}
    assert WORDS in [one["text"] for one in given["interactions"]]
    assert given["account"][0]["handle"] == CUSTOMER
    assert given["journal"][-1]["event"] != "data_access_given"
    assert str(path) in artifact("data-request")
    told = rows(desk.engine, JournalRow)[-1]
    assert (told["event"], told["account_id"]) == ("data_access_given", closed["account_id"])
    for words in (CUSTOMER, CUSTOMER.upper(), WORDS):
        assert words not in artifact("data-request")
    with client() as prefect:
        run = prefect.read_flow_run(answered.state_details.flow_run_id)
    assert run.parameters["request"]["account"] == given["about"]["account"]
    assert CUSTOMER.upper() not in run.name
    assert ask(desk, "access", "@nobody").name == "Refused"
    agent = {"do": "access", "account": CUSTOMER, "by": agent_of(desk, closed["id"])}
    assert answer_data_request(agent, return_state=True).name == "Refused"  # type: ignore[arg-type]


def test_erasure_is_shown_then_done_with_proof(desk: Desk) -> None:
    with tags("care"):
        opened = opened_case(desk, at=datetime.now(UTC) - timedelta(hours=2))
    refused = ask(desk, "erasure", CUSTOMER, confirm=True)
    assert refused.name == "Refused"
    assert case_number(opened["id"]) in str(refused.message)
    with tags("care"):
        assert act("reply", opened["id"], agent_of(desk, opened["id"]), text=WORDS, then="resolve").is_completed()
        assert act("close", opened["id"], agent_of(desk, opened["id"])).is_completed()
        watch_cases()
    assert "would come back" in str(ask(desk, "erasure", CUSTOMER, confirm=True).message)
    with write_transaction(desk.engine) as connection:  # as after the search that looks for lost mentions
        connection.execute(update(WatchedAccountRow).values(reconciled_at=datetime.now(UTC)))
    with tags("care"):
        assert ask(desk, "access", CUSTOMER).is_completed()
    before = dump(desk.engine)
    looked = ask(desk, "erasure", CUSTOMER)
    assert looked.is_completed()
    assert "DRY RUN" in artifact("data-request")
    assert dump(desk.engine) == before
    known = next(row for row in before["accounts"] if row["id"] == opened["account_id"])["external_id"]
    put_listing(desk.engine, known)

    done = ask(desk, "erasure", CUSTOMER, confirm=True, erased_because="consent_withdrawn")
    assert done.is_completed(), done.message
    left = dump(desk.engine)
    told = text_of({name: held for name, held in left.items() if name != "priority_listings"})
    for gone in (WORDS, COMPLAINT, CUSTOMER, known):
        assert gone not in told, gone
    assert numbers(left)["interactions"] == numbers(before)["interactions"]
    proof = next(row for row in left["journal"] if row["event"] == "account_erased")
    shown = artifact("data-request")
    assert proof["detail"]["digest"] in shown
    assert proof["detail"]["because"] == "consent_withdrawn"
    salt = shown.split("Salt, for the customer: `")[1].split("`")[0]
    assert proof["detail"]["digest"] == erasure_digest(salt, "x", known)
    assert "that name it: 1." in shown
    assert list((Settings().home / "requests").iterdir()) == []  # what they were given before is gone as well
    assert artifact("case-c-000001") == ""
    assert not [form for form in runs_of(desk, opened["id"]) if "action" in form]
    for key in ("live-board", "cases-opened", "intake-summary"):
        assert case_number(opened["id"]) not in artifact(key)
    assert ask(desk, "erasure", f"K-{opened['account_id']:06d}", confirm=True).name == "Refused"

    intake_mentions()
    assert len(rows(desk.engine, AccountRow)) == len(left["accounts"])  # what was erased does not come back
    desk.sandbox.state.post_mention(COMPLAINT, by=CUSTOMER)
    intake_mentions()
    fresh = [row for row in rows(desk.engine, AccountRow) if row["external_id"] == known]
    assert [row["id"] > opened["account_id"] for row in fresh] == [True]
    assert len(rows(desk.engine, CaseRow)) == 2  # a customer of whom nothing is known, and a case of their own


def test_a_run_repeated_erases_once_and_goes_on(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed after the transaction and before Prefect forgot: the same run finds its salt and ends the work."""
    closed = closed_case(desk)
    long_ago(desk, closed["id"], timedelta(days=2))
    form = Erasure(account=CUSTOMER, by=supervisor(desk), confirm=True)
    run_id = str(UUID(int=7))
    request = data_requests.Request(form, run_id, datetime.now(UTC), closed["account_id"], supervisor(desk))
    first = data_requests.answer.fn(request)
    second = data_requests.answer.fn(request)
    assert first.report is not None
    assert second.report == first.report
    assert [row["event"] for row in rows(desk.engine, JournalRow)].count("account_erased") == 1
    assert data_requests.forget_in_prefect.fn(request, second) >= (1, 1)
    data_requests.publish_answer.fn(request, second, (1, 1))
    wait_for(lambda: second.report is not None and second.report.salt in artifact("data-request"))
    assert "by this request already" in (data_requests.answer.fn(request).refusal or "")
    assert not Path(Settings().home / "requests" / f"erasure-{run_id}.json").exists()


def test_holds_are_told_in_the_records_only(desk: Desk) -> None:
    closed = closed_case(desk)
    assert hold(desk, "place", closed["id"], supervisor(desk)).is_completed()
    erasing = ask(desk, "erasure", CUSTOMER, confirm=True)
    assert f"{case_number(closed['id'])} is on legal hold" in str(erasing.message)
    (row,) = rows(desk.engine, LegalHoldRow)
    assert row["reason"] == "Sengketa"
    assert "Sengketa" not in text_of({"journal": rows(desk.engine, JournalRow)})
    assert WORDS in [one["text"] for one in rows(desk.engine, InteractionRow)]
