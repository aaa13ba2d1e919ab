"""The steps of intake. Each leaves the database consistent, and what it leaves undone the next run finds there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.futures import PrefectFuture
from prefect.logging import get_run_logger
from sqlalchemy import update

from models.accounts import WatchedAccountRow
from models.database import write_transaction
from models.intake_plan import IntakeRequest, Poll, PollSettings, plan_polls, standings
from models.intake_report import AccountPull
from models.mention_store import Stored, billed, count_reads, move_cursor, store_page
from models.mentions import Page, Platform, Reads
from models.paging import PageGuard
from models.read_budget import rest_for_budget
from tasks.checks import check_mentions
from tasks.database import desk_engine
from tasks.desk_data import instruction, lexicons
from tasks.platforms.errors import PlatformError, RateLimited
from tasks.platforms.pull import pull_page

LIST_REACH = 700
"""X's list of mentions ends after 800, often a little earlier; a longer pull is made whole by searching."""


@dataclass(frozen=True, slots=True)
class IntakePlan:
    """What this run polls, and which watched accounts wait (sentences for the report)."""

    polls: tuple[Poll, ...]
    waiting: tuple[AccountPull, ...]


@task(name="plan polls", cache_policy=NO_CACHE)
def plan_intake(request: IntakeRequest) -> IntakePlan:
    """Say which watched accounts this run polls, and from when."""
    now = datetime.now(UTC)
    detection = instruction().detection
    settings = PollSettings(detection.poll_overlap, detection.first_lookback, detection.reconcile_every)
    with desk_engine().connect() as connection:
        polls, waiting = plan_polls(standings(connection), request, settings, now)
    resting = tuple(
        AccountPull(
            handle=one.watched.handle,
            platform=one.watched.platform.value,
            kind=one.watched.kind,
            cursor=one.polled_until,
            problem=f"waits until {one.next_poll_at:%H:%M:%S} UTC (rate limit or read budget)",
        )
        for one in waiting
    )
    return IntakePlan(tuple(polls), resting)


@task(name="take in", task_run_name="take in @{poll.watched.handle} ({poll.watched.platform})", cache_policy=NO_CACHE)
def take_in_account(poll: Poll) -> AccountPull:
    """Pull one watched account page by page; a platform's failure ends here and concerns only this account."""
    started = datetime.now(UTC)
    total, reads = Stored(), Reads()
    warnings: dict[str, None] = {}
    problem = None
    try:
        ways = [("mentions", poll.window)] + ([("search", poll.reconcile)] if poll.reconcile else [])
        for via, window in ways:
            pages = PageGuard()
            token: str | None = None
            while True:
                page = pull_page(poll.watched, window, token, poll.expand_authors, via)
                last = not pages.goes_on(page)
                kept = store_checked_page(poll, page, total, last=last, via=via)
                total += kept.stored
                reads += kept.reads
                warnings |= dict.fromkeys((*page.warnings, *kept.warnings))
                if last:
                    break
                token = page.next_token
    except PlatformError as error:
        problem = str(error)
        get_run_logger().warning("@%s: %s", poll.watched.handle, problem)
        if isinstance(error, RateLimited):
            _wait_until(poll, error.reset_at)
    return AccountPull(
        handle=poll.watched.handle,
        platform=poll.watched.platform.value,
        kind=poll.watched.kind,
        pulled=total.stored + total.duplicates + total.edited + total.quarantined,
        stored=total.stored,
        duplicates=total.duplicates,
        edited=total.edited,
        quarantined=total.quarantined,
        cursor=total.newest,
        lateness=None if total.newest is None else max(started - total.newest, timedelta(0)),
        problem=problem,
        reads=reads,
        warnings=tuple(warnings),
    )


def pulled(poll: Poll, future: PrefectFuture[AccountPull]) -> AccountPull:
    """What pulling an account came to; a defect of ours, too, ends with its own account and is named in the report."""
    found = future.result(raise_on_failure=False)
    if isinstance(found, AccountPull):
        return found
    problem = f"defect ({type(found).__name__}): see the failed task of this account in the run"
    return AccountPull(
        poll.watched.handle, poll.watched.platform.value, poll.watched.kind, problem=problem, defect=True
    )


def fail_on_defects(pulls: Sequence[AccountPull]) -> None:
    """End the run as failed where a defect of ours kept an account from being pulled; everything else is done.

    Raises:
        RuntimeError: naming the accounts.
    """
    struck = [f"@{pull.handle} ({pull.platform})" for pull in pulls if pull.defect]
    if struck:
        raise RuntimeError(f"Not pulled because of a defect: {', '.join(struck)}; the other accounts went on.")


@dataclass(frozen=True, slots=True)
class KeptPage:
    """A page as kept, what X bills for it, and what a person should know."""

    stored: Stored
    reads: Reads
    warnings: tuple[str, ...] = ()


@task(name="store page", cache_policy=NO_CACHE)
def store_checked_page(poll: Poll, page: Page, before: Stored, *, last: bool, via: str) -> KeptPage:
    """Check a page and keep it; the cursor moves in the transaction that stores the last page of a pull.

    `before` is what the pull's earlier pages stored.
    """
    now = datetime.now(UTC)
    rules = instruction().detection
    good, refused = check_mentions(page.mentions, now)
    checked = replace(page, mentions=good, refused=page.refused + refused)
    warning = None
    with write_transaction(desk_engine()) as connection:
        stored = store_page(connection, poll.watched, checked, lexicons(), now)
        reads = billed(page.reads, stored.reread)
        count_reads(connection, poll.watched.platform, reads, now)
        if last and poll.moves_cursor and via == "mentions":
            pulled = before + stored
            beyond = now - rules.reconcile_every if pulled.stored + pulled.duplicates >= LIST_REACH else None
            search_from = min(beyond, poll.window.since or beyond) if beyond else None
            move_cursor(connection, poll.watched, pulled.newest, now, search_from)
            if poll.watched.platform is Platform.X:
                warning = rest_for_budget(connection, poll.watched.id, rules, now)
        if last and poll.moves_cursor and via == "search":
            connection.execute(
                update(WatchedAccountRow).where(WatchedAccountRow.id == poll.watched.id).values(reconciled_at=now)
            )
    return KeptPage(stored, reads, (warning,) if warning else ())


def _wait_until(poll: Poll, moment: datetime) -> None:
    with write_transaction(desk_engine()) as connection:
        connection.execute(
            update(WatchedAccountRow).where(WatchedAccountRow.id == poll.watched.id).values(next_poll_at=moment)
        )
