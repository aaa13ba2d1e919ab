"""The forms of team leaders and supervisors: what an account is (5.2.1), and what becomes of what was refused (5.3.1).

As with the desk's forms, the UI draws them as tabs, and every one but the first of a flow has a field that no other
has, with a default (`tasks/desk_forms.py`).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from models.account_links import LinkChange
from models.account_reviews import Review
from models.quarantine import Corrections, RowDecision
from models.unit_hours import JAKARTA
from models.work_instruction import CATEGORIES
from tasks.form_fields import at, form_named, needed, optional_at

NeededWords = Annotated[str, Field(min_length=1, max_length=500)]
Id = Annotated[str, Field(max_length=128)]
AccountNumber = Annotated[str, Field(pattern=r"^K-\d{6,9}$")]


def _because(description: str) -> Any:
    return Field(default="", title="Because", description=description, json_schema_extra=at(3))


def id_of(number: str) -> int:
    """The id in the records that a number like `K-000123` stands for."""
    return int(number[2:])


class _Form(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    by: Annotated[str, Field(min_length=1, max_length=32)] = Field(
        title="Your staff code", description="A team leader's or a supervisor's.", json_schema_extra=at(1)
    )


class _AccountForm(_Form):
    account: AccountNumber = Field(
        title="Account",
        description="The account's number as the artifact candidates shows it, for instance K-000123.",
        json_schema_extra=at(0),
    )

    @property
    def account_id(self) -> int:
        """The account's id in the records."""
        return id_of(self.account)


class DecidePriority(_AccountForm):
    """The account is a Priority customer's (5.2.1); it holds until somebody decides otherwise."""

    model_config = ConfigDict(title="Priority", **needed("account", "by", "category", "priority_because"))
    do: Literal["decide_priority"] = form_named("decide_priority")
    category: Annotated[str, Field(max_length=32)] = Field(
        title="Category",
        description="Of clause 5.2.1.",
        json_schema_extra={"enum": list(CATEGORIES), **at(2)},
    )
    priority_because: NeededWords = _because("What it rests on: a document, a profile, a colleague's word.")

    def review(self) -> Review:
        """The decision as the desk's rules see it."""
        return Review(self.account_id, self.by, "priority", self.category, self.priority_because)


class DecideRegular(_AccountForm):
    """The account is no Priority customer's: its open cases are served to the end, and no new ones are opened."""

    model_config = ConfigDict(title="Regular", **needed("account", "by", "regular_because"))
    do: Literal["decide_regular"] = form_named("decide_regular")
    regular_because: NeededWords = _because("Why the rules were wrong, or could not tell.")

    def review(self) -> Review:
        """The decision as the desk's rules see it."""
        return Review(self.account_id, self.by, "regular", None, self.regular_because)


class UndoDecision(_AccountForm):
    """Take back what a person decided about the account; the rules hold again."""

    model_config = ConfigDict(title="Undo", **needed("account", "by"))
    do: Literal["undo"] = form_named("undo")
    decision: Annotated[str, Field(pattern=r"^(R-\d{6,9})?$")] = Field(
        default="",
        title="Decision",
        description="Its number, filled in by links: refused if another is in force by now. Empty: whichever is.",
        json_schema_extra=at(2),
    )

    def review(self) -> Review:
        """The decision as the desk's rules see it."""
        return Review(self.account_id, self.by, None, review_id=id_of(self.decision) if self.decision else None)


class LinkAccounts(_AccountForm):
    """Another account of the same person, on whichever platform: the lists by which one is known hold for the other."""

    model_config = ConfigDict(title="Link", **needed("account", "by", "other", "link_because"))
    do: Literal["link"] = form_named("link")
    other: AccountNumber = Field(
        default="",
        title="Other account",
        description="Its number, for instance K-000456.",
        json_schema_extra=at(2),
    )
    link_because: NeededWords = _because("How it is known that both are the same person's: their own word, a document.")

    def change(self) -> LinkChange:
        """The link as the desk's rules see it."""
        return LinkChange(self.account_id, id_of(self.other), self.by, self.link_because)


class UnlinkAccounts(_AccountForm):
    """Undo a link: each account is judged by itself again."""

    model_config = ConfigDict(title="Unlink", **needed("account", "by", "linked"))
    do: Literal["unlink"] = form_named("unlink")
    linked: AccountNumber = Field(
        default="",
        title="Linked account",
        description="The number of the account that it is linked to, for instance K-000456.",
        json_schema_extra=at(2),
    )

    def change(self) -> LinkChange:
        """The end of the link as the desk's rules see it."""
        return LinkChange(self.account_id, id_of(self.linked), self.by, ends=True)


AccountForm = DecidePriority | DecideRegular | UndoDecision | LinkAccounts | UnlinkAccounts
"""What a person decides about an account: one of the forms above, told apart by `do`."""


class _RowForm(_Form):
    row: Annotated[str, Field(pattern=r"^Q-\d{6,9}$")] = Field(
        title="Row",
        description="The number as the artifact quarantine shows it, for instance Q-000123.",
        json_schema_extra=at(0),
    )

    @property
    def row_id(self) -> int:
        """The row's id in the records."""
        return id_of(self.row)


def _correct(title: str, position: int, description: str) -> Any:
    return Field(
        default=None,
        title=title,
        description=description,
        json_schema_extra=optional_at(position),
    )


class Release(_RowForm):
    """Let it in after all: read and checked again with what you correct here, it goes the way of any mention."""

    model_config = ConfigDict(title="Release", **needed("row", "by", "release_because"))
    do: Literal["release"] = form_named("release")
    release_because: NeededWords = _because("Why it is a mention, and where what you correct comes from.")
    text: Annotated[str, Field(max_length=25_000)] | None = _correct(
        "Correct: text", 4, "What the customer said; empty: as it came."
    )
    posted_at: datetime | None = _correct(
        "Correct: posted at",
        5,
        "When it was posted, in the zone chosen beside it (WIB is Asia/Jakarta). Empty: as it came.",
    )
    author_id: Id | None = _correct("Correct: author", 6, "The platform's id of who said it; empty: as it came.")
    external_id: Id | None = _correct("Correct: id", 7, "The platform's id of the post; empty: as it came.")
    conversation_id: Id | None = _correct(
        "Correct: conversation", 8, "The platform's id of the conversation, or of the post commented on."
    )

    def decision(self) -> RowDecision:
        """The decision as the desk's rules see it."""
        return RowDecision(self.row_id, self.by, "released", self.release_because)

    def corrections(self) -> Corrections:
        """What was corrected, the time in UTC; one without a zone is Asia/Jakarta."""
        posted = self.posted_at
        if posted is not None and posted.tzinfo is None:
            posted = posted.replace(tzinfo=JAKARTA)
        names = ("text", "author_id", "external_id", "conversation_id")
        given = {name: getattr(self, name) or None for name in names}
        return Corrections(posted_at=posted and posted.astimezone(UTC), **given)


class Drop(_RowForm):
    """It is no mention, or no use: nothing more is done with it. It is kept with your reason."""

    model_config = ConfigDict(title="Drop", **needed("row", "by", "drop_because"))
    do: Literal["drop"] = form_named("drop")
    drop_because: NeededWords = _because("Why nothing is lost by it.")

    def decision(self) -> RowDecision:
        """The decision as the desk's rules see it."""
        return RowDecision(self.row_id, self.by, "dropped", self.drop_because)


RowForm = Release | Drop
"""What a person decides about what was refused."""
