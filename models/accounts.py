"""Accounts: those the desk watches, those of customers, and the listings that make a customer priority (5.2.1)."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Float, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.database import Json, Table


class WatchedAccountRow(Table):
    """A care or BOD account whose mentions are pulled (clause 5.3.1).

    `polled_until` is the posting time of the newest mention stored; the next pull starts an overlap before it.
    `next_poll_at` delays the account after a rate limit or when the read budget runs low.
    """

    __tablename__ = "watched_accounts"
    __table_args__ = (UniqueConstraint("platform", "external_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    platform: Mapped[str] = mapped_column(String(16))
    external_id: Mapped[str] = mapped_column(String(64))
    handle: Mapped[str] = mapped_column(String(100))
    kind: Mapped[str] = mapped_column(String(8))
    owner: Mapped[str] = mapped_column(String(200))
    active: Mapped[bool] = mapped_column(default=True)
    polled_until: Mapped[datetime | None]
    polled_at: Mapped[datetime | None]
    next_poll_at: Mapped[datetime | None]
    reconciled_at: Mapped[datetime | None]


class AccountRow(Table):
    """A customer's social account and the latest verdict on whether it is priority (clause 5.2.1).

    `profile_at` is when the profile was last seen (None: never); `decided_…` holds a person's decision, which
    beats the rules until it is undone.
    """

    __tablename__ = "accounts"
    __table_args__ = (
        UniqueConstraint("platform", "external_id"),
        Index("ix_accounts_priority_status", "priority_status"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    platform: Mapped[str] = mapped_column(String(16))
    external_id: Mapped[str] = mapped_column(String(128))
    handle: Mapped[str | None] = mapped_column(Text)
    name: Mapped[str | None] = mapped_column(Text)
    bio: Mapped[str | None] = mapped_column(Text)
    followers: Mapped[int | None] = mapped_column(Integer)
    verified: Mapped[str | None] = mapped_column(String(32))
    profile_at: Mapped[datetime | None]
    priority_status: Mapped[str | None] = mapped_column(String(16))
    priority_category: Mapped[str | None] = mapped_column(String(32))
    priority_source: Mapped[str | None] = mapped_column(String(16))
    priority_confidence: Mapped[float | None] = mapped_column(Float)
    priority_evidence: Mapped[list[str] | None] = mapped_column(Json)
    decided_status: Mapped[str | None] = mapped_column(String(16))
    decided_category: Mapped[str | None] = mapped_column(String(32))
    decided_reason: Mapped[str | None] = mapped_column(Text)
    decided_by: Mapped[str | None] = mapped_column(String(100))
    decided_at: Mapped[datetime | None]


class PriorityListingRow(Table):
    """An entry of the priority registry or of the list of BOD accounts.

    `handle_key` is the handle lower-cased without its @, so that a look-up is one indexed equality.
    `valid_from` and `valid_to` are calendar days in Asia/Jakarta, both included; None is open.
    """

    __tablename__ = "priority_listings"
    __table_args__ = (
        Index("ix_priority_listings_platform_handle_key", "platform", "handle_key"),
        Index("ix_priority_listings_platform_external_id", "platform", "external_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(String(16))
    platform: Mapped[str] = mapped_column(String(16))
    handle_key: Mapped[str | None] = mapped_column(String(100))
    external_id: Mapped[str | None] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(400))
    category: Mapped[str] = mapped_column(String(32))
    document: Mapped[str] = mapped_column(String(400))
    valid_from: Mapped[date | None]
    valid_to: Mapped[date | None]


class ReadCountRow(Table):
    """What was read of a platform's paid quota on one UTC day; the month's sum is priced against the budget."""

    __tablename__ = "read_counts"

    platform: Mapped[str] = mapped_column(String(16), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    posts: Mapped[int]
    owned_posts: Mapped[int]
    users: Mapped[int]
    calls: Mapped[int]
