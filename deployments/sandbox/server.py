"""The sandbox as an ASGI application, and `RunningSandbox`, which runs it in a thread for tests.

One process, loopback only. X API v2 lies under /x, the Graph API under /graph, the units under /units, the notice
sink under /notices.
"""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from types import TracebackType
from urllib.parse import parse_qsl

import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from deployments.sandbox.faults import KINDS_INSTEAD, Fault, answer_instead, spoil
from deployments.sandbox.graph_api import graph_routes
from deployments.sandbox.notices import notice_routes
from deployments.sandbox.records import SeenRequest
from deployments.sandbox.scenario import Scenario, load_scenario
from deployments.sandbox.state import SandboxState
from deployments.sandbox.units import unit_routes
from deployments.sandbox.wire import WireJSON
from deployments.sandbox.x_api import x_routes

HOST = "127.0.0.1"
SECRET_PARAMETERS = frozenset({"access_token", "appsecret_proof"})
START_SECONDS = 15.0


def sandbox_app(state: SandboxState) -> ASGIApp:
    """The whole outside world around one state."""
    routes = [
        Mount("/x", routes=x_routes(state)),
        Mount("/graph", routes=graph_routes(state)),
        Mount("/units", routes=unit_routes(state.units)),
        *notice_routes(state),
    ]
    return FaultyWorld(Starlette(routes=routes), state)


class FaultyWorld:
    """Records every request and, where a fault is set for it, answers instead of the endpoint or spoils its answer."""

    def __init__(self, inner: ASGIApp, state: SandboxState) -> None:
        self.inner = inner
        self.state = state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.inner(scope, receive, send)
            return
        path: str = scope["path"]
        target = path.split("/")[1]
        fault = self.state.faults.strike(target, path)
        answer = _Captured()
        if fault is None or fault.kind not in KINDS_INSTEAD - {"timeout"}:
            await self.inner(scope, receive, answer)
        else:
            status, body, headers = answer_instead(fault, self.state.now())
            await WireJSON(body, status, headers)(scope, receive, answer)
        if not path.startswith("/_"):
            self._record(scope, target, answer.status, fault)
        if fault is not None and fault.kind == "timeout":
            # What was asked is done at once, only the answer hangs: a reply that timed out may have been posted.
            await asyncio.sleep(fault.seconds)
        await _pass_on(answer, fault, send)

    def _record(self, scope: Scope, target: str, status: int, fault: Fault | None) -> None:
        query = dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
        shown = {name: "…" if name in SECRET_PARAMETERS else value for name, value in query.items()}
        kind = fault.kind if fault else None
        seen = SeenRequest(self.state.now(), target, scope["method"], scope["path"], shown, status, kind)
        self.state.requests.append(seen)


class _Captured:
    """Collects an answer, so that it can be counted, spoilt or cut before it is sent."""

    def __init__(self) -> None:
        self.status = 500
        self.headers: list[tuple[bytes, bytes]] = []
        self.body = b""

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], list(message["headers"])
        else:
            self.body += message.get("body", b"")


async def _pass_on(answer: _Captured, fault: Fault | None, send: Send) -> None:
    body = answer.body
    if fault is not None and fault.kind not in KINDS_INSTEAD and answer.status < 400:
        body = spoil(fault, body)
    headers = [(name, value) for name, value in answer.headers if name.lower() != b"content-length"]
    headers.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    if fault is not None and fault.kind == "half_page":
        # Announced whole, sent half: the server closes the connection where the body falls short.
        await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
        return
    await send({"type": "http.response.body", "body": body})


def server_for(state: SandboxState, port: int, *, log_level: str = "warning") -> uvicorn.Server:
    """A uvicorn server of the sandbox on loopback; port 0 takes a free one."""
    config = uvicorn.Config(
        sandbox_app(state),
        host=HOST,
        port=port,
        log_level=log_level,
        access_log=False,
        lifespan="off",
        http="h11",
        timeout_graceful_shutdown=1,
    )
    return uvicorn.Server(config)


class RunningSandbox:
    """The sandbox in a thread, as a context manager: `.url`, `.x_url`, `.graph_url`, `.state`.

    `scenario_dir` None plays data/sandbox; `play=False` keeps its accounts but posts none of its mentions.
    `history` is how many seconds before the start are already posted; `now` gives aware UTC.
    """

    def __init__(
        self,
        scenario_dir: Path | str | None = None,
        port: int = 0,
        now: Callable[[], datetime] | None = None,
        history: float = 7200.0,
        *,
        speed: float = 1.0,
        play: bool = True,
        scenario: Scenario | None = None,
    ) -> None:
        scenario = scenario or load_scenario(scenario_dir)
        self.state = SandboxState(scenario, now=now, speed=speed, history=history, play=play)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind((HOST, port))
        self.url = f"http://{HOST}:{self._socket.getsockname()[1]}"
        self._server = server_for(self.state, port)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._socket]}, name="sandbox", daemon=True
        )

    @property
    def x_url(self) -> str:
        """Base URL of the X API."""
        return f"{self.url}/x"

    @property
    def graph_url(self) -> str:
        """Base URL of the Graph API, without version."""
        return f"{self.url}/graph"

    def __enter__(self) -> RunningSandbox:
        """Start serving; raises RuntimeError where the server does not come up."""
        self._thread.start()
        deadline = time.monotonic() + START_SECONDS
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > deadline:
                raise RuntimeError(f"The sandbox did not start on {self.url}; see its log above.")
            time.sleep(0.01)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop serving; answers still hanging are dropped."""
        self._server.should_exit = True
        self._server.force_exit = True
        self._thread.join(timeout=START_SECONDS)
        self._socket.close()
