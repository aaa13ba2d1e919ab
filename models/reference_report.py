"""What taking reference files over would change or has changed, as markdown for the artifact `reference-load`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from models.reference_diff import FileDiff
from models.reference_loading import CheckedFile, Loaded
from models.safe_text import for_markdown
from models.unit_hours import JAKARTA

SHOWN = 50
"""Rows of each list that are shown."""
HEADINGS: Mapping[str, str] = {
    "dry run": "# Dry run: nothing was changed",
    "loaded": "# Loaded",
    "refused": "# Refused: nothing was changed",
}


def reference_report(
    loaded: Loaded,
    now: datetime,
    by: str,
    *,
    docs: Mapping[str, str],
    again: str | None,
    passed_over: Mapping[str, str],
) -> str:
    """The report of a load at `now` (UTC). `docs` has each file's Data Docs, `again` a link that loads what a dry
    run showed, `passed_over` the files of the folder that were not read, with why."""
    parts = [
        HEADINGS[loaded.outcome],
        f"{_when(now)}, by {for_markdown(by)}. " + _in_short(loaded),
        _table(loaded),
    ]
    if again:
        parts.append(f"**Next:** {again}")
    if docs:
        shown = [file for file in loaded.files if file.rows and file.name in docs]
        pages = [f"[{file.rows.kind.title}](<{docs[file.name]}>)" for file in shown if file.rows]
        parts.append(f"Data Docs, every expectation and what was found: {', '.join(pages)}.")
    if passed_over:
        told = [f"- {for_markdown(source, 100)}: {for_markdown(why, 300)}" for source, why in passed_over.items()]
        parts.append("\n".join(["Passed over:", "", *told]))
    parts += _effects(loaded)
    for file, diff in zip(loaded.files, loaded.diffs, strict=True):
        parts += _details(file, diff, loaded.outcome)
    return "\n\n".join(parts) + "\n"


def _when(at: datetime) -> str:
    return f"{at.astimezone(JAKARTA):%d %b %Y %H:%M} WIB"


def _in_short(loaded: Loaded) -> str:
    if loaded.outcome == "refused":
        return (
            f"{loaded.refused} rows cannot be taken over (below, with the reason). Correct them and give the files "
            "again, or choose *valid rows only* to leave them out."
        )
    if all(diff is None or diff.nothing for diff in loaded.diffs):
        return "The files say nothing that is not in force already."
    left_out = f"{loaded.refused} rows left out." if loaded.refused else "No row is refused."
    return ("This would change what is listed below. " if loaded.outcome == "dry run" else "") + left_out


def _table(loaded: Loaded) -> str:
    lines = ["| what | file | rows | added | changed | removed | refused |", "|---|---|--:|--:|--:|--:|--:|"]
    for file, diff in zip(loaded.files, loaded.diffs, strict=True):
        title = file.rows.kind.title if file.rows else "unreadable"
        rows = len(file.rows.numbers) + len(file.rows.refused_rows - set(file.rows.numbers) - {0}) if file.rows else 0
        counts = (len(diff.added), len(diff.changed), len(diff.removed)) if diff else ("–", "–", "–")
        refused = len({one.row for one in file.refusals})
        cells = [title, for_markdown(file.name, 60), f"{rows:,}", *counts, f"**{refused}**" if refused else "0"]
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    return "\n".join(lines)


def _effects(loaded: Loaded) -> list[str]:
    effects, lines = loaded.effects, []
    for (before, after), count in sorted(effects.rejudged.moved.items()):
        lines.append(f"- {count} accounts: {before} → {after} (5.2.1)")
    if effects.rejudged.judged:
        lines.append(
            f"- {effects.rejudged.judged} accounts judged again, {effects.rejudged.taken_up} complaints taken up"
        )
    lines += [f"- {code} may be given cases now (5.1.1)" for code in effects.now_eligible]
    lines += [
        f"- {code} gets no new cases: {', '.join(failed)} (5.1.1); those at hand stay"
        for code, failed in effects.no_longer.items()
    ]
    return ["## What followed", "\n".join(lines)] if lines else []


def _details(file: CheckedFile, diff: FileDiff | None, outcome: str) -> list[str]:
    parts = []
    if file.refusals:
        parts += ["### Refused", _refused(file)]
    if diff is not None and outcome != "refused":
        parts += _list("Added", [_row(row) for row in diff.added])
        parts += _list("Changed", [_changed(one.key, one.values) for one in diff.changed])
        removed = "Ended" if diff.kind in {"registry", "bod_list", "staff"} else "Removed"
        parts += _list(removed, [_row(row) for row in diff.removed])
    if file.unknown:
        parts.append(f"Columns passed over: {', '.join(for_markdown(one, 60) for one in file.unknown[:SHOWN])}.")
    title = file.rows.kind.title if file.rows else "Unreadable"
    return [f"## {title}: {for_markdown(file.name, 100)}", *parts] if parts else []


def _refused(file: CheckedFile) -> str:
    lines = ["| row | column | found | why |", "|--:|---|---|---|"]
    for one in file.refusals[:SHOWN]:
        cells = (str(one.row or "–"), one.column, for_markdown(one.value, 60), for_markdown(one.reason, 200))
        lines.append("| " + " | ".join(cells) + " |")
    if len(file.refusals) > SHOWN:
        lines.append(f"\n… and {len(file.refusals) - SHOWN:,} more.")
    return "\n".join(lines)


def _list(title: str, lines: Sequence[str]) -> list[str]:
    if not lines:
        return []
    more = [f"- … and {len(lines) - SHOWN:,} more"] if len(lines) > SHOWN else []
    return [f"### {title} ({len(lines):,})", "\n".join([*(f"- {line}" for line in lines[:SHOWN]), *more])]


def _row(row: Mapping[str, Any]) -> str:
    told = {name: value for name, value in row.items() if value is not None and name not in {"row_id", "source"}}
    return _joined(f"{_label(name)} {_value(value)}" for name, value in told.items())


def _changed(key: Iterable[Any], values: Mapping[str, tuple[Any, Any]]) -> str:
    what = " ".join(_value(part) for part in key)
    return f"{what}: " + _joined(f"{_label(name)} {_value(was)} → {_value(now)}" for name, (was, now) in values.items())


def _label(name: str) -> str:
    return "handle" if name == "handle_key" else name.replace("_", " ")


def _joined(parts: Iterable[str]) -> str:
    return ", ".join(parts)


def _value(value: Any) -> str:
    if isinstance(value, datetime):
        return f"{value.astimezone(JAKARTA):%Y-%m-%d %H:%M}"
    return "(nothing)" if value is None else for_markdown(str(value), 80)
