"""Small makers for tests: a mention, a page, rows of a table."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import count
from threading import Event
from typing import Any

import pytest
from sqlalchemy import Engine, func, insert, select

from models.accounts import WatchedAccountRow
from models.database import Table, write_transaction
from models.eligibility import SKILLS, Agent, latest_complete_months
from models.mentions import Author, Mention, MentionKind, Page, Platform, WatchedAccount

NOW = datetime(2026, 3, 10, 5, 0, tzinfo=UTC)
TODAY = date(2026, 3, 10)
MONTHS = latest_complete_months(TODAY, 6)
COMPLAINT = "@TelkomCare internet rumah mati total dari pagi, tolong dicek"
HARD_COMPLAINT = "@TelkomCare sudah lapor tiga kali internet tetap mati total, saya adukan ke YLKI dan Kominfo"
PRAISE = "@TelkomCare makasih ya, internetnya sudah lancar lagi"
_numbers = count(1_900_000_000_000_000_001)

MINISTER = Author(
    Platform.X, "501", "pakmenteri_uji", "Darma Wiguna", "Anggota DPR RI Komisi I, Fraksi Karya", 90_000, "blue"
)
NEIGHBOUR = Author(Platform.X, "502", "tetangga_uji", "Rani", "kopi, kucing, hujan", 120, None)
MAYBE = Author(Platform.X, "503", "mungkin_uji", "Wulan", "kepala cabang", 300, None)
AGENT = Agent(
    code="A01",
    name="Dewi",
    role="agent",
    joined_on=date(2024, 1, 5),
    capacity=5,
    social_handle="dewi",
    away_until=None,
    qa_scores=dict.fromkeys(MONTHS, (90.0, 85.0)),
    assessments=dict.fromkeys(SKILLS, (90.0, date(2025, 12, 1))),
    shifts=((NOW - timedelta(hours=2), NOW + timedelta(hours=6)),),
)


def mention(text: str = COMPLAINT, author: Author | None = MINISTER, **changes: Any) -> Mention:
    """A post on X mentioning TelkomCare, a conversation of its own, posted a minute ago."""
    number = str(next(_numbers))
    made = Mention(
        platform=Platform.X,
        external_id=number,
        version=number.zfill(20),
        kind=MentionKind.POST,
        author_id=author.external_id if author else None,
        conversation_id=number,
        text=text,
        posted_at=NOW - timedelta(minutes=1),
        url=f"https://x.com/i/status/{number}",
        mentioned_handles=("TelkomCare",),
        language="in",
    )
    return replace(made, **changes)


def page(*mentions: Mention, **changes: Any) -> Page:
    """The last page of a pull, with the profiles of the authors above."""
    authors = tuple(author for author in (MINISTER, NEIGHBOUR, MAYBE) if _wrote(author, mentions))
    return replace(Page(mentions, authors), **changes)


def _wrote(author: Author, mentions: tuple[Mention, ...]) -> bool:
    return any(one.author_id == author.external_id for one in mentions)


def put_watched(engine: Engine, **changes: Any) -> WatchedAccount:
    """One watched care account on X."""
    values = {"platform": "x", "external_id": "1", "handle": "TelkomCare", "kind": "care", "owner": "desk"} | changes
    with write_transaction(engine) as connection:
        row_id = connection.execute(insert(WatchedAccountRow).returning(WatchedAccountRow.id), values).scalar_one()
    return WatchedAccount(row_id, Platform(values["platform"]), values["external_id"], values["handle"], values["kind"])


def rows(engine: Engine, table: type[Table]) -> list[dict[str, Any]]:
    """Every row of a table, in order."""
    with engine.connect() as connection:
        found = connection.execute(select(table.__table__).order_by(*table.__table__.primary_key.columns))
        return [dict(row) for row in found.mappings()]


def how_many(engine: Engine, table: type[Table]) -> int:
    """How many rows a table has."""
    with engine.connect() as connection:
        return connection.scalar(select(func.count()).select_from(table)) or 0


def wait_for(what: Callable[[], Any], seconds: float = 240) -> Any:
    """Wait until something holds; what is asked makes a call or a query, so it is asked again a moment later only."""
    deadline, pause = time.monotonic() + seconds, Event()
    while not (found := what()):
        if time.monotonic() > deadline:
            pytest.fail(f"not within {seconds} s")
        pause.wait(0.2)
    return found
