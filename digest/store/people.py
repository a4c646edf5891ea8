"""
One person: another address, a copy of all that is known of them, or nothing left but a hash.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, select, update

from ..addresses import key_of
from ..errors import AddressTaken, NotFoundError
from ..model import Cause, State
from ..text import mask_address
from .changes import change_state, record
from .database import Database
from .hashing import Hashes
from .rows import is_of
from .schema import letters, subscribers, subscriptions
from .schema_readers import mails, signups
from .story import told
from .subscribing import subscribe
from .suppression import lift, suppress


class People:
    """
    What is done to somebody by their id, at their own wish.
    """

    def __init__(self, database: Database, clock: Callable[[], datetime], hashes: Hashes) -> None:
        self._database, self._clock, self._hashes = database, clock, hashes

    def join(
        self, newsletter: int, subscriber_id: int, topics: Sequence[str] | None, cause: Cause
    ) -> None:
        """
        One newsletter more, or again; `newsletter` is its number.
        """
        with self._database.writing() as connection:
            _person(connection, subscriber_id)
            subscribe(connection, newsletter, subscriber_id, topics, cause, self._clock())

    def change_address(self, subscriber_id: int, address: str, cause: Cause) -> None:
        """
        Letters go to `address` from the next one on. AddressTaken if somebody else has it.

        What bounced at the old address is active again: it was the address that was dead.
        """
        now = self._clock()
        with self._database.writing() as connection:
            person = _person(connection, subscriber_id)
            other = connection.execute(
                select(subscribers.c.id).where(
                    subscribers.c.address_key == key_of(address), subscribers.c.id != subscriber_id
                )
            ).first()
            if other:
                raise AddressTaken(f"{mask_address(address)} is subscribed already")
            lift(connection, self._hashes, address)
            connection.execute(
                update(subscribers)
                .where(subscribers.c.id == subscriber_id)
                .values(address=address, address_key=key_of(address))
            )
            change = {
                "subscriber_id": subscriber_id,
                "newsletter": None,
                "before": mask_address(person.address),
                "after": mask_address(address),
            }
            record(connection, [change], "address", cause, now)
            among = (subscriptions.c.subscriber_id == subscriber_id) & (
                subscriptions.c.state == State.BOUNCED.value
            )
            change_state(connection, among, State.ACTIVE, cause, now)

    def export(self, subscriber_id: int) -> dict[str, Any]:
        """
        All that is known of somebody, as a document. NotFoundError if they are not here.
        """
        with self._database.reading() as connection:
            person = _person(connection, subscriber_id)
            return told(connection, person.address_key, self._clock()) or {}

    def erase(self, subscriber_id: int) -> None:
        """
        Forget somebody, but for a hash by which no list can bring them back, only they themselves.

        The ledger keeps that letters were sent, to a number that leads to nobody any more.
        """
        with self._database.writing() as connection:
            person = _person(connection, subscriber_id)
            suppress(connection, self._hashes, person.address, self._clock())
            connection.execute(update(letters).where(is_of(subscriber_id)).values(reply=None))
            connection.execute(delete(signups).where(signups.c.address_key == person.address_key))
            connection.execute(delete(mails).where(mails.c.recipient == person.address))
            connection.execute(
                delete(subscriptions).where(subscriptions.c.subscriber_id == subscriber_id)
            )
            connection.execute(delete(subscribers).where(subscribers.c.id == subscriber_id))


def _person(connection: Connection, subscriber_id: int) -> Row:  # type: ignore[type-arg]
    row = connection.execute(select(subscribers).where(subscribers.c.id == subscriber_id)).first()
    if row is None:
        raise NotFoundError("nobody here has that number any more")
    return row
