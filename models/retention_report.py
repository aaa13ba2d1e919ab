"""The artifacts `retention` and `data-request` as markdown (clause 6); moments are UTC, shown as days in Asia/Jakarta.

They name types, counts, numbers of cases and staff codes: nothing of a customer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from models.cases import case_number
from models.legal_holds import Hold
from models.records import FOR_GOOD, Register
from models.retention import TypeVerdict
from models.safe_text import for_markdown
from models.unit_hours import JAKARTA

DRY_RUN = "DRY RUN: nothing was changed"
SHOWN_HOLDS = 50
RequestKind = Literal["access", "dry run", "erasure"]


@dataclass(frozen=True, slots=True)
class TypeReport:
    """What a run found of a type, and how many rows it did (None: it only looked); `problem` is what kept it from
    going on."""

    verdict: TypeVerdict
    done: int | None = None
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class RetentionReport:
    """A run of retention: when (UTC), who asked for it (a staff code, or nobody), whether it only looked, what it found
    and did."""

    now: datetime
    by: str
    dry_run: bool
    types: tuple[TypeReport, ...]
    holds: tuple[Hold, ...]


def retention_markdown(report: RetentionReport, register: Register) -> str:
    """The artifact `retention`: what is due and was done by type, which holds exempt what, and why all this."""
    failed = [for_markdown(one.verdict.type.code) for one in report.types if one.problem]
    state = DRY_RUN if report.dry_run else f"Done, except {', '.join(failed)}" if failed else "Done"
    asked = f" for {for_markdown(report.by)}" if report.by else ""
    parts = [
        f"# Retention · {state}",
        f"{moment(report.now)} WIB, {'looked at' if report.dry_run else 'carried out'}{asked} (clause 6).",
        _table(report),
        *([f"### Not done\n\n{_problems(report)}"] if failed else []),
        f"### On legal hold\n\n{_holds(report.holds)}",
        f"### Why so long, and who answers for it\n\n{_reasons(report)}",
        f"### Kept for good\n\n{_for_good(register)}",
    ]
    return "\n\n".join(parts)


def _table(report: RetentionReport) -> str:
    lines = [
        "| records | kept | from | then | due | done | on hold | oldest kept |",
        "|---|---|---|---|--:|--:|--:|---|",
    ]
    for one in report.types:
        verdict, kept = one.verdict, one.verdict.type
        cells = (
            for_markdown(kept.code.replace("_", " ")),
            period(kept.keep),
            for_markdown(kept.since),
            kept.then,
            f"{verdict.due:,}",
            "–" if one.done is None else f"{one.done:,}",
            f"{verdict.exempt:,}" if verdict.exempt else "–",
            day(verdict.oldest_kept),
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _problems(report: RetentionReport) -> str:
    told = [(one.verdict.type.code, one.problem) for one in report.types if one.problem]
    return "\n".join(
        f"- **{for_markdown(code)}**: {for_markdown(problem or '', 400)}. The next run goes on."
        for code, problem in told
    )


def _holds(held: Sequence[Hold]) -> str:
    if not held:
        return "No case is on hold."
    lines = [
        f"- {case_number(one.case_id)} since {day(one.placed_at)}, placed by {for_markdown(one.placed_by)}: the case, "
        "its account and what that said are left alone"
        for one in held[:SHOWN_HOLDS]
    ]
    more = len(held) - SHOWN_HOLDS
    return "\n".join([*lines, *([f"- and {more:,} more"] if more > 0 else [])])


def _reasons(report: RetentionReport) -> str:
    lines = []
    for one in report.types:
        kept, until = one.verdict.type, one.verdict.until
        limit = f" Due is what is older than {day(until)}." if until else ""
        oldest = f" The oldest of it is of {day(one.verdict.oldest_due)}." if one.verdict.oldest_due else ""
        lines.append(
            f"- **{for_markdown(kept.code.replace('_', ' '))}**, {for_markdown(kept.responsible)}: "
            f"{for_markdown(kept.what, 600)}{limit}{oldest} *{for_markdown(kept.because, 600)}*"
        )
    return "\n".join(lines)


def _for_good(register: Register) -> str:
    return "\n".join(
        f"- **{for_markdown(code.replace('_', ' '))}**, {for_markdown(kept.responsible)}: "
        f"{for_markdown(kept.what, 600)} *{for_markdown(kept.because, 600)}*"
        for code, kept in register.items()
        if kept.keep is None
    )


@dataclass(frozen=True, slots=True)
class RequestReport:
    """What became of a customer's request: the account's number, who took it down, rows by part or table; of an
    access the file and the day (UTC) it is deleted; of an erasure the proof."""

    kind: RequestKind
    number: str
    run_id: str
    by: str
    now: datetime
    rows: Mapping[str, int]
    file: str = ""
    deleted_at: datetime | None = None
    digest: str = ""
    salt: str = ""
    runs: int = 0
    artifacts: int = 0
    listed: int = 0


def request_markdown(report: RequestReport) -> str:
    """The artifact `data-request`: where the answer is, or what was erased and how that is proved."""
    title = {"access": "Everything held, as one file", "dry run": f"Erasure · {DRY_RUN}", "erasure": "Erased"}
    lines = {"access": _access, "dry run": _would_erase, "erasure": _erased}
    table = ["| part | records |", "|---|--:|"]
    table += [f"| {for_markdown(name.replace('_', ' '))} | {count:,} |" for name, count in report.rows.items()]
    return "\n\n".join(
        [
            f"# {title[report.kind]} · {report.number}",
            f"{moment(report.now)} WIB, taken down by {for_markdown(report.by)} (clause 6), request `{report.run_id}`.",
            "\n".join(f"- {line}" for line in lines[report.kind](report)),
            "\n".join(table),
        ]
    )


def _access(report: RequestReport) -> list[str]:
    gone = f"It is deleted by retention on {day(report.deleted_at)}" if report.deleted_at else "It is kept for good"
    return [
        f"The file, which the desk's own user only can read: `{report.file}`",
        f"{gone}; hand it to the customer before, by a way that only they can read",
        "Accounts of the same person on other platforms are not known to be theirs: take down a request for each",
    ]


def _would_erase(report: RequestReport) -> list[str]:
    return [
        "What is counted below would be anonymised or deleted, for good",
        "To have it done, start the same form with **Erase it** ticked",
        _listings(report),
    ]


def _erased(report: RequestReport) -> list[str]:
    return [
        f"Proof in the journal: entry `account_erased` of {report.number}, digest `{report.digest}`",
        f"Salt, for the customer: `{report.salt}`. The SHA-256 of salt, platform, colon and account id, no "
        "blanks, is the digest: so they can show later that it was theirs. Only this artifact keeps it",
        f"Deleted in Prefect because they named it: runs {report.runs:,}, artifacts {report.artifacts:,}. Its events "
        "forget within a week, backups when they are replaced",
        _listings(report),
        "If the customer writes again they are a new account, of which nothing is known",
    ]


def _listings(report: RequestReport) -> str:
    if not report.listed:
        return "No list of Priority customers names it"
    return (
        f"Entries of the lists of Priority customers that name it: {report.listed:,}. They stay; whoever keeps a list "
        "takes it off there, and `load-reference-data` takes that over"
    )


def period(keep: timedelta | None) -> str:
    """A period in words: `400 days`, or for good."""
    if keep is None:
        return FOR_GOOD
    if keep >= timedelta(days=1) and not keep % timedelta(days=1):
        return f"{keep.days:,} days"
    return f"{keep.total_seconds() / 3600:,.1f} h"


def day(at: datetime | None) -> str:
    """A moment (UTC) as its day in Asia/Jakarta; a dash for none."""
    return f"{at.astimezone(JAKARTA):%d %b %Y}" if at else "–"


def moment(at: datetime) -> str:
    """A moment (UTC) as day and time in Asia/Jakarta."""
    return f"{at.astimezone(JAKARTA):%d %b %Y %H:%M}"
