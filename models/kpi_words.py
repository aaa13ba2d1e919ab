"""KPIs in words: figures, times and targets as people read them, and whether a target is met."""

from __future__ import annotations

from math import isnan

from models.kpi_definitions import Kpi
from models.kpi_tables import NOBODY

MINUTE, HOUR, DAY = 60, 3600, 86_400
NAMES = {
    **{"agent": "agent", "leader": "team leader", "pic": "PIC", "unit": "unit", "problem": "problem"},
    **{"severity": "severity", "category": "category", "platform": "platform", "region": "region"},
    **{"watched": "watched account", "hour": "hour of the day", "outcome": "outcome", "clock": "clock", "age": "age"},
    **{"contact": "kind of contact", "level": "level", "step": "step demanded"},
}
"""The dimensions as people call them."""
STATISTICS = {
    **{"share": "", "count": "", "mean": "average", "p50": "median"},
    **{"p90": "9 of 10 within", "p95": "95 of 100 within"},
}
"""The statistics as people call them; of those in words the percentile is the time that follows."""
OF_PEOPLE = ("agent", "leader", "pic")
"""The dimensions whose members are people."""


def missing(value: float | None) -> bool:
    """Whether there is no figure."""
    return value is None or isnan(value)


def figure(unit: str, value: float | None) -> str:
    """A value in its unit (share, count, s): `97.5 %`, `12`, `4 min 10 s`; a dash where there is none."""
    if value is None or isnan(value):
        return "–"
    if unit == "share":
        return f"{value * 100:.1f} %".replace(".0 %", " %")
    return f"{value:,.0f}" if unit == "count" else duration(value)


def duration(seconds: float) -> str:
    """Seconds in the two largest units that say it: `3.2 s`, `4 min 10 s`, `2 h 5 min`, `3 d 4 h`."""
    if seconds < MINUTE:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    for size, name, small, part in ((DAY, "d", HOUR, "h"), (HOUR, "h", MINUTE, "min"), (MINUTE, "min", 1, "s")):
        if seconds >= size:
            whole, rest = divmod(int(seconds), size)
            return f"{whole} {name} {rest // small} {part}" if rest // small else f"{whole} {name}"
    raise AssertionError(seconds)


def called(dimension: str, member: str) -> str:
    """A member of a dimension as people call it."""
    return "nobody" if member == NOBODY and dimension in OF_PEOPLE else member


def met(kpi: Kpi, value: float | None, target: float | None) -> bool | None:
    """Whether a value meets the target; None where there is nothing to compare."""
    if value is None or isnan(value) or target is None:
        return None
    return bool(value <= target if kpi.better == "lower" else value >= target)


def mark(kpi: Kpi, value: float | None, target: float | None) -> str:
    """A sign for met and missed; empty where there is nothing to compare."""
    return {True: "✔", False: "✘", None: ""}[met(kpi, value, target)]


def target_words(kpi: Kpi, target: float | None) -> str:
    """The target: `at least 95 %`, `within 5 min`; a dash where there is none."""
    if target is None or kpi.target is None:
        return "–"
    if kpi.shape.kind == "time":
        return f"within {figure(kpi.unit, target)}"
    return f"{'at most' if kpi.better == 'lower' else 'at least'} {figure(kpi.unit, target)}"


def basis(kpi: Kpi, numerator: float | None, denominator: float | None) -> str:
    """What a figure is made of: `49 of 50`, `12 measured`; empty where that tells nothing."""
    if denominator is None or isnan(denominator) or kpi.code == "fairness":
        return ""
    if kpi.shape.kind == "time":
        return f"{denominator:,.0f} measured"
    return "" if missing(numerator) else f"{numerator:,.0f} of {denominator:,.0f}"
