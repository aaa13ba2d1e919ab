"""Charts of the KPIs with matplotlib: a line for each KPI over days with its target, readable on dark and on light.

The library takes most of a second to import, so it is imported where the first chart of a process is drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from io import BytesIO
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TEXT, LINE, TARGET, MISSED = "#8a8f98", "#3b82f6", "#2e9e5b", "#d64545"
ACROSS = 4
"""Charts beside each other where there is room; the UI's pages have room for three."""
BLOCKS = "▁▂▃▄▅▆▇█"
MINUTE, HOUR = 60, 3600


@dataclass(frozen=True, slots=True)
class Trend:
    """A KPI over days: values by day (None where nothing was measured), its unit (share, count, s) and target."""

    title: str
    unit: str
    days: tuple[str, ...]
    values: tuple[float | None, ...]
    target: float | None
    higher_is_better: bool


def sparkline(values: Sequence[float | None]) -> str:
    """Values as a line of blocks from lowest to highest; a dot where there is none."""
    there = [value for value in values if value is not None]
    if not there:
        return ""
    low, span = min(there), max(there) - min(there)
    step = (len(BLOCKS) - 1) / span if span else 0.0
    return "".join("·" if value is None else BLOCKS[round((value - low) * step)] for value in values)


def trends_svg(trends: Sequence[Trend], text: str = TEXT, across: int = 3) -> bytes:
    """The trends as one SVG picture, small multiples; `text` is the colour of axes and words."""
    target = BytesIO()
    drawn(trends, text, across).savefig(target, format="svg", transparent=True, metadata={"Date": None})
    return target.getvalue()


def trends_png(trends: Sequence[Trend], text: str) -> bytes:
    """The same as a PNG picture on white, fit to print."""
    target = BytesIO()
    drawn(trends, text, ACROSS).savefig(target, format="png", dpi=200, facecolor="white")
    return target.getvalue()


def drawn(trends: Sequence[Trend], text: str, across: int) -> Figure:
    """The trends as a figure of matplotlib."""
    import matplotlib
    from matplotlib.figure import Figure

    rows = -(-len(trends) // across)
    with matplotlib.rc_context(
        {"svg.fonttype": "none", "svg.hashsalt": "kpis", "font.size": 8, "font.family": ["sans-serif"]}
    ):
        figure = Figure(figsize=(3 * across, 1.75 * rows), layout="constrained")
        axes = figure.subplots(rows, across, squeeze=False).flat
        for trend in trends:
            _draw(next(axes), trend, text)
        for unused in axes:
            unused.set_axis_off()
    return figure


def _draw(axis: Any, trend: Trend, text: str) -> None:
    scale, unit = _scale(trend)
    places = range(len(trend.days))
    values = [float("nan") if value is None else value / scale for value in trend.values]
    axis.plot(places, values, color=LINE, linewidth=1.4, marker="o", markersize=2.5)
    if trend.target is not None:
        axis.axhline(trend.target / scale, color=TARGET, linewidth=1, linestyle="--")
        wrong = [place for place in places if _missed(trend, trend.values[place])]
        axis.plot(wrong, [values[place] for place in wrong], "o", color=MISSED, markersize=3.5)
    axis.set_title(f"{trend.title} ({unit})" if unit else trend.title, color=text, fontsize=8, loc="left")
    axis.set_ylim(0, 105 if trend.unit == "share" else None)
    if not any(trend.values):
        told = "none" if 0 in trend.values else "not measured"
        axis.text(0.5, 0.5, told, color=text, ha="center", va="center", transform=axis.transAxes)
        axis.set_yticks([])
    shown = sorted({0, len(trend.days) // 2, len(trend.days) - 1})
    axis.set_xticks(shown, [f"{date.fromisoformat(trend.days[place]):%d %b}" for place in shown])
    axis.tick_params(colors=text, length=2)
    for name, spine in axis.spines.items():
        spine.set_visible(name in {"left", "bottom"})
        spine.set_color(text)
    axis.grid(axis="y", color=text, alpha=0.2, linewidth=0.5)


def _missed(trend: Trend, value: float | None) -> bool:
    if value is None or trend.target is None:
        return False
    return value < trend.target if trend.higher_is_better else value > trend.target


def _scale(trend: Trend) -> tuple[float, str]:
    """By what values are divided to be read easily, and the unit that they are in then."""
    if trend.unit == "share":
        return 0.01, "%"
    if trend.unit == "count":
        return 1, ""
    most = max([value for value in trend.values if value is not None], default=0)
    most = max(most, trend.target or 0)
    if most >= 2 * HOUR:
        return HOUR, "h"
    return (MINUTE, "min") if most >= 2 * MINUTE else (1, "s")
