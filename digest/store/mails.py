"""
Mails that readers asked for and that a mail server has not taken yet: they outlive the program.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Connection, Row, delete, insert, select, update

from .database import Database
from .schema_readers import mails

#: No link that is mailed is good for longer.
LIFETIME = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """
    A link, whom it goes to, and in whose name.
    """

    nonce: int
    purpose: str
    newsletter: str
    recipient: str = field(repr=False)


class Mails:
    """
    Each by the nonce of its link.
    """

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database, self._clock = database, clock

    def keep(self, waiting: Waiting) -> None:
        """
        Until it is settled. What nobody settled within a week is forgotten.
        """
        with self._database.writing() as connection:
            keep(connection, waiting, self._clock())

    def waiting(self) -> tuple[Waiting, ...]:
        """
        The oldest first.
        """
        with self._database.reading() as connection:
            rows = connection.execute(select(mails).order_by(mails.c.created_at)).all()
        return tuple(map(_waiting, rows))

    def take(self, since: timedelta | None = None) -> tuple[Waiting, ...]:
        """
        All, or those that nobody has taken for so long, to be mailed by whoever took them: of two
        who come at once, one does.
        """
        now, query = self._clock(), select(mails).order_by(mails.c.created_at)
        if since is not None:
            query = query.where(mails.c.created_at <= now - since)
        with self._database.writing() as connection:
            rows = connection.execute(query).all()
            nonces = [row.nonce for row in rows]
            connection.execute(
                update(mails).where(mails.c.nonce.in_(nonces)).values(created_at=now)
            )
        return tuple(map(_waiting, rows))

    def settle(self, nonce: int) -> None:
        """
        It was taken, or never will be.
        """
        with self._database.writing() as connection:
            connection.execute(delete(mails).where(mails.c.nonce == nonce))


def keep(connection: Connection, waiting: Waiting, now: datetime) -> None:
    """
    The same together with what the link is good for.
    """
    connection.execute(delete(mails).where(mails.c.created_at <= now - LIFETIME))
    connection.execute(
        insert(mails).values(
            nonce=waiting.nonce,
            purpose=waiting.purpose,
            newsletter=waiting.newsletter,
            recipient=waiting.recipient,
            created_at=now,
        )
    )


def _waiting(row: Row) -> Waiting:  # type: ignore[type-arg]
    return Waiting(
        nonce=row.nonce,
        purpose=row.purpose,
        newsletter=row.newsletter,
        recipient=row.recipient,
    )
