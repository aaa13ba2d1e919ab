"""What `make score` prints and the artifacts show: how well texts and accounts are recognised, and what a change of
lexicons does to that."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import yaml
from pydantic import TypeAdapter, ValidationError

from models.labelled_sample import NONE, PARTS, LabelledMention, LabelledProfile, Part, SampleError
from models.lexicons import CATEGORIES, PROBLEMS, Lexicons
from models.priority import PriorityThresholds
from models.reading import Reading
from models.recognition_score import (
    Bin,
    ClassScore,
    JudgedProfile,
    MentionScore,
    ProfileScore,
    ReadMention,
    judge_sample,
    read_sample,
    score_mentions,
    score_profiles,
)
from models.safe_text import for_markdown

WORST_SHOWN = 12
CHANGES_SHOWN = 40
CEILINGS = frozenset({"calibration_error", "ordinary_taken_for_priority", "lookalikes_taken_for_priority"})
"""Figures that are to stay below their floor, so to speak."""

FigureName = Literal[
    "complaint_f1", "hard_f1", "problem_accuracy", "category_accuracy", "category_macro_f1", "calibration_error",
    "ordinary_taken_for_priority", "lookalikes_taken_for_priority",
]  # fmt: skip

Floors = Mapping[Literal["mentions", "profiles"], Mapping[Part, Mapping[FigureName, float]]]
"""`mentions` or `profiles` → part of the sample → figure → the least (of `CEILINGS`: the most) it may be."""


@dataclass(frozen=True, slots=True)
class Recognised:
    """The whole sample as some lexicons recognise it."""

    mentions: Sequence[ReadMention]
    profiles: Sequence[JudgedProfile]

    def of(self, part: str) -> tuple[MentionScore, ProfileScore]:
        """The scores of one part of the sample."""
        return (
            score_mentions([one for one in self.mentions if one[0].part == part]),
            score_profiles([one for one in self.profiles if one[0].part == part]),
        )

    def figures(self, part: Part) -> dict[Literal["mentions", "profiles"], dict[str, float]]:
        """The figures floors are set on: of `mentions` and of `profiles`."""
        mentions, profiles = self.of(part)
        return {"mentions": mentions.figures, "profiles": profiles.figures}


def recognise(
    sample: tuple[Sequence[LabelledMention], Sequence[LabelledProfile]],
    lexicons: Lexicons,
    thresholds: PriorityThresholds,
) -> Recognised:
    """Read and judge the whole sample."""
    mentions, profiles = sample
    return Recognised(read_sample(mentions, lexicons), judge_sample(profiles, lexicons, thresholds))


def load_floors(text: str) -> Floors:
    """The floors of `data/samples/floors.yaml`, whose text is given; raises `SampleError`."""
    try:
        return TypeAdapter[Floors](Floors).validate_python(yaml.safe_load(text))
    except (yaml.YAMLError, ValidationError) as error:
        raise SampleError(f"floors.yaml: {error}") from error


def below_floors(recognised: Recognised, floors: Floors) -> list[str]:
    """Sentences about the figures that are worse than their floors; empty where all hold."""
    found = []
    for part in PARTS:
        for what, figures in recognised.figures(part).items():
            for name, floor in floors[what][part].items():
                figure = figures[name]
                if figure > floor if name in CEILINGS else figure < floor:
                    side = "above" if name in CEILINGS else "below"
                    found.append(f"{what}, {part}: {name.replace('_', ' ')} is {figure:.3f}, {side} {floor:.3f}")
    return found


def score_markdown(recognised: Recognised, floors: Floors) -> str:
    """The report: both parts of the sample, by class, with confusion, calibration and the worst errors."""
    below = below_floors(recognised, floors)
    lines = [
        "# How well texts and accounts are recognised",
        "",
        "On the project's own labelled sample (data/samples). `learn`: its rows may be learned from and read while "
        "lexicons are edited; `check`: nothing is learned from them, so these are the honest figures.",
        "",
        "**Below the floors:** " + "; ".join(below) + "." if below else "Every figure keeps its floor.",
    ]
    scores = {part: recognised.of(part) for part in PARTS}
    texts = {part: of_part[0] for part, of_part in scores.items()}
    accounts = {part: of_part[1] for part, of_part in scores.items()}
    told = ", `check`: true by row, said by column"
    lines += ["", "## Texts (5.3.1, 5.3.2c)", *_mention_classes(texts)]
    lines += ["", f"### Problem of complaints{told}", *_confusion(texts["check"].problems, PROBLEMS)]
    lines += ["", "### Calibration of the probability of a complaint"]
    lines += _calibration({part: score.calibration for part, score in texts.items()})
    lines += ["", "### Worst errors, `learn`", *_worst_mentions(texts["learn"].worst)]
    lines += ["", "## Accounts (5.2.1)", *_profile_classes(accounts)]
    lines += ["", f"### Category{told}", *_confusion(accounts["check"].categories, (*CATEGORIES, NONE))]
    lines += ["", "### Calibration of the confidence in a category"]
    lines += _calibration({part: score.calibration for part, score in accounts.items()})
    lines += ["", "### Worst errors, `learn`", *_worst_profiles(accounts["learn"].worst)]
    return "\n".join(lines)


def change_markdown(before: Recognised, after: Recognised, floors: Floors) -> str:
    """What a change of lexicons does: the figures before and after, and every row that is recognised otherwise."""
    rows = []
    for part in PARTS:
        changed = after.figures(part)
        for what, figures in before.figures(part).items():
            for name, figure in figures.items():
                then = changed[what][name]
                better = (then < figure) == (name in CEILINGS)
                sign = "=" if abs(then - figure) < 0.0005 else "better" if better else "**worse**"
                rows.append(f"| {what}, {part} | {name.replace('_', ' ')} | {figure:.3f} | {then:.3f} | {sign} |")
    below = below_floors(after, floors)
    told = "**Below the floors:** " + "; ".join(below) + "." if below else "Every figure keeps its floor."
    mentions = [_mention_change(*pair) for pair in zip(before.mentions, after.mentions, strict=True)]
    profiles = [_profile_change(*pair) for pair in zip(before.profiles, after.profiles, strict=True)]
    return "\n".join(
        [
            "# A change of lexicons, on the labelled sample",
            "",
            told,
            "",
            "| of | figure | in force | changed | |",
            "|---|---|--:|--:|---|",
            *rows,
            "",
            *_changes("Texts read otherwise", [one for one in mentions if one]),
            "",
            *_changes("Accounts judged otherwise", [one for one in profiles if one]),
        ]
    )


def _mention_classes(scores: Mapping[Part, MentionScore]) -> list[str]:
    rows = []
    for part, score in scores.items():
        rows.append(_class_row(f"{part} ({score.rows})", "complaint", score.complaint))
        rows.append(_class_row("", "hard complaint", score.hard))
        rows += [_class_row("", reason, one) for reason, one in score.reasons.items()]
        rows.append(_class_row("", "second problem", score.several))
        rows.append(f"| | main problem right | | | **{score.problem_accuracy:.3f}** | {score.complaint.true} | |")
    return ["", *_CLASS_HEAD, *rows]


def _profile_classes(scores: Mapping[Part, ProfileScore]) -> list[str]:
    rows = []
    for part, score in scores.items():
        figures = score.figures
        rows.append(
            f"| {part} ({score.rows}) | category right | | | **{figures['category_accuracy']:.3f}** | {score.rows} | |"
        )
        rows += [_class_row("", name, one) for name, one in score.by_category.items()]
        rows.append(_share_row("ordinary people taken for priority", score.ordinary_taken, score.ordinary))
        rows.append(_share_row("look-alikes taken for priority", score.lookalikes_taken, score.lookalikes))
        known = score.rows - score.ordinary - score.lookalikes
        rows.append(_share_row("priority customers missed, not even candidates", score.missed, known))
    return ["", *_CLASS_HEAD, *rows]


_CLASS_HEAD = ("| part (rows) | class | precision | recall | F1 | true | said |", "|---|---|--:|--:|--:|--:|--:|")


def _class_row(part: str, name: str, score: ClassScore) -> str:
    figures = f"{score.precision:.3f} | {score.recall:.3f} | {score.f1:.3f} | {score.true} | {score.said}"
    return f"| {part} | {name.replace('_', ' ')} | {figures} |"


def _share_row(name: str, taken: int, of: int) -> str:
    return f"| | {name} | | | {taken / max(1, of):.1%} | {of} | {taken} |"


def _confusion(pairs: Mapping[tuple[str, str], int], names: Sequence[str]) -> list[str]:
    """Rows are what is true, columns what is said."""
    head = ["", "| | " + " | ".join(name.replace("_", " ") for name in names) + " |", "|---|" + "--:|" * len(names)]
    rows = []
    for true in names:
        cells = [pairs.get((true, said), 0) for said in names]
        told = [f"**{count}**" if said == true else str(count or "·") for said, count in zip(names, cells, strict=True)]
        rows.append(f"| {true.replace('_', ' ')} | " + " | ".join(told) + " |")
    return [*head, *rows]


def _calibration(bins: Mapping[Part, Sequence[Bin]]) -> list[str]:
    rows = [
        f"| {part} | {one.rows} | {one.said:.2f} | {one.true:.2f} |" for part, found in bins.items() for one in found
    ]
    return ["", "| part | rows | said | true |", "|---|--:|--:|--:|", *rows]


def _worst_mentions(worst: Sequence[ReadMention]) -> list[str]:
    rows = [
        f"| {'complaint' if row.complaint else 'none'} | {reading.confidence:.2f} | {row.about} | "
        f"{for_markdown(row.text, 160)} | {for_markdown('; '.join(reading.evidence[:3]), 160)} |"
        for row, reading in worst[:WORST_SHOWN]
    ]
    return ["", "| is | said | about | text | because |", "|---|--:|---|---|---|", *rows]


def _worst_profiles(worst: Sequence[JudgedProfile]) -> list[str]:
    rows = [
        f"| {row.category} | {verdict.category or NONE} {verdict.confidence:.2f} | {row.about} | "
        f"{for_markdown(row.name or '', 40)}: {for_markdown(row.bio or '', 160)} | "
        f"{for_markdown('; '.join(verdict.evidence[:3]), 120)} |"
        for row, verdict in worst[:WORST_SHOWN]
    ]
    return ["", "| is | said | about | profile | because |", "|---|---|---|---|---|", *rows]


def _mention_change(before: ReadMention, after: ReadMention) -> tuple[str, str, str, str] | None:
    (row, old), (_, new) = before, after
    truth = (row.complaint, frozenset(row.hard_reasons), row.problems[0])
    then, now = ((one.complaint, frozenset(one.hard_reasons), one.problem) for one in (old, new))
    if then == now:
        return None
    agrees = [sum(one == two for one, two in zip(said, truth, strict=True)) for said in (then, now)]
    return _verdict_word(*agrees), row.text, _said_of(old), _said_of(new)


def _profile_change(before: JudgedProfile, after: JudgedProfile) -> tuple[str, str, str, str] | None:
    (row, old), (_, new) = before, after
    if (old.status, old.category) == (new.status, new.category):
        return None
    agrees = [int((verdict.category or NONE) == row.category) for verdict in (old, new)]
    then, now = (f"{one.status} {one.category or ''}" for one in (old, new))
    return _verdict_word(*agrees), f"{row.name or ''}: {row.bio or ''}", then, now


def _verdict_word(before: int, after: int) -> str:
    return "better" if after > before else "worse" if after < before else "neither"


def _said_of(reading: Reading) -> str:
    hard = f", hard: {', '.join(reading.hard_reasons)}" if reading.hard else ""
    return f"{'complaint' if reading.complaint else 'no complaint'}{hard}, {reading.problem}"


def _changes(title: str, found: Sequence[tuple[str, str, str, str]]) -> Iterable[str]:
    order = {"worse": 0, "better": 1, "neither": 2}
    rows = [
        f"| {'**worse**' if word == 'worse' else word} | {for_markdown(text, 160)} | {then} | {now} |"
        for word, text, then, now in sorted(found, key=lambda one: order[one[0]])[:CHANGES_SHOWN]
    ]
    more = f", {CHANGES_SHOWN} shown" if len(found) > CHANGES_SHOWN else ""
    told = [f"## {title}: {len(found)}{more}"]
    return [*told, "", "| | what | in force | changed |", "|---|---|---|---|", *rows] if rows else told
