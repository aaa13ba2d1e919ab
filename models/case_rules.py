"""What people's actions on cases go by, and how one is refused."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from models.hard_complaint import HardComplaint
from models.ticket_book import Rules


@dataclass(frozen=True, slots=True)
class DeskRules:
    """What actions go by: the rules in force, the hard-complaint instruction, and for which of our accounts there is a
    token to answer with (platform and handle, lower case)."""

    rules: Rules
    hard_complaint: HardComplaint
    may_post: Collection[tuple[str, str]] = frozenset()


class ActionRefused(Exception):
    """Something in the form keeps the action from being done; the message names the field and the fix."""


Done = tuple[str, tuple[int, ...]]
"""What an action came to: the sentence for the person, and the ids of the tickets it opened or moved."""
