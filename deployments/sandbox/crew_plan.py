"""What the scripted crew does next about a case: `next_move`, a pure decision over what its people have seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from deployments.sandbox.crew_script import Script
from deployments.sandbox.crew_seen import CaseSeen, TicketSeen

STANDS = {"acknowledged": "phoned", "redirect": "open", "customer_not_solved": "open"}
"""How a ticket stands once the PIC has answered its form."""


@dataclass(frozen=True, slots=True)
class Move:
    """One thing to do: the form `do` of handle-case, or with `ticket` the Resume form of its follow-up.

    `marks` are noted once it is done.
    """

    case: str
    by: str
    do: str
    form: Mapping[str, Any]
    marks: tuple[str, ...]
    ticket: str | None = None


def next_move(case: CaseSeen, word: str | None, script: Script, now: datetime) -> Move | None:
    """Decide what the crew does about a case at `now` (UTC); `word` is what the customer said since our last answer.

    None: nothing, somebody else has to do something first.
    """
    if case.left or (case.alone_until is not None and now < case.alone_until):
        return None
    return (
        _pic(case, word, script, now)
        or _leader(case, script)
        or (_after_resolving(case, script) if "resolve" in case.done else _handler(case, word, script))
    )


def _pic(case: CaseSeen, word: str | None, script: Script, now: datetime) -> Move | None:
    """What a PIC does about a ticket: sends it elsewhere, phones the unit or the customer, passes on their word."""
    for ticket in case.tickets.values():
        long_ago = now - ticket.since >= script.phone_after
        if ticket.stand == "refused":
            to = script.elsewhere.get(ticket.unit, "network")
            return _resume(case, ticket, script, "redirect", redirect_to=to)
        if ticket.stand == "unreachable" and long_ago:
            return _resume(case, ticket, script, "acknowledged")
        if long_ago and (ticket.stand == "phoned" or (ticket.stand == "open" and ticket.unit in script.by_phone)):
            return _resume(case, ticket, script, "settled")
        if ticket.stand != "confirm" or _asked(ticket) not in case.done:
            continue
        silent = case.spoke_at is not None and now - case.spoke_at >= script.patience
        if word in {"solved", "unsolved"} and _pic_confirms(ticket):
            return _resume(case, ticket, script, "customer_confirmed" if word == "solved" else "customer_not_solved")
        if word not in {"solved", "unsolved"} and silent:
            return _resume(case, ticket, script, "customer_confirmed")
    return None


def _pic_confirms(ticket: TicketSeen) -> bool:
    """Whether the PIC answers the form for this ticket; else the agent says so in the case."""
    return int(ticket.number[2:]) % 2 == 0 and ticket.pic is not None


def _asked(ticket: TicketSeen) -> str:
    return f"confirm:{ticket.number}:{ticket.round}"


def _resume(case: CaseSeen, ticket: TicketSeen, script: Script, action: str, **fields: str) -> Move:
    by = ticket.pic or ""
    form = {"action": action, "by": by, "note": script.text("phoned", case), **fields}
    return Move(case.number, by, action, form, (f"{action}:{ticket.number}:{ticket.round}",), ticket.number)


def _leader(case: CaseSeen, script: Script) -> Move | None:
    """What a team leader does: advises or takes over when called, and sees to the steps of a hard complaint."""
    if case.leader is None:
        return None
    if "leader" in case.asks:
        if "takeover" in script.path(case) or case.agent is None:
            form = {"why_taken_over": script.text("why", case)}
            return Move(case.number, case.leader, "take_over", form, ("engaged",))
        return Move(case.number, case.leader, "advise", {"advice": script.text("advice", case)}, ("engaged",))
    at_work = "solution" in case.done or (case.tickets and _all_verified(case))
    engaged = "engaged" in case.done or case.lives > 1
    if case.hard and at_work and engaged and "ticks" not in case.done and script.steps_to_resolve:
        return Move(case.number, case.leader, "tick_steps", {"steps": list(script.steps_to_resolve)}, ("ticks",))
    return None


def _after_resolving(case: CaseSeen, script: Script) -> Move | None:
    """A standard case is closed by the monitor; a hard complaint has steps left."""
    if not case.hard or not script.steps_to_close or "last ticks" in case.done:
        return None
    by = case.leader or case.handler
    steps = {"steps": list(script.steps_to_close)}
    return Move(case.number, by, "tick_steps", steps, ("last ticks",)) if by else None


def _handler(case: CaseSeen, word: str | None, script: Script) -> Move | None:
    """What whoever talks with the customer does next."""
    path = script.path(case)
    if case.handler is None or (case.agent is None and not case.taken_over):
        return None
    if not script.in_haste and not case.taken_over and "accept" not in case.done:
        return _do(case, "accept", {}, "accept")
    called = bool(path & {"advice", "takeover"})
    waits = (called or case.hard) and "engaged" not in case.done and case.lives == 1
    if waits and "takeover" in path and not case.hard:
        return _ask_leader(case, script)
    others_first = script.in_haste and not case.hard and case.lives == 1 and path & {"advice", "ticket"}
    if "first" not in case.done and not others_first:
        return _first_words(case, path, script)
    if waits:
        return _ask_leader(case, script) if not case.hard else None
    if "ticket" in path and not case.tickets:
        return _to_pic(case, script)
    if case.tickets and not _all_verified(case):
        return _with_tickets(case, word, script)
    if case.tickets:
        return _close(case, script, "closing")
    return _solve(case, word, script)


def _first_words(case: CaseSeen, path: frozenset[str], script: Script) -> Move:
    """The first answer; where the handler alone solves it, it asks at once for what is needed."""
    if case.lives > 1:
        return _reply(case, script, "again", "wait_for_customer", "first", "solution")
    if case.hard:
        return _reply(case, script, "sorry", "go_on", "first")
    if path == {"solve"}:
        return _reply(case, script, "ask", "wait_for_customer", "first", "ask")
    if case.taken_over or path == {"quick"}:
        return _reply(case, script, "solution", "wait_for_customer", "first", "solution")
    return _reply(case, script, "first", "go_on", "first")


def _ask_leader(case: CaseSeen, script: Script) -> Move | None:
    if "ask_leader" in case.done:
        return None
    return _do(case, "ask_leader", {"question": script.text("question", case)}, "ask_leader")


def _to_pic(case: CaseSeen, script: Script) -> Move | None:
    if "hand_to_pic" in case.done:
        return None
    return _do(case, "hand_to_pic", {"for_the_pic": script.text("handover", case)}, "hand_to_pic")


def _with_tickets(case: CaseSeen, word: str | None, script: Script) -> Move | None:
    """A unit says it is settled: ask the customer, and say what they said (5.3.2d)."""
    for ticket in case.tickets.values():
        if ticket.stand != "confirm":
            continue
        if _asked(ticket) not in case.done:
            return _reply(case, script, "confirm", "go_on", _asked(ticket), times=ticket.round - 1)
        if word in {"solved", "unsolved"} and not _pic_confirms(ticket):
            mark = f"customer_says:{ticket.number}:{ticket.round}"
            return _do(case, "customer_says", {"solved": word == "solved"}, mark)
    return None


def _solve(case: CaseSeen, word: str | None, script: Script) -> Move | None:
    """No unit is needed: a solution, the customer's word, closing words."""
    if "silent" in case.asks:
        return _close(case, script, "silent")
    if "solution" not in case.done:
        if "ask" in case.done and word is None:
            return None
        return _reply(case, script, "solution", "wait_for_customer", "solution")
    if word == "solved":
        return _close(case, script, "closing")
    if word == "unsolved":
        return _to_pic(case, script)
    return None


def _close(case: CaseSeen, script: Script, words: str) -> Move | None:
    """The last answer, which resolves the case, once the steps of a hard complaint allow it."""
    if case.hard and script.steps_to_resolve and "ticks" not in case.done:
        return None
    return _reply(case, script, words, "resolve", "resolve", times=case.lives - 1)


def _all_verified(case: CaseSeen) -> bool:
    return all(ticket.stand == "verified" for ticket in case.tickets.values())


def _reply(case: CaseSeen, script: Script, words: str, then: str, *marks: str, times: int = 0) -> Move:
    return _do(case, "reply", {"text": script.text(words, case, times), "then": then}, *marks)


def _do(case: CaseSeen, name: str, form: Mapping[str, Any], *marks: str) -> Move:
    return Move(case.number, case.handler or "", name, form, marks)


def carried_out(case: CaseSeen, move: Move, now: datetime) -> None:
    """Note that a move has been made at `now` (UTC)."""
    case.done += [mark for mark in move.marks if mark not in case.done]
    case.alone_until = None
    if move.ticket:
        ticket = case.tickets[move.ticket]
        ticket.stand, ticket.since = STANDS.get(move.do, "asked"), now
        return
    if move.do in {"reply", "ask_leader", "hand_to_pic"} and "accept" not in case.done:
        case.done.append("accept")  # acting on an assigned case accepts it
    match move.do:
        case "reply":
            case.replies, case.spoke_at = case.replies + 1, now
            case.asks.discard("silent")
        case "take_over":
            case.taken_over, case.leader = True, move.by
            case.asks.discard("leader")
        case "advise":
            case.asks.discard("leader")
        case "customer_says":
            for ticket in case.tickets.values():
                if ticket.stand == "confirm":
                    ticket.stand, ticket.since = ("verified" if move.form["solved"] else "open"), now
