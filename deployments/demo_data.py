"""The files of the compressed day: the desk's own data with every duration shortened to seconds, and its scenario."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from deployments.sandbox.scenario import DEFAULT_SCENARIO

SETTINGS = {
    "accept_within": "60 s",
    "first_response_within": "80 s",
    "leader_engaged_within": "60 s",
    "settle_within": "150 s",
    "hard_settle_within": "140 s",
    "supervisor_after": "60 s",
    "customer_silent_after": "20 s",
    "close_after": "15 s",
}
"""What of the work instruction is shortened, and to what; the rest is as it is in force."""
UNIT: dict[str, Any] = {
    "hours": "always",
    "holidays": False,
    "acknowledge": {"standard": "60 s", "hard": "50 s"},
    "settle": {"standard": "110 s", "hard": "90 s"},
    "chase_every": "60 s",
}
"""How units are shortened; they work round the clock."""
RETRY = {"attempts": 3, "waits": ["1 s", "2 s"], "jitter": 0, "timeout": "5 s"}


def compressed_data(source: Path, target: Path) -> None:
    """Fill the new folder `target` with the files of `source`, linked; work instruction and units are shortened."""
    target.mkdir(parents=True)
    for entry in source.iterdir():
        if entry.name not in {"work_instruction.yaml", "units.yaml"}:
            (target / entry.name).symlink_to(entry.resolve())
    instruction = yaml.safe_load((source / "work_instruction.yaml").read_text("utf-8"))
    for clause in instruction["clauses"].values():
        for name, setting in clause.get("settings", {}).items():
            setting["value"] = SETTINGS.get(name, setting["value"])
    instruction["revision"] += "-demo"
    units = yaml.safe_load((source / "units.yaml").read_text("utf-8"))
    for unit in units["units"].values():
        unit |= UNIT
        unit["retry"] |= RETRY
    for name, data in {"work_instruction.yaml": instruction, "units.yaml": units}.items():
        (target / name).write_text(yaml.safe_dump(data, sort_keys=False, allow_unicode=True), "utf-8")


def demo_scenario(target: Path) -> None:
    """Fill the new folder `target` with the sandbox's invented people and what the demo plays with them."""
    target.mkdir(parents=True)
    own = DEFAULT_SCENARIO / "demo"
    names = {entry.name for entry in (*DEFAULT_SCENARIO.iterdir(), *own.iterdir()) if entry.is_file()}
    for name in names:
        (target / name).symlink_to(own / name if (own / name).exists() else DEFAULT_SCENARIO / name)
