"""Which ways a customer's mention can be answered (clause 5.3.2a): through which watched account, or in the app only.

X lets an account answer by API only who mentioned it; Facebook lets a page answer where it is at home.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from models.mentions import MentionKind, Platform

CLAUSE = "5.3.2a"


@dataclass(frozen=True, slots=True)
class WatchedSender:
    """A watched account as the one who answers; `handle` is without @, `kind` is care or bod (clause 5.3.1)."""

    handle: str
    external_id: str
    kind: str
    may_post: bool
    """Whether the desk has its credentials to post."""


@dataclass(frozen=True, slots=True)
class AnswerWays:
    """How a mention can be answered: by the desk as one of `senders` (best first), and always by hand in the app.

    `reasons` are sentences: why each other account cannot answer it, or why no account can.
    """

    senders: tuple[WatchedSender, ...]
    reasons: tuple[str, ...]
    in_app: bool = True
    clause: str = CLAUSE


def answer_ways(
    platform: str,
    external_id: str,
    kind: MentionKind,
    mentioned_handles: Iterable[str],
    watched: Iterable[WatchedSender],
    page: str | None = None,
) -> AnswerWays:
    """Decide for one mention.

    `watched` are the watched accounts of that platform. `page` (Facebook) is the id of the page whose conversation it
    is, or the conversation's id that begins with it; comments need it, posts carry it in their own id. Raises
    ValueError for a platform that is not known.
    """
    accounts = list(watched)
    if Platform(platform) is Platform.FACEBOOK:
        allowed, reasons = _on_facebook(external_id, kind, accounts, page)
    else:
        allowed, reasons = _on_x(kind, [handle.lower() for handle in mentioned_handles], accounts)
    reasons += [_without_credentials(platform, account) for account in allowed if not account.may_post]
    senders = tuple(account for account in allowed if account.may_post)
    if not senders:
        reasons.append("No watched account can answer it from the desk: answer in the app and record it.")
    return AnswerWays(senders, tuple(reasons))


def _on_x(
    kind: MentionKind, mentioned: list[str], accounts: list[WatchedSender]
) -> tuple[list[WatchedSender], list[str]]:
    if kind is MentionKind.REPOST:  # it names who is named in the words of somebody else
        return [], ["A repost carries somebody else's words; X takes no answer to it from accounts named in them."]
    named = [account for account in accounts if account.handle.lower() in mentioned]
    # Care before BOD; among equals the one the customer named first.
    named.sort(key=lambda account: (account.kind != "care", mentioned.index(account.handle.lower())))
    others = [f"@{account.handle}" for account in accounts if account not in named]
    if not others:
        return named, []
    were = "was" if len(others) == 1 else "were"
    return named, [f"X lets only accounts that the customer mentioned answer; {_listed(others)} {were} not mentioned."]


def _on_facebook(
    external_id: str, kind: MentionKind, accounts: list[WatchedSender], page: str | None
) -> tuple[list[WatchedSender], list[str]]:
    """Comments are read under a page's own posts only, so the page is at home there; posts may stand elsewhere."""
    place = page if kind is MentionKind.COMMENT else external_id
    if place is None:
        return [], ["Facebook: it is not known on which page the comment stands, so no page can be chosen to answer."]
    home = [account for account in accounts if f"{place}_".startswith(f"{account.external_id}_")]
    home.sort(key=lambda account: account.kind != "care")
    if home:
        return home, []
    if kind is MentionKind.COMMENT:
        return [], ["Facebook lets a page answer on itself only; the comment stands on a page that is not watched."]
    return [], ["Facebook lets a page answer on itself only; the page was tagged in a post that stands elsewhere."]


def _without_credentials(platform: str, account: WatchedSender) -> str:
    block = "x-account" if Platform(platform) is Platform.X else "facebook-credentials"
    return f"@{account.handle} may answer it, but the desk has no credentials to post as it (block {block})."


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
