"""The compressed day by itself: its shortened files can be in force, its figures are reckoned as they are told."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from deployments.demo_data import SETTINGS, compressed_data, demo_scenario
from deployments.demo_story import Latency
from deployments.sandbox.crew import crew_script
from deployments.sandbox.customers import load_people
from deployments.sandbox.scenario import load_scenario
from deployments.sandbox.units import load_units_of_sandbox
from deployments.seed import check
from models.lexicon_files import load_lexicons
from models.reading import read_text
from models.units import load_units
from models.work_instruction import GROUPS, load_work_instruction
from tasks.settings import Settings
from tests.conftest import BEGUN
from tests.servers import ROOT


@pytest.fixture
def data(tmp_path: Path) -> Path:
    compressed_data(ROOT / "data", tmp_path / "data")
    return tmp_path / "data"


def test_the_shortened_files_can_be_in_force(data: Path) -> None:
    assert check(Settings(data=data)) == []
    short = load_work_instruction(data / "work_instruction.yaml")
    real = load_work_instruction(ROOT / "data" / "work_instruction.yaml")
    assert short.revision != real.revision
    for name in SETTINGS:
        group = next(group for group, model in GROUPS.items() if name in model.model_fields)
        assert getattr(getattr(short, group), name) <= timedelta(seconds=150)
    assert (short.eligibility, short.priority) == (real.eligibility, real.priority)
    assert all(unit.chase_every <= timedelta(minutes=1) for unit in load_units(data / "units.yaml").values())


def test_the_scenario_plays_what_it_says(tmp_path: Path, data: Path) -> None:
    demo_scenario(tmp_path / "scenario")
    scenario = load_scenario(tmp_path / "scenario")
    lexicons = load_lexicons(ROOT / "data" / "lexicons")
    complaints = [mention for mention in scenario.mentions if mention.complaint]
    assert len(complaints) == 9  # one of them by somebody who is no Priority customer
    for mention in scenario.mentions:
        reading = read_text(mention.text, lexicons, kind=mention.kind)
        assert (reading.complaint, reading.hard) == (mention.complaint, bool(mention.hard)), mention.key
        assert not mention.complaint or reading.problem == mention.problem
    people, script = load_people(tmp_path / "scenario"), crew_script(tmp_path / "scenario", data)
    assert people.pinned.keys() == script.pinned.keys()
    assert set(people.pinned) <= {str(mention.by).lower() for mention in complaints}
    assert load_units_of_sandbox(tmp_path / "scenario", lambda: BEGUN).temper("network").pace < 10


@pytest.mark.parametrize(
    ("seconds", "p50", "p95", "share", "enough"),
    [
        ([], None, None, 0.0, "no"),
        ([10.0, 12.0, 24.0, 25.0], 12.0, 25.0, 1.0, "yes"),
        ([10.0, 12.0, 24.0, 26.0], 12.0, 26.0, 0.75, "no"),
        ([10.0, None], 10.0, None, 0.5, "no"),
        ([1.0] * 19 + [60.0], 1.0, 1.0, 0.95, "yes"),
    ],
)
def test_latency(seconds: list[float | None], p50: float | None, p95: float | None, share: float, enough: str) -> None:
    figures = Latency(tuple(seconds))
    assert (figures.percentile(50), figures.percentile(95), figures.share_within) == (p50, p95, share)
    assert figures.told().endswith(f"95 % within 25 s: {enough}")
