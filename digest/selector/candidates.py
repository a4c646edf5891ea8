"""
Which articles of a window can be in an issue at all, and which tell one story.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """
    An article that may be printed.
    """

    article: Article
    heat: float  #: after decay
    keys: frozenset[str]  #: the topics it counts for
    note: str = ""  #: which keyword gave it its topic

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

    A pinned article may be printed whatever its date and its heat.
    """
    pinned = {pin.slug for pin in hand.pins}
    candidates: list[Candidate] = []
    rejected: list[Rejection] = []
    considered = (
        _candidate(each, newsletter, window.end, taxonomy)
        for each in articles
        if each.published_at in window or each.slug in pinned
    )
    for candidate in sorted(considered, key=lambda each: each.rank):
        article = candidate.article
        reason = _unfit(article, newsletter, hand, is_pinned=article.slug in pinned)
        if reason:
            rejected.append(Rejection(slug=article.slug, topic=None, reason=reason))
        else:
            candidates.append(candidate)
    return candidates, rejected


def find_pairs(candidates: Sequence[Candidate], newsletter: Newsletter) -> tuple[Pair, ...]:
    """
    Candidates that tell one story, by the rank of the one that would stand for both.
    """
    pairs = [*_twins(candidates)]
    if newsletter.fold_related:
        pairs += _related(candidates)
    if newsletter.near_duplicates is not None:
        pairs += _near_duplicates(candidates, newsletter.near_duplicates)
    ranks = {each.slug: place for place, each in enumerate(candidates)}
    return tuple(sorted(pairs, key=lambda pair: ranks[pair.parent]))


def fold(pairs: Iterable[Pair], slugs: frozenset[str]) -> dict[str, Pair]:
    """
    Which of these slugs is folded under which other one of them.

    A story that is folded has nothing under itself, and one that has something is not folded:
    of two that name each other the hotter one stands.
    """
    folds: dict[str, Pair] = {}
    heads: set[str] = set()
    for pair in pairs:
        if not slugs.issuperset((pair.child, pair.parent)):
            continue
        if pair.parent not in folds and pair.child not in heads and pair.child not in folds:
            folds[pair.child] = pair
            heads.add(pair.parent)
    return folds


def _candidate(
    article: Article, newsletter: Newsletter, end: datetime, taxonomy: Taxonomy
) -> Candidate:
    heat: float = article.heat
    if newsletter.decay and heat > 0:
        heat *= 0.5 ** ((end - article.published_at) / newsletter.decay)
    if article.topics:
        return Candidate(article=article, heat=heat, keys=taxonomy.keys_of(article.topics))
    guessed = dict(taxonomy.guess(article))
    note = ", ".join(f'{topic} by the word "{word}"' for topic, word in guessed.items())
    return Candidate(article=article, heat=heat, keys=taxonomy.keys_of(guessed), note=note)


def _unfit(article: Article, newsletter: Newsletter, hand: Hand, *, is_pinned: bool) -> str:
    """
    Why an article cannot be in this newsletter at all, or "".
    """
    if article.removed:
        return "removed"
    if not article.published:
        return "not published: only ever a related story"
    if article.slug in hand.drops:
        return "dropped by the editor"
    return "" if is_pinned else next(_broken_rules(article, newsletter), "")


def _broken_rules(article: Article, newsletter: Newsletter) -> Iterator[str]:
    if article.kind not in newsletter.types:
        yield f"type {article.kind}, not among its types"
    for name in ("heat", "quality"):
        value, least = getattr(article, name), getattr(newsletter, f"min_{name}")
        if least is not None and value < least:
            yield f"{name} {value}, below min_{name} {least}"
    for domain in newsletter.exclude_domains:
        if f".{article.provider.domain.casefold()}".endswith(f".{domain.casefold()}"):
            yield f"domain {domain} is excluded"
    text = f"{article.title} {article.excerpt}".casefold() if newsletter.exclude_words else ""
    for word in newsletter.exclude_words:
        if re.search(rf"(?<!\w){re.escape(word.casefold())}(?!\w)", text):
            yield f'the word "{word}" is excluded'


def _twins(candidates: Sequence[Candidate]) -> Iterator[Pair]:
    """
    Files of one address: the hottest stands.
    """
    hottest: dict[str, str] = {}
    for each in candidates:
        parent = hottest.setdefault(each.article.url, each.slug) if each.article.url else each.slug
        if parent != each.slug:
            yield Pair(each.slug, parent, "the same address")


def _related(candidates: Sequence[Candidate]) -> Iterator[Pair]:
    """
    A story that is somebody's related one is folded under it, even if it is hotter.
    """
    by_url: dict[str, list[str]] = defaultdict(list)
    for each in candidates:
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
    from rapidfuzz import fuzz, process

    by_numbers: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for each in candidates[:MAX_COMPARED]:
        words = sorted(set(WORDS.findall(each.article.title.casefold())) - STOP_WORDS)
        if len(words) >= MIN_WORDS:
            numbers = " ".join(word for word in words if not word.isalpha())
            by_numbers[numbers].append((each.slug, " ".join(words)))
    for alike in by_numbers.values():
        slugs, titles = zip(*alike, strict=True)
        for place, title in enumerate(titles):
            rest = titles[place + 1 :]
            found = process.extract_iter(title, rest, scorer=fuzz.ratio, score_cutoff=threshold)
            for _, score, offset in found:
                how = f"titles alike by {score:.0f} %"
                yield Pair(slugs[place + 1 + offset], slugs[place], how)
