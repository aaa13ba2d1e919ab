"""Credentials of the platforms as Prefect blocks; the tokens are SecretStr and stay inside the connectors."""

from __future__ import annotations

import re
from typing import ClassVar, TypeVar, cast

from prefect.blocks.core import Block
from pydantic import Field, SecretStr

from models.mentions import Platform
from tasks.platforms.errors import CredentialsRefused

B = TypeVar("B", bound=Block)


class XCredentials(Block):
    """How the desk reads X."""

    _block_type_name: ClassVar[str] = "X credentials"
    _block_type_slug: ClassVar[str] = "x-credentials"
    _description: ClassVar[str] = "The app's bearer token for X API v2 (developer.x.com, your app, Keys and tokens)."

    bearer_token: SecretStr = Field(description="The app-only bearer token.")


class XAccount(Block):
    """How the desk posts on X as one watched account; the block's name is `x_account_name` of the handle."""

    _block_type_name: ClassVar[str] = "X account"
    _block_type_slug: ClassVar[str] = "x-account"
    _description: ClassVar[str] = (
        "One watched account that may post on X: OAuth 1.0a keys, which do not expire (developer.x.com, your app with"
        " Read and write, Keys and tokens, signed in as the account). Name the block by the handle in small letters,"
        " with - for every other sign: wirasena_bdt is x-account/wirasena-bdt."
    )

    api_key: SecretStr = Field(description="The app's API key.")
    api_secret: SecretStr = Field(description="The app's API key secret.")
    access_token: SecretStr = Field(description="The account's access token.")
    access_token_secret: SecretStr = Field(description="The account's access token secret.")


class FacebookCredentials(Block):
    """How the desk reads a Facebook page and answers on it."""

    _block_type_name: ClassVar[str] = "Facebook credentials"
    _block_type_slug: ClassVar[str] = "facebook-credentials"
    _description: ClassVar[str] = (
        "The page token and app secret for the Graph API: pages_read_user_content to read what customers write,"
        " pages_manage_engagement to answer them."
    )

    page_token: SecretStr = Field(description="A long-lived Page access token.")
    app_secret: SecretStr | None = Field(
        default=None, description="The app's secret; with it every call carries an appsecret_proof."
    )


def x_credentials() -> XCredentials:
    """The block x-credentials/default. Raises `CredentialsRefused` when there is none."""
    return _load(XCredentials, "default", "X: no credentials")


def facebook_credentials() -> FacebookCredentials:
    """The block facebook-credentials/default. Raises `CredentialsRefused` when there is none."""
    return _load(FacebookCredentials, "default", "Facebook: no credentials")


def x_account(handle: str) -> XAccount:
    """The block that posts as this watched account. Raises `CredentialsRefused` when there is none."""
    return _load(XAccount, x_account_name(handle), f"X: no credentials to post as @{handle}")


def x_account_name(handle: str) -> str:
    """What the block of a handle is called: small letters and digits, - for every other sign."""
    return re.sub(r"[^a-z0-9]", "-", handle.lower())


def may_post(platform: str, handle: str) -> bool:
    """Whether the desk has the credentials to post as this watched account; the platform is not asked."""
    try:
        if Platform(platform) is Platform.FACEBOOK:
            facebook_credentials()
        else:
            x_account(handle)
    except CredentialsRefused:
        return False
    return True


def _load(block: type[B], name: str, missing: str) -> B:
    try:
        # Prefect's dispatcher takes _sync, which its types do not know.
        return cast(B, block.load(name, _sync=True))  # type: ignore[call-arg]
    except ValueError:
        slug = block.get_block_type_slug()
        how = f"{missing}; create the block {slug}/{name} in the Prefect UI under Blocks"
        raise CredentialsRefused(how) from None
