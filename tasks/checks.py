"""Great Expectations at the door: what a batch of mentions must satisfy, and which of its rows do not.

The library takes seconds to import, so it is imported where the first batch of a process is checked.
"""

from __future__ import annotations

import logging
import os
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from threading import Lock
from typing import Any

from models.mentions import Mention, MentionKind, Platform, RefusedRow
from models.priority import UNKNOWN
from models.safe_text import for_plain

OLDEST = datetime(2006, 3, 21, tzinfo=UTC)
"""The first post on either platform."""
AHEAD = timedelta(minutes=5)
"""How far ahead of ours a platform's clock may run."""
LONGEST_ID = 128
_ONE_AT_A_TIME = Lock()
"""Great Expectations knows a batch by its name: of two pages checked at once it would take the rows of one for both."""
LONGEST_CONVERSATION = LONGEST_ID - len(UNKNOWN)
"""An author who is not told is kept under the conversation's id, behind `unknown:`."""

EXPECTATIONS: tuple[tuple[str, dict[str, Any], str], ...] = (
    (
        "ExpectColumnValuesToMatchRegex",
        {"column": "external_id", "regex": rf"^[0-9A-Za-z_.:-]{{1,{LONGEST_ID}}}\Z"},
        f"external_id: must be 1 to {LONGEST_ID} letters, digits or _ . : -",
    ),
    (
        "ExpectColumnValuesToMatchRegex",
        {"column": "conversation_id", "regex": rf"^[0-9A-Za-z_.:-]{{1,{LONGEST_CONVERSATION}}}\Z"},
        f"conversation_id: must be 1 to {LONGEST_CONVERSATION} letters, digits or _ . : -",
    ),
    (
        "ExpectColumnValuesToMatchRegex",
        {"column": "author_id", "regex": rf"^[0-9A-Za-z_.:-]{{0,{LONGEST_ID}}}\Z"},
        f"author_id: must be absent or at most {LONGEST_ID} letters, digits or _ . : -",
    ),
    (
        "ExpectColumnValuesToMatchRegex",
        {"column": "in_reply_to", "regex": rf"^[0-9A-Za-z_.:-]{{0,{LONGEST_ID}}}\Z"},
        f"in_reply_to: must be absent or at most {LONGEST_ID} letters, digits or _ . : -",
    ),
    ("ExpectColumnValuesToBeInSet", {"column": "platform", "value_set": list(Platform)}, "platform: not watched"),
    ("ExpectColumnValuesToBeInSet", {"column": "kind", "value_set": list(MentionKind)}, "kind: not known"),
    ("ExpectColumnValuesToBeBetween", {"column": "characters", "min_value": 1}, "text: is blank"),
    (
        "ExpectColumnValuesToBeBetween",
        {"column": "posted_at", "min_value": OLDEST.timestamp()},
        "posted_at: before there were social media",
    ),
    (
        "ExpectColumnValuesToBeBetween",
        {"column": "ahead", "max_value": AHEAD.total_seconds()},
        f"posted_at: more than {AHEAD.seconds // 60} minutes in the future",
    ),
)
"""Great Expectations' name, its arguments, and the reason that a row failing it is refused for."""


def check_mentions(mentions: Sequence[Mention], now: datetime) -> tuple[tuple[Mention, ...], tuple[RefusedRow, ...]]:
    """Part a batch into rows to keep, in their order, and rows to refuse with every reason; `now` is UTC.

    Raises:
        RuntimeError: Great Expectations could not evaluate an expectation (nothing is kept unchecked).
    """
    if not mentions:
        return (), ()
    reasons = _unexpected(mentions, now)
    good = tuple(mention for row, mention in enumerate(mentions) if row not in reasons)
    refused = tuple(_refuse(mentions[row], tuple(why)) for row, why in sorted(reasons.items()))
    return good, refused


def _unexpected(mentions: Sequence[Mention], now: datetime) -> dict[int, list[str]]:
    """Reasons by row number, for the rows that fail."""
    import pandas

    posted = [mention.posted_at.timestamp() for mention in mentions]
    frame = pandas.DataFrame(
        {
            "external_id": [mention.external_id for mention in mentions],
            "conversation_id": [mention.conversation_id for mention in mentions],
            "author_id": [mention.author_id or "" for mention in mentions],
            "in_reply_to": [mention.in_reply_to or "" for mention in mentions],
            "platform": [str(mention.platform) for mention in mentions],
            "kind": [str(mention.kind) for mention in mentions],
            "characters": [len(mention.text.strip()) for mention in mentions],
            "posted_at": posted,
            "ahead": [at - now.timestamp() for at in posted],
        }
    )
    with _ONE_AT_A_TIME:
        definition, suite = _great_expectations()
        batch = definition.get_batch(batch_parameters={"dataframe": frame})
        outcome = batch.validate(suite, result_format={"result_format": "COMPLETE"})
    why = {(name, str(arguments)): reason for name, arguments, reason in EXPECTATIONS}
    reasons: dict[int, list[str]] = defaultdict(list)
    for result in outcome.results:
        reason = why[result.expectation_config.meta["name"], result.expectation_config.meta["arguments"]]
        if "unexpected_index_list" not in result.result:
            raise RuntimeError(f"Great Expectations could not check {reason!r}")
        for row in result.result.get("unexpected_index_list") or ():
            reasons[row].append(reason)
    return reasons


def quiet_great_expectations() -> None:
    """Before the library is imported: no analytics, and no word about its temporary folders."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    logging.getLogger("great_expectations").setLevel(logging.WARNING)
    # This one gives itself a level when it is imported: only a filter stays.
    logging.getLogger("great_expectations.data_context.types.base").addFilter(_is_a_warning)


def _is_a_warning(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.WARNING


@cache
def _great_expectations() -> tuple[Any, Any]:
    """The batch definition and the suite, built once a process; analytics and progress bars off."""
    quiet_great_expectations()
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    asset = context.data_sources.add_pandas("door").add_dataframe_asset("mentions")
    suite = gx.ExpectationSuite(
        name="mentions",
        expectations=[
            getattr(gx.expectations, name)(**arguments, meta={"name": name, "arguments": str(arguments)})
            for name, arguments, _ in EXPECTATIONS
        ],
    )
    return asset.add_batch_definition_whole_dataframe("page"), context.suites.add(suite)


def _refuse(mention: Mention, reasons: tuple[str, ...]) -> RefusedRow:
    """The row with everything the mention is made of again when a person releases it."""
    payload = {
        "platform": str(mention.platform),
        "external_id": mention.external_id,
        "version": mention.version,
        "kind": str(mention.kind),
        "author_id": mention.author_id,
        "conversation_id": mention.conversation_id,
        "text": mention.text,
        "posted_at": mention.posted_at.isoformat(),
        "url": mention.url,
        "mentioned_handles": list(mention.mentioned_handles),
        "in_reply_to": mention.in_reply_to,
        "language": mention.language,
    }
    return RefusedRow(f"{mention.platform}:checks", for_plain(mention.external_id, LONGEST_ID), payload, reasons)
