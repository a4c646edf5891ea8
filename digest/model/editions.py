"""
What is composed: newsletters, their issues and readers, and the editions for them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from .articles import Article, Window
from .brand import OURS, Brand

if TYPE_CHECKING:
    from ..schedule import Schedule


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """
    Who publishes, and where `digest serve` is reached.
    """

    name: str
    url: str  #: without a slash at its end
    address: str  #: postal; in every footer
    pictures: str = ""  #: where pictures are published; empty: below `url`

    @property
    def pictures_url(self) -> str:
        """
        What the names of pictures are written behind.
        """
        return f"{self.pictures or f'{self.url}/i'}/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """
    When a newsletter stops writing to somebody. No number is never.
    """

    hard: int = 1
    soft: int = 3
    within: timedelta = timedelta(days=30)
    complaint: str = "all"  #: lists that it stops: "all", "this" one, or "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Newsletter:
    """
    One `[newsletters.<id>]` table: a subscriber list and what it gets.
    """

    id: str
    title: str
    sender: str  #: `Name <address>` or a bare address, checked
    topics: tuple[str, ...]  #: `Parent/*` stands for the children of a topic
    per_topic: int = 5
    max_articles: int | None = None  #: in one edition
    min_articles: int = 0  #: fewer than that, and `thin_week` says what to do
    thin_week: str = "skip"  #: or "widen" the window, or "merge" the sections
    max_window: timedelta = timedelta(days=28)  #: how far a window is widened
    min_heat: int | None = None
    min_quality: int | None = None
    per_provider: int | None = None  #: articles of one provider in one edition
    types: tuple[str, ...] = ("article", "video")
    exclude_domains: tuple[str, ...] = ()
    exclude_words: tuple[str, ...] = ()
    decay: timedelta | None = None  #: the age at which heat counts half
    fold_related: bool = True
    near_duplicates: int | None = 80  #: titles that are alike by so many per cent are one story
    order: str = "topics"  #: of sections: as written, or the hottest first ("heat")
    no_news: str = "nothing"  #: for readers without news on their topics: or the list's "top"
    any_topic: bool = False  #: readers may choose topics that are not the newsletter's
    subject: str = "{{ lead.title }}"
    schedule: "Schedule | None" = None  #: None: the issue of a day is due when it is sent
    window: timedelta | None = timedelta(days=7)  #: None: since the last sent issue
    max_delay: timedelta | None = timedelta(hours=36)
    theme: str = "default"
    language: str = "en"
    timezone: str = "UTC"  #: of dates in letters, and of times without one
    brand: Brand = OURS
    public: bool = False  #: whether strangers may sign up
    archive: str = "off"  #: whether its issues can be read on the web: or "unlisted", "public"
    frequency_of: str | None = None  #: the newsletter that this is another rhythm of
    bounces: Policy = field(default_factory=Policy)


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """
    One scheduled occurrence of a newsletter, with all that its letters' headers need.
    """

    id: str  #: `weekly-ai/2026-11-23`
    newsletter: str  #: its id
    title: str
    sender: str
    site_url: str
    due_at: datetime
    window: Window
    made_at: datetime  #: the Date of its letters
    bounces_to: str | None = None  #: bare address; each letter's has a token before the @
    unsubscribe_to: str | None = None  #: the same, for who leaves by mail


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """
    A story that the editor put at a place of a section, limits or not.
    """

    slug: str
    topic: str | None = None  #: None: the reader's first topic that it is on, or just the first
    place: int = 1  #: in its section, from 1
    lead: bool = False  #: shown large, above all sections
    line: int | None = None  #: of the editor's file


@dataclass(frozen=True, slots=True, kw_only=True)
class Hand:
    """
    What the editor decided for one issue. The texts are Markdown.
    """

    pins: tuple[Pin, ...] = ()
    drops: tuple[str, ...] = ()  #: slugs
    introduction: str = ""
    note: str = ""  #: at the end
    file: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscriber:
    """
    One address on a newsletter. No topics of their own means the newsletter's.
    """

    id: int  #: random, 40 bits; 0 is nobody
    address: str = field(repr=False)
    name: str = field(default="", repr=False)
    topics: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """
    One line of a subscriber list, checked. No topics means the newsletter's.
    """

    address: str = field(repr=False)
    name: str = field(default="", repr=False)
    topics: tuple[str, ...] | None = None
    line: int = field(default=0, compare=False)  #: of the file it stands in
    cleaned: bool = field(default=False, compare=False)  #: whether its name was another there


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """
    A topic and its articles, the hottest first.
    """

    topic: str
    articles: tuple[Article, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """
    Why a candidate is not in an edition. No topic: it is not for any topic in particular.
    """

    slug: str
    topic: str | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """
    What one set of topics reads in an issue. Rendered once, for all its readers.
    """

    topics: tuple[str, ...]
    sections: tuple[Section, ...]
    rejected: tuple[Rejection, ...] = field(default=(), repr=False)
    reasons: Mapping[str, str] = field(default_factory=dict, repr=False)  #: slug -> why it is in
    lead_slug: str | None = None  #: None: the hottest
    pinned: frozenset[str] = field(default=frozenset(), repr=False)  #: slugs, by the editor
    folded: frozenset[str] = field(default=frozenset(), repr=False)  #: addresses left out for those

    @property
    def key(self) -> tuple[object, ...]:
        """
        Equal for editions that print alike.
        """
        sections = [
            (each.topic, *(article.slug for article in each.articles)) for each in self.sections
        ]
        return self.topics, self.lead_slug, *sections

    @property
    def articles(self) -> Iterator[Article]:
        return (article for section in self.sections for article in section.articles)

    @property
    def told(self) -> frozenset[str]:
        """
        The addresses of all stories that its readers know from now on.
        """
        related = (each.url for article in self.articles for each in article.related)
        return self.folded.union((article.story for article in self.articles), related)

    @property
    def lead(self) -> Article:
        """
        The one the editor chose, or the hottest of all. ValueError if there is nothing to read.
        """
        return min(
            self.articles, key=lambda article: (article.slug != self.lead_slug, article.rank)
        )

    @property
    def size(self) -> int:
        return sum(len(section.articles) for section in self.sections)
