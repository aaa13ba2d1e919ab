"""YAML read with the line of every value, so that what is wrong in a file people edit can be pointed at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import yaml


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


def read_marked(text: str) -> tuple[Marked | None, list[Problem]]:
    """Parse YAML text. Returns what it says (None if it is no YAML at all) and what was wrong with it."""
    try:
        loader = yaml.SafeLoader(text)
    except yaml.YAMLError as error:  # characters YAML does not allow carry no mark
        return None, [Problem(1, f"not readable as YAML: {error}")]
    try:
        root = loader.get_single_node()
        if root is None:
            return None, [Problem(1, "the file is empty; restore it from the previous revision")]
        problems: list[Problem] = []
        return _mark(loader, root, problems, frozenset()), problems
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        return None, [Problem(mark.line + 1 if mark else 1, f"not readable as YAML: {error.problem or error.context}")]
    finally:
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
