"""
How much there is on each topic, and for whom.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from ..model import Article
from ..text import topic_key
from . import Moment, Pipeline


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicCount:
    """
    A topic with its articles, those in the window at hand, and the newsletters on it.
    """

    topic: str
    articles: int
    window: int
    newsletters: tuple[str, ...]


def count_topics(pipeline: Pipeline, moment: Moment) -> tuple[TopicCount, ...]:
    """
    All topics that are described, or that articles or newsletters name, the fullest first.

    An article counts where selection counts it: for the topics above its own, too, and for those
    that keywords give it. A newsletter on a topic is on all topics below.
    """
    taxonomy, newsletters = pipeline.taxonomy, pipeline.settings.newsletters.values()
    articles = [(each, taxonomy.keys_for(each)) for each in standing(pipeline)]
    names = _names(pipeline, (article for article, _ in articles))
    sections = {
        each.id: frozenset(map(taxonomy.key, taxonomy.expand(each.topics))) for each in newsletters
    }
    windows = [pipeline.issue(each, moment).window for each in newsletters]
    totals = Counter(key for _, keys in articles for key in keys)
    at_hand = Counter(
        key
        for article, keys in articles
        if any(article.published_at in window for window in windows)
        for key in keys
    )
    counts = [
        TopicCount(
            topic=name,
            articles=totals[key],
            window=at_hand[key],
            newsletters=_users(taxonomy.ancestry(name), sections),
        )
        for key, name in names.items()
    ]
    return tuple(sorted(counts, key=lambda each: (-each.articles, each.topic)))


def standing(pipeline: Pipeline) -> list[Article]:
    """
    The articles that could be printed.
    """
    return [each for each in pipeline.articles if each.published and not each.removed]


def _users(ancestry: Iterable[str], sections: Mapping[str, AbstractSet[str]]) -> tuple[str, ...]:
    """
    The newsletters with a section that a topic's articles stand in.
    """
    return tuple(each for each, keys in sections.items() if not keys.isdisjoint(ancestry))


def _names(pipeline: Pipeline, articles: Iterable[Article]) -> Mapping[str, str]:
    """
    Every topic by its key: as it is described, or as a newsletter spells it, or else an article.
    """
    taxonomy = pipeline.taxonomy
    named = [name for each in articles for name in each.topics]
    for newsletter in pipeline.settings.newsletters.values():
        named += taxonomy.expand(newsletter.topics)
    names = {taxonomy.key(name): taxonomy.name(name) for name in named}
    return names | {topic_key(name): name for name in taxonomy.names.values()}
