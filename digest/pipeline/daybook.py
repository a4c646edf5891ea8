"""
What readers will have been told by the time the next newsletter is made.

Issues that are due together are sent one after the other, and each leaves out what the ones before
it told. Where nothing is sent there is no history of that: looking at them takes a book of its own.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from types import MappingProxyType

from ..model import Edition, Issue, Subscriber

NOTHING: frozenset[str] = frozenset()
NEVER: Mapping[str, str] = MappingProxyType({})


class DayBook:
    """
    Who is told which stories by issues that are looked at, but not made yet.
    """

    def __init__(self) -> None:
        self._told: dict[int, Mapping[str, str]] = {}

    def write(self, issue: Issue, editions: Iterable[tuple[Edition, Sequence[Subscriber]]]) -> None:
        """
        Remember what the readers of an issue find in it.
        """
        for edition, readers in editions:
            told = dict.fromkeys(edition.told, f"in {issue.id}, just before")
            # Readers who share what they were told before go on sharing it.
            for earlier, sharing in self._by_what_they_were_told(each.id for each in readers):
                both = {**told, **earlier}
                self._told |= dict.fromkeys(sharing, both)

    def added_to(
        self, seen: Mapping[int, frozenset[str]], readers: Iterable[int], urls: Collection[str]
    ) -> Mapping[int, frozenset[str]]:
        """
        What was sent to these readers, and what will have been, of these addresses.
        """
        whole = dict(seen)
        for told, sharing in self._by_what_they_were_told(readers):
            also = frozenset(told).intersection(urls)
            sets: dict[frozenset[str], frozenset[str]] = {}
            for reader in sharing if also else ():
                before = seen.get(reader, NOTHING)
                if before not in sets:
                    sets[before] = before | also
                whole[reader] = sets[before]
        return whole

    def reasons(self, reader: Subscriber, seen: Iterable[str]) -> dict[str, str]:
        """
        Address -> where this reader met it, for people.
        """
        told = self._told.get(reader.id, NEVER)
        return {url: told.get(url, "before") for url in seen}

    def _by_what_they_were_told(
        self, readers: Iterable[int]
    ) -> list[tuple[Mapping[str, str], list[int]]]:
        groups: dict[int, tuple[Mapping[str, str], list[int]]] = {}
        for reader in readers:
            told = self._told.get(reader, NEVER)
            groups.setdefault(id(told), (told, []))[1].append(reader)
        return list(groups.values())
