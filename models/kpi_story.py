"""The facts of cases and tickets in the order in which they happened: what every measure asks, asked once."""

from __future__ import annotations

from functools import cached_property

import pandas as pd

from models.case_life import AT_WORK, OPEN, TRANSITIONS, CaseStatus
from models.clocks import ClockKind
from models.kpi_facts import Facts
from models.ticket_steps import TicketClockKind

GIVEN = ("case_assigned", "case_handed_over", "case_reassigned")
"""The events that give a case to an agent; the entry names them."""
ANSWERED = ("reply_sent", "answered_in_app")
BY_LEADER = ("leader_advised", "case_taken_over")
STATE_AFTER = {"case_opened": CaseStatus.NEW} | {
    step.event: step.target for step in TRANSITIONS.values() if step.target is not None
}
"""The state of a case after an event that changes it."""
OF_CASE = ("severity", "problem", "category", "platform", "region", "watched", "agent", "leader")
NO_LEADER_NEEDED = ("case_resolved", "hard_complaint_withdrawn")
"""The events that end a leader's clock without a leader."""


class Story:
    """Facts, and what follows from their order. Every table has the `case_id`, those of tickets the `ticket_id`."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts

    def events(self, *names: str) -> pd.DataFrame:
        """The events of these names, in order."""
        found = self.facts.events
        return found[found["event"].isin(names)]

    @cached_property
    def given(self) -> pd.DataFrame:
        """Each time a case was given to an agent: `at`, `agent`."""
        rows = self.events(*GIVEN)
        return rows.assign(agent=rows["to"])[["case_id", "at", "agent"]]

    def first(self, rows: pd.DataFrame, name: str) -> pd.DataFrame:
        """The first row of each case, its moment under `name`."""
        return rows.drop_duplicates("case_id").rename(columns={"at": name})

    @cached_property
    def resolved(self) -> pd.DataFrame:
        """The first resolution of each case that was not taken back: `at`; and whether it was `reopened` later."""
        rows = self.events("case_resolved", "resolution_taken_back", "case_reopened")
        following = rows.groupby("case_id")["event"].shift(-1)
        stands = rows[(rows["event"] == "case_resolved") & (following != "resolution_taken_back")]
        first = stands.drop_duplicates("case_id")[["case_id", "at"]]
        again = self.events("case_reopened").groupby("case_id")["at"].max()
        return first.assign(reopened=first["case_id"].map(again) >= first["at"])

    @cached_property
    def states(self) -> pd.DataFrame:
        """Each stretch of a case's life: `state`, `at`, `until`; the last one of each goes on until now."""
        rows = self.facts.events
        rows = rows.assign(state=rows["event"].map(STATE_AFTER)).dropna(subset="state")
        until = rows.groupby("case_id")["at"].shift(-1).fillna(float(self.facts.now))
        return rows.assign(until=until)[["case_id", "state", "at", "until"]]

    @cached_property
    def in_hand(self) -> pd.Series[float]:
        """By case, how long somebody had it in hand before its resolution (ms)."""
        rows = self.states[self.states["state"].isin(AT_WORK)]
        ends = rows["case_id"].map(self.resolved.set_index("case_id")["at"])
        rows = rows[rows["at"] < ends]
        return (rows["until"] - rows["at"]).groupby(rows["case_id"]).sum()

    def open_at(self, at: float) -> pd.DataFrame:
        """The cases that were open at a moment, which is not after now."""
        rows = self.states[self.states["state"].isin(OPEN)]
        there = (rows["at"] <= at) & ((rows["until"] > at) | (rows["until"] == float(self.facts.now)))
        return rows[there].drop_duplicates("case_id", keep="last").assign(at=at)

    @cached_property
    def case_clocks(self) -> pd.DataFrame:
        """The clocks of cases that were kept or breached: `at`, `clock`, `num` (kept), `late`."""
        rows = self._decided(self.facts.clocks[self.facts.clocks["ticket_id"].isna()])
        accepted = self._coincide(rows, "stopped", "case_accepted")
        led = ~self._coincide(rows, "stopped", *NO_LEADER_NEEDED)
        waited_for = ((rows["kind"] != ClockKind.ACCEPT) | accepted) & (
            (rows["kind"] != ClockKind.LEADER_ENGAGED) | led
        )
        return rows[rows["late"] | waited_for].rename(columns={"kind": "clock"})

    @cached_property
    def unit_clocks(self) -> pd.DataFrame:
        """The clocks of tickets that were kept or breached, each with the `unit` that had it then."""
        rows = self._decided(self.facts.clocks[self.facts.clocks["ticket_id"].notna()])
        anew = self._coincide(rows, "stopped", "ticket_redirected", "customer_says_not_solved", of="ticket_id")
        return self.unit_then(rows[rows["late"] | ~anew])

    @cached_property
    def settlements(self) -> pd.DataFrame:
        """Each word of a unit that a ticket is settled: the clock that it ended."""
        clocks = self.facts.clocks
        rows = clocks[clocks["kind"] == TicketClockKind.SETTLE]
        rows = rows[self._coincide(rows, "stopped", "ticket_settled", of="ticket_id")]
        rows = self.unit_then(rows.assign(at=rows["started"]))
        return rows.assign(span=rows["stopped"] - rows["started"], at=rows["stopped"])

    def _decided(self, clocks: pd.DataFrame) -> pd.DataFrame:
        stopped, due = clocks["stopped"], clocks["due"]
        running = stopped.isna() & clocks["paused"].isna()
        late = clocks["breached"].notna() | (stopped > due) | (running & (due <= self.facts.now))
        kept = stopped.notna() & ~late
        rows = clocks.assign(late=late, num=kept.astype(float), den=1.0, at=clocks["started"])
        return rows[late | kept]

    def _coincide(self, rows: pd.DataFrame, column: str, *events: str, of: str = "case_id") -> pd.Series[bool]:
        """Which of the rows have their moment at that of one of these events of the same case, or ticket."""
        there = self.events(*events)
        known = pd.MultiIndex.from_arrays([there[of], there["at"]])
        asked = pd.MultiIndex.from_arrays([rows[of], rows[column]])
        return pd.Series(asked.isin(known), index=rows.index)

    def with_agent_then(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Rows with the `agent` who had the case at their moment `at`; the entry at that very moment counts."""
        given = self.given.sort_values("at", kind="stable")
        return pd.merge_asof(rows.sort_values("at", kind="stable"), given, on="at", by="case_id")

    def with_agent_at_end(self, clocks: pd.DataFrame) -> pd.DataFrame:
        """Clocks with the `agent` who had the case when they were breached, else stopped, else due; each counts on the
        day it began all the same."""
        ended = clocks["breached"].fillna(clocks["stopped"]).fillna(clocks["due"])
        return self.with_agent_then(clocks.assign(at=ended)).assign(at=lambda rows: rows["started"])

    @cached_property
    def engaged(self) -> pd.DataFrame:
        """The leader clocks of cases that were kept or breached; `done` where a leader's act ended it, `leader` whose
        it was, else the case's."""
        clocks = self.case_clocks
        rows = clocks[clocks["clock"] == ClockKind.LEADER_ENGAGED]
        acts = self.events(*BY_LEADER).drop_duplicates(["case_id", "at"])
        acts = acts[["case_id", "at", "actor"]].rename(columns={"at": "stopped"})
        rows = rows.merge(acts, on=["case_id", "stopped"], how="left")
        rows = self.with_case(rows.assign(done=rows["actor"].notna()))
        return rows.assign(leader=rows["actor"].fillna(rows["leader"]))

    def unit_then(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Rows with the `unit` that had the ticket at their moment `at`."""
        moves = self.events("ticket_opened", "ticket_redirected")[["ticket_id", "at", "unit"]]
        moves = moves[moves["unit"] != ""].sort_values("at", kind="stable")
        rows = rows.drop(columns="unit", errors="ignore").sort_values("at", kind="stable")
        return pd.merge_asof(rows, moves, on="at", by="ticket_id")

    def with_case(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Rows with what is known of their case, where they do not know it better."""
        names = [name for name in OF_CASE if name not in rows]
        return rows.merge(self.facts.cases[["case_id", *names]], on="case_id", how="left")

    def with_ticket(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Rows with what is known of their ticket, where they do not know it better."""
        names = [name for name in ("case_id", "unit", "pic", "problem", "severity") if name not in rows]
        return rows.merge(self.facts.tickets[["ticket_id", *names]], on="ticket_id", how="left")
