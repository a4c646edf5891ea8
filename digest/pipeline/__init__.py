"""
The stages, put together. The only module that knows all of them; it decides nothing.

    read_articles
    | select_edition    once per set of topics
    | illustrate
    | render
    | compose           once per subscriber, from here on
    | sign
    | send
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from operator import itemgetter
from typing import TYPE_CHECKING

from ..model import (
    Article,
    Edition,
    Issue,
    Letter,
    Newsletter,
    Page,
    Problem,
    Recipient,
    Subscriber,
)
from ..reader import read_articles
from ..selector import group_by_topics, select_edition
from ..settings import Settings
from ..tokens import PREVIEW_KEY, Key, marks_for
from .moments import Moment, due_at, is_overdue, window_at
from .topics import by_key

if TYPE_CHECKING:
    from ..composer import Composer
    from ..pictures import FolderCache
    from ..ports import Transport
    from ..renderer import Renderer
    from ..sender import Allowance, Sending
    from ..signer import Signer
    from ..store import Store

__all__ = ["NOBODY", "Moment", "Pipeline", "Printed"]

NOBODY = Subscriber(id=0, address="reader@example.org", name="Reader")


@dataclass(frozen=True, slots=True, kw_only=True)
class Printed:
    """
    An edition as its readers will see it.
    """

    edition: Edition
    page: Page
    problems: tuple[Problem, ...]  #: with its pictures
    readers: Sequence[Subscriber]


class Pipeline:
    """
    From content to letters, for one site.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Callable[[], datetime],
        random_bits: Callable[[int], int],
    ) -> None:
        self.settings = settings
        self.clock, self._random_bits = clock, random_bits

    is_overdue = staticmethod(is_overdue)

    @cached_property
    def articles(self) -> tuple[Article, ...]:
        return tuple(item for item in self._items if isinstance(item, Article))

    @cached_property
    def problems(self) -> tuple[Problem, ...]:
        """
        What is wrong with the files of the content folder.
        """
        return tuple(item for item in self._items if isinstance(item, Problem))

    @cached_property
    def topics(self) -> Mapping[str, str]:
        """
        The topics of all articles, by what their spellings have in common.
        """
        return by_key(topic for article in self.articles for topic in article.topics)

    @cached_property
    def store(self) -> "Store":
        """
        The store, made if it is not there.
        """
        return self._open_store(read_only=False)

    @cached_property
    def existing_store(self) -> "Store | None":
        """
        The store for looking only; None if there is none yet.
        """
        return self._open_store(read_only=True) if self.settings.store.exists() else None

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
        )

    def select(
        self, newsletter: Newsletter, issue: Issue, topics: Sequence[str] | None = None
    ) -> Edition:
        """
        What readers of these topics get; without topics, readers of the newsletter's.
        """
        return select_edition(self.articles, newsletter, issue.window, topics or newsletter.topics)

    def readers(self, newsletter: Newsletter) -> tuple[Subscriber, ...]:
        """
        Everybody on the newsletter; nobody before there is a store.
        """
        store = self.existing_store
        return tuple(store.subscribers.active_iter(newsletter.id)) if store else ()

    def print_editions(
        self,
        newsletter: Newsletter,
        issue: Issue,
        readers: Sequence[Subscriber],
        *,
        key: Key = PREVIEW_KEY,
    ) -> tuple[list[Printed], list[Subscriber]]:
        """
        The editions of an issue, and the readers for whose topics there is no news.
        """
        printed: list[Printed] = []
        without_news: list[Subscriber] = []
        marks = marks_for(key, issue.id)
        for topics, group in group_by_topics(readers, newsletter).items():
            edition = self.select(newsletter, issue, topics)
            if edition.sections:
                page, problems = self.print_edition(newsletter, issue, edition, marks)
                printed.append(
                    Printed(edition=edition, page=page, problems=problems, readers=group)
                )
            else:
                without_news += group
        return printed, without_news

    def print_edition(
        self,
        newsletter: Newsletter,
        issue: Issue,
        edition: Edition,
        marks: Mapping[str, str],
    ) -> tuple[Page, tuple[Problem, ...]]:
        """
        The page of an edition with something to read, and what is wrong with its pictures.
        """
        from ..illustrator import illustrate

        pictures, problems = illustrate(edition, content=self.settings.content, cache=self.pictures)
        page = self._renderer.render(
            edition,
            newsletter=newsletter,
            issue=issue,
            site=self.settings.site,
            pictures=pictures,
            marks=marks,
        )
        return page, problems

    def freeze(self, newsletter: Newsletter, issue: Issue) -> str:
        """
        Keep the issue as it is now, once and for all; or say why there is no issue.
        """
        readers = tuple(self.store.subscribers.active_iter(newsletter.id))
        if not readers:
            return "nobody is subscribed: see `digest subscribers import`"
        printed, without_news = self.print_editions(
            newsletter, issue, readers, key=self.store.key()
        )
        if not printed:
            return f"nothing to read in its window: see `digest select {newsletter.id} --explain`"
        places: dict[int, int | None] = {each.id: None for each in without_news}
        for place, each in enumerate(printed):
            places |= {reader.id: place for reader in each.readers}
        frozen = [(each.edition, each.page) for each in printed]
        self.store.issues.freeze(issue, frozen, sorted(places.items(), key=itemgetter(0)))
        return ""

    def sending(self, issue: Issue, allowance: "Allowance") -> "Sending":
        """
        A run over what waits of a frozen issue.
        """
        from ..sender import Sending

        number = self.store.subscribers.number(issue.newsletter)
        key = self.store.key()
        composers = {
            place: self.composer(page, issue, key=key, newsletter_number=number)
            for place, page in self.store.issues.pages(issue.id).items()
        }

        def compose(recipient: Recipient) -> Letter:
            return self._signed(composers[recipient.edition].compose(recipient.subscriber), issue)

        return Sending(
            issue_id=issue.id,
            ledger=self.store.ledger,
            transport=self.transport,
            compose=compose,
            run=f"{self._random_bits(64):016x}",
            allowance=allowance,
        )

    def letter(self, issue: Issue, page: Page, subscriber: Subscriber = NOBODY) -> Letter:
        """
        A letter whose links nobody can use: for previews and tests.
        """
        composer = self.composer(page, issue, key=PREVIEW_KEY, newsletter_number=0)
        return self._signed(composer.compose(subscriber), issue)

    def composer(self, page: Page, issue: Issue, *, key: Key, newsletter_number: int) -> "Composer":
        from ..composer import Composer

        return Composer(page, issue, key=key, newsletter_number=newsletter_number)

    @cached_property
    def transport(self) -> "Transport":
        """
        The way out that the settings name.
        """
        from .ways_out import open_transport

        return open_transport(self.settings)

    @cached_property
    def pictures(self) -> "FolderCache":
        from ..pictures import FolderCache

        return FolderCache(self.settings.pictures)

    def close(self) -> None:
        for name in ("store", "existing_store"):
            if store := vars(self).get(name):
                store.close()

    @cached_property
    def _items(self) -> tuple[Article | Problem, ...]:
        return tuple(read_articles(self.settings.content))

    @cached_property
    def _renderer(self) -> "Renderer":
        from ..renderer import Renderer, shipped_themes

        return Renderer((self.settings.templates, shipped_themes()))

    @cached_property
    def _signer(self) -> "Signer | None":
        from .ways_out import open_signer

        return open_signer(self.settings)

    def _signed(self, letter: Letter, issue: Issue) -> Letter:
        return self._signer.sign(letter, at=issue.made_at) if self._signer else letter

    def _open_store(self, *, read_only: bool) -> "Store":
        from ..store import open_store

        return open_store(
            self.settings.store,
            clock=self.clock,
            random_bits=self._random_bits,
            read_only=read_only,
        )
