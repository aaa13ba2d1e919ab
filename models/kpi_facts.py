"""What KPIs are made of: the facts about a set of cases, as tables of pandas; a constant number of queries.

Moments are whole milliseconds since 1970 (UTC) as numbers, missing ones NaN: sums of them are exact on both databases.
No table holds what a customer or anybody else said, nor who a customer is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pandas as pd
from sqlalchemy import BigInteger, Connection, Select, null, or_, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import GenericFunction

from models.accounts import AccountReviewRow, AccountRow, WatchedAccountRow
from models.case_life import TRANSITIONS
from models.cases import CaseRow, ClockRow
from models.database import one_of
from models.journal import JournalRow
from models.mention_rows import MentionRow
from models.notices import NoticeRow
from models.staff import StaffRow
from models.ticket_life import TICKET_TRANSITIONS
from models.ticket_rows import ContactRow, TicketRow

OF_CASES = (
    "case_opened",
    *(step.event for step in TRANSITIONS.values()),
    *("hard_complaint_detected", "case_with_team_leader", "leader_asked", "leader_advised", "steps_ticked"),
    *("reply_sent", "answered_in_app"),
)
OF_TICKETS = ("ticket_opened", "pic_looked", *(step.event for step in TICKET_TRANSITIONS.values()))
A_PIC = "pic"
"""The actor of a PIC's form that gave no staff code, of a ticket without a PIC."""
OPENING = ("opened_case", "candidate_case")
"""What a mention that opened a case has become."""


class millis(GenericFunction[int]):
    """A moment as whole milliseconds since 1970, exactly and alike on both databases."""

    type = BigInteger()
    inherit_cache = True


@compiles(millis, "sqlite")
def _on_sqlite(element: Any, compiler: Any, **options: Any) -> str:
    moment = compiler.process(element.clauses, **options)
    return (
        f"(CAST(strftime('%s', substr({moment}, 1, 19)) AS INTEGER) * 1000 + CAST(substr({moment}, 21, 3) AS INTEGER))"
    )


@compiles(millis, "postgresql")
def _on_postgresql(element: Any, compiler: Any, **options: Any) -> str:
    moment = compiler.process(element.clauses, **options)
    return f"(CAST(extract(epoch FROM date_trunc('milliseconds', {moment})) * 1000 AS bigint))"


def as_millis(moment: datetime) -> int:
    """An aware moment as whole milliseconds since 1970."""
    return int(moment.timestamp()) * 1000 + moment.microsecond // 1000


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known about some cases at `now` (ms). Each table's columns are those of the query that reads it below.

    `events` are of the cases and their tickets in the order of the journal; `reviews` are decisions about candidates
    that are in force, `pics` the actors who look at tickets.
    """

    now: int
    cases: pd.DataFrame
    events: pd.DataFrame
    clocks: pd.DataFrame
    tickets: pd.DataFrame
    contacts: pd.DataFrame
    notices: pd.DataFrame
    reviews: pd.DataFrame
    pics: frozenset[str]


def cases_of(connection: Connection, since: datetime, until: datetime) -> list[int]:
    """The ids of the cases that were not closed throughout a period, from `since` to before `until` (UTC)."""
    there = (CaseRow.opened_at < until, or_(CaseRow.closed_at.is_(None), CaseRow.closed_at >= since))
    return list(connection.scalars(select(CaseRow.id).where(*there).order_by(CaseRow.id)))


def pics(connection: Connection) -> frozenset[str]:
    """The actors who look at tickets: PICs, supervisors in their place, and a PIC's form without a staff code."""
    codes = connection.scalars(select(StaffRow.code).where(StaffRow.role.in_(("pic", "supervisor"))))
    return frozenset([*codes, A_PIC])


def read_facts(connection: Connection, case_ids: Sequence[int], now: datetime, reviews_since: datetime) -> Facts:
    """The facts about these cases as they stand at `now` (UTC), and the decisions about candidates since a moment."""
    return Facts(
        now=as_millis(now),
        cases=_cases(connection, case_ids),
        events=_table(connection, _events(connection, case_ids)),
        clocks=_table(connection, _clocks(connection, case_ids)),
        tickets=_table(connection, _tickets(connection, case_ids)),
        contacts=_table(connection, _contacts(connection, case_ids)),
        notices=_table(connection, _notices(connection, case_ids)),
        reviews=_table(connection, _reviews(reviews_since)),
        pics=pics(connection),
    )


TEXTS = frozenset(
    {
        *("severity", "problem", "status", "platform", "category", "agent", "leader", "watched", "region"),
        *("event", "actor", "to", "kind", "unit", "pic", "outcome"),
    }
)
"""The columns that hold words; all others hold numbers."""


def _table(connection: Connection, query: Select[Any]) -> pd.DataFrame:
    """The rows of a query: words as words (missing ones empty), everything else as numbers."""
    names = [column.name for column in query.selected_columns]
    rows = connection.execute(query).all()
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(names)
    return pd.DataFrame(
        {
            name: pd.Series([value or "" for value in values], dtype=object)
            if name in TEXTS
            else pd.Series(values, dtype="float64")
            for name, values in zip(names, columns, strict=True)
        }
    )


def _cases(connection: Connection, case_ids: Sequence[int]) -> pd.DataFrame:
    agent, leader = StaffRow.__table__.alias("agents"), StaffRow.__table__.alias("leaders")
    mine = one_of(connection, CaseRow.id, case_ids)
    cases = _table(
        connection,
        select(
            CaseRow.id.label("case_id"),
            millis(CaseRow.opened_at).label("opened"),
            CaseRow.severity,
            CaseRow.problem,
            AccountRow.platform,
            AccountRow.priority_category.label("category"),
            agent.c.code.label("agent"),
            leader.c.code.label("leader"),
        )
        .join(AccountRow, AccountRow.id == CaseRow.account_id)
        .outerjoin(agent, agent.c.id == CaseRow.agent_id)
        .outerjoin(leader, leader.c.id == CaseRow.team_leader_id)
        .where(mine),
    )
    posts = _table(
        connection,
        select(
            MentionRow.case_id,
            millis(MentionRow.posted_at).label("posted"),
            millis(MentionRow.fetched_at).label("pulled"),
            WatchedAccountRow.handle.label("watched"),
            WatchedAccountRow.region,
        )
        .join(WatchedAccountRow, WatchedAccountRow.id == MentionRow.watched_account_id)
        .where(one_of(connection, MentionRow.case_id, case_ids), MentionRow.disposition.in_(OPENING))
        .order_by(MentionRow.id),
    )
    joined = cases.merge(posts.drop_duplicates("case_id"), on="case_id", how="left")
    return joined.assign(**{name: joined[name].fillna("") for name in ("watched", "region")})


def _events(connection: Connection, case_ids: Sequence[int]) -> Select[Any]:
    return (
        select(
            JournalRow.id.label("entry"),
            JournalRow.case_id,
            JournalRow.ticket_id,
            JournalRow.event,
            millis(JournalRow.at).label("at"),
            JournalRow.actor,
            JournalRow.detail["agent"].as_string().label("to"),
            JournalRow.detail["unit"].as_string().label("unit"),
        )
        .where(one_of(connection, JournalRow.case_id, case_ids), JournalRow.event.in_((*OF_CASES, *OF_TICKETS)))
        .order_by(JournalRow.id)
    )


def _clocks(connection: Connection, case_ids: Sequence[int]) -> Select[Any]:
    moments = ("started_at", "due_at", "warned_at", "breached_at", "stopped_at", "paused_at")
    return (
        select(
            ClockRow.case_id,
            ClockRow.ticket_id,
            ClockRow.kind,
            *(millis(getattr(ClockRow, name)).label(name.removesuffix("_at")) for name in moments),
        )
        .where(one_of(connection, ClockRow.case_id, case_ids))
        .order_by(ClockRow.id)
    )


def _tickets(connection: Connection, case_ids: Sequence[int]) -> Select[Any]:
    moments = ("opened_at", "verified_at")
    return (
        select(
            TicketRow.id.label("ticket_id"),
            TicketRow.case_id,
            TicketRow.unit,
            StaffRow.code.label("pic"),
            TicketRow.problem,
            TicketRow.severity,
            *(millis(getattr(TicketRow, name)).label(name.removesuffix("_at")) for name in moments),
        )
        .outerjoin(StaffRow, StaffRow.id == TicketRow.pic_id)
        .where(one_of(connection, TicketRow.case_id, case_ids))
        .order_by(TicketRow.id)
    )


def _contacts(connection: Connection, case_ids: Sequence[int]) -> Select[Any]:
    return (
        select(
            TicketRow.case_id,
            ContactRow.ticket_id,
            ContactRow.unit,
            ContactRow.kind,
            ContactRow.outcome,
            millis(ContactRow.at).label("at"),
        )
        .join(TicketRow, TicketRow.id == ContactRow.ticket_id)
        .where(one_of(connection, TicketRow.case_id, case_ids))
        .order_by(ContactRow.id)
    )


def _notices(connection: Connection, case_ids: Sequence[int]) -> Select[Any]:
    mine = (one_of(connection, NoticeRow.case_id, case_ids), NoticeRow.kind == "assigned")
    return (
        select(NoticeRow.case_id, millis(NoticeRow.sent_at).label("sent"))
        .where(*mine, NoticeRow.sent_at.is_not(None))
        .order_by(NoticeRow.id)
    )


def _reviews(since: datetime) -> Select[Any]:
    later = AccountReviewRow.__table__.alias("later")
    same = (later.c.account_id == AccountReviewRow.account_id, later.c.id > AccountReviewRow.id)
    replaced = select(later.c.id).where(*same)
    decided = (AccountReviewRow.at >= since, AccountReviewRow.ruled_status == "candidate", ~replaced.exists())
    return (
        select(
            null().label("case_id"),
            millis(AccountReviewRow.at).label("at"),
            AccountReviewRow.status,
            AccountReviewRow.by.label("leader"),
            AccountReviewRow.ruled_category.label("category"),
            AccountRow.platform,
        )
        .join(AccountRow, AccountRow.id == AccountReviewRow.account_id)
        .where(*decided, AccountReviewRow.undone_at.is_(None))
        .order_by(AccountReviewRow.id)
    )


def moment(at: float) -> datetime:
    """Milliseconds since 1970 as a moment (UTC)."""
    return datetime.fromtimestamp(at / 1000, UTC)
