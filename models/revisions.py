"""Revisions of the work instruction (clause 7): each is registered once, with its date and what it changed.

A case keeps the revision it was opened under: `instructions_by_case` and `Instructions` say which one it goes by.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from pydantic import ValidationError
from sqlalchemy import Connection, Engine, Row, String, Text, func, insert, select
from sqlalchemy.orm import Mapped, mapped_column

from models.cases import IS_OPEN, CaseRow
from models.database import Table, one_of
from models.journal import entry, write_journal
from models.revision_diff import Difference, RegisterLine, RevisionText, difference, fingerprint_of, read_revision
from models.unit_hours import JAKARTA
from models.work_instruction import GROUPS, WorkInstruction

REGISTER = "register-revision"
"""The actor the journal names for a revision that is registered."""
WORK_INSTRUCTION = "work-instruction"
"""The artifact's key that has the revision in force and the register."""
DIFFERENCES_TOLD = 6


class RevisionRow(Table):
    """A revision of the work instruction as it was in force: its whole text, so that old verdicts can be explained."""

    __tablename__ = "revisions"

    revision: Mapped[str] = mapped_column(String(32), primary_key=True)
    number: Mapped[int] = mapped_column(unique=True)
    """1, 2, … in the order in which they were registered."""
    registered_at: Mapped[datetime]
    effective: Mapped[date]
    change: Mapped[str] = mapped_column(Text)
    fingerprint: Mapped[str] = mapped_column(String(64))
    """SHA-256 of what the text means, comments and layout left out."""
    text: Mapped[str] = mapped_column(Text)


class RevisionRefused(ValueError):
    """The file cannot be registered as it stands; the message names the file, what is wrong and what to do."""


@dataclass(frozen=True, slots=True)
class Registered:
    """What the register says of the revision in force.

    `new` tells that it has been registered just now; then `before` is the revision that was in force until then and
    `difference` how they differ, both None for the first one; where cases are older than the register, `before` is the
    revision of the latest of them, whose text nobody has. `registered_at` is UTC, `effective` a day in Jakarta.
    """

    new: bool
    revision: str
    number: int
    registered_at: datetime
    effective: date
    change: str
    before: str | None = None
    difference: Difference | None = None

    @property
    def takes_over(self) -> bool:
        """Whether it has just taken the place of another revision: what was judged is then judged again."""
        return self.new and self.before is not None


def register_known(connection: Connection, text: str) -> Registered | None:
    """What the register says of the file's text, where its last revision means the same; one query. Comments and
    layout do not count."""
    newest = _newest(connection)
    same = newest is not None and (newest.text == text or newest.fingerprint == fingerprint_of(text))
    return _known(newest) if newest is not None and same else None


def register_revision(
    connection: Connection, text: str, instruction: WorkInstruction, now: datetime, file: Path | str = "the file"
) -> Registered:
    """Register the revision that `text` (read as `instruction`) is, at `now` (UTC), in the caller's
    `write_transaction`; one that is there already is left as it is.

    Raises:
        RevisionRefused: the number is taken by another meaning or has been followed, or its day is still to come.
    """
    newest = _newest(connection)
    rows = select(RevisionRow.__table__)
    same = connection.execute(rows.where(RevisionRow.revision == instruction.revision)).one_or_none()
    if same is not None:
        _refuse_unless_same(connection, same, newest, text, file)
        return _known(same)
    today = now.astimezone(JAKARTA).date()
    if instruction.effective > today:
        raise RevisionRefused(
            f"{file}: effective {instruction.effective} is still to come: put the file in place on that day"
        )
    return _register(connection, text, instruction, newest, now)


def _register(
    connection: Connection, text: str, instruction: WorkInstruction, newest: Row[Any] | None, now: datetime
) -> Registered:
    found = difference(read_revision(newest.text), read_revision(text)) if newest is not None else None
    registered = Registered(
        new=True,
        revision=instruction.revision,
        number=newest.number + 1 if newest is not None else 1,
        registered_at=now,
        effective=instruction.effective,
        change=instruction.change,
        before=newest.revision if newest is not None else _before_the_register(connection, instruction.revision),
        difference=found,
    )
    columns = {
        name: getattr(registered, name) for name in ("revision", "number", "registered_at", "effective", "change")
    }
    connection.execute(insert(RevisionRow), columns | {"fingerprint": fingerprint_of(text), "text": text})
    detail = {
        "from": registered.before,
        "to": registered.revision,
        "changed": list(found.settings) if found else [],
        "clauses": list(found.clauses) if found else [],
    }
    write_journal(connection, [entry(now, "instruction_revised", "7", instruction, detail, actor=REGISTER)])
    return registered


def _before_the_register(connection: Connection, revision: str) -> str | None:
    """The revision of the latest case that has another one than `revision`: what was in force before the register."""
    others = select(CaseRow.revision).where(CaseRow.revision != revision)
    return connection.scalar(others.order_by(CaseRow.id.desc()).limit(1))


def _refuse_unless_same(
    connection: Connection, same: Row[Any], newest: Row[Any] | None, text: str, file: Path | str
) -> None:
    """A registered number keeps its meaning, and stays in force only until another one follows it."""
    number = _free_number(connection, same.revision)
    if same.fingerprint != fingerprint_of(text):
        told = [one.told for one in difference(read_revision(same.text), read_revision(text)).changes]
        rest = f" and {len(told) - DIFFERENCES_TOLD} more" if len(told) > DIFFERENCES_TOLD else ""
        raise RevisionRefused(
            f"{file}: revision {same.revision} is registered and says otherwise: "
            f"{', '.join(told[:DIFFERENCES_TOLD])}{rest}; raise the revision to {number} and say in `change` what "
            "changed"
        )
    if newest is not None and newest.number != same.number:
        raise RevisionRefused(
            f"{file}: revision {same.revision} was followed by {newest.revision}; to go back to what it says, raise "
            f"the revision to {number} and say so in `change`"
        )


def _free_number(connection: Connection, revision: str) -> str:
    """The next number after `revision` that no revision has: 00 → 00.1 → 00.2."""
    taken = set(connection.scalars(select(RevisionRow.revision)))
    match = re.fullmatch(r"(.+)\.(\d+)", revision)
    stem, last = (match[1], int(match[2])) if match else (revision, 0)
    while (number := f"{stem}.{last + 1}") in taken:
        last += 1
    return number


def _newest(connection: Connection) -> Row[Any] | None:
    rows = select(RevisionRow.__table__).order_by(RevisionRow.number.desc()).limit(1)
    return connection.execute(rows).one_or_none()


def _known(row: Row[Any]) -> Registered:
    return Registered(False, row.revision, row.number, row.registered_at, row.effective, row.change)


_READ: WeakKeyDictionary[Engine, dict[str, RevisionText]] = WeakKeyDictionary()
"""The registered revisions this process has read, by database: what is registered never changes."""


def revision_texts(connection: Connection, revisions: Iterable[str]) -> Mapping[str, RevisionText]:
    """What these revisions say, by number; those that were never registered are left out. Each is read once."""
    read = _READ.setdefault(connection.engine, {})
    wanted = set(revisions)
    if missing := sorted(wanted - read.keys()):
        mine = RevisionRow.revision.in_(missing)
        for row in connection.execute(select(RevisionRow.revision, RevisionRow.text).where(mine)):
            read[row.revision] = read_revision(row.text)
    return {revision: read[revision] for revision in wanted if revision in read}


def applied(said: RevisionText, in_force: WorkInstruction) -> WorkInstruction:
    """An earlier revision as it is applied today: what it does not say yet, or says in a way that can no longer be
    applied, is as the one in force has it."""
    values = {name: one.value for clause in said.clauses.values() for name, one in clause.settings.items()}
    groups = {name: _group(model, values, getattr(in_force, name)) for name, model in GROUPS.items()}
    words = in_force.clauses | {number: clause.says for number, clause in said.clauses.items()}
    head = {"revision": said.revision, "clauses": words}
    return in_force.model_copy(update=head | _head(said, in_force) | groups)


def _head(said: RevisionText, in_force: WorkInstruction) -> dict[str, Any]:
    kinds = {"code": str, "title": str, "under": str, "change": str, "effective": date}
    given = {name: said.head.get(name) for name in kinds}
    return {name: value for name, value in given.items() if isinstance(value, kinds[name])}


def _group(model: type[Any], values: Mapping[str, Any], in_force: Any) -> Any:
    found = {name: values.get(name, getattr(in_force, name)) for name in model.model_fields}
    try:
        return model.model_validate(found)
    except ValidationError as error:
        wrong = {str(one["loc"][0]) for one in error.errors()}
        return model.model_validate(found | {name: getattr(in_force, name) for name in wrong})


@dataclass(frozen=True, slots=True)
class Instructions:
    """The work instruction by revision, for cases that keep the one they were opened under; `in_force` as its number is
    registered, where it is."""

    in_force: WorkInstruction
    earlier: Mapping[str, WorkInstruction]

    def of(self, revision: str) -> WorkInstruction:
        """What a case opened under `revision` goes by; one never registered gives way to the one in force."""
        return self.earlier.get(revision, self.in_force)


def instructions_for(connection: Connection, revisions: Iterable[str], in_force: WorkInstruction) -> Instructions:
    """The work instruction of each of these revisions; at most one query, and none for what this process has read.

    The register has the word on the one in force too: a file changed under a number that is registered is not obeyed.
    """
    wanted = set(revisions)
    said = dict(revision_texts(connection, wanted | {in_force.revision})) if wanted else {}
    registered = said.pop(in_force.revision, None)
    current = in_force if registered is None else applied(registered, in_force)
    return Instructions(current, {revision: applied(text, current) for revision, text in said.items()})


def instructions_by_case(
    connection: Connection, case_ids: Collection[int], in_force: WorkInstruction
) -> dict[int, WorkInstruction]:
    """The work instruction that each of these cases goes by: of the revision it was opened under."""
    if not case_ids:
        return {}
    mine = (one_of(connection, CaseRow.id, case_ids), CaseRow.revision != in_force.revision)
    other = {row.id: row.revision for row in connection.execute(select(CaseRow.id, CaseRow.revision).where(*mine))}
    rules = instructions_for(connection, {in_force.revision, *other.values()}, in_force)
    return {case_id: rules.of(other.get(case_id, in_force.revision)) for case_id in case_ids}


def registered_revisions(connection: Connection) -> list[RegisterLine]:
    """The register, the latest revision first, with how many open cases keep each; below it the revisions of open
    cases that were never registered."""
    counts = select(CaseRow.revision, func.count()).where(IS_OPEN).group_by(CaseRow.revision)
    kept = {row[0]: row[1] for row in connection.execute(counts)}
    lines = [
        RegisterLine(row.revision, row.effective, row.registered_at, row.change, kept.pop(row.revision, 0))
        for row in connection.execute(select(RevisionRow.__table__).order_by(RevisionRow.number.desc()))
    ]
    return lines + [RegisterLine(revision, None, None, "", number) for revision, number in sorted(kept.items())]


def last_difference(connection: Connection) -> Difference | None:
    """How the last revision registered differs from the one before it; None where there is none before."""
    rows = select(RevisionRow.revision).order_by(RevisionRow.number.desc()).limit(2)
    last = list(connection.scalars(rows))
    texts = revision_texts(connection, last)
    return difference(texts[last[1]], texts[last[0]]) if len(last) == len(texts) == 2 else None
