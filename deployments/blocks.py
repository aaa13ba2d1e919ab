"""Registers the desk's block types with Prefect; `--sandbox` fills them with the sandbox's invented credentials."""

from __future__ import annotations

import sys

from pydantic import SecretStr

from deployments.sandbox.scenario import load_scenario
from deployments.sandbox.units import SIGNING_KEY
from models.units import load_units
from tasks.notices import NoticeChannel
from tasks.platforms.credentials import FacebookCredentials, XAccount, XCredentials, x_account_name
from tasks.settings import Settings
from tasks.units.access import UnitAccess


def register() -> None:
    """Make the block types known, so that the UI offers their forms."""
    for block in (XCredentials, XAccount, FacebookCredentials, NoticeChannel, UnitAccess):
        block.register_type_and_schema(_sync=True)


def fill_for_sandbox(sandbox_url: str) -> None:
    """Save the invented credentials that the sandbox takes, and its notice sink.

    Only the watched accounts with a token in the sandbox can post there, and only they get a block.
    """
    sink = sandbox_url.replace("http://", "json://")
    secret = SecretStr("sandbox-secret")
    XCredentials(bearer_token=SecretStr("sandbox-x")).save("default", overwrite=True, _sync=True)
    for entry in load_scenario().watched:
        if entry.account.platform == "x" and entry.token:
            XAccount(
                api_key=SecretStr("sandbox-key"),
                api_secret=secret,
                access_token=SecretStr(entry.token),
                access_token_secret=secret,
            ).save(x_account_name(entry.account.handle), overwrite=True, _sync=True)
    FacebookCredentials(page_token=SecretStr("sandbox-page"), app_secret=secret).save(
        "default", overwrite=True, _sync=True
    )
    NoticeChannel(url_template=SecretStr(f"{sink}/notices/{{recipient}}")).save("default", overwrite=True, _sync=True)
    for unit in load_units(Settings().data / "units.yaml").values():
        UnitAccess(
            url=f"{sandbox_url}/units/{unit.code}" if unit.channel == "http" else None,
            signing_key=SecretStr(SIGNING_KEY),
            mailbox=SecretStr(f"{sink}/notices/unit-{unit.code}") if unit.channel == "email" else None,
        ).save(unit.code.replace("_", "-"), overwrite=True, _sync=True)


def main() -> int:
    """Run against the Prefect API of this environment; returns the exit status."""
    register()
    if "--sandbox" in sys.argv[1:]:
        fill_for_sandbox(Settings().sandbox_url)
    return 0


if __name__ == "__main__":
    sys.exit(main())
