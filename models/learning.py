"""Learning what to add to the analysts' weights from the labelled sample: a small linear model on top of the lexicons.

Logistic regression over what is found in each text of the sample's part `learn`: a complaint's log-odds are
`bias + Σ (weight + added)·found`. `added` is what is learned; it costs `STIFFNESS`/2 · added², so that with little to
go by the analyst's weight stands (ridge regression around it: the most likely weights where each is normally
distributed around the analyst's with variance 1/`STIFFNESS`). Deterministic; nothing is fetched.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from models.labelled_sample import LabelledMention
from models.lexicons import Lexicons
from models.reading import NEGATED, QUOTED, QUOTED_NEGATED, weigh_text

STIFFNESS = 10.0
SMALLEST = 0.05
"""Additions nearer to nothing are left out."""
_HEAD = """\
# Written by `make learn`: what the part `learn` of the labelled sample (data/samples) adds to the weights that
# analysts give in complaint.yaml: to the bias, to groups, to groups after a negator, to pairs. Nobody need edit it;
# `make score` shows what it is worth. An addition to a group that is gone is refused: learn anew.
"""

Feature = tuple[str, str]
"""Part of the learned file (`groups`, `negated`, `pairs`) and name."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a text holds: each feature with how much it counts (quoted words less), and what it scores without anything
    learned."""

    features: Mapping[Feature, float]
    score: float


@dataclass(frozen=True, slots=True)
class Learned:
    """What is to be added."""

    bias: float = 0.0
    added: Mapping[Feature, float] = field(default_factory=dict)

    def as_yaml(self) -> str:
        """The text of `learned.yaml`."""
        lines = [_HEAD + f"bias: {self.bias:.2f}"]
        for part in ("groups", "negated", "pairs"):
            of_part = {name: value for (of, name), value in sorted(self.added.items()) if of == part}
            lines += [f"{part}:" if of_part else f"{part}: {{}}"]
            lines += [f"  {name}: {value:.2f}" for name, value in of_part.items()]
        return "\n".join(lines) + "\n"


def learn(rows: Sequence[LabelledMention], lexicons: Lexicons, stiffness: float = STIFFNESS) -> Learned:
    """Learn from labelled mentions; what `lexicons` have learned before makes no difference."""
    import numpy as np  # costs a tenth of a second; whoever only reads texts needs none of it
    from scipy.optimize import minimize

    found = [found_in(row, lexicons) for row in rows]
    names = sorted({name for one in found for name in one.features})
    place = {name: number for number, name in enumerate(names)}
    held = np.zeros((len(rows), len(names)))
    for number, one in enumerate(found):
        for name, value in one.features.items():
            held[number, place[name]] = value
    scores = np.array([one.score for one in found])
    truth = np.array([float(row.complaint) for row in rows])

    def cost(added: np.ndarray) -> tuple[float, np.ndarray]:
        odds = scores + added[0] + held @ added[1:]
        wrong = 1.0 / (1.0 + np.exp(-odds)) - truth
        loss = np.sum(np.logaddexp(0.0, odds) - truth * odds) + 0.5 * stiffness * np.sum(added[1:] ** 2)
        return float(loss), np.concatenate([[wrong.sum()], held.T @ wrong + stiffness * added[1:]])

    best = minimize(cost, np.zeros(len(names) + 1), jac=True, method="L-BFGS-B", options={"maxiter": 1_000}).x
    kept = {name: round(float(value), 2) for name, value in zip(names, best[1:], strict=True) if abs(value) >= SMALLEST}
    return Learned(round(float(best[0]), 2), kept)


def found_in(row: LabelledMention, lexicons: Lexicons) -> Found:
    """What a labelled mention holds and what the analysts' weights alone make of it."""
    weighed = weigh_text(row.text, lexicons, row.known)
    score = lexicons.settings["complaint.bias"] - lexicons.settings["learned.bias"]
    features: dict[Feature, float] = {}
    for signal, hit in weighed.found.items():
        if signal.kind != "complaint":
            continue
        negated = hit.how in {NEGATED, QUOTED_NEGATED}
        weight = signal.weight - signal.learned
        if negated and signal.negated is not None:
            weight = signal.negated - signal.learned_negated
        value = lexicons.settings["complaint.in_quotes"] if hit.how in {QUOTED, QUOTED_NEGATED} else 1.0
        features["negated" if negated else "groups", signal.group] = value
        score += weight * value
    for pair in weighed.pairs:
        features["pairs", pair.name] = 1.0
        score += pair.weight - pair.learned
    return Found(features, score)
