"""
Stage 7. Letters become receipts: claim, deliver, record, in that order.

Every connection is a thread with a stream of letters of its own. The ledger hears of a letter
before a byte of its content leaves, and of its receipt soon after; whatever happens between
the two, nobody sends that letter again unasked. The journal knows in between which letters of
those that the ledger heard of have really begun to leave.
"""

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from queue import SimpleQueue
from threading import Event, Thread

from ..errors import StoreError, TransportAway
from ..journal import Journal
from ..model import Letter, Receipt, Recipient
from ..ports import Ledger, Transport
from .bookkeeper import CHUNK, FRESH_FOR, Bookkeeper
from .connection import Connection
from .limits import MAX_REFUSALS, Allowance, Brake

__all__ = ["CHUNK", "FRESH_FOR", "MAX_REFUSALS", "NAP", "STEP_BACK", "Allowance", "Sending"]

#: Seconds between two looks at what somebody else wants of a run that waits.
NAP = 0.2
#: How much later than the connections their bookkeeper has its turn where processors are scarce:
#: of the time of one it gets a quarter then, which is what it needs.
STEP_BACK = 5


@dataclass(frozen=True, kw_only=True)
class Sending:
    """
    One run over those letters of a frozen issue that wait.
    """

    issue_id: str
    ledger: Ledger
    transport: Transport
    compose: Callable[[Recipient], Letter]
    run: str  #: a random name for this run
    journal: Journal
    clock: Callable[[], datetime]
    allowance: Allowance = field(default_factory=Allowance)
    patience: timedelta = timedelta(0)  #: how long to wait for the next attempt of deferred letters
    ahead: int = CHUNK  #: letters intended without a recorded receipt, at most
    #: Seconds until so many letters may leave, where others send beside us.
    reserve: Callable[[int], float] = lambda _: 0.0
    fresh_for: float = FRESH_FOR  #: seconds from an intent to the first byte
    _halted: Event = field(default_factory=Event, init=False)
    #: Set once the store failed: it may lack what the journal holds.
    _unheard: Event = field(default_factory=Event, init=False)
    brake: Brake = field(default_factory=Brake, init=False)

    @property
    def stopped(self) -> bool:
        """
        Whether this run takes no more letters: it was told so, or one of its connections failed.
        """
        return self._halted.is_set() or self.allowance.stopped

    def halt(self) -> None:
        """
        Take no more letters.
        """
        self._halted.set()

    def receipts_iter(self) -> Iterator[Receipt]:
        """
        Send, and yield each receipt as it comes in.

        TransportError if a connection could not go on; what was delivered until then is
        recorded, and the rest waits.
        """
        done = False
        try:
            yield from self._rounds()
        finally:
            self._halted.set()
            try:
                self.ledger.let_go(self.issue_id, self.run)
                done = not self._unheard.is_set()
            finally:
                self.journal.close(done=done)

    def _rounds(self) -> Iterator[Receipt]:
        """
        Again as long as there is something to send, now or soon.
        """
        while True:
            yield from self._round()
            soonest = self.ledger.next_attempt(self.issue_id)
            if soonest is None or self.allowance.used_up or not self._waited_until(soonest):
                return

    def _allowed(self, letters: int) -> int:
        """
        Wait until so many letters may leave; how many of them still may.
        """
        if self.stopped or not self._slept(self.reserve(letters)):
            return 0
        return self.allowance.take(letters)

    def _waited_until(self, moment: datetime) -> bool:
        wait = moment - self.clock()
        return wait <= self.patience and self._slept(wait.total_seconds())

    def _slept(self, seconds: float) -> bool:
        until = time.monotonic() + seconds
        while not self.stopped and (left := until - time.monotonic()) > 0:
            time.sleep(min(left, NAP))
        return not self.stopped

    def _round(self) -> Iterator[Receipt]:
        groups: SimpleQueue[list[Receipt] | None] = SimpleQueue()
        errors: list[BaseException] = []
        keeper = Thread(target=self._keep_books, args=(groups.put, errors.append))
        keeper.start()
        try:
            while (group := groups.get()) is not None:
                yield from group
        except BaseException:
            self._halted.set()
            raise
        finally:
            keeper.join()
        if errors:
            raise errors[0]

    def _keep_books(
        self,
        emit: Callable[[list[Receipt] | None], None],
        fail: Callable[[BaseException], None],
    ) -> None:
        books = Bookkeeper(
            self.ledger,
            self.issue_id,
            self.run,
            connections=self.transport.connections,
            ahead=self.ahead,
            fresh_for=self.fresh_for,
            allowed=self._allowed,
        )
        threads = [
            Thread(target=self._guarded, args=(lambda: self._connect(books), fail))
            for _ in range(self.transport.connections)
        ]
        started = [thread for thread in threads if self._begins(thread, books, fail)]
        _step_back()
        self._guarded(lambda: books.work(emit, lambda: self.stopped, self.transport.stop), fail)
        for thread in started:
            thread.join()
        self._guarded(lambda: books.settle(emit), fail)
        emit(None)

    def _begins(
        self, thread: Thread, books: Bookkeeper, fail: Callable[[BaseException], None]
    ) -> bool:
        """
        Whether a connection has a thread; one without has ended before its first letter.
        """
        try:
            thread.start()
        except RuntimeError:
            self._halted.set()
            books.leave(())
            fail(TransportAway("there is no room for another thread: set smtp.connections lower"))
            return False
        return True

    def _connect(self, books: Bookkeeper) -> None:
        Connection(
            books,
            self.journal,
            self.compose,
            self.brake,
            stopped=lambda: self.stopped,
            halt=self.halt,
        ).deliver(self.transport)

    def _guarded(self, part: Callable[[], None], fail: Callable[[BaseException], None]) -> None:
        """
        What fails in a thread stops the others, and is raised again in the caller's.
        """
        try:
            part()
        except BaseException as error:  # noqa: BLE001
            self._halted.set()
            if isinstance(error, StoreError):
                self._unheard.set()
            fail(error)


def _step_back() -> None:
    """
    Let this thread have its turn after others: it works ahead of them, so it can wait.

    Elsewhere than on Linux a priority is the whole program's (setpriority(2)), so it stays; and so
    it does where the system forbids that it is changed.
    """
    if sys.platform == "linux":
        with suppress(OSError):
            os.nice(STEP_BACK)
