"""Telling staff: notices leave the outbox through apprise, by the channel set in a Prefect block."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar, cast
from urllib.parse import quote

from prefect import task
from prefect.blocks.core import Block
from prefect.cache_policies import NO_CACHE
from prefect.logging import get_run_logger
from pydantic import Field, SecretStr

from models.database import write_transaction
from models.notice_outbox import Message, claim_notices, compose, mark_failed, mark_sent, unsent
from tasks.database import desk_engine
from tasks.settings import Settings

BLOCK = "notice-channel/default"


class NoticeChannel(Block):
    """How staff are told: an apprise address with `{recipient}` where the staff code belongs."""

    _block_type_name: ClassVar[str] = "Notice channel"
    _block_type_slug: ClassVar[str] = "notice-channel"
    _description: ClassVar[str] = "The apprise address by which agents, team leaders and supervisors are told."

    url_template: SecretStr = Field(
        description=(
            "An apprise URL (https://appriseit.com/services/) with {recipient} for the staff code, for instance "
            "mailtos://user:password@mail.example.com?to={recipient}@example.com"
        )
    )


@dataclass(frozen=True, slots=True)
class Delivery:
    """What one round of delivery did; `problem` says what a person should look at."""

    sent: int
    waiting: int
    problem: str | None = None


@task(name="deliver notices", cache_policy=NO_CACHE)
def deliver_notices() -> Delivery:
    """Send what is due. A notice that does not arrive stays in the outbox and is tried again later."""
    now = datetime.now(UTC)
    with desk_engine().connect() as connection:
        waiting = unsent(connection)
    if not waiting:
        return Delivery(0, 0)
    try:
        # Prefect's dispatcher takes _sync, which its types do not know.
        channel = cast(NoticeChannel, NoticeChannel.load("default", _sync=True))  # type: ignore[call-arg]
    except ValueError:
        return Delivery(0, waiting, f"notices: create the block {BLOCK}; {waiting} wait until then")
    with write_transaction(desk_engine()) as connection:
        due = claim_notices(connection, now)
    sent = failed = 0
    for message in compose(due, f"{Settings().ui_url}/artifacts/key/cases-opened"):
        if _send(message, channel):
            with write_transaction(desk_engine()) as connection:
                mark_sent(connection, message, datetime.now(UTC))
            sent += len(message.notices)
        else:
            with write_transaction(desk_engine()) as connection:
                mark_failed(connection, message, "the channel did not take it", datetime.now(UTC))
            failed += len(message.notices)
    problem = f"notices: {failed} did not arrive and are tried again; see the block {BLOCK}" if failed else None
    if problem:
        get_run_logger().warning(problem)
    return Delivery(sent, waiting - sent, problem)


def _send(message: Message, channel: NoticeChannel) -> bool:
    """Give one message to apprise. Its own log is left alone: it could name the address."""
    from apprise import Apprise, NotifyFormat

    address = channel.url_template.get_secret_value().replace("{recipient}", quote(message.recipient, safe=""))
    sender = Apprise()
    if not sender.add(address):
        return False
    return bool(sender.notify(title=message.title, body=message.body, body_format=NotifyFormat.TEXT))
