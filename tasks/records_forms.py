"""The forms about records (clause 6): retention, legal holds, and what a customer asks for about their account.

As with the desk's forms, the UI draws them as tabs, and every one but the first of a flow has a field that no other
has, with a default (`tasks/desk_forms.py`).
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from models.legal_holds import Order
from models.records import DueCode
from tasks.form_fields import at, form_named, needed

NeededWords = Annotated[str, Field(min_length=1, max_length=2000)]
ErasureGround = Literal["customer_asked", "consent_withdrawn", "kept_wrongly", "ordered_by_authority"]


class _Form(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    by: Annotated[str, Field(min_length=1, max_length=32)] = Field(
        title="Your staff code", description="A supervisor's.", json_schema_extra=at(3)
    )


class _HoldForm(_Form):
    case: Annotated[str, Field(pattern=r"^C-\d{6,9}$")] = Field(
        title="Case", description="The case's number, for instance C-000012.", json_schema_extra=at(0)
    )

    def _order(self, do: Literal["place", "lift"], reason: str, run_id: str, now: datetime) -> Order:
        return Order(do, int(self.case[2:]), self.by, reason, run_id, now)


class Place(_HoldForm):
    """Put a case on legal hold: nothing of it, its account and what that said is anonymised, deleted or erased."""

    model_config = ConfigDict(title="Place a hold", **needed("case", "by", "reason"))
    do: Literal["place"] = form_named("place")
    reason: NeededWords = Field(
        default="", title="Reason", description="For whom or what it is kept.", json_schema_extra=at(4)
    )

    def order(self, run_id: str, now: datetime) -> Order:
        """What is asked for at `now` (UTC)."""
        return self._order("place", self.reason, run_id, now)


class Lift(_HoldForm):
    """Lift the hold on a case: from then on it is kept as long as others."""

    model_config = ConfigDict(title="Lift a hold", **needed("case", "by", "lifted_because"))
    do: Literal["lift"] = form_named("lift")
    lifted_because: NeededWords = Field(
        default="", title="Why it is lifted", description="Kept with the reason of the hold.", json_schema_extra=at(4)
    )

    def order(self, run_id: str, now: datetime) -> Order:
        """What is asked for at `now` (UTC)."""
        return self._order("lift", self.lifted_because, run_id, now)


HoldForm = Place | Lift
"""What becomes of a hold."""


class _AccountForm(_Form):
    account: Annotated[str, Field(min_length=1, max_length=128)] = Field(
        title="Account",
        description="The customer's handle or account id on the platform, or its number here, for instance K-000123.",
        json_schema_extra=at(0),
    )
    platform: Literal["x", "facebook"] = Field(
        default="x", title="On", description="Where the account is; a number needs none.", json_schema_extra=at(1)
    )


class Access(_AccountForm):
    """The customer asks what is held about their account: all of it, as one file."""

    model_config = ConfigDict(title="Access", **needed("account", "by"))
    do: Literal["access"] = form_named("access")


class Erasure(_AccountForm):
    """The customer asks to be forgotten: the account and all it said are anonymised for good, with proof."""

    model_config = ConfigDict(title="Erasure", **needed("account", "by"))
    do: Literal["erasure"] = form_named("erasure")
    erased_because: ErasureGround = Field(
        default="customer_asked", title="Because", description="Kept in the journal.", json_schema_extra=at(4)
    )
    confirm: bool = Field(
        default=False,
        title="Erase it",
        description="Not ticked: it is only shown what would be erased. It cannot be undone.",
        json_schema_extra=at(5),
    )


RequestForm = Access | Erasure
"""What a customer asks for."""


class RetentionRequest(BaseModel):
    """What retention is to do. As it stands it only shows what would be done."""

    model_config = ConfigDict(title="Retention", frozen=True, extra="forbid")

    dry_run: bool = Field(
        default=True,
        title="Dry run",
        description="Ticked: it is only shown what would be done. What is done cannot be undone.",
        json_schema_extra=at(0),
    )
    types: tuple[DueCode, ...] = Field(
        default=(), title="Types", description="Only these records; empty: all.", json_schema_extra=at(1)
    )
    by: Annotated[str, Field(max_length=32)] = Field(
        default="",
        title="Your staff code",
        description="A supervisor's, where it is not a dry run.",
        json_schema_extra=at(2),
    )
