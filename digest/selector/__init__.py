"""
Stage 2. Articles become editions: the hottest of each topic within a window. Pure.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import chain

from ..model import Article, Edition, Hand, Newsletter, Rejection, Section, Window
from ..taxonomy import Taxonomy
from .candidates import Candidate, Pair, find_candidates, find_pairs, fold
from .placing import Draft

#: By how much a window is widened at a time, where it holds too little.
STEP = timedelta(days=1)


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
        self.hand = hand or Hand()
        self._candidates, self._unfit = find_candidates(
            articles, newsletter, window, taxonomy=self._taxonomy, hand=self.hand
        )
        self._pairs = find_pairs(self._candidates, newsletter)
        self._wider: Selector | None = None

    @property
    def urls(self) -> tuple[str, ...]:
        """
        The addresses of all candidates: what readers' histories are asked about.
        """
        return tuple(each.article.url for each in self._candidates)

    def select(
        self,
        topics: Sequence[str],
        *,
        seen: Mapping[str, str] | None = None,
        explain: bool = False,
    ) -> Edition:
        """
        What readers of `topics` get who were sent the addresses in `seen` before: url -> when.

        With `explain` the edition also says why every other article of the window is not in it.
        """
        names = {self._taxonomy.key(each): each for each in self._taxonomy.expand(topics)}
        edition = self._select(names, seen or {}, explain=explain)
        newsletter = self._newsletter
        if edition.size >= newsletter.min_articles:
            return edition
        if newsletter.thin_week == "widen":
            wider = self._widen()
            return wider.select(topics, seen=seen, explain=explain) if wider else edition
        if newsletter.thin_week == "merge":
            return _merged(edition, newsletter)
        return _skipped(edition, newsletter)

    def _select(
        self, names: Mapping[str, str], seen: Mapping[str, str], *, explain: bool
    ) -> Edition:
        on_topic = [each for each in self._candidates if not each.keys.isdisjoint(names)]
        unseen = [each for each in on_topic if each.article.url not in seen]
        folds = fold(self._pairs, frozenset(each.slug for each in unseen))
        while True:
            draft = self._draft(unseen, names, folds, explain=explain)
            orphans = {slug for slug, pair in folds.items() if pair.parent not in draft.places}
            if not orphans:
                break
            # The story it was folded under did not make it, so it competes for itself.
            folds = {slug: pair for slug, pair in folds.items() if slug not in orphans}
        sections = tuple(self._sections(unseen, draft, names))
        edition = Edition(
            topics=tuple(names.values()), sections=sections, lead_slug=self._lead(draft)
        )
        if not explain:
            return edition
        sent = [each for each in on_topic if each.article.url in seen]
        off_topic = [each for each in self._candidates if each.keys.isdisjoint(names)]
        rejected = chain(
            draft.refused,
            (
                _out(each.child, f"folded under {each.parent} ({each.how})")
                for each in folds.values()
            ),
            (_out(each.slug, f"sent {seen[each.article.url]}") for each in sent),
            self._unfit,
            (_out(each.slug, "on none of the topics") for each in off_topic),
        )
        return replace(edition, rejected=tuple(rejected), reasons=draft.reasons)

    def _draft(
        self,
        standing: Sequence[Candidate],
        names: Mapping[str, str],
        folds: Mapping[str, Pair],
        *,
        explain: bool,
    ) -> Draft:
        """
        Places for what stands and is not folded.
        """
        draft = Draft(self._newsletter, names)
        for candidate, key in self._pinned(standing, names):
            draft.pin(candidate, key)
        for candidate in standing:
            if draft.is_full and not explain:
                break
            if candidate.slug not in draft.places and candidate.slug not in folds:
                draft.offer(candidate)
        return draft

    def _pinned(
        self, standing: Sequence[Candidate], names: Mapping[str, str]
    ) -> Iterator[tuple[Candidate, str]]:
        """
        What the editor put into sections of these readers, and the keys of the sections.
        """
        by_slug = {each.slug: each for each in standing}
        for pin in self.hand.pins:
            candidate = by_slug.get(pin.slug)
            if candidate is None:
                continue
            wanted = [self._taxonomy.key(pin.topic)] if pin.topic else list(names)
            key = next(
                (key for key in wanted if key in names and (pin.topic or key in candidate.keys)),
                None,
            )
            if key:
                yield candidate, key

    def _sections(
        self, standing: Sequence[Candidate], draft: Draft, names: Mapping[str, str]
    ) -> Iterator[Section]:
        """
        Sections in the newsletter's order, pinned stories at their places.
        """
        places = {pin.slug: pin.place for pin in self.hand.pins}
        by_topic: dict[str, list[Article]] = {key: [] for key in names}
        pinned = []
        for each in standing:
            if each.slug in draft.places and each.slug in places:
                pinned.append(each)
            elif each.slug in draft.places:
                by_topic[draft.places[each.slug]].append(each.article)
        for each in sorted(pinned, key=lambda candidate: places[candidate.slug]):
            by_topic[draft.places[each.slug]].insert(places[each.slug] - 1, each.article)
        filled = [(key, tuple(articles)) for key, articles in by_topic.items() if articles]
        if self._newsletter.order == "heat":
            filled.sort(key=lambda section: min(article.rank for article in section[1]))
        return (Section(topic=names[key], articles=articles) for key, articles in filled)

    def _lead(self, draft: Draft) -> str | None:
        return next(
            (pin.slug for pin in self.hand.pins if pin.lead and pin.slug in draft.places), None
        )

    def _widen(self) -> "Selector | None":
        """
        The same with an older start, a day at a time; None at the bound.
        """
        start = max(self._window.start - STEP, self._window.end - self._newsletter.max_window)
        if start >= self._window.start:
            return None
        if self._wider is None:
            self._wider = Selector(
                self._articles,
                self._newsletter,
                replace(self._window, start=start),
                taxonomy=self._taxonomy,
                hand=self.hand,
            )
        return self._wider


def _merged(edition: Edition, newsletter: Newsletter) -> Edition:
    """
    One section of everything, where sections would be too thin.
    """
    articles = tuple(sorted(edition.articles, key=lambda article: article.rank))
    section = Section(topic=newsletter.title, articles=articles)
    return replace(edition, sections=(section,) if articles else ())


def _skipped(edition: Edition, newsletter: Newsletter) -> Edition:
    """
    Nothing, and for each story that it would have been in.
    """
    reason = f"only {edition.size} stories, fewer than min_articles {newsletter.min_articles}"
    skipped = tuple(_out(article.slug, reason) for article in edition.articles)
    return replace(edition, sections=(), rejected=skipped + edition.rejected, reasons={})


def _out(slug: str, reason: str) -> Rejection:
    return Rejection(slug=slug, topic=None, reason=reason)
