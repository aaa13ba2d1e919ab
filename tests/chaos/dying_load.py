"""Takes the watched folder over and kills itself (-9) in the middle of writing: `dying_load.py <statements>`."""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

from sqlalchemy import event

from flows.load_reference_data import load_reference_data
from tasks.database import desk_engine
from tasks.reference_forms import Folder


def main() -> None:
    left = int(sys.argv[1])

    def die(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        nonlocal left
        left -= statement.startswith(("INSERT", "UPDATE", "DELETE"))
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(desk_engine(), "after_cursor_execute", die)
    load_reference_data(Folder(dry_run=False))


if __name__ == "__main__":
    main()
