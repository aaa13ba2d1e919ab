"""What can go wrong at a unit's door, in words for the PIC. No secret is ever in them."""

from __future__ import annotations

from typing import ClassVar


class UnitError(Exception):
    """A unit did not take what was sent. `worth_a_retry` says whether the unit's policy repeats the call."""

    worth_a_retry: ClassVar[bool] = False
    outcome: ClassVar[str] = "failed"

    def __init__(self, message: str, status_code: int | None = None) -> None:
        super().__init__(message)
        self.status_code = status_code

    def __reduce__(self) -> tuple[type[UnitError], tuple[str, int | None]]:
        """Survive pickling with the status code."""
        return type(self), (str(self), self.status_code)


class UnitUnavailable(UnitError):
    """It is away, slow, overloaded or answers nonsense, and its policy says that this is worth a retry."""

    worth_a_retry: ClassVar[bool] = True
    outcome: ClassVar[str] = "no_answer"


class UnitRefused(UnitError):
    """The unit says that the ticket is not theirs: the PIC redirects it."""

    outcome: ClassVar[str] = "refused"


class UnitNotSetUp(UnitError):
    """No access, a wrong key or an answer that no retry will change: a person has to look."""

    outcome: ClassVar[str] = "not_set_up"
