"""Running and stopped clocks as a picture: a bar each, the warning marked, readable on dark and on light."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape

WIDTH, ROW, LEFT, BAR = 720, 30, 110, 380
KEPT, RUNNING, WARNED, BREACHED = "#2e9e5b", "#3b82f6", "#d99a1c", "#d64545"
TEXT = "#8a8f98"


@dataclass(frozen=True, slots=True)
class ClockBar:
    """One clock as it stood at a moment: its name, its moments (UTC), and what is written beside it."""

    name: str
    started_at: datetime
    warns_at: datetime
    due_at: datetime
    stopped_at: datetime | None
    breached: bool
    beside: str


def clock_picture(bars: Sequence[ClockBar], now: datetime) -> str:
    """Markdown of an SVG picture of the clocks at `now` (UTC); empty where there are none.

    A bar is full when the clock is up: its length is the share of the time from start to due that has passed.
    """
    if not bars:
        return ""
    drawn = "".join(_row(bar, number, now) for number, bar in enumerate(bars))
    size = f'width="{WIDTH}" height="{ROW * len(bars) + 4}"'
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="13">{drawn}</svg>'
    return picture(svg.encode(), "; ".join(f"{bar.name}: {bar.beside}" for bar in bars))


def picture(svg: bytes, told: str) -> str:
    """Markdown of an SVG picture; `told` says in words what it shows."""
    alt = told.replace("[", "").replace("]", "")
    return f"![{alt}](data:image/svg+xml;base64,{base64.b64encode(svg).decode()})"


def share(bar: ClockBar, at: datetime) -> float:
    """How much of a clock's time has passed at a moment, from 0 to 1."""
    whole = (bar.due_at - bar.started_at).total_seconds()
    return min(1.0, max(0.0, (at - bar.started_at).total_seconds() / whole)) if whole > 0 else 1.0


def _row(bar: ClockBar, number: int, now: datetime) -> str:
    y = number * ROW + 8
    at = bar.stopped_at or now
    colour = RUNNING if at < bar.warns_at else WARNED
    if bar.stopped_at is not None:
        colour = KEPT
    if bar.breached or at >= bar.due_at:
        colour = BREACHED
    mark = LEFT + BAR * share(bar, bar.warns_at)
    return (
        f'<text x="0" y="{y + 12}" fill="{TEXT}">{escape(bar.name)}</text>'
        f'<rect x="{LEFT}" y="{y}" width="{BAR}" height="16" rx="3" fill="{TEXT}" fill-opacity="0.25"/>'
        f'<rect x="{LEFT}" y="{y}" width="{BAR * share(bar, at):.0f}" height="16" rx="3" fill="{colour}"/>'
        f'<rect x="{mark:.0f}" y="{y - 3}" width="2" height="22" fill="{TEXT}"/>'
        f'<text x="{LEFT + BAR + 12}" y="{y + 12}" fill="{TEXT}">{escape(bar.beside)}</text>'
    )
