"""The sandbox's X API over a real socket: shapes, fields, paging, refusals, creating posts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
import tweepy

from deployments.sandbox.records import snowflake_time
from deployments.sandbox.server import RunningSandbox

START = datetime(2026, 9, 1, 3, 0, tzinfo=UTC)
CARE = "2291001457"
Get = Callable[..., requests.Response]


@pytest.fixture
def sandbox() -> Iterator[RunningSandbox]:
    with RunningSandbox(now=lambda: START, play=False) as running:
        yield running


@pytest.fixture
def played() -> Iterator[RunningSandbox]:
    with RunningSandbox(now=lambda: START) as running:
        running.state.advance(3700)
        yield running


@pytest.fixture
def get() -> Iterator[Get]:
    with requests.Session() as session:
        session.trust_env = False

        def call(url: str, token: str | None = "t", **params: Any) -> requests.Response:
            headers = {"Authorization": f"Bearer {token}"} if token else {}
            return session.get(url, params=params, headers=headers, timeout=10)

        yield call


def post(sandbox: RunningSandbox, body: dict[str, Any], token: str = "t") -> requests.Response:
    with requests.Session() as session:
        session.trust_env = False
        headers = {"Authorization": f"Bearer {token}"}
        return session.post(f"{sandbox.x_url}/2/tweets", json=body, headers=headers, timeout=10)


def mentions_url(sandbox: RunningSandbox) -> str:
    return f"{sandbox.x_url}/2/users/{CARE}/mentions"


def test_only_default_fields_come_unasked(sandbox: RunningSandbox, get: Get) -> None:
    made = sandbox.state.post_mention("@TelkomCare internet mati", by="kevinlimm")
    answer = get(mentions_url(sandbox)).json()
    text = "@TelkomCare internet mati"
    assert answer["data"] == [{"id": made, "text": text, "edit_history_tweet_ids": [made]}]
    assert answer["meta"] == {"newest_id": made, "oldest_id": made, "result_count": 1}
    assert "includes" not in answer


def test_asked_fields_come_in_their_published_shape(sandbox: RunningSandbox, get: Get) -> None:
    made = sandbox.state.post_mention("@TelkomCare lihat https://contoh.example/a?b=1", by="kevinlimm")
    fields = "author_id,created_at,conversation_id,entities,public_metrics,lang,edit_controls"
    user_fields = "description,public_metrics,verified,verified_type,created_at"
    asked = {"tweet.fields": fields, "user.fields": user_fields, "expansions": "author_id"}
    answer = get(mentions_url(sandbox), **asked).json()
    row = answer["data"][0]
    assert row["created_at"] == "2026-09-01T03:00:00.000Z"
    assert snowflake_time(int(made)) == START
    assert row["conversation_id"] == made
    link = row["entities"]["urls"][0]
    assert row["text"][link["start"] : link["end"]] == link["url"]
    assert link["expanded_url"] == "https://contoh.example/a?b=1"
    assert row["entities"]["mentions"] == [{"start": 0, "end": 11, "username": "TelkomCare", "id": CARE}]
    assert isinstance(row["edit_controls"]["edits_remaining"], str)
    user = answer["includes"]["users"][0]
    assert (user["id"], user["username"], user["verified_type"]) == (row["author_id"], "kevinlimm", "none")
    assert set(user["public_metrics"]) >= {"followers_count", "following_count", "tweet_count", "listed_count"}


def test_an_empty_page_has_no_data(sandbox: RunningSandbox, get: Get) -> None:
    assert get(mentions_url(sandbox)).json() == {"meta": {"result_count": 0}}


def test_a_long_post_carries_its_whole_text_in_note_tweet(sandbox: RunningSandbox, get: Get) -> None:
    text = "@TelkomCare " + "panjang sekali " * 40
    sandbox.state.post_mention(text, by="kevinlimm")
    row = get(mentions_url(sandbox), **{"tweet.fields": "note_tweet"}).json()["data"][0]
    assert row["note_tweet"]["text"] == text
    assert len(row["text"]) <= 280


def test_markup_in_a_text_is_escaped_as_x_does(sandbox: RunningSandbox, get: Get) -> None:
    sandbox.state.post_mention("@TelkomCare <b>A & B</b> \ud800", by="kevinlimm")
    row = get(mentions_url(sandbox)).json()["data"][0]
    assert row["text"] == "@TelkomCare &lt;b&gt;A &amp; B&lt;/b&gt; \ud800"


def test_a_missing_author_is_an_error_entry_not_a_user(sandbox: RunningSandbox, get: Get) -> None:
    sandbox.state.post_mention("@TelkomCare halo", by="akunhilang01")
    answer = get(mentions_url(sandbox), expansions="author_id").json()
    assert "includes" not in answer
    assert answer["errors"][0]["title"] == "Forbidden"
    assert answer["errors"][0]["type"].endswith("/resource-not-found")
    assert answer["errors"][0]["resource_id"] == answer["data"][0]["author_id"]


def test_pages_lead_through_everything_newest_first(played: RunningSandbox, get: Get) -> None:
    ids: list[str] = []
    token: dict[str, str] = {}
    while True:
        answer = get(mentions_url(played), max_results=50, **token).json()
        ids += [row["id"] for row in answer["data"]]
        if "next_token" not in answer["meta"]:
            break
        token = {"pagination_token": answer["meta"]["next_token"]}
    assert len(ids) > 100
    assert [int(one) for one in ids] == sorted({int(one) for one in ids}, reverse=True)
    back = get(mentions_url(played), max_results=50, pagination_token=answer["meta"]["previous_token"]).json()
    assert back["data"][-1]["id"] == ids[ids.index(answer["data"][0]["id"]) - 1]


def test_only_the_newest_800_mentions_can_be_read(sandbox: RunningSandbox, get: Get) -> None:
    for number in range(805):
        at = START - timedelta(seconds=900 - number)
        sandbox.state.post_mention(f"@TelkomCare nomor {number}", by="kevinlimm", at=at)
    seen, token = 0, {}
    while True:
        answer = get(mentions_url(sandbox), max_results=100, **token).json()
        seen += answer["meta"]["result_count"]
        if "next_token" not in answer["meta"]:
            break
        token = {"pagination_token": answer["meta"]["next_token"]}
    assert seen == 800


def test_since_id_beats_start_time(sandbox: RunningSandbox, get: Get) -> None:
    first = sandbox.state.post_mention("@TelkomCare satu", by="kevinlimm", at=START - timedelta(hours=1))
    second = sandbox.state.post_mention("@TelkomCare dua", by="kevinlimm", at=START - timedelta(minutes=30))
    late = "2026-09-01T02:59:00Z"
    assert "data" not in get(mentions_url(sandbox), start_time=late).json()
    answer = get(mentions_url(sandbox), start_time=late, since_id=first).json()
    assert [row["id"] for row in answer["data"]] == [second]


def test_an_edited_post_has_a_new_id_and_its_history(sandbox: RunningSandbox, get: Get) -> None:
    first = sandbox.state.post_mention("@TelkomCare interent mati", by="kevinlimm")
    sandbox.state.advance(40)
    second = sandbox.state.edit_mention(first, "@TelkomCare internet mati")
    rows = get(mentions_url(sandbox)).json()["data"]
    assert [row["id"] for row in rows] == [second]
    assert rows[0]["edit_history_tweet_ids"] == [first, second]


@pytest.mark.parametrize(
    "params",
    [
        {"max_results": 4},
        {"max_results": 101},
        {"since_id": "abc"},
        {"start_time": "kemarin"},
        {"pagination_token": "zzz"},
        {"tweet.fields": "colour"},
        {"user.fields": "salary"},
        {"expansions": "everything"},
        {"limit": 5},
    ],
)
def test_a_wrong_parameter_is_refused_by_name(sandbox: RunningSandbox, get: Get, params: dict[str, Any]) -> None:
    answer = get(mentions_url(sandbox), **params)
    assert answer.status_code == 400
    assert answer.json()["title"] == "Invalid Request"
    assert list(answer.json()["errors"][0]["parameters"]) == list(params)


def test_a_missing_or_wrong_token_is_unauthorised(sandbox: RunningSandbox, get: Get) -> None:
    answer = get(mentions_url(sandbox), token=None)
    assert (answer.status_code, answer.json()["title"]) == (401, "Unauthorized")
    assert answer.headers["content-type"].startswith("application/problem+json")


def test_every_answer_carries_the_rate_limit_headers(sandbox: RunningSandbox, get: Get) -> None:
    sandbox.state.x_rate_limits["mentions"] = 2
    answers = [get(mentions_url(sandbox)) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert [answer.headers["x-rate-limit-remaining"] for answer in answers] == ["1", "0", "0"]
    assert answers[2].headers["x-rate-limit-reset"] == str(int((START + timedelta(minutes=15)).timestamp()))
    sandbox.state.advance(901)
    assert get(mentions_url(sandbox)).status_code == 200


def test_users_are_looked_up_by_ids_and_by_name(sandbox: RunningSandbox, get: Get) -> None:
    kevin = sandbox.state.account_named("kevinlimm")
    asked = {"ids": f"{kevin.id},999", "user.fields": "description"}
    answer = get(f"{sandbox.x_url}/2/users", **asked).json()
    assert answer["data"][0] == {
        "id": kevin.id,
        "name": kevin.name,
        "username": "kevinlimm",
        "description": kevin.bio,
    }
    assert answer["errors"][0]["type"].endswith("/resource-not-found")
    one = get(f"{sandbox.x_url}/2/users/by/username/KevinLimm").json()
    assert one["data"]["id"] == kevin.id
    too_many = get(f"{sandbox.x_url}/2/users", ids=",".join(["1"] * 101))
    assert too_many.status_code == 400


def test_recent_search_finds_by_query_and_refuses_old_ids(sandbox: RunningSandbox, get: Get) -> None:
    url = f"{sandbox.x_url}/2/tweets/search/recent"
    at = START - timedelta(minutes=5)
    wanted = sandbox.state.post_mention("@larasdinanti kabel putus", by="kevinlimm", at=at)
    sandbox.state.post_mention("@larasdinanti selamat", by="nisaqr", at=at)
    sandbox.state.post_mention("ulang", by="nisaqr", kind="repost", re=wanted, at=at)
    answer = get(url, query="(@larasdinanti OR @TelkomCare) -from:nisaqr").json()
    assert [row["id"] for row in answer["data"]] == [wanted]
    old = get(url, query="@larasdinanti", since_id="5")
    assert old.status_code == 400
    assert "must be a tweet id created after" in old.json()["errors"][0]["message"]
    assert get(url).status_code == 400
    assert get(url, query="x" * 513).status_code == 400


def test_a_reply_is_posted_where_the_author_mentioned_the_account(sandbox: RunningSandbox, get: Get) -> None:
    asked = sandbox.state.post_mention("@TelkomCare mati", by="kevinlimm")
    answer = post(sandbox, {"text": "Baik Kak, kami cek.", "reply": {"in_reply_to_tweet_id": asked}})
    assert answer.status_code == 201
    assert answer.json()["data"]["id"] == sandbox.state.created[0].id
    assert sandbox.state.created[0].in_reply_to == asked
    again = post(sandbox, {"text": "Baik Kak, kami cek.", "reply": {"in_reply_to_tweet_id": asked}})
    assert (again.status_code, "duplicate content" in again.json()["detail"]) == (403, True)


def test_the_reply_gate_keeps_the_care_account_from_a_bod_mention(sandbox: RunningSandbox) -> None:
    asked = sandbox.state.post_mention("@larasdinanti mati", by="kevinlimm")
    body = {"text": "Baik Kak.", "reply": {"in_reply_to_tweet_id": asked}}
    answer = post(sandbox, body)
    assert answer.status_code == 403
    assert answer.json()["detail"].startswith("Reply to this conversation is not allowed")
    assert sandbox.state.created == []


def test_a_token_of_a_watched_account_posts_as_that_account(sandbox: RunningSandbox) -> None:
    asked = sandbox.state.post_mention("@IndiHomeCare mati", by="kevinlimm")
    body = {"text": "Baik Kak.", "reply": {"in_reply_to_tweet_id": asked}}
    assert post(sandbox, body).status_code == 403
    assert post(sandbox, body, token="sandbox-indihomecare").status_code == 201


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"text": "a" * 281}, 403),
        ({"text": "😀" * 141}, 403),
        ({"text": "😀" * 140}, 201),
        ({"text": "x" * 256 + " https://contoh.example/" + "p" * 200}, 201),
        ({"text": ""}, 400),
        ({}, 400),
        ({"text": "a", "mood": "happy"}, 400),
        ({"text": "a", "reply": {"in_reply_to_tweet_id": "x"}}, 400),
        ({"text": "a", "reply": {"in_reply_to_tweet_id": "123"}}, 403),
    ],
)
def test_a_post_is_checked_before_it_is_made(sandbox: RunningSandbox, body: dict[str, Any], status: int) -> None:
    assert post(sandbox, body).status_code == status


def test_an_unknown_path_is_404_with_an_empty_body(sandbox: RunningSandbox, get: Get) -> None:
    answer = get(f"{sandbox.x_url}/2/nothing")
    assert (answer.status_code, answer.content) == (404, b"")


def test_tweepy_reads_the_mentions(played: RunningSandbox) -> None:
    class ToSandbox(requests.adapters.HTTPAdapter):
        def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
            request.url = (request.url or "").replace("https://api.twitter.com", played.x_url)
            return super().send(request, *args, **kwargs)

    client = tweepy.Client(bearer_token="t")
    client.session.trust_env = False
    client.session.mount("https://api.twitter.com", ToSandbox())
    page = client.get_users_mentions(
        CARE, max_results=100, expansions=["author_id"], tweet_fields=["created_at", "note_tweet"]
    )
    assert len(page.data) == 100
    assert page.data[0].created_at == snowflake_time(page.data[0].id).replace(microsecond=0)
