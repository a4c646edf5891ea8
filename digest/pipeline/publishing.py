"""
Pictures are where readers will load them from, before the first letter leaves.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ..errors import FetchError, PublishAway, PublishError
from ..fetching import Request
from ..model import Page
from ..settings import Settings
from . import Moment, Pipeline
from .daybook import DayBook
from .gathering import agent_of
from .ways_out import open_picture_host

if TYPE_CHECKING:
    from ..pictures import FolderCache
    from ..ports import PictureHost

OK = 200
#: What a server answers that may be better soon.
BUSY = frozenset({429, *range(500, 600)})


def publish_issues(pipeline: Pipeline, folder: Path, moment: Moment) -> tuple[int, int]:
    """
    Copy what the issues of the last time show, and those at hand will; how many pictures there
    are, and were copied.
    """
    from ..pictures.publishing import FolderHost

    store, since = pipeline.existing_store, pipeline.clock() - pipeline.settings.images.keep_sent
    sent = store.issues.pictures(since=since) if store else frozenset()
    names = sorted({*sent, *_at_hand(pipeline, moment)})
    copied = FolderHost(folder).publish({name: pipeline.pictures.path_of(name) for name in names})
    return len(names), copied


def _at_hand(pipeline: Pipeline, moment: Moment) -> Iterator[str]:
    """
    Of issues that are not made yet, with what is in the cache.
    """
    book = DayBook()
    for newsletter in pipeline.settings.newsletters.values():
        issue = pipeline.issue(newsletter, moment)
        readers = pipeline.readers(newsletter)
        printed, _ = pipeline.print_editions(newsletter, issue, readers, book=book)
        yield from chain.from_iterable(each.page.pictures for each in printed)


class Publisher:
    """
    Sees to it that no letter shows a picture that nobody can load.
    """

    def __init__(self, settings: Settings, cache: "FolderCache") -> None:
        self._settings, self._cache = settings, cache
        self._published: set[str] = set()
        self._parts: dict[str, bytes] = {}

    def publish(self, pictures: Iterable[str]) -> None:
        """
        Publish what this run has not published yet. PublishError if anything is missing then.
        """
        names = sorted(set(pictures) - self._published)
        if not names:
            return
        if self._host:
            self._host.publish({name: self._cache.path_of(name) for name in names})
        else:
            self._check_cache(names)
        if self._settings.hosting.public_url:
            self._fetch_back(names[-1])
        self._published |= {*names}

    def inside(self, page: Page) -> dict[str, bytes]:
        """
        The pictures that travel inside this page's letters, as parts of them.
        """
        if self._settings.hosting.delivery != "embedded":
            return {}
        from ..composer.embedding import choose_pictures

        names = choose_pictures(page, self._size)
        return {name: self._part(name) for name in names}

    @cached_property
    def _host(self) -> "PictureHost | None":
        return open_picture_host(self._settings)

    def _check_cache(self, names: list[str]) -> None:
        """
        `digest serve`, or whoever publishes the cache, can serve what is in it.
        """
        from ..pictures.publishing import read_sound

        for name in names:
            read_sound(self._cache.path_of(name))

    def _fetch_back(self, name: str) -> None:
        """
        One, as a reader's mail program does.
        """
        from ..fetching.many import fetch_many
        from ..pictures import are_bytes_of

        url = f"{self._settings.site.pictures_url}{name}"
        images = self._settings.images
        # Our own place, wherever the configuration says it is.
        host = urlsplit(url).hostname or ""
        guard = replace(images.guard, hosts=images.guard.hosts | {host})
        (answer,) = fetch_many(
            [Request(url=url)], guard=guard, limits=images.fetching, agent=agent_of(self._settings)
        )
        if isinstance(answer, FetchError):
            kind = PublishError if answer.refused else PublishAway
            raise kind(f"pictures cannot be loaded from {url}: {answer}")
        sent = answer.headers.get("content-type", "nothing")
        if answer.status != OK or not sent.startswith("image/"):
            kind = PublishAway if answer.status in BUSY else PublishError
            raise kind(
                f"pictures cannot be loaded from {url}: it answers {answer.status} with {sent};"
                " see images.public_url"
            )
        if not are_bytes_of(self._cache.path_of(name), answer.data):
            raise PublishError(
                f"pictures cannot be loaded from {url}: it answers with other bytes, as a server"
                " does that has a picture for whatever is missing, or changes pictures on the way;"
                " see images.public_url"
            )

    def _size(self, name: str) -> int:
        try:
            return self._cache.path_of(name).stat().st_size
        except OSError:
            raise PublishError(
                f"the picture {name} is not in the cache of this machine, and travels inside"
                " letters: share the cache, or set images.delivery to another way"
            ) from None

    def _part(self, name: str) -> bytes:
        from ..composer.embedding import picture_part
        from ..pictures.publishing import read_sound

        if name not in self._parts:
            self._parts[name] = picture_part(name, read_sound(self._cache.path_of(name)))
        return self._parts[name]
