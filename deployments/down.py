"""`make down`: stops every process that `make up` or `make live` started in this installation."""

from __future__ import annotations

import sys

from deployments.processes import started_in, stop_all
from tasks.settings import Settings


def main() -> int:
    """Stop them all; returns the exit status."""
    home = Settings().home.resolve()
    stopped = stop_all(home)
    left = started_in(home)
    if left:
        print(f"Still running: {', '.join(str(process.pid) for process in left)}", file=sys.stderr)
        return 1
    print(f"Stopped {stopped} processes." if stopped else "Nothing was running.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
