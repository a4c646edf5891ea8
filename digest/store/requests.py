"""
What readers asked for, and do by a link that was mailed to them: good for a while only.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, insert, select

from .database import Database
from .schema_readers import requests

NONCE_BITS = 56


class Requests:
    """
    Requests by their nonce, a random number that stands in a token.
    """

    def __init__(
        self,
        database: Database,
        clock: Callable[[], datetime],
        random_bits: Callable[[int], int],
    ) -> None:
        self._database, self._clock, self._random_bits = database, clock, random_bits

    def ask(self, purpose: str, subscriber_id: int, value: str, lifetime: timedelta) -> int:
        """
        Keep a request; its nonce.
        """
        now, nonce = self._clock(), self._random_bits(NONCE_BITS)
        with self._database.writing() as connection:
            connection.execute(delete(requests).where(requests.c.expires_at <= now))
            connection.execute(
                insert(requests).values(
                    nonce=nonce,
                    purpose=purpose,
                    subscriber_id=subscriber_id,
                    value=value,
                    expires_at=now + lifetime,
                )
            )
        return nonce

    def find(self, nonce: int, purpose: str) -> tuple[int, str] | None:
        """
        (subscriber id, value) of a request that is neither too old nor done.
        """
        with self._database.reading() as connection:
            return _found(connection, nonce, purpose, self._clock())

    def redeem(self, nonce: int, purpose: str) -> tuple[int, str] | None:
        """
        The same, for the last time: of two who come at once, one gets it.
        """
        with self._database.writing() as connection:
            found = _found(connection, nonce, purpose, self._clock())
            gone = connection.execute(delete(requests).where(requests.c.nonce == nonce))
        return found if gone.rowcount else None


def _found(
    connection: Connection, nonce: int, purpose: str, now: datetime
) -> tuple[int, str] | None:
    row = connection.execute(
        select(requests.c.subscriber_id, requests.c.value).where(
            requests.c.nonce == nonce,
            requests.c.purpose == purpose,
            requests.c.expires_at > now,
        )
    ).first()
    return (row.subscriber_id, row.value) if row else None
