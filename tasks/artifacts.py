"""Artifacts that are kept up to date: a new version each hour, the latest one changed in between; links to forms.

Prefect keeps every version of an artifact; a board published every minute would fill its database.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from prefect.artifacts import create_markdown_artifact
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import ArtifactCreate, ArtifactUpdate
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey
from prefect.client.schemas.objects import Artifact
from prefect.client.schemas.sorting import ArtifactSort
from prefect.exceptions import ObjectNotFound
from prefect.runtime import flow_run, task_run

from tasks.follow_ups import client

VERSION = timedelta(hours=1)


def publish(key: str, text: str, description: str, every: timedelta = VERSION) -> None:
    """Leave `text` (markdown) as the latest version of the artifact `key`; a new version is begun every so often."""
    with client() as prefect:
        latest = _newest(prefect, key)
        if latest is not None and latest.id and _is_recent(latest, every):
            prefect.update_artifact(latest.id, ArtifactUpdate(data=text, description=description))
        else:
            create_markdown_artifact(text, key=key, description=description)


def publish_if_changed(key: str, state: str, text: Callable[[], str], description: str) -> None:
    """Publish an artifact anew where it does not show `state` yet; else nothing is read or written but its mark.

    The mark goes out with the text: of two who publish at the same moment the last is shown, and where that was the
    older one, the next round sees it.
    """
    mark = {"state": sha256(state.encode()).hexdigest()}
    with client() as prefect:
        latest = _newest(prefect, key)
        if latest is not None and latest.metadata_ == mark:
            return
        shown: dict[str, Any] = {"data": text(), "description": description, "metadata_": mark}
        if latest is not None and latest.id and _is_recent(latest):
            prefect.update_artifact(latest.id, ArtifactUpdate(**shown))
        else:
            shown |= {"flow_run_id": flow_run.get_id(), "task_run_id": task_run.get_id()}
            prefect.create_artifact(ArtifactCreate(key=key, type="markdown", **shown))


def published_lately(key: str) -> bool:
    """Whether the artifact has a version that is less than an hour old."""
    with client() as prefect:
        latest = _newest(prefect, key)
    return latest is not None and _is_recent(latest)


def deployment_id(name: str) -> str | None:
    """The id of a deployment, `flow/deployment`; None where there is none: then there are no links to its form."""
    with client() as prefect:
        try:
            return str(prefect.read_deployment_by_name(name).id)
        except ObjectNotFound:
            return None


def _newest(prefect: SyncPrefectClient, key: str) -> Artifact | None:
    wanted = ArtifactFilter(key=ArtifactFilterKey(any_=[key]))
    found = prefect.read_artifacts(artifact_filter=wanted, sort=ArtifactSort.CREATED_DESC, limit=1)
    return found[0] if found else None


def _is_recent(artifact: Artifact, every: timedelta = VERSION) -> bool:
    """Whether a version is so young, as it stands an hour, that it is changed in place."""
    return artifact.created is not None and artifact.created >= datetime.now(UTC) - every
