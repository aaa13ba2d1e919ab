"""Runs apply-retention, done for a supervisor, and kills itself (-9) at its n-th writing statement or in Prefect's
part: `dying_retention.py <staff code> <n, or prefect>`."""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine

import tasks.retention as doing
from flows.apply_retention import apply_retention
from models import retention
from tasks.records_forms import RetentionRequest

WRITES = ("UPDATE", "DELETE", "INSERT")


def die(*_given: Any, **_named: Any) -> Any:
    os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    by, point = sys.argv[1:]
    retention.AT_ONCE = 2
    if point == "prefect":  # everything is committed, nothing of it is known to Prefect yet
        doing.delete_runs = die
    else:
        left = [int(point)]

        @event.listens_for(Engine, "before_cursor_execute")
        def count(_c: Any, _cursor: Any, statement: str, *_more: Any) -> None:
            left[0] -= statement.lstrip().startswith(WRITES)
            if left[0] < 0:
                die()

    apply_retention(RetentionRequest(dry_run=False, by=by))


if __name__ == "__main__":
    main()
