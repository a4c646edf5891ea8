"""
Stage 2. Articles become editions: the hottest of each topic within a window. Pure.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain

from .model import Article, Edition, Newsletter, Rejection, Section, Subscriber, Window
from .text import topic_key


def select_edition(
    articles: Iterable[Article], newsletter: Newsletter, window: Window, topics: Sequence[str]
) -> Edition:
    """
    What readers of `topics` get, and why every other article of the window is not in it.
    """
    in_window = [article for article in articles if article.published_at in window]
    candidates, rejected = _candidates(in_window, topics)
    folds = _folds(candidates)
    unfolded: set[str] = set()
    while True:
        standing = [each for each in candidates if each.slug not in folds or each.slug in unfolded]
        places = _place(standing, topics, newsletter.per_topic)
        orphans = {slug for slug, parent in folds.items() if parent not in places} - unfolded
        if not orphans:
            break
        # The story it was folded under did not make it, so it competes for itself.
        unfolded |= orphans
    folded = (each for each in candidates if each.slug in folds and each.slug not in unfolded)
    reasons = chain(
        _too_cool(standing, places, topics, newsletter.per_topic),
        (_rejection(each, f"folded under {folds[each.slug]} (related)") for each in folded),
        rejected,
    )
    return Edition(
        topics=tuple(topics),
        sections=tuple(_sections(standing, places, topics)),
        rejected=tuple(reasons),
    )


def group_by_topics(
    subscribers: Iterable[Subscriber], newsletter: Newsletter
) -> dict[tuple[str, ...], list[Subscriber]]:
    """
    Subscribers by what they read; the newsletter's own topics first.

    One set of topics is one group, in the order in which the newsletter names them.
    """
    order = {topic_key(topic): place for place, topic in enumerate(newsletter.topics)}
    names = {topic_key(topic): topic for topic in newsletter.topics}
    groups: dict[tuple[str, ...], list[Subscriber]] = {newsletter.topics: []}
    for subscriber in subscribers:
        own = {topic_key(topic): topic for topic in subscriber.topics or newsletter.topics}
        keys = sorted(own, key=lambda key: (order.get(key, len(order)), key))
        topics = tuple(names.setdefault(key, own[key]) for key in keys)
        groups.setdefault(topics, []).append(subscriber)
    return groups


def _candidates(
    in_window: Iterable[Article], topics: Sequence[str]
) -> tuple[list[Article], list[Rejection]]:
    """
    Stories of their own on these topics, the hottest first, each address once.
    """
    wanted = {topic_key(topic) for topic in topics}
    candidates: list[Article] = []
    rejected: list[Rejection] = []
    by_url: dict[str, Article] = {}
    for article in sorted(in_window, key=lambda article: article.rank):
        twin = by_url.get(article.url) if article.url else None
        if article.removed:
            rejected.append(_rejection(article, "removed"))
        elif not article.published:
            rejected.append(_rejection(article, "not published: only ever a related story"))
        elif wanted.isdisjoint(map(topic_key, article.topics)):
            rejected.append(_rejection(article, "on none of the topics"))
        elif twin:
            rejected.append(_rejection(article, f"same address as {twin.slug}"))
        else:
            by_url[article.url] = article
            candidates.append(article)
    return candidates, rejected


def _folds(candidates: Sequence[Article]) -> dict[str, str]:
    """
    Which story is somebody's related one: its slug, and that of the story it is folded under.

    Where two stories name each other, the hotter one stands.
    """
    by_url = {article.url: article for article in candidates if article.url}
    folds: dict[str, str] = {}
    for article in candidates:
        if article.slug in folds:
            continue  # Its own related stories stand beside it, under the same one or alone.
        for related in article.related:
            child = by_url.get(related.url)
            if child and child is not article and child.slug not in folds.values():
                folds.setdefault(child.slug, article.slug)
    return folds


def _place(standing: Sequence[Article], topics: Sequence[str], per_topic: int) -> dict[str, str]:
    """
    The topic of each article that is printed: of its topics with room, where it ranks highest.
    """
    positions = _positions(standing, topics)
    room = dict.fromkeys(topics, per_topic)
    places: dict[str, str] = {}
    for article in standing:
        for topic in sorted(positions[article.slug], key=positions[article.slug].__getitem__):
            if room[topic]:
                room[topic] -= 1
                places[article.slug] = topic
                break
    return places


def _positions(standing: Sequence[Article], topics: Sequence[str]) -> Mapping[str, dict[str, int]]:
    """
    Slug -> topic -> position in that topic, from 1; topics in the reader's order.
    """
    positions: dict[str, dict[str, int]] = defaultdict(dict)
    for topic in topics:
        key = topic_key(topic)
        on_topic = (each for each in standing if key in map(topic_key, each.topics))
        for position, article in enumerate(on_topic, 1):
            positions[article.slug][topic] = position
    return positions


def _sections(
    standing: Sequence[Article], places: Mapping[str, str], topics: Sequence[str]
) -> Iterator[Section]:
    for topic in topics:
        articles = tuple(each for each in standing if places.get(each.slug) == topic)
        if articles:
            yield Section(topic=topic, articles=articles)


def _too_cool(
    standing: Sequence[Article], places: Mapping[str, str], topics: Sequence[str], per_topic: int
) -> Iterator[Rejection]:
    positions = _positions(standing, topics)
    for article in standing:
        if article.slug in places:
            continue
        for topic, position in positions[article.slug].items():
            reason = f"heat {article.heat}, {position} in {topic}, which takes {per_topic}"
            yield Rejection(slug=article.slug, topic=topic, reason=reason)


def _rejection(article: Article, reason: str) -> Rejection:
    return Rejection(slug=article.slug, topic=None, reason=reason)
