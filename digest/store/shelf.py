"""
Sent issues to be read again, on the web: which there are, and a page of each.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Exists, Row, exists, func, select

from ..model import Issue, Page
from .database import Database
from .issues import ISSUES, as_issue, as_page
from .newsletters import number_of
from .schema import editions, issues, letters


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """
    One edition of a sent issue.
    """

    issue: Issue
    page: Page
    articles: tuple[str, ...]  #: slugs


class Shelf:
    """
    Nothing is on it before a mail server has taken a letter of it.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def issues(self, newsletter_id: str) -> tuple[Issue, ...]:
        """
        The sent issues of a newsletter, the latest first.
        """
        with self._database.reading() as connection:
            number = number_of(connection, newsletter_id)
            rows = connection.execute(
                ISSUES.where(issues.c.newsletter == number, _is_sent()).order_by(
                    issues.c.due_at.desc(), issues.c.id
                )
            )
            return tuple(map(as_issue, rows))

    def subjects(self, newsletter_id: str, topics: Sequence[str]) -> tuple[tuple[Issue, str], ...]:
        """
        The same issues with the subject of the edition on these topics, or else of another one.
        """
        issues_of = self.issues(newsletter_id)
        with self._database.reading() as connection:
            rows = connection.execute(
                select(issues.c.id, editions.c.subject, editions.c.topics)
                .join(editions, editions.c.issue == issues.c.number)
                .where(issues.c.newsletter == number_of(connection, newsletter_id))
                .order_by(editions.c.number.desc())
            )
            found = sorted(rows, key=lambda row: row.topics == list(topics))
        subjects = {row.id: row.subject for row in found}
        return tuple((issue, subjects[issue.id]) for issue in issues_of if issue.id in subjects)

    def copy(self, issue_id: str, topics: Sequence[str]) -> Copy | None:
        """
        The edition on these topics, or else the one with the most readers.
        """
        with self._database.reading() as connection:
            issue = connection.execute(ISSUES.where(issues.c.id == issue_id, _is_sent())).first()
            number = _edition_on(connection, issue.number, topics) if issue else None
            return _copy(connection, issue, number) if issue and number is not None else None

    def copy_of(self, issue_id: str, subscriber_id: int) -> Copy | None:
        """
        The edition that was made for one reader.
        """
        with self._database.reading() as connection:
            issue = connection.execute(ISSUES.where(issues.c.id == issue_id)).first()
            if issue is None:
                return None
            number = connection.scalar(
                select(letters.c.edition).where(
                    letters.c.issue == issue.number, letters.c.subscriber_id == subscriber_id
                )
            )
            return _copy(connection, issue, number) if number is not None else None


def _is_sent() -> Exists:
    return exists().where(letters.c.issue == issues.c.number, letters.c.state == "accepted")


def _edition_on(connection: Connection, issue: int, topics: Sequence[str]) -> int | None:
    """
    Readers are counted only where no edition is on all these topics: there may be millions.
    """
    rows = connection.execute(
        select(editions.c.number, editions.c.topics)
        .where(editions.c.issue == issue)
        .order_by(editions.c.number)
    )
    for row in rows:
        if row.topics == list(topics):
            return int(row.number)
    return connection.scalar(
        select(letters.c.edition)
        .where(letters.c.issue == issue, letters.c.edition.is_not(None))
        .group_by(letters.c.edition)
        .order_by(func.count().desc(), letters.c.edition)
        .limit(1)
    )


def _copy(connection: Connection, issue: Row, number: int) -> Copy:  # type: ignore[type-arg]
    row = connection.execute(
        select(editions).where(editions.c.issue == issue.number, editions.c.number == number)
    ).one()
    return Copy(issue=as_issue(issue), page=as_page(row), articles=tuple(row.articles))
