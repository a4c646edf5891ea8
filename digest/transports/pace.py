"""
How fast letters may go: over all, and to each domain. Slower when a server asks for it.
"""

import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
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
#: So many domains that complain within so many seconds are no coincidence: it is us who are too
#: fast for all.
SEVERAL, TOGETHER = 3, 10.0
#: After so many complaints in a row, and nothing accepted, nothing is tried for so long.
WEARY, REST = 6, 300.0
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
        self._busy = self._complaints = 0

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

    def rests(self, now: float) -> bool:
        """
        Whether it was in vain to go slower, and nothing goes for a while.
        """
        return self._complaints >= WEARY and now - self._slowed_at < REST

    def slow_down(self, now: float, measured: float) -> None:
        """
        Half as fast as until now.
        """
        if now - self._slowed_at < DEAF:
            return
        self._full = self._full or measured
        self._rate = max((self._rate or self._full) / 2, SLOWEST)
        self._slowed_at, self._next = now, now + 1 / self._rate
        self._complaints += 1

    def speed_up(self) -> None:
        """
        A little faster, if it was slowed down.
        """
        self._complaints = 0
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
        self._complained: dict[str, float] = {}  #: domain -> when
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
        return self._all.rate is None and not self._limits and not self._domains

    @property
    def rests_for_all(self) -> bool:
        """
        Whether the server takes nothing more, whoever it is for.
        """
        with self._lock:
            return self._all.rests(self.now())

    def rests(self, letter: Letter) -> bool:
        """
        Whether nobody takes letters for that domain just now: it is not tried any more.
        """
        if self.free:
            return False
        with self._lock:
            return _domain_rests(self._gates(letter), self.now())

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
            if _domain_rests(gates, now):
                gates = gates[1:]  # It takes nobody's place, as it is not tried.
                left = 0.0
            else:
                left = max(gate.wait(now) for gate in gates)
            if left <= 0:
                for gate in gates:
                    gate.enter(now)
            return left

    def done(self, letter: Letter) -> None:
        """
        The letter is under way no more.
        """
        if self._domains:
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
                self._too_fast(receipt.letter, now).slow_down(now, self._measured(now))
        elif receipt.outcome is Outcome.ACCEPTED and not self.free:
            with self._lock:
                for gate in self._gates(receipt.letter):
                    gate.speed_up()
                self._forget(_domain_of(receipt.letter))

    def _gates(self, letter: Letter) -> list[Gate]:
        """
        The widest first.
        """
        if not self._limits and not self._domains:
            return [self._all]
        domain = _domain_of(letter)
        if domain not in self._domains:
            limit = self._limit_of(domain)
            if limit is None:
                return [self._all]
            self._domains[domain] = Gate(limit)
        return [self._all, self._domains[domain]]

    def _too_fast(self, letter: Letter, now: float) -> Gate:
        """
        What to slow down: the letter's domain, as the others may be taken as fast as before, or
        all, if several complain.
        """
        domain = _domain_of(letter)
        lately = {each: at for each, at in self._complained.items() if now - at < TOGETHER}
        self._complained = lately | {domain: now}
        if len(self._complained) >= SEVERAL:
            return self._all
        return self._domains.setdefault(domain, Gate(self._limit_of(domain) or Limit()))

    def _forget(self, domain: str) -> None:
        """
        A gate that only a complaint had made, once it is as wide as ever.
        """
        gate = self._domains.get(domain)
        if gate and gate.rate is None and self._limit_of(domain) is None:
            del self._domains[domain]

    def _limit_of(self, domain: str) -> Limit | None:
        return self._limits.get(domain) or self._limits.get(ANY_DOMAIN)

    def _measured(self, now: float) -> float:
        """
        Letters per second of late.
        """
        return max(LEAST, len(self._recent) / max(now - self._recent[0], 1.0))


def _domain_rests(gates: Sequence[Gate], now: float) -> bool:
    return any(gate.rests(now) for gate in gates[1:])


def _domain_of(letter: Letter) -> str:
    return letter.recipient.rpartition("@")[2].lower()
