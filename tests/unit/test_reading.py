"""Reading a text: complaint, hardness and problem (clauses 5.3.1, 5.3.2c)."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.lexicons import HARD_REASONS, PROBLEMS
from models.reading import Context, read_text
from models.text import days_of_trouble, split_words, written_spans
from tasks.desk_data import lexicons
from tests.bench.measure import mention_figures, sandbox_mentions

COMPLAINTS = [
    ("@TelkomCare wifi rumah mati total dari subuh, lampu LOS merah", "network"),
    ("min kok lemoooot banget yaa dari kemaren, buka email aja muter2", "network"),
    ("Tagihan bulan ini dobel padahal sudah saya bayar lewat ATM", "billing"),
    ("pulsa gw kesedot 20rb padahal ga daftar apa2", "billing"),
    ("STB saya error terus, semua channel hilang", "tv"),
    ("Sudah 10 hari menunggu pemasangan, katanya port penuh", "installation"),
    ("telepon rumah saya kresek-kresek terus", "voice"),
    ("telkomsel sinyalnya ilang terus padahal di tengah kota", "mobile"),
    ("harga paket naik sepihak, mahal banget buat pelanggan lama", "sales"),
    ("dm saya dari kemarin belum dibalas juga min", "other"),
    ("internete mati maneh, wis rong dina ora iso kerjo", "network"),
    ("my internet has been down for 3 days, please fix it", "network"),
    ("makasih loh indihome, berkat kalian rto terus aku jadi rajin tidur", "network"),
    ("5G doang di pojok layar, sinyal telkomsel tetap tidak bisa dipakai", "mobile"),
    ("naha ieu wifi teh leuleus ti isuk", "network"),
    ("no service since this morning @Telkomsel", "mobile"),
    ("teknisi pasang baru janji jam 9, sampai sore tidak ada yang nongol", "installation"),
    ("tagihan bulan lalu 300, sekarang 450, tidak ada penambahan apa pun", "billing"),
]
NO_COMPLAINTS = [
    "wifi saya sudah tidak lemot lagi, makasih min",
    "ga mati lagi kok, aman",
    "Alhamdulillah internetnya lancar jaya, terima kasih teknisi",
    "kak mau tanya, cara ganti password wifi gimana ya?",
    "berapa biaya pasang baru di Semarang?",
    "Hai Kak Rina, mohon maaf atas ketidaknyamanannya. Boleh info nomor pelanggannya via DM ya -Danu",
    "Promo akhir bulan! Diskon router 30%, klik link di bio, stok terbatas",
    "Operator resmikan 40 BTS baru di Papua, ditargetkan rampung tahun depan https://berita.example/a",
    "RT @budi: indihome lemot banget",
    'Baca artikel "Internet Mati Total Sepekan" di sini https://berita.example/b',
    "selamat ulang tahun ya sayang",
    "",
    "mbanking error dari pagi, mau transfer tidak bisa",
    "listrik padam lagi dari magrib, pln gimana ini",
    "kasihan lihat ibu itu, internetnya mati seminggu. bukan saya ya min",
    "jaman warnet dulu internet lemot pun tetap bahagia",
    "tumben ya internet lancar jaya",
    "min cek dm ya",
    "sinyal cinta kita putus, hati saya mati",
    "Wifi lemot terus? Yuk pindah ke fiber kami, promo diskon 50%",
    "Polisi bekuk sindikat pencuri kabel, kerugian ditaksir 2 miliar",
    "@Telkomsel 4G lancar di desa, mantap",
    "min tolong info nomor pelanggan saya dong",
]
IN_CASE = [
    ("masih sama kak", True),
    ("belum juga min", True),
    ("sampai sekarang belum ada yang datang", True),
    ("udah nyala, makasih banyak", False),
    ("oke ditunggu ya kak", False),
]
HARD = [
    ("udah seminggu wifi mati, lapor 3x ga ada yang dateng", "repeat"),
    ("internet mati terus, kalau tidak beres saya laporkan ke YLKI", "regulator"),
    ("lemot mulu anjing", "abusive"),
    ("kalian maling semua, pulsa saya hilang terus", "abusive"),
    ("putus nyambung tiap malam, bulan depan pindah provider aja", "churn"),
    ("tagihan salah lagi, saya viralkan di tiktok", "media"),
    ("denda tidak sesuai kontrak, kami kirim somasi besok", "legal"),
    ("kabel menjuntai di jalan bikin pengendara terjerat, tolong segera", "safety"),
    ("dm saya dari jumat belum dibalas, modem masih merah", "repeat"),
    ("internet mati terus, sampai ketemu di persidangan", "legal"),
    ("lemot terus, saya bikin thread biar netizen yang menilai", "media"),
    ("wifi mati lagi, batalin aja langganannya", "churn"),
    ("kabel telkom melintang setinggi leher di depan sekolah, tolong", "safety"),
]


@pytest.mark.parametrize(("text", "problem"), COMPLAINTS)
def test_complaint_and_its_problem(text: str, problem: str) -> None:
    reading = read_text(text, lexicons())
    assert (reading.complaint, reading.problem) == (True, problem), reading


@pytest.mark.parametrize("text", NO_COMPLAINTS)
def test_no_complaint(text: str) -> None:
    reading = read_text(text, lexicons())
    assert not reading.complaint, reading
    assert not reading.hard
    assert reading.hard_reasons == ()


@pytest.mark.parametrize(("text", "reason"), HARD)
def test_hard(text: str, reason: str) -> None:
    reading = read_text(text, lexicons())
    assert reason in reading.hard_reasons, reading
    assert reading.clause == "5.3.2c"


@pytest.mark.parametrize(
    "text",
    [
        "wifi mati dari tadi pagi, tolong dicek",
        "saya pindah rumah dan internet belum dipasang, tolong",
        "banyak sms penipuan masuk ke nomor saya, sinyal juga hilang",
        "teknisi baru pulang, disuruh kasih bintang 5, internet tetap lemot",
        "internet mati dari jam 10 malam",
    ],
)
def test_complaint_that_is_not_hard(text: str) -> None:
    reading = read_text(text, lexicons())
    assert reading.complaint, reading
    assert not reading.hard, reading
    assert reading.clause == "5.3.1"


@pytest.mark.parametrize(("text", "complaint"), IN_CASE)
def test_in_an_open_case(text: str, complaint: bool) -> None:
    reading = read_text(text, lexicons(), kind="reply", context=Context(in_case=True, problem="network", days=2))
    assert reading.complaint == complaint, reading
    assert not complaint or (reading.problem, reading.hard_reasons) == ("network", ("repeat",))


def test_repost_is_never_a_complaint() -> None:
    text = "internet mati total seminggu, kalian maling"
    assert read_text(text, lexicons()).hard
    assert not read_text(text, lexicons(), kind="repost").complaint


def test_evidence_shows_the_words_as_written() -> None:
    reading = read_text("LeMoootttt banget @TelkomCare, BANGSAT", lexicons())
    assert any("LeMoootttt" in line for line in reading.evidence), reading.evidence
    assert any(line == 'abusive: "BANGSAT"' for line in reading.evidence), reading.evidence


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("sudah 3 hari mati", 3),
        ("dari seminggu lalu", 7),
        ("hari ke-4 tanpa internet", 4),
        ("udah dua minggu begini", 14),
        ("paket 30 hari harganya berapa", 0),
        ("5 tahun langganan", 0),
        ("belum ada 1 bulan", 0),
        ("mati dari jam 10 malam", 0),
    ],
)
def test_duration_of_trouble(text: str, days: float) -> None:
    assert days_of_trouble(split_words(text, lexicons().forms), lexicons().forms) == days


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("lemooooot", ["lemot"]),
        ("gabisa", ["tidak", "bisa"]),
        ("putus2", ["putus"]),
        ("wifinya", ["wifi"]),
        ("#internetlelet", ["internet", "lemot"]),
        ("https://a.example/x?y=1", ["<url>"]),
        ("3x", ["<num>", "kali"]),
        ("4G", ["<num>", "generation"]),
        ("@TelkomCare", ["@telkomcare"]),
    ],
)
def test_words_are_normalised(written: str, normal: list[str]) -> None:
    assert split_words(written, lexicons().forms).normal == normal


@given(st.text(st.characters(), max_size=400), st.sampled_from(["post", "reply", "quote", "repost", "comment"]))
def test_no_text_crashes(text: str, kind: str) -> None:
    reading = read_text(text, lexicons(), kind=kind)
    assert 0.0 <= reading.confidence <= 1.0
    assert reading.problem in PROBLEMS
    assert set(reading.hard_reasons) <= set(HARD_REASONS)
    assert reading.hard == bool(reading.hard_reasons)
    assert reading.complaint or not reading.hard
    assert len(written_spans(text)) == len(split_words(text, lexicons().forms).written)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.sampled_from(["tidak", "mati", '"', "3", "hari", "ke", "x2", "#aB", "😡", "a*b", "<num>", "\0", "\ud800"])
    )
)
def test_lexicon_words_in_any_order(words: list[str]) -> None:
    for joint in (" ", ""):
        read_text(joint.join(words), lexicons())


@pytest.mark.parametrize(
    "piece", ["tidak ", "a", '"', "#aB", "hari ke 3 ", "a*", "a'", "😡", "\ud800\0", "1.", "mati total "]
)
def test_the_longest_text_takes_linear_time(piece: str) -> None:
    text = (piece * 25_000)[:25_000]
    read_text(text, lexicons())
    start = time.perf_counter()
    read_text(text, lexicons())
    assert time.perf_counter() - start < 1.0


def test_sandbox_samples_are_read_well_enough() -> None:
    figures = mention_figures(sandbox_mentions())
    assert figures["complaint_f1"] >= 0.90
    assert figures["hard_f1"] >= 0.77
    assert figures["problem_of_complaints"] >= 0.80
