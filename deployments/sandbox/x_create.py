"""POST /2/tweets: schema, weighted length, reply gate and the refusal of duplicates."""

from __future__ import annotations

import json
from typing import Any

from starlette.requests import Request

from deployments.sandbox.records import SandboxAccount
from deployments.sandbox.state import SandboxState
from deployments.sandbox.x_checks import invalid, problem, signing_token
from deployments.sandbox.x_shapes import weighted_length

REPLY_GATE = (
    "Reply to this conversation is not allowed because you have not been mentioned or otherwise engaged by the"
    " author of the post you are replying to."
)
CREATE_FIELDS = frozenset(
    [
        "card_uri",
        "community_id",
        "direct_message_deep_link",
        "edit_options",
        "for_super_followers_only",
        "geo",
        "made_with_ai",
        "media",
        "nullcast",
        "paid_partnership",
        "poll",
        "quote_tweet_id",
        "reply",
        "reply_settings",
        "share_with_followers",
        "text",
    ]
)
"""What the published schema allows; the sandbox acts on text and reply only."""
DUPLICATE = "You are not allowed to create a Tweet with duplicate content."


async def create_post(state: SandboxState, request: Request) -> tuple[int, Any]:
    """Post as the token's account; 201, or 400/403 as X refuses (platforms.md, findings 1 and 2)."""
    text, target = _read_create(await request.body())
    author = _speaker(state, request)
    if weighted_length(text) > 280:
        raise problem(403, "Forbidden", "Your Tweet text is too long.")
    with state.lock:
        if target is not None:
            _check_gate(state, target, author)
        said = {(reply.author_id, reply.text) for reply in state.created if reply.platform == "x"}
        if (author.id, text) in said:
            raise problem(403, "Forbidden", DUPLICATE)
        made = state.record_reply("x", text, target, author)
        shown = state.x_posts[int(made)].text
    return 201, {"data": {"id": made, "text": shown, "edit_history_tweet_ids": [made]}}


def _read_create(body: bytes) -> tuple[str, str | None]:
    """Text and target of a create request; raises `XProblem` (400) naming what the schema does not allow."""
    try:
        sent = json.loads(body)
    except ValueError as error:
        raise invalid("body", "", "Requests with bodies must be valid JSON") from error
    if not isinstance(sent, dict):
        raise invalid("body", "", "$: expected an object")
    extra = sent.keys() - CREATE_FIELDS
    if extra:
        name = sorted(extra)[0]
        message = f"$.{name}: is not defined in the schema and the schema does not allow additional properties"
        raise invalid(name, str(sent[name]), message)
    text = sent.get("text")
    if not isinstance(text, str) or not text.strip():
        raise invalid("text", str(text), "$.text: a post needs a text")
    reply = sent.get("reply")
    if reply is None:
        return text, None
    target = reply.get("in_reply_to_tweet_id") if isinstance(reply, dict) else None
    if not isinstance(target, str) or not target.isdigit():
        raise invalid("reply.in_reply_to_tweet_id", str(target), "$.reply.in_reply_to_tweet_id: must be a post id")
    return text, target


def _speaker(state: SandboxState, request: Request) -> SandboxAccount:
    """Whose account the token posts for: the watched account it belongs to, else the first care account on X."""
    header = request.headers.get("authorization", "")
    token = signing_token(header) or header.partition(" ")[2]
    mine = [entry for entry in state.watched if entry.account.platform == "x"]
    owner = next((entry for entry in mine if entry.token and entry.token == token), None)
    return (owner or next(entry for entry in mine if entry.kind == "care")).account


def _check_gate(state: SandboxState, target: str, author: SandboxAccount) -> None:
    """X's reply gate (2026-02-23): the author of the post must have mentioned or quoted the replying account."""
    post = state.x_posts.get(int(target))
    if post is None or not post.visible_from <= state.now():
        raise problem(403, "Forbidden", "You attempted to reply to a Tweet that is deleted or not visible to you.")
    quoted = [state.x_posts.get(other) for kind, other in post.references if kind == "quoted"]
    engaged = author.handle.lower() in post.mentioned or any(q and q.author_id == author.id for q in quoted)
    if not engaged and post.author_id != author.id:
        raise problem(403, "Forbidden", REPLY_GATE)
