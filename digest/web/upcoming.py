"""
What a reader's next issue would hold as things stand, by the very rules that will make it.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock

from ..model import Newsletter, Subscriber
from ..pipeline import Moment, Pipeline
from ..pipeline.rechoosing import rechoose
from ..store import Store

#: Articles that came in are seen at the latest after that time.
FRESH_FOR = timedelta(seconds=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """
    Titles by topic, and when they would be sent; None where there is no schedule.
    """

    due_at: datetime | None
    sections: tuple[tuple[str, tuple[str, ...]], ...]


class Upcoming:
    """
    Reads the articles anew every minute that somebody asks, and for nobody.
    """

    def __init__(self, open_pipeline: Callable[[], Pipeline]) -> None:
        self._open = open_pipeline
        self._pipeline: Pipeline | None = None
        self._until: datetime | None = None
        self._lock = Lock()

    def preview(
        self, newsletter: Newsletter, subscriber: Subscriber, topics: Sequence[str] | None
    ) -> Preview:
        """
        For one reader, if these were their topics.
        """
        with self.fresh() as pipeline:
            now = pipeline.clock()
            due = newsletter.schedule.due_after(now) if newsletter.schedule else None
            issue = pipeline.issue(newsletter, Moment(at=due.at if due else now))
            edition = pipeline.select(newsletter, issue, topics, subscriber=subscriber)
        return Preview(
            due_at=due.at if due else None,
            sections=tuple(
                (section.topic, tuple(article.title for article in section.articles))
                for section in edition.sections
            ),
        )

    def rechoose(self, store: Store, newsletter: Newsletter, subscriber: Subscriber) -> bool:
        """
        Let a subscriber's topics hold for a letter that waits already; whether that was in time.
        DigestError if they cannot.
        """
        with self.fresh() as pipeline:
            return rechoose(pipeline, store, newsletter, subscriber)

    def topics(self, newsletter: Newsletter) -> tuple[str, ...]:
        """
        What its readers choose from.
        """
        with self.fresh() as pipeline:
            return pipeline.taxonomy.expand(newsletter.topics)

    def close(self) -> None:
        with self._lock:
            if self._pipeline:
                self._pipeline.close()
                self._pipeline = None

    @contextmanager
    def fresh(self) -> Iterator[Pipeline]:
        """
        A pipeline that has read the articles lately, for one at a time.
        """
        with self._lock:
            yield self._opened()

    def _opened(self) -> Pipeline:
        if self._pipeline is None or self._until is None or self._pipeline.clock() >= self._until:
            if self._pipeline:
                self._pipeline.close()
            self._pipeline = self._open()
            self._until = self._pipeline.clock() + FRESH_FOR
        return self._pipeline
