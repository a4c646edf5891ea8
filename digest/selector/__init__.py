"""
Stage 2. Articles become editions: the hottest of each topic within a window. Pure.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import cached_property
from heapq import nsmallest

from ..model import Article, Edition, Hand, Newsletter, Pin, Rejection, Section, Window
from ..taxonomy import Taxonomy
from .candidates import (
    MINUTE,
    Candidate,
    as_candidate,
    find_candidates,
    find_pairs,
    fold,
    outside,
)
from .drafting import drafted, folded, out
from .pins import pins_for, with_slugs
from .placing import Draft, arranged
from .twins import find_twins, with_twins

#: By how much a window is widened at a time, where it holds too little.
STEP = timedelta(days=1)
#: So many of the articles that lie just outside a window are explained, the hottest.
MAX_OUTSIDE = 20


class Selector:
    """
    An issue's candidates, judged once. Selecting an edition only looks at its topics.
    """

    def __init__(
        self,
        articles: Sequence[Article],
        newsletter: Newsletter,
        window: Window,
        *,
        taxonomy: Taxonomy | None = None,
        hand: Hand | None = None,
    ) -> None:
        self._articles, self._newsletter, self._window = articles, newsletter, window
        self._taxonomy = taxonomy or Taxonomy()
        self._own_window = window  #: before it was widened
        self.hand = with_slugs(hand or Hand(), articles)
        self._candidates, self._unfit = find_candidates(
            articles, newsletter, window, taxonomy=self._taxonomy, hand=self.hand
        )
        self._pairs = find_pairs(self._candidates, newsletter)
        self._twins = find_twins(self._candidates)

    @property
    def urls(self) -> tuple[str, ...]:
        """
        The addresses of all that may be printed, in the widest window: what readers' histories
        are asked about.
        """
        stories = {each.article.story for each in self._candidates}
        if self._newsletter.thin_week == "widen" and self._newsletter.min_articles:
            stories |= {each.story for each in self._older}
        return tuple(sorted(stories))

    def select(
        self,
        topics: Sequence[str],
        *,
        seen: Mapping[str, str] | None = None,
        explain: bool = False,
    ) -> Edition:
        """
        What readers of `topics` get who were sent the addresses in `seen` before: url -> when.

        With `explain` the edition also says why every other article of the window is not in it,
        and so of the hottest just outside.
        """
        names = {self._taxonomy.key(each): each for each in self._taxonomy.expand(topics)}
        newsletter, seen = self._newsletter, seen or {}
        edition = self._select(names, seen, explain=explain)
        wider = self._wider
        while edition.size < newsletter.min_articles and wider:
            edition = wider._select(names, seen, explain=explain)
            wider = wider._wider
        if edition.size < newsletter.min_articles and newsletter.thin_week == "skip":
            return _skipped(edition, newsletter)
        return edition

    def _select(
        self, names: Mapping[str, str], seen: Mapping[str, str], *, explain: bool
    ) -> Edition:
        pins = pins_for(names, self.hand.pins, self._candidates, self._own_keys, self._taxonomy)
        wanted = self._wanted(names, pins)
        standing = [each for each in wanted if each.article.story not in seen]
        sections = {slug: key for slug, (key, _) in pins.items()}
        # Who stands for an address depends on who is there.
        twins = find_twins(each for each in standing if each.slug in self._twins)
        pairs = with_twins(self._pairs, twins, standing, pins)
        alike = fold(pairs, frozenset(each.slug for each in standing), pins)
        draft, folds = drafted(
            self._newsletter, names, standing, sections, alike, twins, explain=explain
        )
        edition = Edition(
            topics=tuple(names.values()),
            sections=tuple(self._sections(standing, draft, names, pins)),
            lead_slug=self._lead(standing, draft),
            pinned=frozenset(pins.keys() & draft.places.keys()),
            folded=frozenset(each.article.story for each in standing if each.slug in folds),
        )
        if not explain:
            return edition
        known = {each.slug for each in standing}
        rejected = [
            *draft.refused,
            *(out(each.child, folded(each)) for each in folds.values()),
            *(out(each.slug, _sent(each, seen)) for each in wanted if each.slug not in known),
            *self._unfit,
            *self._unwanted(wanted),
            *self._outside(names),
        ]
        return replace(edition, rejected=tuple(rejected), reasons=draft.reasons)

    def _wanted(
        self, names: Mapping[str, str], pins: Mapping[str, tuple[str, Pin]]
    ) -> list[Candidate]:
        """
        The candidates of these topics, and what is pinned for their readers, by rank.
        """
        places = {place for key in names for place in self._places.get(key, ())}
        if pins:
            places |= {place for place, each in enumerate(self._candidates) if each.slug in pins}
        return [self._candidates[place] for place in sorted(places)]

    @cached_property
    def _places(self) -> Mapping[str, list[int]]:
        """
        Where the candidates of each topic stand among all.
        """
        places: dict[str, list[int]] = defaultdict(list)
        for place, each in enumerate(self._candidates):
            for key in () if each.unfit else each.keys:
                places[key].append(place)
        return dict(places)

    @cached_property
    def _own_keys(self) -> frozenset[str]:
        """
        The keys of the newsletter's topics.
        """
        taxonomy = self._taxonomy
        return frozenset(map(taxonomy.key, taxonomy.expand(self._newsletter.topics)))

    def _sections(
        self,
        standing: Sequence[Candidate],
        draft: Draft,
        names: Mapping[str, str],
        pins: Mapping[str, tuple[str, Pin]],
    ) -> Iterator[Section]:
        """
        Sections in the newsletter's order, pinned stories at their places; or one, if too thin.
        """
        newsletter, written = self._newsletter, {slug: pin for slug, (_, pin) in pins.items()}
        placed = [each.article for each in standing if each.slug in draft.places]
        if newsletter.thin_week == "merge" and len(placed) < newsletter.min_articles:
            if placed:
                yield Section(topic=newsletter.title, articles=arranged(placed, written))
            return
        by_topic: dict[str, list[Article]] = {key: [] for key in names}
        for each in placed:
            by_topic[draft.places[each.slug]].append(each)
        filled = [(key, articles) for key, articles in by_topic.items() if articles]
        if newsletter.order == "heat":
            # By what is left of the heat.
            ranks = {each.slug: place for place, each in enumerate(placed)}
            filled.sort(key=lambda section: ranks[section[1][0].slug])
        for key, articles in filled:
            yield Section(topic=names[key], articles=arranged(articles, written))

    def _lead(self, standing: Sequence[Candidate], draft: Draft) -> str | None:
        """
        The story that the editor chose; the hottest only has to be named where heat fades.
        """
        for pin in self.hand.pins:
            if pin.lead and pin.slug in draft.places:
                return pin.slug
        if self._newsletter.decay is None:
            return None
        return next((each.slug for each in standing if each.slug in draft.places), None)

    def _unwanted(self, wanted: Sequence[Candidate]) -> Iterator[Rejection]:
        slugs, pinned = {each.slug for each in wanted}, {pin.slug for pin in self.hand.pins}
        for each in self._candidates:
            if each.slug in slugs:
                continue
            if each.slug in pinned:
                elsewhere = "pinned, but not on these topics"
                yield out(each.slug, "; ".join(filter(None, (each.unfit, elsewhere))))
            else:
                yield out(each.slug, "on none of the topics")

    def _outside(self, names: Mapping[str, str]) -> Iterator[Rejection]:
        """
        The hottest on these topics that lie outside by one length of the window at most.
        """
        window, newsletter = self._window, self._newsletter
        near = (
            as_candidate(each, newsletter, window.end, self._taxonomy)
            for each in self._near
            if each.published and not each.removed
        )
        on_topic = (each for each in near if not each.keys.isdisjoint(names))
        for each in nsmallest(MAX_OUTSIDE, on_topic, key=lambda each: each.rank):
            yield out(each.slug, outside(each.article, window))

    @cached_property
    def _near(self) -> tuple[Article, ...]:
        window, length = self._window, self._window.end - self._window.start
        pinned = {pin.slug for pin in self.hand.pins}
        return tuple(
            each
            for each in self._articles
            if each.published_at not in window and each.slug not in pinned
            # Sums of dates could leave the calendar, differences cannot.
            if window.start - each.published_at <= length
            if each.published_at - window.end <= length
        )

    @cached_property
    def _older(self) -> tuple[Article, ...]:
        """
        What a wider window may hold besides.
        """
        window, longest = self._window, self._newsletter.max_window
        return tuple(
            each
            for each in self._articles
            if each.published_at < window.start and window.end - each.published_at <= longest
        )

    @cached_property
    def _wider(self) -> "Selector | None":
        """
        The same with an older start, by as many days as it takes to hold more; None at the bound.
        """
        newsletter, window = self._newsletter, self._window
        if newsletter.thin_week != "widen" or not self._older:
            return None
        days = -((max(each.published_at for each in self._older) - window.start) // STEP)
        start = max(window.start - days * STEP, window.end - newsletter.max_window)
        wider = Selector(
            self._articles,
            newsletter,
            replace(window, start=start),
            taxonomy=self._taxonomy,
            hand=self.hand,
        )
        wider._widen_from(self._own_window)
        return wider

    def _widen_from(self, window: Window) -> None:
        """
        Say of what the window would not hold by itself that it was widened.
        """
        self._own_window = window
        note = f"the window was widened to start at {self._window.start:{MINUTE}}"
        self._candidates = [
            replace(each, note="; ".join(filter(None, (each.note, note))))
            if each.article.published_at < window.start and not each.unfit
            else each
            for each in self._candidates
        ]


def _skipped(edition: Edition, newsletter: Newsletter) -> Edition:
    """
    Nothing, and for each story that it would have been in.
    """
    reason = f"only {edition.size} stories, fewer than min_articles {newsletter.min_articles}"
    skipped = tuple(out(article.slug, reason) for article in edition.articles)
    return replace(
        edition,
        sections=(),
        rejected=skipped + edition.rejected,
        reasons={},
        pinned=frozenset(),
    )


def _sent(candidate: Candidate, seen: Mapping[str, str]) -> str:
    return f"sent {seen[candidate.article.story]}"
