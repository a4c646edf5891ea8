"""
An issue in the making: stored as it comes, and seen by nobody before it is frozen.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import islice

from sqlalchemy import Connection, delete, func, insert, select, update

from ..errors import StoreBusy
from ..model import Edition, Issue, Page
from .database import Database
from .history import insert_stories
from .newsletters import number_for
from .schema import batches, editions, issues, letters, stories, subscribers, subscriptions

BATCH_SIZE = 200
#: Letters in one transaction: others may write in between.
LETTERS_AT_ONCE = 100 * BATCH_SIZE
NO_NEWS = "no news on their topics"


def begin_draft(database: Database, issue: Issue) -> "Draft":
    """
    A new draft. What is left of one that was begun before is thrown away.
    """
    with database.writing() as connection:
        _delete_draft(connection, issue.id)
        newsletter = number_for(connection, issue.newsletter)
        number = _insert_issue(connection, issue, newsletter)
    return Draft(database, issue, number)


class Draft:
    """
    An issue in the making: pages and letters are stored as they come, not held.

    StoreBusy if another run has begun it anew, because this one had lost touch with the server.
    """

    def __init__(self, database: Database, issue: Issue, number: int) -> None:
        self._database, self._issue, self._number = database, issue, number
        self._pages = self._batches = 0

    def add_pages(self, printed: Iterable[tuple[Edition, Page]]) -> None:
        """
        Keep more pages. They are numbered from 0, in the order in which they come.
        """
        with self._writing(durable=False) as connection:
            self._pages += insert_editions(connection, self._number, printed, after=self._pages)

    def add_letters(self, readers: Iterable[tuple[int, int | None]]) -> None:
        """
        Keep more letters, for readers in the order of their ids: subscriber id, and page or None.
        """
        remaining = iter(readers)
        while some := list(islice(remaining, LETTERS_AT_ONCE)):
            with self._writing(durable=False) as connection:
                self._batches += _insert_letters(
                    connection, self._number, some, self._issue.made_at, after=self._batches
                )

    def discard(self) -> None:
        """
        There will be no issue.
        """
        with self._writing() as connection:
            _delete_draft(connection, self._issue.id)

    def freeze(
        self,
        told: Iterable[Edition],
        *,
        also: Callable[[Connection], None] = lambda _: None,
    ) -> None:
        """
        From now on the issue is there, with `also` whatever belongs to it, or neither.
        """
        # Before anybody sends: a plan that knows nothing of these letters is never done.
        self._database.analyze(letters, batches, editions, subscriptions, subscribers)
        with self._writing() as connection:
            insert_stories(connection, self._number, told)
            connection.execute(
                update(issues).where(issues.c.number == self._number).values(state="frozen")
            )
            also(connection)

    @contextmanager
    def _writing(self, *, durable: bool = True) -> Iterator[Connection]:
        # The number alone may be that of a draft which took this one's place.
        ours = select(issues.c.number).where(
            issues.c.number == self._number,
            issues.c.made_at == self._issue.made_at,
            issues.c.state == "draft",
        )
        with self._database.writing(durable=durable) as connection:
            if connection.scalar(ours) is None:
                raise StoreBusy(f"another run has begun to make {self._issue.id}: run again")
            yield connection


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
            bounces_to=issue.bounces_to,
            unsubscribe_to=issue.unsubscribe_to,
            state="draft",
        )
    )
    return number


def _delete_draft(connection: Connection, issue_id: str) -> None:
    number = connection.scalar(
        select(issues.c.number).where(issues.c.id == issue_id, issues.c.state != "frozen")
    )
    if number is None:
        return
    for table in (letters, batches, stories, editions):
        connection.execute(delete(table).where(table.c.issue == number))
    connection.execute(delete(issues).where(issues.c.number == number))


def insert_editions(
    connection: Connection, issue: int, printed: Iterable[tuple[Edition, Page]], *, after: int
) -> int:
    rows = [
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
            "web": page.web,
        }
        for place, (edition, page) in enumerate(printed, after)
    ]
    if rows:
        connection.execute(insert(editions), rows)
    return len(rows)


def _insert_letters(
    connection: Connection,
    issue: int,
    readers: Sequence[tuple[int, int | None]],
    now: datetime,
    *,
    after: int,
) -> int:
    batch_of = _batches_by_page(readers, first=after + 1)
    rows = [
        {
            "issue": issue,
            "subscriber_id": subscriber_id,
            "edition": edition,
            "batch": batch_of[subscriber_id],
            "state": "waiting" if edition is not None else "suppressed",
            "reply": None if edition is not None else NO_NEWS,
            "attempts": 0,
            "changed_at": now,
        }
        for subscriber_id, edition in readers
    ]
    numbers = sorted(set(batch_of.values()))
    connection.execute(
        insert(batches),
        [{"issue": issue, "number": number, "state": "open"} for number in numbers],
    )
    connection.execute(insert(letters), rows)
    return len(numbers)


def _batches_by_page(readers: Sequence[tuple[int, int | None]], *, first: int) -> dict[int, int]:
    """
    Subscriber -> batch. Letters of one page are together: a run encodes it once, not for each.
    """
    by_page = sorted(readers, key=lambda reader: -1 if reader[1] is None else reader[1])
    return {
        subscriber_id: first + place // BATCH_SIZE
        for place, (subscriber_id, _) in enumerate(by_page)
    }
