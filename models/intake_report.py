"""What a run of intake leaves to read: a summary and the cases it opened, as markdown (texts of customers escaped)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from models.mentions import Reads
from models.safe_text import for_markdown, plain_link
from models.unit_hours import JAKARTA

SHOWN = 160
"""Characters shown of a mention's text in a table cell."""


@dataclass(frozen=True, slots=True)
class AccountPull:
    """What pulling one watched account brought. `problem` says why it was not pulled to the end, if it was not;
    `defect` whether that was a defect of ours and not the platform's doing.

    `lateness` is how far behind now the newest mention was when the pull began; `cursor` is its posting time (UTC).
    """

    handle: str
    platform: str
    kind: str
    pulled: int = 0
    stored: int = 0
    duplicates: int = 0
    edited: int = 0
    quarantined: int = 0
    cursor: datetime | None = None
    lateness: timedelta | None = None
    problem: str | None = None
    reads: Reads = field(default_factory=Reads)
    warnings: tuple[str, ...] = ()
    defect: bool = False


@dataclass(frozen=True, slots=True)
class OpenedCase:
    """A case as the table shows it; every text in it is the customer's own and escaped only when shown."""

    number: str
    platform: str
    handle: str | None
    name: str | None
    post_url: str
    text: str
    status: str
    severity: str
    problem: str
    category: str | None
    why_priority: tuple[str, ...]
    why_complaint: tuple[str, ...]
    agent: str | None
    team_leader: str | None
    why_agent: tuple[str, ...]
    passed_over: Mapping[str, tuple[str, ...]]
    clauses: Mapping[str, str]
    opened_at: datetime
    revision: str


@dataclass(frozen=True, slots=True)
class IntakeSummary:
    """One run of intake in figures. `cost` and `month_cost` are estimates in USD, `budget` what a month may cost."""

    started_at: datetime
    ended_at: datetime
    revision: str
    pulls: Sequence[AccountPull]
    complaints: int
    hard: int
    opened: int
    joined: int
    reopened: int
    candidates: int
    dispositions: Mapping[str, int]
    priority_by_category: Mapping[str, int]
    assigned: int
    waiting: int
    notices_sent: int
    notices_waiting: int
    problems: Sequence[str]
    cost: Decimal
    month_cost: Decimal
    budget: Decimal


def summary_markdown(summary: IntakeSummary) -> str:
    """The artifact `intake-summary`."""
    came = {name: sum(getattr(pull, name) for pull in summary.pulls) for name in PULLED}
    lines = [
        f"**{_jakarta(summary.started_at)} WIB**, {(summary.ended_at - summary.started_at).total_seconds():.1f} s, "
        f"work instruction revision {for_markdown(summary.revision)}.",
        "",
        "| what came in | | what it became | |",
        "|---|--:|---|--:|",
    ]
    became = [
        ("complaints (5.3.1)", summary.complaints),
        ("of them hard (5.3.2c)", summary.hard),
        ("cases opened", summary.opened),
        ("cases joined", summary.joined),
        ("cases reopened", summary.reopened),
        ("cases assigned (4.1)", summary.assigned),
        ("waiting for an agent (5.3.2a)", summary.waiting),
        ("complaints of regular customers", summary.dispositions.get("regular", 0)),
        ("not complaints", summary.dispositions.get("not_complaint", 0)),
        ("our own posts", summary.dispositions.get("own", 0)),
        ("notices sent", summary.notices_sent),
        ("notices still to send", summary.notices_waiting),
    ]
    left = [*came.items(), *[("", "")] * (len(became) - len(came))]
    lines += [
        f"| {name} | {count} | {what} | {much} |" for (name, count), (what, much) in zip(left, became, strict=True)
    ]
    lines += ["", "### Priority accounts among the complaints (5.2.1)", "", *_categories(summary)]
    lines += ["", "### Watched accounts (5.3.1)", "", *_pulls(summary.pulls)]
    troubles = [*summary.problems, *(warning for pull in summary.pulls for warning in pull.warnings)]
    if troubles:
        lines += ["", "### What needs a look", "", *(f"- {for_markdown(trouble, 400)}" for trouble in troubles)]
    lines += [
        "",
        f"X reads of this run about ${summary.cost:.3f}, of this month ${summary.month_cost:.2f} "
        f"of a budget of ${summary.budget:.0f}.",
    ]
    return "\n".join(lines)


PULLED = ("pulled", "stored", "duplicates", "edited", "quarantined")


def _categories(summary: IntakeSummary) -> list[str]:
    rows = sorted(summary.priority_by_category.items(), key=lambda item: (-item[1], item[0]))
    rows += [("candidate (a person decides)", summary.candidates)] if summary.candidates else []
    if not rows:
        return ["None in this run."]
    most = max(count for _, count in rows)
    bars = [f"| {for_markdown(name)} | {count} | {'█' * max(1, round(20 * count / most))} |" for name, count in rows]
    return ["| category | accounts | |", "|---|--:|---|", *bars]


def _pulls(pulls: Sequence[AccountPull]) -> list[str]:
    rows = [
        f"| @{for_markdown(pull.handle)} | {pull.platform} | {pull.kind} | {pull.pulled} | {pull.stored} | "
        f"{_ago(pull.lateness)} | {pull.reads.calls} | {for_markdown(pull.problem, 400) if pull.problem else 'ok'} |"
        for pull in pulls
    ]
    heads = "| account | platform | kind | pulled | stored | newest | calls | state |"
    return [heads, "|---|---|---|--:|--:|--:|--:|---|", *rows]


def cases_markdown(cases: Sequence[OpenedCase], opened_now: int) -> str:
    """The artifact `cases-opened`: a table, newest first, then for each case why priority, why a complaint, why whom.

    The reasons stand below the table because the Prefect UI never wraps a table's cells.
    """
    if not cases:
        return "No case has been opened yet."
    head = f"{opened_now} opened in this run; the latest {len(cases)}, newest first. Times in Asia/Jakarta."
    heads = "| case | opened | customer | priority (5.2.1) | complaint (5.3.1) | with (5.1.1) |"
    table = [head, "", heads, "|---|---|---|---|---|---|", *map(_case_row, cases)]
    return "\n".join([*table, *(line for case in cases for line in _case_reasons(case))])


def _case_row(case: OpenedCase) -> str:
    cells = (
        f"**{case.number}**",
        _jakarta(case.opened_at),
        f"{_customer(case)} ({case.platform})",
        for_markdown(case.category or "candidate"),
        f"{'**hard** ' if case.severity == 'hard' else ''}{for_markdown(case.problem)}",
        _handler(case),
    )
    return f"| {' | '.join(cells)} |"


def _case_reasons(case: OpenedCase) -> list[str]:
    passed = "; ".join(f"{reason}: {', '.join(codes)}" for reason, codes in case.passed_over.items())
    why_agent = " ".join(case.why_agent) + (f" Passed over: {passed}." if passed else "")
    said = f"“{for_markdown(case.text, SHOWN)}”"
    if link := plain_link(case.post_url):
        said += f" [post](<{link}>)"
    hard = "hard, " if case.severity == "hard" else ""
    clauses = case.clauses
    return [
        "",
        f"**{case.number}** {_customer(case)}, {for_markdown(case.status)}, "
        f"revision {for_markdown(case.revision)}: {said}",
        "",
        f"- Priority as **{for_markdown(case.category or 'candidate')}** ({clauses['priority']}): "
        f"{_listed(case.why_priority)}",
        f"- Complaint, **{hard}{for_markdown(case.problem)}** ({clauses['complaint']}): {_listed(case.why_complaint)}",
        f"- With **{_handler(case)}** ({clauses['agent']}): {for_markdown(why_agent, 700)}",
    ]


def _customer(case: OpenedCase) -> str:
    return f"@{for_markdown(case.handle, 40)}" if case.handle else for_markdown(case.name or "unknown author", 60)


def _handler(case: OpenedCase) -> str:
    return for_markdown(case.agent or (f"team leader {case.team_leader}" if case.team_leader else "nobody on duty"))


def _listed(reasons: Sequence[str]) -> str:
    return for_markdown("; ".join(reason.rstrip(".") for reason in reasons), 300)


def _jakarta(moment: datetime) -> str:
    return f"{moment.astimezone(JAKARTA):%d %b %H:%M:%S}"


def _ago(lateness: timedelta | None) -> str:
    if lateness is None:
        return "–"
    seconds = lateness.total_seconds()
    return f"{seconds:.0f} s ago" if seconds < 600 else f"{seconds / 60:.0f} min ago"
