"""
Newsletters that are one at several rhythms: who leaves or comes back means whichever they get.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, select

from ..model import State
from .schema import newsletters

#: Each is the ids of newsletters that go together.
Families = Sequence[Collection[str]]
#: List number -> state, and since when.
Lists = Mapping[int, tuple[str, datetime]]


class Rhythms:
    """
    The same by number; a newsletter of one rhythm stands for itself.
    """

    def __init__(self, connection: Connection, families: Families) -> None:
        self._together: dict[int, frozenset[int]] = {}
        if families:
            rows = connection.execute(select(newsletters.c.id, newsletters.c.number))
            numbers = {row.id: row.number for row in rows}
            for family in families:
                together = frozenset(numbers[each] for each in family if each in numbers)
                self._together |= dict.fromkeys(together, together)

    def of(self, number: int) -> frozenset[int]:
        return self._together.get(number) or frozenset((number,))

    def current(self, number: int, lists: Lists) -> int:
        """
        The rhythm that somebody gets; if none, the one that changed last.
        """
        if lists[number][0] == State.ACTIVE:
            return number

        def weight(each: int) -> tuple[bool, datetime, bool]:
            state, changed_at = lists[each]
            return state == State.ACTIVE, changed_at, each == number

        return max(self.of(number) & lists.keys(), key=weight)

    def left_last(self, among: Collection[int], lists: Lists) -> Iterator[int]:
        """
        Of these lists those that were left last, and that do not come at another rhythm now.
        """
        last = max((lists[number][1] for number in among), default=None)
        for number in among:
            states = {lists[each][0] for each in self.of(number) & lists.keys()}
            left = lists[number] == (State.UNSUBSCRIBED, last)
            if left and State.ACTIVE not in states:
                yield number
