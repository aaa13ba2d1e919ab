"""What a revision of the work instruction says, word for word, how two revisions differ, and the page that shows the
one in force with the register of all (clause 7).

A registered text is read here without the loader's checks: it may lack settings that came later, or have some that are
gone by now, and what was decided under it must still be explained.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any

from models.safe_text import for_markdown
from models.unit_hours import JAKARTA
from models.work_instruction import UNITS
from models.yaml_lines import plain, read_marked

WORDS_SHOWN = 600
FIXED_BY = {"document": "fixed by the document", "site": "this site's choice"}
IN_REGISTER = ("revision", "effective", "change")
"""What the register tells of a revision; a difference that is shown beside it leaves them out."""


@dataclass(frozen=True, slots=True)
class SaidSetting:
    """A setting as a revision has it: its value as it is written, who fixed it (document or site), what it is about."""

    value: Any
    fixed_by: str = ""
    about: str = ""

    @property
    def written(self) -> str:
        """The value as people read it."""
        return written(self.value)


@dataclass(frozen=True, slots=True)
class SaidClause:
    """A clause as a revision has it: what it demands in words, and its settings by name."""

    says: str
    settings: Mapping[str, SaidSetting]


@dataclass(frozen=True, slots=True)
class RevisionText:
    """All that a revision says. `head` has its other entries (code, title, revision, effective, change …)."""

    head: Mapping[str, Any]
    clauses: Mapping[str, SaidClause]

    @property
    def revision(self) -> str:
        """Its number."""
        return written(self.head.get("revision", ""))


@dataclass(frozen=True, slots=True)
class Changed:
    """One thing that two revisions say differently; None where one of them says nothing about it.

    `what` is value, fixed_by or about of the setting `name` under a clause, says of a clause itself (`name` empty), or
    head of an entry above the clauses (`clause` empty).
    """

    clause: str
    name: str
    what: str
    before: Any
    after: Any

    @property
    def told(self) -> str:
        """The change in one line: what, and from what to what; a clause's words are not repeated."""
        if self.what == "says":
            return f"the words of clause {self.clause}"
        name = self.name if self.what in {"value", "head"} else f"{self.what} of {self.name}"
        return name if self.what == "about" else f"{name} ({side(self.before)} → {side(self.after)})"


@dataclass(frozen=True, slots=True)
class Difference:
    """How two revisions differ, in the order of the clauses."""

    before: str
    after: str
    changes: tuple[Changed, ...]

    @property
    def settings(self) -> tuple[str, ...]:
        """The names of the settings that have another value, are new, or are gone."""
        return tuple(dict.fromkeys(one.name for one in self.changes if one.what == "value"))

    @property
    def clauses(self) -> tuple[str, ...]:
        """The clauses whose words have changed."""
        return tuple(one.clause for one in self.changes if one.what == "says")


@dataclass(frozen=True, slots=True)
class RegisterLine:
    """A revision in the register: `effective` is a day in Jakarta, `registered_at` UTC; how many open cases keep it.
    Both are None for one that open cases name and that was never registered."""

    revision: str
    effective: date | None
    registered_at: datetime | None
    change: str
    open_cases: int


def read_revision(text: str) -> RevisionText:
    """What the text of a revision says; what is not as it should be is left out."""
    root, _ = read_marked(text)
    said = plain(root) if root else {}
    said = said if isinstance(said, dict) else {}
    clauses = said.pop("clauses", None)
    clauses = clauses if isinstance(clauses, dict) else {}
    return RevisionText(said, {number: _clause(parts) for number, parts in clauses.items() if isinstance(parts, dict)})


def _clause(parts: Mapping[str, Any]) -> SaidClause:
    settings = parts.get("settings")
    found = settings.items() if isinstance(settings, dict) else ()
    return SaidClause(
        " ".join(str(parts.get("says", "")).split()),
        {
            name: SaidSetting(one.get("value"), str(one.get("fixed_by", "")), str(one.get("about", "")))
            for name, one in found
            if isinstance(one, dict)
        },
    )


def fingerprint(said: RevisionText) -> str:
    """SHA-256, in hex, of what a revision means: comments, layout and ways to write the same time do not count."""
    parts = [[*place, meaning] for place, meaning in sorted(_meanings(said).items())]
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()


@lru_cache(maxsize=8)
def fingerprint_of(text: str) -> str:
    """The fingerprint of a revision's text; each text is read once a process."""
    return fingerprint(read_revision(text))


def difference(before: RevisionText, after: RevisionText) -> Difference:
    """How `after` differs from `before`."""
    was, becomes = _parts(before), _parts(after)
    places = sorted({*was, *becomes}, key=_order)
    meant, means = _meanings(before), _meanings(after)
    return Difference(
        before.revision,
        after.revision,
        tuple(
            Changed(*place, was.get(place), becomes.get(place))
            for place in places
            if meant.get(place) != means.get(place)
        ),
    )


def _order(place: tuple[str, str, str]) -> tuple[list[tuple[int, str]], str, str]:
    numbers = re.findall(r"\d+|[a-z]+", place[0])
    return [(int(one), "") if one.isdigit() else (0, one) for one in numbers], place[1], place[2]


def _parts(said: RevisionText) -> dict[tuple[str, str, str], Any]:
    """Everything that is said, by clause, name and what it is."""
    parts: dict[tuple[str, str, str], Any] = {("", name, "head"): value for name, value in said.head.items()}
    for number, clause in said.clauses.items():
        parts[number, "", "says"] = clause.says
        for name, setting in clause.settings.items():
            parts |= {(number, name, what): getattr(setting, what) for what in ("value", "fixed_by", "about")}
    return parts


def _meanings(said: RevisionText) -> dict[tuple[str, str, str], Any]:
    return {place: _meaning(value) for place, value in _parts(said).items()}


def _meaning(value: Any) -> Any:
    """A value apart from how it is written: 60 min is 1 h, 80.0 is 80, and spaces and line breaks do not count."""
    if isinstance(value, list):
        return [_meaning(one) for one in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if not isinstance(value, str):
        return value if isinstance(value, int | float | dict | None) else str(value)
    match = re.fullmatch(r"(\d+) (s|min|h|days)", value)
    return str(timedelta(seconds=int(match[1]) * UNITS[match[2]])) if match else " ".join(value.split())


def written(value: Any) -> str:
    """A value of the file as people read it."""
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def side(value: Any) -> str:
    """One side of a change as people read it."""
    return "not there" if value is None else written(value)


def difference_markdown(found: Difference) -> str:
    """A difference as markdown: the settings as a table, what was said otherwise below; entries that the register
    tells of are left out."""
    shown = [one for one in found.changes if one.what != "head" or one.name not in IN_REGISTER]
    values = [one for one in shown if one.what in {"value", "head"}]
    lines = []
    if values:
        lines += ["| clause | setting | before | now |", "|---|---|---|---|", *map(_row, values), ""]
    for one in shown:
        if one.what == "says":
            lines += [
                f"- What clause {for_markdown(one.clause)} demands:",
                f"  - before: {_words(one.before)}",
                f"  - now: {_words(one.after)}",
            ]
        elif one.what == "fixed_by" and one.before is not None and one.after is not None:
            lines.append(f"- Who fixes {_name(one.name)}: {_words(one.before)} → {_words(one.after)}")
        elif one.what == "about" and one.before is not None and one.after is not None:
            lines.append(f"- What is said about {_name(one.name)}: {_words(one.before)} → {_words(one.after)}")
    return "\n".join(lines).strip() or "Nothing but its date and description."


def _row(one: Changed) -> str:
    cells = (for_markdown(one.clause) or "head", _name(one.name), _cell(one.before), f"**{_cell(one.after)}**")
    return f"| {' | '.join(cells)} |"


def _cell(value: Any) -> str:
    return for_markdown(side(value), 80)


def _name(name: str) -> str:
    return for_markdown(name.replace("_", " "), 60)


def _words(value: Any) -> str:
    return for_markdown(side(value), WORDS_SHOWN)


def page_markdown(said: RevisionText, found: Difference | None, register: Sequence[RegisterLine], now: datetime) -> str:
    """The artifact `work-instruction`: the revision in force, how it differs from the one before (None: there was
    none), the register with the latest revision first, and every clause. `now` is UTC, shown in Asia/Jakarta."""
    head = {name: for_markdown(side(value), 200) for name, value in said.head.items()}
    lines = [
        f"# {head.get('code', '')} · revision {head.get('revision', '')}",
        "",
        f"*{head.get('title', '')}*, under {head.get('under', '')}. In force from {head.get('effective', '')}. "
        f"Every verdict names its clause and revision; a case keeps the revision it was opened under.",
        "",
        "### Revisions",
        "",
        "| revision | in force from | registered (WIB) | open cases |",
        "|---|---|---|---|",
        *(_line(one) for one in register),
        "",
        *(f"- **{for_markdown(one.revision)}**: {_change(one)}" for one in register),
    ]
    if found is not None:
        lines += [
            "",
            f"### What is different from revision {for_markdown(found.before)}",
            "",
            difference_markdown(found),
        ]
    lines += ["", "### Clauses and their settings"]
    for number, clause in said.clauses.items():
        lines += ["", f"**{for_markdown(number)}** {for_markdown(clause.says, WORDS_SHOWN)}"]
        lines += ["", *map(_setting, clause.settings.items())] if clause.settings else []
    return "\n".join([*lines, "", f"As of {now.astimezone(JAKARTA):%d %b %Y %H:%M:%S} WIB."])


def _line(one: RegisterLine) -> str:
    since = f"{one.effective:%d %b %Y}" if one.effective else "not known"
    registered = f"{one.registered_at.astimezone(JAKARTA):%d %b %Y %H:%M}" if one.registered_at else "never"
    return f"| **{for_markdown(one.revision)}** | {since} | {registered} | {one.open_cases:,} |"


def _change(one: RegisterLine) -> str:
    if one.registered_at is None:
        return "never registered, so its text is not known: the revision in force is applied to its open cases."
    return for_markdown(one.change, WORDS_SHOWN)


def _setting(given: tuple[str, SaidSetting]) -> str:
    name, one = given
    about = f" {for_markdown(one.about, 300)}" if one.about else ""
    return f"- {_name(name)}: **{for_markdown(one.written, 300)}** ({FIXED_BY.get(one.fixed_by, 'not said')}).{about}"
