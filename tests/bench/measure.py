"""Scores the rules on labelled rows: `python -m tests.bench.measure [folder of the labelled sets]`.

Prints the figures for the labelled sets and for the project's own samples in `data/sandbox`, as JSON lines.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from tasks.desk_data import lexicons
from tasks.settings import Settings
from tests.bench.predict import UNITS, predict

Row = dict[str, Any]


def main() -> None:
    """Measure the labelled sets, then the sandbox's samples."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "../shared/data")
    if (folder / "mentions_dev.jsonl").exists():
        mentions = read_rows(folder / "mentions_dev.jsonl")
        print(json.dumps({"set": str(folder), **mention_figures(mentions)}))
        for start in ("g", "c"):
            part = [row for row in mentions if row["id"].startswith(start)]
            print(json.dumps({"set": f"{folder} {start}", **mention_figures(part)}))
        print(json.dumps({"set": str(folder), **profile_figures(read_rows(folder / "profiles_dev.jsonl"))}))
    print(json.dumps({"set": "sandbox", **mention_figures(sandbox_mentions())}))
    print(json.dumps({"set": "sandbox", **profile_figures(sandbox_profiles())}))


def read_rows(path: Path) -> list[Row]:
    """The rows of a file of JSON lines."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]


def sandbox_mentions() -> list[Row]:
    """The sandbox's mentions in the form of the labelled sets."""
    rows = read_rows(Settings().data / "sandbox" / "mentions.jsonl")
    return [
        {
            "id": str(number),
            "text": row["text"],
            "complaint": row["complaint"] and row["kind"] != "repost",
            "hard": bool(row.get("hard")),
            "problem": UNITS.get(row["problem"], row["problem"]) if row.get("problem") else None,
        }
        for number, row in enumerate(rows)
        if row["kind"] != "repost"
    ]


def sandbox_profiles() -> list[Row]:
    """The sandbox's accounts in the form of the labelled sets."""
    people = yaml.safe_load((Settings().data / "sandbox" / "accounts.yaml").read_text("utf-8"))["accounts"]
    return [
        {
            "id": person["id"],
            "name": person.get("name"),
            "username": person.get("handle"),
            "bio": person.get("bio"),
            "followers": person.get("followers"),
            "verified": person.get("verified"),
            "category": person.get("category", "none"),
        }
        for person in people
    ]


def mention_figures(rows: Sequence[Row]) -> dict[str, float]:
    """F1 of complaint and of hard, accuracy of the problem among complaints and among all rows that name one."""
    answers = {answer["id"]: answer for answer in predict(rows, lexicons())}
    pairs = [(row, answers[row["id"]]) for row in rows]
    named = [(row, answer) for row, answer in pairs if row.get("problem")]
    of_complaints = [(row, answer) for row, answer in named if row["complaint"]]
    return {
        "rows": len(rows),
        "complaint_f1": f1([(row["complaint"], answer["complaint"]) for row, answer in pairs]),
        "hard_f1": f1([(row["hard"], answer["hard_complaint"]) for row, answer in pairs if "hard" in row]),
        "problem_of_complaints": share([row["problem"] == answer["unit"] for row, answer in of_complaints]),
        "problem_of_all": share([row["problem"] == answer["unit"] for row, answer in named]),
    }


def profile_figures(rows: Sequence[Row]) -> dict[str, float]:
    """Macro-F1 and accuracy of the category."""
    answers = {answer["id"]: answer["category"] for answer in predict(rows, lexicons())}
    pairs = [(row["category"], answers[row["id"]]) for row in rows]
    names = sorted({said for pair in pairs for said in pair})
    scores = [f1([(truth == name, said == name) for truth, said in pairs]) for name in names]
    return {
        "rows": len(rows),
        "category_macro_f1": round(sum(scores) / max(1, len(scores)), 3),
        "category_accuracy": share([truth == said for truth, said in pairs]),
    }


def f1(pairs: Sequence[tuple[bool, bool]]) -> float:
    """F1 of (truth, said) pairs."""
    hits = sum(truth and said for truth, said in pairs)
    wrong = sum(truth != said for truth, said in pairs)
    return round(2 * hits / max(1, 2 * hits + wrong), 3)


def share(hits: Sequence[bool]) -> float:
    """The share of hits."""
    return round(sum(hits) / max(1, len(hits)), 3)


if __name__ == "__main__":
    main()
