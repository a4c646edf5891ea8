"""
The letters of one connection, in the order in which they may go.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from ..model import Letter
from .pace import Pace

#: Letters taken ahead where the next ones have to wait, for their domain or for another try.
LOOKAHEAD = 20


@dataclass(slots=True)
class _Held:
    letter: Letter
    not_before: float


class Stream:
    """
    A letter is taken when it may go, and stays the first until it is settled.
    """

    def __init__(self, letters: Iterable[Letter], pace: Pace) -> None:
        self._letters = iter(letters)
        self._pace = pace
        self._taken: deque[Letter] = deque()
        self._held: list[_Held] = []
        self._tries: dict[int, int] = {}
        self._ended = self._ceased = False
        self._stopped = pace.stopped

    def first(self) -> Letter | None:
        """
        The next letter, once it may go. None: there are no more, or the pace was stopped.
        """
        return self.ahead(0, wait=True)

    def ahead(self, place: int, *, wait: bool = False) -> Letter | None:
        """
        The letter so many places behind the first. None, if it may not go at once.
        """
        if self._ceased:
            return None
        while len(self._taken) <= place:
            letter = self._next(wait=wait)
            if letter is None:
                return None
            self._taken.append(letter)
        return self._taken[place]

    def sleep(self, seconds: float) -> bool:
        """
        Wait so long. False: it was stopped.
        """
        return self._pace.sleep(seconds, self._stopped)

    def cease(self) -> None:
        """
        No more letters, not even those that were taken.
        """
        self._ceased = True

    def settle(self, letter: Letter) -> None:
        """
        The letter has its receipt.
        """
        self._taken.remove(letter)
        self._tries.pop(letter.subscriber_id, None)
        self._pace.done(letter)

    def close(self) -> None:
        """
        What was taken, and never settled, is under way no more.
        """
        while self._taken:
            self._pace.done(self._taken.popleft())

    def tried(self, letter: Letter) -> int:
        """
        Count one more try; how many there were.
        """
        tries = self._tries.get(letter.subscriber_id, 0) + 1
        self._tries[letter.subscriber_id] = tries
        return tries

    def postpone(self, letter: Letter, seconds: float) -> None:
        """
        Let others go first, for so long.
        """
        self._taken.remove(letter)
        self._pace.done(letter)
        self._held.append(_Held(letter, self._pace.now() + seconds))

    def _next(self, *, wait: bool) -> Letter | None:
        if self._pace.free and not self._held:
            return next(self._letters, None)
        while True:
            left = self._pace.wait_for_all()
            letter, soonest = (None, left) if left else self._allowed()
            if letter or soonest is None:
                return letter
            if not wait or not self.sleep(soonest):
                return None

    def _allowed(self) -> tuple[Letter | None, float | None]:
        """
        A letter that may go now, or in how many seconds one may; neither at the end.
        """
        soonest: float | None = None
        for held in self._held:
            left = held.not_before - self._pace.now()
            if left <= 0:
                left = self._pace.take(held.letter)
            if left <= 0:
                self._held.remove(held)
                return held.letter, None
            soonest = left if soonest is None else min(soonest, left)
        while len(self._held) < LOOKAHEAD and (letter := self._fresh()):
            left = self._pace.take(letter)
            if left <= 0:
                return letter, None
            self._held.append(_Held(letter, 0.0))
            soonest = left if soonest is None else min(soonest, left)
        return None, soonest

    def _fresh(self) -> Letter | None:
        if self._ended:
            return None
        letter = next(self._letters, None)
        self._ended = letter is None
        return letter
