"""Accounts: those the desk watches, those of customers, and the listings that make a customer priority (5.2.1)."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Float, ForeignKey, Index, Integer, String, Text, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from models.database import Json, Table


def account_number(account_id: int) -> str:
    """The number people use for a customer's account (*konsumen*): 123 → `K-000123`."""
    return f"K-{account_id:06d}"


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
    region: Mapped[str | None] = mapped_column(String(100))
    """Whose customers it is for, by which complaints are counted; None where it is for all."""
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
    handle_since: Mapped[datetime | None]
    """When it was first seen with the handle it has."""
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
    anonymised_at: Mapped[datetime | None]
    """When everything that tells who it is was taken away (clause 6); None while it is known."""


HANDLE_KEY = func.lower(AccountRow.handle, type_=Text)
"""An account's handle as it is looked up by, as the index has it."""
Index("ix_accounts_handle_key", HANDLE_KEY)


class AccountHandleRow(Table):
    """A handle that an account had before, once it was seen with another (5.2.1).

    `handle_key` is written as in the listings. What an account has now is in its own row; an account that was never
    seen to change its handle has nothing here. `since` is when it was first seen with it, `until` when it was first
    seen with another.
    """

    __tablename__ = "account_handles"
    __table_args__ = (Index("ix_account_handles_handle_key", "handle_key"),)

    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), primary_key=True)
    handle_key: Mapped[str] = mapped_column(Text, primary_key=True)
    since: Mapped[datetime]
    until: Mapped[datetime]


class AccountLinkRow(Table):
    """Two accounts of one person, as a person confirmed it (5.2.1); the one with the lower id comes first.

    One that was undone has `ended_…`. `flow_run_id` is the form's run: repeated, it finds its link here.
    """

    __tablename__ = "account_links"

    id: Mapped[int] = mapped_column(primary_key=True)
    flow_run_id: Mapped[str] = mapped_column(String(36), unique=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), index=True)
    other_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), index=True)
    at: Mapped[datetime]
    by: Mapped[str] = mapped_column(String(32))
    reason: Mapped[str] = mapped_column(Text)
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str | None] = mapped_column(String(32))


Index(
    "uq_account_links_in_force",
    AccountLinkRow.account_id,
    AccountLinkRow.other_id,
    unique=True,
    sqlite_where=AccountLinkRow.ended_at.is_(None),
    postgresql_where=AccountLinkRow.ended_at.is_(None),
)


class AccountReviewRow(Table):
    """What a person decided about an account (5.2.1), and what the rules had made of it then.

    The decision in force is repeated in the account's `decided_…` columns; one that was undone has `undone_…`.
    `flow_run_id` is the form's run: repeated, it finds its decision here.
    """

    __tablename__ = "account_reviews"

    id: Mapped[int] = mapped_column(primary_key=True)
    flow_run_id: Mapped[str] = mapped_column(String(36), unique=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), index=True)
    at: Mapped[datetime]
    by: Mapped[str] = mapped_column(String(32))
    status: Mapped[str] = mapped_column(String(16))
    category: Mapped[str | None] = mapped_column(String(32))
    reason: Mapped[str] = mapped_column(Text)
    ruled_status: Mapped[str] = mapped_column(String(16))
    ruled_category: Mapped[str | None] = mapped_column(String(32))
    ruled_source: Mapped[str | None] = mapped_column(String(16))
    ruled_confidence: Mapped[float] = mapped_column(Float)
    undone_at: Mapped[datetime | None]
    undone_by: Mapped[str | None] = mapped_column(String(32))


class PriorityListingRow(Table):
    """An entry of the priority registry or of the list of BOD accounts.

    `handle_key` is the handle lower-cased without its @, so that a look-up is one indexed equality.
    `valid_from` and `valid_to` are calendar days in Asia/Jakarta, both included; None is open.
    """

    __tablename__ = "priority_listings"
    __table_args__ = (
        Index("ix_priority_listings_handle_key", "handle_key"),
        Index("ix_priority_listings_external_id", "external_id"),
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
