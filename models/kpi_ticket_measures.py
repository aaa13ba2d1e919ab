"""How the KPIs about tickets are measured (clauses 4.3, 4.4): observations as in `models/kpi_case_measures.py`."""

from __future__ import annotations

import pandas as pd

from models.kpi_definitions import Kpis
from models.kpi_story import Story
from models.ticket_steps import TicketClockKind


def ticket_measures(story: Story, kpis: Kpis) -> dict[str, pd.DataFrame]:
    """The observations of every KPI about tickets; the limits between two looks are those of the definitions."""
    tickets = story.unit_then(story.facts.tickets.assign(at=story.facts.tickets["opened"]))
    contacts = story.with_ticket(story.facts.contacts.rename(columns={"kind": "contact"}))
    reached = (contacts["outcome"] == "taken") | (contacts["contact"] == "phone")
    clocks = story.with_ticket(story.unit_clocks)
    redirected = tickets["ticket_id"].isin(story.events("ticket_redirected")["ticket_id"])
    return {
        "looks_in_time": _looks(story, _limit(kpis, "looks_in_time")),
        "tickets_without_look": _unseen(story, tickets, _limit(kpis, "tickets_without_look")),
        "contacts_with_units": contacts.assign(count=1.0),
        "contacts_reached": contacts.assign(num=reached.astype(float), den=1.0),
        "acknowledged_in_time": clocks[clocks["kind"] == TicketClockKind.ACKNOWLEDGE],
        "settled_in_time": clocks[clocks["kind"] == TicketClockKind.SETTLE],
        "unit_time_to_settle": story.with_ticket(story.settlements),
        "redirects": tickets.assign(num=redirected.astype(float), den=1.0),
        "escalations": _escalations(story),
    }


def _limit(kpis: Kpis, code: str) -> float:
    limit = kpis[code].limit
    assert limit is not None  # the definitions are checked when they are read
    return limit.total_seconds() * 1000


def _looks(story: Story, limit: float) -> pd.DataFrame:
    """The intervals between two looks of a PIC at a ticket, its opening and its verification included."""
    events = story.facts.events
    of_tickets = events[events["ticket_id"].notna()]
    seen = (of_tickets["event"] == "ticket_opened") | of_tickets["actor"].isin(story.facts.pics)
    rows = of_tickets[seen][["ticket_id", "case_id", "at"]]
    verified = rows["ticket_id"].map(story.facts.tickets.set_index("ticket_id")["verified"])
    rows = rows.assign(verified=verified)[~(rows["at"] >= verified)]
    until = rows.groupby("ticket_id")["at"].shift(-1).fillna(rows["verified"])
    span = until.fillna(float(story.facts.now)) - rows["at"]
    decided = until.notna() | (span > limit)
    return story.with_ticket(story.unit_then(rows.assign(num=(span <= limit).astype(float), den=1.0)[decided]))


def _unseen(story: Story, tickets: pd.DataFrame, limit: float) -> pd.DataFrame:
    looks = _looks(story, limit)
    late = tickets["ticket_id"].isin(looks[looks["num"] == 0]["ticket_id"])
    return tickets.assign(num=late.astype(float), den=1.0)


def _escalations(story: Story) -> pd.DataFrame:
    """Steps up a unit's ladder; a ticket that is redirected begins at its foot again."""
    rows = story.events("ticket_escalated", "ticket_redirected")
    anew = (rows["event"] == "ticket_redirected").groupby(rows["ticket_id"]).cumsum()
    rows = rows.assign(level=rows.groupby([rows["ticket_id"], anew]).cumcount())
    first = rows.groupby(["ticket_id", anew])["event"].transform("first") == "ticket_redirected"
    up = rows.assign(level=(rows["level"] + (~first).astype(int)).astype(str))
    up = up[up["event"] == "ticket_escalated"]
    return story.with_ticket(story.unit_then(up.assign(count=1.0)))
