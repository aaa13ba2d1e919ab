"""Every fault the sandbox can be told to have, over a real socket; the notice sink; the page."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from deployments.sandbox.faults import KINDS
from deployments.sandbox.server import RunningSandbox

START = datetime(2026, 9, 1, 3, 0, tzinfo=UTC)
X_PATH = "/x/2/users/2291001457/mentions"
GRAPH_PATH = "/graph/v25.0/104217889300145/tagged"


@pytest.fixture
def sandbox() -> Iterator[RunningSandbox]:
    with RunningSandbox(now=lambda: START, play=False) as running:
        for number in range(6):
            at = START - timedelta(seconds=60 - number)
            running.state.post_mention(f"@TelkomCare mati {number}", by="kevinlimm", at=at)
            running.state.post_mention(f"mati {number}", by="Doni Saputro", platform="facebook", at=at)
        yield running


@pytest.fixture
def session() -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False
        session.headers["Authorization"] = "Bearer t"
        yield session


def read(session: requests.Session, sandbox: RunningSandbox, path: str, **more: Any) -> requests.Response:
    return session.get(sandbox.url + path, timeout=more.pop("timeout", 10), **more)


def test_a_rate_limit_tells_when_it_ends(sandbox: RunningSandbox, session: requests.Session) -> None:
    sandbox.state.faults.add("x", "rate_limit", seconds=30, times=2)
    answers = [read(session, sandbox, X_PATH) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [429, 429, 200]
    assert answers[0].headers["x-rate-limit-reset"] == str(int(START.timestamp()) + 30)
    assert answers[0].headers["x-rate-limit-remaining"] == "0"
    assert answers[0].json()["type"] == "about:blank"


@pytest.mark.parametrize(
    ("kind", "status", "where", "value"),
    [
        ("server_error", 503, "status", 503),
        ("bad_token", 401, "title", "Unauthorized"),
        ("credits_depleted", 402, "type", "https://api.x.com/2/problems/credits-depleted"),
    ],
)
def test_x_refuses_as_told(
    sandbox: RunningSandbox, session: requests.Session, kind: str, status: int, where: str, value: object
) -> None:
    sandbox.state.faults.add("x", kind)
    answer = read(session, sandbox, X_PATH)
    assert (answer.status_code, answer.json()[where]) == (status, value)
    assert int(answer.headers["x-rate-limit-remaining"]) > 0
    assert read(session, sandbox, X_PATH).status_code == 200


@pytest.mark.parametrize(
    ("kind", "status", "code"), [("rate_limit", 400, 4), ("server_error", 500, 2), ("bad_token", 400, 190)]
)
def test_graph_refuses_as_told(
    sandbox: RunningSandbox, session: requests.Session, kind: str, status: int, code: int
) -> None:
    sandbox.state.faults.add("graph", kind)
    answer = read(session, sandbox, GRAPH_PATH)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    if kind == "rate_limit":
        assert json.loads(answer.headers["x-app-usage"])["call_count"] == 100


def test_a_hanging_answer_runs_into_the_clients_timeout(sandbox: RunningSandbox, session: requests.Session) -> None:
    sandbox.state.faults.add("x", "timeout", seconds=30)
    with pytest.raises(requests.Timeout):
        read(session, sandbox, X_PATH, timeout=0.3)
    assert read(session, sandbox, X_PATH).status_code == 200


def test_a_reply_that_timed_out_was_posted_and_cannot_be_posted_twice(
    sandbox: RunningSandbox, session: requests.Session
) -> None:
    sandbox.state.faults.add("x", "timeout", path="/2/tweets", seconds=30)
    target = read(session, sandbox, X_PATH).json()["data"][0]["id"]
    body = {"text": "Baik Kak, kami cek.", "reply": {"in_reply_to_tweet_id": target}}
    with pytest.raises(requests.Timeout):
        session.post(f"{sandbox.x_url}/2/tweets", json=body, timeout=0.3)
    again = session.post(f"{sandbox.x_url}/2/tweets", json=body, timeout=10)
    assert (again.status_code, "duplicate" in again.json()["detail"]) == (403, True)
    assert [reply.text for reply in sandbox.state.created] == ["Baik Kak, kami cek."]


@pytest.mark.parametrize("path", [X_PATH, GRAPH_PATH])
def test_half_a_page_breaks_the_connection(sandbox: RunningSandbox, session: requests.Session, path: str) -> None:
    sandbox.state.faults.add(path.split("/")[1], "half_page")
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        read(session, sandbox, path)
    assert read(session, sandbox, path).status_code == 200


@pytest.mark.parametrize("path", [X_PATH, GRAPH_PATH])
def test_malformed_json_comes_with_status_200(sandbox: RunningSandbox, session: requests.Session, path: str) -> None:
    sandbox.state.faults.add(path.split("/")[1], "malformed_json")
    answer = read(session, sandbox, path)
    assert answer.status_code == 200
    with pytest.raises(requests.JSONDecodeError):
        answer.json()


@pytest.mark.parametrize("path", [X_PATH, GRAPH_PATH])
def test_duplicates_repeat_the_rows_of_a_page(sandbox: RunningSandbox, session: requests.Session, path: str) -> None:
    sandbox.state.faults.add(path.split("/")[1], "duplicates")
    ids = [row["id"] for row in read(session, sandbox, path).json()["data"]]
    assert (len(ids), len(set(ids))) == (12, 6)


def test_a_partial_error_withholds_an_author(sandbox: RunningSandbox, session: requests.Session) -> None:
    sandbox.state.faults.add("x", "partial_error")
    answer = read(session, sandbox, X_PATH, params={"expansions": "author_id"}).json()
    assert answer["includes"]["users"] == []
    assert answer["errors"][0]["value"] == answer["data"][0]["author_id"]


def test_a_fault_strikes_only_its_path(sandbox: RunningSandbox, session: requests.Session) -> None:
    sandbox.state.faults.add("x", "server_error", path="search", times=None)
    assert read(session, sandbox, X_PATH).status_code == 200
    search = read(session, sandbox, "/x/2/tweets/search/recent", params={"query": "mati"})
    assert search.status_code == 503


def test_faults_are_set_listed_and_deleted_over_http(sandbox: RunningSandbox, session: requests.Session) -> None:
    url = f"{sandbox.url}/_faults"
    for kind in sorted(KINDS):
        assert session.post(url, json={"target": "notices", "kind": kind}, timeout=10).status_code == 200
    assert len(session.get(url, timeout=10).json()["faults"]) == len(KINDS)
    wrong = session.post(url, json={"target": "moon", "kind": "timeout"}, timeout=10)
    assert (wrong.status_code, "moon" in wrong.json()["error"]) == (400, True)
    assert session.post(url, data="{", timeout=10).status_code == 400
    assert session.delete(url, timeout=10).json() == {"faults": []}


def test_requests_are_listed_without_their_secrets(sandbox: RunningSandbox, session: requests.Session) -> None:
    read(session, sandbox, GRAPH_PATH, params={"access_token": "sangat-rahasia", "limit": 5})
    sandbox.state.faults.add("x", "server_error")
    read(session, sandbox, X_PATH)
    listed = session.get(f"{sandbox.url}/_requests", timeout=10)
    assert "sangat-rahasia" not in listed.text
    newest, before = listed.json()["requests"]
    assert (newest["path"], newest["status"], newest["fault"]) == (X_PATH, 503, "server_error")
    assert before["query"]["limit"] == "5"


def test_notices_arrive_and_are_shown_escaped(sandbox: RunningSandbox, session: requests.Session) -> None:
    payload = {
        "version": "1.0",
        "title": "Kasus <script>alert(1)</script>",
        "message": "C-000001 & lainnya",
        "attachments": [],
        "type": "info",
    }
    url = f"{sandbox.url}/notices/agen-07"
    assert session.post(url, json=payload, timeout=10).status_code == 200
    assert session.post(url, data="bukan json", timeout=10).status_code == 400
    assert session.post(url, json={"title": "x"}, timeout=10).status_code == 400
    (notice,) = session.get(f"{sandbox.url}/notices", timeout=10).json()["notices"]
    assert (notice["recipient"], notice["title"]) == ("agen-07", payload["title"])
    page = session.get(f"{sandbox.url}/", timeout=10)
    assert "<script>" not in page.text
    assert "&lt;script&gt;" in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]


def test_the_notice_sink_can_fail(sandbox: RunningSandbox, session: requests.Session) -> None:
    sandbox.state.faults.add("notices", "server_error")
    url = f"{sandbox.url}/notices/agen-07"
    statuses = [session.post(url, json={"title": "a", "message": "b"}, timeout=10).status_code for _ in range(2)]
    assert statuses == [503, 200]
    assert len(sandbox.state.notices) == 1
