"""What every test in the browser stands on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest


@pytest.fixture
def page(chromium: Any) -> Iterator[Any]:
    """A page as wide as a desk's screen; a dialog that customers' text opened fails the test."""
    opened = chromium.new_page(viewport={"width": 1500, "height": 1300})
    opened.set_default_timeout(30_000)
    opened.on("dialog", lambda dialog: pytest.fail(f"a dialog opened: {dialog.message}"))
    yield opened
    opened.close()
