"""
Double opt-in: who signed up is nobody here until they confirm, from the mail they got.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, Select, delete, insert, select, update

from ..addresses import key_of
from ..model import Cause, Entry, State, Subscriber
from .database import Database
from .hashing import Hashes
from .limits import Windows, allowed
from .mails import Waiting, keep
from .merging import current_rows
from .newcomers import insert_people
from .newsletters import number_for
from .schema_readers import signups
from .subscribing import listed, subscribe
from .suppression import lift

NONCE_BITS = 56
LIFETIME = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignUp:
    """
    What somebody asked for, and whether they have confirmed it.
    """

    nonce: int
    address: str
    newsletters: Mapping[str, Sequence[str] | None]  #: id -> topics of their own
    expires_at: datetime
    subscriber_id: int | None  #: None: not confirmed yet


class SignUps:
    """
    Sign-ups by their nonce, a random number that stands in a token.
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

    def sign_up(
        self,
        entry: Entry,
        newsletters: Mapping[str, Sequence[str] | None],
        evidence: Mapping[str, str | int],
        limits: Windows,
    ) -> Waiting | None:
        """
        Keep it for seven days, with the mail by which they confirm it; None: one mail too many.

        All of it or nothing: whom we fail today may try again today. The first of the newsletters
        writes. Whoever the address belongs to notices nothing else.
        """
        key, now = key_of(entry.address), self._clock()
        waiting = Waiting(
            nonce=self._random_bits(NONCE_BITS),
            purpose="confirm",
            newsletter=next(iter(newsletters)),
            recipient=entry.address,
        )
        with self._database.writing() as connection:
            if not allowed(connection, self._hashes, "sign-up of", key, limits, now):
                return None
            connection.execute(delete(signups).where(signups.c.expires_at <= now))
            connection.execute(
                insert(signups).values(
                    nonce=waiting.nonce,
                    address=entry.address,
                    address_key=key,
                    name=entry.name,
                    newsletters={name: listed(topics) for name, topics in newsletters.items()},
                    evidence=dict(evidence),
                    created_at=now,
                    expires_at=now + LIFETIME,
                )
            )
            keep(connection, waiting, now)
        return waiting

    def find(self, nonce: int) -> SignUp | None:
        """
        A sign-up that is not too old, confirmed or not.
        """
        with self._database.reading() as connection:
            row = connection.execute(_valid(nonce, self._clock())).first()
        return _sign_up(row) if row else None

    def pending_iter(self, newsletter_id: str) -> Iterator[tuple[Subscriber, datetime]]:
        """
        Who has not confirmed yet, and when they signed up. They have no number.
        """
        with self._database.reading() as connection:
            rows = connection.execute(
                select(signups)
                .where(signups.c.subscriber_id.is_(None), signups.c.expires_at > self._clock())
                .order_by(signups.c.created_at)
            )
            for row in rows:
                if newsletter_id in row.newsletters:
                    topics = tuple(row.newsletters[newsletter_id] or ()) or None
                    subscriber = Subscriber(id=0, address=row.address, name=row.name, topics=topics)
                    yield subscriber, row.created_at

    def confirm(self, nonce: int, evidence: Mapping[str, str | int]) -> SignUp | None:
        """
        They read these newsletters from now on, whatever was before; None if it is too old.

        Safe to repeat: the second time changes nothing.
        """
        now = self._clock()
        with self._database.writing() as connection:
            row = connection.execute(_valid(nonce, now).with_for_update()).first()
            if row is None:
                return None
            if row.subscriber_id is None:
                cause = Cause(
                    by="reader",
                    reason="signed up, and confirmed it by mail",
                    evidence={
                        "signed_up_at": f"{row.created_at:%Y-%m-%dT%H:%M:%SZ}",
                        **row.evidence,
                        **evidence,
                    },
                )
                self._accept(connection, row, cause, now)
                row = connection.execute(_valid(nonce, now)).first()
        return _sign_up(row) if row else None

    def _accept(self, connection: Connection, row: Row, cause: Cause, now: datetime) -> None:  # type: ignore[type-arg]
        entry = Entry(address=row.address, name=row.name)
        lift(connection, self._hashes, row.address)
        subscriber_id = None
        for newsletter_id, topics in row.newsletters.items():
            number = number_for(connection, newsletter_id)
            known = current_rows(connection, number, [row.address_key]).get(row.address_key)
            if known is None:
                ids = insert_people(connection, [entry], self._random_bits, now)
                subscriber_id, state = ids[row.address_key], None
            else:
                subscriber_id, state = known.id, known.state
            if state != State.ACTIVE or topics:
                subscribe(connection, number, subscriber_id, topics, cause, now)
        connection.execute(
            update(signups).where(signups.c.nonce == row.nonce).values(subscriber_id=subscriber_id)
        )


def _valid(nonce: int, now: datetime) -> Select[Any]:
    return select(signups).where(signups.c.nonce == nonce, signups.c.expires_at > now)


def _sign_up(row: Row) -> SignUp:  # type: ignore[type-arg]
    return SignUp(
        nonce=row.nonce,
        address=row.address,
        newsletters=row.newsletters,
        expires_at=row.expires_at,
        subscriber_id=row.subscriber_id,
    )
