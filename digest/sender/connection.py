"""
One stream of letters, from what may leave to what became of it.
"""

from collections.abc import Callable, Iterator

from ..errors import LetterError, TransportError
from ..journal import Journal
from ..model import Letter, Outcome, Receipt, Recipient
from ..ports import Transport
from .bookkeeper import Bookkeeper, Intent
from .limits import Brake


class StoppedError(Exception):
    """
    The run was stopped before a letter began to leave.
    """


class Connection:
    """
    Composes letters as the transport takes them, and listens to what it says.
    """

    def __init__(
        self,
        books: Bookkeeper,
        journal: Journal,
        compose: Callable[[Recipient], Letter],
        brake: Brake,
        *,
        stopped: Callable[[], bool],
        halt: Callable[[], None],
    ) -> None:
        self._books, self._journal, self._compose, self._brake = books, journal, compose, brake
        self._stopped, self._halt = stopped, halt
        self._taken: dict[int, Intent] = {}
        self._leaving: set[int] = set()
        self._refused: TransportError | None = None

    def deliver(self, transport: Transport) -> None:
        """
        Until there are no more letters. TransportError if they could not go on.
        """
        listening = True
        try:
            for receipt in transport.deliver(self._letters(), self._begin):
                listening = False
                self._note(receipt)
                self._heed(receipt)
                listening = True
        except StoppedError:
            pass
        finally:
            # By giving no receipt the transport says that these letters were not sent, but of
            # those that were leaving when we stopped listening it could not say so.
            self._books.leave(() if listening else self._leaving)
        if self._refused:
            raise self._refused

    def _letters(self) -> Iterator[Letter]:
        for intent in self._books.intents_iter():
            if self._stopped():
                return
            if letter := self._composed(intent.recipient):
                self._taken[letter.subscriber_id] = intent
                yield letter

    def _begin(self, letter: Letter) -> bool:
        if self._stopped():
            raise StoppedError
        if self._taken[letter.subscriber_id].stale and not self._is_wanted(letter):
            return False
        self._leaving.add(letter.subscriber_id)
        self._journal.begin(letter.subscriber_id)
        return True

    def _is_wanted(self, letter: Letter) -> bool:
        """
        Whether a letter that had to wait may leave all the same.
        """
        intent = self._books.intend_again(self._taken[letter.subscriber_id].recipient)
        if intent:
            self._taken[letter.subscriber_id] = intent
        return intent is not None

    def _composed(self, recipient: Recipient) -> Letter | None:
        """
        The letter, or None and a refusal: one bad address must not stop the others.
        """
        try:
            return self._compose(recipient)
        except LetterError as error:
            subscriber_id = recipient.subscriber.id
            letter = Letter(id="", subscriber_id=subscriber_id, sender="", recipient="", data=b"")
            self._note(Receipt(letter=letter, outcome=Outcome.REFUSED, text=str(error)))
            return None

    def _note(self, receipt: Receipt) -> None:
        subscriber_id = receipt.letter.subscriber_id
        self._journal.settle(receipt)
        self._taken.pop(subscriber_id, None)
        self._leaving.discard(subscriber_id)
        # Hundreds wait for the ledger: with their contents they would push all else out of the
        # processor's memory.
        self._books.note(receipt.emptied)

    def _heed(self, receipt: Receipt) -> None:
        """
        After too many refusals no more letters begin; those that have begun get their receipts.
        """
        try:
            self._brake.see(receipt)
        except TransportError as error:
            self._refused = self._refused or error
            self._halt()
