"""
Names of topics, as people write them.
"""

from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches

from ..errors import NotFoundError
from ..model import Newsletter
from ..taxonomy import Taxonomy, parent_in
from ..text import clean_line, topic_key


def by_key(topics: Iterable[str]) -> dict[str, str]:
    """
    Topics under what all spellings of them have in common; the first spelling stands.
    """
    names: dict[str, str] = {}
    for topic in topics:
        names.setdefault(topic_key(topic), topic)
    return names


def known_topics(
    written: Iterable[str],
    newsletter: Newsletter,
    of_articles: Callable[[], Mapping[str, str]],
    taxonomy: Callable[[], Taxonomy] = Taxonomy,
) -> tuple[str, ...]:
    """
    Topics as the newsletter spells them, or who describes them. NotFoundError if there is no such.

    Where the newsletter allows any topic, those that articles have will do. Neither taxonomy nor
    articles are asked about topics that the newsletter names itself.
    """
    known: Mapping[str, str] = by_key(newsletter.topics)
    wanted = by_key(name for each in written if (name := clean_line(each)))
    if not wanted.keys() <= known.keys():
        described = taxonomy()
        known = {**topics_of(newsletter, described), **known}
        if newsletter.any_topic and not wanted.keys() <= known.keys():
            known = {**of_articles(), **described.names, **known}
        known = {**known, **_sets_of_children(wanted, known, described)}
    for key, name in wanted.items():
        if key not in known:
            raise NotFoundError(_unknown(name, newsletter, known))
    return tuple(dict.fromkeys(known[key] for key in wanted))


def topics_of(newsletter: Newsletter, taxonomy: Taxonomy) -> dict[str, str]:
    """
    What a newsletter is on, by every name: its topics, and all topics below them.
    """
    own = taxonomy.expand(newsletter.topics)
    keys = {taxonomy.key(each) for each in own}
    below = {
        key: name
        for key, name in taxonomy.names.items()
        if not keys.isdisjoint(taxonomy.keys_of([name]))
    }
    return below | by_key(own)


def meant(name: str, known: Mapping[str, str]) -> str:
    """
    "did you mean …?", or nothing that could be meant.
    """
    close = get_close_matches(topic_key(name), known, n=1)
    return f'did you mean "{known[close[0]]}"?' if close else ""


def _sets_of_children(
    wanted: Mapping[str, str], known: Mapping[str, str], taxonomy: Taxonomy
) -> dict[str, str]:
    """
    Each `Parent/*` whose children are all known.
    """
    sets = {}
    for key, name in wanted.items():
        children = taxonomy.children(parent) if (parent := parent_in(name)) else ()
        if children and all(topic_key(each) in known for each in children):
            sets[key] = name
    return sets


def _unknown(name: str, newsletter: Newsletter, known: Mapping[str, str]) -> str:
    remedy = meant(name, known)
    if remedy or newsletter.any_topic:
        return f'there is no topic "{name}"; {remedy or "see `digest topics`"}'
    own = ", ".join(newsletter.topics)
    return f'{newsletter.id} has no topic "{name}"; choose of {own}, or set any_topic = true'
