"""What has changed since the last report of the KPIs: which cases, on which days that counts, how far it was told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import pandas as pd
from sqlalchemy import Connection, delete, func, insert, or_, select

from models.accounts import AccountReviewRow
from models.cases import CaseRow, ClockRow
from models.journal import JournalRow
from models.kpi_definitions import Kpis
from models.kpi_facts import OF_TICKETS, Facts, pics
from models.kpi_rows import KpiProgressRow
from models.notices import NoticeRow
from models.ticket_rows import TicketRow
from models.unit_hours import JAKARTA

HARDNESS = ("hard_complaint_detected", "hard_complaint_declared", "hard_complaint_withdrawn")
"""The events after which a case counts otherwise on every day that it has been open."""


@dataclass(frozen=True, slots=True)
class Changed:
    """What has happened since the last report: cases, decisions about candidates; and how far the journal goes now.

    `reported_at` is when the last report was made (UTC), None before the first.
    """

    case_ids: list[int]
    decided: list[datetime]
    journal_id: int
    reported_at: datetime | None


def whats_changed(connection: Connection, kpis: Kpis, now: datetime) -> Changed:
    """What has happened since the last report was made, by `now` (UTC): in the journal, and by time going on."""
    done = connection.execute(select(KpiProgressRow.journal_id, KpiProgressRow.reported_at)).first()
    after, since = (done.journal_id, done.reported_at) if done else (0, None)
    newest = connection.scalar(select(func.max(JournalRow.id))) or 0
    new = select(JournalRow.case_id).where(JournalRow.id > after, JournalRow.id <= newest)
    accounts = select(JournalRow.account_id).where(JournalRow.id > after, JournalRow.account_id.is_not(None))
    found = set(connection.scalars(new.distinct()))
    found |= set(connection.scalars(select(CaseRow.id).where(CaseRow.account_id.in_(accounts))))
    if since is not None:
        told = select(NoticeRow.case_id).where(NoticeRow.sent_at >= since)
        found |= set(connection.scalars(told.distinct())) | _late_by_now(connection, kpis, since, now)
    ids = sorted(one for one in found if one is not None)
    return Changed(ids, _decided(connection, since), newest, since)


def _decided(connection: Connection, since: datetime | None) -> list[datetime]:
    """The moments of the decisions about accounts that were decided about, or undone, since then."""
    if since is None:
        return list(connection.scalars(select(AccountReviewRow.at)))
    lately = or_(AccountReviewRow.at >= since, AccountReviewRow.undone_at >= since)
    accounts = select(AccountReviewRow.account_id).where(lately)
    return list(connection.scalars(select(AccountReviewRow.at).where(AccountReviewRow.account_id.in_(accounts))))


def _late_by_now(connection: Connection, kpis: Kpis, since: datetime, now: datetime) -> set[int | None]:
    """The cases of clocks that were up, and of tickets at which a PIC should have looked, between two moments: nobody
    need have noted it."""
    up = (ClockRow.stopped_at.is_(None), ClockRow.due_at > since, ClockRow.due_at <= now)
    found: set[int | None] = set(connection.scalars(select(ClockRow.case_id).where(*up)))
    looks = or_(JournalRow.event == "ticket_opened", JournalRow.actor.in_(pics(connection)))
    latest = (
        select(func.max(JournalRow.at))
        .where(JournalRow.ticket_id == TicketRow.id, JournalRow.event.in_(OF_TICKETS), looks)
        .correlate(TicketRow)
        .scalar_subquery()
    )
    for limit in {kpi.limit for kpi in kpis.values() if kpi.limit is not None}:
        unseen = (TicketRow.verified_at.is_(None), latest > since - limit, latest <= now - limit)
        found |= set(connection.scalars(select(TicketRow.case_id).where(*unseen)))
    return found


def days_of(facts: Facts, changed: Changed, now: datetime) -> list[date]:
    """The days (Asia/Jakarta) on which anything of the changed cases counts, those since the last report, and today.

    Of a case that has become hard, or is hard no longer, every day since its opening. Before the first report every
    day since the first of them.
    """
    moments = [facts.events["at"], *(facts.clocks[name] for name in ("started", "breached", "stopped"))]
    at = pd.concat([*moments, facts.contacts["at"]], ignore_index=True).dropna()
    days = set(_local(at).dt.normalize().drop_duplicates().dt.date)
    days |= {moment.astimezone(JAKARTA).date() for moment in (*changed.decided, now)}
    today = now.astimezone(JAKARTA).date()
    hardened = facts.events[facts.events["event"].isin(HARDNESS)]["case_id"]
    opened = facts.cases[facts.cases["case_id"].isin(hardened)]["opened"]
    last = min(days) if changed.reported_at is None else changed.reported_at.astimezone(JAKARTA).date()
    for begin in (last, *_local(opened).dt.date):
        days |= {begin + timedelta(days=number) for number in range((today - begin).days + 1)}
    return sorted(day for day in days if day <= today)


def _local(at: pd.Series[float]) -> pd.Series[pd.Timestamp]:
    return pd.to_datetime(at, unit="ms", utc=True).dt.tz_convert(JAKARTA)


def stretches(days: Iterable[date], longest: int) -> Iterator[tuple[date, date]]:
    """Days in order as stretches of days that follow each other, first and last of each; none longer than so many."""
    stretch: list[date] = []
    for day in days:
        if stretch and (day != stretch[-1] + timedelta(days=1) or len(stretch) == longest):
            yield stretch[0], stretch[-1]
            stretch = []
        stretch.append(day)
    if stretch:
        yield stretch[0], stretch[-1]


def overtaken(connection: Connection, changed: Changed) -> bool:
    """Whether another report has been made since this one began: its figures are newer."""
    return connection.scalar(select(KpiProgressRow.reported_at)) != changed.reported_at


def remember(connection: Connection, changed: Changed, now: datetime) -> None:
    """The report of what had changed is made, as of `now` (UTC)."""
    connection.execute(delete(KpiProgressRow))
    connection.execute(insert(KpiProgressRow), {"id": 1, "journal_id": changed.journal_id, "reported_at": now})
