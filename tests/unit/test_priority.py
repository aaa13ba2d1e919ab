"""Judging accounts: decision, lists, registry, profile (clause 5.2.1)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.mentions import Author, Platform
from models.priority import Decision, Listing, PriorityThresholds, PriorityVerdict, judge_account
from tasks.desk_data import lexicons
from tests.bench.measure import profile_figures, sandbox_profiles

TODAY = date(2026, 3, 10)
PLAIN = Author(Platform.X, "77", "wati_kopi", "Wati", "suka kopi dan kucing", 120)


def judge(
    author: Author,
    decision: Decision | None = None,
    listings: tuple[Listing, ...] = (),
    today: date = TODAY,
    **known: Any,
) -> PriorityVerdict:
    return judge_account(
        author,
        decision=decision,
        listings=listings,
        today=today,
        lexicons=lexicons(),
        thresholds=PriorityThresholds(),
        **known,
    )


def listing(**changes: object) -> Listing:
    fields: dict[str, object] = {
        "platform": Platform.X,
        "handle": "wati_kopi",
        "external_id": None,
        "name": "Wati",
        "category": "artist",
        "source": "registry",
        "document": "ND-12/2026",
        "valid_from": date(2026, 1, 1),
        "valid_to": TODAY,
    }
    return Listing(**(fields | changes))  # type: ignore[arg-type]


def profile(
    bio: str | None, name: str | None = "Sari", followers: int | None = 900, verified: str | None = None
) -> Author:
    return Author(Platform.X, "5", "sari_01", name, bio, followers, verified)


@pytest.mark.parametrize(
    ("bio", "category"),
    [
        ("Bupati Lembah Hijau 2024-2029", "government"),
        ("Anggota DPRD Komisi C, dapil 3", "government"),
        ("Direktur Utama PT Awan Biru", "executive"),
        ("Co-founder & CEO of a small logistics startup", "executive"),
        ("Penyanyi dan pencipta lagu. Album baru sudah rilis", "artist"),
        ("Film director, cat person", "artist"),
        ("Penulis novel, ibu dua anak", "writer"),
        ("Travel blogger", "writer"),
        ("Jurnalis di koran sore. Cuitan pribadi", "media"),
        ("PR consultant and former teacher", "media"),
        ("Aktivis lingkungan, suka naik gunung", "activist"),
        ("Human rights activist", "activist"),
        ("Yayasan pendidikan anak pesisir", "ngo"),
        ("A registered charity for stray dogs", "ngo"),
        ("Dokter spesialis jantung", "professional"),
        ("Assistant Professor of chemistry", "professional"),
        ("Atlet nasional panahan, peraih medali", "public_figure"),
        ("Content creator, 2 juta subscribers", "public_figure"),
    ],
)
def test_a_profession_makes_priority(bio: str, category: str) -> None:
    verdict = judge(profile(bio))
    assert (verdict.status, verdict.category, verdict.source) == ("priority", category, "profile"), verdict
    assert verdict.evidence
    assert verdict.clause == "5.2.1"


@pytest.mark.parametrize(
    "bio",
    [
        "fans of penyanyi dangdut",
        "Istri bupati, hobi masak",
        "cucu kiai",
        "Calon dokter, doakan ya",
        "future CEO",
        "aspiring writer",
        "mantan wartawan, kini bertani",
        "ex juru bicara RT",
        "bukan menteri, cuma tukang kopi",
        "akun parodi gubernur",
        "Jual buku karya penulis lokal, fast respon",
        "Bot cuaca milik dinas, otomatis",
        "fresh graduate, looking for job as editor in chief",
        "dokteran dan bupatian bukan kata",
        "",
        None,
    ],
)
def test_what_must_not_fool_it(bio: str | None) -> None:
    verdict = judge(profile(bio))
    assert (verdict.status, verdict.category, verdict.source) == ("regular", None, None), verdict
    assert verdict.reasons


@pytest.mark.parametrize(
    ("name", "category"),
    [
        ("Camat Sukorame Drs. Subekti", "government"),
        ("KBRI Antananarivo", "government"),
        ("Redaksi Harian Lembah", "media"),
        ("Yayasan Tunas Kasih", "ngo"),
        ("dr. Melati Anggraini", "professional"),
        ("Rudi Hartanto", None),
    ],
)
def test_a_name_alone(name: str, category: str | None) -> None:
    verdict = judge(Author(Platform.FACEBOOK, "900", name, name))
    assert verdict.category == category, verdict
    assert (verdict.status == "regular") == (category is None)


def test_fame_makes_a_candidate_and_a_government_badge_priority() -> None:
    assert judge(profile("hidup itu indah", followers=400_000, verified="blue")).status == "candidate"
    assert judge(profile("", verified="government")).category == "government"
    assert judge(profile("", verified="government")).status == "priority"
    former = judge(profile("Former mayor of a small town", followers=60_000, verified="True"))
    assert (former.status, former.category) == ("candidate", "government")


def test_a_decision_outweighs_everything() -> None:
    decision = Decision("regular", None, "namesake", "Ratna", datetime(2026, 1, 2, tzinfo=UTC))
    verdict = judge(profile("Bupati Lembah Hijau"), decision, (listing(handle="sari_01"),))
    assert (verdict.status, verdict.category, verdict.source, verdict.confidence) == ("regular", None, "review", 1.0)
    assert "namesake" in verdict.reasons[0]


def test_the_bod_list_goes_before_the_registry() -> None:
    listings = (listing(), listing(source="bod_list", category="bod", valid_from=None, valid_to=None))
    verdict = judge(PLAIN, listings=listings)
    assert (verdict.status, verdict.category, verdict.source) == ("priority", "bod", "bod_list")


@pytest.mark.parametrize(
    ("changes", "is_listed"),
    [
        ({}, True),
        ({"handle": "@Wati_Kopi"}, True),
        ({"valid_to": None, "valid_from": None}, True),
        ({"valid_from": TODAY}, True),
        ({"valid_from": TODAY + timedelta(days=1), "valid_to": None}, False),
        ({"valid_to": TODAY - timedelta(days=1)}, False),
        ({"platform": Platform.FACEBOOK}, False),
        ({"handle": None, "external_id": "77"}, True),
        ({"external_id": "77"}, True),
        ({"external_id": "78"}, False),
        ({"handle": "someone", "external_id": "77"}, True),
        ({"handle": None}, False),
        ({"handle": "@"}, False),
    ],
)
def test_registry(changes: dict[str, object], is_listed: bool) -> None:
    verdict = judge(PLAIN, listings=(listing(**changes),))
    assert verdict.source == ("registry" if is_listed else None), verdict
    assert verdict.status == ("priority" if is_listed else "regular")


def test_an_unknown_author_is_to_be_asked() -> None:
    verdict = judge(Author(Platform.FACEBOOK, "unknown:123_456"))
    assert (verdict.status, verdict.category) == ("candidate", None)
    assert "ask" in verdict.reasons[0]
    assert judge(Author(Platform.FACEBOOK, "123")).status == "regular"


ANY_TEXT = st.one_of(st.none(), st.text(st.characters(), max_size=200))


@given(ANY_TEXT, ANY_TEXT, ANY_TEXT, st.one_of(st.none(), st.integers()), ANY_TEXT)
def test_no_profile_crashes(
    handle: str | None, name: str | None, bio: str | None, followers: int | None, verified: str | None
) -> None:
    verdict = judge(Author(Platform.X, "1", handle, name, bio, followers, verified))
    assert verdict.status in {"priority", "candidate", "regular"}
    assert 0.0 <= verdict.confidence <= 1.0
    if verdict.category is None:
        unreadable = not (handle or name or bio)
        assert verdict.status == ("candidate" if unreadable else "regular")
    else:
        assert verdict.status != "regular"


def test_a_profile_that_could_not_be_read_is_a_candidate() -> None:
    verdict = judge(Author(Platform.X, "1"))
    assert (verdict.status, verdict.category) == ("candidate", None)
    assert "could not be read" in verdict.reasons[0]


@pytest.mark.parametrize("piece", ["fans of ", "calon dokter. ", "\ud800\0", "aB", "😡", "dr. "])
def test_a_bio_of_any_length(piece: str) -> None:
    text = piece * 25_000
    assert judge(Author(Platform.X, "1", text, text, text, 10**12, text)).status in {"regular", "candidate", "priority"}


def test_sandbox_accounts_are_judged_well_enough() -> None:
    figures = profile_figures(sandbox_profiles())
    assert figures["category_macro_f1"] >= 0.95
    assert figures["category_accuracy"] >= 0.95


@pytest.mark.parametrize(
    ("bio", "category"),
    [
        ("Kabid Bina Marga, Dinas Pekerjaan Umum", "government"),
        ("Member of Parliament for Eastmoor", "government"),
        ("Deputy director of fisheries, Ministry of Agriculture", "government"),
        ("Presdir. Pernah jadi wartawan", "executive"),
        ("Drummer turned film composer. New EP out now", "artist"),
        ("Author of seven crime novels, wine lover", "writer"),
        ("Bureau chief, covering the harbour towns", "media"),
        ("Founder of a small newspaper", "media"),
        ("Pejuang tanah adat di hulu sungai", "activist"),
        ("Director of a children's charity", "ngo"),
        ("Bedah saraf, RS di Palu", "professional"),
        ("Goalkeeper for the national team", "public_figure"),
    ],
)
def test_professions_in_many_words(bio: str, category: str) -> None:
    verdict = judge(profile(bio))
    assert (verdict.status, verdict.category) == ("priority", category), verdict


@pytest.mark.parametrize(
    ("name", "handle", "category"),
    [
        ("Kombes Pol. Surya Adiputra", "surya_ap", "government"),
        ("Humas Polres Lembah Hijau", "humaspolreslh", "government"),
        ("Lembah Hijau", "pemkablembahhijau", "government"),
        ("KH. Masruhan", "masruhan", "public_figure"),
        ("Radio Gema Lembah", "gemalembah", "media"),
        ("Perumda Tirta Lembah", "tirtalembah", "executive"),
        ("Notaris Wulan Sekar, S.H., M.Kn.", "wulansekar", "professional"),
    ],
)
def test_titles_and_houses_in_names_and_handles(name: str, handle: str, category: str) -> None:
    assert judge(Author(Platform.X, "5", handle, name, None, 300)).category == category


@pytest.mark.parametrize(
    ("name", "bio"),
    [
        ("Wati", "Menteri keuangan rumah tangga sejak 2011"),
        ("Rian", "CEO of overthinking, founder of bad naps"),
        ("Doni", "Direktur PT Mencari Cinta Sejati"),
        ("Mamat", "Presiden jomblo, istana di kosan"),
        ("Ujang", "satpam RSUD, shift malam"),
        ("Lina", "Executive assistant to the CEO"),
        ("Sari", "Guru SD, wali kelas 4"),
        ("Bayu", "dokter bukan, perawat bukan. tetangga dokter"),
        ("Tia", "Neither a senator nor an author"),
        ("Ardi", "tinggal dekat kantor gubernur"),
        ("Nia", '"Guru terbaik adalah pengalaman", kata menteri favoritku'),
        ("bukan artis", "muka doang mirip aktor"),
        ("Iwan", "law student, wine lover, metal fan"),
        ("Dokter Laptop", "Ganti LCD, servis printer"),
    ],
)
def test_families_of_look_alikes(name: str, bio: str) -> None:
    assert judge(profile(bio, name)).status == "regular", judge(profile(bio, name))
