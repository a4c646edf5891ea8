"""
What readers were sent before: which stories each frozen edition holds, and who got it.

Nothing is kept per reader and story. The ledger knows who got which edition, so the history of
a million letters costs a few rows per edition.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, insert, select

from ..model import Article, Edition
from .database import Database
from .schema import editions, issues, letters, newsletters, stories

NOTHING: frozenset[str] = frozenset()
#: Values in one statement.
CHUNK = 500
#: A letter in any of these states has reached its reader, or may, or will.
REACHES = ("waiting", "sending", "accepted", "deferred", "in_doubt")


class History:
    """
    Stories by their addresses, as they were printed or folded under what was printed.

    The issue at hand never counts: looking at it again, or making it, must not change it.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def seen(self, urls: Iterable[str], *, besides: str) -> Mapping[int, frozenset[str]]:
        """
        Subscriber -> which of these addresses they were sent, on any newsletter.

        Only subscribers who were sent any are in it.
        """
        seen: dict[int, frozenset[str]] = {}
        # Many readers have one history: they share one set.
        unions: dict[tuple[frozenset[str], frozenset[str]], frozenset[str]] = {}
        with self._database.reading() as connection:
            for each in _printings(connection, urls, besides):
                for reader in connection.execute(_readers(each)).scalars():
                    pair = seen.get(reader, NOTHING), each.urls
                    if pair not in unions:
                        unions[pair] = pair[0] | pair[1]
                    seen[reader] = unions[pair]
        return seen

    def seen_by(self, subscriber_id: int, urls: Iterable[str], *, besides: str) -> dict[str, str]:
        """
        Address -> when this subscriber was sent it, for people.
        """
        with self._database.reading() as connection:
            return {
                url: f"on {each.due_at:%Y-%m-%d} ({each.newsletter})"
                for each in _printings(connection, urls, besides)
                if connection.scalar(_readers(each).where(letters.c.subscriber_id == subscriber_id))
                for url in each.urls
            }

    def seen_by_list(
        self, newsletter_id: str, topics: Sequence[str], urls: Iterable[str], *, besides: str
    ) -> dict[str, str]:
        """
        Address -> when those readers of a newsletter who chose no topics were sent it.
        """
        with self._database.reading() as connection:
            return {
                url: f"to this list on {each.due_at:%Y-%m-%d}"
                for each in _printings(connection, urls, besides)
                if each.newsletter == newsletter_id and each.topics == tuple(topics)
                if connection.scalar(_readers(each).limit(1)) is not None
                for url in each.urls
            }


@dataclass(frozen=True, slots=True)
class _Printing:
    """
    An edition of an issue, and which of the addresses asked for are in it.
    """

    issue: int
    edition: int
    newsletter: str
    due_at: datetime
    topics: tuple[str, ...]
    urls: frozenset[str]


def insert_stories(connection: Connection, issue: int, place: int, edition: Edition) -> None:
    """
    Remember what an edition tells: its articles, and what is folded under them.
    """
    told = {url for article in edition.articles for url in (article.url, *_related_urls(article))}
    rows = [{"issue": issue, "edition": place, "story": story_of(url)} for url in told if url]
    if rows:
        connection.execute(insert(stories), rows)


def story_of(url: str) -> int:
    """
    63 bits of an address, as an index likes them.
    """
    return int.from_bytes(hashlib.sha256(url.encode()).digest()[:8], "big") >> 1


def _related_urls(article: Article) -> Iterator[str]:
    return (related.url for related in article.related)


def _readers(printing: _Printing) -> Select[int]:
    return select(letters.c.subscriber_id).where(
        letters.c.issue == printing.issue,
        letters.c.edition == printing.edition,
        letters.c.state.in_(REACHES),
    )


def _printings(connection: Connection, urls: Iterable[str], besides: str) -> tuple[_Printing, ...]:
    wanted = {story_of(url): url for url in urls if url}
    found: dict[tuple[int, int], set[str]] = defaultdict(set)
    keys = list(wanted)
    for start in range(0, len(keys), CHUNK):
        rows = connection.execute(
            select(stories).where(stories.c.story.in_(keys[start : start + CHUNK]))
        )
        for row in rows:
            found[row.issue, row.edition].add(wanted[row.story])
    return tuple(
        _Printing(
            row.issue,
            row.edition,
            row.newsletter,
            row.due_at,
            tuple(row.topics),
            frozenset(found[row.issue, row.edition]),
        )
        for issue in sorted({issue for issue, _ in found})
        for row in connection.execute(_editions_of(issue, besides))
        if (row.issue, row.edition) in found
    )


def _editions_of(issue: int, besides: str) -> Select[Any]:
    return (
        select(
            editions.c.issue,
            editions.c.number.label("edition"),
            editions.c.topics,
            issues.c.due_at,
            newsletters.c.id.label("newsletter"),
        )
        .join(issues, issues.c.number == editions.c.issue)
        .join(newsletters, newsletters.c.number == issues.c.newsletter)
        .where(editions.c.issue == issue, issues.c.id != besides)
        .order_by(editions.c.number)
    )
