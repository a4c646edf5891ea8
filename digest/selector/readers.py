"""
Readers grouped by what they are to read: one edition for each group.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ..model import Newsletter, Subscriber
from ..taxonomy import Taxonomy

NOTHING: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Reading:
    """
    A set of topics, in the newsletter's order, and the addresses that were sent before.
    """

    topics: tuple[str, ...]
    seen: frozenset[str] = NOTHING


def group_readers(
    subscribers: Iterable[Subscriber],
    newsletter: Newsletter,
    *,
    taxonomy: Taxonomy,
    seen: Mapping[int, frozenset[str]],
) -> dict[Reading, list[Subscriber]]:
    """
    Subscribers by what they are to read, those of the newsletter's own topics first.

    `seen` holds the stories of those subscribers who were sent any, by their ids.
    """
    order = _Order(newsletter, taxonomy)
    groups: dict[Reading, list[Subscriber]] = {Reading(newsletter.topics): []}
    for subscriber in subscribers:
        reading = Reading(order.topics_of(subscriber), seen.get(subscriber.id, NOTHING))
        groups.setdefault(reading, []).append(subscriber)
    return dict(sorted(groups.items(), key=lambda group: order.place(group[0])))


def topics_of(
    subscriber: Subscriber, newsletter: Newsletter, taxonomy: Taxonomy
) -> tuple[str, ...]:
    """
    What a subscriber reads, in the newsletter's order.
    """
    return _Order(newsletter, taxonomy).topics_of(subscriber)


class _Order:
    """
    A newsletter's topics first, as it orders them, then others by their names.
    """

    def __init__(self, newsletter: Newsletter, taxonomy: Taxonomy) -> None:
        self._newsletter, self._taxonomy = newsletter, taxonomy
        self._own = taxonomy.expand(newsletter.topics)
        self._names = {taxonomy.key(topic): topic for topic in self._own}
        self._places = {key: (place, key) for place, key in enumerate(self._names)}
        self._known: dict[tuple[str, ...], tuple[str, ...]] = {}
        self._keys: dict[str, str] = {}

    def topics_of(self, subscriber: Subscriber) -> tuple[str, ...]:
        chosen = subscriber.topics
        if not chosen:
            return self._newsletter.topics
        if chosen not in self._known:
            keys = {self._key(each): each for each in chosen}
            topics = tuple(
                self._names.setdefault(key, self._taxonomy.name(keys[key]))
                for key in sorted(keys, key=self._place)
            )
            self._known[chosen] = self._newsletter.topics if topics == self._own else topics
        return self._known[chosen]

    def place(self, reading: Reading) -> tuple[bool, list[tuple[int, str]], list[str]]:
        """
        Where a group stands among all: always at the same place.
        """
        places = [self._place(self._key(topic)) for topic in reading.topics]
        return reading.topics != self._newsletter.topics, places, sorted(reading.seen)

    def _place(self, key: str) -> tuple[int, str]:
        return self._places.get(key) or (len(self._places), key)

    def _key(self, topic: str) -> str:
        if topic not in self._keys:
            self._keys[topic] = self._taxonomy.key(topic)
        return self._keys[topic]
