"""
What the editor means: which files by their names, and which sections by pins.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace

from ..model import Article, Hand, Pin
from ..taxonomy import Taxonomy
from .candidates import Candidate


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


def pins_for(
    names: Mapping[str, str],
    pins: Sequence[Pin],
    candidates: Sequence[Candidate],
    own: AbstractSet[str],
    taxonomy: Taxonomy,
) -> dict[str, tuple[str, Pin]]:
    """
    What the editor put into sections of these readers: slug -> the section's key, and the pin.

    `names` are the readers' topics by their keys, `own` the keys of the newsletter's.
    """
    if not pins:
        return {}
    by_slug = {each.slug: each for each in candidates}
    found: dict[str, tuple[str, Pin]] = {}
    for pin in pins:
        candidate = by_slug.get(pin.slug)
        if candidate is None or pin.slug in found:
            continue
        # A child's story stands in the section of its parent.
        wanted = taxonomy.ancestry(pin.topic) if pin.topic else _sections_of(candidate, names, own)
        key = next((key for key in wanted if key in names), None)
        if key is not None:
            found[pin.slug] = key, pin
    return found


def _sections_of(
    candidate: Candidate, names: Mapping[str, str], own: AbstractSet[str]
) -> Iterable[str]:
    """
    The readers' topics that a story is on. What is on none of the newsletter's is for everybody.
    """
    if candidate.keys.isdisjoint(own):
        return names
    return [key for key in names if key in candidate.keys]
