"""Makers for tests of the KPIs: cases with journal, clocks, tickets, notices as the desk leaves them; and a month."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from sqlalchemy import Engine, insert

from models.accounts import AccountReviewRow, AccountRow, WatchedAccountRow
from models.cases import CaseRow, ClockRow
from models.database import Table, chunks, write_transaction
from models.journal import entry, write_journal
from models.mention_rows import MentionRow
from models.notices import NoticeRow
from models.staff import StaffRow
from models.ticket_rows import ContactRow, TicketRow
from tasks.desk_data import instruction

STAFF = {
    **{f"A{number:02d}": "agent" for number in range(1, 13)},
    **{"TL1": "team_leader", "TL2": "team_leader", "P01": "pic", "P02": "pic", "S01": "supervisor"},
}
IDS = {code: number for number, code in enumerate(STAFF, start=1)}
WATCHED = (("TelkomCare", "Nasional"), ("IndiHomeCare", "Jawa Barat"), ("wirasena_bdt", None))
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


class KpiRecords:
    """Records being made; nothing is in the database before `write`."""

    def __init__(self) -> None:
        self.rows: dict[type[Table], list[dict[str, Any]]] = defaultdict(list)
        self.journal: list[dict[str, Any]] = []
        self._number: dict[type[Table], int] = defaultdict(int)
        self.rules = instruction()

    def put(self, table: type[Table], **values: Any) -> int:
        """A row with the next id."""
        self._number[table] += 1
        self.rows[table].append({"id": self._number[table], **values})
        return self._number[table]

    def case(self, opened: datetime, posted: datetime | None = None, **given: Any) -> int:
        """A case opened at a moment by a post, with its entry in the journal; its id."""
        number = self._number[CaseRow] + 1
        category, watched = given.pop("category", "media"), given.pop("watched", 1)
        person = {"platform": "x", "external_id": f"k{number}", "priority_status": "priority"}
        account = self.put(AccountRow, **person, priority_category=category)
        values = {"account_id": account, "conversation_id": f"c{number}", "priority_status": "priority"}
        values |= {"severity": "standard", "problem": "network", "status": "new", "opened_at": opened}
        values |= {"agent_id": None, "team_leader_id": None, "closed_at": None, "resolved_at": None}
        values |= {"revision": self.rules.revision, **given}
        case = self.put(CaseRow, **values)
        mention = {
            "platform": "x",
            "external_id": f"m{number}",
            "version": "1",
            "kind": "post",
            "text": "-",
            "url": "-",
        }
        mention |= {"account_id": account, "watched_account_id": watched, "conversation_id": f"c{number}"}
        mention |= {"mentioned_handles": [], "posted_at": posted or opened - MINUTE, "fetched_at": opened}
        mention |= {"complaint": True, "hard": False, "problem": values["problem"], "reading": {}}
        self.put(MentionRow, **mention, disposition="opened_case", case_id=case)
        self.happens(case, opened, "case_opened", "intake-mentions")
        return case

    def happens(
        self, case: int, at: datetime, event: str, actor: str = "A01", ticket: int | None = None, **detail: Any
    ) -> None:
        """An entry of the journal."""
        made = entry(at, event, "4.1", self.rules, detail, case_id=case, ticket_id=ticket, actor=actor)
        self.journal.append(made)

    def given(
        self, case: int, at: datetime, agent: str, told: datetime | None = None, by: str = "case_assigned"
    ) -> None:
        """The case is given to an agent, who is told of it."""
        self.happens(case, at, by, "intake-mentions", agent=agent)
        self.rows[CaseRow][case - 1] |= {"agent_id": IDS[agent], "status": "assigned"}
        cause = f"assigned:{len(self.rows[NoticeRow])}"
        notice = {"recipient": agent, "case_id": case, "kind": "assigned", "cause": cause, "title": "-", "body": "-"}
        self.put(NoticeRow, **notice, created_at=at, sent_at=told or at + timedelta(seconds=2))

    def over(self, case: int, at: datetime, agent: str, closed: datetime | None = None) -> None:
        """The case is resolved, and closed where a moment is given."""
        self.happens(case, at, "case_resolved", agent, was="in_progress")
        self.rows[CaseRow][case - 1] |= {"resolved_at": at, "status": "resolved"}
        if closed:
            self.happens(case, closed, "case_closed", agent)
            self.rows[CaseRow][case - 1] |= {"closed_at": closed, "status": "closed"}

    def clock(self, case: int, kind: str, started: datetime, due: datetime, **given: Any) -> int:
        """A clock of a case, or of its ticket."""
        none = dict.fromkeys(("ticket_id", "warned_at", "stopped_at", "breached_at", "paused_at"))
        values = {"case_id": case, "kind": kind, "started_at": started, "due_at": due, "paused_seconds": 0}
        return self.put(ClockRow, **values | none | given)

    def ticket(self, case: int, opened: datetime, unit: str = "network", pic: str = "P01", **given: Any) -> int:
        """A ticket of a case with its entry in the journal; its id."""
        number = self._number[TicketRow] + 1
        values = {"case_id": case, "unit": unit, "pic_id": IDS[pic], "problem": "network", "severity": "standard"}
        values |= {"status": "new", "opening_key": f"o{number}", "opened_at": opened}
        ticket = self.put(TicketRow, **values | {"settled_at": None, "verified_at": None} | given)
        self.happens(case, opened, "ticket_opened", "A01", ticket, unit=unit)
        return ticket

    def contact(self, ticket: int, at: datetime, kind: str = "dispatch", outcome: str = "taken") -> None:
        """A try at the ticket's unit."""
        unit = self.rows[TicketRow][ticket - 1]["unit"]
        key = f"{ticket}:{self._number[ContactRow]}"
        self.put(ContactRow, ticket_id=ticket, unit=unit, kind=kind, key=key, outcome=outcome, detail="", at=at)

    def write(self, engine: Engine) -> None:
        """Everything into an empty database of the desk."""
        with write_transaction(engine) as connection:
            staff = {"joined_on": datetime(2024, 1, 5, tzinfo=UTC).date(), "capacity": 50}
            people = [
                {"id": IDS[code], "code": code, "name": code, "role": role, **staff} for code, role in STAFF.items()
            ]
            connection.execute(insert(StaffRow), people)
            watched = {"platform": "x", "kind": "care", "owner": "desk"}
            accounts = [
                {"id": number, "external_id": str(number), "handle": handle, "region": region, **watched}
                for number, (handle, region) in enumerate(WATCHED, start=1)
            ]
            connection.execute(insert(WatchedAccountRow), accounts)
            of_cases = (AccountRow, AccountReviewRow, CaseRow, MentionRow, NoticeRow, TicketRow, ClockRow, ContactRow)
            for table in of_cases:
                for part in chunks(self.rows[table], 10_000):
                    connection.execute(insert(table), part)
            self.journal.sort(key=lambda made: made["at"])
            for part in chunks(self.journal, 50_000):
                write_journal(connection, part)


PROBLEMS = ("network", "billing", "tv", "installation", "mobile")


def month(cases: int, begin: datetime, length: timedelta = 30 * DAY, seed: int = 7) -> KpiRecords:
    """So many cases opened over a month: most solved by the agent, a third with a ticket, some late, some reopened."""
    records, chance = KpiRecords(), Random(seed)
    agents = [code for code, role in STAFF.items() if role == "agent"]
    for number in range(cases):
        at = begin + length * (number / cases) + timedelta(milliseconds=chance.randrange(60_000))
        _one(records, chance, at, chance.choice(agents))
    return records


def _one(records: KpiRecords, chance: Random, at: datetime, agent: str) -> None:
    hard = chance.random() < 0.1
    problem = chance.choice(PROBLEMS)
    given = {"severity": "hard" if hard else "standard", "problem": problem, "watched": chance.randrange(1, 4)}
    case = records.case(
        at, at - timedelta(seconds=chance.randrange(5, 90)), category=chance.choice(("media", "ngo")), **given
    )
    if chance.random() < 0.02:
        records.happens(case, at, "case_with_team_leader", "intake-mentions")
        return
    soon = at + timedelta(milliseconds=chance.randrange(3_000))
    records.given(case, soon, agent)
    accepted = soon + timedelta(seconds=chance.randrange(20, 400))
    late = accepted > soon + 5 * MINUTE
    records.clock(
        case, "accept", soon, soon + 5 * MINUTE, stopped_at=accepted, breached_at=soon + 5 * MINUTE if late else None
    )
    records.happens(case, accepted, "case_accepted", agent)
    answered = accepted + timedelta(seconds=chance.randrange(60, 900))
    first = at + 15 * MINUTE
    warned = at + 12 * MINUTE if chance.random() < 0.9 and answered > first else None
    records.clock(
        case,
        "first_response",
        at,
        first,
        stopped_at=answered,
        warned_at=warned,
        breached_at=first if answered > first else None,
    )
    records.happens(case, accepted + MINUTE / 2, "case_started", agent)
    records.happens(case, answered, "reply_sent", "reply-outbox")
    if hard:
        engaged = at + timedelta(seconds=chance.randrange(30, 900))
        due = at + 10 * MINUTE
        records.clock(case, "leader_engaged", at, due, stopped_at=engaged, breached_at=due if engaged > due else None)
        records.happens(case, engaged, "leader_advised", "TL1")
        records.rows[CaseRow][case - 1]["team_leader_id"] = IDS["TL1"]
    _with_leader(records, chance, case, answered, agent)
    done = answered + timedelta(minutes=chance.randrange(30, 1200))
    if chance.random() < 0.33:
        _unit(records, chance, case, answered, done)
    else:
        records.happens(case, answered + MINUTE, "waiting_for_customer", agent)
        records.happens(case, done - MINUTE, "case_resumed", "intake-mentions")
    due = at + 24 * HOUR
    records.clock(case, "settle", at, due, stopped_at=done, breached_at=due if done > due else None)
    records.over(case, done, agent, done + 24 * HOUR)
    if chance.random() < 0.04:
        again = done + 30 * HOUR
        records.happens(case, again, "case_reopened", "intake-mentions", was="closed")
        records.given(case, again + MINUTE, agent)
        records.happens(case, again + 4 * MINUTE, "case_accepted", agent)
        records.over(case, again + 3 * HOUR, agent, again + 27 * HOUR)


def _with_leader(records: KpiRecords, chance: Random, case: int, at: datetime, agent: str) -> None:
    """One case in ten asks a leader, who mostly answers; some are taken over; some accounts are decided about."""
    if chance.random() < 0.1:
        records.happens(case, at + 10 * timedelta(seconds=1), "leader_asked", agent)
        if chance.random() < 0.8:
            records.happens(case, at + timedelta(seconds=chance.randrange(20, 900)), "leader_advised", "TL2")
    if chance.random() < 0.05:
        records.happens(case, at + 20 * timedelta(seconds=1), "case_taken_over", "TL1")
    if chance.random() < 0.1:
        status = "priority" if chance.random() < 0.6 else "regular"
        row = {"flow_run_id": f"r{case}", "account_id": case, "at": at, "by": "TL1", "status": status, "reason": "-"}
        row |= {"ruled_status": "candidate", "ruled_category": "media", "ruled_confidence": 0.5}
        records.put(AccountReviewRow, **row)


def _unit(records: KpiRecords, chance: Random, case: int, at: datetime, done: datetime) -> None:
    unit = chance.choice(("network", "billing"))
    settled = at + (done - at) * 0.8
    ticket = records.ticket(
        case, at, unit, chance.choice(("P01", "P02")), settled_at=settled, verified_at=done - MINUTE
    )
    records.happens(case, at, "waiting_for_unit", "follow-up-ticket")
    records.contact(ticket, at + timedelta(seconds=2))
    if chance.random() < 0.2:
        records.contact(ticket, at + 10 * MINUTE, "chase", "timeout")
    if chance.random() < 0.15:
        begun = at + (done - at) * 0.1
        for kind, limit in (("unit_acknowledge", 2 * HOUR), ("unit_settle", 12 * HOUR)):
            records.clock(case, kind, at, at + limit, ticket_id=ticket, stopped_at=begun, breached_at=None)
        unit = "billing" if unit == "network" else "network"
        records.happens(case, begun, "ticket_redirected", "P01", ticket, unit=unit)
        records.rows[TicketRow][ticket - 1]["unit"] = unit
        at = begun
    acknowledged = at + (done - at) * 0.2
    for kind, stopped, limit in (("unit_acknowledge", acknowledged, 2 * HOUR), ("unit_settle", settled, 12 * HOUR)):
        due = at + limit
        late = due if stopped > due else None
        records.clock(case, kind, at, due, ticket_id=ticket, stopped_at=stopped, breached_at=late)
        if late:
            records.happens(case, due, "ticket_escalated", "follow-up-ticket", ticket)
    records.happens(case, acknowledged, "ticket_acknowledged", unit, ticket)
    records.happens(case, at + (done - at) * 0.5, "pic_looked", "P01", ticket)
    records.happens(case, settled, "ticket_settled", unit, ticket)
    records.happens(case, done - MINUTE, "ticket_verified", "P01", ticket)
    records.happens(case, done - MINUTE, "case_resumed", "follow-up-ticket")
