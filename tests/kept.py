"""Makers for tests of retention and erasure: customers with something of theirs in every column that could hold it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any
from uuid import uuid4

from sqlalchemy import JSON, Boolean, Date, Engine, Float, Integer, String, insert, inspect, select

from models.accounts import AccountHandleRow, AccountReviewRow, AccountRow, PriorityListingRow, WatchedAccountRow
from models.anonymising import PERSONAL, Work, forgetting
from models.cases import CaseRow, ClockRow, DeskActionRow, InteractionRow, TickedStepRow
from models.database import Table, write_transaction
from models.journal import entry, write_journal
from models.legal_holds import LegalHoldRow
from models.mention_rows import MentionRow, QuarantinedRow
from models.notices import NoticeRow
from models.records import load_records
from models.retention import SCOPES, RetentionPlan, apply_batch, cutoffs, plan_retention
from models.staff import StaffRow
from models.ticket_rows import ContactRow, FollowUpRunRow, TicketRow, UnitUpdateRow
from tasks.desk_data import instruction
from tests.servers import ROOT
from tests.support import NOW

REGISTER = load_records(ROOT / "data" / "records.yaml")
DAY = timedelta(days=1)
LONG_AGO = NOW - 500 * DAY
LATELY = NOW - 5 * DAY
CASE = {
    **{"priority_status": "priority", "severity": "hard", "problem": "network", "status": "closed", "revision": "00"},
    **{"assignment": {"agent": "A01", "reasons": ["5.1.1: least loaded."]}, "passed_by": ["A02"], "version": 3},
    **{"taken_over_at": None, "leader_asked_at": None, "look_at": None, "anonymised_at": None, "team_leader_id": None},
}
MENTION = {
    **{"platform": "x", "kind": "post", "language": "in", "problem": "network", "anonymised_at": None},
    **{"complaint": True, "hard": True},
}
ACCOUNT = {
    **{"platform": "x", "priority_status": "priority", "priority_category": "media", "priority_source": "profile"},
    **{"decided_status": None, "decided_category": None, "decided_by": None, "anonymised_at": None},
}
REVIEW = {
    **{"by": "L01", "status": "priority", "category": "media", "ruled_status": "candidate", "ruled_category": "media"},
    **{"ruled_source": "profile", "undone_by": None, "undone_at": None},
}
TICKET = {
    **{"unit": "network", "problem": "network", "severity": "hard", "status": "verified", "pic_id": None},
    **{"next_wake_at": None, "asked_at": None, "look_at": None, "run_since": None, "run_checked_at": None},
}
_numbers = count(1)


def filled(table: type[Table], words: str, at: datetime, **given: Any) -> dict[str, Any]:
    """A row with `words` in every column of text that `given` says nothing about, and `at` (UTC) in its moments."""
    row: dict[str, Any] = {}
    for column in inspect(table).columns:
        kind = column.type
        if column.name in given:
            row[column.name] = given[column.name]
        elif column.primary_key and isinstance(kind, Integer):
            continue
        elif isinstance(kind, JSON):
            row[column.name] = [words]
        elif isinstance(kind, String):
            row[column.name] = f"{words}{next(_numbers)}"
        elif isinstance(kind, Boolean):
            row[column.name] = True
        elif isinstance(kind, Integer | Float):
            row[column.name] = 1
        elif isinstance(kind, Date):
            row[column.name] = date(2025, 1, 1)
        else:
            row[column.name] = at
    return row


class Customer:
    """A customer's records as they were put in: ids, and words that stand in every column about them."""

    def __init__(self, engine: Engine, words: str, at: datetime = LONG_AGO, **case: Any) -> None:
        self.engine, self.words, self.at = engine, words, at
        with write_transaction(engine) as connection:
            self.watched = connection.scalar(select(WatchedAccountRow.id).limit(1)) or self._put(
                connection, WatchedAccountRow, platform="x", external_id="1", handle="TelkomCare", kind="care",
                owner="desk", region=None, active=True, polled_until=NOW, polled_at=NOW, next_poll_at=None,
                reconciled_at=NOW,
            )  # fmt: skip
            self.staff = connection.scalar(select(StaffRow.id).limit(1)) or self._put(
                connection, StaffRow, code="A01", name="Dewi", role="agent", social_handle=None, left_on=None
            )
            self.account = self._put(connection, AccountRow, **ACCOUNT)
            self.case = self.put_case(connection, **case)
            self._talk(connection)
            self._ticket(connection)
            self._about(connection)

    def put_case(self, connection: Any, **given: Any) -> int:
        """A case with its opening mention, in a conversation of its own."""
        conversation = f"{self.words}c{next(_numbers)}"
        of_it = {"account_id": self.account, "conversation_id": conversation, "agent_id": self.staff}
        case_id = self._put(connection, CaseRow, **CASE | of_it | given)
        self.mention = self.put_mention(
            connection, conversation_id=conversation, case_id=case_id, disposition="opened_case"
        )
        clock = {"case_id": case_id, "ticket_id": None, "kind": "settle", "breached_at": self.at, "next_at": None}
        self._put(connection, ClockRow, **clock, paused_at=None, warns_at=None)
        return case_id

    def put_mention(self, connection: Any, **given: Any) -> int:
        """A mention of the account; its id."""
        reading = {
            **{"complaint": True, "confidence": 0.9, "hard": True, "hard_reasons": ["regulator"]},
            **{"problem": "network", "evidence": [self.words]},
        }
        of_it = {"account_id": self.account, "watched_account_id": self.watched, "reading": reading}
        return self._put(connection, MentionRow, **MENTION | of_it | {"posted_at": self.at} | given)

    def _talk(self, connection: Any) -> None:
        said = {"case_id": self.case, "next_attempt_at": None, "sender": "1"}
        self._put(
            connection, InteractionRow, **said, mention_id=self.mention, direction="in", kind="mention", delivery=None
        )
        for direction, kind, delivery in (("out", "reply", "sent"), ("internal", "note", None)):
            ours = {"direction": direction, "kind": kind, "delivery": delivery, "author": "A01", "mention_id": None}
            self._put(connection, InteractionRow, **said, **ours)

    def _ticket(self, connection: Any) -> None:
        made = TICKET | {"case_id": self.case, "flow_run_id": str(uuid4()), "opening_key": f"run:{uuid4()}"}
        self.ticket = self._put(connection, TicketRow, **made)
        of_it = {"ticket_id": self.ticket}
        contact = {"unit": "network", "kind": "dispatch", "key": "T-1-dispatch-1", "outcome": "taken"}
        self._put(connection, ContactRow, **of_it, **contact)
        update_id = f"u{next(_numbers)}"
        self._put(connection, UnitUpdateRow, **of_it, unit="network", update_id=update_id, status="settled", via="pull")
        self._put(connection, FollowUpRunRow, **of_it, flow_run_id=str(uuid4()), ended_why="ended")

    def _about(self, connection: Any) -> None:
        run, of_case = str(uuid4()), {"case_id": self.case}
        done = {"action": "reply", "actor": "A01", "outcome": "done", "ticket_id": None}
        self._put(connection, DeskActionRow, **of_case, **done, flow_run_id=run)
        self._put(connection, TickedStepRow, **of_case, step="apologise", actor="A01")
        notice = {"recipient": "A01", "kind": "assigned", "cause": f"assigned:{next(_numbers)}"}
        self._put(connection, NoticeRow, **of_case, **notice, next_attempt_at=None)
        self._put(connection, LegalHoldRow, **of_case, placed_by="S01", lifted_by="S01")
        self._put(connection, AccountReviewRow, **REVIEW, account_id=self.account, flow_run_id=run)
        self._put(connection, AccountHandleRow, account_id=self.account)
        external_id = connection.scalar(select(AccountRow.external_id).where(AccountRow.id == self.account))
        refused = {"fingerprint": uuid4().hex * 2, "source": "x:checks", "outcome": "dropped", "decided_by": "L01"}
        payload = {"author_id": external_id, "text": self.words}
        links = {"watched_account_id": None, "mention_id": None, "decided_at": self.at}
        self._put(connection, QuarantinedRow, **refused, payload=payload, **links)
        made = entry(self.at, "case_opened", "5.3.1", instruction(), {}, case_id=self.case, account_id=self.account)
        write_journal(connection, [made])

    def _put(self, connection: Any, table: type[Table], **given: Any) -> Any:
        key = inspect(table).primary_key[0]
        return connection.execute(
            insert(table).returning(key), filled(table, self.words, self.at, **given)
        ).scalar_one()


def hold(engine: Engine, case_id: int, lifted_at: datetime | None = None) -> None:
    """A legal hold as it stands in the records."""
    row = {"case_id": case_id, "reason": "Sengketa", "placed_at": NOW, "placed_by": "S01", "lifted_at": lifted_at}
    with write_transaction(engine) as connection:
        connection.execute(insert(LegalHoldRow), row | {"lifted_by": "S01" if lifted_at else None})


def dump(engine: Engine) -> dict[str, list[dict[str, Any]]]:
    """Every row of every table."""
    with engine.connect() as connection:
        return {
            table.name: [
                dict(row) for row in connection.execute(select(table).order_by(*table.primary_key.columns)).mappings()
            ]
            for table in Table.metadata.sorted_tables
        }


def text_of(dumped: dict[str, list[dict[str, Any]]]) -> str:
    """A dump as one text, to look for words in."""
    return json.dumps(dumped, default=str, ensure_ascii=False)


def numbers(dumped: dict[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    """Of a dump what KPIs can be made of: every column that tells nothing of a person, and the reading's verdict."""
    personal = {table.__tablename__: set(columns) for table, columns in PERSONAL.items()}
    left_out = {"anonymised_at", "filed_journal_id"}
    return {
        name: [
            {column: value for column, value in row.items() if column not in personal.get(name, set()) | left_out}
            for row in rows
        ]
        for name, rows in dumped.items()
        if name not in {"journal", "quarantined_rows", "account_handles", "account_links"}
    }


def put_listing(engine: Engine, external_id: str) -> None:
    """An entry of the registry that names an account."""
    with write_transaction(engine) as connection:
        row = {"source": "registry", "platform": "x", "external_id": external_id, "name": "Uji", "category": "media"}
        connection.execute(insert(PriorityListingRow), row | {"document": "uji.csv"})


def utc(*given: int) -> datetime:
    """A moment in UTC."""
    return datetime(*given, tzinfo=UTC)  # type: ignore[misc, arg-type]


def plan(engine: Engine, codes: Sequence[str] = (), now: datetime = NOW) -> RetentionPlan:
    """What retention would do of these types (none: of all)."""
    with engine.connect() as connection:
        return plan_retention(connection, REGISTER, cutoffs(REGISTER, codes, now), instruction().detection, now)


def due(engine: Engine, codes: Sequence[str] = (), now: datetime = NOW) -> dict[str, int]:
    """Rows that are due, by type."""
    return {one.type.code: one.due for one in plan(engine, codes, now).types if one.due}


def carry_out(engine: Engine, codes: Sequence[str] = (), now: datetime = NOW) -> dict[str, int]:
    """All types in their order, batch by batch, as the flow does; rows done by type."""
    until, work = cutoffs(REGISTER, codes, now), Work(now, "apply-retention", "retention", instruction())
    done = {}
    for code in (code for code in SCOPES if code in until):
        after, total = None, 0
        while True:
            with forgetting(engine) as connection:
                count, after = apply_batch(connection, code, until, after, work)
            if not count:
                break
            total += count
        done[code] = total
    return {code: count for code, count in done.items() if count}
