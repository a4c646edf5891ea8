"""
One subscription, made or made active again, with what shows that it was wanted.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from ..model import Cause, State
from .changes import change_state, of_reader, record
from .schema import subscriptions


def subscribe(
    connection: Connection,
    newsletter: int,
    subscriber_id: int,
    topics: Sequence[str] | None,
    cause: Cause,
    now: datetime,
) -> None:
    """
    Whatever it was before, it is active from now on, with these topics.
    """
    this = of_reader(newsletter, [subscriber_id])
    before = connection.execute(select(subscriptions.c.state).where(this)).first()
    if before is None:
        connection.execute(
            insert(subscriptions).values(
                newsletter=newsletter,
                subscriber_id=subscriber_id,
                topics=listed(topics),
                state=State.ACTIVE.value,
                created_at=now,
                changed_at=now,
            )
        )
        row = {"subscriber_id": subscriber_id, "newsletter": newsletter, "before": None}
        record(connection, [{**row, "after": State.ACTIVE.value}], "state", cause, now)
        return
    change_state(connection, this, State.ACTIVE, cause, now)
    choose_topics(connection, newsletter, subscriber_id, topics, cause, now)


def choose_topics(
    connection: Connection,
    newsletter: int,
    subscriber_id: int,
    topics: Sequence[str] | None,
    cause: Cause,
    now: datetime,
) -> bool:
    """
    Topics of their own, or the newsletter's. Whether there is such a subscription.
    """
    this = of_reader(newsletter, [subscriber_id])
    row = connection.execute(select(subscriptions.c.topics).where(this).with_for_update()).first()
    if row is None:
        return False
    if row.topics != listed(topics):
        connection.execute(
            update(subscriptions).where(this).values(topics=listed(topics), changed_at=now)
        )
        change = {
            "subscriber_id": subscriber_id,
            "newsletter": newsletter,
            "before": shown(row.topics),
            "after": shown(topics),
        }
        record(connection, [change], "topics", cause, now)
    return True


def listed(topics: Sequence[str] | None) -> list[str] | None:
    """
    As they are kept: none of their own is nothing.
    """
    return list(topics) if topics else None


def shown(topics: Sequence[str] | None) -> str:
    """
    Topics in one line; the newsletter's have no name.
    """
    return "; ".join(topics or ())
