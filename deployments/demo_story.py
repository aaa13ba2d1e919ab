"""What happened in the compressed day, read from the desk's records: line by line, case by case, and how quickly."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Row, func, select

from models.accounts import AccountRow
from models.cases import CaseRow, DeskActionRow, InteractionRow, case_number
from models.journal import JournalRow
from models.mention_rows import MentionRow
from models.notices import NoticeRow
from models.ticket_rows import TicketRow
from models.unit_hours import JAKARTA

WITHIN = 25.0
"""Seconds from posting to the agent's notice: the sandbox's poll interval of 15 s, and 10 s."""
WAYS = {
    "leader_advised": "the team leader advised",
    "case_taken_over": "the team leader took it over",
    "ticket_opened": "a PIC and a unit",
    "case_reopened": "the customer came back",
}
"""Events that tell a case's way from others'."""


def journal_since(connection: Connection, last_id: int) -> Sequence[Row[Any]]:
    """The journal's entries about cases after `last_id`, oldest first."""
    return connection.execute(
        select(JournalRow.id, JournalRow.at, JournalRow.case_id, JournalRow.event, JournalRow.actor, JournalRow.clause)
        .where(JournalRow.id > last_id, JournalRow.case_id.is_not(None))
        .order_by(JournalRow.id)
    ).all()


def line_of(entry: Row[Any]) -> str:
    """One thing that happened: time, case, event, who, clause."""
    at = entry.at.astimezone(JAKARTA)
    what = entry.event.replace("_", " ")
    return f"{at:%H:%M:%S}  {case_number(entry.case_id)}  {what:<30} {entry.actor:<18} {entry.clause}"


def open_cases(connection: Connection) -> list[str]:
    """Cases that are not closed: number and status."""
    rows = connection.execute(select(CaseRow.id, CaseRow.status).where(CaseRow.status != "closed").order_by(CaseRow.id))
    return [f"{case_number(row.id)} {row.status}" for row in rows]


def cases_told(connection: Connection) -> list[str]:
    """Each case with its customer, its way and its events with their clauses."""
    silent = set(connection.scalars(select(NoticeRow.case_id).where(NoticeRow.kind == "customer_silent")))
    story = {
        case_id: list(entries)
        for case_id, entries in groupby(
            sorted(journal_since(connection, 0), key=lambda entry: (entry.case_id, entry.id)),
            key=lambda entry: entry.case_id,
        )
    }
    lines = []
    cases = connection.execute(
        select(CaseRow.__table__, AccountRow.handle, AccountRow.name)
        .join(AccountRow, AccountRow.id == CaseRow.account_id)
        .order_by(CaseRow.id)
    )
    for case in cases:
        entries = story.get(case.id, [])
        ways = [way for event, way in WAYS.items() if any(entry.event == event for entry in entries)]
        ways += ["a hard complaint"] if case.severity == "hard" else []
        ways += ["the customer fell silent"] if case.id in silent else []
        by = f"@{case.handle}" if case.handle else case.name or "unknown"
        lines.append(f"{case_number(case.id)}  {case.problem}, {by}: {', '.join(ways) or 'the agent solved it'}")
        told = " → ".join(f"{entry.event.replace('_', ' ')} ({entry.clause})" for entry in entries)
        lines += textwrap.wrap(told, 114, initial_indent="    ", subsequent_indent="    ")
    return lines


def counts(connection: Connection) -> str:
    """How much of what there was, in one line."""

    def count(column: Any, *wanted: Any) -> int:
        return connection.scalar(select(func.count(column)).where(*wanted)) or 0

    closed, refused = CaseRow.status == "closed", DeskActionRow.outcome == "refused"
    return (
        f"{count(MentionRow.id)} mentions, {count(CaseRow.id)} cases ({count(CaseRow.id, closed)} closed), "
        f"{count(TicketRow.id)} tickets, {count(InteractionRow.id, InteractionRow.delivery == 'sent')} answers sent, "
        f"{count(DeskActionRow.flow_run_id)} actions ({count(DeskActionRow.flow_run_id, refused)} refused), "
        f"{count(NoticeRow.id, NoticeRow.sent_at.is_not(None))} notices, "
        f"{count(JournalRow.id, JournalRow.event == 'case_clock_breached')} case clocks breached"
    )


@dataclass(frozen=True, slots=True)
class Latency:
    """Seconds from a customer's post to their agent's notice, a case each, in order; None where none was sent."""

    seconds: tuple[float | None, ...]

    @property
    def share_within(self) -> float:
        """The share that arrived within `WITHIN` seconds."""
        within = sum(one is not None and one <= WITHIN for one in self.seconds)
        return within / len(self.seconds) if self.seconds else 0.0

    def percentile(self, percent: int) -> float | None:
        """The nearest-rank percentile; a notice that never came is later than any other."""
        if not self.seconds:
            return None
        ranked = sorted(self.seconds, key=lambda one: float("inf") if one is None else one)
        return ranked[max(0, -(-len(ranked) * percent // 100) - 1)]

    def told(self) -> str:
        """The figures in one line."""
        p50, p95 = (
            "never" if found is None else f"{found:.1f} s" for found in (self.percentile(50), self.percentile(95))
        )
        enough = "yes" if self.share_within >= 0.95 else "no"
        return (
            f"From posting to the agent's notice, {len(self.seconds)} cases: p50 {p50}, p95 {p95}, "
            f"{self.share_within:.0%} within {WITHIN:.0f} s. 95 % within {WITHIN:.0f} s: {enough}"
        )


def latency(connection: Connection) -> Latency:
    """How quickly agents were told of the cases that were opened."""
    opened = ("opened_case", "candidate_case")
    posted = select(MentionRow.case_id, func.min(MentionRow.posted_at)).where(MentionRow.disposition.in_(opened))
    sent = select(NoticeRow.case_id, func.min(NoticeRow.sent_at)).where(NoticeRow.kind == "assigned")
    told: dict[int, datetime] = {row[0]: row[1] for row in connection.execute(sent.group_by(NoticeRow.case_id))}
    found = []
    for case_id, at in connection.execute(posted.group_by(MentionRow.case_id)):
        there = told.get(case_id)
        found.append((there - at).total_seconds() if there else None)
    return Latency(tuple(found))
