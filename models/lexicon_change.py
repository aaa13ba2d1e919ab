"""Taking an edited copy of the lexicons into force: who may, which files, and what the journal keeps (5.2.1, 5.3.1)."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from sqlalchemy import Connection, select

from models.desk_rules import LEADER, SUPERVISOR, Person, why_not_one_of
from models.journal import JournalRow, entry, write_journal
from models.lexicons import Lexicons
from models.rejudging import Rejudged, judge_all_again
from models.work_instruction import WorkInstruction

CLAUSE = "5.3.1"
EVENT = "lexicons_changed"
LEARNED = "learned.yaml"
ORIGIN = ".made-of"
"""Where a copy notes the digest of what it was made of."""
MAY_TAKE = (LEADER, SUPERVISOR)


@dataclass(frozen=True, slots=True)
class TakeVerdict:
    """Whether an edited copy may be taken: None, or the sentence that says why not."""

    refusal: str | None
    clause: str = CLAUSE


def judge_take(
    person: Person | None, able: Sequence[str], changed: Sequence[str], below: Sequence[str], fresh: bool
) -> TakeVerdict:
    """Decide whether a person may take a change: `changed` names the files that differ, `below` what would be below
    its floor, `able` who may, `fresh` whether the copy was made of what is in force."""
    if why := why_not_one_of(person, MAY_TAKE, able):
        return TakeVerdict(why)
    if not changed:
        return TakeVerdict("folder: nothing in it differs from what is in force; edit a file first.")
    if below:
        return TakeVerdict(f"folder: with it, {'; '.join(below)}. Mend the change; floors are not for lowering.")
    if not fresh:
        return TakeVerdict(
            "folder: the lexicons in force have changed since the copy was made, and taking it would undo that. "
            "Move it away, let a new copy be made, and put your edits into that."
        )
    return TakeVerdict(None)


def copy_to_edit(in_force: Path, folder: Path) -> bool:
    """Make `folder` an edited copy to begin with, where it is not there yet; whether it was made."""
    if folder.exists():
        return False
    shutil.copytree(in_force, folder)
    note_origin(in_force, folder)
    return True


def note_origin(in_force: Path, folder: Path) -> None:
    """Note in a copy that it was made of, or is the same as, what is in force."""
    (folder / ORIGIN).write_text(digest_of(in_force), "utf-8")


def is_fresh(connection: Connection, in_force: Path, folder: Path) -> bool:
    """Whether a copy was made of what is in force, or is being put in force by a run that died over it."""
    noted = folder / ORIGIN
    origin = noted.read_text("utf-8") if noted.exists() else ""
    mine = digest_of(folder)
    return origin == digest_of(in_force) or (origin != mine and _last_taken(connection) == mine)


def changed_files(in_force: Path, folder: Path) -> list[str]:
    """The names of the files of `folder` that differ from those in force."""
    return sorted(
        path.name
        for path in folder.glob("*.yaml")
        if not (in_force / path.name).exists() or path.read_bytes() != (in_force / path.name).read_bytes()
    )


def digest_of(folder: Path) -> str:
    """Twelve digits that tell one state of the lexicons from another."""
    found = sha256()
    for path in sorted(folder.glob("*.yaml")):
        found.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return found.hexdigest()[:12]


def put_in_force(folder: Path, in_force: Path, names: Sequence[str]) -> None:
    """Put the changed files in place of those in force, each at once; repeated, it does what is left to do.

    What was learned goes out first and comes in last: it is refused beside groups it does not know.
    """
    if LEARNED in names:
        _replace(in_force / LEARNED, b"{}\n")
    for name in sorted(names, key=lambda name: name == LEARNED):
        _replace(in_force / name, (folder / name).read_bytes())
    note_origin(in_force, folder)


def _replace(path: Path, content: bytes) -> None:
    beside = path.with_name(f".{path.name}.new")
    beside.write_bytes(content)
    os.replace(beside, path)


def _last_taken(connection: Connection) -> str | None:
    """The digest of the lexicons taken last."""
    latest = select(JournalRow.detail).where(JournalRow.event == EVENT).order_by(JournalRow.id.desc()).limit(1)
    last = connection.scalar(latest)
    return None if last is None else str(last["after"])


def journal_change(
    connection: Connection,
    instruction: WorkInstruction,
    lexicons: Lexicons,
    change: tuple[str, str, Sequence[str]],
    by: str,
    now: datetime,
) -> Rejudged | None:
    """Journal that lexicons are changed, and judge every account again by them; None where it is done already.

    `change` is the digest before, the digest after and the files that differ.
    """
    before, after, names = change
    if _last_taken(connection) == after:
        return None
    detail = {"before": before, "after": after, "files": list(names)}
    write_journal(connection, [entry(now, EVENT, CLAUSE, instruction, detail, actor=by)])
    return judge_all_again(connection, instruction, lexicons, now, f"lexicons {after}", by)
