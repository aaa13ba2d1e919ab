"""The servers tests stand on: databases of their own in PostgreSQL, Prefect's server, and what it is told once."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import URL, create_engine, text
from sqlalchemy.exc import OperationalError

from deployments.processes import python, start, started_in, stop_all
from deployments.sandbox.scenario import Scenario, load_scenario
from deployments.sandbox.server import RunningSandbox
from deployments.up import Installation, create_pool, wait_for_answer

ROOT = Path(__file__).resolve().parent.parent
POSTGRES = os.environ.get("CARE_TEST_POSTGRES", "postgresql+psycopg://postgres@127.0.0.1:5432/postgres")


def _postgres_answers() -> bool:
    admin = create_engine(POSTGRES, connect_args={"connect_timeout": 3})
    try:
        with admin.connect():
            return True
    except OperationalError:
        return False
    finally:
        admin.dispose()


POSTGRES_ANSWERS = _postgres_answers()
_SANDBOX_PORTS: dict[str, int] = {}
_FILLED: dict[str, tuple[str, frozenset[tuple[str, str]]]] = {}
_DEPLOYED: dict[str, tuple[str, ...]] = {}
"""By the API of a Prefect server: the port of its desks' sandboxes, the blocks that were filled for it, as the server
told of them, and the last deploy command. What a server knows already takes seconds to be told again."""


@contextmanager
def postgres_database(name: str, template: str = "template1") -> Iterator[URL]:
    """A database of its own on the PostgreSQL server, dropped at the end; skips the test where none answers."""
    if not POSTGRES_ANSWERS:
        pytest.skip("PostgreSQL does not answer")
    admin = create_engine(POSTGRES, isolation_level="AUTOCOMMIT")
    name = f"{name}_{uuid4().hex[:12]}"
    with admin.connect() as connection:
        connection.execute(text(f'CREATE DATABASE "{name}" TEMPLATE "{template}"'))
    try:
        yield admin.url.set(database=name)
    finally:
        with admin.connect() as connection:
            connection.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))
        admin.dispose()


class PrefectServer:
    """A Prefect server with its UI, on a port and in a home of its own; in PostgreSQL where a database is given."""

    def __init__(self, home: Path, database: URL | None = None) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.home, self.place = home, Installation(home, port, 0, live=True)
        self.environment = self.place.environment()
        if database is not None:
            url = database.set(drivername="postgresql+asyncpg").render_as_string(hide_password=False)
            self.environment["PREFECT_SERVER_DATABASE_CONNECTION_URL"] = url

    @property
    def api_url(self) -> str:
        return f"{self.place.ui}/api"

    @property
    def records(self) -> Path:
        """The folder of its embedded database."""
        return Path(self.environment["PREFECT_HOME"])

    def start(self) -> None:
        """Start it, or start it again on what it remembers, and wait until it answers."""
        process = start("prefect", python("-m", "prefect", "server", "start"), self.environment, self.home)
        wait_for_answer(f"{self.api_url}/health", "prefect", {"prefect": process}, self.home)

    def kill(self) -> None:
        """End it as a power cut would (-9)."""
        for process in started_in(self.home):
            process.kill()
            process.wait()

    @contextmanager
    def running(self) -> Iterator[str]:
        """Started, and everything in this process pointed at it; yields its API's address."""
        from prefect.settings import (
            PREFECT_API_SSL_CERT_FILE,
            PREFECT_API_URL,
            PREFECT_HOME,
            PREFECT_LOGGING_LEVEL,
            PREFECT_LOGGING_TO_API_ENABLED,
            temporary_settings,
        )

        ours = {
            PREFECT_API_URL: self.api_url,
            PREFECT_API_SSL_CERT_FILE: self.environment["PREFECT_API_SSL_CERT_FILE"],
            PREFECT_HOME: self.home / "client",
            PREFECT_LOGGING_LEVEL: "WARNING",
            PREFECT_LOGGING_TO_API_ENABLED: False,
        }
        try:
            self.start()
            with temporary_settings(ours):
                yield self.api_url
        finally:
            stop_all(self.home)


@contextmanager
def sandbox_for(api_url: str, **how: Any) -> Iterator[RunningSandbox]:
    """A sandbox for a desk at this Prefect server: on the port of the one before it, where that is free, so that the
    blocks that name it still hold."""
    how["scenario"] = _scenario()
    try:
        sandbox = RunningSandbox(port=_SANDBOX_PORTS.get(api_url, 0), **how)
    except OSError:
        sandbox = RunningSandbox(**how)
    _SANDBOX_PORTS[api_url] = int(sandbox.url.rsplit(":", 1)[1])
    with sandbox:
        yield sandbox


@cache
def _scenario() -> Scenario:
    return load_scenario()


def fill_blocks(api_url: str, sandbox_url: str) -> None:
    """Fill the blocks for a sandbox, unless they still are as they were filled for it."""
    from deployments import blocks

    if _FILLED.get(api_url) != (sandbox_url, _blocks()):
        blocks.fill_for_sandbox(sandbox_url)
        _FILLED[api_url] = (sandbox_url, _blocks())


def _blocks() -> frozenset[tuple[str, str]]:
    from tasks.follow_ups import client

    with client() as prefect:
        return frozenset((str(block.id), str(block.updated)) for block in prefect.read_block_documents(limit=200))


def deploy(api_url: str, home: Path, *named: str) -> None:
    """Create the desk's pool and deploy what is named, unless that is what was deployed last."""
    if _DEPLOYED.get(api_url) == named:
        return
    prefect = python("-m", "prefect", "--no-prompt")
    for command in ([*prefect, *create_pool(home)], [*prefect, "deploy", *named]):
        subprocess.run(command, cwd=ROOT, env=dict(os.environ), check=True, capture_output=True, timeout=120)
    _DEPLOYED[api_url] = named
