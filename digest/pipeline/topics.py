"""
Names of topics, as people write them.
"""

from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches

from ..errors import NotFoundError
from ..model import Newsletter
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
) -> tuple[str, ...]:
    """
    Topics as the newsletter or an article spells them. NotFoundError if neither knows one.

    The articles are asked only about topics that the newsletter does not know.
    """
    known: Mapping[str, str] = by_key(newsletter.topics)
    wanted = by_key(name for each in written if (name := clean_line(each)))
    if not wanted.keys() <= known.keys():
        known = {**of_articles(), **known}
    for key, name in wanted.items():
        if key not in known:
            close = get_close_matches(key, known, n=1)
            remedy = f'did you mean "{known[close[0]]}"?' if close else "see `digest topics`"
            raise NotFoundError(f'there is no topic "{name}"; {remedy}')
    return tuple(known[key] for key in wanted)
