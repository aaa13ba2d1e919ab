"""The project's own labelled sample (`data/samples/`): invented mentions and profiles with what a careful person reads
in them. Recognition is learned from its part `learn` and measured on both parts; nothing is learned from `check`.

The rules of labelling are in `data/samples/README.md`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from models.lexicons import ProblemName
from models.mentions import Author, Platform
from models.reading import Context

Part = Literal["learn", "check"]
PARTS: tuple[Part, ...] = ("learn", "check")
NONE = "none"
Category = Literal[
    "government", "executive", "artist", "writer", "media", "activist", "ngo", "professional", "public_figure", "none",
]  # fmt: skip


class SampleError(Exception):
    """A row of the sample that cannot be used: which file, which line, which field, and what is wrong."""


class LabelledContext(BaseModel):
    """What the records would know: the customer replies in an open case about `problem`, `days` after they first
    complained, with `contacts` complaints before this one."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    problem: ProblemName
    days: float = Field(ge=0)
    contacts: int = Field(ge=0)


class LabelledMention(BaseModel):
    """An invented mention and how it should be read (clauses 5.3.1, 5.3.2c)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    part: Part
    text: str = Field(min_length=1)
    kind: Literal["post", "reply", "quote", "comment"] = "post"
    context: LabelledContext | None = None
    complaint: bool
    hard_reasons: tuple[Literal["abusive", "churn", "repeat", "regulator", "media", "legal", "safety"], ...] = ()
    problems: tuple[ProblemName, ...] = Field(min_length=1)
    about: str
    """What makes it special: plain, slang, sarcasm, negation, news …"""

    @model_validator(mode="after")
    def _only_complaints_are_hard(self) -> Self:
        if self.hard_reasons and not self.complaint:
            raise ValueError("hard_reasons: only a complaint can be hard")
        return self

    @property
    def known(self) -> Context | None:
        """Its context as the reading takes it."""
        if self.context is None:
            return None
        return Context(True, self.context.problem, self.context.days, self.context.contacts)


class LabelledProfile(BaseModel):
    """An invented profile and whose it is (clause 5.2.1)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    part: Part
    platform: Platform = Platform.X
    handle: str | None = None
    name: str | None = None
    bio: str | None = None
    followers: int | None = Field(default=None, ge=0)
    verified: Literal["blue", "business", "government"] | None = None
    category: Category
    about: str
    """What makes it special: official, newsroom, fan, aspirant, metaphor, ordinary …"""

    @property
    def author(self) -> Author:
        """The profile as the platform would show it."""
        of_facebook = self.platform is Platform.FACEBOOK
        handle = None if of_facebook else self.handle
        return Author(self.platform, self.handle or "0", handle, self.name, self.bio, self.followers, self.verified)


Row = TypeVar("Row", LabelledMention, LabelledProfile)


def load_sample(folder: Path) -> tuple[list[LabelledMention], list[LabelledProfile]]:
    """Read and check the sample of a folder; raises `SampleError`."""
    mentions = _load(folder / "mentions.jsonl", LabelledMention, lambda row: row.text)
    profiles = _load(folder / "profiles.jsonl", LabelledProfile, lambda row: f"{row.platform}:{row.handle}")
    return mentions, profiles


def _load(path: Path, model: type[Row], key: Callable[[Row], str]) -> list[Row]:
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SampleError(f"{path} cannot be read: {error}") from error
    rows: list[Row] = []
    seen: dict[str, int] = {}
    for number, line in enumerate(lines, 1):
        try:
            row = model.model_validate_json(line)
        except ValidationError as error:
            first = error.errors()[0]
            field = ".".join(map(str, first["loc"])) or "row"
            raise SampleError(f"{path}, line {number}: {field}: {first['msg']}") from error
        other = seen.setdefault(key(row), number)
        if other != number:
            raise SampleError(f"{path}, line {number}: the same as line {other}; keep one of them")
        rows.append(row)
    return rows
