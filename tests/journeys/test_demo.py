"""`make demo` as its user runs it: a compressed day is played to its end, told, and leaves nothing behind."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from deployments.processes import started_in
from tests.servers import ROOT

LIMIT = 700
"""Seconds of play; an idle machine needs about 150, one whose processes take three times as long to start about 450."""


@pytest.mark.alone
@pytest.mark.timeout(LIMIT + 180)
def test_the_day_is_played_to_its_end(tmp_path: Path) -> None:
    homes = {path.name for path in Path(tempfile.gettempdir()).glob("care-demo-*")}
    environment = {**os.environ, "TMPDIR": str(tmp_path), "CARE_DATABASE_URL": "sqlite:////nonexistent/care.db"}
    played = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "deployments.demo", "--limit", str(LIMIT)],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=LIMIT + 150,
    )
    said = played.stdout
    assert played.returncode == 0, said
    assert "Every case is closed." in said
    lines = re.findall(r"^\d\d:\d\d:\d\d  C-\d{6}  (.+?)  +\S+ +(?:5\.\d\.\d[a-d]?|4\.\d)$", said, re.MULTILINE)
    assert {"case opened", "reply sent", "leader advised", "case taken over", "ticket verified"} <= set(lines), said
    assert {"steps ticked", "case reopened", "case closed"} <= set(lines), said
    for way in ("a PIC and a unit", "a hard complaint", "the customer fell silent", "the customer came back"):
        assert way in said
    assert re.search(r"8 cases: p50 [\d.]+ s, p95 [\d.]+ s, \d+% within 25 s\. 95 % within 25 s: (yes|no)", said)
    assert {path.name for path in Path(tempfile.gettempdir()).glob("care-demo-*")} <= homes
    (home,) = re.findall(r"sqlite:///(\S+)/care\.db", said)
    assert not Path(home).exists()
    assert not started_in(Path(home))
