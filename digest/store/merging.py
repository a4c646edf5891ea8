"""
Rows of people and subscriptions, looked up and written many at a time.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, Row, insert, select, update

from ..model import Entry
from .schema import subscribers, subscriptions


def key_of(address: str) -> str:
    return address.casefold()


def listed(topics: Sequence[str] | None) -> list[str] | None:
    return list(topics) if topics else None


def current_rows(connection: Connection, newsletter: int, keys: Sequence[str]) -> dict[str, Row]:  # type: ignore[type-arg]
    """
    People by address, each with their state on the newsletter: None if they never had one.
    """
    rows = connection.execute(
        select(
            subscribers.c.id,
            subscribers.c.address_key,
            subscribers.c.name,
            subscriptions.c.state,
            subscriptions.c.topics,
        )
        .outerjoin(
            subscriptions,
            (subscriptions.c.subscriber_id == subscribers.c.id)
            & (subscriptions.c.newsletter == newsletter),
        )
        .where(subscribers.c.address_key.in_(keys))
    )
    return {row.address_key: row for row in rows}


def is_same(row: Row, entry: Entry) -> bool:  # type: ignore[type-arg]
    return entry.name in {"", row.name} and row.topics == listed(entry.topics)


def insert_subscriptions(
    connection: Connection,
    newsletter: int,
    entries: Sequence[Entry],
    ids: dict[str, int],
    now: datetime,
) -> None:
    rows = [
        {
            "newsletter": newsletter,
            "subscriber_id": ids[key_of(entry.address)],
            "topics": listed(entry.topics),
            "state": "active",
            "created_at": now,
            "changed_at": now,
        }
        for entry in entries
    ]
    if rows:
        connection.execute(insert(subscriptions), rows)


def update_subscription(
    connection: Connection, newsletter: int, subscriber_id: int, entry: Entry, now: datetime
) -> None:
    connection.execute(
        update(subscriptions)
        .where(
            subscriptions.c.newsletter == newsletter,
            subscriptions.c.subscriber_id == subscriber_id,
        )
        .values(state="active", topics=listed(entry.topics), changed_at=now)
    )


def rename(connection: Connection, row: Row, entry: Entry) -> None:  # type: ignore[type-arg]
    """
    A list without a name for somebody does not take away the one they have.
    """
    if entry.name and entry.name != row.name:
        connection.execute(
            update(subscribers).where(subscribers.c.id == row.id).values(name=entry.name)
        )
