"""
A frozen issue, made page by page: a million readers are never held at once.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

from ..model import Edition, Issue, Newsletter, Page, Subscriber
from ..tokens import marks_for

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from ..gatherer import Progress as Gathering
    from ..store.drafts import Draft
    from . import Pipeline

READERS_AT_ONCE = 20_000
PAGES_AT_ONCE = 16


class Planning:
    """
    One issue on its way into the store.
    """

    def __init__(
        self,
        pipeline: "Pipeline",
        newsletter: Newsletter,
        issue: Issue,
        *,
        fetch: "Gathering | None" = None,
    ) -> None:
        self._pipeline, self._newsletter, self._issue = pipeline, newsletter, issue
        self._fetch = fetch
        self._marks = marks_for(pipeline.store.key(), issue.id)
        self._places: dict[tuple[object, ...], int] = {}
        self._editions: list[Edition] = []
        self._pictures: set[str] = set()

    def freeze(self, also: "Callable[[Connection], None]") -> str:
        """
        Keep the issue, once and for all; or say why there is none.
        """
        store = self._pipeline.store
        readers = store.subscribers.active_iter(self._newsletter.id)
        some = list(islice(readers, READERS_AT_ONCE))
        if not some:
            return "nobody is subscribed: see `digest subscribers import`"
        draft = store.issues.draft(self._issue)
        while some:
            self._add(draft, some)
            some = list(islice(readers, READERS_AT_ONCE))
        if self._editions:
            self._pipeline.publisher.publish(self._pictures)
            draft.freeze(self._editions, also=also)
            return ""
        draft.discard()
        least = self._newsletter.min_articles
        what = f"fewer than {least} stories (min_articles)" if least else "nothing to read"
        return f"{what} in its window: see `digest select {self._newsletter.id} --explain`"

    def _add(self, draft: "Draft", readers: Sequence[Subscriber]) -> None:
        edited, without_news = self._pipeline.edit(self._newsletter, self._issue, readers)
        places: dict[int, int | None] = {each.id: None for each in without_news}
        known = len(self._editions)
        for edition, group in edited:
            places |= dict.fromkeys((reader.id for reader in group), self._place(edition))
        if self._fetch:
            shown = ((self._newsletter, edition) for edition in self._editions[known:])
            self._pipeline.gather(shown, self._fetch)
        pages = self._printed(self._editions[known:])
        while some := list(islice(pages, PAGES_AT_ONCE)):
            draft.add_pages(some)
        draft.add_letters(sorted(places.items()))

    def _place(self, edition: Edition) -> int:
        """
        Editions that hold the same stories for the same topics are one.
        """
        if edition.key not in self._places:
            self._places[edition.key] = len(self._editions)
            self._editions.append(edition)
        place = self._places[edition.key]
        same = self._editions[place]
        if edition.folded - same.folded:
            # What is folded for some of them, the others were sent before.
            self._editions[place] = replace(same, folded=same.folded | edition.folded)
        return place

    def _printed(self, editions: Sequence[Edition]) -> Iterator[tuple[Edition, Page]]:
        for edition in editions:
            page, _ = self._pipeline.print_edition(
                self._newsletter, self._issue, edition, self._marks
            )
            self._pictures.update(page.pictures)
            yield edition, page
