"""
The secrets that sign links: the newest signs, the one before it is still believed.
"""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from ..tokens import Key
from .database import Database
from .schema import keys

SECRET_BITS = 256
#: What a token has room for. Number 0 is the previews'.
MAX_NUMBER = 15
#: Keys at once: that of new letters, and that of letters sent before it was made.
BELIEVED = 2


class Keys:
    """
    Keys by number, made when they are first needed.
    """

    def __init__(
        self,
        database: Database,
        clock: Callable[[], datetime],
        random_bits: Callable[[int], int],
    ) -> None:
        self._database, self._clock, self._random_bits = database, clock, random_bits

    def newest(self) -> Key:
        """
        What signs new letters.
        """
        if believed := self.believed():
            return believed[0]
        with self._database.writing() as connection:
            # Another process may have been faster.
            believed = _believed(connection)
            return believed[0] if believed else self._make(connection, 1)

    def believed(self) -> tuple[Key, ...]:
        """
        Whose links are good, the newest first.
        """
        with self._database.reading() as connection:
            return _believed(connection)

    def rotate(self) -> Key:
        """
        A new key. Links of the last one stay good, those of the one before do not.
        """
        number = self.newest().number % MAX_NUMBER + 1
        with self._database.writing() as connection:
            connection.execute(delete(keys).where(keys.c.number == number))
            return self._make(connection, number)

    def _make(self, connection: Connection, number: int) -> Key:
        secret = self._random_bits(SECRET_BITS).to_bytes(SECRET_BITS // 8, "big")
        connection.execute(
            insert(keys).values(number=number, secret=secret, created_at=self._clock())
        )
        return Key(number=number, secret=secret)


def _believed(connection: Connection) -> tuple[Key, ...]:
    rows = connection.execute(
        select(keys).order_by(keys.c.created_at.desc(), keys.c.number.desc()).limit(BELIEVED)
    )
    return tuple(Key(number=row.number, secret=row.secret) for row in rows)
