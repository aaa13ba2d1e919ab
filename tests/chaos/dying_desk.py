"""Runs one flow run of handle-case and kills itself (-9) after the step named: `dying_desk.py <run id> <step>`."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from typing import Any
from uuid import UUID

from prefect.flow_engine import run_flow

import flows.handle_case as module
import tasks.replies as replies
from tasks.follow_ups import client


def after(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, and then the end."""

    def call(*given: Any, **named: Any) -> Any:
        function(*given, **named)
        os.kill(os.getpid(), signal.SIGKILL)

    return call


def committed_then_dead(*_: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    run_id, step = UUID(sys.argv[1]), sys.argv[2]
    if step == "begin_try":  # dies before the post, the try noted
        replies.post_reply = committed_then_dead  # type: ignore[assignment]
    elif step == "post_reply":  # dies with the answer posted and nothing noted
        replies.post_reply = after(replies.post_reply)
    elif step != "none":
        task = getattr(module, step).with_options(on_completion=[committed_then_dead])
        setattr(module, step, task)
    with client() as prefect:
        run = prefect.read_flow_run(run_id)
    run_flow(module.handle_case, flow_run=run, parameters=run.parameters)


if __name__ == "__main__":
    main()
