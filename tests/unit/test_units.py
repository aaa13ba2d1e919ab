"""data/units.yaml, the hours of a unit, and the signatures between units and desk (clauses 4.4, 5.3.2d)."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.signatures import SignatureRefused, sign, verify
from models.unit_hours import JAKARTA, UnitHours
from models.units import UnitsError, load_units, unit_for
from tasks.settings import ROOT
from tests.support import NOW

FILE = Path(ROOT) / "data" / "units.yaml"
OFFICE = UnitHours(frozenset({"mon", "tue", "wed", "thu", "fri"}), time(8), time(17), holidays=True)


def test_the_units_of_the_desk() -> None:
    units = load_units(FILE)
    assert {"network", "billing", "provisioning", "tv", "mobile", "enterprise", "sales"} <= set(units)
    assert unit_for(units, "billing").code == "billing"
    assert units["network"].post(1) == "Shift Lead NOC"
    assert units["network"].post(9) == "VP Network"
    assert units["network"].retry.longest == timedelta(seconds=50 + 52 * 1.5)


@pytest.mark.parametrize(
    ("old", "new", "below", "reason"),
    [
        ("    channel: http\n    problems: [network]", "    channel: fax\n    problems: [network]", 3, "channel"),
        ("attempts: 5, waits", "attempts: 9, waits", 9, "9 attempts have 8 waits"),
        ("    chase_every: 2 h\n", "", 2, "chase_every: is missing"),
        ("problems: [tv]", "problems: [tv, network]", 1, "network belongs to network and tv"),
        ("problems: [sales]", "problems: []", 1, "sales belongs to no unit"),
        ('from: "08:00", to: "17:00"', 'from: "18:00", to: "17:00"', 16, "from must be before to"),
        ("units:\n", "unit:\n", 0, "units:"),
    ],
)
def test_a_wrong_file_is_refused_with_line_and_reason(
    tmp_path: Path, old: str, new: str, below: int, reason: str
) -> None:
    text = FILE.read_text("utf-8")
    assert old in text
    path = tmp_path / "units.yaml"
    path.write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(UnitsError, match=reason) as refused:
        load_units(path)
    lines = [int(found.split(":")[1]) for found in str(refused.value).splitlines()[1:]]
    assert text[: text.index("\nunits:")].count("\n") + 2 + below in lines, refused.value


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=JAKARTA)


@pytest.mark.parametrize(
    ("start", "hours", "end"),
    [
        ("2026-03-10 09:00", 3, "2026-03-10 12:00"),
        ("2026-03-10 06:00", 1, "2026-03-10 09:00"),  # before opening
        ("2026-03-10 16:00", 3, "2026-03-11 10:00"),  # overnight
        ("2026-03-13 16:00", 2, "2026-03-16 09:00"),  # over a weekend
        ("2026-03-10 08:00", 9, "2026-03-10 17:00"),  # ends at the close, not at the next opening
        ("2026-04-30 16:00", 2, "2026-05-04 09:00"),  # 1 May is a holiday, then a weekend
        ("2026-12-24 16:30", 1, "2026-12-28 08:30"),  # Christmas
    ],
)
def test_clocks_run_in_the_units_hours(start: str, hours: float, end: str) -> None:
    assert OFFICE.add(at(start), timedelta(hours=hours)) == at(end)


@given(
    st.integers(0, 700 * 86_400).map(lambda seconds: NOW - timedelta(seconds=seconds)),
    st.integers(1, 200_000),
    st.integers(1, 200_000),
)
def test_durations_add_up(start: datetime, first: int, second: int) -> None:
    one, two = timedelta(seconds=first), timedelta(seconds=second)
    assert UnitHours().add(start, one) == start + one
    assert OFFICE.add(OFFICE.add(start, one), two) == OFFICE.add(start, one + two)
    assert OFFICE.add(start, one) >= start + one


def test_a_unit_that_never_opens_is_refused() -> None:
    with pytest.raises(ValueError, match="never open"):
        UnitHours(frozenset()).add(NOW, timedelta(hours=1))


def test_signatures() -> None:
    stamp = int(NOW.timestamp())
    signed = sign("key", stamp, "POST", "/tickets", b"{}")
    verify("key", stamp, signed, NOW, "POST", "/tickets", b"{}")
    for key, told, signature, parts in (
        ("other", stamp, signed, ("POST", "/tickets", b"{}")),
        ("key", stamp, signed, ("POST", "/tickets", b"{ }")),
        ("key", stamp + 1, signed, ("POST", "/tickets", b"{}")),
        ("key", stamp, "sha256=é", ("POST", "/tickets", b"{}")),
        ("key", 10**20, signed, ("POST", "/tickets", b"{}")),
    ):
        with pytest.raises(SignatureRefused) as refused:
            verify(key, told, signature, NOW, *parts)
        assert "key" not in str(refused.value).replace("unit's key", "")
    with pytest.raises(SignatureRefused, match="5 minutes"):
        verify("key", stamp, signed, NOW + timedelta(minutes=6), "POST", "/tickets", b"{}")
