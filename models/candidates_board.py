"""The artifact `candidates`: accounts that wait for a person's word, what was decided lately, and what the decisions
say of the rules (5.2.1).

Customers' and colleagues' words are escaped; times are shown in Asia/Jakarta, `now` is UTC.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, case, func, select

from models.account_reviews import review_number
from models.accounts import AccountReviewRow, AccountRow, account_number
from models.cases import IS_OPEN, CaseRow
from models.database import one_of
from models.form_links import ReviewForms, profile_link
from models.mention_rows import MentionRow
from models.safe_text import for_markdown, plain_link
from models.ticket_file import shown_at

SHOWN = 50
TO_CONFIRM = 10
LATELY = 20
"""Candidates, accounts that the profile alone makes priority, and decisions shown; the rest is counted."""
SERVED = ("candidate", "priority")
"""What the rules call an account that is served as a Priority customer's."""


@dataclass(frozen=True, slots=True)
class Judged:
    """Accounts that a person decided alike, and of which the rules had said the same; how many."""

    status: str
    category: str | None
    ruled_status: str
    ruled_category: str | None
    ruled_source: str | None
    accounts: int = 1


@dataclass(frozen=True, slots=True)
class Figure:
    """A share of reviewed accounts, and what it means."""

    name: str
    numerator: int
    denominator: int
    says: str

    @property
    def share(self) -> float | None:
        """The share; None where nothing was reviewed."""
        return self.numerator / self.denominator if self.denominator else None


def classifier_figures(judged: Iterable[Judged]) -> tuple[Figure, ...]:
    """How often people's decisions confirm what the rules said of the same accounts."""
    ones = list(judged)
    candidates = [one for one in ones if one.ruled_status == "candidate"]
    by_profile = [one for one in ones if one.ruled_status == "priority" and one.ruled_source == "profile"]
    passed_over = [one for one in ones if one.ruled_status == "regular"]
    named = [one for one in ones if one.status == "priority" and one.ruled_category and one.ruled_status in SERVED]
    agreed = [one for one in named if one.category == one.ruled_category]
    return (
        _figure("Candidates", _priority(candidates), candidates, "were priority: rightly served while they waited"),
        _figure("Priority by profile", _priority(by_profile), by_profile, "were confirmed as priority"),
        _figure("Category", agreed, named, "decided priority are of the category that the rules had named"),
        _figure("Regular by the rules", _priority(passed_over), passed_over, "were priority: missed by the rules"),
    )


def category_figures(judged: Iterable[Judged]) -> tuple[Figure, ...]:
    """The same by the category that the rules named: of the accounts served for it, how many were priority."""
    served: dict[str, list[Judged]] = defaultdict(list)
    for one in judged:
        if one.ruled_status in SERVED:
            served[one.ruled_category or "none named"].append(one)
    return tuple(
        _figure(name.replace("_", " "), _priority(ones), ones, "were priority, of whatever category")
        for name, ones in sorted(served.items())
    )


def _priority(ones: Sequence[Judged]) -> list[Judged]:
    return [one for one in ones if one.status == "priority"]


def _figure(name: str, part: Sequence[Judged], whole: Sequence[Judged], says: str) -> Figure:
    return Figure(name, sum(one.accounts for one in part), sum(one.accounts for one in whole), says)


@dataclass(frozen=True, slots=True)
class Waiting:
    """An account that waits for a person's word: its row, its open cases (hard ones first), where it last posted."""

    account: Row[Any]
    cases: tuple[Row[Any], ...]
    post: str | None


@dataclass(frozen=True, slots=True)
class CandidatesBoard:
    """Everything the artifact shows; `waiting` counts all candidates."""

    waiting: int
    candidates: tuple[Waiting, ...]
    to_confirm: tuple[Waiting, ...]
    lately: tuple[Row[Any], ...]
    judged: tuple[Judged, ...]


_IS_CANDIDATE = (AccountRow.priority_status == "candidate") & AccountRow.anonymised_at.is_(None)
_BY_PROFILE = (
    (AccountRow.priority_status == "priority")
    & (AccountRow.priority_source == "profile")
    & AccountRow.anonymised_at.is_(None)
)
_LATEST = AccountReviewRow.id.in_(select(func.max(AccountReviewRow.id)).group_by(AccountReviewRow.account_id))
_IN_FORCE = _LATEST & AccountReviewRow.undone_at.is_(None)
"""Of a decision: it holds. It is the last one about its account, and was not undone."""


def candidates_state(connection: Connection) -> str:
    """What the board shows, in short: it changes whenever the board would. Asked by indexes, cheap enough for every
    round of the monitor."""
    table = AccountRow.__table__.c
    sums = (func.count(), func.sum(table.id), func.max(table.profile_at), func.sum(table.priority_confidence))
    waiting = select(table.priority_category, *sums).where(_IS_CANDIDATE).group_by(table.priority_category)
    told: list[Any] = [
        (*row[:4], round(row[4] or 0, 3)) for row in connection.execute(waiting.order_by(table.priority_category))
    ]
    newest = connection.execute(_newest(table.id, table.profile_at)).all()
    told += newest
    for accounts in (select(table.id).where(_IS_CANDIDATE), [row.id for row in newest]):
        cases = select(CaseRow.severity, func.count(), func.sum(CaseRow.id)).where(IS_OPEN)
        mine = cases.where(CaseRow.account_id.in_(accounts)).group_by(CaseRow.severity)
        told += connection.execute(mine.order_by(CaseRow.severity)).all()
    told += connection.execute(select(func.max(AccountReviewRow.id), func.count(AccountReviewRow.undone_at))).all()
    reviewed = select(func.count(table.anonymised_at)).join(AccountReviewRow, AccountReviewRow.account_id == table.id)
    told += connection.execute(reviewed).all()
    return " ".join(str(part) for row in told for part in row)


def _newest(*columns: Any) -> Select[Any]:
    """The newest accounts that the profile alone makes priority."""
    return select(*columns).where(_BY_PROFILE).order_by(AccountRow.id.desc()).limit(TO_CONFIRM)


def read_candidates(connection: Connection, shown: int = SHOWN) -> CandidatesBoard:
    """The board: candidates with an open hard complaint first, then those with an open case, then by followers."""
    urgency = func.max(case((CaseRow.severity == "hard", 2), (CaseRow.id.is_not(None), 1), else_=0))
    urgent = connection.scalars(
        select(AccountRow.id)
        .outerjoin(CaseRow, (CaseRow.account_id == AccountRow.id) & IS_OPEN)
        .where(_IS_CANDIDATE)
        .group_by(AccountRow.id, AccountRow.followers)
        .order_by(urgency.desc(), func.coalesce(AccountRow.followers, -1).desc(), AccountRow.id)
        .limit(shown)
    ).all()
    lately = (
        select(AccountReviewRow.__table__, AccountRow.platform, AccountRow.handle, AccountRow.name)
        .join(AccountRow, AccountRow.id == AccountReviewRow.account_id)
        .where(_IN_FORCE)
        .order_by(AccountReviewRow.id.desc())
        .limit(LATELY)
    )
    return CandidatesBoard(
        connection.scalar(select(func.count()).select_from(AccountRow).where(_IS_CANDIDATE)) or 0,
        _waiting(connection, urgent),
        _waiting(connection, connection.scalars(_newest(AccountRow.id)).all()),
        tuple(connection.execute(lately)),
        judged_accounts(connection),
    )


def judged_accounts(connection: Connection) -> tuple[Judged, ...]:
    """The decisions in force beside what the rules had said, counted alike."""
    table = AccountReviewRow.__table__.c
    alike = (table.status, table.category, table.ruled_status, table.ruled_category, table.ruled_source)
    rows = connection.execute(select(*alike, func.count()).where(_IN_FORCE).group_by(*alike).order_by(*alike))
    return tuple(Judged(*row) for row in rows)


def _waiting(connection: Connection, account_ids: Sequence[int]) -> tuple[Waiting, ...]:
    """These accounts in the order given, with their open cases and latest posts; three queries."""
    mine = select(AccountRow.__table__).where(one_of(connection, AccountRow.id, account_ids))
    accounts = {row.id: row for row in connection.execute(mine)}
    cases: dict[int, list[Row[Any]]] = defaultdict(list)
    for row in connection.execute(
        select(CaseRow.id, CaseRow.account_id, CaseRow.severity)
        .where(one_of(connection, CaseRow.account_id, account_ids), IS_OPEN)
        .order_by(CaseRow.severity, CaseRow.id)  # hard before standard
    ):
        cases[row.account_id].append(row)
    of_these = one_of(connection, MentionRow.account_id, account_ids)
    last = select(func.max(MentionRow.id)).where(of_these).group_by(MentionRow.account_id)
    posts = connection.execute(select(MentionRow.account_id, MentionRow.url).where(MentionRow.id.in_(last)))
    urls = {row.account_id: row.url for row in posts}
    return tuple(Waiting(accounts[one], tuple(cases[one]), urls.get(one)) for one in account_ids if one in accounts)


def candidates_markdown(board: CandidatesBoard, forms: ReviewForms, now: datetime) -> str:
    """The artifact `candidates`."""
    rest = board.waiting - len(board.candidates)
    more = f"\n\n{rest} more with no more urgent case, or fewer followers, wait besides these." if rest else ""
    parts = [
        f"# {board.waiting} {'account waits' if board.waiting == 1 else 'accounts wait'} for a decision",
        "They are served as Priority customers until a team leader or a supervisor decides (5.2.1). "
        f"As of {shown_at(now)} WIB; unchanged since.",
        _accounts(board.candidates, forms) + more if board.candidates else "",
    ]
    if board.to_confirm:
        parts += ["## Priority by their profile alone, newest first", _accounts(board.to_confirm, forms)]
    parts += ["## Decided lately", _lately(board.lately, forms), "## What decisions say of the rules"]
    parts += [_figures(classifier_figures(board.judged), category_figures(board.judged))]
    return "\n\n".join(part for part in parts if part)


def _accounts(ones: Sequence[Waiting], forms: ReviewForms) -> str:
    lines = ["| account | case | rules say | who | decide |", "|---|---|---|---|---|"]
    for one in ones:
        number, category = account_number(one.account.id), one.account.priority_category
        hard = any(row.severity == "hard" for row in one.cases)
        more = f" +{len(one.cases) - 1}" if len(one.cases) > 1 else ""
        given = {"category": category} if category else {}
        cells = (
            f"**{number}**",
            f"{forms.case_file(one.cases[0].id)}{' **hard**' if hard else ''}{more}" if one.cases else "",
            f"{_words(category or 'no category')} {one.account.priority_confidence or 0:.2f}",
            _who(one),
            f"{forms.link('Priority', 'decide_priority', account=number, **given)} "
            f"{forms.link('Regular', 'decide_regular', account=number)}",
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, "", *(_evidence(one.account) for one in ones)])


def _who(one: Waiting) -> str:
    links = {"profile": profile_link(one.account.platform, one.account.external_id), "post": plain_link(one.post or "")}
    # The UI shows escapes within a link's text as they are written: the name stands outside of it.
    return " ".join([_name(one.account, 18), *(f"[{what}](<{url}>)" for what, url in links.items() if url)])


def _name(account: Row[Any], limit: int) -> str:
    return (
        f"@{for_markdown(account.handle, limit)}" if account.handle else for_markdown(account.name or "unknown", limit)
    )


def _evidence(account: Row[Any]) -> str:
    """What a person needs to decide: who they say they are, and why the rules say what they say."""
    told = account.priority_evidence or ("nothing",)
    why = "; ".join(one.rstrip(".") for one in told if not any(f'"{one}"' in other for other in told))
    known = [_name(account, 40)]
    known += [for_markdown(account.name, 60)] if account.handle and account.name else []
    known += [f"on {account.platform}"]
    known += [f"{account.followers:,} followers"] if account.followers is not None else []
    known += [f"{for_markdown(account.verified, 20)} badge"] if account.verified else []
    says = f" — “{for_markdown(account.bio, 200)}”" if account.bio else ""
    return f"- **{account_number(account.id)}** {', '.join(known)}{says}\n    - {for_markdown(why, 400)}"


def _lately(rows: Sequence[Row[Any]], forms: ReviewForms) -> str:
    if not rows:
        return "Nothing yet."
    lines = ["| account | decided | by | when | who | |", "|---|---|---|---|---|---|"]
    for row in rows:
        number, decision = account_number(row.account_id), review_number(row.id)
        decided = f"**{row.status}**{f' {_words(row.category)}' if row.category else ''}"
        undo = forms.link("Undo", "undo", account=number, decision=decision)
        cells = (number, decided, for_markdown(row.by), shown_at(row.at), _name(row, 18), undo)
        lines.append(f"| {' | '.join(cells)} |")
    because = [f"- **{account_number(row.account_id)}** {for_markdown(row.reason, 200)}" for row in rows]
    return "\n".join([*lines, "", *because])


def _figures(figures: Sequence[Figure], by_category: Sequence[Figure]) -> str:
    if not any(one.denominator for one in figures):
        return "No decision is in force, so there is nothing to compare the rules with."
    lines = [f"- {one.name}: {_share(one)}" for one in figures]
    table = [
        f"| {for_markdown(one.name)} | {one.numerator} | {one.denominator} | {one.share:.0%} |" for one in by_category
    ]
    heads = ["", "| category by the rules | priority | reviewed | share |", "|---|--:|--:|--:|"]
    return "\n".join([*lines, *(heads + table if table else [])])


def _share(figure: Figure) -> str:
    if figure.share is None:
        return "none reviewed yet"
    return f"**{figure.share:.0%}**, {figure.numerator} of {figure.denominator} reviewed {figure.says}."


def _words(name: str) -> str:
    return for_markdown(name.replace("_", " "))
