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
    own = taxonomy.expand(newsletter.topics)
    order = {taxonomy.key(topic): place for place, topic in enumerate(own)}
    names = {taxonomy.key(topic): topic for topic in own}
    known: dict[tuple[str, ...] | None, tuple[str, ...]] = {None: newsletter.topics}
    groups: dict[Reading, list[Subscriber]] = {Reading(newsletter.topics): []}
    for subscriber in subscribers:
        topics = known.get(subscriber.topics or None)
        if topics is None:
            keys = {taxonomy.key(each): each for each in subscriber.topics or ()}
            ordered = sorted(keys, key=lambda key: (order.get(key, len(order)), key))
            topics = tuple(names.setdefault(key, taxonomy.name(keys[key])) for key in ordered)
            topics = newsletter.topics if topics == own else topics
            known[subscriber.topics] = topics
        reading = Reading(topics, seen.get(subscriber.id, NOTHING))
        groups.setdefault(reading, []).append(subscriber)
    return dict(
        sorted(groups.items(), key=lambda group: _place(group[0], newsletter, order, taxonomy))
    )


def _place(
    reading: Reading, newsletter: Newsletter, order: Mapping[str, int], taxonomy: Taxonomy
) -> tuple[bool, list[tuple[int, str]], list[str]]:
    """
    The newsletter's own topics first, then as the newsletter orders them; always the same way.
    """
    keys = [(order.get(key, len(order)), key) for key in map(taxonomy.key, reading.topics)]
    return reading.topics != newsletter.topics, keys, sorted(reading.seen)
