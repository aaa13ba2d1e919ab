"""The forms about recognition: a text or a profile to explain, an edited copy of the lexicons to try or take.

As with the desk's forms, the UI draws a union as tabs, and every one but the first has a field that no other has, with
a default (`tasks/desk_forms.py`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from models.lexicons import ProblemName
from models.mentions import Author, Platform
from models.reading import Context
from tasks.form_fields import at, form_named, needed, optional_at


class TextToExplain(BaseModel):
    """A text as somebody might write it: whether it is a complaint, a hard one, and about what."""

    model_config = ConfigDict(title="A text", frozen=True, extra="forbid", **needed("text"))

    do: Literal["text"] = form_named("text")
    text: Annotated[str, Field(min_length=1, max_length=25_000)] = Field(
        title="Text", description="As it was posted.", json_schema_extra=at(0)
    )
    kind: Literal["post", "reply", "quote", "comment", "repost"] = Field(
        default="post", title="Posted as", description="A repost is somebody else's words.", json_schema_extra=at(1)
    )
    in_case: bool = Field(
        default=False,
        title="In an open case",
        description="Its author has a case open in this conversation.",
        json_schema_extra=at(2),
    )
    about: ProblemName = Field(
        default="other",
        title="The case is about",
        description="Or the complaint of theirs that nobody has settled.",
        json_schema_extra=at(3),
    )
    days: Annotated[float, Field(ge=0)] = Field(
        default=0, title="Days since they first complained", json_schema_extra=at(4)
    )
    contacts: Annotated[int, Field(ge=0)] = Field(
        default=0, title="Other conversations they complained in before", json_schema_extra=at(5)
    )

    def context(self) -> Context | None:
        """What the records would know."""
        known = Context(self.in_case, self.about, self.days, self.contacts)
        return known if known != Context() else None


class ProfileToExplain(BaseModel):
    """A profile as the platform shows it: whether it is a Priority customer's, by itself."""

    model_config = ConfigDict(title="A profile", frozen=True, extra="forbid")

    do: Literal["profile"] = form_named("profile")
    handle: Annotated[str, Field(max_length=100)] = Field(default="", title="Handle", json_schema_extra=at(0))
    name: Annotated[str, Field(max_length=500)] = Field(default="", title="Name", json_schema_extra=at(1))
    bio: Annotated[str, Field(max_length=5_000)] = Field(default="", title="Bio", json_schema_extra=at(2))
    followers: Annotated[int, Field(ge=0)] | None = Field(
        default=None, title="Followers", json_schema_extra=optional_at(3)
    )
    verified: Literal["none", "blue", "business", "government"] = Field(
        default="none", title="Verified as", json_schema_extra=at(4)
    )

    def author(self) -> Author:
        """The profile as it is judged."""
        badge = None if self.verified == "none" else self.verified
        return Author(Platform.X, "explained", self.handle, self.name, self.bio, self.followers, badge)


ExplainForm = TextToExplain | ProfileToExplain
"""What is to be explained."""


class LexiconChange(BaseModel):
    """An edited copy of the lexicons: by itself it is only tried on the labelled sample."""

    model_config = ConfigDict(title="A change of lexicons", frozen=True, extra="forbid")

    folder: Annotated[str, Field(max_length=500)] = Field(
        default="",
        title="Folder",
        description="Where the edited copy of data/lexicons is, on the worker's machine; empty: `lexicons` in the "
        "desk's home (.care), where a copy to edit is made if there is none.",
        json_schema_extra=at(0),
    )
    learn_anew: bool = Field(
        default=False,
        title="Learn the weights anew",
        description="From the labelled sample, into the copy's learned.yaml, before it is tried.",
        json_schema_extra=at(1),
    )
    take: bool = Field(
        default=False,
        title="Take it",
        description="Put the copy in force if every figure keeps its floor, and judge every account again by it.",
        json_schema_extra=at(2),
    )
    by: Annotated[str, Field(max_length=32)] = Field(
        default="",
        title="Your staff code",
        description="A team leader's or a supervisor's; only needed to take it.",
        json_schema_extra=at(3),
    )

    def where(self, home: Path) -> Path:
        """The folder of the edited copy."""
        return Path(self.folder).expanduser() if self.folder else home / "lexicons"
