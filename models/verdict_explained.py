"""Why a case went as it did: each verdict with its clause, as the clause stood under the revision in force then.

Reads the journal, which has no customer's words in it; what is shown is escaped all the same. Times are shown in
Asia/Jakarta, `now` is UTC.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, or_, select

from models.case_file import TOLD, TOLD_TOO, detail_told
from models.cases import CaseRow, case_number
from models.journal import JournalRow
from models.revision_diff import Changed, RevisionText, difference, side
from models.revisions import WORK_INSTRUCTION, revision_texts
from models.safe_text import for_markdown
from models.ticket_rows import ticket_number
from models.unit_hours import JAKARTA
from models.work_instruction import CLAUSES

OF_VERDICT = ("status", "category", "source", "confidence", "before", "level", "kind", "outcome")
"""What a verdict's detail may show besides what a case file shows of it."""
SHOWN = 300
"""Verdicts shown, the latest of a longer story."""


@dataclass(frozen=True, slots=True)
class CaseStory:
    """What the journal tells of a case and its account, in order, and what the revisions named in it say.

    `left_out` earlier entries are not among `entries`.
    """

    case_id: int
    revision: str
    entries: Sequence[Row[Any]]
    left_out: int
    texts: Mapping[str, RevisionText]


def case_story(connection: Connection, case_id: int) -> CaseStory | None:
    """Everything the journal has about a case and its account; None where there is no such case."""
    case = connection.execute(select(CaseRow.account_id, CaseRow.revision).where(CaseRow.id == case_id)).one_or_none()
    if case is None:
        return None
    # Of the account only what was said of itself: its other cases are explained in their own right.
    of_account = (JournalRow.account_id == case.account_id) & or_(
        JournalRow.case_id.is_(None), JournalRow.case_id == case_id
    )
    about = or_(JournalRow.case_id == case_id, of_account)
    rows = connection.execute(select(JournalRow.__table__).where(about).order_by(JournalRow.id)).all()
    texts = revision_texts(connection, {case.revision, *(row.revision for row in rows)})
    return CaseStory(case_id, case.revision, rows[-SHOWN:], max(len(rows) - SHOWN, 0), texts)


def explained_key(case_id: int) -> str:
    """The artifact key of a case explained: `explained-c-000123`."""
    return f"explained-{case_number(case_id).lower()}"


def explained_markdown(story: CaseStory, today: RevisionText, ui_url: str, now: datetime) -> str:
    """A case's verdicts as markdown. `today` is the revision in force, which also speaks for itself where the register
    does not have it yet."""
    texts = {today.revision: today, **story.texts}
    number = case_number(story.case_id)
    page = f"[work instruction]({ui_url}/artifacts/key/{WORK_INSTRUCTION})"
    left_out = f" {story.left_out} earlier verdicts are not shown." if story.left_out else ""
    lines = [
        f"# {number} explained",
        "",
        f"[{number}]({ui_url}/artifacts/key/case-{number.lower()}) was opened under revision "
        f"**{for_markdown(story.revision)}** of the {page} and goes by it; in force today is "
        f"**{for_markdown(today.revision)}**. Below is every verdict about the case and its customer's account, with "
        f"what its clause demanded then."
        f"{left_out}",
    ]
    for place, entry in enumerate(story.entries, start=story.left_out + 1):
        lines += ["", *_verdict(place, entry, texts, today)]
    return "\n".join([*lines, "", f"As of {_at(now)} WIB; all times are WIB."])


def _verdict(place: int, entry: Row[Any], texts: Mapping[str, RevisionText], today: RevisionText) -> list[str]:
    about = f" · {ticket_number(entry.ticket_id)}" if entry.ticket_id else ""
    told = detail_told(entry.detail, (*OF_VERDICT, *TOLD, *TOLD_TOO))
    return [
        f"**{place}. {for_markdown(entry.event.replace('_', ' '))}**{about} · {_at(entry.at)} · "
        f"clause **{for_markdown(entry.clause)}**, revision {for_markdown(entry.revision)}",
        "",
        f"- By {for_markdown(entry.actor)}{f': {for_markdown(told, 400)}' if told else ''}",
        *_clause(entry, texts.get(entry.revision), today),
    ]


def _clause(entry: Row[Any], then: RevisionText | None, today: RevisionText) -> list[str]:
    """What the entry's clause demanded under its revision, its settings then, and what differs today."""
    if then is None:
        return ["- What it demanded then is not on record: the revision was never registered."]
    clauses = clauses_named(entry.clause, then)
    if not clauses:
        return ["- The revision has no such clause."]
    lines = []
    for clause in clauses:
        said, which = then.clauses[clause], f" ({for_markdown(clause)})" if clause != entry.clause else ""
        lines.append(f"- It demanded{which}: {for_markdown(said.says, 600)}")
        settings = [f"{_name(name)} **{for_markdown(one.written, 200)}**" for name, one in said.settings.items()]
        if settings:
            lines.append(f"- Settings then{which}: {', '.join(settings)}")
    differs = _differs(clauses, then, today)
    if differs:
        lines.append(f"- **Different today** (revision {for_markdown(today.revision)}): {differs}")
    elif then.revision != today.revision:
        lines.append(f"- Today (revision {for_markdown(today.revision)}) the same.")
    return lines


def clauses_named(clause: str, said: RevisionText) -> list[str]:
    """The clauses of a revision that an entry's clause means: itself, or, of 5.3.2, its parts a to d."""
    if clause in said.clauses:
        return [clause]
    return [one for one in CLAUSES if one.startswith(clause) and one in said.clauses]


def _differs(clauses: Sequence[str], then: RevisionText, today: RevisionText) -> str:
    shown = ("value", "says")
    found = [one for one in difference(then, today).changes if one.clause in clauses and one.what in shown]
    return "; ".join(map(_change, found))


def _change(one: Changed) -> str:
    if one.what == "says":
        return f"it demands: {for_markdown(str(one.after or 'nothing, the clause is gone'), 600)}"
    before, after = (for_markdown(side(value), 200) for value in (one.before, one.after))
    return f"{_name(one.name)} **{after}** (then {before})"


def _name(name: str) -> str:
    return for_markdown(name.replace("_", " "), 60)


def _at(moment: datetime) -> str:
    return f"{moment.astimezone(JAKARTA):%d %b %Y %H:%M:%S}"
