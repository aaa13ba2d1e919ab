"""How well texts and profiles are recognised on the labelled sample: precision, recall, F1, confusion, calibration.

F1 = 2·hits / (2·hits + misses + false alarms). Calibration: rows are put in ten bins by the probability said; the
error is the mean distance between the mean probability and the share that was true, weighted by rows (ECE).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from models.labelled_sample import NONE, LabelledMention, LabelledProfile
from models.lexicons import CATEGORIES, HARD_REASONS, Lexicons
from models.priority import PriorityThresholds, PriorityVerdict, judge_account
from models.reading import Reading, read_text

BINS = 10
ORDINARY = frozenset({"ordinary", "minimal", "student", "employee"})
"""What profiles of ordinary people are about; the other `none` are look-alikes."""

ReadMention = tuple[LabelledMention, Reading]
JudgedProfile = tuple[LabelledProfile, PriorityVerdict]


@dataclass(frozen=True, slots=True)
class ClassScore:
    """How one class fares: rows that are it, rows said to be it, and rows that are both."""

    true: int
    said: int
    hits: int

    @property
    def precision(self) -> float:
        """The share of rows said to be it that are it."""
        return self.hits / self.said if self.said else 0.0

    @property
    def recall(self) -> float:
        """The share of rows that are it that are said to be it."""
        return self.hits / self.true if self.true else 0.0

    @property
    def f1(self) -> float:
        """The harmonic mean of both; 0 where the class neither is nor is said."""
        return 2 * self.hits / (self.true + self.said) if self.true + self.said else 0.0


@dataclass(frozen=True, slots=True)
class Bin:
    """Rows whose probability was said alike: how many, the mean of what was said, the share that was true."""

    rows: int
    said: float
    true: float


@dataclass(frozen=True, slots=True)
class MentionScore:
    """The reading of texts, measured. `problems` counts (true, said) main problems of complaints."""

    rows: int
    complaint: ClassScore
    hard: ClassScore
    reasons: Mapping[str, ClassScore]
    problems: Mapping[tuple[str, str], int]
    several: ClassScore
    """The second and further problems of complaints, main ones left aside."""
    calibration: Sequence[Bin]
    worst: Sequence[ReadMention]
    """Wrongly read as complaint or not, the surest first."""

    @property
    def problem_accuracy(self) -> float:
        """The share of complaints whose main problem is found."""
        return accuracy(self.problems)

    @property
    def figures(self) -> dict[str, float]:
        """What floors are set on (`data/samples/floors.yaml`)."""
        return {
            "complaint_f1": self.complaint.f1,
            "hard_f1": self.hard.f1,
            "problem_accuracy": self.problem_accuracy,
            "calibration_error": calibration_error(self.calibration),
        }


@dataclass(frozen=True, slots=True)
class ProfileScore:
    """The recognition of accounts, measured. `categories` counts (true, said), `none` among them."""

    rows: int
    categories: Mapping[tuple[str, str], int]
    by_category: Mapping[str, ClassScore]
    ordinary: int
    ordinary_taken: int
    """Ordinary people taken for priority customers, of `ordinary`."""
    lookalikes: int
    lookalikes_taken: int
    missed: int
    """Priority customers taken for regular ones, not even for candidates."""
    calibration: Sequence[Bin]
    worst: Sequence[JudgedProfile]

    @property
    def figures(self) -> dict[str, float]:
        """What floors are set on (`data/samples/floors.yaml`)."""
        scores = [score.f1 for score in self.by_category.values() if score.true]
        return {
            "category_accuracy": accuracy(self.categories),
            "category_macro_f1": sum(scores) / max(1, len(scores)),
            "ordinary_taken_for_priority": self.ordinary_taken / max(1, self.ordinary),
            "lookalikes_taken_for_priority": self.lookalikes_taken / max(1, self.lookalikes),
            "calibration_error": calibration_error(self.calibration),
        }


def read_sample(rows: Iterable[LabelledMention], lexicons: Lexicons) -> list[ReadMention]:
    """Read every labelled mention, with its context."""
    return [(row, read_text(row.text, lexicons, kind=row.kind, context=row.known)) for row in rows]


def judge_sample(
    rows: Iterable[LabelledProfile], lexicons: Lexicons, thresholds: PriorityThresholds
) -> list[JudgedProfile]:
    """Judge every labelled profile by itself, with no list, registry or decision."""
    alone: dict[str, Any] = {"decision": None, "listings": (), "today": date.min, "thresholds": thresholds}
    return [(row, judge_account(row.author, lexicons=lexicons, **alone)) for row in rows]


def score_mentions(read: Sequence[ReadMention]) -> MentionScore:
    """Measure the reading of texts."""
    complaints = [(row, reading) for row, reading in read if row.complaint]
    wrong = [one for one in read if one[0].complaint != one[1].complaint]
    return MentionScore(
        rows=len(read),
        complaint=counted([(row.complaint, reading.complaint) for row, reading in read]),
        hard=counted([(bool(row.hard_reasons), reading.hard) for row, reading in read]),
        reasons={
            reason: counted([(reason in row.hard_reasons, reason in reading.hard_reasons) for row, reading in read])
            for reason in HARD_REASONS
        },
        problems=Counter((row.problems[0], reading.problem) for row, reading in complaints),
        several=_several(complaints),
        calibration=bins([(reading.confidence, row.complaint) for row, reading in read]),
        worst=sorted(wrong, key=lambda one: -abs(one[1].confidence - 0.5)),
    )


def score_profiles(judged: Sequence[JudgedProfile]) -> ProfileScore:
    """Measure the recognition of accounts."""
    pairs: Counter[tuple[str, str]] = Counter((row.category, verdict.category or NONE) for row, verdict in judged)
    nobody = [(row, verdict.status == "priority") for row, verdict in judged if row.category == NONE]
    ordinary = [taken for row, taken in nobody if row.about in ORDINARY]
    alike = [taken for row, taken in nobody if row.about not in ORDINARY]
    said = [(verdict.confidence, row.category == verdict.category) for row, verdict in judged if verdict.category]
    wrong = [one for one in judged if one[0].category != (one[1].category or NONE)]
    return ProfileScore(
        rows=len(judged),
        categories=pairs,
        by_category={
            name: ClassScore(
                sum(count for (true, _), count in pairs.items() if true == name),
                sum(count for (_, told), count in pairs.items() if told == name),
                pairs[name, name],
            )
            for name in (*CATEGORIES, NONE)
        },
        ordinary=len(ordinary),
        ordinary_taken=sum(ordinary),
        lookalikes=len(alike),
        lookalikes_taken=sum(alike),
        missed=sum(row.category != NONE and verdict.status == "regular" for row, verdict in judged),
        calibration=bins(said),
        worst=sorted(wrong, key=lambda one: -one[1].confidence),
    )


def counted(told: Sequence[tuple[bool, bool]]) -> ClassScore:
    """Count one class over (true, said) pairs."""
    return ClassScore(sum(one for one, _ in told), sum(two for _, two in told), sum(one and two for one, two in told))


def accuracy(confusion: Mapping[tuple[str, str], int]) -> float:
    """The share of (true, said) pairs that agree."""
    return sum(count for (true, said), count in confusion.items() if true == said) / max(1, sum(confusion.values()))


def bins(said: Sequence[tuple[float, bool]]) -> list[Bin]:
    """Rows in ten bins of equal width by the probability said; empty bins are left out."""
    parted: dict[int, list[tuple[float, bool]]] = {}
    for probability, true in said:
        parted.setdefault(min(int(probability * BINS), BINS - 1), []).append((probability, true))
    return [
        Bin(len(part), sum(one for one, _ in part) / len(part), sum(true for _, true in part) / len(part))
        for _, part in sorted(parted.items())
    ]


def calibration_error(found: Sequence[Bin]) -> float:
    """The expected calibration error of bins, 0 to 1."""
    rows = sum(one.rows for one in found)
    return sum(one.rows * abs(one.said - one.true) for one in found) / max(1, rows)


def _several(complaints: Sequence[ReadMention]) -> ClassScore:
    true = said = hits = 0
    for row, reading in complaints:
        wanted, found = set(row.problems[1:]), set(reading.problems[1:])
        true, said, hits = true + len(wanted), said + len(found), hits + len(wanted & found)
    return ClassScore(true, said, hits)
