"""The units of the sandbox: they take tickets over signed HTTP, each with a temper of its own, and say what they do."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import yaml
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from deployments.sandbox.scenario import ScenarioError
from deployments.sandbox.wire import WireJSON
from models.signatures import SignatureRefused, verify

TEMPERS = frozenset(
    {
        *("prompt", "slow", "flaky", "down", "silent", "refusing", "settling_wrongly", "answering_twice"),
        "out_of_order",
    }
)
SAYS = ("acknowledged", "in_progress", "settled")
SIGNING_KEY = "sandbox-unit-key"
"""What the units of the sandbox and its desk sign with."""


@dataclass(slots=True)
class UnitTemper:
    """How one unit behaves; `pace` and `down_for` are seconds."""

    temper: str = "prompt"
    pace: float = 20.0
    down_for: float = 60.0
    push: bool = False


@dataclass(slots=True)
class UnitTicket:
    """A ticket as a unit has it."""

    reference: str
    key: str
    body: dict[str, Any]
    messages: list[tuple[str, dict[str, Any]]] = field(default_factory=list)


@dataclass(slots=True)
class UnitSaid:
    """Something a unit says: seen from `visible` on, dated `changed`."""

    unit: str
    update_id: str
    reference: str
    status: str
    visible: datetime
    changed: datetime
    pushed: bool = False

    def plain(self) -> dict[str, Any]:
        """As it goes over the wire."""
        return {
            "update_id": self.update_id,
            "reference": self.reference,
            "status": self.status,
            "note": f"{self.status.replace('_', ' ')} by the unit",
            "changed_at": self.changed.isoformat(),
        }


class SandboxUnits:
    """What the units know; safe across threads. `now` gives aware UTC."""

    def __init__(self, tempers: dict[str, UnitTemper], now: Callable[[], datetime]) -> None:
        self.tempers, self.signing_key, self.now = tempers, SIGNING_KEY, now
        self.tickets: dict[str, UnitTicket] = {}
        """By idempotency key, of all units."""
        self.said: list[UnitSaid] = []
        self.calls: dict[str, int] = {}
        self._first_call: dict[str, datetime] = {}
        self._numbers = count(1)
        self.lock = threading.Lock()

    def temper(self, unit: str) -> UnitTemper:
        """How a unit behaves; prompt where nothing is said of it."""
        return self.tempers.setdefault(unit, UnitTemper())

    def failing(self, unit: str) -> str | None:
        """How this call fails: `before` anything is done, `after` it was done; None where it does not."""
        with self.lock:
            number = self.calls[unit] = self.calls.get(unit, 0) + 1
            began = self._first_call.setdefault(unit, self.now())
            temper = self.temper(unit)
        if temper.temper == "down" and self.now() - began < timedelta(seconds=temper.down_for):
            return "before"
        if temper.temper == "flaky" and number % 2:
            return "before" if number % 4 == 1 else "after"
        return None

    def take(self, unit: str, key: str, body: dict[str, Any]) -> UnitTicket:
        """Take a ticket; the same key is the same ticket."""
        with self.lock:
            if key in self.tickets:
                return self.tickets[key]
            ticket = UnitTicket(f"{unit[:3].upper()}-{next(self._numbers):05d}", key, body)
            self.tickets[key] = ticket
            temper = self.temper(unit).temper
            says = SAYS[:1] if temper == "silent" else SAYS
            pace = 3 if temper == "slow" else 1
            for step, status in enumerate(says, start=1):
                self._say(unit, ticket.reference, status, step * pace)
                if temper == "answering_twice":
                    self._say(unit, ticket.reference, status, step * pace)
            if temper == "out_of_order":
                mine = [said for said in self.said if said.reference == ticket.reference]
                mine[0].visible, mine[2].visible = mine[2].visible, mine[0].visible
            return ticket

    def message(self, unit: str, reference: str, key: str, body: dict[str, Any]) -> bool:
        """Take a chase or an escalation, once a key; False where the unit knows no such ticket."""
        with self.lock:
            ticket = next((one for one in self.tickets.values() if one.reference == reference), None)
            if ticket is None:
                return False
            if key not in {known for known, _ in ticket.messages}:
                ticket.messages.append((key, body))
                if self.temper(unit).temper == "silent" and body.get("kind") == "escalate":
                    self._say(unit, reference, "settled", 1)
            return True

    def changes(self, unit: str, since: datetime | None, limit: int) -> list[dict[str, Any]]:
        """The oldest `limit` things the unit has said by now, dated `since` or later; oldest first."""
        with self.lock:
            seen = [said for said in self.said if said.unit == unit and said.visible <= self.now()]
        shown = [said for said in seen if since is None or said.changed >= since]
        return [said.plain() for said in sorted(shown, key=lambda said: said.changed)[:limit]]

    def _say(self, unit: str, reference: str, status: str, step: float) -> None:
        at = self.now() + timedelta(seconds=step * self.temper(unit).pace)
        self.said.append(UnitSaid(unit, f"U{next(self._numbers):06d}", reference, status, at, at))


def load_units_of_sandbox(folder: Path, now: Callable[[], datetime]) -> SandboxUnits:
    """The units of a scenario folder; raises `ScenarioError`. Without a units.yaml every unit is prompt."""
    path = folder / "units.yaml"
    data = yaml.safe_load(path.read_text("utf-8")) if path.exists() else {}
    tempers = {}
    for code, row in (data.get("units") or {}).items():
        try:
            tempers[code] = UnitTemper(**row)
        except TypeError as error:
            raise ScenarioError(f"{path}, {code}: {error}; write temper, pace, down_for, push.") from error
        if tempers[code].temper not in TEMPERS:
            raise ScenarioError(f"{path}, {code}: temper must be one of {', '.join(sorted(TEMPERS))}.")
    return SandboxUnits(tempers, now)


def unit_routes(units: SandboxUnits) -> list[Route]:
    """`POST /{unit}/tickets`, `POST /{unit}/tickets/{reference}/messages`, `GET /{unit}/tickets`."""

    async def tickets(request: Request) -> Response:
        return await _tickets(units, request)

    async def messages(request: Request) -> Response:
        return await _messages(units, request)

    return [
        Route("/{unit}/tickets", tickets, methods=["GET", "POST"]),
        Route("/{unit}/tickets/{reference}/messages", messages, methods=["POST"]),
    ]


async def _signed(units: SandboxUnits, request: Request) -> dict[str, Any] | Response:
    """The body of a request whose signature is right; an answer otherwise."""
    content = await request.body()
    target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    stamp, signature = request.headers.get("x-desk-timestamp", ""), request.headers.get("x-desk-signature", "")
    try:
        if not (stamp.isascii() and stamp.isdigit()):
            raise SignatureRefused("timestamp: missing; send X-Desk-Timestamp in Unix seconds")
        verify(units.signing_key, int(stamp), signature, datetime.now(UTC), request.method, target, content)
        body = json.loads(content) if content else {}
    except SignatureRefused as error:
        return WireJSON({"error": str(error)}, 401)
    except ValueError:
        return WireJSON({"error": "The body is not JSON."}, 400)
    return body if isinstance(body, dict) else WireJSON({"error": "The body is no object."}, 400)


async def _tickets(units: SandboxUnits, request: Request) -> Response:
    unit = request.path_params["unit"]
    body = await _signed(units, request)
    if isinstance(body, Response):
        return body
    if request.method == "GET":
        since = request.query_params.get("updated_since")
        limit = int(request.query_params.get("limit", "1000"))
        return WireJSON({"updates": units.changes(unit, datetime.fromisoformat(since) if since else None, limit)})
    failing = units.failing(unit)
    if failing == "before":
        return WireJSON({"error": "The unit's system is away."}, 503)
    if units.temper(unit).temper == "refusing":
        return WireJSON({"error": "This is not ours; the exchange shows no fault."}, 422)
    key = request.headers.get("idempotency-key", "")
    if not key:
        return WireJSON({"error": "Idempotency-Key is missing."}, 400)
    ticket = units.take(unit, key, body)
    if failing == "after":
        return WireJSON({"error": "The unit's system went away."}, 503)
    return WireJSON({"reference": ticket.reference}, 201)


async def _messages(units: SandboxUnits, request: Request) -> Response:
    unit, reference = request.path_params["unit"], request.path_params["reference"]
    body = await _signed(units, request)
    if isinstance(body, Response):
        return body
    if units.failing(unit) == "before":
        return WireJSON({"error": "The unit's system is away."}, 503)
    if not units.message(unit, reference, request.headers.get("idempotency-key", ""), body):
        return WireJSON({"error": f"There is no ticket {reference}."}, 404)
    return WireJSON({"taken": True})
