"""
One stream of letters, over as many lines as it takes, one after the other.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from threading import Lock

from ...errors import TransportAway, TransportError
from ...model import Kind, Letter, Outcome, Receipt
from ..pace import Pace
from ..stream import Stream
from .chunks import NEEDED, Window
from .dialogue import Begun, Dialogue
from .judging import kind_of, without_addresses
from .line import CLOSING, LostError, Reply
from .opening import away
from .relays import Relays
from .server import Server, Times

#: With one letter: a server may hate it, and like the next.
MAX_TRIES = 2
#: In a row, whatever the letter.
MAX_LOST_LINES = 3
#: In a row, whoever they are for: then it is us whom the server means.
MAX_FAULTS = 3
#: Where it was too much and too fast: so many more tries, after 2, 4 and 8 times the back-off.
MAX_RATE_TRIES = 3


class Standing:
    """
    How all streams of a transport fare; threads share it.
    """

    def __init__(self) -> None:
        self.welcome = False  #: a letter was accepted
        self._faults = 0
        self._lock = Lock()

    def see(self, receipt: Receipt) -> None:
        """
        TransportError after too many refusals in a row that mean us, and not the reader.
        """
        if receipt.outcome is Outcome.ACCEPTED:
            self.welcome, self._faults = True, 0
        elif receipt.kind is Kind.OURS:
            with self._lock:
                self._faults += 1
            if self._faults >= MAX_FAULTS:
                said = without_addresses(f"{receipt.code or ''} {receipt.text}".strip())
                raise TransportError(
                    f"the mail server refuses our letters, whoever they are for ({said}):"
                    " see to that, then run again"
                )


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """
    What all streams of a transport share.
    """

    relays: Relays
    pace: Pace
    standing: Standing
    times: Times
    in_flight: int = 1
    keep: bool = False  #: the line, for the next stream


class Session:
    """
    From a stream to its receipts.
    """

    def __init__(self, terms: Terms, stream: Stream, begun: Begun) -> None:
        self._terms, self._stream, self._begun = terms, stream, begun
        self._dialogue: Dialogue | None = None
        self._lost = 0
        self._careful = False
        self._fault: TransportError | None = None

    def receipts_iter(self) -> Iterator[Receipt]:
        """
        Lines are opened as they are needed, and the last one ended.
        """
        try:
            while self._stream.first():
                yield from self._over_one_line_iter()
            self._keep()
            if self._fault:
                raise self._fault
        finally:
            self._part()

    def _over_one_line_iter(self) -> Iterator[Receipt]:
        dialogue = self._dialogue = self._dialogue or self._open()
        lost: LostError | None = None
        try:
            for receipt in self._said_iter(dialogue):
                if not self._is_postponed(receipt):
                    self._stream.settle(receipt.letter)
                    lost = _loss_of(receipt)
                    self._lost = self._lost if lost else 0
                    yield receipt
                    self._see(receipt)
        except LostError as error:
            yield from self._lose(lost or error, None if lost else self._stream.first())
        else:
            if lost:
                yield from self._lose(lost, None)
            elif not dialogue.usable:
                self._drop()

    def _said_iter(self, dialogue: Dialogue) -> Iterator[Receipt]:
        """
        What the server says, as long as the line is good and there are letters.
        """
        chunked = self._terms.in_flight > 1 and dialogue.offers.keys() >= NEEDED
        while dialogue.usable and (letter := self._stream.first()):
            proof = dialogue.takes_chunks(letter) if chunked else False
            if proof:
                window = Window(dialogue, self._terms.in_flight, self._terms.times)
                yield from window.deliver(self._stream, self._begun)
                window.complain()
                return
            chunked = chunked and proof is None
            receipt = dialogue.send(letter, lambda: self._stream.ahead(1), self._begun)
            if receipt:
                yield receipt
            else:
                self._stream.settle(letter)

    def _is_postponed(self, receipt: Receipt) -> bool:
        """
        Whether the letter is tried again in this run, because it came too fast.
        """
        self._terms.pace.heed(receipt)
        if receipt.kind is not Kind.RATE or receipt.outcome is not Outcome.DEFERRED:
            return False
        if self._terms.pace.rests_for_all:
            said = without_addresses(receipt.text)
            message = f"the mail server takes no more just now ({said}): run again later"
            self._end(TransportAway(message))
            return False
        tries = self._stream.tried(receipt.letter)
        if tries > MAX_RATE_TRIES:
            return False
        self._stream.postpone(receipt.letter, self._terms.times.back_off * 2**tries)
        return True

    def _see(self, receipt: Receipt) -> None:
        """
        A fault of ours ends the stream, once what is in flight has its receipts.
        """
        try:
            self._terms.standing.see(receipt)
        except TransportError as error:
            self._end(error)

    def _end(self, fault: TransportError) -> None:
        self._fault = self._fault or fault
        self._stream.cease()

    def _lose(self, error: LostError, blamed: Letter | None) -> Iterator[Receipt]:
        """
        Another line, a little later; TransportAway after too many losses in a row.

        A letter that no line survives is deferred, for the others' sake.
        """
        server = self._drop(blame=True)
        self._lost += 1
        self._careful = error.reply is None
        kind = kind_of(error.reply) if error.reply else Kind.SYSTEM
        if blamed:
            receipt = Receipt(letter=blamed, outcome=Outcome.DEFERRED, text=str(error), kind=kind)
            self._terms.pace.heed(receipt)
            if self._stream.tried(blamed) >= MAX_TRIES:
                self._stream.settle(blamed)
                yield receipt
        if self._lost >= MAX_LOST_LINES:
            raise away(server, error)
        if self._lost > 1:
            self._stream.sleep(self._terms.times.back_off * 2 ** (self._lost - 2))

    def _open(self) -> Dialogue:
        """
        A line. A server that was there a moment ago is waited for.
        """
        times = self._terms.times
        pause = times.back_off
        left = times.patience if self._terms.standing.welcome else 0.0
        while True:
            try:
                dialogue = self._terms.relays.open(careful=self._careful)
            except TransportAway:
                if pause > left or not self._stream.sleep(pause):
                    raise
            else:
                dialogue.rests = self._terms.pace.rests
                return dialogue
            left -= pause
            pause *= 2

    def _drop(self, *, blame: bool = False) -> Server:
        dialogue, self._dialogue = self._dialogue, None
        assert dialogue  # noqa: S101 - for mypy
        return self._terms.relays.drop(dialogue, blame=blame)

    def _keep(self) -> None:
        """
        Only a line that was left in good order is of use to others.
        """
        if self._dialogue and self._terms.keep and self._dialogue.idle:
            self._terms.relays.put_back(self._dialogue)
            self._dialogue = None

    def _part(self) -> None:
        self._stream.close()
        if self._dialogue:
            self._terms.relays.drop(self._dialogue)


def _loss_of(receipt: Receipt) -> LostError | None:
    """
    What a receipt says about the line it came by.
    """
    if receipt.code == CLOSING:
        return LostError.goodbye(Reply(CLOSING, (receipt.text.encode(),)))
    if receipt.outcome is Outcome.IN_DOUBT:
        return LostError("it takes letters and gives no reply")
    return None
