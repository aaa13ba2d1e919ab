"""Predicts from JSON lines on standard input, in the vocabulary of the labelled sets: `python -m tests.bench.predict`.

Rows with `text` are read as mentions, the others judged as profiles; each answer repeats the row's `id`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any

from models.lexicons import Lexicons
from models.mentions import Author, Platform
from models.priority import PriorityThresholds, judge_account
from models.reading import read_text
from tasks.desk_data import lexicons

UNITS = {
    "network": "network/internet",
    "installation": "installation/provisioning",
    "sales": "sales/plan",
    "other": "other/none",
}


def main() -> None:
    """Answer every row, in order."""
    for answer in predict(map(json.loads, filter(str.strip, sys.stdin)), lexicons()):
        print(json.dumps(answer))


def predict(rows: Iterable[Mapping[str, Any]], words: Lexicons) -> Iterator[dict[str, Any]]:
    """One answer per row: complaint, hard_complaint and unit of a text, or the category of a profile."""
    for row in rows:
        if "text" in row:
            reading = read_text(row["text"] or "", words)
            unit = UNITS.get(reading.problem, reading.problem)
            yield {"id": row["id"], "complaint": reading.complaint, "hard_complaint": reading.hard, "unit": unit}
        else:
            yield {"id": row["id"], "category": _category(row, words)}


def _category(row: Mapping[str, Any], words: Lexicons) -> str:
    verified = row.get("verified")
    author = Author(
        Platform.X,
        "0",
        handle=row.get("username"),
        name=row.get("name"),
        bio=row.get("bio"),
        followers=None if row.get("followers") is None else int(row["followers"]),
        verified=str(verified) if verified else None,
    )
    verdict = judge_account(
        author,
        decision=None,
        listings=(),
        today=date.today(),  # noqa: DTZ011 (no listings to be valid on it)
        lexicons=words,
        thresholds=PriorityThresholds(),
    )
    return verdict.category or "none"


if __name__ == "__main__":
    main()
