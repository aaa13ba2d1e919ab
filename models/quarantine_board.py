"""The artifact `quarantine`: what was refused and why, and the newest rows that nobody has decided about (5.3.1).

What came in is escaped; times are shown in Asia/Jakarta, `now` is UTC.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, select

from models.accounts import WatchedAccountRow
from models.form_links import ReviewForms
from models.mention_rows import QuarantinedRow
from models.mention_store import AUTHOR_SEEN
from models.quarantine import platform_of, row_number
from models.safe_text import for_markdown
from models.ticket_file import shown_at

SHOWN = 50
REASONS_SHOWN = 30
_UNDECIDED = QuarantinedRow.outcome.is_(None)


@dataclass(frozen=True, slots=True)
class QuarantineBoard:
    """Everything the artifact shows. `counts` has the undecided rows by source and reason; a row may have several
    reasons, `undecided` counts it once. `decided` counts what was released and dropped."""

    undecided: int
    counts: Mapping[tuple[str, str], int]
    newest: tuple[Row[Any], ...]
    decided: Mapping[str, int]


def quarantine_state(connection: Connection) -> str:
    """What the board shows, in short: it changes with what is undecided and what comes in (not when decided rows
    are forgotten). Asked by the index of undecided rows."""
    undecided = select(func.count(), func.sum(QuarantinedRow.id)).where(_UNDECIDED)
    newest = connection.scalar(select(func.max(QuarantinedRow.id)))
    return " ".join(str(part) for part in (newest, *connection.execute(undecided).one()))


def read_quarantine(connection: Connection, shown: int = SHOWN) -> QuarantineBoard:
    """The board, in four queries."""
    counts: Counter[tuple[str, str]] = Counter()
    alike = (QuarantinedRow.source, QuarantinedRow.reasons)
    for row in connection.execute(select(*alike, func.count().label("rows")).where(_UNDECIDED).group_by(*alike)):
        for reason in row.reasons:
            counts[row.source, reason] += row.rows
    newest = (
        select(QuarantinedRow.__table__, WatchedAccountRow.handle.label("watched"))
        .outerjoin(WatchedAccountRow, WatchedAccountRow.id == QuarantinedRow.watched_account_id)
        .where(_UNDECIDED)
        .order_by(QuarantinedRow.id.desc())
        .limit(shown)
    )
    outcomes = select(QuarantinedRow.outcome, func.count()).group_by(QuarantinedRow.outcome)
    decided = {str(outcome): rows for outcome, rows in connection.execute(outcomes) if outcome}
    undecided = connection.scalar(select(func.count()).select_from(QuarantinedRow).where(_UNDECIDED)) or 0
    return QuarantineBoard(undecided, counts, tuple(connection.execute(newest)), decided)


def quarantine_markdown(board: QuarantineBoard, forms: ReviewForms, now: datetime) -> str:
    """The artifact `quarantine`."""
    done = ", ".join(f"{rows} {outcome}" for outcome, rows in sorted(board.decided.items())) or "none yet"
    parts = [
        f"# {board.undecided} {'row waits' if board.undecided == 1 else 'rows wait'} for a decision",
        "What the platforms sent and intake refused (5.3.1). A team leader or a supervisor releases it, corrected "
        f"where need be, or drops it. Decided so far: {done}. As of {shown_at(now)} WIB; unchanged since.",
    ]
    if not board.undecided:
        return "\n\n".join(parts)
    rest = board.undecided - len(board.newest)
    parts += ["## What for", _counts(board.counts), "## Newest first", _rows(board.newest, forms)]
    parts += [f"{rest} older rows wait besides these."] if rest else []
    return "\n\n".join(parts)


def _counts(counts: Mapping[tuple[str, str], int]) -> str:
    most = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    lines = ["| rows | source | reason |", "|--:|---|---|"]
    lines += [
        f"| {rows} | {for_markdown(source, 40)} | {for_markdown(reason, 70)} |"
        for (source, reason), rows in most[:REASONS_SHOWN]
    ]
    rest = len(most) - REASONS_SHOWN
    return "\n".join([*lines, *(["", f"{rest} rarer reasons are not shown."] if rest > 0 else [])])


def _rows(rows: tuple[Row[Any], ...], forms: ReviewForms) -> str:
    lines = ["| row | refused | came by | author | decide |", "|---|---|---|---|---|"]
    for row in rows:
        number = row_number(row.id)
        release = f"{forms.link('Release', 'release', row=number)} " if platform_of(row.source) else ""
        cells = (
            f"**{number}**",
            shown_at(row.refused_at),
            f"{for_markdown(row.source, 24)}{f' @{for_markdown(row.watched, 18)}' if row.watched else ''}",
            _author(row.payload),
            f"{release}{forms.link('Drop', 'drop', row=number)}",
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, "", *(_excerpt(row) for row in rows)])


def _author(payload: Mapping[str, Any]) -> str:
    seen, told = payload.get(AUTHOR_SEEN), payload.get("from")
    if isinstance(seen, dict) and seen.get("handle"):
        return f"@{for_markdown(str(seen['handle']), 18)}"
    name = told.get("name") if isinstance(told, dict) else None
    return for_markdown(str(name or payload.get("author_id") or ""), 18)


def _excerpt(row: Row[Any]) -> str:
    """The reasons, and as much of what came as a person needs to know it again."""
    key = "text" if row.payload.get("text") else "message"
    words = str(row.payload.get(key) or "").strip()
    rest = {name: value for name, value in row.payload.items() if name not in {AUTHOR_SEEN, key if words else ""}}
    lines = [f"- **{row_number(row.id)}** {for_markdown('; '.join(row.reasons), 300)}"]
    lines += [f"    - says “{for_markdown(words, 280)}”"] if words else []
    return "\n".join([*lines, f"    - came as {for_markdown(json.dumps(rest, ensure_ascii=False), 400)}"])
