"""The artifact `capacity`: how many agents a shift needs, as a table and a chart, with what it was reckoned from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from io import BytesIO

from models.capacity import MOST, Aim, Demand, Staffing, needed
from models.clock_picture import picture
from models.kpi_charts import TARGET, TEXT
from models.kpi_words import duration, figure

WAYS = {"erlang_c": "Erlang C", "erlang_a": "Erlang A", "replayed": "replayed"}
COLOURS = {"erlang_c": "#3b82f6", "erlang_a": "#d99a1c", "replayed": "#a855f7"}


@dataclass(frozen=True, slots=True)
class Question:
    """What was asked: which days were looked at, which hours of the day (WIB) the shift has, and the aim."""

    first: date
    last: date
    begin: int
    end: int
    aim: Aim


def capacity_markdown(question: Question, demand: Demand, seen: int, found: Sequence[Staffing]) -> str:
    """`seen` complaints came in the shift's hours; `demand` is of its busiest hour, what `found` would reach."""
    aim = question.aim
    hours = f"{question.begin:02d}:00 to {question.end:02d}:00 WIB"
    asked = f"{figure('share', aim.share)} within {duration(aim.within.total_seconds())}"
    days = f"{question.first:%d %b %Y} to {question.last:%d %b %Y}"
    if not seen:
        return f"# Capacity\n\nFrom {hours} no complaint came in from {days}: there is nothing to reckon with."
    if not found:
        busy = f"{demand.load:,.0f} agents would be busy if nobody waited, more than the {MOST} that are tried"
        return f"# More than {MOST} agents\n\n{seen:,} complaints came in from {hours}, {days}: {busy}."
    most = {way: needed(found, aim, way) for way in WAYS}
    enough = None if None in most.values() else max(number or 0 for number in most.values())
    answer = f"{enough} agents" if enough else f"more than {found[-1].agents} agents"
    lines = [
        f"# {answer} for {asked}, {hours}",
        "",
        f"{seen:,} complaints came in these hours from {days}. The busiest hour has {demand.per_hour:.1f} of them on "
        f"average; one is in hand for {duration(demand.handle.total_seconds())} on average: "
        f"{demand.load:.1f} agents would be busy if nobody waited. Customers are taken to wait for "
        f"{duration(demand.patience.total_seconds())} on average before they give up.",
        "",
        picture(_chart(found, aim), "; ".join(f"{WAYS[way]}: {number or 'none'}" for way, number in most.items())),
        "",
        "| agents | Erlang C | Erlang A | give up | replayed | busy |",
        "|---|---|---|---|---|---|",
        *(_row(one, aim) for one in found),
        "",
        "Erlang C: everybody waits. Erlang A: those whose patience is over go. Both are for the busiest hour, with "
        "complaints coming at random and one in hand at a time. Replayed: the complaints that came, with their own "
        "times in hand, given out by the desk's own rules of assignment to so many agents, over the whole shift. "
        "Breaks, leave and illness come on top.",
    ]
    return "\n".join(lines)


def _row(one: Staffing, aim: Aim) -> str:
    cells = [
        f"{'**' if getattr(one, way) >= aim.share else ''}{figure('share', getattr(one, way))}"
        f"{'**' if getattr(one, way) >= aim.share else ''}"
        for way in WAYS
    ]
    cells.insert(2, figure("share", one.given_up))
    return f"| {one.agents} | {' | '.join(cells)} | {figure('share', one.occupancy)} |"


def _chart(found: Sequence[Staffing], aim: Aim) -> bytes:
    import matplotlib
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "capacity", "font.size": 9}):
        drawn = Figure(figsize=(8, 3), layout="constrained")
        axis = drawn.subplots()
        for way, name in WAYS.items():
            values = [getattr(one, way) * 100 for one in found]
            axis.plot([one.agents for one in found], values, color=COLOURS[way], marker="o", markersize=3, label=name)
        axis.axhline(aim.share * 100, color=TARGET, linestyle="--", linewidth=1)
        axis.set_xlabel("agents", color=TEXT)
        axis.set_ylabel("in time (%)", color=TEXT)
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
        axis.set_ylim(0, 103)
        axis.tick_params(colors=TEXT)
        axis.legend(labelcolor=TEXT, frameon=False)
        for name, spine in axis.spines.items():
            spine.set_visible(name in {"left", "bottom"})
            spine.set_color(TEXT)
        target = BytesIO()
        drawn.savefig(target, format="svg", transparent=True, metadata={"Date": None})
    return target.getvalue()
