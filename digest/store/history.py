"""
What readers were sent before: which stories each frozen edition holds, and who got it.

Nothing is kept per reader and story. The ledger knows who got which edition, so the history of
a million letters costs a few rows per edition.
"""

import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import islice

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    String,
    and_,
    cast,
    exists,
    insert,
    select,
)

from ..model import Edition
from .database import Database
from .schema import editions, issues, letters, newsletters, stories, subscriptions

#: Values in one statement.
CHUNK = 500
#: A letter in any of these states has reached its reader, or may, or will.
REACHES = ("waiting", "sending", "accepted", "deferred", "in_doubt")
DAY = re.compile(r"\d{4}-\d\d-\d\d")


class History:
    """
    Stories by their addresses, as they were printed or folded under what was printed.

    The issue at hand never counts, nor what was made after it: looking at it again, or making it,
    must not change it.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def seen(
        self, readers: Collection[int], urls: Iterable[str], *, besides: str
    ) -> Mapping[int, frozenset[str]]:
        """
        Reader -> which of these addresses they were sent, on any newsletter.

        Only those who were sent any are in it.
        """
        keys = _keys(urls)
        # A bit for each address: what a reader was sent takes a few bytes until the end.
        bits = {story: 1 << place for place, story in enumerate(keys)}
        masks = dict.fromkeys(readers, 0)
        with self._database.reading() as connection:
            for issue in _issues_telling(connection, keys, besides):
                masks_of = _masks(connection, issue, bits)
                for reader, edition in _letters(connection, issue, masks_of, readers):
                    if reader in masks:
                        masks[reader] |= masks_of.get(edition, 0)
        # Many readers have one history: they share one set.
        by_place = tuple(keys.values())
        sets = {mask: frozenset(_chosen(by_place, mask)) for mask in set(masks.values())}
        return {reader: sets[mask] for reader, mask in masks.items() if mask}

    def seen_by(self, subscriber_id: int, urls: Iterable[str], *, besides: str) -> dict[str, str]:
        """
        Address -> when this subscriber was sent it, for people.
        """
        told = self._told(urls, besides, _reached(letters.c.subscriber_id == subscriber_id))
        return {url: f"on {_day(row)} ({row.newsletter})" for url, row in told}

    def seen_by_list(
        self, newsletter_id: str, topics: Sequence[str] | None, urls: Iterable[str], *, besides: str
    ) -> dict[str, str]:
        """
        Address -> when a newsletter told it to readers of these topics, for people.

        Without topics: to anybody who is on it, and chose none.
        """
        if topics is None:
            among = _reached(_chose_no_topics(newsletter_id))
        else:
            same = cast(editions.c.topics, String) == json.dumps(list(topics))
            among = and_(same, _reached())
        told = self._told(urls, besides, and_(among, _is_of(newsletter_id)))
        return {url: f"to this list on {_day(row)}" for url, row in told}

    def _told(
        self, urls: Iterable[str], besides: str, among: ColumnElement[bool]
    ) -> Iterator[tuple[str, Row]]:  # type: ignore[type-arg]
        """
        What was sent, and the issue that it was in, the latest last.
        """
        keys = _keys(urls)
        with self._database.reading() as connection:
            for issue in _issues_telling(connection, keys, besides):
                # In one query with the stories, PostgreSQL may ask for each story who got it.
                of_issue = select(editions.c.number).where(editions.c.issue == issue, among)
                theirs = frozenset(connection.scalars(of_issue))
                row = connection.execute(_NAMED.where(issues.c.number == issue)).one()
                for story, edition in _telling(connection, issue, keys):
                    if edition in theirs:
                        yield keys[story], row


_NAMED = select(issues.c.id, issues.c.due_at, newsletters.c.id.label("newsletter")).join(
    newsletters, newsletters.c.number == issues.c.newsletter
)


def insert_stories(
    connection: Connection, issue: int, printed: Iterable[Edition], *, after: int = 0
) -> None:
    """
    Remember what the editions of an issue tell: their articles, and what is folded under them.

    They are numbered from `after`.
    """
    rows = (
        {"issue": issue, "edition": place, "story": story}
        for place, edition in enumerate(printed, after)
        # Two addresses of one hash are one story, if there ever are two.
        for story in set(map(story_of, edition.told))
    )
    while some := list(islice(rows, CHUNK)):
        connection.execute(insert(stories), some)


def story_of(url: str) -> int:
    """
    63 bits of an address, as an index likes them.
    """
    return int.from_bytes(hashlib.sha256(url.encode()).digest()[:8], "big") >> 1


def _keys(urls: Iterable[str]) -> dict[int, str]:
    return {story_of(url): url for url in urls}


def _chunks(keys: Collection[int]) -> Iterator[list[int]]:
    remaining = iter(keys)
    while chunk := list(islice(remaining, CHUNK)):
        yield chunk


def _chosen(urls: Sequence[str], mask: int) -> Iterator[str]:
    """
    Those whose bits are set.
    """
    while mask:
        lowest = mask & -mask
        yield urls[lowest.bit_length() - 1]
        mask ^= lowest


def _issues_telling(connection: Connection, keys: Collection[int], besides: str) -> list[int]:
    """
    The issues with any of these stories, the oldest first, up to the one at hand if it is made.
    """
    limit = connection.scalar(select(issues.c.number).where(issues.c.id == besides))
    found: set[int] = set()
    for chunk in _chunks(keys):
        query = select(stories.c.issue).distinct().where(stories.c.story.in_(chunk))
        found |= set(connection.execute(query).scalars())
    return sorted(number for number in found if limit is None or number < limit)


def _telling(connection: Connection, issue: int, keys: Collection[int]) -> Iterator[Row[int, int]]:
    """
    Each of these stories that an issue tells, with each edition that tells it.
    """
    for chunk in _chunks(keys):
        yield from connection.execute(
            select(stories.c.story, stories.c.edition).where(
                stories.c.issue == issue, stories.c.story.in_(chunk)
            )
        )


def _masks(connection: Connection, issue: int, bits: Mapping[int, int]) -> dict[int, int]:
    """
    Edition -> the bits of the stories that it tells.
    """
    masks: dict[int, int] = defaultdict(int)
    for story, edition in _telling(connection, issue, bits):
        masks[edition] |= bits[story]
    return masks


def _letters(
    connection: Connection, issue: int, editions: Collection[int], readers: Collection[int]
) -> Iterable[Row[int, int]]:
    """
    Who got which edition of an issue. Where few are asked about, hardly anybody else is in it.
    """
    query = select(letters.c.subscriber_id, letters.c.edition).where(
        letters.c.issue == issue, letters.c.state.in_(REACHES)
    )
    if readers:
        span = letters.c.subscriber_id.between(min(readers), max(readers))
        query = query.where(span)
    if len(readers) <= CHUNK:
        query = query.where(letters.c.subscriber_id.in_(readers))
    elif len(editions) <= CHUNK:
        query = query.where(letters.c.edition.in_(editions))
    else:
        # As they were written, or SQLite jumps about, from one edition's readers to the next one's.
        query = query.order_by(letters.c.subscriber_id)
    return connection.execute(query)


def _reached(*among: ColumnElement[bool]) -> ColumnElement[bool]:
    """
    Whether an edition reached somebody among these letters.
    """
    return exists().where(
        letters.c.issue == editions.c.issue,
        letters.c.edition == editions.c.number,
        letters.c.state.in_(REACHES),
        *among,
    )


def _chose_no_topics(newsletter_id: str) -> ColumnElement[bool]:
    of_list = select(newsletters.c.number).where(newsletters.c.id == newsletter_id)
    return exists().where(
        subscriptions.c.newsletter == of_list.scalar_subquery(),
        subscriptions.c.subscriber_id == letters.c.subscriber_id,
        subscriptions.c.state == "active",
        subscriptions.c.topics.is_(None),
    )


def _is_of(newsletter_id: str) -> ColumnElement[bool]:
    of_list = (
        select(issues.c.number)
        .join(newsletters, newsletters.c.number == issues.c.newsletter)
        .where(newsletters.c.id == newsletter_id)
    )
    return editions.c.issue.in_(of_list)


def _day(issue: Row) -> str:  # type: ignore[type-arg]
    """
    The day that an issue is named after, which is its newsletter's; in UTC it may be another.
    """
    named = DAY.match(issue.id.partition("/")[2])
    return named[0] if named else f"{issue.due_at:%Y-%m-%d}"
