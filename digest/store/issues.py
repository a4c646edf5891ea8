"""
Frozen issues: what was selected and rendered, kept before the first letter leaves.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import islice

from sqlalchemy import Connection, Row, exists, func, insert, select

from ..model import Edition, Issue, Page, Window
from .database import Database
from .history import insert_stories
from .newsletters import number_for, number_of
from .schema import batches, editions, issues, letters, newsletters

BATCH_SIZE = 200
NO_NEWS = "no news on their topics"


class Issues:
    """
    The issues of this site, whole, for as long as the store is kept.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def freeze(
        self,
        issue: Issue,
        printed: Sequence[tuple[Edition, Page]],
        readers: Iterable[tuple[int, int | None]],
    ) -> None:
        """
        Keep an issue, its pages and one waiting letter per reader, all of it or nothing.

        A reader is a subscriber's id and the place of their edition in `printed`; with None
        they get no letter, and the ledger says why.
        """
        with self._database.writing() as connection:
            newsletter = number_for(connection, issue.newsletter)
            number = _insert_issue(connection, issue, newsletter)
            _insert_editions(connection, number, printed)
            insert_stories(connection, number, [edition for edition, _ in printed])
            _insert_letters(connection, number, iter(readers), issue.made_at)

    def get(self, issue_id: str) -> Issue | None:
        with self._database.reading() as connection:
            row = connection.execute(_SELECT.where(issues.c.id == issue_id)).first()
        return _issue(row) if row else None

    def all(self) -> tuple[Issue, ...]:
        """
        Every issue, the latest first.
        """
        with self._database.reading() as connection:
            rows = connection.execute(_SELECT.order_by(issues.c.due_at.desc(), issues.c.id))
            return tuple(map(_issue, rows))

    def pages(self, issue_id: str) -> Mapping[int, Page]:
        """
        The pages of an issue by edition, exactly as they were frozen.
        """
        query = (
            select(editions)
            .join(issues, issues.c.number == editions.c.issue)
            .where(issues.c.id == issue_id)
        )
        with self._database.reading() as connection:
            return {row.number: _page(row) for row in connection.execute(query)}

    def last_window_end(self, newsletter_id: str, *, before: datetime) -> datetime | None:
        """
        Where the latest issue that was due before that moment, and was sent, stopped looking.
        """
        left = exists().where(
            letters.c.issue == issues.c.number,
            letters.c.state.in_(("sending", "accepted", "refused", "in_doubt")),
        )
        with self._database.reading() as connection:
            newsletter = number_of(connection, newsletter_id)
            end: datetime | None = connection.execute(
                select(func.max(issues.c.window_end, type_=issues.c.window_end.type)).where(
                    issues.c.newsletter == newsletter,
                    issues.c.due_at < before,
                    issues.c.window_end <= before,
                    left,
                )
            ).scalar()
        return end


_SELECT = select(issues, newsletters.c.id.label("newsletter_id")).join(
    newsletters, newsletters.c.number == issues.c.newsletter
)


def _issue(row: Row) -> Issue:  # type: ignore[type-arg]
    return Issue(
        id=row.id,
        newsletter=row.newsletter_id,
        title=row.title,
        sender=row.sender,
        site_url=row.site_url,
        due_at=row.due_at,
        window=Window(start=row.window_start, end=row.window_end),
        made_at=row.made_at,
    )


def _page(row: Row) -> Page:  # type: ignore[type-arg]
    return Page(
        subject=row.subject,
        html=row.html,
        text=row.text,
        marks=row.marks,
        pictures=tuple(row.pictures),
    )


def _insert_issue(connection: Connection, issue: Issue, newsletter: int) -> int:
    number = (connection.execute(select(func.max(issues.c.number))).scalar() or 0) + 1
    connection.execute(
        insert(issues).values(
            number=number,
            id=issue.id,
            newsletter=newsletter,
            title=issue.title,
            sender=issue.sender,
            site_url=issue.site_url,
            due_at=issue.due_at,
            window_start=issue.window.start,
            window_end=issue.window.end,
            made_at=issue.made_at,
        )
    )
    return number


def _insert_editions(
    connection: Connection, issue: int, printed: Sequence[tuple[Edition, Page]]
) -> None:
    numbered = enumerate(printed)
    while some := list(islice(numbered, BATCH_SIZE)):
        connection.execute(
            insert(editions),
            [
                {
                    "issue": issue,
                    "number": place,
                    "topics": list(edition.topics),
                    "articles": [article.slug for article in edition.articles],
                    "subject": page.subject,
                    "html": page.html,
                    "text": page.text,
                    "marks": dict(page.marks),
                    "pictures": list(page.pictures),
                }
                for place, (edition, page) in some
            ],
        )


def _insert_letters(
    connection: Connection,
    issue: int,
    readers: Iterable[tuple[int, int | None]],
    now: datetime,
) -> None:
    remaining = iter(readers)
    number = 0
    while batch := list(islice(remaining, BATCH_SIZE)):
        number += 1
        connection.execute(insert(batches).values(issue=issue, number=number, state="open"))
        connection.execute(
            insert(letters),
            [
                {
                    "issue": issue,
                    "subscriber_id": subscriber_id,
                    "edition": edition,
                    "batch": number,
                    "state": "waiting" if edition is not None else "suppressed",
                    "reply": None if edition is not None else NO_NEWS,
                    "attempts": 0,
                    "changed_at": now,
                }
                for subscriber_id, edition in batch
            ],
        )
