"""
The ledger's longer statements.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Update,
    and_,
    bindparam,
    or_,
    select,
    update,
)

from ..model import Outcome, Receipt, Recipient, Subscriber
from .rows import LEASE, UNSENT, intended_by
from .schema import batches, letters, subscribers

#: Between two attempts: twice as long each time.
FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=5), timedelta(minutes=67)


def next_batch(issue: int, run: str, lease_now: datetime, now: datetime) -> Select[int, str]:
    due = or_(batches.c.retry_at.is_(None), batches.c.retry_at <= now)
    # A lease far in the future is none: somebody's clock was wrong.
    held = batches.c.lease_until.between(lease_now, lease_now + LEASE)
    abandoned = and_(batches.c.state == "leased", batches.c.run != run, ~held)
    return (
        select(batches.c.number, batches.c.state)
        .where(batches.c.issue == issue, or_(and_(batches.c.state == "open", due), abandoned))
        .order_by(batches.c.number)
        .limit(1)
        .with_for_update(skip_locked=True)
    )


def doubt(connection: Connection, issue: int, batch: int, now: datetime) -> None:
    """
    Whoever held the batch shows no life: it may have sent what it intended, or may yet.
    """
    connection.execute(
        update(letters)
        .where(letters.c.issue == issue, letters.c.batch == batch, letters.c.state == "sending")
        .values(state="in_doubt", reply="its run was lost", changed_at=now)
    )


def batches_of(issue: int, subscriber_ids: Sequence[int]) -> ColumnElement[bool]:
    """
    The batches of these letters.
    """
    numbers = select(letters.c.batch).where(
        letters.c.issue == issue, letters.c.subscriber_id.in_(subscriber_ids)
    )
    return and_(batches.c.issue == issue, batches.c.number.in_(numbers))


def next_attempts(
    connection: Connection, issue: int, receipts: dict[int, Receipt], now: datetime
) -> dict[int, datetime]:
    deferred = [
        subscriber_id
        for subscriber_id, receipt in receipts.items()
        if receipt.outcome is Outcome.DEFERRED
    ]
    if not deferred:
        return {}
    rows = connection.execute(
        select(letters.c.subscriber_id, letters.c.attempts).where(
            letters.c.issue == issue, letters.c.subscriber_id.in_(deferred)
        )
    )
    return {
        row.subscriber_id: now + min(FIRST_WAIT * 2 ** min(row.attempts - 1, 9), LONGEST_WAIT)
        for row in rows
    }


def outcome(issue: int, run: str, now: datetime) -> Update:
    return (
        intended_by(issue, run)
        .where(letters.c.subscriber_id == bindparam("of_subscriber"))
        .values(
            state=bindparam("new_state"),
            code=bindparam("new_code"),
            kind=bindparam("new_kind"),
            reply=bindparam("new_reply"),
            retry_at=bindparam("new_retry_at"),
            changed_at=now,
        )
    )


def recipients(
    connection: Connection, issue: int, batch: int, now: datetime
) -> tuple[Recipient, ...]:
    due = or_(letters.c.retry_at.is_(None), letters.c.retry_at <= now)
    rows = connection.execute(
        select(letters.c.edition, subscribers.c.id, subscribers.c.address, subscribers.c.name)
        .join(subscribers, subscribers.c.id == letters.c.subscriber_id)
        .where(letters.c.issue == issue, letters.c.batch == batch, letters.c.state.in_(UNSENT), due)
        .order_by(subscribers.c.id)
    )
    return tuple(
        Recipient(
            subscriber=Subscriber(id=row.id, address=row.address, name=row.name),
            edition=row.edition,
        )
        for row in rows
    )
