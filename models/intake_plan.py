"""What a run of intake polls: which watched accounts are due, and which stretch of time each is asked for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator
from sqlalchemy import Connection, select

from models.accounts import WatchedAccountRow
from models.mentions import Platform, WatchedAccount, Window


class IntakeRequest(BaseModel):
    """What to pull. Left empty (as the schedule does), each watched account goes on from where it stands.

    With `since` the run is a backfill: it pulls that stretch again, for instance after an outage longer than the
    platforms' lists reach, and leaves the cursors alone. What is already stored stays as it is.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    since: AwareDatetime | None = Field(
        default=None,
        description="Backfill mentions posted from this moment (with time zone, e.g. 2026-03-01T08:00+07:00).",
    )
    until: AwareDatetime | None = Field(default=None, description="Backfill up to this moment; empty: until now.")
    handles: list[str] = Field(
        default_factory=list, description="Only these watched accounts, e.g. TelkomCare; empty: all of them."
    )

    @model_validator(mode="after")
    def _stretch_makes_sense(self) -> Self:
        if self.until and not self.since:
            raise ValueError("until: give since as well; a backfill needs the beginning of its stretch")
        if self.since and self.until and self.since >= self.until:
            raise ValueError("until: must be later than since")
        return self


@dataclass(frozen=True, slots=True)
class StandingOfWatched:
    """A watched account and how far it was polled (UTC)."""

    watched: WatchedAccount
    polled_until: datetime | None
    next_poll_at: datetime | None
    reconciled_at: datetime | None


@dataclass(frozen=True, slots=True)
class PollSettings:
    """How polling is done: clause 5.3.1's site settings."""

    overlap: timedelta
    first_lookback: timedelta
    reconcile_every: timedelta


@dataclass(frozen=True, slots=True)
class Poll:
    """One watched account's pull.

    `expand_authors` asks for authors' profiles with the posts; that is cheapest when nobody is remembered yet,
    afterwards only unknown authors are looked up. `reconcile` is the stretch to search by handle as well, for mentions
    the platform's list lost. `moves_cursor` is False for a backfill.
    """

    watched: WatchedAccount
    window: Window
    expand_authors: bool
    reconcile: Window | None
    moves_cursor: bool


def standings(connection: Connection) -> list[StandingOfWatched]:
    """The active watched accounts, in the order they were entered."""
    rows = connection.execute(
        select(WatchedAccountRow.__table__).where(WatchedAccountRow.active.is_(True)).order_by(WatchedAccountRow.id)
    )
    return [
        StandingOfWatched(
            WatchedAccount(row.id, Platform(row.platform), row.external_id, row.handle, row.kind),
            row.polled_until,
            row.next_poll_at,
            row.reconciled_at,
        )
        for row in rows
    ]


def plan_polls(
    watched: Iterable[StandingOfWatched], request: IntakeRequest, settings: PollSettings, now: datetime
) -> tuple[list[Poll], list[StandingOfWatched]]:
    """Say what is polled at `now` (UTC), and which accounts wait for a rate limit or the read budget."""
    wanted = {handle.lstrip("@").casefold() for handle in request.handles}
    chosen = [one for one in watched if not wanted or one.watched.handle.casefold() in wanted]
    if request.since:
        window = Window(request.since, request.until)
        # X's list of mentions ends after 800: a backfill searches as well.
        polls = [
            Poll(one.watched, window, True, window if one.watched.platform is Platform.X else None, False)
            for one in chosen
        ]
        return polls, []
    due = [one for one in chosen if one.next_poll_at is None or one.next_poll_at <= now]
    waiting = [one for one in chosen if one.next_poll_at is not None and one.next_poll_at > now]
    return [_poll(one, settings, now) for one in due], waiting


def _poll(one: StandingOfWatched, settings: PollSettings, now: datetime) -> Poll:
    if one.polled_until is None:
        return Poll(one.watched, Window(now - settings.first_lookback), True, None, True)
    reconcile = None
    if one.watched.platform is Platform.X:
        seen = one.reconciled_at or one.polled_until - settings.reconcile_every
        if seen <= now - settings.reconcile_every:
            reconcile = Window(seen - settings.overlap)
    return Poll(one.watched, Window(one.polled_until - settings.overlap), False, reconcile, True)
