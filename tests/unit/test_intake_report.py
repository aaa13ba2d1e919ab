"""The artifacts of intake as text."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from models.intake_report import AccountPull, IntakeSummary, OpenedCase, cases_markdown, summary_markdown
from models.mentions import Reads
from tests.support import NOW

CASE = OpenedCase(
    number="C-000007",
    platform="x",
    handle="pakmenteri_uji",
    name="Darma",
    post_url="https://x.com/i/status/7",
    text="internet mati | total <b>",
    status="assigned",
    severity="hard",
    problem="network",
    category="government",
    why_priority=("5.2.1: profession in the bio", "“DPR RI”"),
    why_complaint=('complaint: "mati total"',),
    agent="A03",
    team_leader=None,
    why_agent=("5.1.1: meets all six criteria",),
    passed_over={"off duty": ("A01", "A02")},
    clauses={"priority": "5.2.1", "complaint": "5.3.2c", "agent": "5.1.1"},
    opened_at=NOW,
    revision="00",
)


def _summary() -> IntakeSummary:
    pull = AccountPull(
        handle="TelkomCare",
        platform="x",
        kind="care",
        pulled=12,
        stored=9,
        duplicates=3,
        lateness=timedelta(seconds=42),
        reads=Reads(calls=1),
        warnings=("usage at 85 %",),
    )
    down = AccountPull(handle="larasdinanti", platform="x", kind="bod", problem="X: 503 | try later")
    return IntakeSummary(
        started_at=NOW,
        ended_at=NOW + timedelta(seconds=2),
        revision="00",
        pulls=[pull, down],
        complaints=5,
        hard=2,
        opened=3,
        joined=1,
        reopened=0,
        candidates=1,
        dispositions=Counter(opened_case=3, joined_case=1, regular=1, not_complaint=4),
        priority_by_category={"government": 2, "media": 1},
        assigned=2,
        waiting=1,
        notices_sent=2,
        notices_waiting=0,
        problems=["profiles: X is away"],
        cost=Decimal("0.012"),
        month_cost=Decimal("3.5"),
        budget=Decimal(400),
    )


def test_the_summary_has_every_figure_and_every_trouble() -> None:
    text = summary_markdown(_summary())
    for part in (
        "| pulled | 12 | complaints (5.3.1) | 5 |",
        "| stored | 9 |",
        "| duplicates | 3 |",
        "| cases opened | 3 |",
        "| waiting for an agent (5.3.2a) | 1 |",
        "| government | 2 |",
        "42 s ago",
        r"503 \| try later",
        "usage at 85 %",
        "$3.50 of a budget of $400",
    ):
        assert part in text, part


def test_a_case_is_told_in_a_row_and_its_reasons_with_clauses() -> None:
    text = cases_markdown([CASE], 1)
    row = next(line for line in text.splitlines() if line.startswith("| **C-000007**"))
    assert row.count(" | ") == 5
    assert "**hard**" in row
    reasons = text.split(row)[1]
    for part in ("C-000007", "**hard, ", "(5.2.1)", "(5.3.2c)", "(5.1.1)", "A03", "A01, A02", "[post](<https://x"):
        assert part in reasons, part
    assert "<b>" not in text


def test_a_link_that_is_no_https_link_is_not_shown() -> None:
    row = cases_markdown([replace(CASE, post_url="javascript:alert(1)")], 1)
    assert "javascript" not in row
    row = cases_markdown([replace(CASE, post_url="https://x.com/a>)<b|c")], 1)
    assert "[post](<https://x.com/a)bc>)" in row


def test_no_case_yet_is_said() -> None:
    assert cases_markdown([], 0) == "No case has been opened yet."
