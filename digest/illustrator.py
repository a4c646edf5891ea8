"""
Stage 3. Every article of an edition gets a picture: its own, a related story's, or a drawn one.
"""

from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import Path

from .errors import PictureError
from .model import LEAD, THUMBNAIL, Article, Edition, Image, Picture, Problem, Slot
from .ports import PictureCache

LETTERS_OF_A_LABEL = 2


def illustrate(
    edition: Edition, *, content: Path, cache: PictureCache
) -> tuple[Mapping[str, Picture], tuple[Problem, ...]]:
    """
    Slug -> picture for all articles, and what was wrong with the pictures passed over.

    Pictures in the content folder and pictures in the cache are used; nothing is fetched.
    """
    pictures: dict[str, Picture] = {}
    problems: list[Problem] = []
    lead = edition.lead if edition.sections else None
    for article in edition.articles:
        slot = LEAD if article is lead else THUMBNAIL
        picture = _first_usable(article, slot, content, cache, problems)
        pictures[article.slug] = picture or cache.draw(_label(article), _topic(article), slot)
    return pictures, tuple(problems)


def _first_usable(
    article: Article, slot: Slot, content: Path, cache: PictureCache, problems: list[Problem]
) -> Picture | None:
    for image in _candidates(article):
        try:
            picture = _picture(image, article, slot, content, cache)
        except PictureError as error:
            message = f"picture {image.url}: {error}"
            problems.append(Problem(file=article.slug, level="warning", message=message))
        else:
            if picture:
                return picture
    return None


def _candidates(article: Article) -> Iterator[Image]:
    return chain(article.images, *(related.images for related in article.related))


def _picture(
    image: Image, article: Article, slot: Slot, content: Path, cache: PictureCache
) -> Picture | None:
    if "://" in image.url:
        return cache.get(image.url, slot)
    path = _local_path(image.url, article, content)
    try:
        state = path.stat()
        source = f"{path} {state.st_size} {state.st_mtime_ns}"
        return cache.get(source, slot) or cache.put(source, path.read_bytes(), slot)
    except OSError as error:
        raise PictureError(f"cannot be read: {error.strerror}") from None


def _local_path(url: str, article: Article, content: Path) -> Path:
    """
    A file inside the content folder; anything that leads out of it is refused.
    """
    root = content.resolve()
    folder = root if url.startswith("/") else (root / article.slug).parent
    try:
        path = (folder / url.lstrip("/")).resolve()
    except (OSError, RuntimeError, ValueError):  # Links in a circle, or a NUL.
        raise PictureError("cannot be read: it is no path") from None
    if not path.is_relative_to(root):
        raise PictureError("leads out of the content folder: copy the picture into it")
    return path


def _label(article: Article) -> str:
    """
    The initials of the provider, without quotes and brackets.
    """
    words = (article.provider.name or article.title).split()
    initials = (next(filter(str.isalnum, word), "") for word in words)
    return "".join(initials)[:LETTERS_OF_A_LABEL].upper()


def _topic(article: Article) -> str:
    return article.topics[0] if article.topics else ""
