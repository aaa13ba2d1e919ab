"""Credentials of the platforms as Prefect blocks; the tokens are SecretStr and stay inside the connectors."""

from __future__ import annotations

from typing import ClassVar, TypeVar, cast

from prefect.blocks.core import Block
from pydantic import Field, SecretStr

from tasks.platforms.errors import CredentialsRefused

B = TypeVar("B", bound=Block)


class XCredentials(Block):
    """How the desk reads X."""

    _block_type_name: ClassVar[str] = "X credentials"
    _block_type_slug: ClassVar[str] = "x-credentials"
    _description: ClassVar[str] = "The app's bearer token for X API v2 (developer.x.com, your app, Keys and tokens)."

    bearer_token: SecretStr = Field(description="The app-only bearer token.")


class FacebookCredentials(Block):
    """How the desk reads a Facebook page."""

    _block_type_name: ClassVar[str] = "Facebook credentials"
    _block_type_slug: ClassVar[str] = "facebook-credentials"
    _description: ClassVar[str] = "The page token and app secret for the Graph API (pages_read_user_content)."

    page_token: SecretStr = Field(description="A long-lived Page access token.")
    app_secret: SecretStr | None = Field(
        default=None, description="The app's secret; with it every call carries an appsecret_proof."
    )


def x_credentials() -> XCredentials:
    """The block x-credentials/default. Raises `CredentialsRefused` when there is none."""
    return _load(XCredentials, "X")


def facebook_credentials() -> FacebookCredentials:
    """The block facebook-credentials/default. Raises `CredentialsRefused` when there is none."""
    return _load(FacebookCredentials, "Facebook")


def _load(block: type[B], platform: str) -> B:
    try:
        # Prefect's dispatcher takes _sync, which its types do not know.
        return cast(B, block.load("default", _sync=True))  # type: ignore[call-arg]
    except ValueError:
        slug = block.get_block_type_slug()
        missing = f"{platform}: no credentials; create the block {slug}/default in the Prefect UI under Blocks"
        raise CredentialsRefused(missing) from None
