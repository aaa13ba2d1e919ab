"""What taking reference files over leads to: who is judged again, who may be given cases, what stays as it was."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import Engine, insert

from models.accounts import AccountRow
from models.case_reading import desk_people
from models.cases import CaseRow
from models.database import write_transaction
from models.eligibility import eligibility
from models.mention_rows import MentionRow
from models.staff import ShiftRow, StaffRow
from tasks.desk_data import instruction
from tests.reference import LISTING, NOW, TODAY, counts, events, load, one_loaded, people, samples, text_of
from tests.support import rows

FILES = samples()
TOMORROW = NOW + timedelta(days=1)


def test_who_has_left_gets_nothing_new_and_keeps_their_name_on_what_they_did(engine: Engine) -> None:
    load(engine, FILES)
    assert "A01" in people(engine)
    lines = [line for line in text_of("staff").splitlines() if not line.startswith("A01,")]
    assert counts(one_loaded(engine, "staff", "\n".join(lines))) == (0, 0, 1)
    (dewi,) = [row for row in rows(engine, StaffRow) if row["code"] == "A01"]
    assert dewi["left_on"] == TODAY
    assert "A01" not in people(engine)
    with engine.connect() as connection:
        on_book = desk_people(connection, NOW)
        gone = eligibility(on_book.by_code["A01"], NOW, instruction().eligibility)
    assert on_book.person("A01") is None
    assert gone.failed == ("on the staff list",)
    assert [row["detail"] for row in events(engine, "agent_no_longer_eligible")] == [
        {"agent": "A01", "failed": ["on the staff list"]}
    ]
    one_loaded(engine, "staff", text_of("staff"))
    one_loaded(engine, "shifts", text_of("shifts"))
    assert "A01" in people(engine)


def test_an_agent_who_loses_eligibility_keeps_their_cases_and_it_is_journaled(engine: Engine) -> None:
    load(engine, FILES)
    done = one_loaded(engine, "qa_scores", text_of("qa_scores", ("A01,-1,93.2", "A01,-1,12")))
    assert done.effects.no_longer == {"A01": ("QA score",)}
    assert [row["detail"] for row in events(engine, "agent_no_longer_eligible")] == [
        {"agent": "A01", "failed": ["QA score"]}
    ]
    assert one_loaded(engine, "qa_scores", text_of("qa_scores")).effects.now_eligible == ["A01"]
    assert len(events(engine, "agent_eligible")) == 1


def test_who_is_taken_off_the_roster_is_off_duty(engine: Engine) -> None:
    load(engine, FILES)
    assert {"A01", "A02"} <= people(engine)
    without = "\n".join(line for line in text_of("shifts").splitlines() if not line.startswith(("A01,", "A02,")))
    one_loaded(engine, "shifts", without)
    assert not {"A01", "A02"} & people(engine)
    assert "A03" in people(engine)


def test_who_was_on_duty_before_stays_on_record(engine: Engine) -> None:
    load(engine, FILES)
    first = min(row["starts_at"] for row in rows(engine, ShiftRow))
    load(engine, samples(TODAY + timedelta(days=7)), NOW + timedelta(days=7))
    starts = [(row["staff_id"], row["starts_at"]) for row in rows(engine, ShiftRow)]
    assert min(at for _, at in starts) == first
    assert len(starts) == len(set(starts))


def put_account(engine: Engine, handle: str, status: str, **more: Any) -> int:
    values = {"platform": "x", "external_id": handle, "handle": handle, "priority_status": status, **more}
    with write_transaction(engine) as connection:
        return int(connection.execute(insert(AccountRow).values(values).returning(AccountRow.id)).scalar_one())


def test_accounts_a_changed_listing_concerns_are_judged_again(engine: Engine) -> None:
    mira = put_account(engine, "Mira_Uji", "regular", name="Mira", bio="kopi")
    other = put_account(engine, "lain", "regular", name="Lain", bio="kopi")
    done = one_loaded(engine, "registry", f"{LISTING}\nx,mira_uji,,Mira,media,D,,\n")
    assert done.effects.rejudged.moved == {("regular", "priority"): 1}
    statuses = {row["id"]: row["priority_status"] for row in rows(engine, AccountRow)}
    assert statuses == {mira: "priority", other: "regular"}
    (judged,) = events(engine, "account_judged")
    assert (judged["account_id"], judged["clause"]) == (mira, "5.2.1")
    assert (judged["detail"]["before"], judged["detail"]["why"]) == ("regular", "registry")
    one_loaded(engine, "registry", f"{LISTING}\nx,lain2,,Lain,media,D,,\n", TOMORROW)
    assert {row["id"]: row["priority_status"] for row in rows(engine, AccountRow)}[mira] == "regular"


def test_open_cases_stay_and_a_complaint_passed_over_lately_is_taken_up(engine: Engine) -> None:
    load(engine, FILES)
    mira = put_account(engine, "Mira_Uji", "regular")
    case = {"account_id": mira, "conversation_id": "c", "priority_status": "candidate", "severity": "standard"}
    case |= {"problem": "network", "status": "new", "revision": "00-old", "opened_at": NOW}
    mention = {"platform": "x", "version": "", "kind": "post", "account_id": mira, "watched_account_id": 1}
    mention |= {"conversation_id": "c", "mentioned_handles": [], "text": "mati", "url": "", "fetched_at": NOW}
    mention |= {"complaint": True, "hard": False, "problem": "network", "reading": {}, "disposition": "regular"}
    with write_transaction(engine) as connection:
        connection.execute(insert(CaseRow).values(case))
        for name, posted in (("old", NOW - timedelta(days=30)), ("new", NOW - timedelta(hours=3))):
            connection.execute(insert(MentionRow).values({**mention, "external_id": name, "posted_at": posted}))
    before = rows(engine, CaseRow)
    done = one_loaded(engine, "registry", text_of("registry") + "x,mira_uji,,Mira,media,D,,\n")
    assert done.effects.rejudged.taken_up == 1
    assert {row["external_id"]: row["disposition"] for row in rows(engine, MentionRow)} == {
        "old": "regular",
        "new": None,
    }
    assert rows(engine, CaseRow) == before


def test_an_agent_who_gets_another_role_is_journaled_too(engine: Engine) -> None:
    load(engine, FILES)
    done = one_loaded(engine, "staff", text_of("staff", ("A01,Dewi Anggraini,agent", "A01,Dewi Anggraini,team_leader")))
    assert done.effects.no_longer == {"A01": ("role",)}
