"""The file of a case: where it stands, what was said, what can be done, its clocks and story, as markdown (5.3.2).

Customers' and colleagues' words are escaped; times are shown in Asia/Jakarta, `now` is UTC.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, select

from models.answering import AnswerWays
from models.answers import SuggestedAnswer
from models.board_markdown import CLOCKS, age, time_left
from models.cases import ClockRow, InteractionRow, TickedStepRow, case_number
from models.clock_picture import ClockBar, clock_picture
from models.clocks import warns_at
from models.desk_rules import possible_actions
from models.form_links import Forms
from models.hard_complaint import HardComplaint
from models.journal import JournalRow
from models.live_board import BoardCase
from models.revisions import WORK_INSTRUCTION, instructions_for
from models.safe_text import for_markdown, plain_link
from models.ticket_file import shown_at
from models.ticket_rows import ticket_artifact_key, ticket_number
from models.work_instruction import WorkInstruction

TOLD = ("agent", "team_leader", "clock", "why", "form", "was", "action", "unit", "problem", "severity", "priority")
TOLD_TOO = ("leader", "sender", "tries", "steps", "hard_reasons", "reasons", "from", "to")
"""What a journal entry's detail may show; the rest is for machines."""
WAYS = {"in": "▶", "out": "◀", "internal": "✎"}
DELIVERY = {
    "queued": "on its way",
    "sending": "on its way",
    "sent": "delivered",
    "failed": "**not delivered**",
    "in_app": "answered in the app",
}
STORY_SHOWN = 200


@dataclass(frozen=True, slots=True)
class CaseFile:
    """What a case file is made of besides the records: the rules in force and what the desk can answer with.

    The case's clocks are drawn by the revision of `instruction` that it was opened under.
    """

    case: BoardCase
    forms: Forms
    ways: AnswerWays | None
    answers: tuple[SuggestedAnswer, ...]
    hard: HardComplaint
    instruction: WorkInstruction
    leaders: tuple[str, ...]


def case_file(connection: Connection, file: CaseFile, now: datetime) -> str:
    """The whole case file as markdown."""
    parts = [
        _head(file, now),
        _do(file),
        _clocks(connection, file, now),
        _talk(connection, file.case.row.id),
        _answers(file),
        _steps(connection, file),
        _tickets(file),
        _story(connection, file.case.row.id),
        f"As of {shown_at(now)} WIB; all times are WIB.",
    ]
    return "\n\n".join(part for part in parts if part)


def _head(file: CaseFile, now: datetime) -> str:
    case, row, account = file.case, file.case.row, file.case.account
    hard = "**hard complaint**, " if case.stand.hard else ""
    who = f"@{for_markdown(account.handle, 40)}" if account.handle else for_markdown(account.name or "unknown", 60)
    link = plain_link(case.said.url) if case.said else None
    evidence = "; ".join(one.rstrip(".") for one in account.priority_evidence or ())
    lines = [
        f"# {case_number(row.id)} · {row.status.replace('_', ' ')}",
        "",
        f"{hard}{for_markdown(row.problem)}, open for {age(now - row.opened_at)}. {time_left(case, now)}",
        "",
        f"- Customer: {who} {for_markdown(account.name or '', 60)}{f' [post](<{link}>)' if link else ''} "
        f"on {account.platform}, **{for_markdown(account.priority_category or row.priority_status)}** (5.2.1): "
        f"{for_markdown(evidence, 300)}",
        f"- With: {_with(case)}",
        f"- Opened {shown_at(row.opened_at)} WIB under {_revision(file)}",
    ]
    reasons = (row.assignment or {}).get("reasons", ())
    if reasons and case.stand.agent:
        lines.append(f"- Why this agent (5.1.1): {for_markdown(' '.join(reasons), 300)}")
    if row.leader_asked_at:
        lines.append(f"- **Waits for a team leader** since {shown_at(row.leader_asked_at)} WIB")
    return "\n".join(lines)


def _revision(file: CaseFile) -> str:
    """The revision the case keeps, and the one in force where that is another."""
    own, now = file.case.row.revision, file.instruction.revision
    page = f"[work instruction]({file.forms.ui_url}/artifacts/key/{WORK_INSTRUCTION})"
    if own == now:
        return f"revision {for_markdown(own)} of the {page}"
    return f"revision **{for_markdown(own)}** of the {page} and goes by it; in force now is **{for_markdown(now)}**"


def _left(file: CaseFile) -> list[str]:
    """The steps of the hard-complaint instruction still open."""
    return list(file.case.stand.steps_to_close)


def _with(case: BoardCase) -> str:
    agent, leader = for_markdown(case.stand.agent or "nobody"), for_markdown(case.stand.team_leader or "none yet")
    if case.stand.taken_over:
        return f"**{leader}**, taken over from {agent} (5.3.2b)"
    return f"**{agent}**; team leader: {leader}"


def _do(file: CaseFile) -> str:
    stand = file.case.stand
    mine = stand.team_leader if stand.team_leader in file.leaders else next(iter(file.leaders), None)
    filled: dict[str, dict[str, Any]] = {
        "reply": {"text": file.answers[0].text if file.answers else ""},
        "tick_steps": {"steps": _left(file)},
    }
    links = [file.forms.link(name, stand, mine, **filled.get(name, {})) for name in possible_actions(stand)]
    lines = ["### What can be done now", "", " · ".join(links)]
    if file.ways is not None and not file.ways.senders:
        lines += ["", f"**Cannot be answered from here.** {for_markdown(' '.join(file.ways.reasons), 500)}"]
    elif file.ways is not None:
        senders = ", ".join(f"@{for_markdown(sender.handle)}" for sender in file.ways.senders)
        lines += ["", f"Answers go out as {senders}. {for_markdown(' '.join(file.ways.reasons), 400)}"]
    return "\n".join(lines)


def _clocks(connection: Connection, file: CaseFile, now: datetime) -> str:
    rows = connection.execute(
        select(ClockRow.__table__)
        .where(ClockRow.case_id == file.case.row.id, ClockRow.ticket_id.is_(None))
        .order_by(ClockRow.id)
    ).all()
    revision = file.case.row.revision
    rules = instructions_for(connection, [revision], file.instruction).of(revision)
    picture = clock_picture([_bar(row, rules, now) for row in rows[-8:]], now)
    return f"### Clocks\n\n{picture}" if rows else ""


def _bar(row: Row[Any], instruction: WorkInstruction, now: datetime) -> ClockBar:
    warns = warns_at(row.started_at, row.due_at, timedelta(seconds=row.paused_seconds), instruction.clocks.warn_share)
    if row.paused_at:
        state = f"stands still since {shown_at(row.paused_at)}"
    elif row.stopped_at:
        state = f"{'late, ' if row.breached_at else ''}done {shown_at(row.stopped_at)}"
    else:
        state = f"{'late since' if row.due_at <= now else 'due'} {shown_at(row.due_at)}"
    return ClockBar(
        CLOCKS.get(row.kind, row.kind),
        row.started_at,
        warns,
        row.due_at,
        row.stopped_at or row.paused_at,
        row.breached_at is not None,
        state,
    )


def _talk(connection: Connection, case_id: int) -> str:
    rows = connection.execute(
        select(InteractionRow.__table__)
        .where(InteractionRow.case_id == case_id)
        .order_by(InteractionRow.at, InteractionRow.id)
    ).all()
    lines = ["### What was said", ""]
    for row in rows:
        who = "customer" if row.direction == "in" else for_markdown(row.author)
        state = f", {DELIVERY.get(row.delivery, row.delivery)}" if row.delivery else ""
        why = f" ({for_markdown(row.last_error, 300)})" if row.delivery == "failed" and row.last_error else ""
        link = plain_link(row.link) if row.link else None
        there = f" [there](<{link}>)" if link else ""
        kind = "" if row.kind in {"mention", "reply"} else f" {row.kind}"
        lines.append(
            f"- {WAYS[row.direction]} {shown_at(row.at)} **{who}**{kind}{state}{why}{there}: "
            f"{for_markdown(row.text, 700)}"
        )
    return "\n".join(lines) if rows else ""


def _answers(file: CaseFile) -> str:
    if not file.answers or "reply" not in possible_actions(file.case.stand):
        return ""
    lines = ["### Suggested answers", ""]
    for answer in file.answers:
        link = file.forms.link("reply", file.case.stand, text=answer.text).replace("[Reply]", "[use it]", 1)
        lines.append(f"- {for_markdown(answer.text, 600)} {link}")
    return "\n".join(lines)


def _steps(connection: Connection, file: CaseFile) -> str:
    """The hard-complaint instruction's steps, ticked and open (5.3.2c)."""
    if not file.case.stand.hard:
        return ""
    rows = connection.execute(select(TickedStepRow.__table__).where(TickedStepRow.case_id == file.case.row.id))
    ticked = {row.step: row for row in rows}
    lines = [f"### {for_markdown(file.hard.title, 120)} ({for_markdown(file.hard.code, 60)})", ""]
    for step in file.hard.steps:
        done = ticked.get(step.code)
        by = f"{for_markdown(done.actor)}, {shown_at(done.at)}" if done else f"{step.by.replace('_', ' ')}, open"
        lines.append(
            f"- {'☑' if done else '☐'} **{for_markdown(step.code)}** {for_markdown(step.says, 300)} "
            f"({by}; before it is {'resolved' if step.before == 'resolve' else 'closed'})"
        )
    if _left(file) and "tick_steps" in possible_actions(file.case.stand):
        lines += ["", file.forms.link("tick_steps", file.case.stand, steps=_left(file))]
    return "\n".join(lines)


def _tickets(file: CaseFile) -> str:
    lines = ["### Tickets", ""]
    for one in file.case.tickets:
        link = f"[{ticket_number(one.id)}]({file.forms.ui_url}/artifacts/key/{ticket_artifact_key(one.id)})"
        lines.append(f"- {link} with {for_markdown(one.unit)}: **{one.status}**")
    return "\n".join(lines) if file.case.tickets else ""


def _story(connection: Connection, case_id: int) -> str:
    rows: Sequence[Row[Any]] = connection.execute(
        select(JournalRow.__table__)
        .where(JournalRow.case_id == case_id)
        .order_by(JournalRow.id.desc())
        .limit(STORY_SHOWN)
    ).all()
    lines = ["### What happened", "", "| when | what | who | clause | |", "|---|---|---|---|---|"]
    for row in reversed(rows):
        told = detail_told(row.detail, (*TOLD, *TOLD_TOO))
        cells = (shown_at(row.at), for_markdown(row.event.replace("_", " ")), for_markdown(row.actor), row.clause)
        lines.append(f"| {' | '.join(cells)} | {for_markdown(told, 200)} |")
    return "\n".join(lines)


def detail_told(detail: Mapping[str, Any], names: Sequence[str]) -> str:
    """What a journal entry's detail says under these names, on one line."""
    return "; ".join(f"{name.replace('_', ' ')} {_shown(detail[name])}" for name in names if detail.get(name))


def _shown(value: Any) -> str:
    return ", ".join(str(one).rstrip(".") for one in value) if isinstance(value, list) else str(value)
