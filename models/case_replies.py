"""An answer to the customer: through which of our accounts, and into the outbox (clause 5.3.2a)."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, Row, insert, select

from models.accounts import WatchedAccountRow
from models.answering import AnswerWays, WatchedSender, answer_ways
from models.case_clocks import stop_case_clocks
from models.case_steps import CaseHand
from models.cases import InteractionRow
from models.clocks import ClockKind
from models.mention_rows import MentionRow
from models.mentions import MentionKind
from models.post_length import why_too_long
from models.safe_text import clean

LINK = re.compile(r"https://[^\s<>\"']{4,390}")


class ReplyRefused(Exception):
    """An answer that cannot go out; the message names the field and what to do instead."""


def ways_to_answer(connection: Connection, case: Row[Any], may_post: Collection[tuple[str, str]]) -> AnswerWays | None:
    """How the latest thing the customer of a case said can be answered; None where they said nothing we know of."""
    said = latest_mention(connection, case.id)
    if said is None:
        return None
    watched = [
        WatchedSender(row.handle, row.external_id, row.kind, (row.platform, row.handle.lower()) in may_post)
        for row in connection.execute(
            select(WatchedAccountRow.__table__)
            .where(WatchedAccountRow.platform == said.platform, WatchedAccountRow.active)
            .order_by(WatchedAccountRow.id)
        )
    ]
    kind = MentionKind(said.kind)
    return answer_ways(said.platform, said.external_id, kind, said.mentioned_handles, watched, said.conversation_id)


def latest_mention(connection: Connection, case_id: int) -> Row[Any] | None:
    """The latest thing the customer said in a case."""
    return connection.execute(
        select(MentionRow.__table__)
        .where(MentionRow.case_id == case_id)
        .order_by(MentionRow.posted_at.desc(), MentionRow.id.desc())
        .limit(1)
    ).one_or_none()


def queue_reply(
    hand: CaseHand, text: str, answer_as: str, in_app_link: str, may_post: Collection[tuple[str, str]]
) -> str:
    """Put an answer into the outbox, or keep one that was given in the app. The sentence to tell; `ReplyRefused`."""
    said = latest_mention(hand.connection, hand.case.id)
    ways = ways_to_answer(hand.connection, hand.case, may_post)
    if said is None or ways is None:
        raise ReplyRefused("text: the customer has said nothing here that could be answered; note it instead.")
    row = {
        "case_id": hand.case.id,
        "author": hand.actor,
        "text": clean(text),
        "at": hand.now,
        "direction": "out",
        "kind": "reply",
        "reply_to": said.external_id,
        "attempts": 0,
    }
    if in_app_link.strip():
        if not LINK.fullmatch(in_app_link.strip()):
            raise ReplyRefused("answered_in_app: give the https link to your answer.")
        hand.connection.execute(
            insert(InteractionRow), row | {"delivery": "in_app", "link": in_app_link.strip(), "attempts": 0}
        )
        stop_case_clocks(hand.connection, [hand.case.id], hand.now, [ClockKind.FIRST_RESPONSE])
        hand.journal("answered_in_app", "5.3.2a", {})
        return f"{hand.number}: your answer in the app was noted."
    sender = _sender(ways, answer_as)
    too_long = why_too_long(said.platform, text)
    if too_long:
        raise ReplyRefused(f"text: {too_long}")
    hand.connection.execute(
        insert(InteractionRow), row | {"delivery": "queued", "sender": sender.external_id, "next_attempt_at": hand.now}
    )
    hand.journal("reply_written", "5.3.2a", {"sender": sender.handle})
    return f"{hand.number}: your answer goes out as @{sender.handle}."


def _sender(ways: AnswerWays, answer_as: str) -> WatchedSender:
    """Who of ours answers: whom the form names, else the best."""
    wanted = answer_as.strip().lstrip("@").lower()
    able = [sender for sender in ways.senders if not wanted or sender.handle.lower() == wanted]
    if able:
        return able[0]
    why = " ".join(ways.reasons)
    if wanted:
        could = ", ".join(f"@{sender.handle}" for sender in ways.senders) or "none"
        raise ReplyRefused(f"answer_as: cannot answer this as @{wanted[:40]}; could: {could}. {why}")
    raise ReplyRefused(f"text: {why} Paste the link to it under “Answered in the app”.")
