"""How people's files name things: `data/reference_words.yaml`, loaded and checked (5.1.1, 5.2.1)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from models.yaml_lines import Marked, Problem, read_checked

PARTS = ("files", "headings", "values", "months", "weekdays", "daily")


class ReferenceWordsError(ValueError):
    """The file cannot be in force; the message has a line for each thing wrong: file, line, reason."""


@dataclass(frozen=True, slots=True)
class ReferenceWords:
    """What stands for what; every word as `key` makes it."""

    files: Mapping[str, str]
    """The beginning of a file's name → kind."""
    headings: Mapping[str, frozenset[str]]
    """Heading → every column it may mean; the kind says which of them it has."""
    values: Mapping[str, Mapping[str, str]]
    """Column → word → value."""
    months: Mapping[str, int]
    """Name → 1 to 12."""
    weekdays: Mapping[str, int]
    """Name → 0 (Monday) to 6."""
    daily: frozenset[str]


@lru_cache(maxsize=65_536)
def key(word: str) -> str:
    """A word as it is looked up by: small letters; dots, underscores, dashes and runs of blanks are one blank."""
    return re.sub(r"[\s._\-:*()\u200b-\u200f\ufeff]+", " ", word.casefold()).strip()


def load_reference_words(path: Path) -> ReferenceWords:
    """Read and check the file at `path`.

    Raises:
        ReferenceWordsError: it is missing, unreadable or wrong; every problem is named with its line.
    """
    return read_checked(path, _read, ReferenceWordsError, "The words of reference files cannot be in force.")


def _read(root: Marked, problems: list[Problem]) -> ReferenceWords | None:
    if not isinstance(root.value, dict) or set(root.value) != set(PARTS):
        problems.append(Problem(root.line, f"expected {', '.join(PARTS)}, each once, and nothing else"))
        return None
    parts = root.value
    columns: dict[str, set[str]] = {}
    for column, node in _mapping(parts["headings"], "headings", problems):
        for word in _words(node, column, problems):
            columns.setdefault(word, set()).add(column)
    values = {
        column: _turned(_mapping(node, column, problems), problems)
        for column, node in _mapping(parts["values"], "values", problems)
    }
    return ReferenceWords(
        files=_turned(_mapping(parts["files"], "files", problems), problems),
        headings={word: frozenset(named) for word, named in columns.items()},
        values=values,
        months=_numbered(parts["months"], "months", 12, 1, problems),
        weekdays=_numbered(parts["weekdays"], "weekdays", 7, 0, problems),
        daily=frozenset(_words(parts["daily"], "daily", problems)),
    )


def _mapping(node: Marked, name: str, problems: list[Problem]) -> Iterator[tuple[str, Marked]]:
    if isinstance(node.value, dict):
        yield from node.value.items()
    else:
        problems.append(Problem(node.line, f"{name}: expected names, each with its list of words"))


def _words(node: Marked, name: str, problems: list[Problem]) -> list[str]:
    listed = node.value if isinstance(node.value, list) else []
    words = [key(one.value) for one in listed if isinstance(one.value, str)]
    if not listed or len(words) != len(listed) or not all(words):
        problems.append(Problem(node.line, f"{name}: expected a list of words, such as [nama, name]"))
    return words


def _turned(entries: Iterator[tuple[str, Marked]], problems: list[Problem]) -> dict[str, str]:
    """Word → what it stands for; a word that stands for two things is a problem."""
    turned: dict[str, str] = {}
    for meaning, node in entries:
        for word in _words(node, meaning, problems):
            if turned.setdefault(word, meaning) != meaning:
                twice = f"{word!r} stands for {turned[word]} and for {meaning}; choose one"
                problems.append(Problem(node.line, twice))
    return turned


def _numbered(node: Marked, name: str, how_many: int, first: int, problems: list[Problem]) -> dict[str, int]:
    if not isinstance(node.value, list) or len(node.value) != how_many:
        problems.append(Problem(node.line, f"{name}: expected {how_many} lists of words, one for each"))
        return {}
    return {
        word: number
        for number, one in enumerate(node.value, start=first)
        for word in _words(one, f"{name} {number}", problems)
    }
