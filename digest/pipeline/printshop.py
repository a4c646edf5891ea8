"""
From editions to pages: their pictures, and how they look.

    illustrate
    | render            once per set of topics
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from ..errors import ThemeError
from ..model import Edition, Issue, Newsletter, Problem, Subscriber
from ..settings import Settings
from .daybook import DayBook
from .newsroom import Newsroom

if TYPE_CHECKING:
    from ..gatherer import FolderNotes, Gathered
    from ..gatherer import Progress as Gathering
    from ..model import Page
    from ..pictures import FolderCache
    from ..renderer import Renderer
    from ..tokens import Key


@dataclass(frozen=True, slots=True, kw_only=True)
class Printed:
    """
    An edition as its readers will see it.
    """

    edition: Edition
    page: "Page"
    problems: tuple[Problem, ...]  #: with its pictures, and with its size
    readers: Sequence[Subscriber]


class Printshop(Newsroom):
    """
    Illustrates and renders. It fills the picture cache, and changes nothing else.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Callable[[], datetime],
        random_bits: Callable[[int], int],
    ) -> None:
        super().__init__(settings, clock=clock, random_bits=random_bits)
        self._gathering = timedelta()  #: how long this run has fetched pictures
        self.shortened: list[Problem] = []  #: what did not fit into the letters printed so far
        self.picture_problems: list[Problem] = []  #: what they show a placeholder for

    @cached_property
    def pictures(self) -> "FolderCache":
        from ..pictures import FolderCache, WorkerPool

        return FolderCache(self.settings.pictures, WorkerPool(self.settings.images.decoding))

    @cached_property
    def notes(self) -> "FolderNotes":
        """
        What is known of the web addresses of pictures.
        """
        from ..gatherer import FolderNotes

        return FolderNotes(self.settings.pictures / "fetched")

    def gather(
        self, editions: Iterable[tuple[Newsletter, Edition]], progress: "Gathering"
    ) -> "Gathered":
        """
        Fetch the pictures that these editions show and the cache lacks, as far as time allows.
        """
        from ..illustrator import sought
        from .gathering import open_gatherer
        from .printing import pictured_part

        content, cache = self.settings.content, self.pictures
        wanted = [
            choices
            for newsletter, edition in editions
            for choices in sought(
                pictured_part(edition, self._renderer.pictured(newsletter.theme)),
                content=content,
                cache=cache,
            )
        ]
        started = self.clock()
        gatherer = open_gatherer(self.settings, cache, self.notes, self.clock, self._gathering)
        gathered = gatherer.gather(tuple(dict.fromkeys(wanted)), progress=progress)
        self._gathering += self.clock() - started
        return gathered

    def print_editions(
        self,
        newsletter: Newsletter,
        issue: Issue,
        readers: Sequence[Subscriber],
        *,
        key: "Key | None" = None,
        fetch: "Gathering | None" = None,
        explain: bool = False,
        most: int | None = None,
        book: DayBook | None = None,
    ) -> tuple[list[Printed], list[Subscriber]]:
        """
        The editions of an issue, and the readers for whose topics there is no news.

        Editions that hold the same stories for the same topics are one. If only so many are
        wanted, they are those with the most readers. Pictures come from the cache; with `fetch`,
        which is told how far that is, others are fetched before.
        """
        from ..tokens import PREVIEW_KEY, marks_for

        edited, without_news = self.edit(newsletter, issue, readers, explain=explain, book=book)
        if most is not None:
            edited = sorted(edited, key=lambda each: -len(each[1]))[:most]
        if fetch:
            self.gather(((newsletter, edition) for edition, _ in edited), fetch)
        marks = marks_for(key or PREVIEW_KEY, issue.id)
        printed = []
        for edition, group in edited:
            page, problems = self.print_edition(newsletter, issue, edition, marks)
            printed.append(Printed(edition=edition, page=page, problems=problems, readers=group))
        return printed, without_news

    def print_edition(
        self,
        newsletter: Newsletter,
        issue: Issue,
        edition: Edition,
        marks: Mapping[str, str],
    ) -> tuple["Page", tuple[Problem, ...]]:
        """
        The page of an edition with something to read, and what was wrong with it.
        """
        from .printing import Press, size_problems

        press = Press(self._renderer, self.pictures, self.notes, self.settings)
        # The newsletter's first: they have the same colours in all of its editions.
        topics = (
            *self.taxonomy.expand(newsletter.topics),
            *(each.topic for each in edition.sections),
        )
        page, problems = press.print(
            edition,
            newsletter=newsletter,
            issue=issue,
            marks=marks,
            hand=self.selector(newsletter, issue).hand,
            colours=newsletter.brand.card_colours(topics),
        )
        sizes = size_problems(page, edition, issue)
        self.shortened += sizes
        self.picture_problems += problems
        return page, (*problems, *sizes)

    def word_problems(self, newsletters: Iterable[Newsletter]) -> tuple[Problem, ...]:
        """
        What their themes say in languages whose catalogues lack it.
        """
        languages: dict[str, set[str]] = {}
        for each in newsletters:
            languages.setdefault(each.theme, set()).add(each.language)
        problems: list[Problem] = []
        for theme, spoken in languages.items():
            with suppress(ThemeError):  # There is no such theme: told with the newsletter.
                problems += self._renderer.word_problems(theme, spoken)
        return tuple(problems)

    @cached_property
    def _renderer(self) -> "Renderer":
        from ..renderer import Renderer, shipped_themes

        return Renderer((self.settings.templates, shipped_themes()))
