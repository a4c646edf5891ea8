"""
One newsletter at several rhythms: which of the configured ones go together.
"""

from collections.abc import Mapping

from ..model import Newsletter


def siblings_of(newsletter: Newsletter, newsletters: Mapping[str, Newsletter]) -> list[str]:
    """
    The ids of a newsletter and its other rhythms, the main one first.
    """
    main = newsletter.frequency_of or newsletter.id
    others = [each.id for each in newsletters.values() if each.frequency_of == main]
    return [main, *others]


def families_of(newsletters: Mapping[str, Newsletter]) -> tuple[tuple[str, ...], ...]:
    """
    The ids of those that go together, for all of which there is more than one rhythm.
    """
    mains = {each.frequency_of: None for each in newsletters.values() if each.frequency_of}
    return tuple(tuple(siblings_of(newsletters[main], newsletters)) for main in mains)
