"""
How often somebody may try something: fixed windows of time, counted in the store.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, delete, insert, select, update

from .database import Database
from .hashing import Hashes
from .schema_readers import attempts

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Windows = Sequence[tuple[int, timedelta]]


class Limits:
    """
    Who it was is kept as a keyed hash, and only until their window ends.
    """

    def __init__(self, database: Database, clock: Callable[[], datetime], hashes: Hashes) -> None:
        self._database, self._clock, self._hashes = database, clock, hashes

    def allow(self, what: str, who: str, limits: Windows) -> bool:
        """
        Whether one more is within all limits, such as 5 an hour and 20 a day. Then it counts.
        """
        with self._database.writing(durable=False) as connection:
            return allowed(connection, self._hashes, what, who, limits, self._clock())

    def hash_of(self, value: str) -> str:
        """
        A short name for who signed up from where, to be kept as evidence of consent.
        """
        with self._database.writing() as connection:
            return self._hashes.of(connection, "origin", value)[:16]


def allowed(
    connection: Connection,
    hashes: Hashes,
    what: str,
    who: str,
    limits: Windows,
    now: datetime,
) -> bool:
    """
    The same together with what is allowed: it counts only if that is kept.
    """
    connection.execute(delete(attempts).where(attempts.c.ends_at <= now))
    windows = [
        (hashes.of(connection, f"{what} {per}", who), _end(now, per), limit)
        for limit, per in limits
    ]
    numbers = [_number(connection, hashed, end) for hashed, end, _ in windows]
    if any(number >= limit for number, (*_, limit) in zip(numbers, windows, strict=True)):
        return False
    for number, (hashed, end, _) in zip(numbers, windows, strict=True):
        _count(connection, hashed, end, number + 1)
    return True


def _end(now: datetime, per: timedelta) -> datetime:
    return EPOCH + ((now - EPOCH) // per + 1) * per


def _number(connection: Connection, hashed: str, end: datetime) -> int:
    found: int | None = connection.scalar(
        select(attempts.c.number)
        .where(attempts.c.who_hash == hashed, attempts.c.ends_at == end)
        .with_for_update()
    )
    return found or 0


def _count(connection: Connection, hashed: str, end: datetime, number: int) -> None:
    if number == 1:
        connection.execute(insert(attempts).values(who_hash=hashed, ends_at=end, number=1))
        return
    connection.execute(
        update(attempts)
        .where(attempts.c.who_hash == hashed, attempts.c.ends_at == end)
        .values(number=number)
    )
