"""Writing down the tries at a unit, and what the desk's people are to be told about a ticket (clauses 4.3, 4.4)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select

from models.cases import case_number
from models.notices import NoticeRow
from models.ticket_rows import ContactRow, ticket_artifact_key, ticket_number


def add_contact(
    connection: Connection,
    ticket: Row[Any],
    kind: str,
    key: str,
    outcome: str,
    code: int | None,
    detail: str,
    now: datetime,
    reference: str | None = None,
) -> None:
    """Note one try at a unit, with what the unit calls the ticket where it has taken it."""
    values = {
        "ticket_id": ticket.id,
        "unit": ticket.unit,
        "kind": kind,
        "key": key,
        "outcome": outcome,
        "status_code": code,
        "reference": reference,
        "detail": detail[:500],
        "at": now,
    }
    connection.execute(insert(ContactRow), values)


def tell(
    connection: Connection,
    ticket: Row[Any],
    recipients: list[str],
    kind: str,
    cause: str,
    what: str,
    ui_url: str,
    now: datetime,
) -> None:
    """Put a notice about a ticket into the outbox, once for each recipient and cause; it leads to the case file."""
    number = ticket_number(ticket.id)
    for recipient in dict.fromkeys(recipients):
        key = f"{kind}:{number}:{recipient}:{cause}"[:128]
        if connection.scalar(select(NoticeRow.id).where(NoticeRow.cause == key)) is None:
            values = {
                "recipient": recipient,
                "case_id": ticket.case_id,
                "kind": kind,
                "cause": key,
                "title": f"{number} ({case_number(ticket.case_id)}, {ticket.unit}): {what}"[:300],
                "body": f"Case file: {ui_url}/artifacts/key/{ticket_artifact_key(ticket.id)}",
                "created_at": now,
                "attempts": 0,
            }
            connection.execute(insert(NoticeRow), values)
