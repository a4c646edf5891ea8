"""
One thread that speaks with the ledger for all connections, ahead of them and in groups.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from queue import SimpleQueue
from threading import Event
from typing import NamedTuple

from ..model import Receipt, Recipient
from ..ports import Ledger

#: Letters for each connection that are intended and have no receipt in the ledger, at most. After
#: a power cut so many are in doubt; after SIGKILL the journal knows better, and it is one.
CHUNK = 50
#: Seconds. Who unsubscribes or is bounced gets no letter that is intended later than that.
FRESH_FOR = 4.0
#: Seconds. Intents that are used up sooner may be more; if they take longer, they grow stale.
BRISK, SLUGGISH = 0.5, 1.5
LEAST = 2
#: Letters of the first group: as many as keep fast servers busy until the second one is there.
FIRST = 200
#: Seconds between two looks at what came in, unless somebody calls. Of fast servers the ledger then
#: hears with the next intents only, which is half the work.
LOOK = 0.2

Emit = Callable[[list[Receipt]], None]


class Intent(NamedTuple):
    """
    Somebody whose letter may leave. Later than that the ledger has to be asked again.
    """

    recipient: Recipient
    fresh_until: float

    @property
    def stale(self) -> bool:
        return time.monotonic() > self.fresh_until


class Bookkeeper:
    """
    Intends letters before they are wanted, records what became of them.
    """

    def __init__(
        self,
        ledger: Ledger,
        issue_id: str,
        run: str,
        *,
        connections: int,
        ahead: int,  #: intended without a recorded receipt, at most
        fresh_for: float,
        allowed: Callable[[int], int],  #: how many of so many may leave; it may take its time
    ) -> None:
        self._ledger, self._issue_id, self._run = ledger, issue_id, run
        self._connections, self._ahead, self._allowed = connections, ahead, allowed
        self._fresh_for = fresh_for
        self._size = min(ahead, FIRST)  #: of the groups that are intended just now
        self._intents: SimpleQueue[Intent | None] = SimpleQueue()
        self._receipts: SimpleQueue[Receipt] = SimpleQueue()
        self._unheard: list[Receipt] = []  #: of which the ledger was told, perhaps in vain
        self._claimed: list[Recipient] = []
        self._intended: set[int] = set()
        self._leaving: set[int] = set()
        self._gone: list[None] = []
        self._called = Event()
        self._refilled_at = float("-inf")
        self._low = False  #: whether it is known that few intents are left
        self._ended = False

    def intents_iter(self) -> Iterator[Intent]:
        """
        For a connection: who is next.
        """
        while True:
            if not self._low and self._few(self._intents.qsize()):
                self._low = True
                self._called.set()
            intent = self._intents.get()
            if intent is None:
                self._intents.put(None)  # For the other connections.
                return
            yield intent

    def note(self, receipt: Receipt) -> None:
        """
        For a connection: what became of a letter.
        """
        self._receipts.put(receipt)

    def intend_again(self, recipient: Recipient) -> Intent | None:
        """
        For a connection whose letter had to wait: None, if it may not leave any more.
        """
        ids = [recipient.subscriber.id]
        self._ledger.release(self._issue_id, ids, self._run)
        if not self._ledger.intend(self._issue_id, ids, self._run):
            return None
        return Intent(recipient, time.monotonic() + self._fresh_for)

    def leave(self, leaving: Iterable[int]) -> None:
        """
        For a connection that ends: of these letters nobody knows whether they left.
        """
        self._leaving.update(leaving)
        self._gone.append(None)
        self._called.set()

    def work(self, emit: Emit, stopped: Callable[[], bool], stop: Callable[[], None]) -> None:
        """
        Until all connections have ended. `stop` is called once the run is stopped.
        """
        try:
            while len(self._gone) < self._connections:
                if stopped():
                    self.end()
                    stop()
                if not self._refill(emit):
                    self._record(emit)
                self._called.wait(LOOK)
                self._called.clear()
        finally:
            self.end()

    def end(self) -> None:
        """
        No more letters.
        """
        if not self._ended:
            self._ended = True
            self._intents.put(None)

    def settle(self, emit: Emit) -> None:
        """
        Nobody sends any more: record the rest, and take back what surely did not leave.

        In this order: what cannot be recorded has left all the same.
        """
        self._record(emit)
        self._ledger.release(self._issue_id, self._intended - self._leaving, self._run)

    def _record(self, emit: Emit) -> None:
        if receipts := self._received(emit):
            self._ledger.record(self._issue_id, receipts, self._run)
            self._heard()

    def _received(self, emit: Emit) -> Sequence[Receipt]:
        """
        What came in, and is not in the ledger.
        """
        receipts = [self._receipts.get() for _ in range(self._receipts.qsize())]
        if receipts:
            emit(receipts)
        self._unheard += receipts
        return self._unheard

    def _heard(self) -> None:
        """
        The ledger has all that came in.
        """
        self._intended.difference_update(each.letter.subscriber_id for each in self._unheard)
        self._unheard = []

    def _refill(self, emit: Emit) -> bool:
        """
        More intents, where few are left. Whether the ledger was told of any.
        """
        left = self._intents.qsize()
        if self._ended or not self._few(left):
            return False
        brisk = self._adapt()
        unheard = len(self._intended) - self._receipts.qsize()
        room = min(self._size - left, self._ahead - unheard)
        chosen = self._chosen(max(room, 1))
        if chosen:
            self._intend(chosen, emit)
        else:
            self.end()
        self._low = False
        if self._intents.empty():
            self._called.set()  # Nobody of these is subscribed any more.
        elif brisk:
            self._claim(self._size)  # While there is time: others wait for the next ones.
        return bool(chosen)

    def _few(self, left: int) -> bool:
        """
        Late enough for large groups, early enough that nobody waits for them.
        """
        return left <= self._size // 4

    def _adapt(self) -> bool:
        """
        As many intents as are used up while they are fresh. Whether it was soon.
        """
        now = time.monotonic()
        brisk = now - self._refilled_at < BRISK
        if brisk:
            self._size = min(self._size * 4, self._ahead)
        elif now - self._refilled_at > SLUGGISH and self._intended:
            self._size = max(self._size // 2, min(LEAST, self._ahead))
        self._refilled_at = now
        return brisk

    def _chosen(self, wanted: int) -> list[Recipient]:
        self._claim(wanted)
        wanted = min(wanted, len(self._claimed))
        allowed = self._allowed(wanted) if wanted else 0
        chosen, self._claimed = self._claimed[:allowed], self._claimed[allowed:]
        return chosen

    def _claim(self, wanted: int) -> None:
        """
        Have so many letters that this run may intend, if there are.
        """
        while len(self._claimed) < wanted:
            missing = wanted - len(self._claimed)
            claimed = self._ledger.claim_batches(self._issue_id, self._run, missing)
            if not claimed:
                return
            self._claimed += claimed

    def _intend(self, recipients: list[Recipient], emit: Emit) -> None:
        """
        Their letters may leave; what came in meanwhile is recorded with that.
        """
        ids = [each.subscriber.id for each in recipients]
        intended = self._ledger.intend(self._issue_id, ids, self._run, self._received(emit))
        self._heard()
        self._intended |= intended
        fresh_until = time.monotonic() + self._fresh_for
        for each in recipients:
            if each.subscriber.id in intended:
                self._intents.put(Intent(each, fresh_until))
