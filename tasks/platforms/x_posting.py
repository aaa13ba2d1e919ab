"""Replies on X through tweepy, signed as the account that posts (OAuth 1.0a).

Source: X API v2 reference (POST /2/tweets, GET /2/users/:id/tweets) and the refusals people reported (platforms.md).
"""

from __future__ import annotations

import html
import logging
import re
import unicodedata
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

import requests
import tweepy

from models.post_length import has_link
from tasks.platforms.credentials import x_account_name
from tasks.platforms.errors import (
    CredentialsRefused,
    DuplicateText,
    PlatformError,
    ReplyGateClosed,
    RequestRefused,
    broken_post,
    unknown_delivery,
)
from tasks.platforms.x import body_of, call, client_at, refusal

EARLIER = timedelta(minutes=1)
"""How much earlier than asked the look begins: the platform's clock is not ours."""
TIMELINE_FIELDS = ["created_at", "referenced_tweets", "note_tweet"]
LEADING_MENTIONS = re.compile(r"(?:@\w{1,15}\s+)*")
LINK = "\N{LINK SYMBOL}"

# What signs the requests logs them at DEBUG, the access token included; tweepy's own log is silenced in x.py.
for _name in ("requests_oauthlib", "oauthlib"):
    logging.getLogger(_name).setLevel(logging.WARNING)


class XPoster:
    """Posts on X as one account and finds what it posted.

    Every method raises `PlatformError` and nothing else for what the platform does.
    """

    def __init__(self, base_url: str, handle: str, keys: Mapping[str, str], timeout: float = 10) -> None:
        """`keys`: consumer_key, consumer_secret, access_token and access_token_secret; `timeout` in seconds."""
        self._handle = handle
        self._client = client_at(base_url, timeout, **keys)

    def reply(self, target_id: str, text: str) -> str:
        """Answer a post; returns the new post's id.

        Raises `DeliveryUnknown` where it may have been posted, `ReplyGateClosed` where the author has not mentioned
        this account, `DuplicateText` where the account has said the same before.
        """
        try:
            answer = self._client.create_tweet(in_reply_to_tweet_id=target_id, text=text, user_auth=True)
        except tweepy.HTTPException as error:
            raise self._refused(error) from None
        except (requests.RequestException, ValueError) as error:
            raise broken_post("X", error) from None
        except (AttributeError, TypeError):  # tweepy expects an object where an error body is something else
            raise unknown_delivery("X", "malformed error") from None
        made = answer.get("data") if isinstance(answer, dict) else None
        if not isinstance(made, dict) or not str(made.get("id", "")).isdigit():
            raise unknown_delivery("X", "the answer names no post")
        return str(made["id"])

    def find_reply(self, user_id: str, target_id: str, text: str, since: datetime) -> str | None:
        """The id of this account's answer to the post with these words, made since (aware); None where there is none.

        `user_id` is the account's own: the posts read are owned reads.
        """
        wanted = essence(text)
        for post in self._timeline(user_id, since - EARLIER):
            note = post.get("note_tweet")
            said = note.get("text") if isinstance(note, dict) else post.get("text")
            if _answers(post, target_id) and essence(html.unescape(str(said or ""))) == wanted:
                return str(post["id"])
        return None

    def _timeline(self, user_id: str, since: datetime) -> Iterator[Mapping[str, Any]]:
        """The account's posts, newest first, as many pages as there are."""
        seen: set[str] = set()
        token: str | None = None
        while True:
            answer = self._page(user_id, since, token)
            data, meta = answer.get("data"), answer.get("meta")
            posts = [one for one in data if isinstance(one, dict)] if isinstance(data, list) else []
            fresh = [post for post in posts if str(post.get("id")) not in seen]
            yield from fresh
            seen |= {str(post.get("id")) for post in fresh}
            token = meta.get("next_token") if isinstance(meta, dict) else None
            if not token or not fresh:  # some tokens repeat for ever
                return

    def _page(self, user_id: str, since: datetime, token: str | None) -> Mapping[str, Any]:
        try:
            return call(
                self._client.get_users_tweets,
                user_id,
                start_time=since,
                max_results=100,
                pagination_token=token,
                tweet_fields=TIMELINE_FIELDS,
                user_auth=True,
            )
        except CredentialsRefused:
            raise self._keys_refused() from None

    def _keys_refused(self) -> CredentialsRefused:
        block = f"x-account/{x_account_name(self._handle)}"
        return CredentialsRefused(f"X: the keys of @{self._handle} were refused; renew them in the block {block}")

    def _refused(self, error: tweepy.HTTPException) -> PlatformError:
        """What X's error answer to a POST means. Its words are compared and never repeated: they can echo the text."""
        status = error.response.status_code
        if status >= 500 or status < 400 or status == 408:
            return unknown_delivery("X", f"answers {status}")
        if status == 401:
            return self._keys_refused()
        if status in {402, 429}:
            return refusal(error)
        said = f"{error} {body_of(error.response).get('detail', '')}".lower()
        if "duplicate content" in said:
            return DuplicateText(f"X: @{self._handle} has said exactly this before; change the wording")
        if "deleted or not visible" in said or status == 404:
            return RequestRefused("X: the post to answer is deleted or hidden; there is nothing left to reply to")
        if "reply to this conversation is not allowed" in said or "mentioned or otherwise engaged" in said:
            why = f"the author has not mentioned @{self._handle}, so X takes no answer from the desk"
            return ReplyGateClosed(f"X: {why}; answer in the app and record it with the link")
        if "too long" in said:
            return RequestRefused("X: the reply is too long; shorten it to 280 characters as X counts them")
        if status == 403:
            return RequestRefused(
                f"X: the app may not post as @{self._handle}; give it Read and write and renew its keys"
            )
        return RequestRefused(f"X: refuses the reply (HTTP {status}); answer in the app")


def essence(text: str) -> str:
    """A post's words without what X changes in them: leading mentions, links, white space and composed letters."""
    words = unicodedata.normalize("NFC", LEADING_MENTIONS.sub("", text.lstrip(), count=1)).split()
    return " ".join(LINK if has_link(word) else word for word in words)


def _answers(post: Mapping[str, Any], target_id: str) -> bool:
    references = post.get("referenced_tweets") or post.get("referenced_posts") or []
    return any(
        isinstance(one, dict) and one.get("type") == "replied_to" and str(one.get("id")) == target_id
        for one in references
    )
