"""Speaks to the units: signed HTTP, or e-mail through apprise (clause 4.4). Knows nothing of flows or records.

`POST {url}/tickets` with `Idempotency-Key` answers `{"reference": …}`, or 409 or 422 where the ticket is not theirs;
`POST {url}/tickets/{reference}/messages` takes a chase or an escalation; `GET {url}/tickets?updated_since=&limit=`
lists changes, oldest first. Every request carries `X-Desk-Timestamp` and `X-Desk-Signature` over timestamp, method,
path with query, and body.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import requests

from models.mentions import RefusedRow
from models.safe_text import clean, for_plain
from models.signatures import sign
from models.units import Unit
from tasks.units.access import UnitAccess
from tasks.units.errors import UnitError, UnitNotSetUp, UnitRefused, UnitUnavailable

CHANGES_AT_ONCE = 5_000
"""Changes taken from a unit in one call; the rest comes with the next."""
LONGEST_NAME = 128
LONGEST_AHEAD, LONGEST_BEHIND = timedelta(days=1), timedelta(days=3650)
"""How far a change may be dated ahead of our clock, or behind it."""


@dataclass(frozen=True, slots=True)
class UnitAnswer:
    """What a unit answered to a ticket or a message."""

    status_code: int | None
    reference: str | None


@dataclass(frozen=True, slots=True)
class UnitChange:
    """One change a unit tells of, parsed; `changed_at` is UTC by the unit's clock."""

    update_id: str
    reference: str
    status: str
    note: str
    changed_at: datetime


def send_ticket(unit: Unit, access: UnitAccess, body: Mapping[str, Any], key: str) -> UnitAnswer:
    """Hand a ticket to a unit; the same key twice is one ticket there. Raises `UnitError`."""
    if unit.channel == "email":
        return _write(access, body, key)
    answer = _call(unit, access, "POST", "/tickets", body, key)
    reference = _json(answer).get("reference")
    if not isinstance(reference, str) or not 0 < len(_name(reference)) <= LONGEST_NAME:
        raise UnitUnavailable("answered without a reference", answer.status_code)
    return UnitAnswer(answer.status_code, _name(reference))


def send_message(unit: Unit, access: UnitAccess, reference: str, body: Mapping[str, Any], key: str) -> UnitAnswer:
    """Ask a unit about a ticket it has (chase, escalate). Raises `UnitError`."""
    if unit.channel == "email":
        return _write(access, body, key)
    answer = _call(unit, access, "POST", f"/tickets/{quote(reference, safe='')}/messages", body, key)
    return UnitAnswer(answer.status_code, reference)


def pull_changes(unit: Unit, access: UnitAccess, since: datetime | None) -> list[UnitChange | RefusedRow]:
    """What has changed at a unit since a moment of its own clock, in one call, oldest first. Raises `UnitError`."""
    asked = {"limit": str(CHANGES_AT_ONCE)} | ({"updated_since": since.isoformat()} if since else {})
    rows = _json(_call(unit, access, "GET", f"/tickets?{urlencode(asked)}")).get("updates")
    if not isinstance(rows, list):
        raise UnitUnavailable("answered without a list of updates")
    return [parse_change(unit.code, row, datetime.now(UTC)) for row in rows]


def parse_change(unit: str, row: Any, now: datetime) -> UnitChange | RefusedRow:
    """A unit's change as our record; with its reasons where it cannot be one. `now` is UTC."""
    reasons = []
    given = row if isinstance(row, dict) else {"row": row}
    named = {name: _name(given.get(name)) for name in ("update_id", "reference", "status")}
    for name, value in named.items():
        if not 0 < len(value) <= LONGEST_NAME:
            reasons.append(f"{name}: must be there, with at most {LONGEST_NAME} characters")
    changed_at = _moment(given.get("changed_at"))
    if changed_at is None:
        reasons.append("changed_at: must be an ISO 8601 moment with its time zone")
        changed_at = now
    if not now - LONGEST_BEHIND <= changed_at <= now + LONGEST_AHEAD:
        reasons.append("changed_at: must be within the last ten years, and no more than a day ahead")
    if reasons:
        return RefusedRow(f"unit/{unit}", named["update_id"] or None, given, tuple(reasons))
    return UnitChange(
        named["update_id"],
        named["reference"],
        for_plain(named["status"], 24),
        clean(str(given.get("note") or ""))[:2000],
        changed_at,
    )


def _name(given: Any) -> str:
    """As it is kept and compared; one character too long where it is too long."""
    return "" if given is None else for_plain(str(given), LONGEST_NAME + 1)


def _moment(given: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(given)
        return None if moment.tzinfo is None else moment.astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        return None


def _call(
    unit: Unit, access: UnitAccess, method: str, path: str, body: Mapping[str, Any] | None = None, key: str = ""
) -> requests.Response:
    if not access.url or access.signing_key is None:
        raise UnitNotSetUp(f"the block unit-access/{unit.code.replace('_', '-')} needs a url and a signing_key")
    url = access.url.rstrip("/") + path
    content = b"" if body is None else json.dumps(body, ensure_ascii=True).encode()
    stamp, parts = int(time.time()), urlsplit(url)
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    headers = {
        "Content-Type": "application/json",
        "X-Desk-Timestamp": str(stamp),
        "X-Desk-Signature": sign(access.signing_key.get_secret_value(), stamp, method, target, content),
    }
    if key:
        headers["Idempotency-Key"] = key
    try:
        with requests.Session() as session:
            session.trust_env = False
            answer = session.request(
                method,
                url,
                data=content,
                headers=headers,
                timeout=unit.retry.timeout.total_seconds(),
                allow_redirects=False,
            )
    except requests.RequestException as error:
        kind = "did not answer in time" if isinstance(error, requests.Timeout) else "could not be reached"
        raise UnitUnavailable(kind) from None
    if answer.status_code >= 300:
        raise _error(unit, answer)
    return answer


def _error(unit: Unit, answer: requests.Response) -> UnitError:
    code = answer.status_code
    if code in unit.retry.worth:
        return UnitUnavailable(f"answered {code}", code)
    try:
        told = answer.json()
    except ValueError:
        told = {}
    why = for_plain(str(told.get("error", "")), 200) if isinstance(told, dict) else ""
    if code in {409, 422}:
        return UnitRefused(f"refused it: {why or 'no reason given'}", code)
    if code in {401, 403}:
        return UnitNotSetUp("did not accept our signature; compare the signing_key of both sides", code)
    return UnitNotSetUp(f"answered {code}: {why}", code)


def _json(answer: requests.Response) -> dict[str, Any]:
    try:
        told = answer.json()
    except ValueError:
        raise UnitUnavailable("answered something that is not JSON", answer.status_code) from None
    if not isinstance(told, dict):
        raise UnitUnavailable("answered something that is no object", answer.status_code)
    return told


def _write(access: UnitAccess, body: Mapping[str, Any], key: str) -> UnitAnswer:
    """Write to a unit without an API. Its answer comes to the PIC, who takes it down by form."""
    from apprise import Apprise, NotifyFormat

    sender = Apprise()
    if access.mailbox is None or not sender.add(access.mailbox.get_secret_value()):
        raise UnitNotSetUp("its block needs a mailbox: an apprise address")
    title = f"{body['ticket']} ({key}): {body['kind']}, {body['problem']}, {body['severity']}"
    lines = [f"{name}: {value}" for name, value in body.items() if value is not None]
    if not sender.notify(title=title, body="\n".join(lines), body_format=NotifyFormat.TEXT):
        raise UnitUnavailable("the e-mail could not be sent")
    return UnitAnswer(None, str(body["ticket"]))
