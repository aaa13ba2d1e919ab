"""How long a large registry takes to load, and whether judging accounts slows with its size (5.2.1)."""

from __future__ import annotations

import io
import time
from datetime import UTC, datetime, timedelta

from openpyxl import Workbook
from sqlalchemy import Engine, delete, insert

from models.account_judging import judge_accounts, known_accounts
from models.accounts import AccountRow, PriorityListingRow
from models.database import chunks, write_transaction
from tasks import reference_data
from tasks.desk_data import instruction, lexicons
from tasks.reference_data import GivenFile

ROWS = 100_000
SMALL = 100
ACCOUNTS = 5_000
HEADINGS = ("Kanal", "Akun", "ID Akun", "Nama", "Kategori", "Dokumen", "Berlaku Dari", "Berlaku Sampai")


def reference_figures(engine: Engine, now: datetime) -> dict[str, float]:
    """Seconds for a registry of 100,000 rows, as CSV and as XLSX, and accounts judged a second by its size."""
    put_accounts(engine)
    figures: dict[str, float] = {}
    small, large = _judged_per_second(engine, SMALL, now), 0.0
    for name, content in (("csv", _csv(ROWS)), ("xlsx", _xlsx(ROWS))):
        _clear(engine)
        file = GivenFile(f"registry.{name}", content, "registry", now)
        begun = time.perf_counter()
        files = reference_data.check([file], reference_data.known_now(engine, now))
        checked = time.perf_counter()
        loaded = reference_data.load(engine, files, "bench", now)
        figures[f"{name} read and checked s"] = round(checked - begun, 2)
        figures[f"{name} loaded s"] = round(time.perf_counter() - checked, 2)
        assert loaded.outcome == "loaded", loaded.refused
    begun = time.perf_counter()
    again = reference_data.load(engine, files, "bench", now + timedelta(minutes=1))
    figures["the same again s"] = round(time.perf_counter() - begun, 2)
    assert all(diff is not None and diff.nothing for diff in again.diffs)
    large = _judged_per_second(engine, ROWS, now)
    figures |= {f"accounts judged per s, {SMALL} listings": round(small), f"the same, {ROWS:,}": round(large)}
    return figures


def put_accounts(engine: Engine) -> None:
    """Accounts to judge, a hundred of which are listed in either registry."""
    with write_transaction(engine) as connection:
        rows = [
            {
                "platform": "x",
                "external_id": str(10**12 + n * 10),
                "handle": f"akun_{n}",
                "name": f"Akun {n}",
                "bio": "kopi",
            }
            for n in range(ACCOUNTS)
        ]
        connection.execute(insert(AccountRow), rows)


def _clear(engine: Engine) -> None:
    with write_transaction(engine) as connection:
        connection.execute(delete(PriorityListingRow))


def _judged_per_second(engine: Engine, listings: int, now: datetime) -> float:
    """Accounts judged a second, in one batch, with so many listings in the records; the best of three."""
    with write_transaction(engine) as connection:
        connection.execute(delete(PriorityListingRow))
        for part in chunks([_listing(number) for number in range(listings)], 10_000):
            connection.execute(insert(PriorityListingRow), list(part))
    thresholds = instruction().priority.thresholds
    best = 0.0
    for _ in range(3):
        with engine.connect() as connection:
            accounts = known_accounts(connection, range(1, ACCOUNTS + 1))
            begun = time.perf_counter()
            judged = judge_accounts(connection, accounts, now.date(), lexicons(), thresholds)
            best = max(best, len(judged) / (time.perf_counter() - begun))
    return best


def _listing(number: int) -> dict[str, str]:
    row = {"source": "registry", "platform": "x", "handle_key": f"orang_{number}", "external_id": str(10**12 + number)}
    return row | {"name": f"Orang {number}", "category": "government", "document": "Register 2026"}


def _rows(count: int) -> list[tuple[str, ...]]:
    return [
        (
            "Twitter",
            f"@orang_{n}",
            str(10**12 + n),
            f"Orang {n}",
            "Pejabat",
            "Register 2026",
            f"1/{n % 12 + 1}/2025",
            "",
        )
        for n in range(count)
    ]


def _csv(count: int) -> bytes:
    return "\r\n".join(";".join(row) for row in [HEADINGS, *_rows(count)]).encode("utf-8-sig")


def _xlsx(count: int) -> bytes:
    book = Workbook()  # with shared strings, as spreadsheets write them
    sheet = book.active
    assert sheet is not None
    for row in [("REGISTER PELANGGAN PRIORITY",), HEADINGS, *_rows(count)]:
        sheet.append(row)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


if __name__ == "__main__":
    import sys

    from models.database import migrate, open_engine

    migrate(sys.argv[1])
    print(reference_figures(open_engine(sys.argv[1]), datetime.now(UTC)))
