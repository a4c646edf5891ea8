"""
The nouns: what one stage hands to the next. Frozen, and free of I/O.

    Article -> Edition -> Page -> Letter -> Receipt

Datetimes are aware and in UTC.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from .schedule import Schedule


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
class Window:
    """
    A half-open span of time: `start` is inside, `end` is not.
    """

    start: datetime
    end: datetime

    def __contains__(self, moment: datetime) -> bool:
        return self.start <= moment < self.end


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """
    Who publishes, and where `digest serve` is reached.
    """

    name: str
    url: str  #: without a slash at its end
    address: str  #: postal; in every footer


@dataclass(frozen=True, slots=True, kw_only=True)
class Newsletter:
    """
    One `[newsletters.<id>]` table: a subscriber list and what it gets.
    """

    id: str
    title: str
    sender: str  #: `Name <address>` or a bare address, checked
    topics: tuple[str, ...]
    per_topic: int = 5
    subject: str = "{{ lead.title }}"
    schedule: Schedule | None = None  #: None: the issue of a day is due when it is sent
    window: timedelta | None = timedelta(days=7)  #: None: since the last sent issue
    max_delay: timedelta | None = timedelta(hours=36)
    theme: str = "default"
    language: str = "en"
    timezone: str = "UTC"  #: of dates in letters, and of times without one


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

    @property
    def articles(self) -> Iterator[Article]:
        return (article for section in self.sections for article in section.articles)

    @property
    def lead(self) -> Article:
        """
        The hottest of all. ValueError if there is nothing to read.
        """
        return min(self.articles, key=lambda article: article.rank)


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """
    A place for a picture: the pixels it is stored with, twice those it is shown with.
    """

    name: str
    width: int
    height: int


LEAD = Slot(name="lead", width=1104, height=621)
THUMBNAIL = Slot(name="thumbnail", width=240, height=160)


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """
    A checked and resized image in the cache, named by the hash of its bytes.
    """

    name: str  #: `ab/abcdef….jpg`, below the cache and below the pictures' address alike
    width: int  #: in pixels, of the file
    height: int
    colour: str  #: the dominant one, `#rrggbb`, for the box before it loads
    drawn: bool = False  #: a placeholder of ours


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """
    A rendered edition: the same for all its readers but for the `marks`.
    """

    subject: str
    html: str
    text: str
    marks: Mapping[str, str]  #: purpose -> what stands in the texts for a reader's own token
    pictures: tuple[str, ...] = ()  #: names, for as long as the issue is kept


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """
    A subscriber, and the edition of the issue that is theirs.
    """

    subscriber: Subscriber
    edition: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """
    One message for one subscriber, ready for the wire.
    """

    id: str  #: the Message-ID, a function of issue and subscriber
    subscriber_id: int
    sender: str  #: bare address, for the envelope
    recipient: str = field(repr=False)  #: bare address, for the envelope
    data: bytes = field(repr=False)


class Outcome(StrEnum):
    """
    What became of a letter.
    """

    ACCEPTED = "accepted"  #: the server took responsibility for it
    DEFERRED = "deferred"  #: refused for now; the next run tries again
    REFUSED = "refused"  #: refused for good; never tried again
    IN_DOUBT = "in_doubt"  #: the line broke after the last byte; never retried unasked


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """
    What the mail server said about one letter. Its text is hostile, and may name the reader.
    """

    letter: Letter
    outcome: Outcome
    code: int = 0
    text: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """
    The letters of an issue by state. They add up: `letters` is the sum of the others.
    """

    accepted: int = 0
    deferred: int = 0
    refused: int = 0
    in_doubt: int = 0
    suppressed: int = 0
    waiting: int = 0

    @property
    def letters(self) -> int:
        return (
            self.accepted
            + self.deferred
            + self.refused
            + self.in_doubt
            + self.suppressed
            + self.waiting
        )
