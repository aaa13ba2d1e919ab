"""What taking a reference file over changes: pure, rows in force against rows given."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Key = tuple[Any, ...]
Record = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Changed:
    """A row that says something else now: column → before and after. `row_id` is its id in the records."""

    key: Key
    row_id: Any
    values: Mapping[str, tuple[Any, Any]]


@dataclass(frozen=True, slots=True)
class FileDiff:
    """What a file adds, changes and takes away. `removed` are rows in force that it no longer has."""

    kind: str
    added: tuple[Record, ...] = ()
    changed: tuple[Changed, ...] = ()
    removed: tuple[Record, ...] = ()

    @property
    def nothing(self) -> bool:
        """Whether taking it over changes nothing."""
        return not (self.added or self.changed or self.removed)


def compare(
    kind: str,
    given: Mapping[Key, Record],
    in_force: Mapping[Key, Record],
    columns: Sequence[str],
    *,
    ends: Callable[[Record], bool] | None = None,
) -> FileDiff:
    """Compare by key; `columns` are those that the file has, others are left as they are.

    `ends` says of a row in force whether it goes when the file lacks it; None: nothing goes. Rows in force have their
    id as `row_id`.
    """
    added, changed = [], []
    for key, row in given.items():
        now = in_force.get(key)
        if now is None:
            added.append(row)
            continue
        values = {name: (now[name], row[name]) for name in columns if now[name] != row[name]}
        if values:
            changed.append(Changed(key, now.get("row_id"), values))
    gone = [row for key, row in in_force.items() if key not in given and ends(row)] if ends else []
    return FileDiff(kind, tuple(added), tuple(changed), tuple(gone))
