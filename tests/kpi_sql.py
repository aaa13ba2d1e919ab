"""The KPIs as plain SQL, written a second time without looking at how pandas does it: observations by KPI.

A share's query has `at`, `num`, `den`; a count's `at`; a time's `at`, `since`, `until`. Both databases understand them.
`{millis(x)}` is written as `@x@`, the days' limits are left to the test.
"""

from __future__ import annotations

from models.ticket_life import TICKET_TRANSITIONS

GIVEN = "('case_assigned', 'case_handed_over', 'case_reassigned')"
FIRST = "SELECT case_id, min(at) AS at FROM journal WHERE event IN {} GROUP BY case_id"
NOW = "'2026-11-03'"
LATE = f"(breached_at IS NOT NULL OR stopped_at > due_at OR (stopped_at IS NULL AND due_at <= {NOW}))"
OF_TICKETS = ", ".join(f"'{name}'" for name in ("pic_looked", *(one.event for one in TICKET_TRANSITIONS.values())))


def _ended_by(owner: str, *events: str) -> str:
    """Whether one of these events of the same case, or ticket, came at the very moment a clock stopped."""
    named = ", ".join(f"'{event}'" for event in events)
    return (
        f"EXISTS (SELECT 1 FROM journal j WHERE j.{owner} = k.{owner} AND j.at = k.stopped_at AND j.event IN ({named}))"
    )


ACCEPTED = _ended_by("case_id", "case_accepted")
OVERTAKEN = _ended_by("case_id", "case_resolved", "hard_complaint_withdrawn")
ANEW = _ended_by("ticket_id", "ticket_redirected", "customer_says_not_solved")
KEPT = f"SELECT k.started_at AS at, CASE WHEN {LATE} THEN 0 ELSE 1 END AS num, 1 AS den FROM clocks k WHERE "
CASE_CLOCKS = f"""k.ticket_id IS NULL AND ({LATE} OR (k.stopped_at IS NOT NULL
    AND (k.kind <> 'accept' OR {ACCEPTED}) AND (k.kind <> 'leader_engaged' OR NOT {OVERTAKEN})))"""
UNIT_CLOCKS = f"k.ticket_id IS NOT NULL AND ({LATE} OR (k.stopped_at IS NOT NULL AND NOT {ANEW}))"
LOOKS = f"""
    SELECT l.ticket_id, l.at, coalesce(lead(l.at) OVER (PARTITION BY l.ticket_id ORDER BY l.id), t.verified_at) AS until
    FROM (
        SELECT id, ticket_id, at FROM journal WHERE event = 'ticket_opened'
        OR (event IN ({OF_TICKETS}) AND actor IN (SELECT code FROM staff WHERE role IN ('pic', 'supervisor')))
    ) l JOIN tickets t ON t.id = l.ticket_id WHERE t.verified_at IS NULL OR l.at < t.verified_at"""
JUDGED = f"""
    SELECT ticket_id, at, CASE WHEN @coalesce(until, {NOW})@ - @at@ <= 28800000 THEN 1 ELSE 0 END AS num, until
    FROM ({LOOKS}) o"""
STATES = """
    SELECT id, case_id, at, CASE
        WHEN event IN ('case_opened', 'agent_relieved') THEN 'new'
        WHEN event IN ('case_assigned', 'case_reassigned') THEN 'assigned'
        WHEN event = 'case_accepted' THEN 'hand'
        WHEN event IN ('case_started', 'case_resumed', 'resolution_taken_back', 'case_taken_over') THEN 'hand'
        WHEN event IN ('waiting_for_customer', 'waiting_for_unit') THEN 'waits'
        WHEN event IN ('case_resolved', 'case_closed') THEN 'over'
        WHEN event = 'case_reopened' THEN 'again' END AS state
    FROM journal WHERE event IN ('case_opened', 'agent_relieved', 'case_assigned', 'case_reassigned', 'case_accepted',
        'case_started', 'case_resumed', 'resolution_taken_back', 'case_taken_over', 'waiting_for_customer',
        'waiting_for_unit', 'case_resolved', 'case_closed', 'case_reopened')"""
FIRST_NOTICE = """
    SELECT n.case_id, n.sent_at FROM notices n WHERE n.id = (SELECT min(o.id) FROM notices o
        WHERE o.case_id = n.case_id AND o.kind = 'assigned' AND o.sent_at IS NOT NULL)"""
POSTED = "cases c JOIN mentions m ON m.case_id = c.id AND m.disposition IN ('opened_case', 'candidate_case')"
ONE = "CASE WHEN {} THEN 1 ELSE 0 END AS num, 1 AS den"
SHARES = {
    "received_by_eligible_agent": f"""
        SELECT c.opened_at AS at, {ONE.format("g.at IS NOT NULL")}
        FROM cases c LEFT JOIN ({FIRST.format(GIVEN)}) g ON g.case_id = c.id""",
    "accepted_in_time": f"{KEPT} k.kind = 'accept' AND {CASE_CLOCKS}",
    "leader_engaged_in_time": f"{KEPT} k.kind = 'leader_engaged' AND {CASE_CLOCKS}",
    "sla_attainment": f"{KEPT} {CASE_CLOCKS}",
    "acknowledged_in_time": f"{KEPT} k.kind = 'unit_acknowledge' AND {UNIT_CLOCKS}",
    "settled_in_time": f"{KEPT} k.kind = 'unit_settle' AND {UNIT_CLOCKS}",
    "questions_answered": f"""
        SELECT q.at, {
        ONE.format('''EXISTS (SELECT 1 FROM journal a WHERE a.case_id = q.case_id AND a.at >= q.at
            AND a.event IN ('leader_advised', 'case_taken_over'))''')
    }
        FROM journal q WHERE q.event = 'leader_asked'""",
    "breaches_warned": f"""
        SELECT breached_at AS at, {ONE.format("warned_at < breached_at")} FROM clocks
        WHERE ticket_id IS NULL AND breached_at IS NOT NULL""",
    "problem_found": f"""
        SELECT l.verified_at AS at, {ONE.format("u.unit = l.unit")}
        FROM (SELECT t.*, row_number() OVER (PARTITION BY case_id ORDER BY verified_at DESC, id DESC) AS n,
            sum(CASE WHEN verified_at IS NULL THEN 1 ELSE 0 END) OVER (PARTITION BY case_id) AS unsettled
            FROM tickets t) l LEFT JOIN (@units@) u ON u.problem = l.problem
        WHERE l.n = 1 AND l.unsettled = 0""",
    "looks_in_time": f"SELECT at, num, 1 AS den FROM ({JUDGED}) o WHERE until IS NOT NULL OR num = 0",
    "tickets_without_look": f"""
        SELECT t.opened_at AS at, {ONE.format(f"t.id IN (SELECT ticket_id FROM ({JUDGED}) o WHERE num = 0)")}
        FROM tickets t""",
    "contacts_reached": f"""
        SELECT at, {ONE.format("outcome = 'taken' OR kind = 'phone'")} FROM contacts""",
    "redirects": f"""
        SELECT t.opened_at AS at, {
        ONE.format('''EXISTS (SELECT 1 FROM journal j WHERE j.ticket_id = t.id
            AND j.event = 'ticket_redirected')''')
    } FROM tickets t""",
    "reopen_rate": f"""
        SELECT r.at, {ONE.format("o.at IS NOT NULL")} FROM ({FIRST.format("('case_resolved')")}) r
        LEFT JOIN ({FIRST.format("('case_reopened')")}) o ON o.case_id = r.case_id""",
    "candidate_precision": f"""
        SELECT at, {ONE.format("status = 'priority'")} FROM account_reviews
        WHERE ruled_status = 'candidate' AND undone_at IS NULL""",
}
COUNTS = {
    "complaints": "SELECT opened_at AS at FROM cases",
    "workload": f"SELECT at FROM journal WHERE event IN {GIVEN}",
    "directions_given": "SELECT at FROM journal WHERE event = 'leader_advised'",
    "takeovers": "SELECT at FROM journal WHERE event = 'case_taken_over'",
    "escalations": "SELECT at FROM journal WHERE event = 'ticket_escalated'",
    "contacts_with_units": "SELECT at FROM contacts",
}
TIMES = {
    "time_to_assignment": f"""
        SELECT g.at, c.opened_at AS since, g.at AS until
        FROM cases c JOIN ({FIRST.format(GIVEN)}) g ON g.case_id = c.id""",
    "time_to_acceptance": f"""
        SELECT a.at, (SELECT max(g.at) FROM journal g
            WHERE g.case_id = a.case_id AND g.event IN {GIVEN} AND g.at <= a.at) AS since, a.at AS until
        FROM ({FIRST.format("('case_accepted')")}) a""",
    "leader_time_to_engage": f"""
        SELECT k.stopped_at AS at, k.started_at AS since, k.stopped_at AS until FROM clocks k
        WHERE k.kind = 'leader_engaged' AND {_ended_by("case_id", "leader_advised", "case_taken_over")}""",
    "first_response_time": f"""
        SELECT g.at, c.opened_at AS since, g.at AS until
        FROM cases c JOIN ({FIRST.format("('reply_sent', 'answered_in_app')")}) g ON g.case_id = c.id""",
    "time_to_resolution": f"""
        SELECT g.at, c.opened_at AS since, g.at AS until
        FROM cases c JOIN ({FIRST.format("('case_resolved')")}) g ON g.case_id = c.id""",
    "posting_to_pull": f"SELECT c.opened_at AS at, m.posted_at AS since, m.fetched_at AS until FROM {POSTED}",
    "posting_to_notice": f"""
        SELECT c.opened_at AS at, m.posted_at AS since, n.sent_at AS until
        FROM {POSTED} JOIN ({FIRST_NOTICE}) n ON n.case_id = c.id""",
    "pull_to_assignment": f"""
        SELECT c.opened_at AS at, m.fetched_at AS since, g.at AS until
        FROM {POSTED} JOIN ({FIRST.format(GIVEN)}) g ON g.case_id = c.id""",
    "assignment_to_notice": f"""
        SELECT c.opened_at AS at, g.at AS since, n.sent_at AS until FROM cases c
        JOIN ({FIRST.format(GIVEN)}) g ON g.case_id = c.id JOIN ({FIRST_NOTICE}) n ON n.case_id = c.id""",
    "unit_time_to_settle": f"""
        SELECT k.stopped_at AS at, k.started_at AS since, k.stopped_at AS until FROM clocks k
        WHERE k.kind = 'unit_settle' AND {_ended_by("ticket_id", "ticket_settled")}""",
}
HANDLED = f"""
    SELECT r.at, coalesce(sum(@s.until@ - @s.at@), 0) AS span FROM ({FIRST.format("('case_resolved')")}) r
    LEFT JOIN (SELECT case_id, state, at, lead(at) OVER (PARTITION BY case_id ORDER BY id) AS until FROM ({STATES}) x) s
    ON s.case_id = r.case_id AND s.state = 'hand' AND s.at < r.at GROUP BY r.case_id, r.at"""
OPEN_AT = f"""
    SELECT count(*) FROM (SELECT case_id, state, row_number() OVER (PARTITION BY case_id ORDER BY id DESC) AS n
    FROM ({STATES}) x WHERE at <= :end) y WHERE n = 1 AND state <> 'over'"""
FAIRNESS = f"""
    SELECT day, CAST(sum(n) AS double precision) * sum(n), CAST(count(*) AS double precision) * sum(n * n) FROM (
        SELECT @day@ AS day, @agent@ AS agent, count(*) AS n FROM journal WHERE event IN {GIVEN} GROUP BY 1, 2
    ) x GROUP BY day"""
