"""The forms of `load-reference-data`: a whole folder, one file of it, or rows pasted out of a spreadsheet."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from models.reference_loads import NIGHTLY
from tasks.form_fields import at, form_named, optional_at

KindName = Literal[
    "watched_accounts", "bod_list", "registry", "staff", "qa_scores", "assessments", "shifts", "unit_contacts"
]
RowsTaken = Literal["all or nothing", "valid rows only"]


class _Load(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    by: Annotated[str, Field(max_length=32)] = Field(
        default=NIGHTLY,
        title="Your staff code",
        description="A team leader's or a supervisor's, for instance S01. The schedule gives `nightly`.",
        json_schema_extra=at(3),
    )
    dry_run: bool = Field(
        default=True,
        title="Dry run",
        description="Only show what would change; nothing is written.",
        json_schema_extra=at(4),
    )
    rows: RowsTaken = Field(
        default="all or nothing",
        title="If a row is refused",
        description="Take nothing of anything, or leave that row out.",
        json_schema_extra=at(5),
    )
    may_shrink: bool = Field(
        default=False,
        title="May shrink",
        description="A whole list (registry, BOD list, staff, contacts) may have fewer than half of its rows now.",
        json_schema_extra=at(6),
    )


class Folder(_Load):
    """Everything in the watched folder: of each list the newest file, of scores and assessments all of them."""

    model_config = ConfigDict(title="The watched folder")
    do: Literal["load the folder"] = form_named("load the folder")


class OneFile(_Load):
    """One file that lies in the watched folder, CSV or XLSX."""

    model_config = ConfigDict(title="One file")
    do: Literal["load one file"] = form_named("load one file")
    file: Annotated[str, Field(max_length=400)] = Field(
        default="",
        title="File",
        description="Its name in the watched folder, for instance registry-2026-11.xlsx.",
        json_schema_extra=at(1),
    )
    is_a: KindName | None = Field(
        default=None,
        title="Kind",
        description="Leave empty: the file's name or its headings tell.",
        json_schema_extra=optional_at(2),
    )


class PastedRows(_Load):
    """Rows copied out of a spreadsheet, with their headings."""

    model_config = ConfigDict(title="Pasted rows")
    do: Literal["load pasted rows"] = form_named("load pasted rows")
    kind: KindName = Field(default="registry", title="Kind", json_schema_extra=at(1))
    pasted: Annotated[str, Field(max_length=400_000)] = Field(
        default="",
        title="Rows",
        description="Headings in the first line; columns parted by tabs, semicolons or commas.",
        json_schema_extra=at(2),
    )


LoadRequest = Folder | OneFile | PastedRows
