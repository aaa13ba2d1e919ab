"""The records as views for Metabase, Superset or Excel: `v_cases`, `v_tickets`, `v_clocks` … alike on both databases.

No view has what anybody said or who a customer is. Moments are UTC, days Asia/Jakarta, times in seconds. Where a view
is changed, a migration must be added, even an empty one: views are made anew when the schema is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a view: its name, what makes it, and what it says."""

    name: str
    made_of: str
    says: str


@dataclass(frozen=True, slots=True)
class View:
    """One view: its name, what a row is, its columns and the tables it reads."""

    name: str
    row: str
    columns: tuple[Column, ...]
    source: str

    @property
    def sql(self) -> str:
        """The query."""
        columns = ",\n  ".join(f"{column.made_of} AS {column.name}" for column in self.columns)
        return f"SELECT\n  {columns}\nFROM {self.source}"


class _Sql:
    """What the two databases say differently."""

    def __init__(self, dialect: str) -> None:
        self.sqlite = dialect == "sqlite"

    def day(self, moment: str) -> str:
        return f"date({moment}, '+7 hours')" if self.sqlite else f"CAST({moment} AT TIME ZONE 'Asia/Jakarta' AS date)"

    def number(self, letter: str, key: str) -> str:
        """`C-000123` of 123."""
        if self.sqlite:
            return f"CASE WHEN {key} IS NOT NULL THEN printf('{letter}-%06d', {key}) END"
        return f"'{letter}-' || lpad(CAST({key} AS text), greatest(6, length(CAST({key} AS text))), '0')"

    def seconds(self, begin: str, end: str) -> str:
        """The time between two moments in seconds, to the millisecond."""
        millis = f"({self._millis(end)} - {self._millis(begin)})"
        return f"{millis} / 1000.0" if self.sqlite else f"CAST({millis} AS double precision) / 1000"

    def _millis(self, moment: str) -> str:
        if self.sqlite:
            seconds = f"CAST(strftime('%s', substr({moment}, 1, 19)) AS INTEGER)"
            return f"({seconds} * 1000 + CAST(substr({moment}, 21, 3) AS INTEGER))"
        return f"CAST(extract(epoch FROM date_trunc('milliseconds', {moment})) * 1000 AS bigint)"


def _columns(*given: tuple[str, str, str]) -> tuple[Column, ...]:
    return tuple(Column(*one) for one in given)


def views(dialect: str) -> tuple[View, ...]:
    """Every view, for `sqlite` or `postgresql`."""
    sql = _Sql(dialect)
    return (_cases(sql), _tickets(sql), _clocks(sql), _contacts(sql), _journal(sql), *_kpis())


_OF_CASES = """cases c
JOIN accounts a ON a.id = c.account_id
LEFT JOIN staff s ON s.id = c.agent_id
LEFT JOIN staff l ON l.id = c.team_leader_id
LEFT JOIN mentions m ON m.id = (
  SELECT min(o.id) FROM mentions o
  WHERE o.case_id = c.id AND o.disposition IN ('opened_case', 'candidate_case')
)
LEFT JOIN watched_accounts w ON w.id = m.watched_account_id
LEFT JOIN (
  SELECT case_id,
    min(CASE WHEN event IN ('case_assigned', 'case_handed_over', 'case_reassigned') THEN at END) AS assigned_at,
    min(CASE WHEN event = 'case_accepted' THEN at END) AS accepted_at,
    min(CASE WHEN event IN ('reply_sent', 'answered_in_app') THEN at END) AS answered_at,
    sum(CASE WHEN event = 'case_reopened' THEN 1 ELSE 0 END) AS reopened
  FROM journal WHERE case_id IS NOT NULL GROUP BY case_id
) j ON j.case_id = c.id"""


def _cases(sql: _Sql) -> View:
    return View(
        "v_cases",
        "one case",
        _columns(
            ("case_number", sql.number("C", "c.id"), "The number that people use."),
            ("case_id", "c.id", "The same as a number, to join by."),
            ("account_number", sql.number("K", "c.account_id"), "The customer's account; who it is stands elsewhere."),
            ("platform", "a.platform", "x or facebook."),
            ("watched_account", "w.handle", "The account of ours that was mentioned."),
            ("region", "w.region", "Whose customers that account is for."),
            ("category", "a.priority_category", "The account's category of 5.2.1, as it is now."),
            ("priority_status", "c.priority_status", "priority or candidate, when the case was opened."),
            ("severity", "c.severity", "standard or hard."),
            ("problem", "c.problem", "The problem as it was found."),
            ("status", "c.status", "Where it stands."),
            ("agent", "s.code", "Who has it, or had it last."),
            ("team_leader", "l.code", "The team leader who is at work on it."),
            ("revision", "c.revision", "The revision of the work instruction it goes by."),
            ("posted_at", "m.posted_at", "The post that opened it."),
            ("pulled_at", "m.fetched_at", "Its arrival at the desk."),
            ("opened_at", "c.opened_at", "When it was opened."),
            ("opened_day", sql.day("c.opened_at"), "The day of that."),
            ("assigned_at", "j.assigned_at", "When an agent first got it."),
            ("accepted_at", "j.accepted_at", "When an agent first accepted it."),
            ("answered_at", "j.answered_at", "When the first answer reached the customer."),
            ("resolved_at", "c.resolved_at", "When it was last resolved; empty while it is open."),
            ("closed_at", "c.closed_at", "When it was closed; empty before."),
            ("reopened", "coalesce(j.reopened, 0)", "How often it was reopened."),
            ("posting_to_pull_s", sql.seconds("m.posted_at", "m.fetched_at"), "From posting to arrival."),
            ("to_assignment_s", sql.seconds("c.opened_at", "j.assigned_at"), "From opening to first assignment."),
            ("to_first_response_s", sql.seconds("c.opened_at", "j.answered_at"), "From opening to first answer."),
            (
                "to_resolution_s",
                sql.seconds("c.opened_at", "c.resolved_at"),
                "From opening to the last resolution.",
            ),
        ),
        _OF_CASES,
    )


def _tickets(sql: _Sql) -> View:
    return View(
        "v_tickets",
        "one ticket: a unit's part in solving a case",
        _columns(
            ("ticket_number", sql.number("T", "t.id"), "The number that people use."),
            ("ticket_id", "t.id", "The same as a number, to join by."),
            ("case_id", "t.case_id", "Its case."),
            ("unit", "t.unit", "The unit that has it."),
            ("pic", "p.code", "The PIC who follows it."),
            ("problem", "t.problem", "The problem."),
            ("severity", "t.severity", "standard or hard."),
            ("status", "t.status", "Where it stands."),
            ("escalation_level", "t.escalation_level", "How far up the unit's ladder it is."),
            ("rounds", "t.round - 1", "How often it was sent to a unit anew."),
            ("opened_at", "t.opened_at", "When it was opened."),
            ("opened_day", sql.day("t.opened_at"), "The day of that."),
            ("dispatched_at", "t.dispatched_at", "When the unit got it; of the latest round, as the next two."),
            ("acknowledged_at", "t.acknowledged_at", "When the unit took it on."),
            ("settled_at", "t.settled_at", "When the unit said that it is solved."),
            ("verified_at", "t.verified_at", "When the customer confirmed."),
            ("contacts", "(SELECT count(*) FROM contacts k WHERE k.ticket_id = t.id)", "Tries at units."),
        ),
        "tickets t\nLEFT JOIN staff p ON p.id = t.pic_id",
    )


def _clocks(sql: _Sql) -> View:
    outcome = (
        "CASE WHEN k.breached_at IS NOT NULL OR k.stopped_at > k.due_at THEN 'breached'"
        " WHEN k.stopped_at IS NOT NULL THEN 'stopped' ELSE 'running' END"
    )
    return View(
        "v_clocks",
        "one deadline of a case or a ticket",
        _columns(
            ("clock_id", "k.id", "To count by."),
            ("case_id", "k.case_id", "Its case."),
            ("ticket_id", "k.ticket_id", "Its ticket; empty where it is the case's own."),
            ("clock", "k.kind", "accept, first_response, leader_engaged, settle, unit_acknowledge, unit_settle."),
            ("started_at", "k.started_at", "When it began to run."),
            ("started_day", sql.day("k.started_at"), "The day of that."),
            ("due_at", "k.due_at", "When it is up; pauses have moved it."),
            ("warned_at", "k.warned_at", "When it was warned of."),
            ("stopped_at", "k.stopped_at", "When it ended: what it waited for happened, or it was overtaken."),
            ("breached_at", "k.breached_at", "When it was found to be up."),
            ("paused_s", "k.paused_seconds", "How long it has stood still."),
            ("outcome", outcome, "breached, stopped or running."),
        ),
        "clocks k",
    )


def _contacts(sql: _Sql) -> View:
    return View(
        "v_contacts",
        "one try at a unit",
        _columns(
            ("contact_id", "k.id", "To count by."),
            ("ticket_id", "k.ticket_id", "Its ticket."),
            ("unit", "k.unit", "The unit that was tried."),
            ("kind", "k.kind", "dispatch, chase, escalate, callback or phone."),
            ("outcome", "k.outcome", "taken, or what went wrong; of a call, what was said."),
            ("status_code", "k.status_code", "What the unit's API answered."),
            ("at", "k.at", "When."),
            ("day", sql.day("k.at"), "The day of that."),
        ),
        "contacts k",
    )


def _journal(sql: _Sql) -> View:
    return View(
        "v_journal",
        "one thing that happened",
        _columns(
            ("journal_id", "j.id", "Its place in the journal."),
            ("at", "j.at", "When."),
            ("day", sql.day("j.at"), "The day of that."),
            ("case_id", "j.case_id", "The case it is about."),
            ("ticket_id", "j.ticket_id", "The ticket it is about."),
            ("actor", "j.actor", "A staff code, a unit or a flow."),
            ("event", "j.event", "What happened."),
            ("clause", "j.clause", "The clause it follows."),
            ("revision", "j.revision", "The revision in force for it."),
        ),
        "journal j",
    )


def _kpis() -> tuple[View, View]:
    key = (
        ("day", "k.day", "The day, Asia/Jakarta."),
        ("kpi", "k.kpi", "The KPI's code; what it means stands in data/kpis.yaml and in the exported dictionary."),
        ("statistic", "k.statistic", "share, count, mean, p50, p90 or p95."),
        ("dimension", "k.dimension", "What it is broken down by; all: not."),
        ("member", "k.member", "The member of the dimension; none: what belongs to nobody."),
    )
    figures = ("numerator", "denominator", "value")
    stored = _columns(
        *key,
        ("clause", "k.clause", "4.1 to 4.4, or across."),
        *((name, f"k.{name}", f"The {name}; times in seconds.") for name in figures),
        ("unit", "k.unit", "share (from 0 to 1), count or s."),
        ("computed_at", "k.computed_at", "When it was last found to be so."),
    )
    restated = _columns(
        ("at", "k.at", "When it was restated."),
        *key,
        *((f"{name}_was", f"k.{name}_was", f"The {name} before.") for name in figures),
        *((name, f"k.{name}", f"The {name} since then.") for name in figures),
    )
    return (
        View("v_kpis", "one figure of one day", stored, "kpis k"),
        View("v_kpi_restatements", "one figure that late data changed", restated, "kpi_restatements k"),
    )


def names() -> Sequence[str]:
    """The names of the views."""
    return [view.name for view in views("sqlite")]


def drop_views(connection: Connection) -> None:
    """Take the views away, before the tables under them change."""
    for name in names():
        connection.execute(text(f"DROP VIEW IF EXISTS {name}"))


def create_views(connection: Connection) -> None:
    """Make the views."""
    for view in views(connection.dialect.name):
        connection.execute(text(f"CREATE VIEW {view.name} AS {view.sql}"))
