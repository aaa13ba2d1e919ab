"""One cell of a file as people write it → one value: days, months, times, numbers, handles, in Indonesian and English.

A cell is text, or what a spreadsheet keeps (a number, a date, a time, true or false). A reader returns the value, None
for an empty cell, or raises `CellError` with the sentence that says how to write it. Days and times are those of
Asia/Jakarta; `today` is what relative ones count from.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from math import isfinite
from typing import Any
from urllib.parse import parse_qs, urlsplit

from dateutil.relativedelta import relativedelta

from models.reference_words import ReferenceWords, key

Cell = str | int | float | bool | date | datetime | time | timedelta | None

FIRST_SERIAL, LAST_SERIAL = 36_526, 73_050
"""2000-01-01 and 2099-12-31 as spreadsheets count days; a cell that lost its date format shows such a number."""
PIVOT = 70
"""Two-digit years from here on are of the last century."""
SERIAL_EPOCH = date(1899, 12, 30)
EXACT_DIGITS = 15
"""A spreadsheet's number keeps so many digits; the ids of posts and accounts may have more."""
ERRORS = ("#N/A", "#REF!", "#NAME?", "#VALUE!", "#DIV/0!", "#NULL!", "#NUM!")
_INVISIBLE = re.compile(r"[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\x00-\x08\x0b\x0c\x0e-\x1f]")
_HOSTS = (
    (re.compile(r"(?:^|\.)(?:x|twitter)\.com$"), "x"),
    (re.compile(r"(?:^|\.)(?:facebook\.com|fb\.com|fb\.me)$"), "facebook"),
)
_NO_PROFILES = frozenset(("people", "pages", "groups", "search", "hashtag", "intent", "i", "home", "share", "sharer"))
_NO_PROFILES |= {"watch", "events", "photo", "photo.php", "story.php", "permalink.php", "explore", "reel", "messages"}
"""What an address on X or Facebook may begin with that is nobody's name."""


class CellError(ValueError):
    """A cell that cannot be read; the message says how to write it."""


@dataclass(frozen=True, slots=True)
class Profile:
    """Whose profile a cell names. `platform` and `external_id` are known where it was the address that has them."""

    handle: str | None
    platform: str | None = None
    external_id: str | None = None

    def __str__(self) -> str:
        """As a report shows it."""
        return self.handle or self.external_id or ""


@dataclass(frozen=True, slots=True)
class Reading:
    """What cells are read by: the words people use, and the day that relative days count from."""

    words: ReferenceWords
    today: date


def text_of(cell: Cell) -> str:
    """A cell as text: blanks at the ends and between words made one, nothing invisible; "" for an empty one."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 10**EXACT_DIGITS:
        return str(int(cell))
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time() else cell.isoformat(" ")
    found = " ".join(_INVISIBLE.sub("", str(cell)).split())
    if found in ERRORS:
        raise CellError(f"{found} is an error of the spreadsheet; mend its formula")
    return found


def read_text(cell: Cell, _reading: Reading) -> str | None:
    """Text as it stands."""
    return text_of(cell).removeprefix("'") or None


def read_day(cell: Cell, reading: Reading) -> date | None:
    """A day: 2026-03-31, 31/3/2026, 31 Maret 2026, a spreadsheet's date, or -18m and +30d counted from today."""
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    written = text_of(cell)
    if not written or written == "-":
        return None
    found = _relative(written, reading.today) or _serial(written) or _written_day(written, reading.words)
    if found is None:
        raise CellError("write a day as 2026-03-31, 31/03/2026 or 31 Maret 2026 (the day first), or as -18m or +30d")
    return found


def _relative(written: str, today: date) -> date | None:
    match = re.fullmatch(r"([+-]\d{1,4})([md])", written)
    if not match:
        return None
    count = int(match[1])
    return today + (relativedelta(months=count) if match[2] == "m" else relativedelta(days=count))


def _serial(written: str) -> date | None:
    if not re.fullmatch(r"\d{5}", written) or not FIRST_SERIAL <= int(written) <= LAST_SERIAL:
        return None
    return SERIAL_EPOCH + timedelta(days=int(written))


def _written_day(written: str, words: ReferenceWords) -> date | None:
    written = re.sub(r"[ T]00:00(:00(\.0+)?)?$", "", written)
    if match := re.fullmatch(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})", written):
        return _date(int(match[1]), int(match[2]), int(match[3]))
    if match := re.fullmatch(r"(\d{1,2})[-/. ](\d{1,2})[-/. ](\d{4}|\d{2})", written):
        return _date(_year(match[3]), int(match[2]), int(match[1]))
    if match := re.fullmatch(r"(?:[^\W\d]+, ?)?(\d{1,2})[-/. ]*([^\W\d]+)\.?[-/., ]*(\d{4}|\d{2})", written):
        return _date(_year(match[3]), words.months.get(key(match[2]), 0), int(match[1]))
    return None


def _year(written: str) -> int:
    if len(written) == 4:
        return int(written)
    return int(written) + (2000 if int(written) < PIVOT else 1900)


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def read_month(cell: Cell, reading: Reading) -> date | None:
    """A month, as its first day: 2026-03, 03/2026, Maret 2026, any day in it, or -1 for the latest complete one."""
    if isinstance(cell, date):
        return date(cell.year, cell.month, 1)
    written = text_of(cell)
    if not written:
        return None
    found = None
    if re.fullmatch(r"-\d{1,2}|0", written):
        found = reading.today.replace(day=1) + relativedelta(months=int(written))
    elif match := re.fullmatch(r"(\d{4})[-/.](\d{1,2})", written):
        found = _date(int(match[1]), int(match[2]), 1)
    elif match := re.fullmatch(r"(\d{1,2})[-/.](\d{4})", written):
        found = _date(int(match[2]), int(match[1]), 1)
    elif match := re.fullmatch(r"([^\W\d]+)[-/., ']*(\d{4}|\d{2})", written):
        found = _date(_year(match[2]), reading.words.months.get(key(match[1]), 0), 1)
    elif day := _serial(written) or _written_day(written, reading.words):
        found = day.replace(day=1)
    if found is None:
        raise CellError("write a month as 2026-03 or Maret 2026, or -1 for the latest complete one")
    return found


def read_time(cell: Cell, _reading: Reading) -> time | None:
    """A time of day in Asia/Jakarta: 07:00, 07.00, or a spreadsheet's time. An offset is refused, and so is 24:00."""
    if isinstance(cell, datetime | time):
        found = cell.time() if isinstance(cell, datetime) else cell
        return found.replace(second=0, microsecond=0, tzinfo=None)
    if isinstance(cell, timedelta) or (isinstance(cell, float) and 0 <= cell < 1):
        minutes = round(cell / timedelta(minutes=1) if isinstance(cell, timedelta) else cell * 1440)
        return time(minutes // 60 % 24, minutes % 60)
    written = text_of(cell)
    if not written:
        return None
    match = re.fullmatch(r"([01]?\d|2[0-3])[:.]([0-5]\d)(?:[:.]00)?(?: ?WIB)?", written, re.IGNORECASE)
    if not match:
        raise CellError("write a time as 07:00, in Asia/Jakarta")
    return time(int(match[1]), int(match[2]))


def read_number(cell: Cell, _reading: Reading) -> float | None:
    """A number: 89.9, 89,9 (decimal comma), 1.234,5, 90 %."""
    written = text_of(cell).replace(" ", "").removesuffix("%")
    if isinstance(cell, float) and isfinite(cell):
        return cell
    if not written:
        return None
    if re.fullmatch(r"[+-]?\d{1,3}(\.\d{3})+(,\d+)?", written):
        written = written.replace(".", "").replace(",", ".")
    elif re.fullmatch(r"[+-]?\d{1,3}(,\d{3})+\.\d+", written):
        written = written.replace(",", "")
    elif re.fullmatch(r"[+-]?\d+,\d+", written):
        written = written.replace(",", ".")
    if not re.fullmatch(r"[+-]?\d{1,15}(\.\d{1,15})?", written):
        raise CellError("write a number such as 89.9 or 89,9")
    return float(written)


def read_whole(cell: Cell, reading: Reading) -> int | None:
    """A whole number."""
    try:
        found = read_number(cell, reading)
    except CellError:
        found = 0.5
    if found is not None and not found.is_integer():
        raise CellError("write a whole number such as 40")
    return None if found is None else int(found)


def read_id(cell: Cell, _reading: Reading) -> str | None:
    """A platform's id, all its digits; leading zeros stay. A spreadsheet's number of more than 15 digits lost some."""
    if isinstance(cell, int | float) and not isinstance(cell, bool) and abs(cell) >= 10**EXACT_DIGITS:
        raise CellError("the spreadsheet has rounded this id; format the column as text and write all its digits")
    written = text_of(cell).removeprefix("'")
    if not written or written == "-":
        return None
    if not re.fullmatch(r"[0-9]{1,64}", written):
        raise CellError(f"{written!r} is no id; write all its digits (spreadsheets round)")
    return written


def read_profile(cell: Cell, reading: Reading) -> Profile | None:
    """Whose profile it is: a handle with or without its @, or the address of a profile on X or Facebook."""
    written = text_of(cell).removeprefix("'")
    if not written or written == "-":
        return None
    if "/" in written:
        return _profile_at(written, reading)
    return Profile(written.removeprefix("@"))


def read_handle(cell: Cell, reading: Reading) -> str | None:
    """A handle, with or without its @, or out of the address of a profile."""
    found = read_profile(cell, reading)
    return None if found is None else found.handle


def _profile_at(address: str, reading: Reading) -> Profile:
    try:
        parts = urlsplit(address if "//" in address else f"https://{address}")
        host = (parts.hostname or "").lower()
    except ValueError:
        host = ""
    on = next((platform for hosts, platform in _HOSTS if hosts.search(host)), None)
    path = [part for part in parts.path.split("/") if part] if on else []
    if on is None or not path:
        raise CellError(f"{address!r} is no address of a profile on X or Facebook; write the name after the @")
    if path[0] == "profile.php" or (path[0] in {"people", "pages"} and len(path) == 3):
        given = path[2] if len(path) == 3 else parse_qs(parts.query).get("id", [""])[0]
        return Profile(None, on, read_id(given, reading))
    if path[0].lower() in _NO_PROFILES or (len(path) > 1 and path[1] in {"status", "posts", "photos", "videos"}):
        raise CellError(f"{address!r} is the address of a post, a group or a search, not of a profile")
    return Profile(path[0].removeprefix("@"), on)


def read_code(cell: Cell, _reading: Reading) -> str | None:
    """A code of staff, in capitals."""
    return text_of(cell).removeprefix("'").replace(" ", "").upper() or None


def read_days(cell: Cell, reading: Reading) -> tuple[int, ...] | None:
    """Weekdays, 0 for Monday: `daily`, `mon tue`, `Senin, Selasa`, `Senin-Jumat`, `Senin s.d. Jumat`."""
    written = text_of(cell)
    if not written:
        return None
    words = reading.words
    if key(written) in words.daily:
        return tuple(range(7))
    spans = re.sub(r"\s*(?:-|–|s\.?\s?/?\s?d\.?(?=\s)|sampai|hingga|to)\s*", "~", written, flags=re.IGNORECASE)
    found: list[int] = []
    for span in re.split(r"[,;&\s]+(?:dan |and )?", spans):
        ends = [words.weekdays.get(key(name), -1) for name in span.split("~")]
        if -1 in ends or len(ends) > 2:
            raise CellError("write daily, or weekdays such as mon tue, Senin, Selasa or Senin-Jumat")
        found += [(ends[0] + ahead) % 7 for ahead in range((ends[-1] - ends[0]) % 7 + 1)]
    return tuple(sorted(set(found)))


def read_phone(cell: Cell, _reading: Reading) -> str | None:
    """A telephone number as text; blanks, dots and dashes in it make no difference. A spreadsheet's number has lost the
    zero it began with."""
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        digits = text_of(cell)
        return digits if digits.startswith("62") else f"0{digits}"
    return re.sub(r"[\s.\-()]", "", text_of(cell).removeprefix("'")) or None


def read_value(cell: Cell, reading: Reading, column: str) -> str | None:
    """One of the values of a column, by any of the words for it; what nobody knows stays as it is written."""
    written = text_of(cell)
    return reading.words.values[column].get(key(written), written) or None


Value = Any
"""What a reader returns."""
