"""The door to the units over a real socket: signed both ways, each ticket once, every refusal in words (4.4)."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import pytest
from pydantic import SecretStr

from deployments.sandbox.server import RunningSandbox
from deployments.sandbox.units import SIGNING_KEY, UnitTemper
from models.mentions import RefusedRow
from models.units import Unit, gone_unit
from tasks.desk_data import units
from tasks.units import client
from tasks.units.access import UnitAccess
from tasks.units.client import UnitChange, parse_change, pull_changes, send_message, send_ticket
from tasks.units.errors import UnitError, UnitNotSetUp, UnitRefused, UnitUnavailable
from tests.support import NOW

NETWORK: Unit = units()["network"].model_copy(
    update={"retry": units()["network"].retry.model_copy(update={"timeout": timedelta(seconds=2)})}
)
BODY = {"kind": "dispatch", "ticket": "T-000001", "problem": "network", "severity": "standard"}


@pytest.fixture
def sandbox() -> Iterator[RunningSandbox]:
    with RunningSandbox(play=False) as running:
        yield running


def access(sandbox: RunningSandbox, key: str = SIGNING_KEY) -> UnitAccess:
    return UnitAccess(url=f"{sandbox.url}/units/network", signing_key=SecretStr(key))


def test_the_same_key_is_one_ticket_and_one_message(sandbox: RunningSandbox) -> None:
    there = access(sandbox)
    first = send_ticket(NETWORK, there, BODY, "T-000001-1")
    assert send_ticket(NETWORK, there, BODY, "T-000001-1") == first
    assert send_ticket(NETWORK, there, BODY, "T-000001-2") != first
    assert first.reference
    for _ in range(2):
        send_message(NETWORK, there, first.reference, BODY | {"kind": "chase"}, "T-000001-1-chase-1")
    tickets = sandbox.state.units.tickets
    assert [len(ticket.messages) for ticket in tickets.values()] == [1, 0]


@pytest.mark.parametrize("call", ["ticket", "message", "pull"])
def test_a_wrong_signature_is_rejected_by_the_unit(sandbox: RunningSandbox, call: str) -> None:
    wrong = access(sandbox, "another-key")
    calls: dict[str, Callable[[], object]] = {
        "ticket": lambda: send_ticket(NETWORK, wrong, BODY, "k"),
        "message": lambda: send_message(NETWORK, wrong, "NET-00001", BODY, "k"),
        "pull": lambda: pull_changes(NETWORK, wrong, None),
    }
    with pytest.raises(UnitNotSetUp, match="compare the signing_key") as refused:
        calls[call]()
    assert "another-key" not in str(refused.value)
    assert sandbox.state.units.tickets == {}


def test_an_old_request_is_rejected_by_the_unit(sandbox: RunningSandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    real = client.time.time
    monkeypatch.setattr(client.time, "time", lambda: real() - 600)
    with pytest.raises(UnitNotSetUp):
        send_ticket(NETWORK, access(sandbox), BODY, "k")


def test_tempers_at_the_door(sandbox: RunningSandbox) -> None:
    tempers, there = sandbox.state.units.tempers, access(sandbox)
    tempers["network"] = UnitTemper("refusing")
    with pytest.raises(UnitRefused, match="This is not ours") as refused:
        send_ticket(NETWORK, there, BODY, "k")
    assert (refused.value.worth_a_retry, refused.value.status_code) == (False, 422)
    tempers["network"] = UnitTemper("down", down_for=60)
    with pytest.raises(UnitUnavailable, match="answered 503") as away:
        send_ticket(NETWORK, there, BODY, "k")
    assert away.value.worth_a_retry
    tempers["network"] = UnitTemper("flaky")
    outcomes = []
    for _ in range(8):
        try:
            outcomes.append(send_ticket(NETWORK, there, BODY, "k").reference)
        except UnitUnavailable:
            outcomes.append("failed")
    assert outcomes.count("failed") == 4  # half the calls fail, some of them after the ticket was taken
    assert len(set(outcomes)) == 2


def test_changes_come_oldest_first_from_a_moment_on(sandbox: RunningSandbox) -> None:
    sandbox.state.units.tempers["network"] = UnitTemper("prompt", pace=0)
    reference = send_ticket(NETWORK, access(sandbox), BODY, "k").reference
    said = [one for one in pull_changes(NETWORK, access(sandbox), None) if isinstance(one, UnitChange)]
    assert [one.status for one in said] == ["acknowledged", "in_progress", "settled"]
    assert {one.reference for one in said} == {reference}
    assert pull_changes(NETWORK, access(sandbox), datetime.now(UTC) + timedelta(seconds=5)) == []


class Nonsense(http.server.BaseHTTPRequestHandler):
    """A unit's system that is not what it should be: answers what its path names."""

    answers: ClassVar[dict[str, tuple[int, bytes, dict[str, str]]]] = {
        "/html": (200, b"<html>Please log in</html>", {}),
        "/list": (200, b"[1, 2]", {}),
        "/nothing": (200, b"{}", {}),
        "/long": (200, b'{"reference": "' + b"x" * 500 + b'"}', {}),
        "/moved": (302, b"", {"Location": "http://127.0.0.1:1/steal"}),
        "/teapot": (418, b'{"error": "short and stout\\u202e"}', {}),
        "/gone": (404, b"", {}),
    }

    def do_POST(self) -> None:
        code, content, headers = self.answers[self.path.removesuffix("/tickets")]
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def nonsense() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Nonsense)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("path", "error", "why"),
    [
        ("html", UnitUnavailable, "not JSON"),
        ("list", UnitUnavailable, "no object"),
        ("nothing", UnitUnavailable, "without a reference"),
        ("long", UnitUnavailable, "without a reference"),
        ("moved", UnitNotSetUp, "answered 302"),
        ("teapot", UnitNotSetUp, "answered 418: short and stout"),
        ("gone", UnitNotSetUp, "answered 404"),
    ],
)
def test_nonsense_is_told_in_words(nonsense: str, path: str, error: type[UnitError], why: str) -> None:
    there = UnitAccess(url=f"{nonsense}/{path}", signing_key=SecretStr("secret-of-the-unit"))
    with pytest.raises(error, match=why) as refused:
        send_ticket(NETWORK, there, BODY, "k")
    assert "secret" not in str(refused.value)
    assert "\u202e" not in str(refused.value)


def test_nobody_there_and_nothing_set_up() -> None:
    with pytest.raises(UnitUnavailable, match="could not be reached"):
        send_ticket(NETWORK, UnitAccess(url="http://127.0.0.1:1", signing_key=SecretStr("x")), BODY, "k")
    with pytest.raises(UnitNotSetUp, match="unit-access/network needs a url and a signing_key"):
        send_ticket(NETWORK, UnitAccess(), BODY, "k")
    with pytest.raises(UnitNotSetUp, match="mailbox"):
        send_ticket(units()["sales"], UnitAccess(), BODY, "k")


def test_a_unit_that_is_written_to(sandbox: RunningSandbox) -> None:
    sink = sandbox.url.replace("http://", "json://")
    box = UnitAccess(mailbox=SecretStr(f"{sink}/notices/unit-sales"))
    assert send_ticket(units()["sales"], box, BODY, "T-000001-1").reference == "T-000001"
    (letter,) = sandbox.state.notices
    assert "T-000001-1" in letter.title  # a letter that comes twice is known by its key
    gone = UnitAccess(mailbox=SecretStr("json://127.0.0.1:1/notices/unit-sales"))
    with pytest.raises(UnitUnavailable, match="could not be sent"):
        send_ticket(units()["sales"], gone, BODY, "T-000001-1")


GOOD = {"update_id": "U1", "reference": "N-1", "status": "settled", "changed_at": NOW.isoformat(), "note": None}


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("settled", "update_id"),
        (GOOD | {"update_id": ""}, "update_id"),
        (GOOD | {"update_id": None}, "update_id"),
        (GOOD | {"update_id": "\u200b"}, "update_id"),
        (GOOD | {"reference": "N" * 200}, "reference"),
        (GOOD | {"changed_at": "yesterday"}, "ISO 8601"),
        (GOOD | {"changed_at": 17}, "ISO 8601"),
        (GOOD | {"changed_at": "2026-03-10T12:00:00"}, "time zone"),
        (GOOD | {"changed_at": (NOW + timedelta(days=400)).isoformat()}, "a day ahead"),
        (GOOD | {"changed_at": "0001-01-01T00:00:00+07:00"}, "ISO 8601"),
        (GOOD | {"changed_at": "0001-01-01T00:00:00Z"}, "last ten years"),
    ],
)
def test_a_change_that_cannot_be_one_is_refused_with_its_reason(row: Any, why: str) -> None:
    refused = parse_change("network", row, NOW)
    assert isinstance(refused, RefusedRow)
    assert refused.source == "unit/network"
    assert why in " ".join(refused.reasons)


def test_a_change_is_parsed() -> None:
    parsed = parse_change("network", GOOD | {"note": "beres\x00"}, NOW)
    assert parsed == UnitChange("U1", "N-1", "settled", "beres", NOW)


def test_a_unit_that_is_no_longer_in_the_file_is_somebody_nobody_reaches() -> None:
    gone = gone_unit("north")
    assert (gone.code, gone.retry.attempts, gone.post(3)) == ("north", 1, "the PIC")
