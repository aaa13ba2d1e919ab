"""Our answers leave the outbox for the customer's platform, each once (clause 5.3.2a)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.logging import get_run_logger
from sqlalchemy import select

from models.accounts import WatchedAccountRow
from models.database import write_transaction
from models.reply_outbox import (
    DueReply,
    begin_try,
    claim_replies,
    give_back,
    given_up,
    mark_sent,
    put_off,
    replies_waiting,
)
from tasks.database import desk_engine
from tasks.desk_data import instruction
from tasks.platforms.credentials import may_post
from tasks.platforms.errors import DeliveryUnknown, DuplicateText, PlatformError, PlatformUnavailable, RateLimited
from tasks.platforms.posting import Sender, find_reply, post_reply


@dataclass(frozen=True, slots=True)
class Sending:
    """What one round of sending did: answers sent, given back to the agent, and still waiting."""

    sent: int = 0
    given_back: int = 0
    waiting: int = 0


def accounts_that_post() -> frozenset[tuple[str, str]]:
    """The watched accounts the desk has credentials to post as: platform and handle in lower case."""
    with desk_engine().connect() as connection:
        watched = connection.execute(
            select(WatchedAccountRow.platform, WatchedAccountRow.handle).where(WatchedAccountRow.active)
        ).all()
    return frozenset((row.platform, row.handle.lower()) for row in watched if may_post(row.platform, row.handle))


@task(name="deliver replies", cache_policy=NO_CACHE)
def deliver_replies() -> Sending:
    """Send the answers that are due. One whose earlier try ended unknown is looked for first, so none goes twice."""
    with desk_engine().connect() as connection:
        if not replies_waiting(connection):
            return Sending()
    with write_transaction(desk_engine()) as connection:
        due = claim_replies(connection, datetime.now(UTC))
    ends = [_send(reply) for reply in due]
    with desk_engine().connect() as connection:
        return Sending(ends.count("sent"), ends.count("given back"), replies_waiting(connection))


def _send(reply: DueReply) -> str:
    """Try to send one answer; what came of it."""
    sender = Sender(reply.platform, reply.sender_id, reply.sender_handle)
    unknown = reply.tried_at is not None
    try:
        posted = find_reply(sender, reply.reply_to, reply.text, reply.tried_at) if reply.tried_at else None
        if posted is None:
            if given_up(reply, datetime.now(UTC)):
                return _back(reply, "it could not be sent within an hour; see whether it is there, and answer again")
            with write_transaction(desk_engine()) as connection:
                if not begin_try(connection, reply, datetime.now(UTC)):
                    return "another's"
            posted = post_reply(sender, reply.reply_to, reply.text)
    except RateLimited as error:
        return _later(reply, error, error.reset_at, unknown=unknown)
    except PlatformUnavailable as error:
        return _later(reply, error, None, unknown=unknown)
    except DeliveryUnknown as error:
        return _later(reply, error, None, unknown=True)
    except DuplicateText as error:
        # After a try that ended unknown it most likely is that try, not to be seen yet.
        return _later(reply, error, None, unknown=True) if unknown else _back(reply, str(error))
    except PlatformError as error:
        return _back(reply, str(error))
    except Exception as error:  # noqa: BLE001 (Prefect away, or a defect of ours: it must not go out twice for it)
        get_run_logger().exception("An answer could not be sent")
        return _later(reply, PlatformUnavailable(f"not sent ({type(error).__name__})"), None, unknown=True)
    with write_transaction(desk_engine()) as connection:
        mark_sent(connection, reply, posted, instruction(), datetime.now(UTC))
    return "sent"


def _later(reply: DueReply, error: PlatformError, at: datetime | None, *, unknown: bool) -> str:
    now = datetime.now(UTC)
    if given_up(reply, now):
        return _back(reply, f"it could not be sent within an hour ({error}); see whether it is there")
    with write_transaction(desk_engine()) as connection:
        put_off(connection, reply, str(error), at, now, unknown=unknown)
    get_run_logger().warning("An answer waits: %s", error)
    return "put off"


def _back(reply: DueReply, why: str) -> str:
    if reply.tried_at is not None:
        why = f"{why} (it may have arrived all the same: look first)"
    with write_transaction(desk_engine()) as connection:
        give_back(connection, reply, why, instruction(), datetime.now(UTC))
    get_run_logger().warning("An answer did not reach the customer: %s", why)
    return "given back"
