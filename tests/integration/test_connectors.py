"""The platforms' connectors over a real socket: what they ask, what they answer, how they fail, what they never say."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from prefect.states import Failed

from deployments.sandbox.server import RunningSandbox
from models.mentions import Mention, MentionKind, Page, Platform, WatchedAccount, Window
from models.paging import PageGuard
from tasks.platforms import errors
from tasks.platforms.facebook import FacebookClient
from tasks.platforms.pull import worth_retrying
from tasks.platforms.x import XClient, snowflake
from tasks.platforms.x_parse import parse_page

CARE = WatchedAccount(1, Platform.X, "2291001457", "TelkomCare", "care")
DIRECTOR = WatchedAccount(2, Platform.X, "334918207", "larasdinanti", "bod")
PAGE = WatchedAccount(3, Platform.FACEBOOK, "104217889300145", "TelkomCare", "care")
SECRETS = ("rahasia-x", "rahasia-page", "rahasia-app")
BY = "bimanugraha_ri"
PERSON = "Retno Puspaningrum"


@pytest.fixture
def sandbox() -> Iterator[RunningSandbox]:
    with RunningSandbox(play=False, history=0.0) as running:
        yield running


@pytest.fixture
def x(sandbox: RunningSandbox) -> XClient:
    return XClient(sandbox.x_url, SECRETS[0], timeout=1)


@pytest.fixture
def facebook(sandbox: RunningSandbox) -> FacebookClient:
    return FacebookClient(f"{sandbox.graph_url}/v25.0", SECRETS[1], SECRETS[2], timeout=1)


def retried(error: Exception) -> bool:
    nothing: Any = None
    return worth_retrying(nothing, nothing, Failed(data=error))


def lately() -> Window:
    return Window(datetime.now(UTC) - timedelta(hours=1))


def pulled(ask: Callable[[str | None], Page]) -> list[Mention]:
    guard, token, found = PageGuard(), None, []
    while True:
        page = ask(token)
        found += page.mentions
        if not guard.goes_on(page):
            return found
        token = page.next_token


def test_x_tells_a_mention_with_its_author(sandbox: RunningSandbox, x: XClient) -> None:
    root = sandbox.state.post_mention("@TelkomCare mati & total <b>", by=BY)
    reply = sandbox.state.post_mention("@TelkomCare masih", by=BY, kind="reply", re=root)
    page = x.mentions_page(CARE, lately(), None, True)
    assert [one.external_id for one in page.mentions] == [reply, root]
    newest, oldest = page.mentions
    assert (oldest.text, oldest.kind) == ("@TelkomCare mati & total <b>", MentionKind.POST)
    assert (newest.kind, newest.in_reply_to, newest.conversation_id) == (MentionKind.REPLY, root, root)
    (author,) = page.authors
    assert (author.handle, author.verified) == (BY, "blue")
    assert author.followers
    assert (page.reads.owned_posts, page.reads.posts, page.reads.users) == (2, 0, 1)


def test_x_bills_a_directors_mentions_as_posts_and_authors_only_when_asked(sandbox: RunningSandbox, x: XClient) -> None:
    sandbox.state.post_mention("@larasdinanti halo", by=BY)
    page = x.mentions_page(DIRECTOR, lately(), None, False)
    assert (page.reads.owned_posts, page.reads.posts, page.reads.users, page.authors) == (0, 1, 0, ())
    authors, reads = x.look_up_users([str(page.mentions[0].author_id), "404"])
    assert [author.handle for author in authors] == [BY]
    assert reads.users == 1


def test_x_pages_to_the_end_and_starts_where_asked(sandbox: RunningSandbox, x: XClient) -> None:
    now = datetime.now(UTC)
    for number in range(230):
        sandbox.state.post_mention(f"@TelkomCare {number}", by=BY, at=now - timedelta(seconds=240 - number))
    assert len(pulled(lambda token: x.mentions_page(CARE, lately(), token, False))) == 230
    since = Window(now - timedelta(seconds=19.5))
    assert len(pulled(lambda token: x.mentions_page(CARE, since, token, False))) == 9
    until = Window(now - timedelta(hours=1), now - timedelta(seconds=20.5))
    assert len(pulled(lambda token: x.mentions_page(CARE, until, token, False))) == 220


def test_x_search_finds_by_handle_within_seven_days(sandbox: RunningSandbox, x: XClient) -> None:
    now = datetime.now(UTC)
    found = sandbox.state.post_mention("@TelkomCare dua hari lalu", by=BY, at=now - timedelta(days=2))
    page = x.search_page(CARE, Window(now - timedelta(days=30)), None, False)
    assert [one.external_id for one in page.mentions] == [found]
    assert page.reads.posts == 1
    old = x.search_page(CARE, Window(now - timedelta(days=30), now - timedelta(days=20)), None, False)
    assert old.mentions == ()
    assert "reaches back" in old.warnings[0]


def test_an_edit_is_the_same_mention_in_a_newer_version(sandbox: RunningSandbox, x: XClient) -> None:
    first = sandbox.state.post_mention("@TelkomCare satu", by=BY)
    second = sandbox.state.edit_mention(first, "@TelkomCare dua")
    (mention,) = x.mentions_page(CARE, lately(), None, False).mentions
    assert (mention.external_id, mention.version, mention.text) == (first, second.zfill(20), "@TelkomCare dua")


def test_both_vocabularies_long_posts_missing_parts_and_nonsense() -> None:
    answer: dict[str, Any] = {
        "data": [
            {
                "id": "1900000000000000001",
                "text": "pendek …",
                "note_post": {"text": "panjang sekali " * 40},
                "author_id": "7",
                "created_at": "2026-03-10T05:00:00.000Z",
                "referenced_posts": [{"type": "quoted", "id": "5"}],
                "edit_history_post_ids": ["1900000000000000000", "1900000000000000001"],
                "entities": {"mentions": [{"start": 0, "username": "TelkomCare"}, {"start": 3}]},
            },
            {"id": "1900000000000000002", "text": "tanpa apa pun"},
            {"id": "bukan angka", "text": "x"},
            {"text": "tanpa id"},
            "bukan objek",
            {"id": "3", "text": "y", "created_at": "kemarin"},
        ],
        "includes": {"users": [{"id": "7", "username": "a", "name": "A"}, {"username": "tanpa id"}, None]},
        "errors": [{"title": "Forbidden", "resource_type": "user", "detail": "rahasia"}] * 2,
        "meta": {"next_token": "lagi"},
    }
    page = parse_page(answer, source="x:mentions", owned=True)
    long, bare = page.mentions
    assert len(long.text) > 280
    assert (long.external_id, long.kind, long.mentioned_handles) == (
        "1900000000000000000",
        MentionKind.QUOTE,
        ("TelkomCare",),
    )
    assert (bare.author_id, bare.conversation_id) == (None, "1900000000000000002")
    assert snowflake(bare.posted_at) <= int(bare.external_id)
    assert [row.reasons for row in page.refused] == [
        ("id: must be a number",),
        ("id: must be a number",),
        ("id: must be a number", "text: is missing"),
        ("created_at: is no time, and the id tells none",),
    ]
    assert page.warnings == ("X: partial answer, 2 × Forbidden (user)",)
    assert page.next_token == "lagi"
    assert parse_page({"meta": {"result_count": 0}}, source="x:mentions", owned=True).mentions == ()


def test_facebook_tells_posts_and_comments_and_who_wrote_where_it_does(
    sandbox: RunningSandbox, facebook: FacebookClient
) -> None:
    state = sandbox.state
    own = state.post_mention("Selamat pagi", by="TelkomCare", platform="facebook", kind="page_post")
    tagged = state.post_mention("mati total", by=PERSON, platform="facebook")
    visitor = state.post_mention("lemot", by=PERSON, platform="facebook", kind="visitor")
    comment = state.post_mention("sama kak", by=PERSON, platform="facebook", kind="comment", re=own)
    nested = state.post_mention("iya sama", by=PERSON, platform="facebook", kind="comment", re=comment)
    found = {one.external_id: one for one in pulled(lambda token: facebook.mentions_page(PAGE, lately(), token))}
    assert set(found) == {tagged, visitor, comment, nested}
    assert found[tagged].author_id is None
    assert found[comment].author_id == found[nested].author_id is not None
    assert found[nested].conversation_id == found[comment].conversation_id == own
    assert found[nested].in_reply_to == comment


def test_facebook_pages_to_the_end_within_the_window(sandbox: RunningSandbox, facebook: FacebookClient) -> None:
    now = datetime.now(UTC)
    for number in range(130):
        at = now - timedelta(seconds=140 - number)
        sandbox.state.post_mention(f"mati {number}", by=PERSON, platform="facebook", at=at)
    assert len(pulled(lambda token: facebook.mentions_page(PAGE, lately(), token))) == 130
    part = Window(now - timedelta(seconds=100), now - timedelta(seconds=50))
    assert 49 <= len(pulled(lambda token: facebook.mentions_page(PAGE, part, token))) <= 51


def test_facebook_proves_the_app_and_refuses_a_wrong_secret(sandbox: RunningSandbox) -> None:
    sandbox.state.credentials = replace(sandbox.state.credentials, app_secret=SECRETS[2], graph_token=SECRETS[1])
    base = f"{sandbox.graph_url}/v25.0"
    FacebookClient(base, SECRETS[1], SECRETS[2], 1).mentions_page(PAGE, lately(), None)
    with pytest.raises(errors.RequestRefused):
        FacebookClient(base, SECRETS[1], None, 1).mentions_page(PAGE, lately(), None)
    with pytest.raises(errors.CredentialsRefused):
        FacebookClient(base, "lain", SECRETS[2], 1).mentions_page(PAGE, lately(), None)


def test_facebook_warns_before_the_call_budget_is_used_up(sandbox: RunningSandbox, facebook: FacebookClient) -> None:
    sandbox.state.graph_usage = 85
    assert facebook.mentions_page(PAGE, lately(), None).warnings == ("Facebook: 85 % of the call budget is used",)


FAULTS = [
    ("x", "rate_limit", errors.RateLimited),
    ("x", "server_error", errors.PlatformUnavailable),
    ("x", "timeout", errors.PlatformUnavailable),
    ("x", "half_page", errors.PlatformUnavailable),
    ("x", "malformed_json", errors.PlatformUnavailable),
    ("x", "credits_depleted", errors.CreditsDepleted),
    ("x", "bad_token", errors.CredentialsRefused),
    ("graph", "rate_limit", errors.RateLimited),
    ("graph", "server_error", errors.PlatformUnavailable),
    ("graph", "timeout", errors.PlatformUnavailable),
    ("graph", "half_page", errors.PlatformUnavailable),
    ("graph", "malformed_json", errors.PlatformUnavailable),
    ("graph", "bad_token", errors.CredentialsRefused),
]


@pytest.mark.parametrize(("target", "kind", "expected"), FAULTS)
def test_each_fault_is_one_named_error_without_a_secret(
    sandbox: RunningSandbox,
    x: XClient,
    facebook: FacebookClient,
    target: str,
    kind: str,
    expected: type[errors.PlatformError],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    sandbox.state.post_mention("@TelkomCare mati", by=BY)
    sandbox.state.post_mention("mati", by=PERSON, platform="facebook")
    sandbox.state.faults.add(target, kind, times=1, seconds=2 if kind == "timeout" else 120)
    window = lately()
    with pytest.raises(errors.PlatformError) as raised:
        x.mentions_page(CARE, window, None, True) if target == "x" else facebook.mentions_page(PAGE, window, None)
    assert type(raised.value) is expected
    assert retried(raised.value) is (expected is errors.PlatformUnavailable)
    chain = f"{raised.value!r} {raised.value.__cause__!r} {raised.value.__suppress_context__}"
    for secret in SECRETS:
        assert secret not in chain + caplog.text
    if isinstance(raised.value, errors.RateLimited):
        assert timedelta(0) < raised.value.reset_at - datetime.now(UTC) <= timedelta(minutes=16)


def test_our_own_defects_are_not_retried() -> None:
    assert retried(KeyError("x")) is False


def test_a_watched_account_that_is_not_there_is_said(x: XClient) -> None:
    ghost = WatchedAccount(9, Platform.X, "404", "hantu", "care")
    with pytest.raises(errors.RequestRefused, match="not there"):
        x.mentions_page(ghost, lately(), None, False)


def test_nothing_listening_is_unavailable() -> None:
    with pytest.raises(errors.PlatformUnavailable):
        XClient("http://127.0.0.1:9", "t", 1).mentions_page(CARE, lately(), None, False)
    with pytest.raises(errors.PlatformUnavailable):
        FacebookClient("http://127.0.0.1:9", "t", None, 1).mentions_page(PAGE, lately(), None)
