"""includes.users, includes.tweets and the partial errors of a page, for the expansions that were asked for."""

from __future__ import annotations

from typing import Any

from deployments.sandbox.faults import gone_error
from deployments.sandbox.records import XPost
from deployments.sandbox.state import SandboxState
from deployments.sandbox.x_checks import Fields
from deployments.sandbox.x_shapes import post_json, user_json


def add_includes(state: SandboxState, page: list[XPost], fields: Fields, answer: dict[str, Any]) -> None:
    """Add includes to the answer, and errors for authors that are suspended, deleted or unknown."""
    tweets = _referenced(state, page, fields)
    users = _users_of(state, page, [*tweets.values()], fields)
    found = [(state.account("x", user_id), user_id, why) for user_id, why in users.items()]
    includes: dict[str, Any] = {
        "users": [user_json(account, fields) for account, _, _ in found if account and not account.gone],
        "tweets": [post_json(state, other, fields) for other in tweets.values()],
    }
    if any(includes.values()):
        answer["includes"] = {name: rows for name, rows in includes.items() if rows}
    if errors := [gone_error(user_id, why) for account, user_id, why in found if not account or account.gone]:
        answer["errors"] = errors


def _referenced(state: SandboxState, page: list[XPost], fields: Fields) -> dict[int, XPost]:
    if not fields.expansions & {"referenced_tweets.id", "referenced_tweets.id.author_id"}:
        return {}
    others = (state.x_posts.get(other) for post in page for _, other in post.references)
    return {other.id: other for other in others if other}


def _users_of(state: SandboxState, page: list[XPost], tweets: list[XPost], fields: Fields) -> dict[str, str]:
    """User ids to include, each with the expansion that asked for it first."""
    asked: list[tuple[str, str]] = []
    for post in page:
        asked.append(("author_id", post.author_id))
        if post.in_reply_to_user_id:
            asked.append(("in_reply_to_user_id", post.in_reply_to_user_id))
        named = (state.account_by_handle("x", handle) for handle in sorted(post.mentioned))
        asked += [("entities.mentions.username", account.id) for account in named if account]
    asked += [("referenced_tweets.id.author_id", post.author_id) for post in tweets]
    users: dict[str, str] = {}
    for why, user_id in asked:
        if why in fields.expansions:
            users.setdefault(user_id, why)
    return users
