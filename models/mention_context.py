"""Reading a mention by what the records know of its author: the case it belongs to, complaints before it (5.3.2c).

The words alone are read as a mention is stored. Before it is decided about, those that answer in an open case, or come
after complaints of the same account that nobody has settled, are read once more with that `Context`. A constant number
of statements a batch, in the caller's `write_transaction`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, or_, select, update

from models.case_opening import Conversation, Undecided
from models.cases import OVER, CaseRow
from models.database import one_of
from models.lexicons import PROBLEMS, Lexicons
from models.mention_rows import MentionRow
from models.mention_store import reading_columns
from models.mentions import MentionKind
from models.reading import Context

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Earlier:
    """A complaint of an account that nobody has settled: in which conversation, about what, since when (UTC)."""

    conversation_id: str
    problem: str
    since: datetime


def context_of(mention: Undecided, case_problem: str | None, earlier: Iterable[Earlier], within: timedelta) -> Context:
    """What the records know when this is said: `case_problem` is that of the open case it belongs to, if any.

    Earlier complaints, not older than `within`, count where they are about the same, or either is about nothing that
    is named.
    """
    about = case_problem or "other"
    if mention.problem != "other":
        about = mention.problem
    alike = {about, "other"} if about != "other" else set(PROBLEMS)
    from_on = mention.posted_at - within
    before = [one for one in earlier if from_on <= one.since < mention.posted_at and one.problem in alike]
    since = min((one.since for one in before), default=mention.posted_at)
    named = [one.problem for one in sorted(before, key=lambda one: one.since) if one.problem != "other"]
    return Context(
        in_case=case_problem is not None,
        problem=case_problem or (named[-1] if named else "other"),
        days=(mention.posted_at - since) / DAY,
        contacts=len({one.conversation_id for one in before} - {mention.conversation_id}),
    )


def in_turns(mentions: Sequence[Undecided]) -> list[list[Undecided]]:
    """The mentions in two turns, each in order: what an account says after a complaint in the same conversation is
    decided once that complaint is, so that it makes no difference whether both came in one batch."""
    turns: list[list[Undecided]] = [[], []]
    complained = set()
    for one in mentions:
        where = (one.account_id, one.conversation_id)
        turns[where in complained].append(one)
        if one.complaint:
            complained.add(where)
    return [turn for turn in turns if turn]


def read_in_context(
    connection: Connection, mentions: Sequence[Undecided], open_cases: Mapping[Conversation, int], lexicons: Lexicons
) -> list[Undecided]:
    """The mentions as they read in context; readings that change are kept. `open_cases`: who has which case open."""
    in_case = {one.mention_id: open_cases.get((one.account_id, one.conversation_id)) for one in mentions}
    own_words = [one for one in mentions if one.kind != MentionKind.REPOST]
    speaking = [one for one in own_words if one.complaint or in_case[one.mention_id]]
    if not speaking:
        return list(mentions)
    problems = _problems(connection, {case for case in in_case.values() if case})
    earlier = _earlier(connection, speaking, lexicons)
    settings, within = lexicons.settings, _within(lexicons)
    contexts = {}
    for one in speaking:
        case = in_case[one.mention_id]
        context = context_of(one, problems[case] if case else None, earlier.get(one.account_id, ()), within)
        repeated = context.days >= settings["hard.repeat_after_days"]
        if context.in_case or repeated or context.contacts >= settings["hard.repeat_contacts"]:
            contexts[one.mention_id] = context
    read = _read_again(connection, contexts, lexicons)
    return [replace(one, **read.get(one.mention_id, {})) for one in mentions]


def _within(lexicons: Lexicons) -> timedelta:
    return timedelta(days=lexicons.settings["hard.repeat_within_days"])


def _problems(connection: Connection, case_ids: set[int]) -> dict[int, str]:
    if not case_ids:
        return {}
    wanted = select(CaseRow.id, CaseRow.problem).where(one_of(connection, CaseRow.id, case_ids))
    return {row.id: row.problem for row in connection.execute(wanted)}


def _earlier(connection: Connection, mentions: Sequence[Undecided], lexicons: Lexicons) -> dict[int, list[Earlier]]:
    """Unsettled complaints of these accounts since `repeat_within_days` before the first of the mentions."""
    columns = (MentionRow.account_id, MentionRow.conversation_id, MentionRow.problem, MentionRow.posted_at)
    rows = connection.execute(
        select(*columns)
        .outerjoin(CaseRow, CaseRow.id == MentionRow.case_id)
        .where(
            one_of(connection, MentionRow.account_id, {one.account_id for one in mentions}),
            MentionRow.complaint.is_(True),
            MentionRow.posted_at >= min(one.posted_at for one in mentions) - _within(lexicons),
            or_(CaseRow.id.is_(None), CaseRow.status.not_in(OVER)),
        )
    )
    found: dict[int, list[Earlier]] = {}
    for row in rows:
        found.setdefault(row.account_id, []).append(Earlier(row.conversation_id, row.problem, row.posted_at))
    return found


def _read_again(
    connection: Connection, contexts: Mapping[int, Context], lexicons: Lexicons
) -> dict[int, dict[str, Any]]:
    """Read these mentions with their contexts; keeps the readings that differ. Returns what decides, by mention."""
    if not contexts:
        return {}
    columns = MentionRow.__table__.c["id", "text", "kind", "complaint", "hard", "problem", "reading"]
    rows = connection.execute(select(*columns).where(one_of(connection, MentionRow.id, contexts))).all()
    changed, decides = [], {}
    for row in rows:
        values = reading_columns(row.text, MentionKind(row.kind), lexicons, contexts[row.id])
        decides[row.id] = {name: values[name] for name in ("complaint", "hard", "problem")}
        if values["reading"] != row.reading:
            changed.append({"of_id": row.id, **values})
    if changed:
        names = [name for name in changed[0] if name != "of_id"]
        mine = update(MentionRow).where(MentionRow.id == bindparam("of_id"))
        connection.execute(mine.values({name: bindparam(name) for name in names}), changed)
    return decides
