"""
Files of one address: one story, of which readers never see two.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from .candidates import SAME_ADDRESS, Candidate, Pair

#: Slug -> the slugs of all candidates of its address, the hottest first.
Twins = Mapping[str, Sequence[str]]


def find_twins(candidates: Iterable[Candidate]) -> Twins:
    """
    The candidates whose address others have, too.
    """
    by_url: dict[str, list[str]] = defaultdict(list)
    for each in candidates:
        if each.article.url:
            by_url[each.article.url].append(each.slug)
    return {slug: slugs for slugs in by_url.values() if len(slugs) > 1 for slug in slugs}


def with_twins(
    pairs: Sequence[Pair], twins: Twins, standing: Sequence[Candidate], pinned: Collection[str]
) -> Sequence[Pair]:
    """
    Pairs, and one for each twin that does not stand for the others, by the rank of who stands.
    """
    if not twins:
        return pairs
    ranks = {each.slug: place for place, each in enumerate(standing)}
    among = [each for each in pairs if each.parent in ranks]
    return sorted([*_pairs(twins, pinned), *among], key=lambda pair: ranks[pair.parent])


def _pairs(twins: Twins, pinned: Collection[str]) -> Iterator[Pair]:
    for slug, slugs in twins.items():
        head = next((each for each in slugs if each in pinned), slugs[0])
        if slug != head:
            yield Pair(slug, head, SAME_ADDRESS)
