"""Signatures between the desk and the units: HMAC-SHA256 over timestamp and content, with a replay window."""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime, timedelta

REPLAY_WINDOW = timedelta(minutes=5)


class SignatureRefused(Exception):
    """A message whose sender or age cannot be trusted; the text never holds the signature or the key."""


def sign(key: str, timestamp: int, *parts: str | bytes) -> str:
    """`sha256=<hex>` over the parts, the timestamp (Unix seconds) first, a line break between them."""
    told = [str(timestamp).encode(), *(part.encode() if isinstance(part, str) else part for part in parts)]
    return "sha256=" + hmac.new(key.encode(), b"\n".join(told), hashlib.sha256).hexdigest()


def verify(key: str, timestamp: int, signature: str, now: datetime, *parts: str | bytes) -> None:
    """Raises `SignatureRefused` unless the signature is right and at most `REPLAY_WINDOW` old or ahead at `now`."""
    try:
        age = abs(now - datetime.fromtimestamp(timestamp, UTC))
    except (ValueError, OverflowError, OSError):
        raise SignatureRefused("timestamp: is no moment; give Unix seconds") from None
    if age > REPLAY_WINDOW:
        raise SignatureRefused(f"timestamp: more than {REPLAY_WINDOW.seconds // 60} minutes off; sign anew and resend")
    if not hmac.compare_digest(sign(key, timestamp, *parts).encode(), signature.encode("utf-8", "replace")):
        raise SignatureRefused("signature: does not match; sign timestamp and content with the unit's key")
