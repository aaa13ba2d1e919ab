"""The live board and its two other views as markdown: per agent, and for the team leader (4.2, 5.3.2b).

The UI never wraps a table's cells, so what decides stands left and is short; times are Asia/Jakarta, `now` is UTC.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from models.board_people import AgentLine, LeaderCase, LeaderView
from models.desk_rules import possible_actions
from models.form_links import Forms
from models.live_board import Board, BoardCase
from models.safe_text import for_markdown, plain_link
from models.ticket_rows import ticket_artifact_key, ticket_number
from models.unit_hours import JAKARTA

STATUSES = ("new", "reopened", "assigned", "accepted", "in_progress", "waiting_customer", "waiting_unit")
CLOCKS = {"accept": "accept", "first_response": "answer", "leader_engaged": "leader", "settle": "settle"}
ON_BOARD = ("accept", "reply", "ask_leader", "hand_to_pic", "wait_for_customer", "customer_says", "resolve", "close")
FOR_LEADER = ("advise", "take_over", "give_back", "reassign")
"""The forms a row leads to; the case file has the others."""


def board_markdown(
    board: Board, forms: Forms, answers: Mapping[int, str], leaders: Sequence[str], now: datetime
) -> str:
    """The artifact `live-board`. `answers` has the suggested answer by case, `leaders` who is on duty."""
    if not board.open:
        return f"No case is open. As of {_clock(now)} WIB."
    counts = [
        f"{sum(board.counts.get((status, severity), 0) for severity in ('standard', 'hard'))} {_words(status)}"
        for status in STATUSES
        if any(board.counts.get((status, severity)) for severity in ("standard", "hard"))
    ]
    hard = sum(count for (_, severity), count in board.counts.items() if severity == "hard")
    late = sum(1 for case in board.cases if case.clock and case.clock.due_at and case.clock.due_at <= now)
    views = [f"[{name}]({forms.ui_url}/artifacts/key/live-board-{key})" for name, key in _VIEWS.items()]
    lines = [
        f"# {board.open} open · {hard} hard · {late}{'+' if late == len(board.cases) else ''} late",
        "",
        f"{', '.join(counts)}. As of {_clock(now)} WIB. {' · '.join(views)}",
        "",
        "| case | clock | customer | complaint | status | with | do | team leader | tickets |",
        "|---|---|---|---|---|---|---|---|---|",
        *(_row(case, forms, answers, leaders, now) for case in board.cases),
    ]
    rest = board.open - len(board.cases)
    return "\n".join([*lines, *(["", f"{rest} less urgent cases are open besides these."] if rest > 0 else [])])


_VIEWS = {"Agents": "agents", "For the team leader": "leaders"}


def _row(case: BoardCase, forms: Forms, answers: Mapping[int, str], leaders: Sequence[str], now: datetime) -> str:
    possible = possible_actions(case.stand)
    leader = case.stand.team_leader if case.stand.team_leader in leaders else next(iter(leaders), None)

    def links(names: Sequence[str]) -> str:
        given = {"reply": {"text": answers.get(case.row.id, "")}}
        return " ".join(
            forms.link(name, case.stand, leader, **given.get(name, {})) for name in names if name in possible
        )

    cells = (
        f"**{forms.case_file(case.row.id)}**",
        time_left(case, now),
        _customer(case),
        f"{'**hard** ' if case.stand.hard else ''}{for_markdown(case.row.problem)}",
        f"{_words(case.stand.status)} {age(now - case.row.opened_at)}",
        _with(case),
        links(ON_BOARD),
        links(FOR_LEADER),
        " ".join(
            f"[{ticket_number(one.id)}]({forms.ui_url}/artifacts/key/{ticket_artifact_key(one.id)}) {one.status}"
            for one in case.tickets
        ),
    )
    return f"| {' | '.join(cells)} |"


def _customer(case: BoardCase) -> str:
    account = case.account
    name = f"@{for_markdown(account.handle, 18)}" if account.handle else for_markdown(account.name or "unknown", 18)
    link = plain_link(case.said.url) if case.said else None
    # The UI shows escapes within a link's text as they are written: the name stands outside of it.
    post = f" [post](<{link}>)" if link else ""
    return f"{name} {for_markdown(account.priority_category or case.row.priority_status)}{post}"


def _with(case: BoardCase) -> str:
    if case.stand.taken_over:
        return f"**{for_markdown(case.stand.team_leader or '')}** for {for_markdown(case.stand.agent or 'nobody')}"
    if case.stand.agent:
        return for_markdown(case.stand.agent)
    return f"leader {for_markdown(case.stand.team_leader)}" if case.stand.team_leader else "**nobody**"


def time_left(case: BoardCase, now: datetime) -> str:
    """The clock nearest its end, with the time left or how late it is."""
    if case.clock is None:
        return ""
    name = CLOCKS.get(case.clock.kind, case.clock.kind)
    if case.clock.due_at is None:
        return f"{name} stands still"
    left = case.clock.due_at - now
    return f"**{name} {age(-left)} late**" if left <= timedelta(0) else f"{name} in {age(left)}"


def agents_markdown(agents: Sequence[AgentLine], now: datetime) -> str:
    """The artifact `live-board-agents`: who is on duty, and how loaded."""
    lines = [
        f"As of {_clock(now)} WIB. A bar is the share of the agent's capacity that is used.",
        "",
        "| agent | duty | open | of | load | to accept | at work | waiting | late | hard | until |",
        "|---|---|--:|--:|---|--:|--:|--:|--:|--:|---|",
    ]
    for one in agents:
        full = min(10, round(10 * one.open / one.capacity)) if one.capacity else 10
        cells = (
            f"**{for_markdown(one.code)}** {for_markdown(one.name, 40)}",
            one.duty,
            str(one.open),
            str(one.capacity),
            "█" * full + "░" * (10 - full),
            *(str(count or "") for count in (one.assigned, one.at_work, one.waiting)),
            f"**{one.late}**" if one.late else "",
            str(one.hard or ""),
            _clock(one.until, seconds=False) if one.until else "",
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def leaders_markdown(view: LeaderView, forms: Forms, now: datetime) -> str:
    """The artifact `live-board-leaders`: what waits for a team leader, and what team leaders have done of late."""
    heads = ["case", "for", "what", "agent", "leader", "do"]
    done = [
        [
            _clock(one.at),
            f"**{forms.case_file(one.case_id)}**",
            for_markdown(one.actor),
            for_markdown(_words(one.event)),
            one.clause,
        ]
        for one in view.done
    ]
    parts = [
        f"On duty: {', '.join(view.on_duty) or '**nobody**'}. As of {_clock(now)} WIB.",
        "## Waiting for a team leader",
        _table(heads, [_leader_row(one, forms, now) for one in view.waiting]),
        "## Taken over",
        _table(heads, [_leader_row(one, forms, now) for one in view.taken_over]),
        "## Advice and directions, the last 12 hours",
        _table(["when", "case", "leader", "what", "clause"], done),
    ]
    return "\n\n".join(parts)


def _leader_row(one: LeaderCase, forms: Forms, now: datetime) -> list[str]:
    possible = possible_actions(one.stand)
    return [
        f"**{forms.case_file(one.stand.id)}**{' hard' if one.stand.hard else ''}",
        age(now - one.since),
        for_markdown(one.why),
        for_markdown(one.stand.agent or "nobody"),
        for_markdown(one.stand.team_leader or "nobody"),
        " ".join(forms.link(name, one.stand, one.leader) for name in FOR_LEADER if name in possible),
    ]


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    if not rows:
        return "Nothing."
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _words(name: str) -> str:
    return str(name).replace("_", " ")


def age(span: timedelta) -> str:
    """A span in one or two short words: 40 s, 12 min, 3 h 20, 2 d."""
    seconds = max(0, int(span.total_seconds()))
    if seconds < 120:
        return f"{seconds} s"
    if seconds < 7200:
        return f"{seconds // 60} min"
    if seconds < 172_800:
        return f"{seconds // 3600} h {seconds % 3600 // 60:02d}"
    return f"{seconds // 86_400} d"


def _clock(moment: datetime, *, seconds: bool = True) -> str:
    return f"{moment.astimezone(JAKARTA):{'%d %b %H:%M:%S' if seconds else '%d %b %H:%M'}}"
