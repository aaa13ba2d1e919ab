"""The clocks of a ticket: started, stopped and tightened, in its unit's hours (clause 5.3.2d)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from models.cases import ClockRow
from models.ticket_steps import TicketClockKind
from models.units import Targets, Unit
from models.work_instruction import WorkInstruction


def start_clocks(
    connection: Connection,
    ticket_id: int,
    case_id: int,
    unit: Unit,
    severity: str,
    now: datetime,
    instruction: WorkInstruction,
) -> None:
    """Start both clocks of a ticket at `now` (UTC), by the unit's targets for the severity."""
    rows = [
        {
            **{"case_id": case_id, "ticket_id": ticket_id, "kind": kind.value, "started_at": now},
            **_moments(unit, target, severity, now, instruction),
        }
        for kind, target in _targets(unit).items()
    ]
    connection.execute(insert(ClockRow), rows)


def stop_clock(connection: Connection, ticket_id: int, kind: TicketClockKind, now: datetime) -> None:
    """Stop a clock of a ticket at `now` (UTC), if it is running."""
    running = (ClockRow.ticket_id == ticket_id, ClockRow.kind == kind.value, ClockRow.stopped_at.is_(None))
    connection.execute(update(ClockRow).where(*running).values(stopped_at=now))


def tighten_clocks(connection: Connection, ticket_id: int, unit: Unit, instruction: WorkInstruction) -> None:
    """Give the running clocks of a ticket the unit's targets for a hard complaint, where those end sooner."""
    running = connection.execute(
        select(ClockRow.__table__).where(ClockRow.ticket_id == ticket_id, ClockRow.stopped_at.is_(None))
    )
    for clock in running.all():
        target = _targets(unit)[TicketClockKind(clock.kind)]
        moments = _moments(unit, target, "hard", clock.started_at, instruction)
        if moments["due_at"] < clock.due_at:
            connection.execute(update(ClockRow).where(ClockRow.id == clock.id).values(**moments))


def _targets(unit: Unit) -> dict[TicketClockKind, Targets]:
    return {TicketClockKind.ACKNOWLEDGE: unit.acknowledge, TicketClockKind.SETTLE: unit.settle}


def _moments(
    unit: Unit, target: Targets, severity: str, start: datetime, instruction: WorkInstruction
) -> dict[str, datetime]:
    whole = target.of(severity)
    return {
        "warns_at": unit.calendar.add(start, whole * instruction.clocks.warn_share),
        "due_at": unit.calendar.add(start, whole),
    }
