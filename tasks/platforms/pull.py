"""Asking a platform, as Prefect tasks: tried again where that is worth it, given up at once where it is not."""

from __future__ import annotations

from functools import cache
from typing import Any

from prefect import Task, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun

from models.mentions import Author, Page, Platform, Reads, WatchedAccount, Window
from tasks.platforms.credentials import facebook_credentials, x_credentials
from tasks.platforms.errors import PlatformError
from tasks.platforms.facebook import FacebookClient
from tasks.platforms.x import XClient
from tasks.settings import Settings

RETRY_SECONDS = [1.0, 3.0, 8.0]


def worth_retrying(_task: Task[..., Any], _run: TaskRun, state: State[Any]) -> bool:
    """Prefect's retry condition: outages and nonsense are asked again; refusals, limits and empty credits are not."""
    try:
        state.result(raise_on_failure=True)
    except PlatformError as error:
        return error.retryable
    except Exception:  # noqa: BLE001 (a defect of ours: asking again would only hide it)
        return False
    return False


@task(
    name="pull page",
    task_run_name="pull @{watched.handle} ({watched.platform}, {via})",
    retries=len(RETRY_SECONDS),
    retry_delay_seconds=RETRY_SECONDS,
    retry_jitter_factor=0.3,
    retry_condition_fn=worth_retrying,
    cache_policy=NO_CACHE,
)
def pull_page(watched: WatchedAccount, window: Window, token: str | None, expand_authors: bool, via: str) -> Page:
    """One page of a watched account's mentions, by the platform's list (`mentions`) or by `search` (X only)."""
    if watched.platform is Platform.FACEBOOK:
        return _facebook().mentions_page(watched, window, token)
    ask = _x().search_page if via == "search" else _x().mentions_page
    return ask(watched, window, token, expand_authors)


@task(
    name="look up authors",
    retries=len(RETRY_SECONDS),
    retry_delay_seconds=RETRY_SECONDS,
    retry_jitter_factor=0.3,
    retry_condition_fn=worth_retrying,
    cache_policy=NO_CACHE,
)
def look_up_authors(ids: list[str]) -> tuple[list[Author], Reads]:
    """The profiles of up to 100 X authors."""
    return _x().look_up_users(ids)


def _x() -> XClient:
    settings = Settings()
    return _x_client(settings.x_base_url, x_credentials().bearer_token.get_secret_value(), settings.platform_timeout)


def _facebook() -> FacebookClient:
    settings, block = Settings(), facebook_credentials()
    secret = block.app_secret.get_secret_value() if block.app_secret else None
    return _facebook_client(
        settings.facebook_base_url, block.page_token.get_secret_value(), secret, settings.platform_timeout
    )


@cache
def _x_client(base_url: str, token: str, timeout: float) -> XClient:
    return XClient(base_url, token, timeout)


@cache
def _facebook_client(base_url: str, token: str, secret: str | None, timeout: float) -> FacebookClient:
    return FacebookClient(base_url, token, secret, timeout)
