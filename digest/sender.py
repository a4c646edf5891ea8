"""
Stage 7. Letters become receipts: claim, deliver, record, in that order.

Every connection is a thread with a stream of letters of its own. The ledger hears of a letter
before a byte of its content leaves, and of its receipt soon after; whatever happens between
the two, nobody sends that letter again unasked.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from queue import SimpleQueue
from threading import Event, Lock, Thread

from .errors import LetterError, TransportError
from .model import Letter, Outcome, Receipt, Recipient
from .ports import Ledger, Transport

#: Letters per durable intent. After SIGKILL at most these are in doubt, per connection.
GROUP = 10
#: In a row, whoever they are for: then it is us whom the server refuses.
MAX_REFUSALS = 20


class Allowance:
    """
    How many letters a run may still take: up to a limit, and none once it is stopped.
    """

    def __init__(self, limit: int | None = None) -> None:
        self._left = limit
        self._lock = Lock()
        self._stopped = Event()

    def stop(self) -> None:
        """
        Take no more letters. Those under way still get their receipts.
        """
        self._stopped.set()

    @property
    def stopped(self) -> bool:
        return self._stopped.is_set()

    def take(self, wanted: int) -> int:
        """
        How many of the wanted letters may be sent.
        """
        if self.stopped:
            return 0
        if self._left is None:
            return wanted
        with self._lock:
            taken = min(wanted, self._left)
            self._left -= taken
            return taken


class Brake:
    """
    Counts refusals in a row over all connections: the list is not burnt for a fault of ours.
    """

    def __init__(self) -> None:
        self._refusals = 0
        self._lock = Lock()

    def see(self, receipt: Receipt) -> None:
        """
        TransportError after too many.
        """
        # Without a code it was not the server that refused.
        refused = receipt.outcome is Outcome.REFUSED and receipt.code
        with self._lock:
            self._refusals = self._refusals + 1 if refused else 0
            if self._refusals < MAX_REFUSALS:
                return
        raise TransportError(
            f"the mail server refused {MAX_REFUSALS} letters in a row (the last with"
            f" {receipt.code}), so the rest waits: see why, then run again"
        )


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
    allowance: Allowance = field(default_factory=Allowance)
    _halted: Event = field(default_factory=Event, init=False)
    brake: Brake = field(default_factory=Brake, init=False)

    @property
    def stopped(self) -> bool:
        """
        Whether this run takes no more letters: it was told so, or one of its connections failed.
        """
        return self._halted.is_set() or self.allowance.stopped

    def receipts_iter(self) -> Iterator[Receipt]:
        """
        Send, and yield each receipt as it comes in.

        TransportError if a connection could not go on; what was delivered until then is
        recorded, and the rest waits.
        """
        results: SimpleQueue[Receipt | BaseException | None] = SimpleQueue()
        threads = [
            Thread(target=self._work, args=(results,)) for _ in range(self.transport.connections)
        ]
        for thread in threads:
            thread.start()
        errors: list[BaseException] = []
        try:
            for _ in threads:
                while result := results.get():
                    if isinstance(result, Receipt):
                        yield result
                    else:
                        errors.append(result)
        finally:
            self._halted.set()
            for thread in threads:
                thread.join()
        if errors:
            raise errors[0]

    def _work(self, results: "SimpleQueue[Receipt | BaseException | None]") -> None:
        try:
            _Connection(self, results.put).deliver()
        except BaseException as error:  # noqa: BLE001 - raised again in the caller's thread
            self._halted.set()
            results.put(error)
        finally:
            results.put(None)


class _Connection:
    """
    One stream of letters, and what the ledger has not heard of it yet.
    """

    def __init__(self, sending: Sending, emit: Callable[[Receipt], None]) -> None:
        self._sending = sending
        self._emit = emit
        self._intended: set[int] = set()
        self._unrecorded: list[Receipt] = []

    def deliver(self) -> None:
        sending = self._sending
        try:
            for receipt in sending.transport.deliver(self._letters()):
                self._note(receipt)
                sending.brake.see(receipt)
        finally:
            self._record()
            # By giving no receipt the transport says that these letters were not sent.
            sending.ledger.release(sending.issue_id, self._intended, sending.run)

    def _letters(self) -> Iterator[Letter]:
        sending = self._sending
        while batch := sending.ledger.claim_batch(sending.issue_id, sending.run):
            for start in range(0, len(batch), GROUP):
                group = batch[start : start + GROUP]
                allowed = 0 if sending.stopped else sending.allowance.take(len(group))
                yield from self._group(group[:allowed])
                if allowed < len(group):
                    return

    def _group(self, group: Sequence[Recipient]) -> Iterator[Letter]:
        sending = self._sending
        self._record()
        ids = [recipient.subscriber.id for recipient in group]
        intended = sending.ledger.intend(sending.issue_id, ids, sending.run)
        self._intended |= intended
        for recipient in group:
            if sending.stopped:
                return
            if recipient.subscriber.id in intended:
                letter = self._composed(recipient)
                if letter:
                    yield letter

    def _composed(self, recipient: Recipient) -> Letter | None:
        """
        The letter, or None and a refusal: one bad address must not stop the others.
        """
        try:
            return self._sending.compose(recipient)
        except LetterError as error:
            subscriber_id = recipient.subscriber.id
            letter = Letter(id="", subscriber_id=subscriber_id, sender="", recipient="", data=b"")
            self._note(Receipt(letter=letter, outcome=Outcome.REFUSED, text=str(error)))
            return None

    def _note(self, receipt: Receipt) -> None:
        self._intended.discard(receipt.letter.subscriber_id)
        self._unrecorded.append(receipt)
        self._emit(receipt)

    def _record(self) -> None:
        if self._unrecorded:
            self._sending.ledger.record(self._sending.issue_id, self._unrecorded, self._sending.run)
            self._unrecorded = []
