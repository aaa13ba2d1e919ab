"""Replies of a Facebook page through the Graph API: comments under posts and comments.

Source: Graph API reference v25.0 (POST and GET /{object}/comments). The same words twice are accepted there.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import requests

from models.mentions import Window
from tasks.platforms.errors import (
    CursorRefused,
    DuplicateText,
    PlatformError,
    PlatformUnavailable,
    RequestRefused,
    broken_post,
    unknown_delivery,
)
from tasks.platforms.facebook import PERMISSION, FacebookClient, entries_of, next_cursor, refusal
from tasks.platforms.facebook_parse import parse_entries

EARLIER = timedelta(minutes=1)
"""How much earlier than asked the look begins: the platform's clock is not ours."""
COMMENT_FIELDS = "id,from,message,created_time"
GONE = "Facebook: what was to be answered is deleted or hidden; there is nothing left to reply to"


class FacebookPoster(FacebookClient):
    """Answers as the page the token belongs to, and finds what it answered."""

    def comment(self, target_id: str, text: str) -> str:
        """Comment under a post or a comment; returns the new comment's id.

        Raises `DeliveryUnknown` where it may have been posted, and other `PlatformError`s where it was not.
        """
        try:
            response = self._session.post(
                f"{self._base_url}/{target_id}/comments",
                data={"message": text, **self._proof},
                timeout=self._timeout,
                allow_redirects=False,
            )
            body = response.json()
        except (requests.RequestException, ValueError) as error:
            raise broken_post("Facebook", error) from None
        if isinstance(body, dict) and ("error" in body or response.status_code >= 400):
            raise _refused(response, body.get("error"))
        made = body.get("id") if isinstance(body, dict) else None
        if not isinstance(made, str) or not made:
            raise unknown_delivery("Facebook", "the answer names no comment")
        return made

    def find_comment(self, page_id: str, target_id: str, text: str, since: datetime) -> str | None:
        """The id of the page's comment under the object with these words, made since (aware); None where there is none.

        Raises `RequestRefused` where the object is gone.
        """
        wanted, earliest = _plain(text), since - EARLIER
        for entries in self._comments_under(target_id, earliest):
            for comment in parse_entries(entries, target_id)[0]:
                # Graph does not filter every edge by `since`: an earlier comment may have the same words.
                mine = comment.author_id == page_id and comment.posted_at >= earliest
                if mine and _plain(comment.text) == wanted:
                    return comment.external_id
        return None

    def _comments_under(self, target_id: str, since: datetime) -> Iterator[list[Any]]:
        """The object's comments, newest first, page by page."""
        after: str | None = None
        while True:
            try:
                answer, _ = self._get(
                    f"{target_id}/comments",
                    COMMENT_FIELDS,
                    Window(since),
                    after=after,
                    limit=100,
                    order="reverse_chronological",
                )
            except CursorRefused:
                raise RequestRefused(GONE) from None
            yield entries_of(answer)
            before, after = after, next_cursor(answer)
            if after in {None, before}:
                return


def _refused(response: requests.Response, error: Any) -> PlatformError:
    """What Graph's error to a POST means: as for a read, but an outage may have posted."""
    code = error.get("code") if isinstance(error, dict) else None
    if code == 506:
        return DuplicateText("Facebook: the page has just said exactly this; change the wording")
    if code in PERMISSION:
        return RequestRefused(
            f"Facebook: the page may not answer here (code {code}); its token needs pages_manage_engagement"
        )
    known = refusal(response, error)
    if isinstance(known, PlatformUnavailable):
        return unknown_delivery("Facebook", f"answers {response.status_code}")
    return RequestRefused(GONE) if isinstance(known, CursorRefused) else known


def _plain(text: str) -> str:
    return unicodedata.normalize("NFC", " ".join(text.split()))
