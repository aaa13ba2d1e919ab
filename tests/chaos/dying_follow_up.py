"""The follow-up whose process kills itself (-9) once after each step of a ticket named in `CARE_DIE`.

`CARE_DIE` maps ticket numbers to steps, as JSON; `CARE_DIE_MARKS` is the folder that remembers who has died.
Deployed by tests/chaos/test_killed_follow_up.py in the place of `pic`.
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from prefect.runtime import flow_run

import flows.follow_up_ticket as module
import tasks.contacts as contacts
import tasks.tickets as tickets
from tasks.follow_up_forms import PicUpdate

STEPS = ("take_on", "look", "take_updates", "mark_clock", "ask", "go_to_wait", "publish_case_file", "finish")


def die(step: str) -> None:
    """End this process as a power cut would, if it is the turn of the step and it has not died of it before."""
    ticket = flow_run.parameters["request"].ticket
    mark = Path(os.environ["CARE_DIE_MARKS"], f"{ticket}-{step}")
    if step in json.loads(os.environ["CARE_DIE"]).get(ticket, ()) and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)


def dying_after(step: str, work: Callable[..., Any]) -> Callable[..., Any]:
    """The work, and then death."""

    @wraps(work)
    def done(*arguments: Any, **named: Any) -> Any:
        result = work(*arguments, **named)
        die(step)
        return result

    return done


for name in STEPS:
    setattr(module, name, dying_after(name, getattr(module, name)))
tickets.record_update = SimpleNamespace(  # type: ignore[assignment]
    fn=dying_after("record_update", tickets.record_update.fn)
)
contacts.give_up = dying_after("give_up", contacts.give_up)  # type: ignore[assignment]
contacts.send_ticket = dying_after("send_ticket", contacts.send_ticket)
contacts.send_message = dying_after("send_message", contacts.send_message)
contacts._note_success = dying_after("note_success", contacts._note_success)

_save = PicUpdate.save.__func__  # type: ignore[attr-defined]


def _die_before_saving(cls: type[PicUpdate], *arguments: Any, **named: Any) -> Any:
    die("suspend")
    return _save(cls, *arguments, **named)


PicUpdate.save = classmethod(_die_before_saving)  # type: ignore[method-assign,assignment]
follow_up_ticket = module.follow_up_ticket
