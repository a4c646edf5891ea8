"""
Letters of frozen issues that no run has claimed yet: one reader's may still be another edition.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import Connection, and_, func, select, update

from ..model import Edition, Issue, Page
from .database import Database
from .drafts import NO_NEWS, insert_editions
from .history import insert_stories
from .issues import ISSUES, as_issue
from .rows import is_of
from .schema import batches, editions, issues, letters, newsletters

#: What is older was left behind by a run that died.
LONGEST_MAKING = timedelta(hours=1)
#: Letters in batches that nobody holds.
_WAITING = (
    select(letters.c.issue)
    .join(batches, and_(letters.c.issue == batches.c.issue, letters.c.batch == batches.c.number))
    .where(letters.c.state == "waiting", batches.c.state == "open")
)


class Unclaimed:
    """
    What was frozen stays as it is for all others.
    """

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database, self._clock = database, clock

    def issue_of(self, newsletter_id: str, subscriber_id: int) -> Issue | None:
        """
        The issue of a newsletter that holds such a letter for that subscriber.

        None if a later one, of whichever newsletter, was made for them: it may tell what this one
        would tell then.
        """
        last = select(func.max(letters.c.issue)).where(is_of(subscriber_id))
        waiting = _WAITING.where(is_of(subscriber_id))
        query = ISSUES.where(
            newsletters.c.id == newsletter_id,
            issues.c.number == last.scalar_subquery(),
            issues.c.number.in_(waiting),
        )
        with self._database.reading() as connection:
            row = connection.execute(query).first()
        return as_issue(row) if row else None

    def is_in_the_making(self, newsletter_id: str) -> bool:
        """
        Whether somebody makes an issue of a newsletter just now, of topics as they were.
        """
        query = (
            select(issues.c.number)
            .join(newsletters, newsletters.c.number == issues.c.newsletter)
            .where(
                newsletters.c.id == newsletter_id,
                issues.c.state == "draft",
                issues.c.made_at > self._clock() - LONGEST_MAKING,
            )
        )
        with self._database.reading() as connection:
            return connection.execute(query).first() is not None

    def topics_coming(self, newsletter_id: str, subscriber_id: int) -> tuple[tuple[str, ...], ...]:
        """
        The topics of each letter of a newsletter that is still to be sent to that subscriber,
        claimed or not.
        """
        query = (
            select(editions.c.topics)
            .join(
                letters,
                and_(letters.c.issue == editions.c.issue, letters.c.edition == editions.c.number),
            )
            .join(issues, issues.c.number == letters.c.issue)
            .join(newsletters, newsletters.c.number == issues.c.newsletter)
            .where(
                newsletters.c.id == newsletter_id,
                issues.c.state == "frozen",
                is_of(subscriber_id),
                letters.c.state.in_(("waiting", "sending", "deferred")),
            )
        )
        with self._database.reading() as connection:
            return tuple(tuple(topics) for topics in connection.scalars(query))

    def replace(self, issue_id: str, subscriber_id: int, edition: Edition, page: Page) -> bool:
        """
        Give that subscriber this edition; whether it was not too late.
        """
        with self._database.writing() as connection:
            issue = _held(connection, issue_id, subscriber_id)
            if issue is None:
                return False
            number = _next_edition(connection, issue)
            insert_editions(connection, issue, [(edition, page)], after=number)
            insert_stories(connection, issue, [edition], after=number)
            self._change(connection, issue, subscriber_id, edition=number)
        return True

    def suppress(self, issue_id: str, subscriber_id: int) -> bool:
        """
        There is no news on that subscriber's topics; whether it was not too late.
        """
        with self._database.writing() as connection:
            issue = _held(connection, issue_id, subscriber_id)
            if issue is None:
                return False
            self._change(connection, issue, subscriber_id, state="suppressed", reply=NO_NEWS)
        return True

    def _change(
        self, connection: Connection, issue: int, subscriber_id: int, **values: str | int
    ) -> None:
        connection.execute(
            update(letters)
            .where(letters.c.issue == issue, letters.c.subscriber_id == subscriber_id)
            .values(changed_at=self._clock(), **values)
        )


def _held(connection: Connection, issue_id: str, subscriber_id: int) -> int | None:
    """
    The number of the issue; its letter is kept from all runs until the transaction ends.
    """
    # The issue, then the batch: numbers of editions are given to one at a time.
    issue: int | None = connection.scalar(
        select(issues.c.number).where(issues.c.id == issue_id).with_for_update()
    )
    batch = connection.scalar(
        _WAITING.where(letters.c.issue == issue, letters.c.subscriber_id == subscriber_id)
        .with_only_columns(batches.c.number)
        .with_for_update(of=batches)
    )
    return None if batch is None else issue


def _next_edition(connection: Connection, issue: int) -> int:
    last: int | None = connection.scalar(
        select(func.max(editions.c.number)).where(editions.c.issue == issue)
    )
    return 0 if last is None else last + 1
