"""The sandbox's customers over its wire: what the desk posts is answered, and the desk can read the answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import requests

from deployments.sandbox.crew_seen import CaseSeen, heard_from
from deployments.sandbox.customers import Customers, load_people
from deployments.sandbox.scenario import DEFAULT_SCENARIO
from deployments.sandbox.server import RunningSandbox

X_AUTH = {"Authorization": "Bearer sandbox-telkomcare"}
CARE, PAGE = "2291001457", "104217889300145"
ASKS = "Laporan C-000001: mohon informasikan sejak kapan."
SOLVED = "Laporan C-000001 sudah diperbaiki, mohon dicek."
CLOSES = "Laporan C-000001 kami tutup, terima kasih."
X_CUSTOMER, FACEBOOK_CUSTOMER = "bimanugraha_ri", "dr. Fransiska Tandean"


@pytest.fixture
def sandbox() -> Iterator[RunningSandbox]:
    with RunningSandbox(play=False, history=0) as running:
        yield running


def customers(sandbox: RunningSandbox, temper: str) -> Customers:
    """The customers, all of one temper; the test lets them look when it wants."""
    pinned = {X_CUSTOMER: temper, FACEBOOK_CUSTOMER.lower(): temper}
    return Customers(sandbox.state, replace(load_people(DEFAULT_SCENARIO), pinned=pinned))


def answer_on_x(sandbox: RunningSandbox, post: str, text: str) -> str:
    body = {"text": text, "reply": {"in_reply_to_tweet_id": post}}
    made = requests.post(f"{sandbox.x_url}/2/tweets", json=body, headers=X_AUTH, timeout=10)
    assert made.status_code == 201, made.text
    return str(made.json()["data"]["id"])


def mentions_on_x(sandbox: RunningSandbox) -> list[dict[str, Any]]:
    """What the desk reads of the care account's mentions, newest first."""
    fields = {"max_results": 50, "tweet.fields": "conversation_id,author_id,referenced_tweets"}
    url = f"{sandbox.x_url}/2/users/{CARE}/mentions"
    return list(requests.get(url, params=fields, headers=X_AUTH, timeout=10).json()["data"])


def speak(people: Customers, sandbox: RunningSandbox, seconds: float = 100) -> None:
    people.look()
    sandbox.state.advance(seconds)
    people.look()


def test_a_customer_on_x_answers_our_post_and_the_desk_reads_it_as_a_mention(sandbox: RunningSandbox) -> None:
    post = sandbox.state.post_mention("@TelkomCare internet mati", by=X_CUSTOMER)
    people = customers(sandbox, "answers")
    ours = answer_on_x(sandbox, post, ASKS)
    speak(people, sandbox, 1)
    assert len(mentions_on_x(sandbox)) == 1  # they take a few seconds
    speak(people, sandbox)
    answer, first = mentions_on_x(sandbox)
    assert answer["text"].startswith("@TelkomCare ")
    assert answer["referenced_tweets"] == [{"type": "replied_to", "id": ours}]
    assert (answer["conversation_id"], answer["author_id"]) == (first["conversation_id"], first["author_id"])


def test_a_customer_on_facebook_comments_under_the_same_post(sandbox: RunningSandbox) -> None:
    state = sandbox.state
    post = state.post_mention("Selamat pagi!", by="TelkomCare", platform="facebook", kind="page_post")
    said = state.post_mention("wifi mati", by=FACEBOOK_CUSTOMER, platform="facebook", kind="comment", re=post)
    people = customers(sandbox, "thanks")
    made = requests.post(
        f"{sandbox.graph_url}/v25.0/{said}/comments",
        data={"message": SOLVED, "access_token": "sandbox-page"},
        timeout=10,
    )
    assert made.ok, made.text
    speak(people, sandbox)
    url = f"{sandbox.graph_url}/v25.0/{post}/comments"
    read = requests.get(url, params={"access_token": "sandbox-page", "fields": "message,from"}, timeout=10)
    words = [comment["message"] for comment in read.json()["data"]]
    assert set(words) & set(people.people.words["thanks"])


def test_a_customer_comes_back_once(sandbox: RunningSandbox) -> None:
    post = sandbox.state.post_mention("@TelkomCare internet mati", by=X_CUSTOMER)
    people = customers(sandbox, "comes_back")
    for number, text in enumerate([SOLVED, CLOSES, f"{CLOSES} Salam.", f"{CLOSES} Sampai jumpa."]):
        answer_on_x(sandbox, post, text)
        speak(people, sandbox)
        assert people.about_to_speak == 0
        assert len(mentions_on_x(sandbox)) == min(number + 2, 3)


def test_a_customer_never_loops(sandbox: RunningSandbox) -> None:
    post = sandbox.state.post_mention("@TelkomCare internet mati", by=X_CUSTOMER)
    people = customers(sandbox, "thanks")
    for number in range(12):
        answer_on_x(sandbox, post, f"{SOLVED} {number}")
        speak(people, sandbox)
    assert len(mentions_on_x(sandbox)) == 1 + people.people.at_most


def test_the_silent_and_strangers_to_nobody_say_nothing(sandbox: RunningSandbox) -> None:
    post = sandbox.state.post_mention("@TelkomCare internet mati", by=X_CUSTOMER)
    people = customers(sandbox, "silent")
    ours = answer_on_x(sandbox, post, ASKS)
    answer_on_x(sandbox, ours, "Tambahan dari kami.")  # to ourselves
    speak(people, sandbox)
    assert [said["author_id"] for said in mentions_on_x(sandbox)].count(CARE) == 1
    assert len(mentions_on_x(sandbox)) == 2
    assert people.about_to_speak == 0


def test_the_thread_ends_when_told(sandbox: RunningSandbox) -> None:
    people = customers(sandbox, "answers")
    people.start()
    people.ended.set()
    people.join(5)
    assert not people.is_alive()


def test_the_crew_sees_what_the_customer_said_since_our_last_answer(sandbox: RunningSandbox) -> None:
    case = CaseSeen("C-000001", sandbox.state.now())
    post = sandbox.state.post_mention("@TelkomCare internet mati", by=X_CUSTOMER)
    assert heard_from(sandbox.state, case) == []
    ours = answer_on_x(sandbox, post, ASKS)
    sandbox.state.post_mention("dari kemarin", by=X_CUSTOMER, kind="reply", re=ours)
    assert heard_from(sandbox.state, case) == ["@TelkomCare dari kemarin"]
    case.replies = 2  # the second is still on its way
    assert heard_from(sandbox.state, case) == []
    answer_on_x(sandbox, post, SOLVED)
    assert heard_from(sandbox.state, case) == []
