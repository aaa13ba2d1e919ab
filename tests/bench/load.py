"""A load for the bench: the sandbox's own mentions and accounts, multiplied, of which 30 % become cases."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TypeVar

import yaml
from dateutil.relativedelta import relativedelta
from sqlalchemy import Engine, insert

from models.accounts import WatchedAccountRow
from models.database import write_transaction
from models.eligibility import SKILLS
from models.mentions import Author, Mention, MentionKind, Platform, WatchedAccount
from models.priority import PriorityThresholds, judge_account
from models.reading import read_text
from models.staff import AssessmentRow, QaScoreRow, ShiftRow, StaffRow
from tasks.desk_data import lexicons
from tasks.settings import Settings

T = TypeVar("T")
AGENTS = 40
CASE_SHARE = 0.3


@dataclass(frozen=True)
class BenchLoad:
    """Mentions, oldest first, and the profile of each author by id."""

    mentions: tuple[Mention, ...]
    authors: Mapping[str, Author]


def make_load(count: int, now: datetime) -> BenchLoad:
    """Invent `count` mentions by `count // 2` accounts, three in ten of them complaints by priority customers."""
    texts = [row["text"] for row in _sandbox_rows("mentions.jsonl")]
    people = yaml.safe_load((Settings().data / "sandbox" / "accounts.yaml").read_text("utf-8"))["accounts"]
    complaints, other_texts = _parted(texts, lambda text: read_text(text, lexicons()).complaint)
    profiles = [_author("0", person) for person in people if person["platform"] == "x"]
    priority, other_people = _parted(profiles, lambda author: _status(author, now.date()) == "priority")
    chance = random.Random(19)
    mentions, authors = [], {}
    for number in range(count):
        case = chance.random() < CASE_SHARE
        of = number // 2 if not case else number
        profile = chance.choice(priority if case else other_people)
        author_id = f"{'9' if case else '8'}{of:09d}"
        authors.setdefault(author_id, _renamed(profile, author_id))
        text = chance.choice(complaints if case else other_texts)
        mentions.append(_mention(number, author_id, f"{text} #{number}", now - timedelta(seconds=count - number)))
    return BenchLoad(tuple(mentions), authors)


def put_desk(engine: Engine, now: datetime) -> WatchedAccount:
    """One watched account and a desk of qualified agents, all on duty, with room for every case."""
    month = now.date().replace(day=1)
    with write_transaction(engine) as connection:
        connection.execute(
            insert(WatchedAccountRow),
            {"id": 1, "platform": "x", "external_id": "1", "handle": "TelkomCare", "kind": "care", "owner": "desk"},
        )
        people = [
            {
                "id": number,
                "code": f"B{number:02d}",
                "name": f"Agent {number}",
                "role": "agent" if number < AGENTS else "team_leader",
                "joined_on": now.date() - timedelta(days=900),
                "capacity": 10**6,
                "social_handle": f"agent{number}",
            }
            for number in range(1, AGENTS + 2)
        ]
        connection.execute(insert(StaffRow), people)
        ids = [person["id"] for person in people]
        months = [month - relativedelta(months=back) for back in range(1, 8)]
        connection.execute(
            insert(QaScoreRow),
            [{"staff_id": staff, "month": of, "score": 95.0, "target": 85.0} for staff in ids for of in months],
        )
        connection.execute(
            insert(AssessmentRow),
            [
                {"staff_id": staff, "skill": skill, "score": 95.0, "assessed_on": month - timedelta(days=30)}
                for staff in ids
                for skill in SKILLS
            ],
        )
        connection.execute(
            insert(ShiftRow),
            [
                {"staff_id": staff, "starts_at": now - timedelta(hours=4), "ends_at": now + timedelta(hours=4)}
                for staff in ids
            ],
        )
    return WatchedAccount(1, Platform.X, "1", "TelkomCare", "care")


def _sandbox_rows(name: str) -> list[dict[str, str]]:
    lines = (Settings().data / "sandbox" / name).read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines if line.strip()]


def _parted(things: list[T], chosen: Callable[[T], bool]) -> tuple[list[T], list[T]]:
    return [thing for thing in things if chosen(thing)], [thing for thing in things if not chosen(thing)]


def _status(author: Author, today: date) -> str:
    return judge_account(
        author, decision=None, listings=(), today=today, lexicons=lexicons(), thresholds=PriorityThresholds()
    ).status


def _author(external_id: str, person: Mapping[str, object]) -> Author:
    verified = str(person.get("verified") or "none")
    return Author(
        Platform.X,
        external_id,
        str(person["handle"]),
        str(person["name"]),
        str(person.get("bio") or ""),
        int(str(person.get("followers") or 0)),
        None if verified == "none" else verified,
    )


def _renamed(profile: Author, external_id: str) -> Author:
    handle = f"{profile.handle}_{external_id[-6:]}"
    return Author(profile.platform, external_id, handle, profile.name, profile.bio, profile.followers, profile.verified)


def _mention(number: int, author_id: str, text: str, posted_at: datetime) -> Mention:
    post_id = str(1_900_000_000_000_000_000 + number)
    return Mention(
        platform=Platform.X,
        external_id=post_id,
        version=post_id.zfill(20),
        kind=MentionKind.POST,
        author_id=author_id,
        conversation_id=post_id,
        text=text,
        posted_at=posted_at,
        url=f"https://x.com/i/status/{post_id}",
        mentioned_handles=("TelkomCare",),
        language="in",
    )
