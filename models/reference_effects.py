"""What taking reference files over leads to: accounts judged again, agents who may or may no longer be given cases.

Cases that are open keep their agent and their revision; an agent who is no longer eligible gets nothing new (5.1.1).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from models.desk_roster import staff_on_book
from models.eligibility import EligibilityVerdict, eligibility
from models.journal import entry, write_journal
from models.lexicons import Lexicons
from models.reference_diff import FileDiff
from models.reference_kinds import LISTS
from models.rejudging import ListingKey, Rejudged, accounts_listed, judge_again
from models.work_instruction import WorkInstruction

LOADER = "load-reference-data"
"""The actor the journal names."""
CLAUSES: Mapping[str, str] = {
    "watched_accounts": "5.3.1",
    "bod_list": "5.2.1",
    "registry": "5.2.1",
    "unit_contacts": "4.4",
}
"""The clause under which a kind is taken over; what is not named here is about the staff (5.1.1)."""


NO_AGENT = EligibilityVerdict(False, ("role",), ("is no agent any more.",))
"""The verdict on somebody who has another role now."""


@dataclass(slots=True)
class Effects:
    """Accounts judged again, and agents by code whose eligibility changed, with the criteria they miss now."""

    rejudged: Rejudged = field(default_factory=Rejudged)
    now_eligible: list[str] = field(default_factory=list)
    no_longer: dict[str, tuple[str, ...]] = field(default_factory=dict)


def eligible_agents(
    connection: Connection, instruction: WorkInstruction, now: datetime
) -> dict[str, EligibilityVerdict]:
    """The verdict of clause 5.1.1 on everybody whose role is agent, by code, at `now` (UTC)."""
    agents = staff_on_book(connection, now).get("agent", [])
    return {one.code: eligibility(one, now, instruction.eligibility) for one in agents}


def journal_eligibility(
    connection: Connection,
    before: Mapping[str, EligibilityVerdict],
    instruction: WorkInstruction,
    now: datetime,
    effects: Effects,
) -> None:
    """Journal the agents, among those there were before, who became eligible or no longer are."""
    journal = []
    after = eligible_agents(connection, instruction, now)
    for code, was in before.items():
        verdict = after.get(code, NO_AGENT)
        if was.eligible == verdict.eligible:
            continue
        if verdict.eligible:
            effects.now_eligible.append(code)
        else:
            effects.no_longer[code] = verdict.failed
        event = "agent_eligible" if verdict.eligible else "agent_no_longer_eligible"
        detail = {"agent": code, "failed": list(verdict.failed)}
        journal.append(entry(now, event, verdict.clause, instruction, detail, actor=LOADER))
    write_journal(connection, journal)


def judge_those_listed(
    connection: Connection, diffs: Sequence[FileDiff], instruction: WorkInstruction, lexicons: Lexicons, now: datetime
) -> Rejudged:
    """Judge the accounts again that a changed listing may concern, before or after the change."""
    keys = {key for diff in diffs if diff.kind in LISTS for key in _keys(diff)}
    why = " and ".join(sorted({diff.kind for diff in diffs if diff.kind in LISTS and not diff.nothing}))
    return judge_again(connection, accounts_listed(connection, keys), instruction, lexicons, now, why, LOADER)


def _keys(diff: FileDiff) -> Collection[ListingKey]:
    keys: set[ListingKey] = set()
    for row in (*diff.added, *diff.removed):
        keys |= {(row["platform"], row["external_id"]), (row["platform"], row["handle_key"])}
    for one in diff.changed:
        platform, own = one.key
        keys.add((platform, own.removeprefix("@")))
        for name in ("external_id", "handle_key"):
            keys |= {(platform, value) for value in one.values.get(name, ())}
    return {(platform, own) for platform, own in keys if own}


def loaded_entry(
    diff: FileDiff, fingerprint: str, by: str, instruction: WorkInstruction, now: datetime
) -> dict[str, Any]:
    """The journal's entry that a file was taken over: what kind, how many rows, and which bytes; no names."""
    detail = {
        "kind": diff.kind,
        "added": len(diff.added),
        "changed": len(diff.changed),
        "removed": len(diff.removed),
        "file": fingerprint,
    }
    clause = CLAUSES.get(diff.kind, "5.1.1")
    return entry(now, "reference_loaded", clause, instruction, {**detail, "by": by}, actor=LOADER)
