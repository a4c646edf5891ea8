"""
What was sent when and where, for the pace of what comes next. Only looks.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from email.utils import parseaddr

from sqlalchemy import Connection, func, or_, select

from .database import Database
from .rows import UNSENT, is_subscribed, numbers_of
from .schema import issues, letters, runs, subscribers

#: What left, or may have.
LEFT = ("accepted", "in_doubt", "sending")
CHUNK = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """
    How long a sender has been sending, and how much of late.
    """

    first_at: datetime | None  #: the first letter; None: there was none
    letters: int  #: since the moment that was asked for


class Pacing:
    """
    The ledger, for whoever sets the pace.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def past(self, sender: str, since: datetime) -> Past:
        """
        Of the sender's address, whatever name stands before it.
        """
        address = parseaddr(sender)[1].lower()
        with self._database.reading() as connection:
            rows = connection.execute(select(issues.c.number, issues.c.sender))
            numbers = [row.number for row in rows if parseaddr(row.sender)[1].lower() == address]
            firsts = (_first_at(connection, number) for number in sorted(numbers))
            # Issues that no run has touched since need not be counted: there may be years of them.
            at_work = or_(runs.c.ended_at.is_(None), runs.c.ended_at >= since)
            recent = select(func.count()).where(
                letters.c.issue.in_(numbers),
                letters.c.issue.in_(select(runs.c.issue).where(at_work)),
                letters.c.state.in_(LEFT),
                letters.c.changed_at >= since,
            )
            return Past(
                first_at=next(filter(None, firsts), None), letters=connection.scalar(recent) or 0
            )

    def unsent_by_domain(self, issue_id: str) -> Counter[str]:
        """
        How many letters a run would send to each domain.
        """
        domains: Counter[str] = Counter()
        with self._database.reading() as connection:
            issue, newsletter = numbers_of(connection, issue_id)
            addresses = connection.scalars(
                select(subscribers.c.address)
                .join(letters, letters.c.subscriber_id == subscribers.c.id)
                .where(
                    letters.c.issue == issue,
                    letters.c.state.in_(UNSENT),
                    is_subscribed(newsletter),
                ),
                execution_options={"yield_per": CHUNK},
            )
            domains.update(address.rpartition("@")[2] for address in addresses)
        return domains


def _first_at(connection: Connection, issue: int) -> datetime | None:
    """
    When the first letter of an issue left, if any did.
    """
    first: datetime | None = connection.scalar(
        select(func.min(letters.c.changed_at)).where(
            letters.c.issue == issue, letters.c.state.in_(LEFT)
        )
    )
    return first
