"""
Pairs of real titles that are nearly alike, the 50 nearest to the threshold, for judging by hand.

Within seven days, and not known to tell one story already.
"""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from digest.model import Article, Hand, Newsletter, Window
from digest.reader import read_articles
from digest.selector.candidates import find_candidates, find_pairs
from digest.taxonomy import Taxonomy

SHARED = Path(__file__).parent.parent.parent / "shared"
DEFAULT = 80
LOOSE = 70
LEAST = 50
SHOWN = 50
WEEK = timedelta(days=7)
EVER = Window(start=datetime.min.replace(tzinfo=UTC), end=datetime.max.replace(tzinfo=UTC))
NEWSLETTER = Newsletter(
    id="all", title="All", sender="all@example.org", topics=(), near_duplicates=LEAST
)


def main() -> None:
    folders = [Path(name) for name in sys.argv[1:]] or [
        SHARED / "corpus" / "google-cloud",
        *sorted((SHARED / "replay").glob("*/content")),
    ]
    found: set[tuple[int, str, str]] = set()
    known: list[int] = []
    for folder in folders:
        articles = [each for each in read_articles(folder) if isinstance(each, Article)]
        found.update(alike(articles))
        known += (score for each in articles for score in of_related(each))
    report(found)
    for least in (DEFAULT, LOOSE):
        number = sum(score >= least for score in known)
        print(f"{number:5} of {len(known)} titles named as related at {least} %")


def report(found: set[tuple[int, str, str]]) -> None:
    nearest = sorted(found, key=lambda pair: (abs(pair[0] - DEFAULT), pair))[:SHOWN]
    for score, one, other in sorted(nearest, reverse=True):
        print(f"{score:3} %  {one}\n       {other}\n")
    for least in (DEFAULT, LOOSE, LEAST):
        print(f"{sum(score >= least for score, _, _ in found):5} pairs at {least} %")


def alike(articles: Sequence[Article]) -> Iterator[tuple[int, str, str]]:
    """
    By how many per cent two titles are alike, and the titles.
    """
    candidates, _ = find_candidates(articles, NEWSLETTER, EVER, taxonomy=Taxonomy(), hand=Hand())
    by_slug = {each.slug: each.article for each in candidates}
    pairs = find_pairs(candidates, NEWSLETTER)
    known = {
        frozenset((each.child, each.parent)) for each in pairs if not each.how.startswith("titles")
    }
    for pair in pairs:
        one, other = by_slug[pair.parent], by_slug[pair.child]
        if frozenset((pair.child, pair.parent)) in known or one.story == other.story:
            continue
        if abs(one.published_at - other.published_at) <= WEEK:
            first, second = sorted((one.title, other.title))
            yield int(pair.how.split()[-2]), first, second


def of_related(article: Article) -> Iterator[int]:
    """
    By how many per cent the titles that an article names as related are like its own.
    """
    for related in article.related:
        other = replace(article, slug="-", title=related.title)
        shown: dict[str, Any] = {
            "url": "",
            "related": (),
            "published": True,
            "removed": False,
        }
        found = list(alike([replace(each, **shown) for each in (article, other)]))
        yield found[0][0] if found else 0


if __name__ == "__main__":
    main()
