"""Posts and users as X API v2 writes them, with only the fields that were asked for."""

from __future__ import annotations

import hashlib
import html
import re
import unicodedata
from datetime import timedelta
from typing import Any

from deployments.sandbox.records import SandboxAccount, XPost
from deployments.sandbox.state import HANDLE, SandboxState
from deployments.sandbox.wire import x_time
from deployments.sandbox.x_checks import Fields

LINK = re.compile(r"https?://[^\s]+")
HASHTAG = re.compile(r"(?<!\w)#(\w+)")
LIGHT = ((0, 4351), (8192, 8205), (8208, 8223), (8242, 8247))
"""Code points that count 1 (twitter-text configuration v3); all others count 2."""


def weighted_length(text: str) -> int:
    """The length X counts: links 23, emoji and CJK 2, the rest 1."""
    text, links = LINK.subn("", unicodedata.normalize("NFC", text))
    joined = re.sub(r"[\u200d\ufe0f\U0001f3fb-\U0001f3ff]", "", text)
    weights = (1 if any(low <= ord(char) <= high for low, high in LIGHT) else 2 for char in joined)
    return 23 * links + sum(weights)


def wire_text(text: str, *, escape: bool) -> tuple[str, list[dict[str, Any]]]:
    """The text with its links shortened to t.co, and the entities of those links (offsets in code points)."""
    urls: list[dict[str, Any]] = []
    parts, last, length = [], 0, 0
    for match in LINK.finditer(text):
        before = html.escape(text[last : match.start()], quote=False) if escape else text[last : match.start()]
        short = match.group()
        if not short.startswith("https://t.co/"):
            short = "https://t.co/" + hashlib.sha256(short.encode("utf-8", "replace")).hexdigest()[:10]
        start = length + len(before)
        length = start + len(short)
        urls.append(
            {
                "start": start,
                "end": length,
                "url": short,
                "expanded_url": match.group(),
                "display_url": match.group().split("://", 1)[1][:28],
            }
        )
        parts += [before, short]
        last = match.end()
    tail = html.escape(text[last:], quote=False) if escape else text[last:]
    return "".join([*parts, tail]), urls


def entities(state: SandboxState, text: str, urls: list[dict[str, Any]]) -> dict[str, Any]:
    """mentions, hashtags and urls of a text; `id` of a mention is absent where the account is unknown."""
    mentions = []
    for match in HANDLE.finditer(text):
        entry: dict[str, Any] = {"start": match.start(), "end": match.end(), "username": match.group(1)}
        account = state.account_by_handle("x", match.group(1))
        if account:
            entry["id"] = account.id
        mentions.append(entry)
    tags = [{"start": m.start(), "end": m.end(), "tag": m.group(1)} for m in HASHTAG.finditer(text)]
    found = {"mentions": mentions, "hashtags": tags, "urls": urls}
    return {name: rows for name, rows in found.items() if rows}


def shortened(post: XPost, text: str) -> str:
    """`text` of a post over 280 characters: the beginning and a link to the whole."""
    if len(text) <= 280:
        return text
    return f"{text[:255].rstrip()}… https://t.co/{post.id % 36**6:010x}"


def post_json(state: SandboxState, post: XPost, fields: Fields) -> dict[str, Any]:
    """One post: id, text and edit_history_tweet_ids, and the tweet.fields asked for."""
    text, urls = wire_text(post.text, escape=state.escape_text)
    short = shortened(post, text)
    history = [str(version) for version in post.edit_history if version <= post.id]
    row: dict[str, Any] = {"id": str(post.id), "text": short, "edit_history_tweet_ids": history}
    optional = _post_fields(state, post, text, short, urls)
    row |= {name: optional[name] for name in sorted(fields.tweet & optional.keys())}
    if "author_id" in fields.expansions:
        row["author_id"] = post.author_id
    return row


def _post_fields(state: SandboxState, post: XPost, text: str, short: str, urls: list[dict[str, Any]]) -> dict[str, Any]:
    """Every optional field this post has; absent ones are left out, as X does."""
    at = post.posted_at
    likes = post.id % 17
    found: dict[str, Any] = {
        "author_id": post.author_id,
        "conversation_id": str(post.conversation_id),
        "created_at": x_time(at),
        "display_text_range": [0, len(short)],
        "edit_controls": {
            "edits_remaining": str(6 - len(post.edit_history)),
            "is_edit_eligible": not post.references,
            "editable_until": x_time(at + timedelta(hours=1)),
        },
        "lang": post.lang,
        "possibly_sensitive": False,
        "public_metrics": {
            "retweet_count": likes // 4,
            "reply_count": likes // 6,
            "like_count": likes,
            "quote_count": 0,
            "bookmark_count": 0,
            "impression_count": likes * 31 + 12,
        },
        "reply_settings": "everyone",
    }
    short_urls = [url for url in urls if url["end"] <= len(short)]
    if seen := entities(state, short, short_urls):
        found["entities"] = seen
    if len(text) > 280:
        note: dict[str, Any] = {"text": text}
        if seen := entities(state, text, urls):
            note["entities"] = seen
        found["note_tweet"] = note
    if post.references:
        found["referenced_tweets"] = [{"type": kind, "id": str(other)} for kind, other in post.references]
    if post.in_reply_to_user_id:
        found["in_reply_to_user_id"] = post.in_reply_to_user_id
    return found


def user_json(account: SandboxAccount, fields: Fields) -> dict[str, Any]:
    """One user: id, name and username, and the user.fields asked for."""
    row: dict[str, Any] = {"id": account.id, "name": account.name, "username": account.handle}
    optional: dict[str, Any] = {
        "description": account.bio,
        "created_at": f"{account.created}T03:00:00.000Z",
        "verified": account.verified != "none",
        "verified_type": account.verified,
        "parody": account.parody,
        "protected": False,
        "profile_image_url": "https://abs.twimg.com/sticky/default_profile_images/default_profile_normal.png",
        "public_metrics": {
            "followers_count": account.followers,
            "following_count": account.following,
            "tweet_count": account.followers % 9000 + 120,
            "listed_count": account.followers // 900,
            "like_count": account.following * 7,
            "media_count": account.following // 3,
        },
    }
    return row | {name: optional[name] for name in sorted(fields.user & optional.keys())}
