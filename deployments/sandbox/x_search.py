"""The part of X's search language the desk uses: words, "phrases", @handle, from:, to:, conversation_id:, lang:, is:,
negation with -, OR, parentheses. An unknown operator matches as a word, never as an error."""

from __future__ import annotations

import re

from deployments.sandbox.records import XPost
from deployments.sandbox.state import SandboxState

PIECE = re.compile(r'\(|\)|-?"[^"]*"|[^\s()]+')
REFERENCE = {"is:retweet": "retweeted", "is:reply": "replied_to", "is:quote": "quoted"}


def matches(query: str, post: XPost, state: SandboxState) -> bool:
    """Whether the post answers the query; keyword search gives no retweets unless is:retweet is asked."""
    retweet = any(kind == "retweeted" for kind, _ in post.references)
    if retweet and "is:retweet" not in query.replace("-is:retweet", ""):
        return False
    return _either(PIECE.findall(query), post, state)


def _either(pieces: list[str], post: XPost, state: SandboxState) -> bool:
    """Alternatives of a (sub)query; consumes `pieces` up to its closing parenthesis."""
    result, every = False, True
    while pieces:
        piece = pieces.pop(0)
        if piece == ")":
            break
        if piece == "OR":
            result, every = result or every, True
        elif piece == "(":
            inner = _either(pieces, post, state)
            every = every and inner
        elif piece != "AND":
            every = every and _one(piece, post, state)
    return result or every


def _one(piece: str, post: XPost, state: SandboxState) -> bool:
    if piece.startswith("-") and len(piece) > 1:
        return not _one(piece[1:], post, state)
    if piece in REFERENCE:
        return any(kind == REFERENCE[piece] for kind, _ in post.references)
    name, _, value = piece.partition(":")
    author = state.account("x", post.author_id)
    handle = value.lstrip("@").lower()
    if name == "from":
        return author is not None and handle in {author.handle.lower(), author.id}
    if name == "to":
        target = state.account("x", post.in_reply_to_user_id or "")
        return target is not None and handle in {target.handle.lower(), target.id}
    if name == "conversation_id":
        return value == str(post.conversation_id)
    if name == "lang":
        return value == post.lang
    if piece.startswith("@"):
        return piece[1:].lower() in post.mentioned
    return piece.strip('"').lower() in post.text.lower()
