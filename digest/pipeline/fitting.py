"""
A letter that mail programs show whole: shortened step by step, as little as possible.

Gmail cuts a letter at about 102 KB, and drops its styles with the rest. Excerpts shorten first,
then related stories go, then the coolest stories. The page for the web, and the text part, stay
whole.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import count

from ..composer import bound_of_html, encoded_bound, size_of_html
from ..model import Article, Edition, Page, Section, Shortening
from ..text import shorten

#: Bytes of a letter's HTML as it travels.
MAX_BYTES = 100_000
EXCERPTS = (240, 160, 120, 80)
RELATED = (6, 4, 3, 2, 1, 0)
#: About what a letter has without its stories.
BARE = 15_000
#: Every third guess halves what is left.
HALVING = 3
#: How much the quick bound may exceed the size.
CLOSE = 1.05
#: The lead story's excerpt is so many times as long as the others.
LEAD_EXCERPT = 2

Render = Callable[[Edition, Shortening | None], Page]


def fit(
    edition: Edition,
    render: Render,
    *,
    pinned: AbstractSet[str] = frozenset(),
    limit: int = MAX_BYTES,
) -> Page:
    """
    The page of an edition, shortened until it is small enough; `pinned` stories go last.

    What cannot be made small enough is as small as it gets.
    """
    whole = render(edition, None)
    if fits(whole, limit):
        return whole
    steps = Steps(edition, pinned)
    best = whole
    large, small = (0, bound_of_html(whole)), (len(steps), BARE)
    for turn in count():
        if small[0] - large[0] <= 1:
            break
        step = steps.between(large, small, limit, halve=turn % HALVING == HALVING - 1)
        page = render(steps.edition(step), steps.shortening(step))
        if fits(page, limit) or step == len(steps) - 1:
            small = step, bound_of_html(page)
            best = replace(page, shortening=steps.shortening(step))
        else:
            large = step, bound_of_html(page)
    return replace(whole, html=best.html, web=whole.html, shortening=best.shortening)


def fits(page: Page, limit: int = MAX_BYTES) -> bool:
    """
    Whether it is smaller than the limit; weighed exactly only where it is close.
    """
    bound = bound_of_html(page)
    return bound < limit or (bound < limit * CLOSE and size_of_html(page) < limit)


@dataclass(frozen=True)
class Steps:
    """
    The ways to shorten an edition, each shorter than the one before; the first leaves it whole.
    """

    whole: Edition
    pinned: AbstractSet[str]

    def __len__(self) -> int:
        return len(self._shortenings)

    def shortening(self, step: int) -> Shortening:
        return self._shortenings[step]

    def edition(self, step: int) -> Edition:
        return shortened(self.whole, self._shortenings[step])

    def between(
        self, large: tuple[int, int], small: tuple[int, int], limit: int, *, halve: bool
    ) -> int:
        """
        A step between one that is too large and one that is not, each with its size.

        Sizes are taken to follow the weights; where they do not, halving gets there all the same.
        """
        first, last = large[0] + 1, small[0] - 1
        if halve:
            return (first + last) // 2
        most, least = self._weights[large[0]], self._weights[small[0]]
        share = (limit - small[1]) / max(large[1] - small[1], 1)
        wanted = least + (most - least) * share
        found = bisect_left(self._weights, -wanted, key=lambda weight: -weight)
        return min(max(found, first), last)

    @cached_property
    def _weights(self) -> Sequence[int]:
        """
        Bytes of text and addresses at each step, and at last nothing.
        """
        weights = [
            sum(map(_weight, self.edition(step).articles))
            for step, each in enumerate(self._shortenings)
            if not each.dropped
        ]
        barest = {each.slug: each for each in self.edition(len(weights) - 1).articles}
        for slug in self._shortenings[-1].dropped:
            weights.append(weights[-1] - _weight(barest[slug]))
        return [*weights, 0]

    @cached_property
    def _shortenings(self) -> Sequence[Shortening]:
        return [*_shortenings(self.whole, self.pinned)]


def shortened(edition: Edition, shortening: Shortening) -> Edition:
    """
    What is left of an edition.
    """
    lead = edition.lead.slug
    dropped = frozenset(shortening.dropped)
    sections = (
        Section(
            topic=section.topic,
            articles=tuple(
                _shortened(each, shortening, LEAD_EXCERPT if each.slug == lead else 1)
                for each in section.articles
                if each.slug not in dropped
            ),
        )
        for section in edition.sections
    )
    kept = tuple(section for section in sections if section.articles)
    return replace(edition, sections=kept, lead_slug=lead)


def _shortened(article: Article, shortening: Shortening, times: int) -> Article:
    excerpt, related = article.excerpt, article.related
    if shortening.excerpts is not None:
        excerpt = shorten(excerpt, shortening.excerpts * times)
    if shortening.related is not None:
        related = related[: shortening.related]
    return replace(article, excerpt=excerpt, related=related)


def _shortenings(edition: Edition, pinned: AbstractSet[str]) -> Iterator[Shortening]:
    yield Shortening()
    longest = max(len(each.excerpt) for each in edition.articles)
    most = max(len(each.related) for each in edition.articles)
    excerpts: int | None = None
    related: int | None = None
    for excerpts in (each for each in EXCERPTS if each < longest):
        yield Shortening(excerpts=excerpts)
    for related in (each for each in RELATED if each < most):
        yield Shortening(excerpts=excerpts, related=related)
    coolest = _coolest_first(edition, pinned)
    for number in range(1, len(coolest) + 1):
        yield Shortening(excerpts=excerpts, related=related, dropped=tuple(coolest[:number]))


def _coolest_first(edition: Edition, pinned: AbstractSet[str]) -> list[str]:
    lead = edition.lead
    others = [each for each in edition.articles if each is not lead]
    others.sort(key=lambda each: each.rank, reverse=True)
    others.sort(key=lambda each: each.slug in pinned)
    return [each.slug for each in others]


def _weight(article: Article) -> int:
    related = (part for each in article.related for part in (each.title, each.url))
    return encoded_bound("".join((article.title, article.url, article.excerpt, *related)))
