"""The two forms of a follow-up: what it is started with, and what stands behind its Resume button.

Where a unit is asked for, the form offers those of `data/units.yaml`.
"""

from __future__ import annotations

from typing import Annotated, Any

from prefect.input import RunInput
from pydantic import BaseModel, ConfigDict, Field

from models.lexicons import ProblemName
from models.pic_updates import MONITOR, PicAction
from models.safe_text import clean
from tasks.desk_data import units
from tasks.form_fields import may_stay_empty


def choose_unit(schema: dict[str, Any]) -> None:
    """Draw a list of the units to choose from."""
    may_stay_empty(schema)
    schema |= {"enum": list(units())}


class FollowTicket(BaseModel):
    """Follow a ticket that exists. A run that follows it already is ended: the new one takes over."""

    model_config = ConfigDict(title="Follow a ticket", frozen=True, extra="forbid")

    ticket: Annotated[str, Field(pattern=r"^T-\d{6,9}$")] = Field(
        title="Ticket", description="The ticket's number, for instance T-000012."
    )

    @property
    def ticket_id(self) -> int:
        """The ticket's id in the records."""
        return int(self.ticket[2:])


class OpenTicket(BaseModel):
    """Open a ticket for a case and follow it (clause 5.3.2a: what is beyond the agent's authority)."""

    model_config = ConfigDict(title="Open a ticket for a case", frozen=True, extra="forbid")

    case: Annotated[str, Field(pattern=r"^C-\d{6,9}$")] = Field(
        title="Case", description="The case's number, for instance C-000012; it must be open."
    )
    unit: str | None = Field(
        default=None,
        title="Unit",
        description="The responsible unit; empty: the one for the problem.",
        json_schema_extra=choose_unit,
    )
    problem: ProblemName | None = Field(
        default=None,
        title="Problem",
        description="Empty: what the case is about.",
        json_schema_extra=may_stay_empty,
    )

    @property
    def case_id(self) -> int:
        """The case's id in the records."""
        return int(self.case[2:])


class PicUpdate(RunInput):
    """What the PIC does now. Leave everything as it is and submit to have the ticket looked at at once."""

    action: PicAction = Field(
        default="check",
        title="What happened, or what to do",
        description=(
            "check: look now · note: write something down · acknowledged, in_progress, settled, refused: the unit said "
            "so by phone · redirect: send it to another unit · escalate: tell the next post of the unit's ladder · "
            "change_look: look again at a time of your choice · customer_confirmed: it is solved · "
            "customer_not_solved: back to the unit"
        ),
    )
    note: str = Field(default="", title="Note", description="In your words; kept in the case as an internal note.")
    redirect_to: str | None = Field(
        default=None,
        title="Redirect to",
        description="For redirect: the unit it goes to.",
        json_schema_extra=choose_unit,
    )
    look_in_minutes: int | None = Field(
        default=None,
        title="Look again in (minutes)",
        description="For change_look: from 1 to 20160 (14 days).",
        json_schema_extra=may_stay_empty,
    )
    by: str = Field(default="", title="Your staff code", description="For instance P01; empty: the ticket's PIC.")

    @property
    def clean_note(self) -> str:
        """The note as the records take it."""
        return clean(self.note)

    @property
    def is_wake(self) -> bool:
        """Whether the monitor sent it, and no person."""
        return self.by == MONITOR and self.action == "check" and not self.note.strip()

    @property
    def staff_code(self) -> str:
        """The staff code, without stray blanks."""
        return clean(self.by).strip()
