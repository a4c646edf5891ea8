"""
Conditions on the rows of the ledger that several of its parts share.
"""

from datetime import datetime, timedelta
from functools import cache

from sqlalchemy import (
    ColumnElement,
    Connection,
    Exists,
    Select,
    Update,
    and_,
    case,
    exists,
    func,
    or_,
    select,
    update,
)

from ..errors import NotFoundError
from .schema import Moment, batches, issues, letters, subscriptions

UNSENT = ("waiting", "deferred")
#: What a run may still change that intended a letter: somebody else may have put it in doubt.
INTENDED = ("sending", "in_doubt")
#: How long a batch belongs to a run that gives no sign of life.
LEASE = timedelta(seconds=60)


def numbers_of(connection: Connection, issue_id: str) -> tuple[int, int]:
    """
    The numbers of a frozen issue and of its newsletter.
    """
    row = connection.execute(
        select(issues.c.number, issues.c.newsletter).where(
            issues.c.id == issue_id, issues.c.state == "frozen"
        )
    ).first()
    if row is None:
        raise NotFoundError(f'there is no issue "{issue_id}": `digest status` lists them')
    return row.number, row.newsletter


def is_of(subscriber: int | ColumnElement[int]) -> ColumnElement[bool]:
    """
    Whether a letter is that subscriber's, of whichever issue.

    One look for each issue: no index leads from a subscriber to their letters, and without the
    issues all letters that were ever sent would be gone through.
    """
    every = select(issues.c.number).correlate(None)
    return and_(letters.c.issue.in_(every), letters.c.subscriber_id == subscriber)


def is_intended_by(run: str | ColumnElement[str]) -> ColumnElement[bool]:
    return and_(letters.c.run == run, is_in(*INTENDED))


def is_in(*states: str) -> ColumnElement[bool]:
    """
    Whether a letter is in one of these states, also where many rows are changed at once.
    """
    return or_(*(letters.c.state == state for state in states))


def is_subscribed(newsletter: int | ColumnElement[int]) -> Exists:
    return exists().where(
        subscriptions.c.newsletter == newsletter,
        subscriptions.c.subscriber_id == letters.c.subscriber_id,
        subscriptions.c.state == "active",
    )


def has_letters(*states: str) -> Exists:
    """
    Whether a batch holds letters in one of these states.
    """
    return exists().where(
        letters.c.issue == batches.c.issue,
        letters.c.batch == batches.c.number,
        letters.c.state.in_(states),
    )


def time_of(connection: Connection) -> datetime:
    """
    The database's own time: leases compare the clocks of several machines.
    """
    now: datetime = connection.execute(_time()).scalar_one()
    return now


@cache
def _time() -> Select[datetime]:
    return select(func.current_timestamp(type_=Moment()))


def hold(connection: Connection, *among: ColumnElement[bool]) -> None:
    """
    Keep others from these batches until the transaction ends: batches before letters, as
    everywhere, and in one order, or two runs may wait for one another.
    """
    query = select(batches.c.number).where(*among).order_by(batches.c.number)
    connection.execute(query.with_for_update())


def let_go_of(*among: ColumnElement[bool]) -> Update:
    """
    Nobody holds these batches any more: they are closed, or open, from now on or from a moment on.
    """
    first = (
        select(func.min(letters.c.retry_at))
        .where(
            letters.c.issue == batches.c.issue,
            letters.c.batch == batches.c.number,
            letters.c.state == "deferred",
            ~has_letters("waiting"),
        )
        .scalar_subquery()
    )
    return (
        update(batches)
        .where(*among)
        .values(
            state=case((has_letters(*UNSENT), "open"), else_="closed"),
            run=None,
            lease_until=None,
            retry_at=first,
        )
    )
