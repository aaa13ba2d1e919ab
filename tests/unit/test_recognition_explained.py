"""Explaining a reading or a judgement: every span that counted, sums that add up, hostile words shown harmlessly."""

from __future__ import annotations

import re
import subprocess
import sys

from hypothesis import given
from hypothesis import strategies as st

from models.mentions import Author, Platform
from models.priority import PriorityThresholds
from models.profile import weigh_profile
from models.reading import Context, read_text, weigh_text
from models.recognition_explained import profile_explained, text_explained
from tasks.desk_data import lexicons
from tests.servers import ROOT

TEXT = 'Udah 3 hari wifi mati total <b>min</b>, lapor 2x ga ada yg dateng. "Lemot" katanya, tagihan mahal'


def explained(author: Author) -> str:
    return profile_explained(author, lexicons(), PriorityThresholds())


def counts(page: str) -> list[float]:
    """The last column of the table on complaints."""
    part = page.partition("## Complaint or not")[2].partition("Sum ")[0]
    return [float(row) for row in re.findall(r"\| ([+-]\d+\.\d\d) \|$", part, re.MULTILINE)]


def test_the_weights_shown_are_the_sum_and_the_probability() -> None:
    page, reading = text_explained(TEXT, lexicons()), read_text(TEXT, lexicons())
    weighed = weigh_text(TEXT, lexicons())
    assert abs(sum(counts(page)) - weighed.score) < 0.06
    assert f"Sum {weighed.score:+.2f}" in page
    assert f"**Complaint**, probability {reading.confidence:.0%}; **hard** because of repeat" in page
    assert re.search(r"^\| [^|]*mati[^|]* \| broken \|", page, re.MULTILINE), page
    assert re.search(r"\*\*[^*]*mati total[^*]*\*\*", page)
    assert re.search(r"^\| [^|]*mahal \| [\w ]+ \| sales \|", page, re.MULTILINE)
    assert "(quoted)" in page


def test_customers_words_take_no_effect() -> None:
    page = text_explained("mati <script>alert(1)</script> [klik](javascript:x) | # judul", lexicons())
    assert "<script>" not in page
    assert "](javascript" not in page


def test_the_records_word_is_shown() -> None:
    page = text_explained("internet mati lagi", lexicons(), context=Context(True, "network", 2.2, 0))
    assert "repeat: the records have an unsettled complaint of theirs, 2 days old" in page
    assert "It is a repost" in text_explained("internet mati", lexicons(), kind="repost")


def test_a_profile_is_explained_by_its_parts() -> None:
    page = explained(Author(Platform.X, "1", "humas_uji", "dr. Melati", "Calon bupati. Penulis novel", 120_000, "blue"))
    for told in ("| bio | Penulis", "| bio | Calon", "| name | dr", "| badge |", "| followers |", "Priority from 60%"):
        assert told in page, page
    assert "Nothing in the profile speaks for a priority category" in explained(Author(Platform.X, "1", "wati", "Wati"))


def test_findings_say_what_was_found_where_and_what_it_added() -> None:
    bio = "Penulis. Istri dokter 🌿 #AktivisHAM"
    author = Author(Platform.X, "5", "bupati_lembah", "Bupati Lembah", bio, 20_000, "blue")
    found = weigh_profile(author, lexicons())
    texts = {"bio": bio, "name": "Bupati Lembah", "handle": "bupati_lembah"}
    for finding in found.findings:
        if finding.part in texts:
            assert texts[finding.part][finding.start : finding.end] == finding.words
        else:
            assert (finding.start, finding.end) == (0, 0)
    told = {(finding.part, finding.words, finding.label): finding for finding in found.findings}
    assert told["bio", "Penulis", "writer"].share == 1.0
    assert told["bio", "Istri", "following"].weight == 0.0
    assert (told["bio", "dokter", "professional"].weight, told["bio", "dokter", "professional"].share) == (0.0, 0.0)
    assert told["bio", "#AktivisHAM", "activist"].weight > 0.5
    assert told["name", "Bupati", "government"].group == "officials"
    assert {("followers", "20000"), ("badge", "blue")} <= {told[:2] for told in told}


def test_an_account_of_a_shop_has_little_left_of_its_findings() -> None:
    found = weigh_profile(
        Author(Platform.X, "5", "sari_01", "Sari", "Toko buku penulis lokal. Penulis", 900), lexicons()
    )
    assert {finding.share for finding in found.findings if finding.label == "writer"} == {0.15}
    assert found.confidence < 0.2


@given(st.text(st.characters(), max_size=300), st.booleans())
def test_any_text_is_explained(text: str, in_case: bool) -> None:
    page = text_explained(text, lexicons(), context=Context(in_case, "tv", 0.0, 0))
    assert page.startswith("# How a text is read")
    assert explained(Author(Platform.X, "1", text[:20], text, text, 10**7, text)).startswith(
        "# How a profile is judged"
    )


def test_the_command_prints_it() -> None:
    command = [sys.executable, "-m", "deployments.explain"]
    done = subprocess.run(
        [*command, "text", "masih sama min", "--in-case", "tv", "--days", "2"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert "about: tv" in done.stdout
    profile = [*command, "profile", "--bio", "Bupati Lembah Hijau"]
    judged = subprocess.run(profile, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert "**Priority**, government" in judged.stdout, judged.stderr
