"""What tests stand on: real databases, a real Prefect server, the sandbox over a real socket, a real browser."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import settings
from sqlalchemy import Engine

from deployments.sandbox.server import RunningSandbox
from models.database import migrate, open_engine
from tests.servers import POSTGRES_ANSWERS, PrefectServer, fill_blocks, postgres_database, sandbox_for

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
BEGUN = datetime.now(UTC)

# The same examples on every machine and run, so that a red test tells of the change and not of chance or load.
settings.register_profile("desk", deadline=None, derandomize=True)
settings.load_profile("desk")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say loudly what could not be tested here."""
    missing = []
    if not POSTGRES_ANSWERS:
        missing.append("POSTGRESQL TESTS SKIPPED: nothing answers on 127.0.0.1:5432 (CARE_TEST_POSTGRES sets another)")
    if CHROMIUM is None:
        missing.append("BROWSER TESTS SKIPPED: no Chromium found; apt-get install chromium")
    for line in missing:
        terminalreporter.write_line(f"!!! {line} !!!", red=True, bold=True)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "care.db"
    migrate(f"sqlite:///{path}")
    with open_engine(f"sqlite:///{path}").connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    return path


@pytest.fixture(scope="session")
def seeded_template(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Records that have the desk's own data already; checking it takes a second, so it is done once."""
    from deployments.seed import seed
    from tasks.settings import Settings

    home = tmp_path_factory.mktemp("seeded")
    shutil.copy(sqlite_template, home / "care.db")
    seed(Settings(home=home, database_url=f"sqlite:///{home / 'care.db'}"))
    with open_engine(f"sqlite:///{home / 'care.db'}").connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    return home / "care.db"


@pytest.fixture(scope="session")
def postgres_template() -> Iterator[str]:
    with postgres_database("care_template") as url:
        migrate(url.render_as_string(hide_password=False))
        yield str(url.database)


@pytest.fixture(scope="session")
def seeded_postgres_template(postgres_template: str) -> Iterator[str]:
    """A database of PostgreSQL that has the desk's own data already."""
    from deployments.seed import seed
    from tasks.settings import Settings

    with postgres_database("care_seeded", postgres_template) as url:
        seed(Settings(database_url=url.render_as_string(hide_password=False)))
        yield str(url.database)


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    path = tmp_path / "care.db"
    shutil.copy(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture
def seeded_url(seeded_template: Path, tmp_path: Path) -> str:
    path = tmp_path / "care.db"
    shutil.copy(seeded_template, path)
    return f"sqlite:///{path}"


@pytest.fixture
def postgres_url(postgres_template: str) -> Iterator[str]:
    with postgres_database("care_test", postgres_template) as url:
        yield url.render_as_string(hide_password=False)


@pytest.fixture
def seeded_postgres_url(seeded_postgres_template: str) -> Iterator[str]:
    with postgres_database("care_test", seeded_postgres_template) as url:
        yield url.render_as_string(hide_password=False)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """An empty, migrated database of the desk: every test that takes it runs on both."""
    return str(request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_url"))


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    opened = open_engine(database_url)
    yield opened
    opened.dispose()


@pytest.fixture(scope="session")
def prefect_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The Prefect server of the test run: in PostgreSQL where it answers, else with the embedded database."""
    with ExitStack() as stack:
        database = stack.enter_context(postgres_database("prefect_test")) if POSTGRES_ANSWERS else None
        yield stack.enter_context(PrefectServer(tmp_path_factory.mktemp("prefect"), database).running())


@dataclass
class Desk:
    """A desk ready to run flows: its records, its outside world and its Prefect server."""

    database_url: str
    engine: Engine
    sandbox: RunningSandbox
    api_url: str
    opened_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    def environment(self) -> dict[str, str]:
        """What a process of its own needs to run a flow of this desk."""
        return {**os.environ, "PREFECT_API_URL": self.api_url, "PREFECT_HOME": os.environ["CARE_HOME"]}


@pytest.fixture
def desk(seeded_url: str, prefect_server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """A desk against a sandbox without a timeline: only what the test posts is there."""
    with desk_at(seeded_url, prefect_server, tmp_path, monkeypatch, play=False) as opened:
        yield opened


@pytest.fixture
def playing_desk(
    seeded_url: str, prefect_server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Desk]:
    """A desk against the sandbox's own scenario, whose clock stands at the beginning of the test run."""
    with desk_at(seeded_url, prefect_server, tmp_path, monkeypatch, play=True) as opened:
        yield opened


@contextmanager
def desk_at(
    database_url: str, api_url: str, home: Path, monkeypatch: pytest.MonkeyPatch, *, play: bool
) -> Iterator[Desk]:
    """A desk with these records at this Prefect server; its sandbox plays its scenario or says nothing by itself."""
    from deployments.seed import seed
    from tasks.settings import Settings

    now = (lambda: BEGUN) if play else None
    with sandbox_for(api_url, play=play, history=7200.0 if play else 0.0, now=now) as sandbox:
        for name, value in {
            "CARE_HOME": str(home),
            "CARE_DATABASE_URL": database_url,
            "CARE_SANDBOX_URL": sandbox.url,
            "CARE_X_BASE_URL": sandbox.x_url,
            "CARE_FACEBOOK_BASE_URL": f"{sandbox.graph_url}/v25.0",
        }.items():
            monkeypatch.setenv(name, value)
        seed(Settings())
        fill_blocks(api_url, sandbox.url)
        engine = open_engine(database_url)
        yield Desk(database_url, engine, sandbox, api_url)
        engine.dispose()


@pytest.fixture
def units_desk(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """A desk with quick units, its deployments and a process worker."""
    from tests.follow_ups import units_at_work

    with units_at_work(desk, tmp_path, monkeypatch) as at_work:
        yield at_work


@pytest.fixture
def units_desk_on_postgresql(
    request: pytest.FixtureRequest, prefect_server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Desk]:
    """The same with the desk's records in PostgreSQL where it answers, else in SQLite."""
    from tests.follow_ups import units_at_work

    url = request.getfixturevalue("seeded_postgres_url" if POSTGRES_ANSWERS else "seeded_url")
    with (
        desk_at(url, prefect_server, tmp_path, monkeypatch, play=False) as desk,
        units_at_work(desk, tmp_path, monkeypatch) as at_work,
    ):
        yield at_work


@pytest.fixture(scope="session")
def chromium() -> Iterator[object]:
    """Headless Chromium; closed at the end of the run."""
    if CHROMIUM is None:
        pytest.skip("no Chromium found")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()
