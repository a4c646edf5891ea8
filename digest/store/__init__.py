"""
Subscribers, frozen issues and the ledger, in one database.
"""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from sqlalchemy import insert, select

from ..tokens import Key
from .database import Database
from .history import History
from .issues import Issues
from .ledger import Ledger
from .schema import keys
from .subscribers import Merged, Subscribers, Subscription

__all__ = ["Merged", "Store", "Subscription", "open_store"]

SECRET_BITS = 256


class Store:
    """
    One database: who reads what, what was frozen, and who has been sent what.
    """

    def __init__(
        self,
        database: Database,
        clock: Callable[[], datetime],
        random_bits: Callable[[int], int],
    ) -> None:
        self.subscribers = Subscribers(database, clock, random_bits)
        self.issues = Issues(database)
        self.ledger = Ledger(database, clock)
        self.history = History(database)
        self.lock = database.lock
        self._database, self._clock, self._random_bits = database, clock, random_bits

    @property
    def running(self) -> bool:
        """
        Whether a run is at work.
        """
        return self._database.locked

    def key(self) -> Key:
        """
        What signs the links of new letters; made when it is first needed.
        """
        with self._database.writing() as connection:
            row = connection.execute(select(keys).order_by(keys.c.number.desc())).first()
            if row:
                return Key(number=row.number, secret=row.secret)
            secret = self._random_bits(SECRET_BITS).to_bytes(SECRET_BITS // 8, "big")
            connection.execute(
                insert(keys).values(number=1, secret=secret, created_at=self._clock())
            )
        return Key(number=1, secret=secret)

    def close(self) -> None:
        self._database.close()


def open_store(
    path: Path,
    *,
    clock: Callable[[], datetime],
    random_bits: Callable[[int], int],
    read_only: bool = False,
) -> Store:
    """
    Open an SQLite file, made and migrated if need be. StoreError if it cannot be used.
    """
    return Store(Database(path, read_only=read_only), clock, random_bits)
