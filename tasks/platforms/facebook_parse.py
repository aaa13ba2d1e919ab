"""Graph's posts and comments as the desk's records. An author Facebook does not tell is no error."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from models.mentions import Author, Mention, MentionKind, Platform, RefusedRow
from models.quarantine import Corrections

COMMENTS = "facebook:comments"
UNDER = "under_post"
"""Where a refused comment's payload keeps the post it stands under: Graph does not say it in the comment."""


def parse_entries(entries: Iterable[Any], post: str | None) -> tuple[list[Mention], list[Author], list[RefusedRow]]:
    """Read the entries of an edge; with `post`, they are comments under that post.

    Returns mentions, the authors told, and what can be no mention, with the reasons.
    """
    mentions: list[Mention] = []
    authors: dict[str, Author] = {}
    refused: list[RefusedRow] = []
    for entry in entries:
        read = _mention(entry, post)
        if isinstance(read, RefusedRow):
            refused.append(read)
            continue
        mentions.append(read)
        author = _author(entry)
        if author:
            authors[author.external_id] = author
    return mentions, list(authors.values()), refused


def parse_again(
    payload: Mapping[str, Any], source: str, corrections: Corrections
) -> tuple[Mention | RefusedRow, Author | None]:
    """Read an entry that was refused once more, with what a person corrected; the author where one is told."""
    entry = {name: value for name, value in payload.items() if name != UNDER}
    post = corrections.conversation_id or payload.get(UNDER)
    if source == COMMENTS and not post:
        reason = "conversation: the post it stands under was not kept; give its id"
        return RefusedRow(source, None, entry, (reason,)), None
    entry |= {"id": corrections.external_id} if corrections.external_id else {}
    entry |= {"message": corrections.text} if corrections.text else {}
    entry |= {"created_time": corrections.posted_at.isoformat()} if corrections.posted_at else {}
    author = _author(entry)
    if corrections.author_id and not (author and author.external_id == corrections.author_id):
        entry["from"], author = {"id": corrections.author_id}, None  # the profile told is somebody else's
    return _mention(entry, post if source == COMMENTS else None), author


def _mention(entry: Any, post: str | None) -> Mention | RefusedRow:
    source = COMMENTS if post else "facebook:posts"
    under = {UNDER: post} if post else {}
    if not isinstance(entry, dict):
        return RefusedRow(source, None, {"entry": entry, **under}, ("entry: must be an object",))
    external_id, text = entry.get("id"), entry.get("message")
    posted_at = _time(entry.get("created_time"))
    reasons = []
    if not isinstance(external_id, str) or not re.fullmatch(r"[\w:.-]{1,128}", external_id, re.ASCII):
        reasons.append("id: must be a Graph id")
    if not isinstance(text, str) or not text.strip():
        reasons.append("message: is missing (a picture or a share without words)")
    if posted_at is None:
        reasons.append("created_time: is no time")
    if reasons or not isinstance(external_id, str) or not isinstance(text, str) or posted_at is None:
        return RefusedRow(source, str(external_id) if external_id else None, entry | under, tuple(reasons))
    author = _author(entry)
    parent = entry.get("parent")
    answers = parent.get("id") if isinstance(parent, dict) else post
    url = entry.get("permalink_url")
    return Mention(
        platform=Platform.FACEBOOK,
        external_id=external_id,
        version="",
        kind=MentionKind.COMMENT if post else MentionKind.POST,
        author_id=author.external_id if author else None,
        conversation_id=post or external_id,
        text=text,
        posted_at=posted_at,
        url=url if isinstance(url, str) else f"https://www.facebook.com/{external_id}",
        in_reply_to=answers if isinstance(answers, str) else None,
    )


def _author(entry: dict[str, Any]) -> Author | None:
    told = entry.get("from")
    if not isinstance(told, dict) or not isinstance(told.get("id"), str) or not told["id"]:
        return None
    name = told.get("name")
    return Author(Platform.FACEBOOK, told["id"], name=name if isinstance(name, str) else None)


def _time(value: Any) -> datetime | None:
    """`2021-02-12T16:27:12+0000` as aware UTC."""
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment.tzinfo else None
