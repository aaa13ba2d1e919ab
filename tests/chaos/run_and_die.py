"""Runs intake and kills itself (-9) right after the task named, as often as asked: `run_and_die.py <task> <nth>`."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from typing import Any

import flows.intake_mentions as module
import tasks.intake as intake


def dying(count: int) -> Callable[..., None]:
    left = count

    def die(*_: Any) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    return die


def main() -> None:
    name, nth = sys.argv[1], int(sys.argv[2])
    home = intake if hasattr(intake, name) and name in {"store_checked_page", "pull_page"} else module
    setattr(home, name, getattr(home, name).with_options(on_completion=[dying(nth)]))
    module.intake_mentions()


if __name__ == "__main__":
    main()
