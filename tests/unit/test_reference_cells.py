"""Cells as people write them: days, months, times, numbers, handles, in Indonesian and English."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.reference_cells import (
    Cell,
    CellError,
    Reading,
    read_code,
    read_day,
    read_days,
    read_handle,
    read_id,
    read_month,
    read_number,
    read_phone,
    read_text,
    read_time,
    read_value,
    read_whole,
    text_of,
)
from tasks.reference_data import reference_words

TODAY = date(2026, 3, 31)
READING = Reading(reference_words(), TODAY)
INDONESIAN = (
    *("Januari", "Februari", "Maret", "April", "Mei", "Juni"),
    *("Juli", "Agustus", "September", "Oktober", "November", "Desember"),
)
CELLS = st.one_of(
    st.none(), st.text(max_size=40), st.integers(), st.floats(), st.booleans(), st.dates(), st.datetimes(), st.times()
)
READERS = (
    *(read_text, read_day, read_month, read_time, read_number, read_whole, read_id, read_handle, read_code, read_days),
    read_phone,
)


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("2020-02-29", date(2020, 2, 29)),
        ("31/12/2025", date(2025, 12, 31)),
        ("1-2-26", date(2026, 2, 1)),
        ("01/03/98", date(1998, 3, 1)),
        ("17.08.2025", date(2025, 8, 17)),
        ("17 Agustus 2025", date(2025, 8, 17)),
        ("Senin, 5 Jan. 2026", date(2026, 1, 5)),
        ("31-Des-2025", date(2025, 12, 31)),
        ("2 May 2025", date(2025, 5, 2)),
        ("2026-01-05 00:00:00", date(2026, 1, 5)),
        ("45292", date(2024, 1, 1)),
        (45292, date(2024, 1, 1)),
        (datetime.fromisoformat("2026-01-05 13:00"), date(2026, 1, 5)),
        ("-1m", date(2026, 2, 28)),
        ("+1m", date(2026, 4, 30)),
        ("-18m", date(2024, 9, 30)),
        ("-1d", date(2026, 3, 30)),
        ("", None),
        ("-", None),
        ("  ", None),
    ],
)
def test_days_are_read_day_first_and_in_words(written: Cell, day: date | None) -> None:
    assert read_day(written, READING) == day


@pytest.mark.parametrize(
    "written", ["2026-02-30", "12/31/2025", "38 months", "besok", "31 Febuary 2026", "99999", "1/1/1"]
)
def test_what_is_no_day_is_refused_with_how_to_write_it(written: str) -> None:
    with pytest.raises(CellError, match="write a day as 2026-03-31, 31/03/2026 or 31 Maret 2026"):
        read_day(written, READING)


@given(st.dates(date(1950, 1, 1), date(2099, 12, 31)), st.sampled_from("/-. "), st.booleans())
def test_a_day_means_the_same_however_it_is_written(day: date, mark: str, padded: bool) -> None:
    numbers = f"{day.day:02d}{mark}{day.month:02d}" if padded else f"{day.day}{mark}{day.month}"
    for written in (
        f"{numbers}{mark}{day.year}",
        f"{day.day} {INDONESIAN[day.month - 1]} {day.year}",
        f"{day.day}-{INDONESIAN[day.month - 1][:3].upper()}-{day.year}",
        f" {day.day} {day:%B} {day.year}\u00a0",
        day.isoformat(),
    ):
        assert read_day(written, READING) == day, written


@pytest.mark.parametrize(
    ("written", "month"),
    [
        ("-1", date(2026, 2, 1)),
        ("-6", date(2025, 9, 1)),
        ("0", date(2026, 3, 1)),
        ("2025-07", date(2025, 7, 1)),
        ("07/2025", date(2025, 7, 1)),
        ("Juli 2025", date(2025, 7, 1)),
        ("Jul-25", date(2025, 7, 1)),
        ("15 Juli 2025", date(2025, 7, 1)),
        (datetime.fromisoformat("2025-07-09"), date(2025, 7, 1)),
        (-1, date(2026, 2, 1)),
    ],
)
def test_months(written: Cell, month: date) -> None:
    assert read_month(written, READING) == month


@pytest.mark.parametrize("written", ["2026-13", "13/2026", "Juli", "bulan lalu", "7"])
def test_what_is_no_month_is_refused(written: str) -> None:
    with pytest.raises(CellError, match="write a month as 2026-03 or Maret 2026"):
        read_month(written, READING)


@pytest.mark.parametrize(
    ("written", "at"),
    [
        ("07:00", time(7)),
        ("7.30", time(7, 30)),
        ("23:00:00", time(23)),
        ("07:00 WIB", time(7)),
        (time(15, 0), time(15)),
        (0.625, time(15)),
        (timedelta(hours=23), time(23)),
    ],
)
def test_times_are_wall_time_in_jakarta(written: Cell, at: time) -> None:
    assert read_time(written, READING) == at


@pytest.mark.parametrize("written", ["07:00+00:00", "24:00", "7", "7 pagi", "25:00", "07:60"])
def test_what_is_no_time_is_refused(written: str) -> None:
    with pytest.raises(CellError, match="write a time as 07:00, in Asia/Jakarta"):
        read_time(written, READING)


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("89,9", 89.9),
        ("89.9", 89.9),
        ("1.234,5", 1234.5),
        ("1,234.5", 1234.5),
        ("95 %", 95.0),
        (88, 88.0),
        ("-3", -3.0),
    ],
)
def test_numbers_may_have_a_decimal_comma(written: Cell, number: float) -> None:
    assert read_number(written, READING) == number


@given(st.decimals(-9_999_999, 9_999_999, places=2))
def test_a_number_means_the_same_with_comma_and_with_point(number: object) -> None:
    written = f"{number:,.2f}"
    indonesian = written.replace(",", " ").replace(".", ",").replace(" ", ".")
    assert read_number(indonesian, READING) == read_number(written, READING) == float(str(number))


@pytest.mark.parametrize("written", ["nan", "inf", "1,2,3", "9O", "1e3", "--5", float("nan"), float("inf"), "9" * 400])
def test_what_is_no_number_is_refused(written: str) -> None:
    with pytest.raises(CellError, match="write a number"):
        read_number(written, READING)


@pytest.mark.parametrize(
    ("written", "handle"),
    [
        ("@Mira_Uji", "Mira_Uji"),
        (" mira_uji ", "mira_uji"),
        ("https://x.com/mira_uji?s=20", "mira_uji"),
        ("twitter.com/@mira_uji/", "mira_uji"),
        ("https://www.facebook.com/mira.uji", "mira.uji"),
        ("https://facebook.com/profile.php?id=100012345", None),
        ("'mira_uji", "mira_uji"),
        ("-", None),
    ],
)
def test_handles_come_with_or_without_their_at_or_as_addresses(written: str, handle: str | None) -> None:
    assert read_handle(written, READING) == handle


@pytest.mark.parametrize(
    "written",
    [
        "https://x.com/a/status/1",
        "https://example.org/mira",
        "https://x.com/",
        "x.com/i/user/1",
        "https://x.com/search?q=a",
        "[tidak/ada",
    ],
)
def test_an_address_that_is_no_profile_is_refused(written: str) -> None:
    with pytest.raises(CellError, match=r"address of a profile|not of a profile"):
        read_handle(written, READING)


def test_ids_keep_their_leading_zeros_and_are_refused_where_a_spreadsheet_rounded_them() -> None:
    assert read_id("00123", READING) == "00123"
    assert read_id("'780096294755430332", READING) == "780096294755430332"
    assert read_id(1021704140, READING) == "1021704140"
    assert read_id(1021704140.0, READING) == "1021704140"
    with pytest.raises(CellError, match="spreadsheets round"):
        read_id("7.80096E+17", READING)
    with pytest.raises(CellError, match="has rounded this id"):
        read_id(780096294755430332.0, READING)


@pytest.mark.parametrize(
    ("written", "days"),
    [
        ("daily", (0, 1, 2, 3, 4, 5, 6)),
        ("Setiap Hari", (0, 1, 2, 3, 4, 5, 6)),
        ("mon tue", (0, 1)),
        ("Senin, Selasa dan Rabu", (0, 1, 2)),
        ("Senin-Jumat", (0, 1, 2, 3, 4)),
        ("Senin s.d. Jumat", (0, 1, 2, 3, 4)),
        ("Sen – Jum", (0, 1, 2, 3, 4)),
        ("Jum'at s/d Minggu", (4, 5, 6)),
        ("fri-mon", (0, 4, 5, 6)),
    ],
)
def test_weekdays(written: str, days: tuple[int, ...]) -> None:
    assert read_days(written, READING) == days


def test_what_is_no_weekday_is_refused() -> None:
    with pytest.raises(CellError, match="write daily, or weekdays"):
        read_days("dayly", READING)


def test_values_are_known_by_any_of_their_words_and_others_stay() -> None:
    assert read_value("Pejabat Pemerintah", READING, "category") == "government"
    assert read_value("FIGUR  PUBLIK", READING, "category") == "public_figure"
    assert read_value("Twitter/X", READING, "platform") == "x"
    assert read_value("gossip", READING, "category") == "gossip"


def test_phones_whole_numbers_and_codes() -> None:
    assert read_phone("(021) 555-01.23", READING) == "0215550123"
    assert read_phone(81234567890, READING) == "081234567890"  # a number has lost its zero
    assert read_phone(6281234567890.0, READING) == "6281234567890"
    assert read_whole("40", READING) == read_whole(40.0, READING) == 40
    with pytest.raises(CellError, match="write a whole number"):
        read_whole("40,5", READING)
    assert read_code(" a01 ", READING) == "A01"


def test_an_error_of_the_spreadsheet_is_no_text() -> None:
    with pytest.raises(CellError, match="#REF! is an error of the spreadsheet"):
        text_of("#REF!")


@given(CELLS)
def test_whatever_stands_in_a_cell_is_read_or_refused_with_a_sentence(cell: Cell) -> None:
    for read in READERS:
        with suppress(CellError):
            read(cell, READING)
