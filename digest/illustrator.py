"""
Stage 3. Every article of an edition gets a picture.

    its own, the first that can be used
    | a related story's
    | a card with the logo of its provider
    | a card with the provider's initials

Cards have the colour of the topic that the article is printed under.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from urllib.parse import unquote

from .errors import PictureError
from .files import article_file, line_in_file, read_file, state_of_file
from .model import (
    LEAD,
    LOGO,
    THUMBNAIL,
    Article,
    Edition,
    Image,
    Picture,
    Problem,
    Slot,
    Sought,
)
from .ports import PictureCache, SourceNotes
from .text import alone, topic_key

LETTERS_OF_A_LABEL = 2


def illustrate(
    edition: Edition,
    *,
    colours: Mapping[str, str],
    content: Path,
    cache: PictureCache,
    notes: SourceNotes | None = None,
) -> tuple[Mapping[str, Picture], tuple[Problem, ...]]:
    """
    Slug -> picture for all articles, and what was wrong with the pictures passed over.

    Pictures in the content folder and pictures in the cache are used; nothing is fetched.
    `colours` has one for every topic of the edition, by topic key.
    """
    pictures: dict[str, Picture] = {}
    problems: list[Problem] = []
    for topic, article, slot in _places(edition):
        desk = _Desk(article=article, content=content, cache=cache, notes=notes)
        pictures[article.slug] = desk.picture(slot, colours[topic_key(topic)])
        problems += desk.problems
    return pictures, tuple(problems)


def sought(
    edition: Edition, *, content: Path, cache: PictureCache
) -> tuple[tuple[Sought, ...], ...]:
    """
    For each article the pictures on other people's servers that would do, the best first.
    """
    return tuple(
        tuple(_Desk(article=article, content=content, cache=cache).sought_iter(slot))
        for _, article, slot in _places(edition)
    )


def _places(edition: Edition) -> Iterator[tuple[str, Article, Slot]]:
    """
    Under which topic each article is printed, and how large its picture is.
    """
    lead = edition.lead if edition.sections else None
    for section in edition.sections:
        for article in section.articles:
            yield section.topic, article, LEAD if article is lead else THUMBNAIL


@dataclass(kw_only=True)
class _Desk:
    """
    The choice for one article, and what was wrong with each picture tried.
    """

    article: Article
    content: Path
    cache: PictureCache
    notes: SourceNotes | None = None
    problems: list[Problem] = field(default_factory=list)

    def picture(self, slot: Slot, colour: str) -> Picture:
        if picture := self._first_usable(_photos(self.article), slot):
            return picture
        logo = self._first_usable(self.article.provider.images, LOGO)
        return self.cache.draw(_label(self.article), colour, slot, logo)

    def sought_iter(self, slot: Slot) -> Iterator[Sought]:
        """
        The remote ones, up to the first of the content folder that can be used.
        """
        logos = ((image, LOGO) for image in self.article.provider.images)
        photos = ((image, slot) for image in _photos(self.article))
        for image, place in chain(photos, logos):
            if _is_remote(image):
                yield Sought(source=image.url, slot=place)
            elif self._first_usable([image], place):
                return

    def _first_usable(self, images: Iterable[Image], slot: Slot) -> Picture | None:
        for image in images:
            try:
                picture = self._picture(image, slot)
            except PictureError as error:
                self._complain(image, str(error))
            else:
                if picture:
                    return picture
        return None

    def _picture(self, image: Image, slot: Slot) -> Picture | None:
        if not _is_remote(image):
            return self._local_picture(image, slot)
        if picture := self.cache.get(image.url, slot):
            return picture
        if self.cache.has_lost(image.url, slot):
            raise PictureError(
                "its file in the cache is gone or damaged: see `digest images fetch`"
            )
        if trouble := self.notes.trouble(image.url) if self.notes else "":
            raise PictureError(trouble)
        return None  # Nobody has asked for it yet.

    def _local_picture(self, image: Image, slot: Slot) -> Picture:
        path = self._path(image.url)
        try:
            source = f"{path} {state_of_file(path)}"
            if picture := self.cache.get(source, slot):
                return picture
            data = read_file(path, max_bytes=self.cache.limits.max_bytes)
        except OSError as error:
            raise PictureError(f"cannot be read: {error.strerror}") from None
        return self.cache.put(source, data, slot)

    def _path(self, url: str) -> Path:
        """
        A file inside the content folder; anything that leads out of it is refused.
        """
        root = self.content.resolve()
        folder = root if url.startswith("/") else (root / self.article.slug).parent
        try:
            path = (folder / url.lstrip("/")).resolve()
        except (OSError, RuntimeError, ValueError):  # Links in a circle, or a NUL.
            raise PictureError("cannot be read: it is no path") from None
        if not path.is_relative_to(root):
            raise PictureError("leads out of the content folder: copy the picture into it")
        return path

    def _complain(self, image: Image, reason: str) -> None:
        file = article_file(self.content, self.article.slug)
        problem = Problem(
            file=str(file),
            line=line_in_file(alone(*_spellings(image.url)), file),
            level="warning",
            message=f"picture {image.url}: {reason}",
        )
        self.problems.append(problem)


def _photos(article: Article) -> Iterator[Image]:
    return chain(article.images, *(related.images for related in article.related))


def _is_remote(image: Image) -> bool:
    return "://" in image.url


def _spellings(url: str) -> tuple[str, ...]:
    """
    How the file may have it: its odd characters as they are, and no scheme for https.
    """
    return url, unquote(url), url.removeprefix("https:")


def _label(article: Article) -> str:
    """
    The initials of the provider, without quotes and brackets.
    """
    words = (article.provider.name or article.title).split()
    initials = (next(filter(str.isalnum, word), "") for word in words)
    return "".join(initials)[:LETTERS_OF_A_LABEL].upper()
