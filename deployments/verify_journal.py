"""Checks the journal from a terminal, without Prefect: `python -m deployments.verify_journal [--anchor ID:HASH]`.

Prints one line: how many entries fit and the head, to be given as `--anchor` the next time; or the first broken entry.
`--database URL` checks another database than the one in force, a backup's copy for instance.
Exit status: 0 all fit, 1 broken, 2 not checked.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import Engine, create_engine
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from models.database import open_engine
from models.journal_check import Head, HeadError, JournalVerdict, check_journal, verdict_line
from tasks.settings import Settings

NOT_CHECKED = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Check and print; returns the exit status."""
    given = _parser().parse_args(arguments)
    try:
        verdict = check(given.database or Settings().records_url, given.anchor)
    except (OSError, SQLAlchemyError) as error:
        print(f"Journal: not checked. {_reason(error)}", file=sys.stderr)
        return NOT_CHECKED
    print(verdict_line(verdict))
    return 0 if verdict.broken is None else 1


def check(url: str, anchor: Head | None = None) -> JournalVerdict:
    """The verdict on the journal of a database that is there. Raises `OSError` where none is."""
    target = make_url(url)
    sqlite = target.get_backend_name() == "sqlite"
    if sqlite and not Path(target.database or "").is_file():
        raise FileNotFoundError(f"There is no database {target.database}.")
    engine = _open_to_read(target.database) if target.database and sqlite else open_engine(url)
    try:
        with engine.connect() as connection:
            return check_journal(connection, anchor)
    finally:
        engine.dispose()


def _open_to_read(database: str) -> Engine:
    """A SQLite file as it is: the copy that is checked may be evidence, and nothing of it must change."""
    return create_engine(f"sqlite:///file:{quote(str(Path(database).resolve()))}?mode=ro&uri=true")


def _reason(error: Exception) -> str:
    if isinstance(error, ArgumentError):
        return "--database takes an SQLAlchemy URL, as sqlite:////folder/care.db"
    return str(getattr(error, "orig", error)).strip()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m deployments.verify_journal", description="Check the journal.")
    parser.add_argument("--anchor", type=_head, metavar="ID:HASH", help="the head that an earlier check printed")
    parser.add_argument("--database", metavar="URL", help="the database to check, the one in force if not given")
    return parser


def _head(text: str) -> Head:
    try:
        return Head.parse(text)
    except HeadError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


if __name__ == "__main__":
    sys.exit(main())
