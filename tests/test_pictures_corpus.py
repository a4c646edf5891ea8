"""
The real articles, every host of theirs on loopback: each story gets a picture of the right size.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from PIL import Image as PillowImage

from digest.fetching import FetchLimits
from digest.fetching.client import Client
from digest.gatherer import FolderNotes, Gatherer
from digest.guard import Guard, parse_net
from digest.illustrator import illustrate, sought
from digest.model import LEAD, THUMBNAIL, Article, Brand, Image
from digest.pictures import FolderCache, WorkerPool
from digest.reader import read_articles

from .factories import MONDAY, an_edition
from .webd import Answer, http, web_server

#: One in so many articles; all of them take minutes.
STEP = 16
OF_AN_EDITION = 10
#: One in so many pictures is dead or wrong.
WRONG = 10
SUFFIXES = {".png": "PNG", ".gif": "GIF", ".webp": "WEBP"}


class Servers(dict[str, Answer]):
    """
    A picture of the declared size for each address; the address decides which of them are wrong.
    """

    def __init__(self, images: Sequence[Image]) -> None:
        super().__init__()
        self._declared = {path_of(each.url): each for each in images}

    def get(self, path: str, default: object = None) -> Answer:
        image = self._declared[path]
        data = a_picture(image.width or 640, image.height or 400, suffix_of(path))
        lot = hashlib.sha256(path.encode()).digest()
        if lot[0] % WRONG:
            return http(data)
        wrong = [
            http(status=404),
            http(status=503),
            http(b"<!DOCTYPE html><title>Gone</title>"),
            http(data[: len(data) // 2]),
            http(data, Content_Encoding="gzip"),
            http(status=302, Location="http://10.0.0.1/"),
        ]
        return wrong[lot[1] % len(wrong)]


@pytest.fixture(scope="module")
def articles(shared: Path) -> tuple[Article, ...]:
    found = read_articles(shared / "corpus" / "google-cloud")
    return tuple(each for each in found if isinstance(each, Article))[::STEP]


def test_every_story_has_a_picture_of_the_right_size(
    articles: tuple[Article, ...], tmp_path: Path, workers: WorkerPool
) -> None:
    cache, notes = FolderCache(tmp_path, workers), FolderNotes(tmp_path / "fetched")
    every = [image for article in articles for image in images_of(article)]
    with web_server() as web:
        web.answers = Servers(every)
        moved = [on_loopback(each, web.port) for each in articles]
        editions = [
            an_edition(*moved[place : place + OF_AN_EDITION])
            for place in range(0, len(moved), OF_AN_EDITION)
        ]
        gatherer = Gatherer(
            cache=cache,
            notes=notes,
            client=lambda: Client(
                Guard(nets=(parse_net("127.0.0.0/8"),)),
                FetchLimits(),
                agent="digest-tests",
                resolve=loopback,
            ),
            limits=FetchLimits(at_once=4),
            rules="",
            clock=lambda: MONDAY,
        )
        wanted = [
            each for edition in editions for each in sought(edition, content=tmp_path, cache=cache)
        ]
        gathered = gatherer.gather(wanted)

    assert gathered.unsettled == 0
    assert gathered.failed
    drawn = 0
    for edition in editions:
        pictures, _ = illustrate(
            edition,
            colours=Brand().card_colours(edition.topics),
            content=tmp_path,
            cache=cache,
            notes=notes,
        )
        assert pictures.keys() == {article.slug for article in edition.articles}
        for article in edition.articles:
            slot = LEAD if article is edition.lead else THUMBNAIL
            picture = pictures[article.slug]
            data = cache.path_of(picture.name).read_bytes()
            assert len(data) <= slot.max_bytes
            assert picture.width <= slot.width
            assert picture.height <= slot.height
            assert abs(picture.width / picture.height - slot.width / slot.height) < 0.1
            drawn += picture.drawn
    # Those of articles without pictures, and of those whose pictures are all wrong.
    named = sum(any(True for _ in images_of(each)) for each in articles)
    assert drawn < len(articles) - named * 0.8


async def loopback(host: str, port: int) -> Sequence[str]:
    return ["127.0.0.1"]


def images_of(article: Article) -> Iterator[Image]:
    yield from article.images
    yield from article.provider.images
    for related in article.related:
        yield from related.images


def on_loopback(article: Article, port: int) -> Article:
    """
    The same article; its pictures' hosts keep their names.
    """

    def moved(images: Sequence[Image]) -> tuple[Image, ...]:
        return tuple(
            replace(each, url=f"http://{urlsplit(each.url).hostname}:{port}{path_of(each.url)}")
            for each in images
        )

    related = tuple(replace(each, images=moved(each.images)) for each in article.related)
    provider = replace(article.provider, images=moved(article.provider.images))
    return replace(article, images=moved(article.images), related=related, provider=provider)


def path_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"


def suffix_of(path: str) -> str:
    return SUFFIXES.get(Path(path.partition("?")[0]).suffix.lower(), "JPEG")


@lru_cache(maxsize=200)
def a_picture(width: int, height: int, kind: str) -> bytes:
    grain = PillowImage.effect_noise((max(1, width // 8), max(1, height // 8)), 60)
    image = grain.resize((width, height), PillowImage.Resampling.BILINEAR).convert("RGB")
    buffer = BytesIO()
    image.save(buffer, kind)
    return buffer.getvalue()
