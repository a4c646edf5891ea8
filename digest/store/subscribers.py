"""
Who reads what: subscribers, and what they subscribed to.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, select

from ..addresses import key_of
from ..errors import NotFoundError, StoreError
from ..model import Cause, Entry, State, Subscriber
from ..text import mask_address
from .changes import change_state, last_change, of_reader
from .database import Database
from .hashing import Hashes
from .merging import FORGOTTEN, Merged, Merging, current_rows, merge_entries
from .newsletters import number_for, number_of
from .schema import newsletters, subscribers, subscriptions
from .schema_readers import suppressions
from .story import told, told_of_erased
from .subscribing import choose_topics
from .suppression import forgotten_at

__all__ = ["Merged", "Subscribers", "Subscription"]

#: Addresses per statement and transaction: SQLite takes 32,766 values at most.
CHUNK = 4_000
OPERATOR = Cause(by="operator", reason="by hand")


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """
    One subscriber's state on one newsletter.
    """

    newsletter: str
    state: str
    topics: tuple[str, ...] | None
    created_at: datetime
    changed_at: datetime


class Subscribers:
    """
    The lists. Addresses that differ only in case are one address.
    """

    def __init__(
        self,
        database: Database,
        clock: Callable[[], datetime],
        random_bits: Callable[[int], int],
        hashes: Hashes,
    ) -> None:
        self._database, self._clock, self._random_bits = database, clock, random_bits
        self._hashes = hashes

    def add(self, newsletter_id: str, entry: Entry, cause: Cause = OPERATOR) -> None:
        """
        Subscribe one address, or subscribe it again. StoreError if it is, or does not want to be.
        """
        masked = mask_address(entry.address)
        with self._database.writing() as connection:
            newsletter = number_for(connection, newsletter_id)
            current = current_rows(connection, newsletter, [key_of(entry.address)])
            row = current.get(key_of(entry.address))
            if row is not None and row.state == State.ACTIVE:
                message = (
                    f"{masked} is subscribed to {newsletter_id} already:"
                    " change their topics with `digest subscribers topics`"
                )
                raise StoreError(message)
            merged = self._merge(connection, newsletter, [entry], cause, again=True)
            if merged.erased:
                raise StoreError(f"{masked} {FORGOTTEN}")
            if merged.complained:
                raise StoreError(
                    f"{masked} called a letter of {newsletter_id}, or of another newsletter, spam:"
                    " if they want it after all, use `digest subscribers restore`"
                )

    def merge(
        self,
        newsletter_id: str,
        entries: Iterable[Entry],
        cause: Cause = OPERATOR,
        *,
        again: bool = False,
        away: Callable[[Entry, str], None] = lambda *_: None,
        dry_run: bool = False,
    ) -> Merged:
        """
        Add or update many, each address once. Safe to run again.

        Who left stays away unless it is `again`; `away` hears of everybody who does. A dry run
        finds the same, and takes everything back.
        """
        total = Merged()
        remaining = iter(entries)
        while chunk := list(islice(remaining, CHUNK)):
            with self._database.writing() as connection:
                newsletter = number_for(connection, newsletter_id)
                total += self._merge(connection, newsletter, chunk, cause, again=again, away=away)
                if dry_run:
                    connection.rollback()
        return total

    def remove(self, newsletter_id: str, address: str, cause: Cause = OPERATOR) -> None:
        """
        Unsubscribe: they get no letter that is not on its way yet.
        """
        with self._database.writing() as connection:
            among = _active(connection, newsletter_id, address)
            if not change_state(connection, among, State.UNSUBSCRIBED, cause, self._clock()):
                raise _not_subscribed(newsletter_id, address)

    def restore(self, newsletter_id: str, address: str, cause: Cause = OPERATOR) -> tuple[str, str]:
        """
        Take back the last change of their state: (what it was, what it is again).
        """
        with self._database.writing() as connection:
            newsletter = number_of(connection, newsletter_id)
            person = _person(connection, address)
            change = last_change(connection, newsletter or 0, person.id)
            if change is None or change.before is None:
                masked = mask_address(address)
                raise NotFoundError(f"nothing about {masked} on {newsletter_id} can be taken back")
            among = of_reader(newsletter or 0, [person.id])
            change_state(connection, among, State(change.before), cause, self._clock())
        return change.after, change.before

    def prefer(
        self,
        newsletter_id: str,
        address: str,
        topics: Sequence[str] | None,
        cause: Cause = OPERATOR,
    ) -> None:
        """
        Give a subscriber topics of their own, or the newsletter's.
        """
        with self._database.writing() as connection:
            row = connection.execute(
                select(subscriptions.c.newsletter, subscriptions.c.subscriber_id).where(
                    _active(connection, newsletter_id, address)
                )
            ).first()
            if row is None:
                raise _not_subscribed(newsletter_id, address)
            choose_topics(
                connection, row.newsletter, row.subscriber_id, topics, cause, self._clock()
            )

    def active_iter(self, newsletter_id: str) -> Iterator[Subscriber]:
        """
        Everybody who gets this newsletter, in the order of their ids.
        """
        return (subscriber for subscriber, _ in self.in_state_iter(newsletter_id, State.ACTIVE))

    def in_state_iter(
        self, newsletter_id: str, state: State
    ) -> Iterator[tuple[Subscriber, datetime]]:
        """
        Everybody who stands so on this newsletter, and since when.
        """
        with self._database.reading() as connection:
            newsletter = number_of(connection, newsletter_id)
            query = (
                select(
                    subscribers.c.id,
                    subscribers.c.address,
                    subscribers.c.name,
                    subscriptions.c.topics,
                    subscriptions.c.changed_at,
                )
                .join(subscriptions, subscriptions.c.subscriber_id == subscribers.c.id)
                .where(
                    subscriptions.c.newsletter == newsletter,
                    subscriptions.c.state == state.value,
                )
                .order_by(subscribers.c.id)
            )
            with connection.execute(query, execution_options={"yield_per": CHUNK}) as rows:
                for row in rows:
                    topics = tuple(row.topics) if row.topics else None
                    subscriber = Subscriber(
                        id=row.id, address=row.address, name=row.name, topics=topics
                    )
                    yield subscriber, row.changed_at

    def find(self, address: str) -> tuple[Subscriber, tuple[Subscription, ...]]:
        """
        One person and all their subscriptions. NotFoundError if nobody has that address.
        """
        with self._database.reading() as connection:
            person = _person(connection, address)
            rows = connection.execute(
                select(subscriptions, newsletters.c.id.label("newsletter_id"))
                .join(newsletters, newsletters.c.number == subscriptions.c.newsletter)
                .where(subscriptions.c.subscriber_id == person.id)
                .order_by(newsletters.c.id)
            ).all()
        subscriber = Subscriber(id=person.id, address=person.address, name=person.name)
        return subscriber, tuple(map(_subscription, rows))

    def story(self, address: str) -> dict[str, Any]:
        """
        All that is known of somebody, as a document. NotFoundError if nobody has that address.

        Of who was erased it is that, as "state", and "since" when.
        """
        with self._database.reading() as connection:
            document = told(connection, key_of(address), self._clock())
            if document is None and (at := forgotten_at(connection, self._hashes, address)):
                document = told_of_erased(address, at)
        if document is None:
            raise _unknown(address)
        return document

    def erased_iter(self) -> Iterator[datetime]:
        """
        When people were erased. Who they were, and on which lists, nobody knows any more.
        """
        with self._database.reading() as connection:
            yield from connection.scalars(select(suppressions.c.at).order_by(suppressions.c.at))

    def number(self, newsletter_id: str) -> int:
        """
        The number of a newsletter in tokens.
        """
        with self._database.writing() as connection:
            return number_for(connection, newsletter_id)

    def _merge(
        self,
        connection: Connection,
        newsletter: int,
        entries: Sequence[Entry],
        cause: Cause,
        *,
        again: bool,
        away: Callable[[Entry, str], None] = lambda *_: None,
    ) -> Merged:
        merging = Merging(
            cause=cause,
            now=self._clock(),
            random_bits=self._random_bits,
            hashes=self._hashes,
            again=again,
            away=away,
        )
        return merge_entries(connection, newsletter, entries, merging)


def _active(connection: Connection, newsletter_id: str, address: str) -> ColumnElement[bool]:
    of_address = select(subscribers.c.id).where(subscribers.c.address_key == key_of(address))
    return (
        (subscriptions.c.newsletter == number_of(connection, newsletter_id))
        & subscriptions.c.subscriber_id.in_(of_address)
        & (subscriptions.c.state == State.ACTIVE.value)
    )


def _person(connection: Connection, address: str) -> Row:  # type: ignore[type-arg]
    person = connection.execute(
        select(subscribers).where(subscribers.c.address_key == key_of(address))
    ).first()
    if person is None:
        raise _unknown(address)
    return person


def _unknown(address: str) -> NotFoundError:
    return NotFoundError(f"nobody here has the address {mask_address(address)}")


def _not_subscribed(newsletter_id: str, address: str) -> NotFoundError:
    return NotFoundError(f"{mask_address(address)} is not subscribed to {newsletter_id}")


def _subscription(row: Row) -> Subscription:  # type: ignore[type-arg]
    return Subscription(
        newsletter=row.newsletter_id,
        state=row.state,
        topics=tuple(row.topics) if row.topics else None,
        created_at=row.created_at,
        changed_at=row.changed_at,
    )
