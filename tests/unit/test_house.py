"""The house keeps its shape: imports one way, lint, types, sizes, locked dependencies without an address."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tasks.settings import ROOT

BIN = Path(sys.executable).parent


def sources(*folders: str) -> Iterator[Path]:
    for folder in folders:
        yield from (path for path in (ROOT / folder).rglob("*.py") if "migrations/versions" not in str(path))


@pytest.mark.parametrize(
    "command", [["lint-imports"], ["ruff", "check", "."], ["ruff", "format", "--check", "."], ["mypy"]]
)
def test_make_lint(command: list[str]) -> None:
    done = subprocess.run([str(BIN / command[0]), *command[1:]], cwd=ROOT, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_file_over_300_lines_and_no_function_over_40() -> None:
    long = []
    for path in sources("deployments", "flows", "tasks", "models", "tests"):
        text = path.read_text("utf-8")
        if text.count("\n") > 300:
            long.append(f"{path}: {text.count(chr(10))} lines")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and "tests" not in path.parts:
                first = node.body[0]
                told = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
                begins = (first.end_lineno or 0) if told else node.lineno
                if (node.end_lineno or 0) - begins > 40:
                    long.append(f"{path}:{node.lineno}: {node.name}")
    assert not long, "\n".join(long)


def test_flows_have_neither_sql_nor_http() -> None:
    for path in sources("flows"):
        assert not re.search(r"import (sqlalchemy|requests|tweepy)|from (sqlalchemy|requests|tweepy)", path.read_text())


def test_locks_have_hashes_and_no_registry_address() -> None:
    for name in ("requirements.lock", "requirements-dev.lock"):
        text = (ROOT / name).read_text()
        pins = re.findall(r"^[\w.-]+(?:\[[\w,]+\])?==", text, re.MULTILINE)
        assert len(pins) > 50
        assert text.count("--hash=sha256:") >= len(pins)
        assert not re.search(r"https?://|index-url|find-links", text)


def test_importing_the_flow_is_quick() -> None:
    """Nothing that costs seconds is imported where it may not be used (DESIGN 9)."""
    code = "import sys, flows.intake_mentions; print([m for m in ('great_expectations', 'pandas') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stdout + done.stderr
