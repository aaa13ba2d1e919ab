"""Files as people really make them: encodings, delimiters, title rows, merged headings, sheets, stray blanks."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, datetime
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from models.reference_kinds import KINDS
from models.reference_reading import UnreadableFile, kind_of, read_tables
from tasks.reference_data import reference_words
from tasks.reference_forms import KindName
from tests.reference import LISTING, rows_read, saved, workbook

WORDS = reference_words()
REGISTER = "Kanal;Akun;ID Akun;Nama Pelanggan;Kategori;Sumber Dokumen;Berlaku Dari;Berlaku Sampai"
MIRA = {
    "platform": "x",
    "handle": "mira_uji",
    "external_id": "00123",
    "name": "Mira Santoso, CPA",
    "category": "professional",
    "document": "Register 2026",
    "valid_from": date(2026, 1, 5),
    "valid_to": None,
    "same_as": None,
}
ROW = "Twitter;@mira_uji;00123;Mira Santoso, CPA;Profesional;Register 2026;5 Januari 2026;"
TEXT = st.text(
    st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp"), exclude_characters='";,|\t\u200b\ufeff'), min_size=1
)


@pytest.mark.parametrize(
    "content",
    [
        f"{REGISTER}\n{ROW}\n".encode(),
        f"\ufeff{REGISTER}\r\n{ROW}\r\n".encode(),
        f"{REGISTER}\r{ROW}".encode(),
        f"{REGISTER}\n{ROW}\n".encode("utf-16"),
        f"sep=;\n{REGISTER}\n{ROW}\n".encode("cp1252"),
        f"{REGISTER}\n{ROW}\n".replace(", CPA", "# CPA").replace(";", "\t").replace("#", ",").encode(),
        f"{REGISTER}\n{ROW}\n".replace("Mira Santoso, CPA", '"Mira Santoso, CPA"').replace(";", ",").encode(),
        f"REGISTER PELANGGAN PRIORITY;;;;;;;\nPer 1 Maret 2026\n\n{REGISTER};;\n;;;;;;;\n{ROW};;\n;;;\n".encode(),
        f"No;{REGISTER};Keterangan\n1;{ROW};dari rapat\n".encode(),
    ],
    ids=["plain", "BOM", "old Mac", "UTF-16", "sep and Windows", "tabs", "commas", "titles and blanks", "more columns"],
)
def test_a_register_is_read_however_it_was_saved(content: bytes) -> None:
    found = rows_read("registry.csv", content)
    assert found.rows == [MIRA]
    assert found.refusals == []


def test_letters_of_windows_are_read() -> None:
    text = f"{REGISTER}\nTwitter;@andre;;André Müller;Penulis;Surat “A”;;\n"
    assert rows_read("registry.csv", text.encode("cp1252")).rows[0]["name"] == "André Müller"


def test_a_workbook_with_titles_merged_headings_and_a_second_sheet() -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["DAFTAR PELANGGAN PRIORITY"])
    sheet.merge_cells("A1:H1")
    sheet.append([])
    sheet.append([None, "Kanal", "Akun", "ID Akun", "Nama", "Kategori", "Dokumen", "Masa berlaku"])
    sheet.append([None, None, None, None, None, None, None, "Berlaku Dari", "Berlaku Sampai"])
    for column in "BCDEFG":
        sheet.merge_cells(f"{column}3:{column}4")
    sheet.merge_cells("H3:I3")
    sheet.append([None, "Twitter", "https://x.com/mira_uji", 123, "Mira Santoso, CPA", "Profesional", "Register 2026"])
    sheet["D5"].number_format = "00000"
    sheet["H5"] = datetime.fromisoformat("2026-01-05")
    sheet["H5"].number_format = "DD/MM/YYYY"
    found = rows_read("registry.xlsx", saved(book))
    assert found.rows == [MIRA]
    assert found.numbers == [5]


def test_the_sheet_with_the_headings_is_found() -> None:
    content = workbook(
        ["Petunjuk pengisian"],
        ["Isi sheet berikut"],
        Nilai=[["Kode", "Bulan", "Nilai", "Target"], ["A01", "Maret 2026", 89.5, 85]],
    )
    found = rows_read("nilai qa maret.xlsx", content)
    assert found.kind.name == "qa_scores"
    assert found.rows == [{"code": "A01", "month": date(2026, 3, 1), "score": 89.5, "target": 85.0, "same_as": None}]


def test_per_cent_and_times_of_a_workbook() -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["Kode", "Bulan", "Nilai", "Target"])
    sheet.append(["A01", datetime.fromisoformat("2026-02-01"), 0.895, 0.85])
    for cell in ("C2", "D2"):
        sheet[cell].number_format = "0.0%"
    assert [(row["score"], row["target"]) for row in rows_read("qa.xlsx", saved(book)).rows] == [(89.5, 85.0)]
    roster = workbook(
        ["Kode", "Tanggal", "Jam masuk", "Jam pulang"],
        ["A01", datetime.fromisoformat("2026-04-01"), 0.291666667, "15.00"],
    )
    assert [str(row["starts"]) for row in rows_read("jadwal april.xlsx", roster).rows] == ["07:00:00"]


def test_the_kind_is_told_by_the_name_or_else_by_the_headings() -> None:
    rows = "Kode,Nama,Jabatan,Tanggal Masuk,Kapasitas\nA01,Dewi,Agent,1/2/2024,40\n"
    listing = f"{LISTING}\n".encode()
    assert [one.kind.name for one in read_tables("unduhan (3).csv", rows.encode(), WORDS)] == ["staff"]
    assert [one.kind.name for one in read_tables("BOD-List 2026 final.csv", listing, WORDS)] == ["bod_list"]
    assert [one.kind.name for one in read_tables("x.csv", listing, WORDS, "bod_list")] == ["bod_list"]


def test_a_list_that_could_be_two_things_is_not_guessed() -> None:
    with pytest.raises(UnreadableFile, match="its headings fit bod_list or registry; begin the file's name with one"):
        read_tables("VIP 2026.csv", f"{LISTING}\nx,a,,A,media,D,,\n".encode(), WORDS)


def test_scores_stand_on_as_many_sheets_as_there_are_months_and_a_list_on_one() -> None:
    head = ["Kode", "Bulan", "Nilai", "Target"]
    book = workbook(head, ["A01", "Oktober 2025", 90, 85], title="Okt", Nov=[head, ["A01", "November 2025", 91, 85]])
    tables = read_tables("qa.xlsx", book, WORDS)
    assert [(one.source, one.sheet, len(one.rows)) for one in tables] == [("qa.xlsx", "Okt", 1), ("qa.xlsx", "Nov", 1)]
    names = LISTING.split(",")
    with pytest.raises(UnreadableFile, match="tables on the sheets A, B; put"):
        read_tables("registry.xlsx", workbook(names, title="A", B=[names]), WORDS)


def test_weekdays_with_commas_do_not_make_a_semicolon_file_one_of_commas() -> None:
    rows = "Kode;Hari;Mulai;Selesai\nA01;Senin, Selasa, Rabu, Kamis, Jumat;07.00;15.00\nA02;Sabtu, Minggu;07.00;15.00\n"
    assert [row["days"] for row in rows_read("shifts.csv", rows).rows] == [(0, 1, 2, 3, 4), (5, 6)]


def test_an_address_of_another_platform_is_refused_and_one_with_an_id_is_an_id() -> None:
    lines = ["x,https://facebook.com/mira,,A,media,D,,", "facebook,https://facebook.com/people/Mira/10001,,B,media,D,,"]
    found = rows_read("registry.csv", "\n".join([LISTING, *lines]))
    assert [str(one) for one in found.refusals] == [
        "2: handle: is an address on facebook, and the platform says x (found 'mira')"
    ]
    assert [(row["handle"], row["external_id"]) for row in found.rows] == [(None, "10001")]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("registry.csv", b"", "no headings of priority registry"),
        ("registry.csv", b"a,b\n1,2\n", "no headings of priority registry"),
        (
            "staff.csv",
            b"Kode,Nama,Jabatan,Tanggal Masuk\nA01,Dewi,Agent,1/2/2024\n",
            "staff.csv:1: capacity (or kapasitas",
        ),
        ("registry.xls", b"\xd0\xcf\x11\xe0rest", "an old .xls"),
        ("registry.xlsx", b"PK\x03\x04 not a workbook", "cannot be read as XLSX"),
        ("registry.csv", b"\x00\x01\x02\x03", "neither CSV text nor XLSX"),
        ("registry.csv", f'{LISTING}\nx,"a,,A,media,D,,\n'.encode(), "no CSV: unexpected end of data"),
    ],
)
def test_what_is_no_table_is_refused_with_what_to_do(name: str, content: bytes, said: str) -> None:
    with pytest.raises(UnreadableFile) as refused:
        read_tables(name, content, WORDS)
    assert said in str(refused.value)


def test_a_stray_delimiter_shifts_no_column_unseen() -> None:
    (refusal,) = rows_read("registry.csv", f"{LISTING}\nx,a,,Mira, CPA,media,D,1/1/2026,31/12/2026\n").refusals
    assert str(refusal) == "2: more cells than columns; quote cells that hold the delimiter"


def test_each_wrong_cell_is_named_with_row_column_and_value() -> None:
    text = f"{LISTING}\nx,https://x.com/a/status/1,7.8E+17,,media,D,31/31/2026,\n"
    told = [(one.row, one.column, one.value) for one in rows_read("registry.csv", text).refusals]
    assert told == [
        (2, "handle", "https://x.com/a/status/1"),
        (2, "external_id", "7.8E+17"),
        (2, "name", ""),
        (2, "valid_from", "31/31/2026"),
    ]


def test_progress_is_told() -> None:
    from models.reference_cells import Reading
    from models.reference_rows import read_rows

    rows = "".join(f"A{number % 90:02d},2026-01,9,8\n" for number in range(12_000))
    (table,) = read_tables("qa.csv", f"code,month,score,target\n{rows}".encode(), WORDS)
    heard: list[tuple[int, int]] = []
    read_rows(table, Reading(WORDS, date(2026, 3, 31)), lambda done, of: heard.append((done, of)))
    assert heard == [(0, 12_000), (5_000, 12_000), (10_000, 12_000)]


def test_what_a_file_is_is_told_by_its_name_or_its_headings() -> None:
    scores = b"code,month,score,target\nA01,2026-01,9,8\n"
    names = {"registry.csv": "registry", "from-hr.csv": "qa_scores"}
    kinds = {name: kind_of(name, scores, WORDS) for name in names}
    assert {name: kind.name if kind else None for name, kind in kinds.items()} == names
    assert kind_of("from-hr.csv", b"nothing,of,this\n1,2,3\n", WORDS) is None


def test_the_forms_offer_every_kind() -> None:
    assert get_args(KindName) == tuple(KINDS)


@settings(max_examples=60)
@given(
    st.lists(TEXT.filter(lambda text: text.strip() not in ("", "'") and "'" not in text), min_size=1, max_size=8),
    st.sampled_from(";,\t|"),
)
def test_names_come_back_whatever_is_in_them(names: list[str], mark: str) -> None:
    lines = [LISTING.replace(",", mark)]
    lines += [mark.join(["x", f"uji_{number}", "", name, "media", "D", "", ""]) for number, name in enumerate(names)]
    found = rows_read("registry.csv", "\n".join(lines))
    errors = {"#N/A", "#REF!", "#NAME?", "#VALUE!", "#DIV/0!", "#NULL!", "#NUM!"}
    wanted = [" ".join(name.split()) for name in names]
    if not errors & set(wanted) and not found.refusals:
        assert [_visible(row["name"]) for row in found.rows] == [_visible(name) for name in wanted]
    assert len(found.rows) + len(found.refused_rows) == len(names)


def _visible(text: str) -> str:
    return "".join(letter for letter in text if letter.isprintable() and letter.isascii())


@settings(max_examples=150)
@given(st.binary(max_size=300), st.sampled_from([*KINDS, None]))
def test_whatever_bytes_come_they_are_read_or_refused_with_a_sentence(content: bytes, kind: str | None) -> None:
    with suppress(UnreadableFile):
        read_tables("unknown.csv", content, WORDS, kind)


@settings(max_examples=60)
@given(
    st.lists(
        st.lists(st.sampled_from([None, "", " ", "x", "@a", "Kode", "nama", 3, 2.5, date(2026, 1, 1)]), max_size=9),
        max_size=6,
    )
)
def test_whatever_cells_a_workbook_has_it_is_read_or_refused(rows: list[list[Any]]) -> None:
    with suppress(UnreadableFile):
        rows_read("registry.xlsx", workbook(*rows))
