"""
From content to editions: what is selected for whom.

    read_articles
    | Selector.select   once per set of topics
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ..hands import read_hand
from ..model import (
    Edition,
    Issue,
    Newsletter,
    Subscriber,
)
from ..selector import Selector
from ..selector.readers import group_readers, topics_of
from ..settings import Settings
from ..settings.known import SQLITE
from .daybook import DayBook
from .library import Library
from .moments import Moment, due_at, is_overdue, window_at

if TYPE_CHECKING:
    from ..store import Store


class Newsroom(Library):
    """
    Reads, selects and renders. It looks into the store, if there is one, and changes nothing.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Callable[[], datetime],
        random_bits: Callable[[int], int],
    ) -> None:
        super().__init__(settings)
        self.clock, self._random_bits = clock, random_bits
        self._selectors: dict[tuple[object, ...], Selector] = {}
        self._looked_into: Store | None = None

    is_overdue = staticmethod(is_overdue)

    @property
    def existing_store(self) -> "Store | None":
        """
        The store for looking only; None if there is none yet.
        """
        store = self.settings.store
        if self._looked_into is None and not _is_missing(store.url):
            from ..store import has_store

            if has_store(store.url, password=store.read_password()):
                self._looked_into = self._open_store(read_only=True)
        return self._looked_into

    def issue(self, newsletter: Newsletter, moment: Moment) -> Issue:
        """
        The issue at hand: the latest due one, or the one outside the schedule that was asked for.
        """
        due = due_at(newsletter, moment)

        def last_end() -> datetime | None:
            store = self.existing_store
            return store.issues.last_window_end(newsletter.id, before=due.at) if store else None

        return Issue(
            id=f"{newsletter.id}/{due.name}",
            newsletter=newsletter.id,
            title=newsletter.title,
            sender=newsletter.sender,
            site_url=self.settings.site.url,
            due_at=due.at,
            window=window_at(newsletter, moment, due.at, last_end),
            made_at=self.clock(),
            bounces_to=self.settings.bounces.address,
            unsubscribe_to=self.settings.bounces.unsubscribe,
        )

    def selector(self, newsletter: Newsletter, issue: Issue) -> Selector:
        """
        The candidates of an issue, with what its editor decided.
        """
        key = (newsletter.id, issue.id, issue.window)
        if key not in self._selectors:
            hand = read_hand(self.settings.issues, issue.id)
            self._selectors[key] = Selector(
                self.articles_around(newsletter, issue.window, hand),
                newsletter,
                issue.window,
                taxonomy=self.taxonomy,
                hand=hand,
            )
        return self._selectors[key]

    def select(
        self,
        newsletter: Newsletter,
        issue: Issue,
        topics: Sequence[str] | None = None,
        *,
        subscriber: Subscriber | None = None,
    ) -> Edition:
        """
        What readers of these topics get who have read the newsletter so far, with all reasons.

        Without topics, what readers of the newsletter's get; with a subscriber, what that one gets.
        """
        selector, store = self.selector(newsletter, issue), self.existing_store
        asked = Subscriber(id=0, address="", topics=tuple(topics) if topics else None)
        wanted = topics_of(asked, newsletter, self.taxonomy)
        seen: Mapping[str, str] = {}
        if store and subscriber:
            seen = store.history.seen_by(subscriber.id, selector.urls, besides=issue.id)
        elif store:
            own = None if wanted == newsletter.topics else wanted
            seen = store.history.seen_by_list(newsletter.id, own, selector.urls, besides=issue.id)
        # Topics asked for are shown as they were asked for.
        order = wanted if subscriber else topics or wanted
        return _select(selector, newsletter, order, seen, explain=True)

    def readers(self, newsletter: Newsletter) -> tuple[Subscriber, ...]:
        """
        Everybody on the newsletter; nobody before there is a store.
        """
        store = self.existing_store
        return tuple(store.subscribers.active_iter(newsletter.id)) if store else ()

    def edit(
        self,
        newsletter: Newsletter,
        issue: Issue,
        readers: Sequence[Subscriber],
        *,
        explain: bool = False,
        book: DayBook | None = None,
    ) -> tuple[list[tuple[Edition, list[Subscriber]]], list[Subscriber]]:
        """
        The editions of an issue with their readers, and the readers for whom there is no news.

        Editions that hold the same stories for the same topics are one. Where it is only looked
        at, together with others, a book keeps what each of them tells whom.
        """
        selector, store = self.selector(newsletter, issue), self.existing_store
        ids = [each.id for each in readers]
        seen = store.history.seen(ids, selector.urls, besides=issue.id) if store and ids else {}
        if store is None or store.issues.get(issue.id):
            book = None  # Nobody reads it; or it is made, and history has its place.
        if book:
            seen = book.added_to(seen, ids, selector.urls)
        groups = group_readers(readers, newsletter, taxonomy=self.taxonomy, seen=seen)
        editions: dict[tuple[object, ...], tuple[Edition, list[Subscriber]]] = {}
        without_news: list[Subscriber] = []
        for reading, group in groups.items():
            before = (book or DayBook()).reasons(group[0], reading.seen) if group else {}
            edition = _select(selector, newsletter, reading.topics, before, explain=explain)
            if not edition.sections:
                without_news += group
                continue
            same, sharing = editions.get(edition.key, (edition, []))
            # What is folded for some of them, the others were sent before.
            same = replace(same, folded=same.folded | edition.folded)
            sharing += group
            editions[edition.key] = same, sharing
        if book:
            book.write(issue, editions.values())
        return list(editions.values()), without_news

    def _open_store(self, *, read_only: bool) -> "Store":
        from ..store import open_store

        return open_store(
            self.settings.store.url,
            password=self.settings.store.read_password(),
            clock=self.clock,
            random_bits=self._random_bits,
            read_only=read_only,
        )


def _is_missing(url: str) -> bool:
    """
    Whether a store is a file that is not there yet. No database has to be loaded to know that.
    """
    return url.startswith(SQLITE) and not Path(url.removeprefix(SQLITE)).exists()


def _select(
    selector: Selector,
    newsletter: Newsletter,
    topics: Sequence[str],
    seen: Mapping[str, str],
    *,
    explain: bool = False,
) -> Edition:
    """
    What there is on these topics, or what the newsletter gives readers without news on theirs.
    """
    edition = selector.select(topics, seen=seen, explain=explain)
    if edition.sections or newsletter.no_news != "top":
        return edition
    return selector.select(newsletter.topics, seen=seen, explain=explain)
