"""Answering customers on their platform: post a reply, and look whether a reply is already there.

Plain functions for the outbox: what is tried again, and when, is decided there. A `DeliveryUnknown` is never simply
repeated: `find_reply` looks first.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cache

from models.mentions import Platform
from tasks.platforms.credentials import facebook_credentials, x_account
from tasks.platforms.errors import RequestRefused
from tasks.platforms.facebook_posting import FacebookPoster
from tasks.platforms.x_posting import XPoster
from tasks.settings import Settings


@dataclass(frozen=True, slots=True)
class Sender:
    """The watched account that speaks; `external_id` is the platform's id of it, `handle` is without @."""

    platform: str
    external_id: str
    handle: str


def post_reply(sender: Sender, target_id: str, text: str) -> str:
    """Answer the post or comment `target_id` as `sender`; returns the id of what was posted.

    Raises a `PlatformError`: `DeliveryUnknown` where it may have been posted, `PlatformUnavailable` where nothing was
    sent, `RateLimited` with its `reset_at`, `CredentialsRefused`, `CreditsDepleted`, `ReplyGateClosed`,
    `DuplicateText`, and `RequestRefused` for the rest (deleted, too long, no permission).
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        raise RequestRefused("The reply holds half a character (a broken emoji); delete it and type it anew") from None
    if Platform(sender.platform) is Platform.FACEBOOK:
        return _facebook().comment(target_id, text)
    return _x(sender.handle).reply(target_id, text)


def find_reply(sender: Sender, target_id: str, text: str, since: datetime) -> str | None:
    """The id of `sender`'s reply to `target_id` with these words, made at or after `since` (aware); None if none.

    X shows a new post in the account's timeline within seconds, not at once: None soon after posting is no proof.
    Raises a `PlatformError` where the platform cannot tell.
    """
    if Platform(sender.platform) is Platform.FACEBOOK:
        return _facebook().find_comment(sender.external_id, target_id, text, since)
    return _x(sender.handle).find_reply(sender.external_id, target_id, text, since)


def _x(handle: str) -> XPoster:
    settings, block = Settings(), x_account(handle)
    keys = (block.api_key, block.api_secret, block.access_token, block.access_token_secret)
    return _x_poster(
        settings.x_base_url, handle, tuple(key.get_secret_value() for key in keys), settings.platform_timeout
    )


def _facebook() -> FacebookPoster:
    settings, block = Settings(), facebook_credentials()
    secret = block.app_secret.get_secret_value() if block.app_secret else None
    return _facebook_poster(
        settings.facebook_base_url, block.page_token.get_secret_value(), secret, settings.platform_timeout
    )


@cache
def _x_poster(base_url: str, handle: str, keys: tuple[str, ...], timeout: float) -> XPoster:
    names = ("consumer_key", "consumer_secret", "access_token", "access_token_secret")
    return XPoster(base_url, handle, dict(zip(names, keys, strict=True)), timeout)


@cache
def _facebook_poster(base_url: str, token: str, secret: str | None, timeout: float) -> FacebookPoster:
    return FacebookPoster(base_url, token, secret, timeout)
