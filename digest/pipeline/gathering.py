"""
The pictures of other people's servers: fetching them, and what became of each.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from .. import __version__
from ..gatherer import FolderNotes, Gathered, Gatherer, Note, Progress
from ..model import LEAD, LOGO, THUMBNAIL, Newsletter, Picture
from ..ports import PictureCache
from ..settings import Settings
from . import Moment, Pipeline
from .daybook import DayBook

if TYPE_CHECKING:
    from ..fetching.client import Client
    from ..pictures.sweeping import Swept

#: A note that nobody used for so long is of a picture that nobody will ask for.
FORGOTTEN = timedelta(days=90)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """
    All there is about a web address.
    """

    note: Note | None
    pictures: tuple[tuple[str, Picture], ...]  #: by slot


@dataclass(frozen=True, slots=True, kw_only=True)
class Stock:
    """
    How the cache stands, and what was removed of it.
    """

    swept: "Swept"
    sources: int  #: web addresses that were ever asked for
    fresh: int  #: of these, those not to be asked for again yet
    failing: int  #: of these, those that went wrong the last time
    forgotten: int  #: of these, those that nobody asked for since long


def open_gatherer(
    settings: Settings,
    cache: PictureCache,
    notes: FolderNotes,
    clock: Callable[[], datetime],
    spent: timedelta,
) -> Gatherer:
    """
    What fetches by the rules of the settings, in what is left of the time for all newsletters.
    """
    images = settings.images
    left = max(0.0, images.fetching.run_seconds - spent.total_seconds())

    def client() -> "Client":
        from ..fetching.client import Client

        return Client(images.guard, images.fetching, agent=agent_of(settings))

    return Gatherer(
        cache=cache,
        notes=notes,
        client=client,
        limits=replace(images.fetching, run_seconds=left),
        rules=images.rules,
        clock=clock,
    )


def agent_of(settings: Settings) -> str:
    """
    How we introduce ourselves: with an address where somebody answers for us.
    """
    return f"newsletter-digest/{__version__} (+{settings.site.url})"


def warm_up(
    pipeline: Pipeline, newsletters: Sequence[Newsletter], moment: Moment, progress: Progress
) -> Gathered:
    """
    Fetch what the issues at hand will show.
    """
    book = DayBook()
    editions = []
    for newsletter in newsletters:
        issue = pipeline.issue(newsletter, moment)
        edited, _ = pipeline.edit(newsletter, issue, pipeline.readers(newsletter), book=book)
        editions += [(newsletter, edition) for edition, _ in edited]
    return pipeline.gather(editions, progress)


def look_up(pipeline: Pipeline, url: str) -> Known:
    """
    What happened to a picture.
    """
    found = ((slot.name, pipeline.pictures.get(url, slot)) for slot in (LEAD, THUMBNAIL, LOGO))
    pictures = tuple((name, picture) for name, picture in found if picture)
    return Known(note=pipeline.notes.read(url), pictures=pictures)


def take_stock(pipeline: Pipeline, *, dry_run: bool = True) -> Stock:
    """
    Look at the cache; and clean it up, but for what letters show that were sent lately enough.
    """
    from ..pictures.sweeping import sweep

    settings, now = pipeline.settings, pipeline.clock()
    store = pipeline.existing_store
    since = now - settings.images.keep_sent
    swept = sweep(
        settings.pictures,
        keep=store.issues.pictures(since=since) if store else frozenset(),
        now=now,
        max_bytes=settings.images.max_cache,
        dry_run=dry_run,
    )
    notes = list(pipeline.notes.all())
    return Stock(
        swept=swept,
        sources=len(notes),
        fresh=sum(each.is_fresh(now) for each in notes),
        failing=sum(bool(each.why) for each in notes),
        forgotten=pipeline.notes.forget(before=now - FORGOTTEN, dry_run=dry_run),
    )
