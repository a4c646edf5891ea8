"""
How fast letters may go: over all, and to each domain. Slower when a server asks for it.
"""

import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Event, Lock

from ..model import Kind, Letter, Outcome, Receipt

#: How late a letter may be and still count as on time; without it every pause would be lost.
SLACK = 0.05
#: Receipts from which a rate is read where none is set, and the least that is read from them.
RECENT = 200
LEAST = 10.0
#: Never slower than that, in letters per second.
SLOWEST = 1 / 60
#: With each accepted letter a slowed rate grows by this part of the full one.
GROWTH = 0.005
#: A server says the same on every connection: it is heeded once in so many seconds.
DEAF = 1.0
#: Another try, where as many connections as a domain is allowed are busy.
BUSY = 0.02
ANY_DOMAIN = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """
    Letters per second, and connections at once; None: as many as go.
    """

    rate: float | None = None
    connections: int | None = None


class Gate:
    """
    Lets letters through, evenly apart. Slowed down, it finds back to its own rate by and by.
    """

    def __init__(self, limit: Limit) -> None:
        self._limit = limit
        self._full = self._rate = limit.rate
        self._next = self._slowed_at = float("-inf")
        self._busy = 0

    @property
    def rate(self) -> float | None:
        """
        Letters per second just now.
        """
        return self._rate

    def wait(self, now: float) -> float:
        """
        Seconds until a letter may go.
        """
        if self._limit.connections is not None and self._busy >= self._limit.connections:
            return BUSY
        return max(0.0, self._next - now)

    def enter(self, now: float) -> None:
        """
        A letter goes.
        """
        self._busy += 1
        if self._rate:
            self._next = max(self._next, now - SLACK) + 1 / self._rate

    def leave(self) -> None:
        """
        It is under way no more.
        """
        self._busy -= 1

    def slow_down(self, now: float, measured: float) -> None:
        """
        Half as fast as until now.
        """
        if now - self._slowed_at < DEAF:
            return
        self._full = self._full or measured
        self._rate = max((self._rate or self._full) / 2, SLOWEST)
        self._slowed_at, self._next = now, now + 1 / self._rate

    def speed_up(self) -> None:
        """
        A little faster, if it was slowed down.
        """
        if self._rate is None or self._full is None or self._rate == self._limit.rate:
            return
        self._rate += self._full * GROWTH
        if self._rate >= self._full:
            self._full = self._rate = self._limit.rate


class Pace:
    """
    One for all connections of a run; threads share it. Without limits it costs nothing.
    """

    def __init__(
        self,
        per_second: float | None = None,
        *,
        domains: Mapping[str, Limit] | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] | None = None,
    ) -> None:
        self._all = Gate(Limit(rate=per_second))
        self._limits = dict(domains or {})
        self._domains: dict[str, Gate] = {}
        self._recent: deque[float] = deque(maxlen=RECENT)
        self._sleep = sleep
        self.stopped = Event()  #: for those who begin to wait now
        self._lock = Lock()
        self.now = clock

    @property
    def free(self) -> bool:
        """
        Whether nothing has to wait for anything.
        """
        return self._all.rate is None and not self._limits

    def stop(self) -> None:
        """
        Who waits now waits no more: what has not begun to leave stays.
        """
        stopped, self.stopped = self.stopped, Event()
        stopped.set()

    def sleep(self, seconds: float, stopped: Event) -> bool:
        """
        Wait so long. False: it was stopped.
        """
        if not stopped.is_set():
            (self._sleep or stopped.wait)(seconds)
        return not stopped.is_set()

    def wait_for_all(self) -> float:
        """
        Seconds until a letter may go, whoever it is for.
        """
        with self._lock:
            return self._all.wait(self.now())

    def take(self, letter: Letter) -> float:
        """
        0: the letter goes now, and is counted. Otherwise seconds until it may.
        """
        with self._lock:
            now, gates = self.now(), self._gates(letter)
            left = max(gate.wait(now) for gate in gates)
            if left <= 0:
                for gate in gates:
                    gate.enter(now)
            return left

    def done(self, letter: Letter) -> None:
        """
        The letter is under way no more.
        """
        if self._limits:
            with self._lock:
                for gate in self._gates(letter):
                    gate.leave()

    def heed(self, receipt: Receipt) -> None:
        """
        Slower where a server says that it is too much, faster where it takes letters again.
        """
        self._recent.append(self.now())
        if receipt.kind is Kind.RATE:
            with self._lock:
                now = self.now()
                # The narrowest gate first: other domains may be taken as fast as before.
                self._gates(receipt.letter)[-1].slow_down(now, self._measured(now))
        elif receipt.outcome is Outcome.ACCEPTED and not self.free:
            with self._lock:
                for gate in self._gates(receipt.letter):
                    gate.speed_up()

    def _gates(self, letter: Letter) -> list[Gate]:
        if not self._limits:
            return [self._all]
        domain = letter.recipient.rpartition("@")[2].lower()
        if domain not in self._domains:
            limit = self._limits.get(domain) or self._limits.get(ANY_DOMAIN)
            if limit is None:
                return [self._all]
            self._domains[domain] = Gate(limit)
        return [self._all, self._domains[domain]]

    def _measured(self, now: float) -> float:
        """
        Letters per second of late.
        """
        return max(LEAST, len(self._recent) / max(now - self._recent[0], 1.0))
