"""Deciding what came in: profiles, who is priority, cases opened and joined, agents assigned.

Each task is one transaction a batch over whatever is undecided in the database, so a run that died is made good by
the next one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.logging import get_run_logger
from sqlalchemy import Connection, or_, select, update

from models.account_judging import judge_accounts, known_accounts
from models.account_store import store_profiles
from models.accounts import AccountRow, WatchedAccountRow
from models.case_assigning import AssignmentOutcome, assign_waiting_cases
from models.case_book import record_verdicts, write_openings
from models.case_opening import (
    OpeningPlan,
    Undecided,
    cases_at_hand,
    plan_openings,
    undecided_mentions,
)
from models.database import chunks, write_transaction
from models.mention_context import in_turns, read_in_context
from models.mention_rows import MentionRow
from models.mention_store import count_reads
from models.mentions import Platform
from models.priority import PriorityVerdict
from models.unit_hours import JAKARTA
from tasks.database import desk_engine
from tasks.desk_data import instruction, lexicons
from tasks.platforms.errors import PlatformError
from tasks.platforms.pull import look_up_authors

BATCH = 5_000
"""Mentions decided in one transaction: long enough to be fast, short enough not to keep other writers waiting."""


@dataclass(slots=True)
class Openings:
    """What the undecided mentions became; counts over the whole run."""

    complaints: int = 0
    hard: int = 0
    dispositions: Counter[str] = field(default_factory=Counter)
    opened: int = 0
    reopened: int = 0
    priority_by_category: Counter[str] = field(default_factory=Counter)
    """Accounts of this run's complaints that are priority, by category."""
    candidates: int = 0
    """Accounts of this run's complaints a person has to decide about."""


@task(name="refresh profiles", cache_policy=NO_CACHE)
def refresh_profiles() -> str | None:
    """Look up the X authors of undecided mentions that are not remembered, or were last seen too long ago.

    Returns a sentence when X would not say; those mentions wait a few minutes for the next run before they are
    decided without a profile.
    """
    now = datetime.now(UTC)
    stale = now - instruction().detection.author_refresh
    with desk_engine().connect() as connection:
        wanted = connection.scalars(
            select(AccountRow.external_id)
            .join(MentionRow, MentionRow.account_id == AccountRow.id)
            .where(MentionRow.disposition.is_(None), AccountRow.platform == Platform.X.value)
            .where(or_(AccountRow.profile_at.is_(None), AccountRow.profile_at < stale))
            .distinct()
        ).all()
    for part in chunks(wanted, 100):
        try:
            authors, reads = look_up_authors(list(part))
        except PlatformError as error:
            get_run_logger().warning("Profiles: %s", error)
            return f"profiles: {error}"
        with write_transaction(desk_engine()) as connection:
            store_profiles(connection, authors, now)
            count_reads(connection, Platform.X, reads, now)
            # Deleted and suspended authors are not asked for again on every run.
            connection.execute(
                update(AccountRow)
                .where(AccountRow.platform == Platform.X.value, AccountRow.external_id.in_(part))
                .values(profile_at=now)
            )
    return None


@task(name="open cases", cache_policy=NO_CACHE)
def open_cases() -> Openings:
    """Decide every undecided mention: judge its account, open or join a case (clauses 5.2.1, 5.3.1)."""
    openings = Openings()
    while True:
        now = datetime.now(UTC)
        with write_transaction(desk_engine()) as connection:
            mentions = undecided_mentions(connection, BATCH, now - instruction().detection.profile_wait)
            if not mentions:
                return openings
            decide_mentions(connection, mentions, now, openings)


def decide_mentions(connection: Connection, mentions: Sequence[Undecided], now: datetime, openings: Openings) -> None:
    """One batch, in the caller's transaction; `openings` is counted up."""
    for turn in in_turns(mentions):
        _decide(connection, turn, now, openings)


def _decide(connection: Connection, mentions: Sequence[Undecided], now: datetime, openings: Openings) -> None:
    account_ids = sorted({mention.account_id for mention in mentions})
    rules = instruction()
    at_hand = cases_at_hand(connection, account_ids, now, rules)
    mentions = read_in_context(connection, mentions, at_hand.open, lexicons())
    accounts = known_accounts(connection, sorted({mention.account_id for mention in mentions if mention.complaint}))
    verdicts = judge_accounts(
        connection, accounts, now.astimezone(JAKARTA).date(), lexicons(), rules.priority.thresholds
    )
    plan = plan_openings(mentions, verdicts, _own_accounts(connection), at_hand, now)
    record_verdicts(connection, accounts, verdicts, rules, now)
    write_openings(connection, plan, rules, now)
    _count(openings, plan, mentions, verdicts)


def _own_accounts(connection: Connection) -> frozenset[int]:
    """The customer-side rows of our own watched accounts, whose posts open nothing."""
    own = select(AccountRow.id).join(
        WatchedAccountRow,
        (WatchedAccountRow.platform == AccountRow.platform) & (WatchedAccountRow.external_id == AccountRow.external_id),
    )
    return frozenset(connection.scalars(own))


def _count(
    openings: Openings, plan: OpeningPlan, mentions: Sequence[Undecided], verdicts: Mapping[int, PriorityVerdict]
) -> None:
    complaining = {mention.account_id for mention in mentions if mention.complaint}
    openings.complaints += sum(mention.complaint for mention in mentions)
    openings.hard += sum(mention.hard for mention in mentions)
    openings.opened += len(plan.opened)
    openings.reopened += len(plan.reopened)
    openings.dispositions.update({name: len(ids) for name, ids in plan.dispositions.items()})
    openings.dispositions.update(disposition for _, _, disposition in plan.in_case)
    for account_id in complaining:
        verdict = verdicts[account_id]
        if verdict.status == "priority":
            openings.priority_by_category[verdict.category or "unknown"] += 1
        elif verdict.status == "candidate":
            openings.candidates += 1


@task(name="assign agents", cache_policy=NO_CACHE)
def assign_agents() -> AssignmentOutcome:
    """Give every case without an agent to a qualified one on duty (clauses 4.1, 5.1.1)."""
    with write_transaction(desk_engine()) as connection:
        return assign_waiting_cases(connection, instruction(), datetime.now(UTC))
