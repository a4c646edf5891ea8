"""
Which candidates one set of topics gets, and where: one pass, the hottest first.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from ..model import Article, Newsletter, Pin, Rejection
from .candidates import Candidate


class Draft:
    """
    The places given so far. Every candidate is offered once, in the order of rank.
    """

    def __init__(
        self, newsletter: Newsletter, topics: Mapping[str, str], *, explain: bool = True
    ) -> None:
        self._newsletter, self._explain = newsletter, explain
        self._topics = topics  #: key -> name, in the reader's order
        self._offered = Counter[str]()
        self._taken = Counter[str]()
        self._providers = Counter[str]()
        self._roomy = set(topics)  #: topics with room
        self.places: dict[str, str] = {}  #: slug -> key of its topic
        self.reasons: dict[str, str] = {}  #: why each of them is in
        self.refused: list[Rejection] = []

    @property
    def is_full(self) -> bool:
        most = self._newsletter.max_articles
        return not self._roomy or (most is not None and len(self.places) >= most)

    def pin(self, candidate: Candidate, key: str) -> None:
        """
        Take a candidate that the editor put here, limits or not.
        """
        self._offered.update({key, *candidate.keys} & self._topics.keys())
        self._take(candidate, key, "pinned by the editor")

    def offer(self, candidate: Candidate) -> None:
        """
        Take a candidate under the topic where it ranks highest, if a topic has room for it.
        """
        positions = {}
        for key in self._topics:
            if key in candidate.keys:
                self._offered[key] += 1
                positions[key] = self._offered[key]
        limit = self._limit(candidate)
        for key in sorted(positions, key=positions.__getitem__):
            if not limit and key in self._roomy:
                self._take(candidate, key, self._standing(candidate, key, self._taken[key] + 1))
                return
        if self._explain:
            self.refused += self._refusals(candidate, positions, limit)

    def _take(self, candidate: Candidate, key: str, reason: str) -> None:
        self._taken[key] += 1
        if self._taken[key] >= self._newsletter.per_topic:
            self._roomy.discard(key)
        self._providers[_provider(candidate)] += 1
        self.places[candidate.slug] = key
        self.reasons[candidate.slug] = reason

    def _limit(self, candidate: Candidate) -> str:
        """
        The rule about the whole issue that has no room for it, or "".
        """
        newsletter, provider = self._newsletter, _provider(candidate)
        if newsletter.max_articles is not None and len(self.places) >= newsletter.max_articles:
            return f"{candidate.shown_heat}, the issue already has {newsletter.max_articles}"
        most = newsletter.per_provider
        if most is None or not provider or self._providers[provider] < most:
            return ""
        return f"provider {provider} already has {most}"

    def _standing(self, candidate: Candidate, key: str, position: int) -> str:
        """
        "heat 92, 4th of 3 in AI": its place, and how many there are.
        """
        if not self._explain:
            return ""
        note = f"; {candidate.note}" if candidate.note else ""
        room = self._newsletter.per_topic
        return f"{candidate.shown_heat}, {ordinal(position)} of {room} in {self._topics[key]}{note}"

    def _refusals(
        self, candidate: Candidate, positions: Mapping[str, int], limit: str
    ) -> Iterator[Rejection]:
        if limit:
            yield Rejection(slug=candidate.slug, topic=None, reason=limit)
            return
        for key, position in positions.items():
            reason = self._standing(candidate, key, position)
            yield Rejection(slug=candidate.slug, topic=self._topics[key], reason=reason)


def arranged(articles: Iterable[Article], pins: Mapping[str, Pin]) -> tuple[Article, ...]:
    """
    The same, pinned ones at their places; of two at one place the first that was written.
    """
    by_slug = {each.slug: each for each in articles}
    ordered = [each for slug, each in by_slug.items() if slug not in pins]
    after = 0
    for pin in sorted(pins.values(), key=lambda each: each.place):
        if pin.slug in by_slug:
            after = max(pin.place - 1, after)
            ordered.insert(after, by_slug[pin.slug])
            after += 1
    return tuple(ordered)


def _provider(candidate: Candidate) -> str:
    """
    What a provider is counted by; nothing where nobody is named.
    """
    provider = candidate.article.provider
    return (provider.domain or provider.name).casefold()


def ordinal(number: int) -> str:
    """
    1st, 2nd, 3rd, 4th, 11th.
    """
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{'th' if 10 < number % 100 < 14 else ending}"  # noqa: PLR2004 - the teens
