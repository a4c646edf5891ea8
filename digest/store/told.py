"""
What somebody was told of issues, so that nobody tells it again.
"""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Connection, insert, select

from .database import Database
from .schema import told


class Told:
    """
    Issues by their ids: most of them were never made.
    """

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database, self._clock = database, clock

    def knows(self, issue_id: str, what: str) -> bool:
        with self._database.reading() as connection:
            return _knows(connection, issue_id, what)

    def keep(self, issue_id: str, what: str) -> None:
        with self._database.writing() as connection:
            if not _knows(connection, issue_id, what):
                values = {"issue": issue_id, "what": what, "at": self._clock()}
                connection.execute(insert(told).values(values))


def _knows(connection: Connection, issue_id: str, what: str) -> bool:
    query = select(told.c.at).where(told.c.issue == issue_id, told.c.what == what)
    return connection.execute(query).first() is not None
