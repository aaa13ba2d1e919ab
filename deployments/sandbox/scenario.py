"""Reads a scenario folder: `watched.yaml`, `accounts.yaml` and `mentions.jsonl`, each entry checked with its line.

The files are what people edit. Every mention also carries the ground truth (`complaint`, `problem`, `hard`, `genre`)
and every account its `category`; these are for measuring the rules and never leave through an answer.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from deployments.sandbox.records import SandboxAccount, SandboxWatched

DEFAULT_SCENARIO = Path(__file__).resolve().parents[2] / "data" / "sandbox"
X_KINDS = frozenset({"post", "reply", "quote", "repost"})
FACEBOOK_KINDS = frozenset({"page_post", "tagged", "visitor", "comment"})
PROBLEMS = frozenset({"network", "billing", "tv", "installation", "voice", "mobile", "sales", "other"})
HARD_REASONS = frozenset({"abusive", "churn", "repeat", "regulator", "media", "legal", "safety"})


class ScenarioError(ValueError):
    """A scenario file that cannot be played; the text names file, line or entry, and what to change."""


@dataclass(frozen=True, slots=True)
class ScenarioMention:
    """One line of mentions.jsonl. `at` counts seconds from the start of the play; negative is before it."""

    key: str
    platform: str
    kind: str
    by: str | None
    """The author's handle; None where Facebook will not tell who wrote it."""
    text: str
    at: float
    re: str | None = None
    """Key of the mention it answers, quotes or reposts."""
    page: str | None = None
    """Facebook: handle of the page; the first watched page where absent."""
    indexed_after: float = 0.0
    edit_after: float | None = None
    edit_text: str | None = None
    complaint: bool = False
    problem: str = "other"
    hard: tuple[str, ...] = ()
    genre: str = "complaint"


@dataclass(frozen=True, slots=True)
class Credentials:
    """What the sandbox accepts; None accepts any token that is not empty."""

    x_bearer_token: str | None = None
    graph_token: str | None = None
    app_secret: str | None = None


@dataclass(frozen=True, slots=True)
class Scenario:
    """A whole scenario, ready to be played by `SandboxState`."""

    accounts: tuple[SandboxAccount, ...]
    watched: tuple[SandboxWatched, ...]
    mentions: tuple[ScenarioMention, ...]
    credentials: Credentials = Credentials()


def load_scenario(folder: Path | str | None = None) -> Scenario:
    """Load the scenario in `folder` (data/sandbox where None); raises `ScenarioError` naming file and entry."""
    folder = Path(folder) if folder is not None else DEFAULT_SCENARIO
    watched_data = _yaml(folder / "watched.yaml")
    watched = tuple(
        _watched(row, f"{folder / 'watched.yaml'}, entry {number}")
        for number, row in enumerate(watched_data.get("watched", []), 1)
    )
    accounts = tuple(
        _account(row, f"{folder / 'accounts.yaml'}, entry {number}")
        for number, row in enumerate(_yaml(folder / "accounts.yaml").get("accounts", []), 1)
    )
    _refuse_twins((*accounts, *(entry.account for entry in watched)), folder)
    mentions = _mentions(folder / "mentions.jsonl")
    _refuse_strangers(mentions, (*accounts, *(entry.account for entry in watched)), folder)
    return Scenario(accounts, watched, mentions, Credentials(**(watched_data.get("credentials") or {})))


def _yaml(path: Path) -> dict[str, Any]:
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ScenarioError(f"{path} cannot be read ({error.strerror}); give a folder with this file.") from error
    except yaml.YAMLError as error:
        raise ScenarioError(f"{path} is not YAML: {error}; correct it there.") from error
    if not isinstance(data, dict):
        raise ScenarioError(f"{path} must be a mapping at its top; put the entries under their key.")
    return data


def _account(row: dict[str, Any], where: str) -> SandboxAccount:
    try:
        account = SandboxAccount(**row)
    except TypeError as error:
        raise ScenarioError(f"{where}: {error}; write only the fields of an account.") from error
    if not account.id.isdigit():
        raise ScenarioError(f"{where}: id {account.id!r} is not a row of digits; quote the number.")
    return replace(account, created=str(account.created))


def _watched(row: dict[str, Any], where: str) -> SandboxWatched:
    row = dict(row)
    try:
        kind, owner, token = row.pop("kind"), row.pop("owner"), row.pop("token", None)
    except KeyError as error:
        raise ScenarioError(f"{where}: {error} is missing; give kind (care or bod) and owner.") from error
    if kind not in {"care", "bod"}:
        raise ScenarioError(f"{where}: kind {kind!r} is neither care nor bod.")
    return SandboxWatched(_account(row, where), kind, owner, token)


def _mentions(path: Path) -> tuple[ScenarioMention, ...]:
    mentions = []
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise ScenarioError(f"{path} cannot be read ({error.strerror}); give a folder with this file.") from error
    for number, line in enumerate(lines, 1):
        if line.strip():
            mentions.append(_mention(line, f"{path}, line {number}"))
    return tuple(mentions)


def _mention(line: str, where: str) -> ScenarioMention:
    try:
        row = json.loads(line)
        mention = ScenarioMention(**{**row, "hard": tuple(row.get("hard", ()))})
    except (ValueError, TypeError) as error:
        raise ScenarioError(f"{where}: {error}; write one JSON object of a mention's fields.") from error
    kinds = X_KINDS if mention.platform == "x" else FACEBOOK_KINDS
    if mention.kind not in kinds:
        raise ScenarioError(f"{where}: kind {mention.kind!r} is not one of {', '.join(sorted(kinds))}.")
    if mention.problem not in PROBLEMS or not HARD_REASONS.issuperset(mention.hard):
        raise ScenarioError(f"{where}: problem or hard is outside the vocabulary; see {__name__}.")
    return mention


def _refuse_twins(accounts: tuple[SandboxAccount, ...], folder: Path) -> None:
    seen: set[tuple[str, str]] = set()
    for account in accounts:
        for name in (account.id, account.handle.lower()):
            if (account.platform, name) in seen:
                raise ScenarioError(f"{folder}: {account.platform} {name} occurs twice; give each its own.")
            seen.add((account.platform, name))


def _refuse_strangers(
    mentions: tuple[ScenarioMention, ...], accounts: tuple[SandboxAccount, ...], folder: Path
) -> None:
    known = {(account.platform, account.handle) for account in accounts}
    keys: set[str] = set()
    for mention in mentions:
        if mention.by is not None and (mention.platform, mention.by) not in known:
            raise ScenarioError(f"{folder}, mention {mention.key}: nobody is called {mention.by}; add the account.")
        if mention.re is not None and mention.re not in keys:
            raise ScenarioError(f"{folder}, mention {mention.key}: {mention.re} must come before it.")
        if mention.key in keys:
            raise ScenarioError(f"{folder}, mention {mention.key}: the key is used twice; give it another.")
        keys.add(mention.key)
