"""How a unit is reached and trusted, as Prefect blocks `unit-access/<unit>`; the secrets stay inside the connectors."""

from __future__ import annotations

from typing import ClassVar, cast

from prefect.blocks.core import Block
from pydantic import Field, SecretStr

from tasks.units.errors import UnitNotSetUp


class UnitAccess(Block):
    """The address and keys of one unit; the block's name is the unit's code, with dashes."""

    _block_type_name: ClassVar[str] = "Unit access"
    _block_type_slug: ClassVar[str] = "unit-access"
    _description: ClassVar[str] = "Where a responsible unit takes tickets, and the key both sides sign with."

    url: str | None = Field(default=None, description="The unit's API, for instance https://noc.example.com/desk")
    signing_key: SecretStr | None = Field(default=None, description="The key both sides sign with (HMAC-SHA256).")
    mailbox: SecretStr | None = Field(
        default=None,
        description="For a unit that is written to: an apprise address, for instance mailtos://user:password@host?to=…",
    )


def unit_access(unit: str) -> UnitAccess:
    """The block of a unit. Raises `UnitNotSetUp` when there is none."""
    name = unit.replace("_", "-")
    try:
        # Prefect's dispatcher takes _sync, which its types do not know.
        return cast(UnitAccess, UnitAccess.load(name, _sync=True))  # type: ignore[call-arg]
    except ValueError:
        raise UnitNotSetUp(f"no access; create the block unit-access/{name} in the Prefect UI under Blocks") from None
