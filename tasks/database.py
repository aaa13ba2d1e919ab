"""The desk's database as tasks open it: one engine a process."""

from functools import cache

from sqlalchemy import Engine

from models.database import open_engine
from tasks.settings import Settings


@cache
def _engine(url: str) -> Engine:
    return open_engine(url)


def desk_engine() -> Engine:
    """The engine of the database the settings name; the same one for every task of a process."""
    return _engine(Settings().records_url)
