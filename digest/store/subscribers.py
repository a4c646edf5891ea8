"""
Who reads what: subscribers, and what they subscribed to.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from sqlalchemy import Connection, Row, insert, select, update

from ..errors import NotFoundError, StoreError
from ..model import Entry, Subscriber
from ..text import mask_address
from .database import Database
from .merging import (
    current_rows,
    insert_subscriptions,
    is_same,
    key_of,
    rename,
    update_subscription,
)
from .newsletters import number_for, number_of
from .schema import newsletters, subscribers, subscriptions

ID_BITS = 40
#: Addresses per statement: SQLite takes 32,766 values at most, and nobody waits long for the rest.
CHUNK = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """
    One subscriber's state on one newsletter.
    """

    newsletter: str
    state: str  #: active or unsubscribed
    topics: tuple[str, ...] | None
    created_at: datetime
    changed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """
    What an import changed. Who unsubscribed stays unsubscribed.
    """

    added: int = 0
    updated: int = 0
    unchanged: int = 0
    unsubscribed: int = 0


class Subscribers:
    """
    The lists. Addresses that differ only in case are one address.
    """

    def __init__(
        self,
        database: Database,
        clock: Callable[[], datetime],
        random_bits: Callable[[int], int],
    ) -> None:
        self._database, self._clock, self._random_bits = database, clock, random_bits

    def add(self, newsletter_id: str, entry: Entry) -> None:
        """
        Subscribe one address, or subscribe it again. StoreError if it is subscribed.
        """
        with self._database.writing() as connection:
            newsletter = number_for(connection, newsletter_id)
            current = current_rows(connection, newsletter, [key_of(entry.address)])
            row = current.get(key_of(entry.address))
            if row is not None and row.state == "active":
                message = (
                    f"{mask_address(entry.address)} is subscribed to {newsletter_id} already:"
                    " change their topics with `digest subscribers topics`"
                )
                raise StoreError(message)
            self._merge(connection, newsletter, [entry], again=True)

    def merge(self, newsletter_id: str, entries: Iterable[Entry]) -> Merged:
        """
        Add or update many, each address once. Safe to run again.
        """
        total = Merged()
        remaining = iter(entries)
        while chunk := list(islice(remaining, CHUNK)):
            with self._database.writing() as connection:
                newsletter = number_for(connection, newsletter_id)
                merged = self._merge(connection, newsletter, chunk, again=False)
            total = Merged(
                added=total.added + merged.added,
                updated=total.updated + merged.updated,
                unchanged=total.unchanged + merged.unchanged,
                unsubscribed=total.unsubscribed + merged.unsubscribed,
            )
        return total

    def remove(self, newsletter_id: str, address: str) -> None:
        """
        Unsubscribe: they get no letter that is not on its way yet.
        """
        self._change(newsletter_id, address, state="unsubscribed")

    def prefer(self, newsletter_id: str, address: str, topics: Sequence[str] | None) -> None:
        """
        Give a subscriber topics of their own, or the newsletter's.
        """
        self._change(newsletter_id, address, topics=list(topics) if topics else None)

    def active_iter(self, newsletter_id: str) -> Iterator[Subscriber]:
        """
        Everybody who gets this newsletter, in the order of their ids.
        """
        with self._database.reading() as connection:
            newsletter = number_of(connection, newsletter_id)
            rows = connection.execution_options(yield_per=CHUNK).execute(
                select(
                    subscribers.c.id,
                    subscribers.c.address,
                    subscribers.c.name,
                    subscriptions.c.topics,
                )
                .join(subscriptions, subscriptions.c.subscriber_id == subscribers.c.id)
                .where(subscriptions.c.newsletter == newsletter, subscriptions.c.state == "active")
                .order_by(subscribers.c.id)
            )
            for row in rows:
                topics = tuple(row.topics) if row.topics else None
                yield Subscriber(id=row.id, address=row.address, name=row.name, topics=topics)

    def find(self, address: str) -> tuple[Subscriber, tuple[Subscription, ...]]:
        """
        One person and all their subscriptions. NotFoundError if nobody has that address.
        """
        with self._database.reading() as connection:
            person = connection.execute(
                select(subscribers).where(subscribers.c.address_key == key_of(address))
            ).first()
            if person is None:
                raise NotFoundError(f"nobody here has the address {mask_address(address)}")
            rows = connection.execute(
                select(subscriptions, newsletters.c.id.label("newsletter_id"))
                .join(newsletters, newsletters.c.number == subscriptions.c.newsletter)
                .where(subscriptions.c.subscriber_id == person.id)
                .order_by(newsletters.c.id)
            ).all()
        subscriber = Subscriber(id=person.id, address=person.address, name=person.name)
        return subscriber, tuple(map(_subscription, rows))

    def number(self, newsletter_id: str) -> int:
        """
        The number of a newsletter in tokens.
        """
        with self._database.writing() as connection:
            return number_for(connection, newsletter_id)

    def _change(self, newsletter_id: str, address: str, **values: object) -> None:
        with self._database.writing() as connection:
            newsletter = number_of(connection, newsletter_id)
            of_address = select(subscribers.c.id).where(
                subscribers.c.address_key == key_of(address)
            )
            changed = connection.execute(
                update(subscriptions)
                .where(
                    subscriptions.c.newsletter == newsletter,
                    subscriptions.c.subscriber_id.in_(of_address),
                    subscriptions.c.state == "active",
                )
                .values(**values, changed_at=self._clock())
            )
            if not changed.rowcount:
                message = f"{mask_address(address)} is not subscribed to {newsletter_id}"
                raise NotFoundError(message)

    def _merge(
        self, connection: Connection, newsletter: int, entries: Sequence[Entry], *, again: bool
    ) -> Merged:
        """
        `again` also subscribes those who had left.
        """
        now = self._clock()
        current = current_rows(connection, newsletter, [key_of(entry.address) for entry in entries])
        known = [entry for entry in entries if key_of(entry.address) in current]
        new = [entry for entry in entries if key_of(entry.address) not in current]
        ids = {key: row.id for key, row in current.items()}
        ids |= self._insert_people(connection, new, now)
        missing = new + [each for each in known if current[key_of(each.address)].state is None]
        insert_subscriptions(connection, newsletter, missing, ids, now)
        counts = {"added": len(missing), "updated": 0, "unchanged": 0, "unsubscribed": 0}
        for entry in known:
            row = current[key_of(entry.address)]
            if row.state is None:
                rename(connection, row, entry)
                continue
            left = row.state != "active"
            if left and not again:
                counts["unsubscribed"] += 1
            elif not left and is_same(row, entry):
                counts["unchanged"] += 1
            else:
                counts["added" if left else "updated"] += 1
                rename(connection, row, entry)
                update_subscription(connection, newsletter, row.id, entry, now)
        return Merged(**counts)

    def _insert_people(
        self, connection: Connection, entries: Sequence[Entry], now: datetime
    ) -> dict[str, int]:
        fresh = self._fresh_ids(connection, len(entries))
        ids = {key_of(entry.address): each for entry, each in zip(entries, fresh, strict=True)}
        rows = [
            {
                "id": ids[key_of(entry.address)],
                "address": entry.address,
                "address_key": key_of(entry.address),
                "name": entry.name,
                "created_at": now,
            }
            for entry in entries
        ]
        if rows:
            connection.execute(insert(subscribers), rows)
        return ids

    def _fresh_ids(self, connection: Connection, wanted: int) -> list[int]:
        """
        Ids that nobody has. Among 500,000 people two of 40 random bits are likely to meet.
        """
        ids: set[int] = set()
        while len(ids) < wanted:
            drawn = {self._random_bits(ID_BITS) for _ in range(wanted - len(ids))} - {0}
            taken = connection.execute(select(subscribers.c.id).where(subscribers.c.id.in_(drawn)))
            ids |= drawn - set(taken.scalars())
        return list(ids)


def _subscription(row: Row) -> Subscription:  # type: ignore[type-arg]
    return Subscription(
        newsletter=row.newsletter_id,
        state=row.state,
        topics=tuple(row.topics) if row.topics else None,
        created_at=row.created_at,
        changed_at=row.changed_at,
    )
