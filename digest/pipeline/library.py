"""
What is there to choose from: the articles and the topics of the content folder.
"""

from collections.abc import Mapping
from functools import cached_property

from ..model import Article, Hand, Newsletter, Problem, Topic, Window
from ..reader import MANY, read_articles
from ..reader.listing import Folder, list_folders
from ..reader.topics import read_topics
from ..settings import Settings
from ..settings.lines import line_of_topic
from ..taxonomy import Taxonomy
from .topics import by_key


class Library:
    """
    Reads the content folder, once, or only as much of it as an issue needs.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._file_problems: tuple[Problem, ...] | None = None
        self.index_problems: tuple[Problem, ...] = ()  #: whenever it was read so far

    @cached_property
    def articles(self) -> tuple[Article, ...]:
        """
        All of them.
        """
        return self._read(None)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """
        What is wrong with the files of the content folder.
        """
        if self._file_problems is None:
            self._read(None)
        of_topics = (item for item in self._topic_items if isinstance(item, Problem))
        return (*(self._file_problems or ()), *of_topics, *self.taxonomy.problems)

    @cached_property
    def topics(self) -> Mapping[str, str]:
        """
        The topics of all articles, by what their spellings have in common.
        """
        return by_key(topic for article in self.articles for topic in article.topics)

    @cached_property
    def taxonomy(self) -> Taxonomy:
        """
        The topics that the configuration and the content folder describe.
        """
        found = [each for each in self._topic_items if isinstance(each, Topic)]
        return Taxonomy((*self.settings.topics, *found), line_of=line_of_topic)

    def articles_around(
        self, newsletter: Newsletter, window: Window, hand: Hand
    ) -> tuple[Article, ...]:
        """
        Those that an issue can hold or explain, where an index gives these without the others.

        The editor may name one from anywhere; and what was read as a whole serves every issue.
        """
        if hand.pins or hand.drops or not self._is_indexed or "articles" in vars(self):
            return self.articles
        length = window.end - window.start
        widens = newsletter.thin_week == "widen" and newsletter.min_articles
        reach = max(length * 2, newsletter.max_window) if widens else length * 2
        try:
            wide = Window(start=window.end - reach, end=window.end + length)
        except OverflowError:
            return self.articles
        return self._read(wide)

    @cached_property
    def _is_indexed(self) -> bool:
        """
        Whether an index saves more than it costs.
        """
        return (
            self.settings.index.exists()
            or sum(len(folder.articles) for folder in self._folders) >= MANY
        )

    def _read(self, window: Window | None) -> tuple[Article, ...]:
        content, index = self.settings.content, self.settings.index
        kept = index if self._is_indexed else None
        items = tuple(read_articles(content, folders=self._folders, index=kept, window=window))
        problems = [item for item in items if isinstance(item, Problem)]
        self.index_problems += tuple(each for each in problems if each.file == str(index))
        # An index that was made anew is sound when it is read again.
        self._file_problems = tuple(dict.fromkeys((*self.index_problems, *problems)))
        return tuple(item for item in items if isinstance(item, Article))

    @cached_property
    def _topic_items(self) -> tuple[Topic | Problem, ...]:
        return tuple(read_topics(self.settings.content, folders=self._folders))

    @cached_property
    def _folders(self) -> list[Folder]:
        """
        What lies in the content folder, listed once.
        """
        return list_folders(self.settings.content)
