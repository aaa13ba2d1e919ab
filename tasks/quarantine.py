"""What a team leader or a supervisor makes of a refused row, and the artifact that shows what was refused (5.3.1)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE

from models.account_reviews import Decided
from models.database import write_transaction
from models.form_links import ReviewForms
from models.mentions import Author, Mention, RefusedRow
from models.quarantine import (
    CHECKS,
    Corrections,
    author_seen,
    drop_row,
    look_up_row,
    mention_again,
    platform_of,
    release_row,
    row_number,
)
from models.quarantine_board import quarantine_markdown, quarantine_state, read_quarantine
from models.safe_text import for_plain
from tasks.account_reviews import rulebook
from tasks.artifacts import deployment_id, publish_if_changed
from tasks.checks import check_mentions
from tasks.database import desk_engine
from tasks.platforms import facebook_parse, x_parse
from tasks.review_forms import Drop, Release
from tasks.settings import Settings


@task(name="decide on row", cache_policy=NO_CACHE)
def decide_on_row(form: Release | Drop) -> Decided:
    """Release the row or drop it, or say why not; the same decision again changes nothing.

    What is released is read and checked before the records are locked for it: the checks take seconds to load.
    """
    now, decision = datetime.now(UTC), form.decision()
    if isinstance(form, Drop):
        with write_transaction(desk_engine()) as connection:
            return drop_row(connection, decision, rulebook(), now)
    with desk_engine().connect() as connection:
        found = look_up_row(connection, decision, now)
    if isinstance(found, Decided):
        return found
    _, row = found
    mention, author = read_again(row.source, row.payload, form.corrections())
    if isinstance(mention, Mention):
        _, refused = check_mentions((mention,), now)
        mention = refused[0] if refused else mention
    if isinstance(mention, RefusedRow):
        why = for_plain("; ".join(mention.reasons), 600)
        return Decided(f"{row_number(row.id)} is refused again and stays. {why}. Correct it in the form.", True)
    with write_transaction(desk_engine()) as connection:
        return release_row(connection, decision, mention, author, rulebook(), now)


def read_again(
    source: str, payload: Mapping[str, Any], corrections: Corrections
) -> tuple[Mention | RefusedRow, Author | None]:
    """A row read once more at the door it came by, and its author where one was seen."""
    author: Author | None = None
    if source.endswith(CHECKS):
        mention = mention_again(payload, source, corrections)
    elif source.startswith("x:"):
        mention = x_parse.parse_again(payload, source, corrections)
    else:
        mention, author = facebook_parse.parse_again(payload, source, corrections)
    platform = platform_of(source)
    if author is None and platform is not None and isinstance(mention, Mention):
        author = author_seen(platform, payload, mention.author_id)
    return mention, author


@task(name="publish quarantine", cache_policy=NO_CACHE)
def publish_quarantine() -> None:
    """Leave the artifact `quarantine`: what was refused and why, and what waits for a person; where it has changed."""
    forms = ReviewForms(Settings().ui_url, deployment_id("review-quarantine/desk"), "decision")
    with desk_engine().connect() as connection:
        state = f"{quarantine_state(connection)} {forms.deployment_id}"

    def text() -> str:
        with desk_engine().connect() as connection:
            return quarantine_markdown(read_quarantine(connection), forms, datetime.now(UTC))

    publish_if_changed("quarantine", state, text, "What was refused, why, and what waits for a person to decide.")
