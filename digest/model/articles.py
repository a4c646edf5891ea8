"""
What is read: articles, and what is wrong with files.
"""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """
    A picture as the front matter names it: a web address, or a path; not yet looked at.

    A path that begins with a slash starts at the content folder, any other one at the
    article's own folder. Width and height are what the file claims.
    """

    url: str
    width: int | None = None
    height: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """
    Who published an article.
    """

    name: str = ""
    domain: str = ""
    images: tuple[Image, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Related:
    """
    Another article on the same event.
    """

    title: str
    url: str
    provider: Provider = Provider()
    images: tuple[Image, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """
    One file under `content/`, its texts plain and its addresses checked.
    """

    slug: str  #: the path below the content folder, without its ending; unique
    title: str
    excerpt: str
    url: str
    published_at: datetime
    heat: int  #: -1 if not rated; no upper bound
    quality: int
    topics: tuple[str, ...]  #: the main one first
    provider: Provider = Provider()
    kind: str = "article"  #: or "video"
    published: bool = True  #: False: only ever related to another article
    removed: bool = False
    images: tuple[Image, ...] = ()
    related: tuple[Related, ...] = ()

    @property
    def story(self) -> str:
        """
        What readers' histories know it by.
        """
        return self.url or self.slug

    @property
    def rank(self) -> tuple[int, int, float, str]:
        """
        Sorts the hottest first; ties go to quality, then to the older date, then to the path.
        """
        return -self.heat, -self.quality, self.published_at.timestamp(), self.slug


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """
    What is wrong with a file, where, and the remedy.
    """

    file: str
    line: int | None = None  #: counted from 1
    level: str = "error"  #: or "warning"
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """
    A topic that somebody described: what is above it, its other names, the words that give it away.
    """

    name: str
    parent: str | None = None
    keywords: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    file: str = ""  #: where it is described
    line: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """
    A half-open span of time: `start` is inside, `end` is not.
    """

    start: datetime
    end: datetime

    def __contains__(self, moment: datetime) -> bool:
        return self.start <= moment < self.end
