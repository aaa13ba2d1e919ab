"""X's answers as the desk's records. Both vocabularies are read: tweet/includes.tweets and post/includes.posts."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from models.mentions import Author, Mention, MentionKind, Page, Platform, Reads, RefusedRow
from models.quarantine import Corrections

EPOCH_MS = 1_288_834_974_657
"""Where X's snowflake ids begin to count, in Unix milliseconds."""
KINDS = {
    "retweeted": MentionKind.REPOST,
    "reposted": MentionKind.REPOST,
    "quoted": MentionKind.QUOTE,
    "replied_to": MentionKind.REPLY,
}


def parse_page(answer: Mapping[str, Any], *, source: str, owned: bool) -> Page:
    """Read a page. Entries that can be no mention are refused with their reasons; partial errors become warnings.

    `owned` says whether the posts are billed as owned reads (mentions of one's own account).
    """
    entries = _list(answer.get("data"))
    read = [_mention(entry, source) for entry in entries]
    includes, meta = _dict(answer.get("includes")), _dict(answer.get("meta"))
    authors = parse_users(includes.get("users"))
    token = meta.get("next_token")
    posts = len(entries)
    return Page(
        mentions=tuple(one for one in read if isinstance(one, Mention)),
        authors=tuple(authors),
        refused=tuple(one for one in read if isinstance(one, RefusedRow)),
        next_token=token if isinstance(token, str) and token else None,
        reads=Reads(0 if owned else posts, posts if owned else 0, len(authors), 1),
        warnings=tuple(_warnings(answer.get("errors"))),
    )


def parse_again(payload: Mapping[str, Any], source: str, corrections: Corrections) -> Mention | RefusedRow:
    """Read an entry that was refused once more, with what a person corrected; words they typed are taken as typed."""
    post = dict(payload)
    if corrections.text:
        post = {name: value for name, value in post.items() if name not in {"note_tweet", "note_post"}}
        post["text"] = html.escape(corrections.text, quote=False)
    if corrections.external_id:
        post = {name: value for name, value in post.items() if not name.startswith("edit_history_")}
        post["id"] = corrections.external_id
    if corrections.posted_at:
        post["created_at"] = corrections.posted_at.isoformat()
    post |= {"author_id": corrections.author_id} if corrections.author_id else {}
    post |= {"conversation_id": corrections.conversation_id} if corrections.conversation_id else {}
    return _mention(post, source)


def parse_users(users: Any) -> list[Author]:
    """Read profiles; every part but the id may be absent, and an entry without an id is left out."""
    authors = []
    for user in _list(users):
        entry = _dict(user)
        if not _text(entry.get("id")):
            continue
        followers = _dict(entry.get("public_metrics")).get("followers_count")
        verified = entry.get("verified_type")
        authors.append(
            Author(
                Platform.X,
                str(entry["id"]),
                _text(entry.get("username")),
                _text(entry.get("name")),
                html.unescape(_text(entry.get("description")) or ""),
                followers if isinstance(followers, int) and not isinstance(followers, bool) else None,
                verified if verified in {"blue", "business", "government"} else None,
            )
        )
    return authors


def _mention(entry: Any, source: str) -> Mention | RefusedRow:
    post = _dict(entry)
    post_id = _text(post.get("id"))
    note = _dict(_either(post, "note_tweet", "note_post"))
    text = _text(note.get("text")) or _text(post.get("text"))
    reasons = []
    if post_id is None or not (post_id.isascii() and post_id.isdigit() and len(post_id) <= 20):
        reasons.append("id: must be a number")
    if text is None:
        reasons.append("text: is missing")
    posted_at = _posted_at(post, post_id) if not reasons else None
    if not reasons and posted_at is None:
        reasons.append("created_at: is no time, and the id tells none")
    if reasons or post_id is None or text is None or posted_at is None:
        return RefusedRow(source, post_id, post or {"entry": entry}, tuple(reasons))
    versions = [one for one in _list(_either(post, "edit_history_tweet_ids", "edit_history_post_ids")) if _is_id(one)]
    first = min([*map(str, versions), post_id], key=int)
    kind, replied_to = _reference(post)
    named = [_text(_dict(one).get("username")) for one in _list(_dict(post.get("entities")).get("mentions"))]
    return Mention(
        platform=Platform.X,
        external_id=first,
        version=max([*map(str, versions), post_id], key=int).zfill(20),
        kind=kind,
        author_id=_text(post.get("author_id")),
        conversation_id=_text(post.get("conversation_id")) or first,
        text=html.unescape(text),
        posted_at=posted_at,
        url=f"https://x.com/i/status/{post_id}",
        mentioned_handles=tuple(handle for handle in named if handle),
        in_reply_to=replied_to,
        language=_text(post.get("lang")),
    )


def _reference(post: Mapping[str, Any]) -> tuple[MentionKind, str | None]:
    """How the author said it, and what it answers. A quote inside a reply is a reply."""
    found = {
        str(_dict(one).get("type")): _text(_dict(one).get("id"))
        for one in _list(_either(post, "referenced_tweets", "referenced_posts"))
    }
    for name in ("retweeted", "reposted", "replied_to", "quoted"):
        if name in found:
            return KINDS[name], found[name] if name == "replied_to" else None
    return MentionKind.POST, None


def _posted_at(post: Mapping[str, Any], post_id: str | None) -> datetime | None:
    """When it was posted; an edited post's first id tells when its first version was."""
    written = post.get("created_at")
    try:
        if isinstance(written, str):
            moment = datetime.fromisoformat(written)
            return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
        return datetime.fromtimestamp(((int(post_id or 0) >> 22) + EPOCH_MS) / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _warnings(errors: Any) -> Iterable[str]:
    """One sentence for each kind of partial error, with how many there were."""
    counted: dict[str, int] = {}
    for error in _list(errors):
        entry = _dict(error)
        what = f"{str(entry.get('title', 'error'))[:60]} ({str(entry.get('resource_type', 'unknown'))[:20]})"
        counted[what] = counted.get(what, 0) + 1
    return [f"X: partial answer, {number} × {what}" for what, number in sorted(counted.items())]


def _either(entry: Mapping[str, Any], old: str, new: str) -> Any:
    return entry.get(old) if old in entry else entry.get(new)


def _is_id(value: Any) -> bool:
    return isinstance(value, str | int) and str(value).isascii() and str(value).isdigit() and len(str(value)) <= 20


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else str(value) if type(value) is int else None
