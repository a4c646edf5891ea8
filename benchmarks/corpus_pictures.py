"""
Every picture that a folder of real articles names, its host answered on loopback, a tenth of them
dead or wrong: what each story ends up with.
"""

import argparse
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from digest.fetching import FetchLimits
from digest.fetching.client import Client
from digest.gatherer import FolderNotes, Gathered, Gatherer
from digest.guard import Guard, parse_net
from digest.illustrator import illustrate, sought
from digest.model import LEAD, THUMBNAIL, Article, Brand, Edition, PictureLimits
from digest.pictures import FolderCache, WorkerPool
from digest.reader import read_articles
from tests.factories import MONDAY, an_edition
from tests.test_pictures_corpus import Servers, images_of, loopback, on_loopback
from tests.webd import web_server

from .measure import print_rows
from .sites import REAL

OF_AN_EDITION = 10


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=REAL)
    found = read_articles(parser.parse_args().folder)
    articles = [each for each in found if isinstance(each, Article)]
    with TemporaryDirectory() as name:
        folder = Path(name)
        cache = FolderCache(folder, WorkerPool(PictureLimits()))
        notes = FolderNotes(folder / "fetched")
        started = time.perf_counter()
        editions, gathered = gather(articles, cache, notes)
        seconds = time.perf_counter() - started
        counts, largest = looked_at(editions, cache, notes)
        cache.close()
    declared = sum(len([*images_of(each)]) for each in articles)
    rows = [
        ("articles", f"{len(articles):,}"),
        ("pictures they declare", f"{declared:,}"),
        ("fetched", f"{gathered.fetched:,}"),
        ("dead or wrong", f"{gathered.failed:,}"),
        *((name, f"{number:,}") for name, number in sorted(counts.items())),
        *((f"largest {name}, bytes", f"{size:,}") for name, size in largest.items()),
        ("seconds", f"{seconds:,.0f}"),
    ]
    print_rows(("what", "number"), rows)


def gather(
    articles: Iterable[Article], cache: FolderCache, notes: FolderNotes
) -> tuple[list[Edition], Gathered]:
    """
    Editions of all articles, and what came of fetching their pictures.
    """
    everything = tuple(articles)
    with web_server() as web:
        web.answers = Servers([image for each in everything for image in images_of(each)])
        moved = [on_loopback(each, web.port) for each in everything]
        editions = [
            an_edition(*moved[place : place + OF_AN_EDITION])
            for place in range(0, len(moved), OF_AN_EDITION)
        ]
        limits = FetchLimits(run_seconds=3_600)
        guard = Guard(nets=(parse_net("127.0.0.0/8"),))
        gatherer = Gatherer(
            cache=cache,
            notes=notes,
            client=lambda: Client(guard, limits, agent="digest-benchmark", resolve=loopback),
            limits=limits,
            rules="",
            clock=lambda: MONDAY,
        )
        wanted = [
            each
            for edition in editions
            for each in sought(edition, content=cache.folder, cache=cache)
        ]
        return editions, gatherer.gather(wanted)


def looked_at(
    editions: Sequence[Edition], cache: FolderCache, notes: FolderNotes
) -> tuple[Counter[str], dict[str, int]]:
    """
    How many stories have which kind of picture, and the largest file of each slot.
    """
    counts: Counter[str] = Counter()
    largest = {LEAD.name: 0, THUMBNAIL.name: 0}
    for edition in editions:
        pictures, _ = illustrate(
            edition,
            colours=Brand().card_colours(edition.topics),
            content=cache.folder,
            cache=cache,
            notes=notes,
        )
        for article in edition.articles:
            slot, picture = LEAD if article is edition.lead else THUMBNAIL, pictures[article.slug]
            size = cache.path_of(picture.name).stat().st_size
            largest[slot.name] = max(largest[slot.name], size)
            ratio = picture.width / picture.height / (slot.width / slot.height)
            fits = picture.width <= slot.width and abs(ratio - 1) < 0.02  # noqa: PLR2004
            counts["stories with a photo" if not picture.drawn else "stories with a card"] += 1
            counts["pictures too large or of the wrong shape"] += size > slot.max_bytes or not fits
    return counts, largest


if __name__ == "__main__":
    main()
