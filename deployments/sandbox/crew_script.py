"""The crew's script: `crew.yaml` loaded and checked, what is done about which case and in which words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import yaml

from deployments.sandbox.crew_seen import CaseSeen
from deployments.sandbox.customers import scenario_file
from deployments.sandbox.scenario import ScenarioError

STEPS = frozenset({"solve", "quick", "ticket", "advice", "takeover"})
TEXTS = (
    *("first", "sorry", "ask", "solution", "again", "confirm", "silent", "closing"),
    *("question", "advice", "why", "handover", "phoned"),
)


@dataclass(frozen=True, slots=True)
class Script:
    """`crew.yaml`, with what else the crew knows by heart: which units have no API, the steps of a hard complaint."""

    in_haste: bool
    patience: timedelta
    phone_after: timedelta
    leave_alone: timedelta
    paths: Mapping[str, tuple[str, ...]]
    pinned: Mapping[str, str]
    elsewhere: Mapping[str, str]
    reads: Mapping[str, tuple[str, ...]]
    texts: Mapping[str, tuple[str, ...]]
    by_phone: frozenset[str] = frozenset()
    steps_to_resolve: tuple[str, ...] = ()
    steps_to_close: tuple[str, ...] = ()

    def path(self, case: CaseSeen) -> frozenset[str]:
        """What is done about a case; one that lives again is solved by whoever has it."""
        if case.lives > 1:
            return frozenset({"solve"})
        turns = self.paths["hard"] if case.hard else self.paths.get(case.problem, self.paths["other"])
        name = self.pinned.get(case.handle.lower()) or turns[case.id % len(turns)]
        return frozenset(name.split("_"))

    def read(self, said: Sequence[str]) -> str | None:
        """What a customer's words mean: solved, unsolved or told; None where they said nothing."""
        if not said:
            return None
        words = " ".join(" ".join(said).lower().split())
        return next((name for name in ("unsolved", "solved") if any(one in words for one in self.reads[name])), "told")

    def text(self, name: str, case: CaseSeen, times: int = 0) -> str:
        """What is written, for the so manieth time (0 the first)."""
        texts = self.texts[name]
        return texts[min(times, len(texts) - 1)].format(case=case.number)


def load_script(folder: Path, **by_heart: Any) -> Script:
    """The script of a scenario folder; raises `ScenarioError`."""
    path = folder / "crew.yaml"
    try:
        path, data = scenario_file(folder, "crew.yaml")
        script = _script(data, by_heart)
    except (OSError, yaml.YAMLError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise ScenarioError(f"{path}: {type(error).__name__} {error}; keep the entries it came with.") from error
    named = [*script.pinned.values(), *(name for turns in script.paths.values() for name in turns)]
    strange = [name for name in named if not STEPS.issuperset(name.split("_"))]
    if strange:
        raise ScenarioError(f"{path}: {strange[0]} is no path; join {', '.join(sorted(STEPS))} by _.")
    missing = [name for name in TEXTS if not script.texts.get(name)]
    if missing or not {"hard", "other"} <= script.paths.keys():
        raise ScenarioError(f"{path}: give texts for {', '.join(missing) or 'all'}, and paths for hard and other.")
    return script


def _script(data: dict[str, Any], by_heart: dict[str, Any]) -> Script:
    def lists(name: str) -> dict[str, tuple[str, ...]]:
        return {str(key): tuple(str(one).strip() for one in given) for key, given in data[name].items()}

    return Script(
        in_haste=bool(data["in_haste"]),
        patience=timedelta(seconds=float(data["patience"])),
        phone_after=timedelta(seconds=float(data["phone_after"])),
        leave_alone=timedelta(seconds=float(data["leave_alone"])),
        paths=lists("paths"),
        pinned={str(handle).lower(): str(path) for handle, path in (data["pinned"] or {}).items()},
        elsewhere={str(unit): str(other) for unit, other in data["elsewhere"].items()},
        reads=lists("reads"),
        texts=lists("texts"),
        **by_heart,
    )
