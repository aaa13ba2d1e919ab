"""What a customer may ask for about their account: everything that is held, or that it be erased (clause 6)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, Select, Text, func, inspect, or_, select
from sqlalchemy import cast as as_type

from models.account_handles import former_handles
from models.accounts import (
    AccountHandleRow,
    AccountLinkRow,
    AccountReviewRow,
    AccountRow,
    PriorityListingRow,
    account_number,
)
from models.cases import CaseRow, ClockRow, DeskActionRow, InteractionRow, TickedStepRow, case_number
from models.database import Table, one_of
from models.journal import JournalRow
from models.legal_holds import LegalHoldRow
from models.mention_rows import MentionRow, QuarantinedRow
from models.mention_store import AUTHOR_SEEN
from models.notices import NoticeRow
from models.safe_text import for_markdown, for_plain
from models.ticket_rows import ContactRow, FollowUpRunRow, TicketRow, UnitUpdateRow, ticket_number

NUMBER = re.compile(r"K-(\d{6,9})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Found:
    """The account that was meant, or the sentence that says why none was found."""

    account_id: int | None
    refusal: str | None = None


def find_account(connection: Connection, given: str, platform: str) -> Found:
    """The account meant by its number, or by its platform's id or its handle on `platform`."""
    wanted = given.strip()
    numbered = NUMBER.fullmatch(wanted)
    if numbered:
        known = connection.scalar(select(AccountRow.id).where(AccountRow.id == int(numbered[1])))
        return Found(known, None if known else f"account: there is no {wanted.upper()}; give the number of an account.")
    of_platform = (AccountRow.platform == platform, AccountRow.anonymised_at.is_(None))
    exact = select(AccountRow.id).where(*of_platform, AccountRow.external_id == wanted)
    by_handle = select(AccountRow.id).where(*of_platform, func.lower(AccountRow.handle) == wanted.lstrip("@").lower())
    ids = list(connection.scalars(exact)) or list(connection.scalars(by_handle.order_by(AccountRow.id)))
    if len(ids) == 1:
        return Found(ids[0])
    if ids:
        several = ", ".join(map(account_number, ids[:10]))
        return Found(None, f"account: several accounts have that handle: {several}; give the number of one.")
    return Found(None, f"account: nothing is held of such an account on {platform}; look at how it is written.")


@dataclass(frozen=True, slots=True)
class Part:
    """One part of what is held: its name, what it is in words, and its rows."""

    name: str
    what: str
    rows: list[dict[str, Any]]


def account_records(connection: Connection, account_id: int) -> list[Part]:
    """Everything that is held about an account, part by part; moments are UTC."""
    account = account_row(connection, account_id)
    cases = list(connection.scalars(select(CaseRow.id).where(CaseRow.account_id == account_id)))
    tickets = list(connection.scalars(select(TicketRow.id).where(one_of(connection, TicketRow.case_id, cases))))
    parts = [
        Part("account", "Profile as last seen, and whether it is a Priority customer, with the evidence.", [account])
    ]
    for name, table, what in BY_ACCOUNT:
        parts.append(_part(connection, name, what, table, table.__table__.c.account_id, [account_id]))
    linked = or_(AccountLinkRow.account_id == account_id, AccountLinkRow.other_id == account_id)
    what = "Which other account was confirmed to be the same person's, by whom and why."
    links = select(AccountLinkRow.__table__).where(linked).order_by(AccountLinkRow.id)
    parts.append(Part("links", what, _rows(connection, links)))
    for name, table, what in BY_CASE:
        parts.append(_part(connection, name, what, table, table.__table__.c.case_id, cases))
    for name, table, what in BY_TICKET:
        parts.append(_part(connection, name, what, table, table.__table__.c.ticket_id, tickets))
    journal = select(JournalRow.__table__).where(
        or_(
            JournalRow.account_id == account_id,
            one_of(connection, JournalRow.case_id, cases),
            one_of(connection, JournalRow.ticket_id, tickets),
        )
    )
    what = "What happened, step by step: each decision with its clause of the work instruction and the revision."
    parts.append(Part("journal", what, _rows(connection, journal.order_by(JournalRow.id))))
    refused = [dict(row._mapping) for row in quarantined(connection, account)]
    parts.append(Part("quarantined", "What the platform sent of this account that could not be taken.", refused))
    what = "Entries of the lists by which the desk knows Priority customers."
    parts.append(Part("listings", what, _rows(connection, _listings(account, _former(connection, account_id)))))
    return parts


BY_ACCOUNT: Sequence[tuple[str, type[Table], str]] = (
    ("handles", AccountHandleRow, "Handles that the account was seen to change, and when it was seen with them."),
    ("decisions", AccountReviewRow, "What people decided about whether this is a Priority customer, and why."),
    ("mentions", MentionRow, "What the account posted to us or about us, and what was read in it."),
    ("cases", CaseRow, "The complaints, from opening to closing, with who had them."),
)
BY_CASE: Sequence[tuple[str, type[Table], str]] = (
    ("interactions", InteractionRow, "What was said in the cases: by the customer, by us, and among ourselves."),
    ("clocks", ClockRow, "The deadlines of the cases and their tickets, and whether they were kept."),
    ("actions", DeskActionRow, "What our people did to the cases by their forms."),
    ("ticked_steps", TickedStepRow, "Steps of the hard-complaint instruction that were done."),
    ("tickets", TicketRow, "The parts that our units had in solving the cases."),
    ("notices", NoticeRow, "What our people were told about the cases."),
    ("legal_holds", LegalHoldRow, "Holds by which cases are kept beyond their time."),
)
BY_TICKET: Sequence[tuple[str, type[Table], str]] = (
    ("contacts", ContactRow, "The tries at the units."),
    ("unit_updates", UnitUpdateRow, "What the units said."),
    ("follow_up_runs", FollowUpRunRow, "The programme runs that followed the tickets."),
)


def quarantined(connection: Connection, account: Mapping[str, Any]) -> list[Row[Any]]:
    """The quarantined rows that an account wrote, by their author or as one of its mentions; not those that only
    mention it: they are other people's."""
    of_it = select(MentionRow.external_id).where(MentionRow.account_id == account["id"])
    mentions = set(connection.scalars(of_it))
    near = as_type(QuarantinedRow.payload, Text).contains(account["external_id"], autoescape=True)
    known = one_of(connection, QuarantinedRow.external_id, mentions)
    of_platform = QuarantinedRow.source.startswith(f"{account['platform']}:", autoescape=True)
    wanted = select(QuarantinedRow.__table__).where(of_platform, or_(near, known)).order_by(QuarantinedRow.id)
    rows = connection.execute(wanted)
    return [row for row in rows if row.external_id in mentions or account["external_id"] in _authors(row.payload)]


def told_of(connection: Connection, event: str, account_id: int) -> list[dict[str, Any]]:
    """What the journal tells of an account's requests of a kind."""
    told = select(JournalRow.detail).where(JournalRow.account_id == account_id, JournalRow.event == event)
    return list(connection.scalars(told.order_by(JournalRow.id)))


def done_by(connection: Connection, event: str, account_id: int, run_id: str) -> dict[str, Any] | None:
    """What the journal tells of a request that a run has carried out before; None where it has not."""
    told = told_of(connection, event, account_id)
    return next((detail for detail in told if detail.get("request") == run_id), None)


def traces(connection: Connection, account_id: int) -> tuple[str, ...]:
    """By what an account is named outside the desk's database: its id, @handle, the ones it had before, its number, and
    those of its cases."""
    account = account_row(connection, account_id)
    cases = list(connection.scalars(select(CaseRow.id).where(CaseRow.account_id == account_id)))
    tickets = list(connection.scalars(select(TicketRow.id).where(one_of(connection, TicketRow.case_id, cases))))
    of_tickets = one_of(connection, ContactRow.ticket_id, tickets)
    references = connection.scalars(select(ContactRow.reference).where(of_tickets).distinct())
    handles = [f"@{handle}" for handle in (account["handle"], *_former(connection, account_id)) if handle]
    named = [account["external_id"], *handles, account_number(account_id), *references]
    return tuple(str(one) for one in [*named, *map(case_number, cases), *map(ticket_number, tickets)] if one)


def naming(traces: Sequence[str]) -> Callable[[str], bool]:
    """Says of a text whether one of `traces` stands in it as a word of its own, escaped for markdown or not.

    A trace that begins with @ is a handle, which may be an ordinary word: it counts only as `@handle` or `/handle`.
    """
    words = {
        ("[@/]" if trace.startswith("@") else r"(?<![\w-])") + re.escape(form)
        for trace in traces
        for bare in [trace.removeprefix("@")]
        for form in (bare, for_plain(bare, 400), for_markdown(bare, 400))
        if form
    }
    pattern = re.compile("|".join(rf"{word}(?![\w-])" for word in sorted(words)), re.IGNORECASE)
    return lambda text: bool(words) and pattern.search(text) is not None


def said_in(given: Any, name: str = "") -> Iterator[str]:
    """Every value of a form, however deep, as text; of an account's field as a handle. Names of fields say nothing."""
    if isinstance(given, Mapping):
        for key, part in given.items():
            yield from said_in(part, str(key))
    elif isinstance(given, list | tuple):
        for part in given:
            yield from said_in(part, name)
    else:
        yield str(given)
        if name == "account":
            yield f"@{str(given).strip().removeprefix('@')}"


def account_row(connection: Connection, account_id: int) -> dict[str, Any]:
    """An account's row."""
    return dict(connection.execute(select(AccountRow.__table__).where(AccountRow.id == account_id)).mappings().one())


def _part(connection: Connection, name: str, what: str, table: type[Table], column: Any, values: Sequence[int]) -> Part:
    wanted = select(table.__table__).where(one_of(connection, column, values))
    return Part(name, what, _rows(connection, wanted.order_by(*inspect(table).primary_key)))


def _rows(connection: Connection, wanted: Select[Any]) -> list[dict[str, Any]]:
    return [dict(row) for row in connection.execute(wanted).mappings()]


def _former(connection: Connection, account_id: int) -> list[str]:
    return former_handles(connection, [account_id]).get(account_id, [])


def _listings(account: Mapping[str, Any], former: Sequence[str]) -> Select[Any]:
    row, handle = PriorityListingRow, (account["handle"] or "").lower()
    named = or_(row.external_id == account["external_id"], row.handle_key.in_([handle, *former]))
    return select(row.__table__).where(row.platform == account["platform"], named).order_by(row.id)


def _authors(payload: Mapping[str, Any]) -> set[str]:
    """The ids under which a payload names who wrote it."""
    sender, seen = payload.get("from"), payload.get(AUTHOR_SEEN)
    found = [
        payload.get("author_id"),
        sender.get("id") if isinstance(sender, Mapping) else None,
        seen.get("external_id") if isinstance(seen, Mapping) else None,
    ]
    return {str(one) for one in found if one is not None}
