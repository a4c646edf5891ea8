"""
One rate for all workers together: moments at which letters may leave, handed out in blocks.
"""

from sqlalchemy import func, insert, select, update

from .database import Database
from .schema import paces


class Paces:
    """
    On PostgreSQL, whose clock counts for all.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def reserve(self, name: str, letters: int, per_second: float) -> float:
        """
        Seconds to wait before so many letters may leave.
        """
        with self._database.writing(durable=False) as connection:
            clock = select(func.extract("epoch", func.clock_timestamp()))
            now = float(connection.execute(clock).scalar_one())
            query = select(paces.c.next_at).where(paces.c.name == name)
            free_at: float | None = connection.scalar(query)
            if free_at is None:
                connection.execute(insert(paces).values(name=name, next_at=now))
            start = max(now, free_at or now)
            connection.execute(
                update(paces)
                .where(paces.c.name == name)
                .values(next_at=start + letters / per_second)
            )
            return start - now
