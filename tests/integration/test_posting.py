"""Answering over a real socket: posted, found again, refused in words, and never said twice by mistake."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import requests

from deployments.sandbox.server import RunningSandbox
from tasks.platforms import credentials, errors, posting
from tasks.platforms.facebook_posting import FacebookPoster
from tasks.platforms.posting import Sender
from tasks.platforms.x_posting import XPoster, essence
from tests.conftest import Desk

CARE = Sender("x", "2291001457", "TelkomCare")
BOD = Sender("x", "187340221", "wirasena_bdt")
PAGE = Sender("facebook", "104217889300145", "TelkomCare")
BY = "bimanugraha_ri"
PERSON = "Retno Puspaningrum"
ANSWER = "Halo Kak <b>, mohon maaf & terima kasih. Cek https://telkom.co.id/bantuan?a=1&b=2 ya 🙏"
SECRETS = ("rahasia-key", "rahasia-secret", "sandbox-telkomcare", "rahasia-token", "rahasia-page", "rahasia-app")


@pytest.fixture
def sandbox() -> Iterator[RunningSandbox]:
    with RunningSandbox(play=False, history=0.0) as running:
        yield running


def poster(url: str, token: str = "sandbox-telkomcare", handle: str = "TelkomCare") -> XPoster:
    keys = {"consumer_key": SECRETS[0], "consumer_secret": SECRETS[1]}
    return XPoster(url, handle, {**keys, "access_token": token, "access_token_secret": SECRETS[3]}, timeout=1)


@pytest.fixture
def x(sandbox: RunningSandbox) -> XPoster:
    return poster(sandbox.x_url)


@pytest.fixture
def facebook(sandbox: RunningSandbox) -> FacebookPoster:
    return FacebookPoster(f"{sandbox.graph_url}/v25.0", SECRETS[4], SECRETS[5], timeout=1)


@pytest.fixture
def mention(sandbox: RunningSandbox) -> str:
    return sandbox.state.post_mention("@TelkomCare internet mati", by=BY)


@pytest.fixture
def comment(sandbox: RunningSandbox) -> str:
    own = sandbox.state.post_mention("Selamat pagi", by="TelkomCare", platform="facebook", kind="page_post")
    return sandbox.state.post_mention("mati kak", by=PERSON, platform="facebook", kind="comment", re=own)


def lately() -> datetime:
    return datetime.now(UTC) - timedelta(seconds=5)


def test_a_reply_on_x_is_posted_as_its_account_and_found_again(
    sandbox: RunningSandbox, x: XPoster, mention: str
) -> None:
    assert x.find_reply(CARE.external_id, mention, ANSWER, lately()) is None
    made = x.reply(mention, ANSWER)
    (reply,) = sandbox.state.created
    assert (reply.id, reply.author_id, reply.in_reply_to, reply.text) == (made, CARE.external_id, mention, ANSWER)
    assert x.find_reply(CARE.external_id, mention, ANSWER, lately()) == made
    for target, text in ((mention, f"{ANSWER} ya"), (str(int(mention) - 1), ANSWER)):
        assert x.find_reply(CARE.external_id, target, text, lately()) is None
    assert x.find_reply(CARE.external_id, mention, ANSWER, datetime.now(UTC) + timedelta(minutes=5)) is None
    assert x.find_reply(BOD.external_id, mention, ANSWER, lately()) is None


def test_a_long_reply_is_found_among_many(sandbox: RunningSandbox, x: XPoster, mention: str) -> None:
    made = x.reply(mention, "a " * 139 + "bc")
    care = sandbox.state.account_named("TelkomCare")
    for number in range(230):
        sandbox.state.record_reply("x", f"Halo {number}", mention, care)
    assert x.find_reply(CARE.external_id, mention, "a " * 139 + "bc", lately()) == made
    reads = [seen for seen in sandbox.state.requests if seen.path.endswith("/tweets") and seen.method == "GET"]
    assert len(reads) == 3


SHOWN = [
    ("Halo  kak\n sudah", "@a @b_c Halo kak sudah"),
    ("Cek telkom.co.id/bantuan, ya", "@a Cek https://t.co/abcdefghij, ya"),
    ("(https://a.example/b)", "(https://t.co/abcdefghij)"),
    ("@a Halo", "@a Halo"),
    ("cafe\u0301", "@a café"),
]


@pytest.mark.parametrize(("sent", "shown"), SHOWN)
def test_what_x_changes_in_a_text_does_not_count(sent: str, shown: str) -> None:
    assert essence(sent) == essence(shown)
    assert essence(f"{sent} lagi") != essence(shown)


def test_the_reply_gate_is_named(sandbox: RunningSandbox, x: XPoster) -> None:
    asked = sandbox.state.post_mention("@wirasena_bdt pak, internet mati", by=BY)
    with pytest.raises(errors.ReplyGateClosed, match=r"not mentioned @TelkomCare.*answer in the app"):
        x.reply(asked, ANSWER)
    assert sandbox.state.created == []


def test_the_same_words_twice_are_refused_by_x(x: XPoster, mention: str) -> None:
    x.reply(mention, ANSWER)
    with pytest.raises(errors.DuplicateText, match="change the wording"):
        x.reply(mention, ANSWER)


def test_too_long_deleted_and_half_characters_are_refused(
    sandbox: RunningSandbox, x: XPoster, facebook: FacebookPoster, mention: str
) -> None:
    with pytest.raises(errors.RequestRefused, match=r"too long.*280"):
        x.reply(mention, "a" * 281)
    for post, gone in ((x.reply, "12345"), (facebook.comment, "1_2")):
        with pytest.raises(errors.RequestRefused, match="deleted"):
            post(gone, ANSWER)
    with pytest.raises(errors.RequestRefused, match="deleted"):
        facebook.find_comment(PAGE.external_id, "1_2", ANSWER, lately())
    with pytest.raises(errors.RequestRefused, match="half a character"):
        posting.post_reply(CARE, mention, "halo \ud83d")
    assert sandbox.state.created == []


@pytest.mark.parametrize("kind", ["timeout", "half_page", "malformed_json"])
def test_a_reply_without_an_answer_is_found_instead_of_repeated(
    sandbox: RunningSandbox, x: XPoster, facebook: FacebookPoster, mention: str, comment: str, kind: str
) -> None:
    for target in ("x", "graph"):
        sandbox.state.faults.add(target, kind, seconds=2)
    with pytest.raises(errors.DeliveryUnknown, match="look for it"):
        x.reply(mention, ANSWER)
    with pytest.raises(errors.DeliveryUnknown, match="look for it"):
        facebook.comment(comment, ANSWER)
    on_x, on_facebook = (reply.id for reply in sandbox.state.created)
    assert x.find_reply(CARE.external_id, mention, ANSWER, lately()) == on_x
    assert facebook.find_comment(PAGE.external_id, comment, ANSWER, lately()) == on_facebook
    assert errors.DeliveryUnknown.retryable


FAULTS = [
    ("x", "rate_limit", errors.RateLimited),
    ("x", "server_error", errors.DeliveryUnknown),
    ("x", "credits_depleted", errors.CreditsDepleted),
    ("x", "bad_token", errors.CredentialsRefused),
    ("graph", "rate_limit", errors.RateLimited),
    ("graph", "server_error", errors.DeliveryUnknown),
    ("graph", "bad_token", errors.CredentialsRefused),
    ("x", "timeout", errors.DeliveryUnknown),
    ("graph", "timeout", errors.DeliveryUnknown),
]


@pytest.mark.parametrize(("target", "kind", "expected"), FAULTS)
def test_each_fault_is_one_named_error_without_a_secret_or_the_text(
    sandbox: RunningSandbox,
    x: XPoster,
    facebook: FacebookPoster,
    mention: str,
    comment: str,
    target: str,
    kind: str,
    expected: type[errors.PlatformError],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    sandbox.state.faults.add(target, kind, times=2, seconds=2 if kind == "timeout" else 120)
    post, place = (x.reply, mention) if target == "x" else (facebook.comment, comment)
    look, speaker = (x.find_reply, CARE) if target == "x" else (facebook.find_comment, PAGE)
    with pytest.raises(errors.PlatformError) as posted:
        post(place, ANSWER)
    with pytest.raises(errors.PlatformError) as looked:
        look(speaker.external_id, place, ANSWER, lately())
    assert type(posted.value) is expected
    assert type(looked.value) is (errors.PlatformUnavailable if expected is errors.DeliveryUnknown else expected)
    told = f"{posted.value!r} {posted.value.__cause__!r} {looked.value!r} {looked.value.__cause__!r} {caplog.text}"
    assert all(error.value.__suppress_context__ or error.value.__context__ is None for error in (posted, looked))
    for hidden in (*SECRETS, "mohon maaf"):
        assert hidden not in told
    if isinstance(posted.value, errors.RateLimited):
        assert timedelta(0) < posted.value.reset_at - datetime.now(UTC) <= timedelta(minutes=3)
    if target == "x" and expected is errors.CredentialsRefused:
        assert "x-account/telkomcare" in str(posted.value)
        assert "x-account/telkomcare" in str(looked.value)


def test_keys_the_platform_does_not_know_are_refused(sandbox: RunningSandbox, mention: str) -> None:
    with pytest.raises(errors.CredentialsRefused, match="x-account/wirasena-bdt"):
        poster(sandbox.x_url, "basi", "wirasena_bdt").reply(mention, ANSWER)


def test_a_used_up_window_of_posts_tells_when_it_opens(sandbox: RunningSandbox, x: XPoster, mention: str) -> None:
    sandbox.state.x_rate_limits["create"] = 1
    x.reply(mention, "Halo satu")
    with pytest.raises(errors.RateLimited) as raised:
        x.reply(mention, "Halo dua")
    assert timedelta(minutes=14) < raised.value.reset_at - datetime.now(UTC) <= timedelta(minutes=15)
    assert len(sandbox.state.created) == 1


def test_nothing_listening_means_nothing_was_sent() -> None:
    with pytest.raises(errors.PlatformUnavailable, match="nothing was sent"):
        poster("http://127.0.0.1:9").reply("1", ANSWER)
    with pytest.raises(errors.PlatformUnavailable, match="nothing was sent"):
        FacebookPoster("http://127.0.0.1:9", "t", None, 1).comment("1_2", ANSWER)


def answered(reply: bytes) -> str:
    """The address of a server that takes one request, answers these bytes and hangs up."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with listening, listening.accept()[0] as connection:
            connection.recv(65536)
            connection.sendall(reply)

    threading.Thread(target=serve, daemon=True).start()
    return f"http://127.0.0.1:{listening.getsockname()[1]}"


def json_answer(status: str, body: bytes) -> bytes:
    return b"HTTP/1.1 %s\r\ncontent-length: %d\r\n\r\n%s" % (status.encode(), len(body), body)


ODD = [b"", *(json_answer(*one) for one in (("201 Created", b"{}"), ("201 Created", b"[]"), ("500 Oops", b"[1]")))]


@pytest.mark.parametrize("reply", ODD)
def test_an_odd_answer_to_a_post_leaves_it_unknown(reply: bytes) -> None:
    for post in (poster(answered(reply)).reply, FacebookPoster(answered(reply), "t", None, 1).comment):
        with pytest.raises(errors.DeliveryUnknown):
            post("1", ANSWER)


CODES = [
    (506, errors.DuplicateText, "wording"),
    (200, errors.RequestRefused, "pages_manage_engagement"),
    (368, errors.RequestRefused, "policy"),
]


@pytest.mark.parametrize(("code", "expected", "words"), CODES)
def test_what_graph_refuses(code: int, expected: type[errors.PlatformError], words: str) -> None:
    body = b'{"error": {"message": "rahasia", "code": %d}}' % code
    with pytest.raises(expected, match=words):
        FacebookPoster(answered(json_answer("400 Bad Request", body)), "t", None, 1).comment("1_2", ANSWER)


def test_a_page_answers_a_comment_and_finds_only_its_own_answer(
    sandbox: RunningSandbox, facebook: FacebookPoster, comment: str
) -> None:
    state = sandbox.state
    state.credentials = replace(state.credentials, app_secret=SECRETS[5], graph_token=SECRETS[4])
    state.post_mention(ANSWER, by=PERSON, platform="facebook", kind="comment", re=comment)
    assert facebook.find_comment(PAGE.external_id, comment, ANSWER, lately()) is None
    made = facebook.comment(comment, ANSWER)
    for _ in range(120):
        state.post_mention("sama", by=PERSON, platform="facebook", kind="comment", re=comment)
    assert facebook.find_comment(PAGE.external_id, comment, f"  {ANSWER}\n", lately()) == made
    assert facebook.find_comment(PAGE.external_id, comment, ANSWER, datetime.now(UTC) + timedelta(minutes=5)) is None


def test_a_timeline_has_its_own_limit_and_refuses_what_x_refuses(sandbox: RunningSandbox) -> None:
    url = f"{sandbox.x_url}/2/users/{CARE.external_id}/tweets"

    def ask(**sent: str) -> requests.Response:
        with requests.Session() as session:
            session.trust_env = False
            return session.get(url, headers={"Authorization": sent.pop("as_", "Bearer t")}, params=sent, timeout=5)

    first = ask()
    assert first.json() == {"meta": {"result_count": 0}}
    assert (first.headers["x-rate-limit-limit"], first.headers["x-rate-limit-remaining"]) == ("900", "899")
    assert ask(max_results="4").status_code == 400
    assert ask(as_='OAuth oauth_token="basi", oauth_signature="s"').status_code == 401
    assert ask(as_='OAuth oauth_token="sandbox%2Dtelkomcare", oauth_signature="s"').status_code == 200
    assert ask(as_='OAuth oauth_token="sandbox-telkomcare"').status_code == 401


def test_who_may_post_is_who_has_a_block(desk: Desk) -> None:
    may = {handle: credentials.may_post("x", handle) for handle in ("TelkomCare", "wirasena_bdt", "larasdinanti")}
    assert may == {"TelkomCare": True, "wirasena_bdt": True, "larasdinanti": False}
    assert credentials.may_post("facebook", "TelkomCare")
    with pytest.raises(errors.CredentialsRefused, match="create the block x-account/tagorpanjaitan- "):
        credentials.x_account("tagorpanjaitan_")
    asked = desk.sandbox.state.post_mention("@wirasena_bdt pak, internet mati", by=BY)
    visitor = desk.sandbox.state.post_mention("mati", by=PERSON, platform="facebook", kind="visitor")
    for sender, target in ((BOD, asked), (PAGE, visitor)):
        made = posting.post_reply(sender, target, ANSWER)
        assert posting.find_reply(sender, target, ANSWER, lately()) == made
    assert [reply.author_id for reply in desk.sandbox.state.created] == [BOD.external_id, PAGE.external_id]
