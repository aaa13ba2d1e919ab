"""What Prefect keeps of the desk: ended runs with their forms and logs, and artifacts; counted and deleted (clause 6).

Only runs that have ended are deleted, never one that runs, waits or is scheduled. Runs of the desk are those tagged
`care`, as all its deployments are; artifacts of the desk are known by their keys (`OURS`). What others keep on the same
server is left alone.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import (
    ArtifactFilter,
    ArtifactFilterKey,
    FlowFilter,
    FlowFilterName,
    FlowRunFilter,
    FlowRunFilterEndTime,
    FlowRunFilterId,
    FlowRunFilterState,
    FlowRunFilterStateType,
    FlowRunFilterTags,
)
from prefect.client.schemas.objects import TERMINAL_STATES, Artifact, FlowRun, StateType
from prefect.client.schemas.sorting import ArtifactSort, FlowRunSort
from prefect.exceptions import ObjectNotFound
from sqlalchemy import ColumnElement, Connection, select

from models.cases import CaseRow, DeskActionRow, case_number
from models.data_requests import naming, said_in
from models.database import chunks, one_of
from models.form_links import case_artifact_key
from models.ticket_rows import FollowUpRunRow, TicketRow, ticket_artifact_key
from tasks.follow_ups import client

TAG = "care"
SETTLED = timedelta(minutes=1)
"""A run that ended later may still have something to tell Prefect, which would fail for ever without it."""
BULK_DELETE: Any = "/flow_runs/bulk_delete"
"""Prefect's client has no method for it, and its list of the server's paths leaves it out."""
AT_ONCE = 50
"""Runs that Prefect deletes in one call at most."""
PAGE = 100
NAMELESS = ("retention", "data-request")
"""Artifacts that name nobody by design: they are the proof."""
OF_ONE = re.compile(r"(case|explained)-c-\d+|ticket-t-\d+|explained-(text|profile)")
"""The keys of artifacts about one case, ticket, text or profile; of the others the latest version stays."""
OURS = re.compile(
    rf"{OF_ONE.pattern}|live-board(-\w+)?|intake-summary|cases-opened|follow-ups|candidates|quarantine|work-instruction"
    r"|journal-check|reference-(load|progress)|retention|data-request|kpis?(-[\w-]+)?|conformance|quality-sample|capacity"
    r"|lexicon-change"
)
"""The keys of the desk's artifacts."""


@dataclass(frozen=True, slots=True)
class OfCases:
    """What Prefect keeps of some cases: ids of runs, keys of artifacts."""

    runs: frozenset[UUID] = frozenset()
    keys: frozenset[str] = frozenset()


def of_cases(connection: Connection, which: ColumnElement[bool]) -> OfCases:
    """The runs that acted on these cases or followed their tickets, and the keys of their artifacts."""
    cases = list(connection.scalars(select(CaseRow.id).where(which)))
    tickets = list(connection.scalars(select(TicketRow.id).where(one_of(connection, TicketRow.case_id, cases))))
    acted = select(DeskActionRow.flow_run_id).where(one_of(connection, DeskActionRow.case_id, cases))
    followed = select(FollowUpRunRow.flow_run_id).where(one_of(connection, FollowUpRunRow.ticket_id, tickets))
    files = [key for case in cases for key in (case_artifact_key(case), f"explained-{case_number(case).lower()}")]
    return OfCases(
        frozenset(map(UUID, [*connection.scalars(acted), *connection.scalars(followed)])),
        frozenset([*files, *map(ticket_artifact_key, tickets)]),
    )


@dataclass(frozen=True, slots=True)
class Kept:
    """What Prefect has: how much is due, how much of it a hold exempts, and the oldest moment (UTC)."""

    due: int
    exempt: int
    oldest: datetime | None


def old_runs(until: datetime, held: OfCases) -> Kept:
    """The runs of the desk that ended before `until` (UTC)."""
    with client() as prefect:
        ended = _ended(until)
        exempt = 0
        for part in chunks(sorted(held.runs), PAGE):
            mine = ended.model_copy(update={"id": FlowRunFilterId(any_=list(part))})
            exempt += prefect.count_flow_runs(flow_run_filter=mine)
        all_of_them = prefect.count_flow_runs(flow_run_filter=ended)
        ours = FlowRunFilter(tags=FlowRunFilterTags(all_=[TAG]))
        first = prefect.read_flow_runs(flow_run_filter=ours, sort=FlowRunSort.START_TIME_ASC, limit=1)
        return Kept(all_of_them - exempt, exempt, first[0].start_time if first else None)


def delete_old_runs(until: datetime, held: OfCases) -> int:
    """Delete the runs that `old_runs` finds due; how many."""
    with client() as prefect:
        due = _ended(until).model_copy(update={"id": FlowRunFilterId(not_any_=sorted(held.runs))})
        return _delete_runs(prefect, due)


def delete_runs(run_ids: Collection[UUID]) -> int:
    """Delete those of these runs that have ended; how many."""
    found = 0
    with client() as prefect:
        for part in chunks(sorted(run_ids), AT_ONCE):
            mine = FlowRunFilterId(any_=list(part))
            found += _delete_runs(prefect, _ended(datetime.now(UTC) - SETTLED, tagged=False, of=mine))
    return found


def runs_naming(traces: Sequence[str], held: OfCases) -> list[UUID]:
    """The ids of ended runs of the desk whose name or form names one of these, except runs of held cases."""
    named = naming(traces)
    with client() as prefect:
        return [
            run.id
            for run in _all_runs(prefect, _ended(datetime.now(UTC) - SETTLED))
            if run.id not in held.runs and any(map(named, (run.name, *said_in(run.parameters))))
        ]


def under_way(flow: str) -> tuple[str, ...]:
    """The names of the runs of a flow that are running, or are being stopped and may still write."""
    states = FlowRunFilterStateType(any_=[StateType.RUNNING, StateType.CANCELLING])
    with client() as prefect:
        running = prefect.read_flow_runs(
            flow_filter=FlowFilter(name=FlowFilterName(any_=[flow])),
            flow_run_filter=FlowRunFilter(state=FlowRunFilterState(type=states)),
        )
        return tuple(run.name for run in running)


def by_schedule(run_id: str) -> bool:
    """Whether a schedule made this run, not a person or a program."""
    with client() as prefect:
        return bool(prefect.read_flow_run(UUID(run_id)).auto_scheduled)


def old_artifacts(until: datetime, held: OfCases) -> Kept:
    """The artifacts published before `until` (UTC); the latest of each board is not among them."""
    with client() as prefect:
        due = exempt = 0
        oldest: list[datetime | None] = []
        for found in _older_than(prefect, until):
            latest = _latest_boards(prefect, found)
            due += sum(one.id not in latest and one.key not in held.keys for one in found)
            exempt += sum(one.key in held.keys for one in found)
            oldest = [*oldest, *(one.created for one in found if one.id in latest or one.key in held.keys)][-1:]
        return Kept(due, exempt, oldest[0] if oldest else None)


def delete_old_artifacts(until: datetime, held: OfCases) -> int:
    """Delete the artifacts that `old_artifacts` finds due; how many."""
    with client() as prefect:
        due: list[UUID] = []
        for found in _older_than(prefect, until):
            latest = _latest_boards(prefect, found)
            due += [one.id for one in found if one.id not in latest and one.key not in held.keys]
        return _delete_artifacts(prefect, due)


def delete_artifacts(keys: Sequence[str]) -> int:
    """Delete every version of the artifacts of these keys; how many."""
    deleted = 0
    with client() as prefect:
        for part in chunks(list(keys), PAGE):
            wanted = ArtifactFilter(key=ArtifactFilterKey(any_=list(part)))
            while found := prefect.read_artifacts(artifact_filter=wanted, limit=PAGE, offset=0):
                deleted += _delete_artifacts(prefect, [one.id for one in found])
    return deleted


def delete_artifacts_naming(traces: Sequence[str], held: OfCases) -> int:
    """Delete the desk's artifacts that name one of these, except those that are proof or of held cases; how many."""
    named = naming(traces)
    found: list[UUID] = []
    with client() as prefect:
        for page in _pages(prefect, 0):
            told = [one for one in page if _is_ours(one) and one.key not in {*NAMELESS, *held.keys}]
            found += [one.id for one in told if named(f"{one.description} {one.data}")]
        return _delete_artifacts(prefect, found)


def rename_form(run_id: str, parameters: dict[str, object], name: str) -> None:
    """Give a run another form and name: one that names nobody."""
    with client() as prefect:
        prefect.update_flow_run(UUID(run_id), parameters=parameters, name=name)


def _ended(until: datetime, *, tagged: bool = True, of: FlowRunFilterId | None = None) -> FlowRunFilter:
    """Runs that ended before `until`: what else they are is left to the caller."""
    final = FlowRunFilterState(type=FlowRunFilterStateType(any_=list(TERMINAL_STATES)))
    wanted: dict[str, object] = {"state": final, "end_time": FlowRunFilterEndTime.model_validate({"before_": until})}
    if tagged:
        wanted["tags"] = FlowRunFilterTags(all_=[TAG])
    if of is not None:
        wanted["id"] = of
    return FlowRunFilter.model_validate(wanted)


def _delete_runs(prefect: SyncPrefectClient, which: FlowRunFilter) -> int:
    deleted = 0
    body = {"flow_runs": which.model_dump(mode="json", exclude_unset=True), "limit": AT_ONCE}
    while gone := prefect.request("POST", BULK_DELETE, json=body).json()["deleted"]:
        deleted += len(gone)
    return deleted


def _all_runs(prefect: SyncPrefectClient, which: FlowRunFilter) -> Iterator[FlowRun]:
    offset = 0
    while found := prefect.read_flow_runs(
        flow_run_filter=which, sort=FlowRunSort.END_TIME_DESC, limit=PAGE, offset=offset
    ):
        yield from found
        offset += len(found)


def _count(prefect: SyncPrefectClient) -> int:
    return int(prefect.request("POST", "/artifacts/count", json={}).json())


def _older_than(prefect: SyncPrefectClient, until: datetime) -> Iterator[Sequence[Artifact]]:
    """Pages of the artifacts published before `until`. Prefect sorts the newest first and filters by no moment: where
    the old ones begin is searched for by halves."""
    low, high = 0, _count(prefect)
    while low < high:
        middle = (low + high) // 2
        found = prefect.read_artifacts(sort=ArtifactSort.CREATED_DESC, limit=1, offset=middle)
        if found and found[0].created is not None and found[0].created >= until:
            low = middle + 1
        else:
            high = middle
    for page in _pages(prefect, low):
        yield [one for one in page if one.created is not None and one.created < until and _is_ours(one)]


def _is_ours(artifact: Artifact) -> bool:
    return artifact.key is not None and OURS.fullmatch(artifact.key) is not None


def _pages(prefect: SyncPrefectClient, offset: int) -> Iterator[Sequence[Artifact]]:
    while found := prefect.read_artifacts(sort=ArtifactSort.CREATED_DESC, limit=PAGE, offset=offset):
        yield found
        offset += len(found)


def _latest_boards(prefect: SyncPrefectClient, artifacts: Sequence[Artifact]) -> set[UUID]:
    """Those of these artifacts that are the latest version of a board or report: they stay."""
    keys = {one.key for one in artifacts if one.key and not OF_ONE.fullmatch(one.key)}
    if not keys:
        return set()
    wanted = {"artifacts": {"key": {"any_": sorted(keys)}}, "limit": PAGE}
    answer = prefect.request("POST", "/artifacts/latest/filter", json=wanted).json()
    return {UUID(one["latest_id"]) for one in answer}


def _delete_artifacts(prefect: SyncPrefectClient, ids: Sequence[UUID]) -> int:
    deleted = 0
    for artifact_id in ids:
        try:
            prefect.delete_artifact(artifact_id)
            deleted += 1
        except ObjectNotFound:
            continue
    return deleted
