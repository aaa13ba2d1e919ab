"""The sandbox's Graph API over a real socket: shapes, who is told, cursors, comments, refusals, replies."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from deployments.sandbox.server import RunningSandbox

START = datetime(2026, 9, 1, 3, 0, tzinfo=UTC)
PAGE = "104217889300145"
Get = Callable[..., requests.Response]


@pytest.fixture
def sandbox() -> Iterator[RunningSandbox]:
    with RunningSandbox(now=lambda: START, play=False) as running:
        yield running


@pytest.fixture
def get(sandbox: RunningSandbox) -> Iterator[Get]:
    with requests.Session() as session:
        session.trust_env = False

        def call(path: str, token: str | None = "t", **params: Any) -> requests.Response:
            if token:
                params["access_token"] = token
            url = path if path.startswith("http") else f"{sandbox.graph_url}/v25.0/{path}"
            return session.get(url, params=params if url != path else None, timeout=10)

        yield call


def reply(sandbox: RunningSandbox, target: str, **form: str) -> requests.Response:
    with requests.Session() as session:
        session.trust_env = False
        url = f"{sandbox.graph_url}/v25.0/{target}/comments"
        return session.post(url, data={"access_token": "t", **form}, timeout=10)


def posts(sandbox: RunningSandbox, count: int, kind: str = "tagged") -> list[str]:
    return [
        sandbox.state.post_mention(
            f"TelkomCare nomor {number}",
            by="Doni Saputro",
            platform="facebook",
            kind=kind,
            at=START - timedelta(seconds=count - number),
        )
        for number in range(count)
    ]


def test_a_tagged_post_never_tells_its_author(sandbox: RunningSandbox, get: Get) -> None:
    (made,) = posts(sandbox, 1)
    row = get(f"{PAGE}/tagged", fields="id,from,message,created_time").json()["data"][0]
    assert row == {"id": made, "message": "TelkomCare nomor 0", "created_time": "2026-09-01T02:59:59+0000"}


def test_comments_and_the_pages_own_posts_tell_their_author(sandbox: RunningSandbox, get: Get) -> None:
    own = sandbox.state.post_mention("Halo", by="TelkomCare", platform="facebook", kind="page_post")
    comment = {"platform": "facebook", "kind": "comment", "re": own}
    sandbox.state.post_mention("Mati min", by="Doni Saputro", **comment)
    sandbox.state.post_mention("Sama", by=None, **comment)
    feed = get(f"{PAGE}/feed", fields="from{id,name},message").json()["data"]
    assert feed[0]["from"] == {"name": "TelkomCare", "id": PAGE}
    rows = get(f"{own}/comments").json()["data"]
    assert [row.get("from", {}).get("name") for row in rows] == ["Doni Saputro", None]


def test_cursors_lead_through_every_post_once(sandbox: RunningSandbox, get: Get) -> None:
    made = posts(sandbox, 60)
    answer = get(f"{PAGE}/tagged", limit=25).json()
    seen = [row["id"] for row in answer["data"]]
    while "next" in answer["paging"]:
        assert answer["paging"]["next"].startswith(f"{sandbox.graph_url}/v25.0/{PAGE}/tagged?")
        answer = get(answer["paging"]["next"]).json()
        seen += [row["id"] for row in answer["data"]]
    assert seen == made[::-1]
    previous = get(answer["paging"]["previous"]).json()
    assert previous["data"][-1]["id"] == seen[49]


def test_an_empty_edge_has_no_paging(sandbox: RunningSandbox, get: Get) -> None:
    assert get(f"{PAGE}/visitor_posts").json() == {"data": []}


def test_feed_pages_by_time(sandbox: RunningSandbox, get: Get) -> None:
    made = posts(sandbox, 10, kind="visitor")
    since = int((START - timedelta(seconds=3)).timestamp())
    rows = get(f"{PAGE}/feed", since=since).json()["data"]
    assert [row["id"] for row in rows] == made[:-4:-1]
    rows = get(f"{PAGE}/visitor_posts", until=since).json()["data"]
    assert len(rows) == 8


def test_comments_are_filtered_and_ordered(sandbox: RunningSandbox, get: Get) -> None:
    own = sandbox.state.post_mention("Halo", by="TelkomCare", platform="facebook", kind="page_post")
    first = sandbox.state.post_mention(
        "Satu", by="Doni Saputro", platform="facebook", kind="comment", re=own, at=START - timedelta(seconds=9)
    )
    under = sandbox.state.post_mention(
        "Dua", by="Mama Gladys", platform="facebook", kind="comment", re=first, at=START - timedelta(seconds=5)
    )
    assert [row["id"] for row in get(f"{own}/comments").json()["data"]] == [first]
    stream = get(f"{own}/comments", filter="stream", order="reverse_chronological", fields="id,parent").json()
    assert [row["id"] for row in stream["data"]] == [under, first]
    assert stream["data"][0]["parent"]["id"] == first
    since = int((START - timedelta(seconds=6)).timestamp())
    late = get(f"{own}/comments", filter="stream", since=since).json()
    assert [row["id"] for row in late["data"]] == [under]


def test_the_page_and_a_single_comment_can_be_read(sandbox: RunningSandbox, get: Get) -> None:
    assert get(PAGE, fields="id,name").json() == {"id": PAGE, "name": "TelkomCare"}
    own = sandbox.state.post_mention("Halo", by="TelkomCare", platform="facebook", kind="page_post")
    made = sandbox.state.post_mention("Mati", by="Doni Saputro", platform="facebook", kind="comment", re=own)
    assert get(made, fields="from,message").json()["from"]["name"] == "Doni Saputro"


def test_an_edit_keeps_the_id(sandbox: RunningSandbox, get: Get) -> None:
    (made,) = posts(sandbox, 1)
    sandbox.state.edit_mention(made, "TelkomCare sudah hidup")
    rows = get(f"{PAGE}/tagged").json()["data"]
    assert [(row["id"], row["message"]) for row in rows] == [(made, "TelkomCare sudah hidup")]


def test_a_reply_is_a_comment_of_the_page_and_may_be_repeated(sandbox: RunningSandbox, get: Get) -> None:
    (made,) = posts(sandbox, 1)
    answers = [reply(sandbox, made, message="Baik, kami cek.") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    ids = [answer.json()["id"] for answer in answers]
    assert ids[0].split("_")[0] == made.split("_")[1]
    rows = get(f"{made}/comments").json()["data"]
    assert [row["id"] for row in rows] == ids
    assert rows[0]["from"]["id"] == PAGE
    assert [entry.id for entry in sandbox.state.created] == ids
    assert reply(sandbox, made, message=" ").json()["error"]["code"] == 100


@pytest.mark.parametrize(
    ("path", "params", "code"),
    [
        (f"{PAGE}/tagged", {"fields": "id,shoe_size"}, 100),
        (f"{PAGE}/tagged", {"limit": "101"}, 100),
        (f"{PAGE}/tagged", {"after": "!!"}, 100),
        (f"{PAGE}/feed", {"since": "dulu"}, 100),
        (PAGE, {"fields": "mood"}, 100),
        ("1/tagged", {}, 100),
        ("1_2/comments", {}, 100),
        (f"{PAGE}/enemies", {}, 2500),
    ],
)
def test_a_wrong_request_is_refused_with_graphs_code(get: Get, path: str, params: dict[str, str], code: int) -> None:
    answer = get(path, **params)
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == code
    assert {"message", "type", "fbtrace_id"} <= answer.json()["error"].keys()


def test_an_unknown_version_is_refused(sandbox: RunningSandbox, get: Get) -> None:
    answer = get(f"{sandbox.graph_url}/v1.0/{PAGE}/tagged?access_token=t")
    assert answer.json()["error"]["code"] == 2500


def test_a_token_is_required(get: Get) -> None:
    answer = get(f"{PAGE}/tagged", token=None)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, 190)


def test_the_proof_is_checked_where_the_app_has_a_secret(sandbox: RunningSandbox, get: Get) -> None:
    sandbox.state.credentials = replace(sandbox.state.credentials, app_secret="rahasia")
    assert get(f"{PAGE}/tagged").json()["error"]["code"] == 100
    wrong = get(f"{PAGE}/tagged", appsecret_proof="00")
    assert wrong.json()["error"]["message"].startswith("Invalid appsecret_proof")
    proof = hmac.new(b"rahasia", b"t", hashlib.sha256).hexdigest()
    assert get(f"{PAGE}/tagged", appsecret_proof=proof).json() == {"data": []}


def test_usage_headers_come_with_every_answer(sandbox: RunningSandbox, get: Get) -> None:
    sandbox.state.graph_usage = 95
    answer = get(f"{PAGE}/tagged")
    assert json.loads(answer.headers["x-app-usage"])["call_count"] == 95
    business = json.loads(answer.headers["x-business-use-case-usage"])[PAGE][0]
    assert {"type", "call_count", "estimated_time_to_regain_access"} <= business.keys()
