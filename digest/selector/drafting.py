"""
Places for what stands, while what tells the same story is folded under it.
"""

from collections.abc import Mapping, Sequence

from ..model import Newsletter, Rejection
from .candidates import SAME_ADDRESS, Candidate, Pair
from .placing import Draft
from .twins import Twins


def drafted(
    newsletter: Newsletter,
    names: Mapping[str, str],
    standing: Sequence[Candidate],
    pins: Mapping[str, str],
    folds: Mapping[str, Pair],
    twins: Twins,
    *,
    explain: bool,
) -> tuple[Draft, Mapping[str, Pair]]:
    """
    Places for all that stand, and what is folded under those who got one.

    `pins` says under which topic a story is pinned. Without `explain` the coolest are not asked.
    """
    freed: dict[str, Pair] = {}
    while True:
        told = _Told(freed, twins)
        draft = _draft(
            Draft(newsletter, names, explain=explain), standing, pins, folds, told, explain=explain
        )
        orphans = {slug: pair for slug, pair in folds.items() if pair.parent not in draft.places}
        if not orphans:
            return draft, {**told.besides(draft.places), **folds}
        # The story it was folded under did not make it, so it competes for itself.
        freed |= orphans
        folds = {slug: pair for slug, pair in folds.items() if slug not in orphans}


def _draft(
    draft: Draft,
    standing: Sequence[Candidate],
    pins: Mapping[str, str],
    folds: Mapping[str, Pair],
    told: "_Told",
    *,
    explain: bool,
) -> Draft:
    free = [each for each in standing if each.slug not in folds]
    for each in free:
        if each.slug in pins:
            draft.pin(each, pins[each.slug])
    for each in free:
        if draft.is_full and not explain:
            break
        if each.slug not in pins and not told.by(each.slug, draft.places):
            draft.offer(each)
    return draft


def folded(pair: Pair) -> str:
    return f"folded under {pair.parent} ({pair.how})"


def out(slug: str, reason: str) -> Rejection:
    """
    Why an article is out, on whatever topic.
    """
    return Rejection(slug=slug, topic=None, reason=reason)


class _Told:
    """
    Which stories tell the same as one another, although none is folded under the other.
    """

    def __init__(self, freed: Mapping[str, Pair], twins: Twins) -> None:
        self._twins = twins
        self._pairs: dict[str, list[Pair]] = {}
        for pair in freed.values():
            self._pairs.setdefault(pair.child, []).append(pair)
            self._pairs.setdefault(pair.parent, []).append(Pair(pair.parent, pair.child, pair.how))

    def by(self, slug: str, places: Mapping[str, str]) -> Pair | None:
        """
        The pair of a story with one that has a place.
        """
        found = next((each for each in self._pairs.get(slug, ()) if each.parent in places), None)
        if found or slug not in self._twins:
            return found
        others = (each for each in self._twins[slug] if each in places and each != slug)
        return next((Pair(slug, other, SAME_ADDRESS) for other in others), None)

    def besides(self, places: Mapping[str, str]) -> dict[str, Pair]:
        """
        What is told by a story that has a place, and has none itself.
        """
        slugs = (slug for slug in {**self._pairs, **self._twins} if slug not in places)
        found = {slug: self.by(slug, places) for slug in slugs}
        return {slug: pair for slug, pair in found.items() if pair}
