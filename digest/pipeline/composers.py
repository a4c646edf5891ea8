"""
The composers of an issue, one for each edition: put together by whoever needs it first.
"""

from collections.abc import Callable
from functools import lru_cache, partial
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..composer import Composer

#: Editions whose letters are composed at once; an encoded page takes some hundred kilobytes.
KEPT = 64


class Composers:
    """
    Safe for many threads. All of them need the same one at once, when a run or an edition begins:
    one makes it, the others wait.
    """

    def __init__(self, make: "Callable[[int], Composer]") -> None:
        self._slot = lru_cache(KEPT)(lambda edition: _Slot(partial(make, edition)))
        self._looking = Lock()

    def of(self, edition: int) -> "Composer":
        with self._looking:  # Two that look at once would each get a slot of their own.
            slot = self._slot(edition)
        return slot.composer()


class _Slot:
    """
    Room for one of them.
    """

    def __init__(self, make: "Callable[[], Composer]") -> None:
        self._make, self._making = make, Lock()
        self._composer: Composer | None = None

    def composer(self) -> "Composer":
        if self._composer is None:
            with self._making:
                self._composer = self._composer or self._make()
        return self._composer
