"""
Which articles of a window can be in an issue at all, and which tell one story.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple
from urllib.parse import urlsplit

from ..model import Article, Hand, Newsletter, Rejection, Window
from ..taxonomy import Taxonomy

WORDS = re.compile(r"[^\W_]+")
#: They say nothing about which story it is.
STOP_WORDS = frozenset(
    WORDS.findall(
        "a an and are as at be by for from has have how in is it its of on or our that the this"
        " to was we what why will with you your"
    )
)
#: Of those that count; titles of fewer words are alike too easily.
MIN_WORDS = 5
#: The hottest; comparing takes the square of their number.
MAX_COMPARED = 3_000
SAME_ADDRESS = "the same address"
MINUTE = "%Y-%m-%d %H:%M"
NO_AGE = timedelta()


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """
    An article that may be printed.
    """

    article: Article
    heat: float  #: after decay
    keys: frozenset[str]  #: the topics it counts for
    note: str = ""  #: which keyword gave it its topic
    unfit: str = ""  #: why only a pin makes it one

    @property
    def slug(self) -> str:
        return self.article.slug

    @property
    def rank(self) -> tuple[float, int, float, str]:
        _, quality, published_at, slug = self.article.rank
        return -self.heat, quality, published_at, slug

    @property
    def shown_heat(self) -> str:
        """
        The heat, and what is left of it.
        """
        heat = self.article.heat
        return f"heat {heat}" if heat == self.heat else f"heat {heat} ({self.heat:.0f} by its age)"


class Pair(NamedTuple):
    """
    One story, told twice.
    """

    child: str  #: the slug of the one that is folded
    parent: str  #: the slug of the one that stands
    how: str  #: we know


def find_candidates(
    articles: Iterable[Article],
    newsletter: Newsletter,
    window: Window,
    *,
    taxonomy: Taxonomy,
    hand: Hand,
) -> tuple[list[Candidate], list[Rejection]]:
    """
    What may be printed, the hottest first, and why the rest may not.

    A pinned article may be printed whatever its date and its heat, to those it is pinned for.
    """
    pinned = {pin.slug for pin in hand.pins}
    candidates: list[Candidate] = []
    rejected: list[Rejection] = []
    near = (each for each in articles if each.published_at in window or each.slug in pinned)
    considered = (as_candidate(each, newsletter, window.end, taxonomy) for each in near)
    rules = Rules(newsletter)
    for candidate in sorted(considered, key=lambda each: each.rank):
        article = candidate.article
        reason = _hidden(article, hand)
        broken = outside(article, window) or next(rules.broken_by(article), "")
        if reason or (broken and article.slug not in pinned):
            rejected.append(Rejection(slug=article.slug, topic=None, reason=reason or broken))
        else:
            candidates.append(replace(candidate, unfit=broken) if broken else candidate)
    return candidates, rejected


def outside(article: Article, window: Window) -> str:
    """
    On which side of the window an article lies, or "".
    """
    published = f"published {article.published_at:{MINUTE}}"
    if article.published_at < window.start:
        return f"{published}, before the window began at {window.start:{MINUTE}}"
    if article.published_at >= window.end:
        return f"{published}, after the window ended at {window.end:{MINUTE}}"
    return ""


def find_pairs(candidates: Sequence[Candidate], newsletter: Newsletter) -> tuple[Pair, ...]:
    """
    Candidates that tell one story, by the rank of the one that would stand for both.

    Those of one address are not among them: see `twins`.
    """
    pairs: list[Pair] = []
    if newsletter.fold_related:
        pairs += _related(candidates)
    if newsletter.near_duplicates is not None:
        pairs += _near_duplicates(candidates, newsletter.near_duplicates)
    ranks = {each.slug: place for place, each in enumerate(candidates)}
    return tuple(sorted(pairs, key=lambda pair: ranks[pair.parent]))


def fold(
    pairs: Iterable[Pair], slugs: frozenset[str], pinned: Collection[str] = ()
) -> dict[str, Pair]:
    """
    Which of these slugs is folded under which other one of them.

    A story that is folded has nothing under itself, and one that has something is not folded:
    of two that name each other the hotter one stands. A pinned one stands before all others.
    """
    folds: dict[str, Pair] = {}
    heads: set[str] = set()
    for pair in _pinned_first(pairs, pinned):
        if not slugs.issuperset((pair.child, pair.parent)):
            continue
        if pair.parent not in folds and pair.child not in heads and pair.child not in folds:
            folds[pair.child] = pair
            heads.add(pair.parent)
    return folds


def _pinned_first(pairs: Iterable[Pair], pinned: Collection[str]) -> Iterable[Pair]:
    """
    Pairs with a pinned story first, and as its parent. Two pinned ones are two stories.
    """
    if not pinned:
        return pairs
    first, rest = [], []
    for pair in pairs:
        if pair.child not in pinned and pair.parent not in pinned:
            rest.append(pair)
        elif pair.child not in pinned or (pair.parent in pinned and pair.how == SAME_ADDRESS):
            first.append(pair)
        elif pair.parent not in pinned:
            first.append(Pair(pair.parent, pair.child, pair.how))
    return first + rest


def as_candidate(
    article: Article, newsletter: Newsletter, end: datetime, taxonomy: Taxonomy
) -> Candidate:
    """
    An article with its heat at the window's end, and the topics that it counts for.
    """
    heat: float = article.heat
    if newsletter.decay and heat > 0:
        age = max(end - article.published_at, NO_AGE)
        heat *= 0.5 ** (age / newsletter.decay)
    if article.topics:
        return Candidate(article=article, heat=heat, keys=taxonomy.keys_of(article.topics))
    guessed = dict(taxonomy.guess(article))
    note = ", ".join(f'{topic} by the word "{word}"' for topic, word in guessed.items())
    return Candidate(article=article, heat=heat, keys=taxonomy.keys_of(guessed), note=note)


def _hidden(article: Article, hand: Hand) -> str:
    """
    Why not even a pin can show an article, or "".
    """
    if article.removed:
        return "removed"
    if not article.published:
        return "not published: only ever a related story"
    return "dropped by the editor" if article.slug in hand.drops else ""


class Rules:
    """
    What a newsletter asks of every article.
    """

    def __init__(self, newsletter: Newsletter) -> None:
        self._newsletter = newsletter
        self._domains = [domain.casefold().strip(".") for domain in newsletter.exclude_domains]
        self._words = [
            (word, re.compile(rf"(?<!\w){re.escape(word.casefold())}(?!\w)"))
            for word in newsletter.exclude_words
        ]

    def broken_by(self, article: Article) -> Iterator[str]:
        newsletter = self._newsletter
        if article.kind not in newsletter.types:
            yield f"type {article.kind}, not among its types"
        for name in ("heat", "quality"):
            value, least = getattr(article, name), getattr(newsletter, f"min_{name}")
            if least is not None and value < least:
                yield f"{name} {value}, below min_{name} {least}"
        for domain in self._domains:
            if any(f".{host}".endswith(f".{domain}") for host in hosts_of(article)):
                yield f"domain {domain} is excluded"
        text = f"{article.title} {article.excerpt}".casefold() if self._words else ""
        for word, pattern in self._words:
            if pattern.search(text):
                yield f'the word "{word}" is excluded'


def hosts_of(article: Article) -> tuple[str, ...]:
    """
    The domain of an article's provider as the file names it, and the host of its address.
    """
    host = urlsplit(article.url).hostname or ""
    return tuple(each for each in (article.provider.domain.casefold(), host) if each)


def _related(candidates: Sequence[Candidate]) -> Iterator[Pair]:
    """
    A story that is somebody's related one is folded under it, even if it is hotter.
    """
    by_url: dict[str, list[str]] = defaultdict(list)
    for each in candidates:
        if each.article.url:
            by_url[each.article.url].append(each.slug)
    for parent in candidates:
        for related in parent.article.related:
            for child in by_url.get(related.url, ()):
                if child != parent.slug:
                    yield Pair(child, parent.slug, "related")


def _near_duplicates(candidates: Sequence[Candidate], threshold: int) -> Iterator[Pair]:
    """
    A cooler one and a hotter one with titles of nearly the same words in whatever order.

    Titles with other numbers in them are other stories, and short ones say too little.
    """
    groups = _comparable(candidates[:MAX_COMPARED])
    if not groups:
        return
    from rapidfuzz import fuzz, process

    for alike in groups:
        slugs, titles = zip(*alike, strict=True)
        for place, title in enumerate(titles):
            rest = titles[place + 1 :]
            found = process.extract_iter(title, rest, scorer=fuzz.ratio, score_cutoff=threshold)
            for _, score, offset in found:
                how = f"titles alike by {score:.0f} %"
                yield Pair(slugs[place + 1 + offset], slugs[place], how)


def _comparable(candidates: Sequence[Candidate]) -> list[list[tuple[str, str]]]:
    """
    Slugs with the words of their titles that count, where several have the same numbers.
    """
    by_numbers: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for each in candidates:
        words = sorted(set(WORDS.findall(each.article.title.casefold())) - STOP_WORDS)
        if len(words) >= MIN_WORDS:
            numbers = " ".join(word for word in words if not word.isalpha())
            by_numbers[numbers].append((each.slug, " ".join(words)))
    return [alike for alike in by_numbers.values() if len(alike) > 1]
