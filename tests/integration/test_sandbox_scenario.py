"""The scenario in data/sandbox: how much there is, how varied, and when each mention can be seen."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests

from deployments.sandbox.records import snowflake, snowflake_time
from deployments.sandbox.scenario import (
    DEFAULT_SCENARIO,
    HARD_REASONS,
    PROBLEMS,
    Scenario,
    ScenarioError,
    load_scenario,
)
from deployments.sandbox.server import RunningSandbox
from deployments.sandbox.state import SandboxState

START = datetime(2026, 9, 1, 3, 0, tzinfo=UTC)
CATEGORIES = {
    "government",
    "executive",
    "artist",
    "writer",
    "media",
    "activist",
    "ngo",
    "professional",
    "public_figure",
}


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return load_scenario()


@pytest.fixture
def state(scenario: Scenario) -> SandboxState:
    return SandboxState(scenario, now=lambda: START)


def seen_keys(state: SandboxState) -> set[str]:
    """Scenario mentions that a poller of every watched account could read now (edited ones by their first id)."""
    now = state.now()
    handles = [entry.account.handle for entry in state.watched if entry.account.platform == "x"]
    ids = {str(post.edit_history[0]) for handle in handles for post in state.x_mentions_of(handle, now)}
    ids |= {thing.id for thing in state.graph_visible(now)}
    return {entry.key for entry in state.scenario.mentions if state.external_id(entry.key) in ids}


def test_there_are_enough_accounts_of_every_kind(scenario: Scenario) -> None:
    assert len(scenario.accounts) >= 120
    counts = Counter(account.category for account in scenario.accounts)
    assert set(counts) == CATEGORIES | {None}
    assert min(counts[category] for category in CATEGORIES) >= 5
    assert counts[None] >= 30


def test_two_care_and_three_bod_accounts_are_watched(scenario: Scenario) -> None:
    kinds = Counter((entry.account.platform, entry.kind) for entry in scenario.watched)
    assert kinds == {("x", "care"): 2, ("facebook", "care"): 1, ("x", "bod"): 3}


def test_there_are_enough_mentions_of_every_kind(scenario: Scenario) -> None:
    assert len(scenario.mentions) >= 320
    complaints = [entry for entry in scenario.mentions if entry.complaint]
    assert {entry.problem for entry in complaints} == PROBLEMS
    assert {reason for entry in complaints for reason in entry.hard} == HARD_REASONS
    genres = {entry.genre for entry in scenario.mentions}
    assert genres >= {"praise", "question", "promo", "news", "joke", "spam", "retort", "thanks"}
    assert {(entry.platform, entry.kind) for entry in scenario.mentions} >= {
        ("x", "post"),
        ("x", "reply"),
        ("x", "quote"),
        ("x", "repost"),
        ("facebook", "tagged"),
        ("facebook", "visitor"),
        ("facebook", "comment"),
    }
    assert any(entry.by is None for entry in scenario.mentions)
    assert any(len(entry.text) > 280 for entry in scenario.mentions)
    assert any(entry.edit_after for entry in scenario.mentions)
    assert any(entry.indexed_after for entry in scenario.mentions)


def test_no_two_mentions_say_the_same(scenario: Scenario) -> None:
    texts = Counter(entry.text for entry in scenario.mentions if entry.kind != "repost")
    assert [text for text, count in texts.items() if count > 1] == []


def test_a_third_of_the_mentions_is_work_for_the_priority_desk(scenario: Scenario) -> None:
    priority = {(account.platform, account.handle) for account in scenario.accounts if account.category}
    work = [entry for entry in scenario.mentions if (entry.platform, entry.by) in priority]
    assert len(work) * 3 >= len(scenario.mentions)


def test_the_timeline_has_a_past_a_busy_beginning_and_an_hour_to_come(scenario: Scenario) -> None:
    times = [entry.at for entry in scenario.mentions]
    assert 100 <= sum(at < 0 for at in times) <= 140
    assert sum(0 <= at < 300 for at in times) >= 20
    assert 3000 < max(times) <= 3600


def test_more_than_three_hundred_mentions_can_be_read_in_the_end(state: SandboxState) -> None:
    before = len(seen_keys(state))
    state.advance(300)
    early = len(seen_keys(state))
    state.advance(3400)
    assert 100 <= before < early < len(seen_keys(state))
    assert len(seen_keys(state)) >= 320


def test_each_mention_is_posted_at_its_time_and_indexed_after(state: SandboxState) -> None:
    late = next(entry for entry in state.scenario.mentions if entry.indexed_after)
    posted = START + timedelta(seconds=late.at)
    assert snowflake_time(int(state.external_id(late.key))) == posted
    state.advance(late.at + late.indexed_after - 1 if late.at > 0 else 0)
    visible = posted + timedelta(seconds=late.indexed_after) <= state.now()
    assert (late.key in seen_keys(state)) == visible
    state.advance(max(0.0, late.indexed_after) + 2)
    assert late.key in seen_keys(state)


def test_speed_shortens_the_waiting(scenario: Scenario) -> None:
    state = SandboxState(scenario, now=lambda: START, speed=60)
    state.advance(61)
    assert len(seen_keys(state)) >= 320


def test_history_leaves_out_what_is_older(scenario: Scenario) -> None:
    state = SandboxState(scenario, now=lambda: START, history=0)
    assert all(post.posted_at >= START for post in state.x_visible(START + timedelta(hours=2)))


def test_snowflakes_hold_their_time() -> None:
    at = datetime(2026, 3, 4, 5, 6, 7, 891000, tzinfo=UTC)
    assert snowflake_time(snowflake(at, 12345)) == at


def test_no_ground_truth_leaves_the_sandbox(scenario: Scenario) -> None:
    with RunningSandbox(scenario=scenario, now=lambda: START) as running, requests.Session() as session:
        session.trust_env = False
        fields = "description,public_metrics,verified,verified_type,parody"
        answer = session.get(
            f"{running.x_url}/2/users/2291001457/mentions",
            params={"max_results": 100, "expansions": "author_id", "user.fields": fields},
            headers={"Authorization": "Bearer t"},
            timeout=10,
        )
        body = json.dumps(answer.json())
    for word in ('"category"', '"complaint"', '"problem"', '"hard"', '"genre"'):
        assert word not in body


@pytest.mark.parametrize(
    ("file", "old", "new", "says"),
    [
        ("mentions.jsonl", '"kind": "post"', '"kind": "shout"', "shout"),
        ("mentions.jsonl", '"problem": "tv"', '"problem": "radio"', "vocabulary"),
        ("mentions.jsonl", '"by": "kevinlimm"', '"by": "nobody_here"', "nobody is called"),
        ("mentions.jsonl", '{"key"', '{key"', "line 1"),
        ("accounts.yaml", 'handle: "kevinlimm"', 'handle: "nisaqr"', "twice"),
        ("watched.yaml", "kind: bod", "kind: boss", "boss"),
        ("watched.yaml", "watched:", "watched: [", "not YAML"),
    ],
)
def test_a_wrong_scenario_is_refused_with_its_place(tmp_path: Path, file: str, old: str, new: str, says: str) -> None:
    for path in (one for one in DEFAULT_SCENARIO.iterdir() if one.is_file()):
        (tmp_path / path.name).write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    wrong = tmp_path / file
    wrong.write_text(wrong.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ScenarioError, match=says):
        load_scenario(tmp_path)
