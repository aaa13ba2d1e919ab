"""The lexicons: the ones in force load, and wrong ones are refused with file, line and reason."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from models.lexicon_files import LexiconError, load_lexicons
from models.reading import read_text
from tasks.settings import Settings

IN_FORCE = Settings().data / "lexicons"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(IN_FORCE, tmp_path / "lexicons"))


def change(path: Path, old: str, new: str) -> int:
    """Replace the first `old`; its line."""
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")
    return text[: text.index(old)].count("\n") + 1


def test_the_lexicons_in_force_say_how_to_edit_them() -> None:
    load_lexicons(IN_FORCE)
    for path in IN_FORCE.glob("*.yaml"):
        assert path.read_text("utf-8").startswith("# "), path
        assert "#" in path.read_text("utf-8").split("\n\n")[0]


def test_an_analyst_can_add_a_phrase(folder: Path) -> None:
    text = "blorengan lagi ini @TelkomCare, blorengan terus wifinya"
    before = read_text(text, load_lexicons(folder)).confidence
    change(folder / "complaint.yaml", "      mati total,", "      blorengan, mati total,")
    after = read_text(text, load_lexicons(folder))
    assert after.complaint
    assert after.confidence > before
    assert any("blorengan" in line for line in after.evidence)


@pytest.mark.parametrize(
    ("name", "old", "new", "reason"),
    [
        ("complaint.yaml", "groups:\n", "grups:\n", "has no `grups`"),
        ("complaint.yaml", "  broken:\n    about:", "  broken:\n    abaut:", "has no `abaut`"),
        ("complaint.yaml", "      mati total", "      77, mati total", "must be text, not 77"),
        ("complaint.yaml", "      mati total", "      '', mati total", "is empty"),
        ("complaint.yaml", "      mati total", "      '...', mati total", "1 to 8 words"),
        ("complaint.yaml", "      mati total", "      lemot, mati total", "keep it in one of them"),
        ("complaint.yaml", "settings: {bias:", "settings: {bias: heavy, bios:", "has no `bios`"),
        ("complaint.yaml", "settings: {bias:", "settings: {", "not readable as YAML|bias"),
        ("hard.yaml", "for: abusive", "for: abusif", "`for` must be one of"),
        ("hard.yaml", "for: abusive\n    weight: 1.0", "for: abusive\n    weight: much", "must be a number"),
        ("hard.yaml", "for: abusive\n    weight: 1.0", "for: abusive\n    weight: .nan", "must be a number"),
        ("hard.yaml", "for: abusive\n    weight: 1.0", "for: abusive", "has no `weight`"),
        ("problems.yaml", "phrases: [ganti wifi", "phrases: ganti #[", "must be a list"),
        ("words.yaml", "slang:\n", "slank:\n", "has no `slank`"),
        ("words.yaml", "slang:\n", "slang:\n  xyzzy: [gak]\n", "already stands for"),
        ("disqualifiers.yaml", "groups:", "groups: [", "not readable as YAML"),
    ],
)
def test_a_wrong_lexicon_is_refused(folder: Path, name: str, old: str, new: str, reason: str) -> None:
    change(folder / name, old, new)
    with pytest.raises(LexiconError, match=reason) as refused:
        load_lexicons(folder)
    assert refused.value.path == folder / name
    assert refused.value.line >= 1
    assert f"{name}, line {refused.value.line}" in str(refused.value)


def test_the_line_of_a_wrong_entry_is_told(folder: Path) -> None:
    line = change(folder / "hard.yaml", "for: abusive", "for: abusif")
    with pytest.raises(LexiconError) as refused:
        load_lexicons(folder)
    assert refused.value.line == line


def test_a_missing_file_is_told(folder: Path) -> None:
    (folder / "problems.yaml").unlink()
    with pytest.raises(LexiconError, match="cannot be read"):
        load_lexicons(folder)
