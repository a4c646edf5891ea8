"""
What the editor means by the names of files.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace

from ..model import Article, Hand


def stories_meant(name: str, slugs: Collection[str]) -> tuple[str, ...]:
    """
    The slugs that a name stands for: with all its folders, with some of them, or without any.

    More than one only if files of the same name are in several folders.
    """
    whole = [each for each in slugs if f"/{name}".endswith(f"/{each}")]
    if whole:
        return (max(whole, key=len),)
    return tuple(sorted(each for each in slugs if each.endswith(f"/{name}")))


def with_slugs(hand: Hand, articles: Sequence[Article]) -> Hand:
    """
    The same with slugs for names. A name that stands for nothing stays as it is.
    """
    if not hand.pins and not hand.drops:
        return hand
    slugs = {each.slug for each in articles}
    pins = tuple(
        replace(pin, slug=next(iter(stories_meant(pin.slug, slugs)), pin.slug)) for pin in hand.pins
    )
    drops = tuple(slug for name in hand.drops for slug in stories_meant(name, slugs))
    return replace(hand, pins=pins, drops=drops)
