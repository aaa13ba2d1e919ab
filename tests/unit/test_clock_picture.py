"""The picture of a ticket's clocks: a well-formed SVG whose bars tell how much time has passed."""

from __future__ import annotations

import base64
import re
from dataclasses import replace
from datetime import timedelta
from xml.etree import ElementTree

import pytest

from models.clock_picture import BREACHED, KEPT, RUNNING, WARNED, ClockBar, clock_picture, share
from tests.support import NOW

HOUR = timedelta(hours=1)
BAR = ClockBar("settle <1>", NOW, NOW + 8 * HOUR, NOW + 10 * HOUR, None, False, "due & late")
SVG = "{http://www.w3.org/2000/svg}"


def drawn(*bars: ClockBar, hours: float) -> ElementTree.Element:
    picture = clock_picture(bars, NOW + hours * HOUR)
    found = re.fullmatch(r"!\[[^\]]*\]\(data:image/svg\+xml;base64,([A-Za-z0-9+/=]+)\)", picture)
    assert found
    return ElementTree.fromstring(base64.b64decode(found[1]))


@pytest.mark.parametrize(
    ("changes", "hours", "colour", "width"),
    [
        ({}, 1, RUNNING, 38),
        ({}, 9, WARNED, 342),
        ({}, 12, BREACHED, 380),
        ({"stopped_at": NOW + 5 * HOUR}, 20, KEPT, 190),
        ({"stopped_at": NOW + 11 * HOUR}, 20, BREACHED, 380),
    ],
)
def test_a_bar_is_as_long_as_the_time_that_has_passed(
    changes: dict[str, object], hours: float, colour: str, width: int
) -> None:
    svg = drawn(replace(BAR, **changes), hours=hours)  # type: ignore[arg-type]
    _, bar, _ = svg.findall(f"{SVG}rect")
    assert (bar.get("fill"), bar.get("width")) == (colour, str(width))
    assert [text.text for text in svg.findall(f"{SVG}text")] == ["settle <1>", "due & late"]


def test_shares_stay_between_nothing_and_all() -> None:
    assert share(BAR, NOW - HOUR) == 0
    assert share(BAR, NOW + 99 * HOUR) == 1
    assert clock_picture([], NOW) == ""
