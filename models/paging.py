"""When a list of pages ends: X sometimes repeats a token for ever, Graph answers short and empty pages on the way."""

from __future__ import annotations

from models.mentions import Page


class PageGuard:
    """Watches the pages of one pull go by."""

    def __init__(self) -> None:
        self._ids: set[str] = set()
        self._tokens: set[str] = set()

    def goes_on(self, page: Page) -> bool:
        """Whether the page after this one is worth asking for: there is one, its token is new, and this page was
        empty or brought something not seen in this pull."""
        ids = {mention.external_id for mention in page.mentions}
        brings_nothing_new = bool(ids) and ids <= self._ids
        repeated = page.next_token in self._tokens
        self._ids |= ids
        if page.next_token is None or repeated or brings_nothing_new:
            return False
        self._tokens.add(page.next_token)
        return True
