"""What the forms of all flows are drawn with: where a field stands, which must be filled in, what may stay empty."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pydantic import ConfigDict, Field


def at(position: int) -> Any:
    """Where a field stands in the UI's form, from the top."""
    return {"position": position}


def form_named(name: str) -> Any:
    """The field that says which form of a union it is; the UI draws it last, and it cannot be changed."""
    return Field(default=name, title="Do", json_schema_extra=at(91))


def needed(*names: str) -> ConfigDict:
    """Fields that are drawn as required, though some of them are empty at first."""
    return ConfigDict(json_schema_extra={"required": list(names)})


def may_stay_empty(schema: dict[str, Any]) -> None:
    """Draw one field that may stay empty; Prefect's form draws "or null" as a choice between two tabs."""
    (given,) = (one for one in schema.pop("anyOf") if one != {"type": "null"})
    del schema["default"]
    schema |= given


def optional_at(position: int, draw: Callable[[dict[str, Any]], None] = may_stay_empty) -> Any:
    """Where a field that may stay empty stands in the UI's form, from the top; `draw` draws it."""

    def drawn(schema: dict[str, Any]) -> None:
        draw(schema)
        schema |= at(position)

    return drawn
