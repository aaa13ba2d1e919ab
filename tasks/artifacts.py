"""Artifacts that are kept up to date: a new version each hour, the latest one changed in between.

Prefect keeps every version of an artifact; a board published every minute would fill its database.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

from prefect.artifacts import create_markdown_artifact
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import ArtifactUpdate
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey
from prefect.client.schemas.sorting import ArtifactSort

from tasks.follow_ups import client

VERSION = timedelta(hours=1)


def publish(key: str, text: str, description: str) -> None:
    """Leave `text` (markdown) as the latest version of the artifact `key`."""
    with client() as prefect:
        latest = _latest(prefect, key)
        if latest is None:
            create_markdown_artifact(text, key=key, description=description)
        else:
            prefect.update_artifact(latest, ArtifactUpdate(data=text, description=description))


def _latest(prefect: SyncPrefectClient, key: str) -> UUID | None:
    """The id of the latest version, where it is less than an hour old."""
    wanted = ArtifactFilter(key=ArtifactFilterKey(any_=[key]))
    found = prefect.read_artifacts(artifact_filter=wanted, sort=ArtifactSort.CREATED_DESC, limit=1)
    if not found or found[0].created is None or found[0].created < datetime.now(UTC) - VERSION:
        return None
    return found[0].id
