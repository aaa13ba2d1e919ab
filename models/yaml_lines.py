"""YAML read with the line of every value, so that what is wrong in a file people edit can be pointed at."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

_LOADER: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml's where PyYAML was built with it: ten times as fast."""


@dataclass(frozen=True, slots=True)
class Marked:
    """A value and the line it begins on (from 1). Mappings hold `str -> Marked`, sequences hold `Marked`."""

    value: Any
    line: int


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing wrong in a file: the line, and a sentence that says what and what to do."""

    line: int
    text: str


T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)


def read_checked(
    path: Path, read: Callable[[Marked, list[Problem]], T | None], error: type[ValueError], told: str
) -> T:
    """What the file at `path` says, as `read` makes it of the parsed text; `read` adds what is wrong to the problems.

    Raises:
        ValueError: as `error`, where the file is missing, unreadable or wrong; its message begins with `told` and has
            a line for each problem: file, line, reason.
    """
    return check_text(text_of_file(path, error), path, read, error, told)


def check_text(
    text: str, path: Path, read: Callable[[Marked, list[Problem]], T | None], error: type[ValueError], told: str
) -> T:
    """The same of a text that stands in the file at `path`."""
    root, problems = read_marked(text)
    found = read(root, problems) if root is not None else None
    if problems or found is None:
        lines = "\n".join(f"{path}:{one.line}: {one.text}" for one in sorted(set(problems)))
        raise error(f"{told}\n{lines}")
    return found


def text_of_file(path: Path, error: type[ValueError]) -> str:
    """The text of a file that people edit. Raises `error` where it cannot be read."""
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as wrong:
        raise error(f"{path}: cannot be read: {wrong}") from wrong


def plain(node: Marked) -> Any:
    """A marked value as it stands in the file, without its lines."""
    if isinstance(node.value, dict):
        return {key: plain(value) for key, value in node.value.items()}
    if isinstance(node.value, list):
        return [plain(value) for value in node.value]
    return node.value


def place_of(node: Marked, loc: Sequence[int | str]) -> Marked:
    """The value a pydantic error's `loc` is about, or the nearest around it that is in the file."""
    for part in loc:
        listed = isinstance(node.value, list) and isinstance(part, int)
        if listed or (isinstance(node.value, dict) and part in node.value):
            node = node.value[part]
    return node


def problem_about(name: str, node: Marked, error: Any) -> Problem:
    """A pydantic error about the entry `name` (empty: the file itself) as a problem on the line of the value it is
    about; places in a list count from 1. An error about the whole whose message names a field is about that."""
    said = str(error["msg"]).removeprefix("Value error, ")
    field, _, rest = said.partition(": ")
    if not error["loc"] and isinstance(node.value, dict) and field in node.value:
        return Problem(node.value[field].line, f"{name}.{field}: {rest}")
    at = place_of(node, error["loc"])
    parts = [str(part + 1) if isinstance(part, int) else str(part) for part in error["loc"]]
    where = ".".join([name, *parts] if name else parts)
    if error["type"] == "missing":
        return Problem(at.line, f"{where}: is missing; write it")
    if error["type"] == "extra_forbidden":
        return Problem(at.line, f"{where}: no such entry")
    return Problem(at.line, f"{where}: {said} (found {error['input']!r})")


def read_entries(
    entries: Marked, model: type[M], codes: Collection[str], what: str, problems: list[Problem]
) -> dict[str, M]:
    """A mapping with exactly one entry for each of `codes`, each a `model` with its `code`; `what` is what an entry is
    called."""
    found: dict[str, M] = {}
    for code, node in entries.value.items():
        if code not in codes:
            problems.append(Problem(node.line, f"{code}: no such {what}; known: {', '.join(codes)}"))
            continue
        try:
            written = plain(node)
            found[code] = model.model_validate({"code": code, **(written if isinstance(written, dict) else {})})
        except ValidationError as error:
            problems += [problem_about(code, node, one) for one in error.errors()]
    missing = [code for code in codes if code not in entries.value]
    problems += [Problem(entries.line, f"{code}: is missing; every {what} needs its entry") for code in missing]
    return found


def read_marked(text: str) -> tuple[Marked | None, list[Problem]]:
    """Parse YAML text. Returns what it says (None if it is no YAML at all) and what was wrong with it."""
    loader = None
    try:
        loader = _LOADER(text)
        root = loader.get_single_node()
        if root is None:
            return None, [Problem(1, "the file is empty; restore it from the previous revision")]
        problems: list[Problem] = []
        return _mark(loader, root, problems, frozenset()), problems
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        return None, [Problem(mark.line + 1 if mark else 1, f"not readable as YAML: {error.problem or error.context}")]
    except yaml.YAMLError as error:  # characters YAML does not allow carry no mark
        return None, [Problem(1, f"not readable as YAML: {error}")]
    finally:
        if loader is not None:
            loader.dispose()


def _mark(loader: yaml.SafeLoader, node: yaml.Node, problems: list[Problem], inside: frozenset[int]) -> Marked:
    line = node.start_mark.line + 1
    if id(node) in inside:
        problems.append(Problem(line, "an anchor contains itself; write the value out"))
        return Marked(None, line)
    if isinstance(node, yaml.SequenceNode):
        return Marked([_mark(loader, item, problems, inside | {id(node)}) for item in node.value], line)
    if not isinstance(node, yaml.MappingNode):
        try:
            return Marked(loader.construct_object(node), line)
        except ValueError as error:  # e.g. the date 2017-13-45
            problems.append(Problem(line, f"{node.value!r} is not a value: {error}"))
            return Marked(None, line)
    found: dict[str, Marked] = {}
    for key_node, value_node in node.value:
        key = str(key_node.value)
        if key in found:
            first = found[key].line
            problems.append(Problem(key_node.start_mark.line + 1, f"{key} is given twice (first near line {first})"))
            continue
        found[key] = _mark(loader, value_node, problems, inside | {id(node)})
    return Marked(found, line)
