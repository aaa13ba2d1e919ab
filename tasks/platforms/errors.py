"""What can go wrong at a platform's door, in words for the person who reads the report. No secret is ever in them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import ClassVar


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
