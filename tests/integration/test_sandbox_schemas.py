"""The whole scenario, read with every field, keeps to the published schemas (X OpenAPI 2.168; Graph reference)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import requests
from jsonschema import Draft202012Validator

from deployments.sandbox.records import snowflake_time
from deployments.sandbox.server import RunningSandbox
from deployments.sandbox.x_checks import EXPANSIONS, TWEET_FIELDS, USER_FIELDS

START = datetime(2026, 9, 1, 3, 0, tzinfo=UTC)
ID = {"type": "string", "pattern": "^[0-9]{1,19}$"}
HANDLE = {"type": "string", "pattern": "^[A-Za-z0-9_]{1,15}$"}
X_TIME = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z$"}
GRAPH_TIME = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+0000$"}
COUNT = {"type": "integer", "minimum": 0}
TEXT = {"type": "string"}


def exactly(required: dict[str, Any], optional: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": required | (optional or {}),
        "required": list(required),
        "additionalProperties": False,
    }


def many(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items, "minItems": 1}


def counts(*names: str) -> dict[str, Any]:
    return exactly(dict.fromkeys(names, COUNT))


SPAN = {"start": COUNT, "end": COUNT}
ENTITIES = exactly(
    {},
    {
        "mentions": many(exactly({**SPAN, "username": HANDLE}, {"id": ID})),
        "hashtags": many(exactly({**SPAN, "tag": TEXT})),
        "urls": many(exactly({**SPAN, "url": TEXT}, {"expanded_url": TEXT, "display_url": TEXT})),
    },
)
POST = exactly(
    {"id": ID, "text": {"type": "string", "maxLength": 280}, "edit_history_tweet_ids": many(ID)},
    {
        "author_id": ID,
        "conversation_id": ID,
        "created_at": X_TIME,
        "display_text_range": {"type": "array", "items": COUNT, "minItems": 2, "maxItems": 2},
        # The document says integer, the real API sends a string (platforms.md).
        "edit_controls": exactly(
            {"edits_remaining": TEXT, "is_edit_eligible": {"type": "boolean"}, "editable_until": X_TIME}
        ),
        "entities": ENTITIES,
        "in_reply_to_user_id": ID,
        "lang": TEXT,
        "note_tweet": exactly({"text": TEXT}, {"entities": ENTITIES}),
        "possibly_sensitive": {"type": "boolean"},
        "public_metrics": counts(
            "retweet_count", "reply_count", "like_count", "quote_count", "bookmark_count", "impression_count"
        ),
        "referenced_tweets": many(exactly({"type": {"enum": ["replied_to", "quoted", "retweeted"]}, "id": ID})),
        "reply_settings": {"enum": ["everyone", "mentionedUsers", "following", "other"]},
    },
)
USER = exactly(
    {"id": ID, "name": TEXT, "username": HANDLE},
    {
        "created_at": X_TIME,
        "description": TEXT,
        "parody": {"type": "boolean"},
        "profile_image_url": TEXT,
        "protected": {"type": "boolean"},
        "public_metrics": counts(
            "followers_count", "following_count", "tweet_count", "listed_count", "like_count", "media_count"
        ),
        "verified": {"type": "boolean"},
        "verified_type": {"enum": ["blue", "government", "business", "none"]},
    },
)
PROBLEM = {"type": "object", "required": ["title", "type", "detail"], "properties": {"type": TEXT}}
MENTIONS = exactly(
    {"meta": exactly({"result_count": COUNT}, dict.fromkeys(("newest_id", "oldest_id"), ID))},
    {"data": many(POST), "includes": exactly({}, {"users": many(USER), "tweets": many(POST)}), "errors": many(PROBLEM)},
)
MENTIONS["properties"]["meta"]["properties"] |= dict.fromkeys(("next_token", "previous_token"), TEXT)
FROM = exactly({"id": ID, "name": TEXT})
GRAPH_ID = {"type": "string", "pattern": r"^\d+_\d+$"}
OBJECT = exactly(
    {"id": GRAPH_ID, "created_time": GRAPH_TIME, "message": TEXT, "permalink_url": TEXT},
    {"from": FROM, "parent": exactly({"id": GRAPH_ID, "created_time": GRAPH_TIME}), "comment_count": COUNT},
)
PAGING = exactly({"cursors": exactly({"before": TEXT, "after": TEXT})}, {"next": TEXT, "previous": TEXT})
GRAPH = exactly({"data": {"type": "array", "items": OBJECT}}, {"paging": PAGING})


@pytest.fixture(scope="module")
def played() -> Iterator[RunningSandbox]:
    with RunningSandbox(now=lambda: START) as running:
        running.state.advance(3700)
        yield running


def read(url: str, **params: Any) -> dict[str, Any]:
    with requests.Session() as session:
        session.trust_env = False
        answer = session.get(url, params=params, headers={"Authorization": "Bearer t"}, timeout=10)
    assert answer.status_code == 200, answer.text
    return answer.json()


def keep_to(schema: dict[str, Any], answer: dict[str, Any]) -> None:
    faults = [f"{fault.json_path}: {fault.message}" for fault in Draft202012Validator(schema).iter_errors(answer)]
    assert faults == []


def x_pages(url: str, **params: Any) -> Iterator[dict[str, Any]]:
    fields = {"tweet.fields": TWEET_FIELDS, "user.fields": USER_FIELDS, "expansions": EXPANSIONS}
    asked = {name: ",".join(sorted(values)) for name, values in fields.items()}
    while True:
        answer = read(url, max_results=100, **asked, **params)
        yield answer
        if "next_token" not in answer["meta"]:
            return
        params["pagination_token"] = answer["meta"]["next_token"]


def test_every_mention_on_x_keeps_to_the_published_schema(played: RunningSandbox) -> None:
    rows = 0
    for entry in played.state.watched:
        if entry.account.platform == "x":
            for answer in x_pages(f"{played.x_url}/2/users/{entry.account.id}/mentions"):
                keep_to(MENTIONS, answer)
                rows += len(answer["data"])
    assert rows > 250


def test_every_found_post_keeps_to_the_published_schema(played: RunningSandbox) -> None:
    for answer in x_pages(f"{played.x_url}/2/tweets/search/recent", query="@TelkomCare OR @IndiHomeCare"):
        keep_to(MENTIONS, answer)


def test_spans_point_at_their_words_and_ids_at_their_time(played: RunningSandbox) -> None:
    for answer in x_pages(f"{played.x_url}/2/users/2291001457/mentions"):
        for row in answer["data"]:
            at = snowflake_time(int(row["id"]))
            assert row["created_at"] == at.strftime("%Y-%m-%dT%H:%M:%S.000Z")
            whole = row.get("note_tweet", {}).get("text", row["text"])
            for span in row.get("note_tweet", row).get("entities", {}).get("mentions", []):
                assert whole[span["start"] : span["end"]] == f"@{span['username']}"


def test_users_keep_to_the_published_schema(played: RunningSandbox) -> None:
    ids = [account.id for account in played.state.scenario.accounts if account.platform == "x"]
    fields = ",".join(sorted(USER_FIELDS))
    answer = read(f"{played.x_url}/2/users", ids=",".join(ids[:100]), **{"user.fields": fields})
    keep_to(exactly({"data": many(USER)}, {"errors": many(PROBLEM)}), answer)


def test_every_facebook_object_keeps_to_the_published_schema(played: RunningSandbox) -> None:
    base = f"{played.graph_url}/v25.0"
    fields = "id,created_time,message,permalink_url,from"
    posts: list[str] = []
    for edge in ("tagged", "visitor_posts", "feed"):
        answer = read(f"{base}/104217889300145/{edge}", access_token="t", limit=100, fields=fields)
        keep_to(GRAPH, answer)
        assert edge == "feed" or not any("from" in row for row in answer["data"])
        posts += [row["id"] for row in answer["data"]]
    comments = 0
    for post in posts:
        more = {"access_token": "t", "limit": 100, "filter": "stream", "fields": fields + ",parent,comment_count"}
        answer = read(f"{base}/{post}/comments", **more)
        keep_to(GRAPH, answer)
        comments += len(answer["data"])
    assert comments >= 20
