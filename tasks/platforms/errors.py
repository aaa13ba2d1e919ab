"""What can go wrong at a platform's door, in words for the person who reads the report. No secret is ever in them."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime
from typing import ClassVar

import requests
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError


class PlatformError(Exception):
    """A platform did not give what was asked. `retryable` says whether asking again soon is worth it."""

    retryable: ClassVar[bool] = False


class PlatformUnavailable(PlatformError):
    """It is away, slow or answers nonsense (timeouts, 5xx, broken JSON)."""

    retryable: ClassVar[bool] = True


class RateLimited(PlatformError):
    """Asked too often; `reset_at` (UTC) is when it may be asked again."""

    def __init__(self, platform: str, reset_at: datetime) -> None:
        shown = reset_at.astimezone(UTC)
        super().__init__(f"{platform}: rate limit reached; asked again after {shown:%H:%M:%S} UTC")
        self.reset_at = reset_at

    def __reduce__(self) -> tuple[type[RateLimited], tuple[str, datetime]]:
        """Survive pickling, which would otherwise call the class with the message alone."""
        return type(self), (str(self).split(":", 1)[0], self.reset_at)


class CredentialsRefused(PlatformError):
    """The token is missing, expired or revoked: a person has to renew it."""


class CreditsDepleted(PlatformError):
    """The paid quota is used up: waiting does not help, buying reads does."""


class RequestRefused(PlatformError):
    """The platform will not do this (permission, unknown account, wrong parameter)."""


class CursorRefused(RequestRefused):
    """The platform no longer knows the point to go on from."""


class DeliveryUnknown(PlatformError):
    """A post was sent and no usable answer came (timeout, 5xx, cut connection): it may be there.

    Worth another try, but only after `find_reply` has looked: platforms keep no key that makes a repetition harmless.
    """

    retryable: ClassVar[bool] = True


class ReplyGateClosed(RequestRefused):
    """X lets an account answer by API only who mentioned it (since 2026-02-23): the answer goes by the app."""


class DuplicateText(RequestRefused):
    """The account has said exactly this already: after a `DeliveryUnknown` a sign that it was posted."""


def broken_post(platform: str, error: Exception) -> PlatformError:
    """What a POST that raised instead of answering means: nothing was sent, or nobody knows what became of it."""
    if _nothing_sent(error):
        return PlatformUnavailable(f"{platform}: cannot be reached ({type(error).__name__}); nothing was sent")
    return unknown_delivery(platform, f"no usable answer ({type(error).__name__})")


def unknown_delivery(platform: str, why: str) -> DeliveryUnknown:
    """The error for a post of which only the platform knows whether it was made."""
    return DeliveryUnknown(f"{platform}: {why}; the reply may be there: look for it before sending it again")


def _nothing_sent(error: Exception) -> bool:
    """Whether the connection failed before the request: refused, no route, no such name, a wrong certificate."""
    if not isinstance(error, requests.ConnectionError):
        return False
    reason = getattr(error.args[0] if error.args else None, "reason", None)
    cause = reason.args[0] if reason is not None and reason.args else None
    return isinstance(reason, NewConnectionError | ConnectTimeoutError) or isinstance(
        cause, ssl.SSLCertVerificationError
    )
