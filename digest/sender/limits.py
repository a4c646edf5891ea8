"""
What ends a run before its letters do: a limit, a word, or too many refusals.
"""

from threading import Event, Lock

from ..errors import TransportError
from ..model import Outcome, Receipt

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

    @property
    def used_up(self) -> bool:
        return self._left == 0

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
        refused = receipt.outcome is Outcome.REFUSED
        if refused and not receipt.code:
            return  # It was not the server that refused.
        if not refused and not self._refusals:
            return
        with self._lock:
            self._refusals = self._refusals + 1 if refused else 0
            if self._refusals < MAX_REFUSALS:
                return
        raise TransportError(
            f"the mail server refused {MAX_REFUSALS} letters in a row (the last with"
            f" {receipt.code}), so the rest waits: see why, then run again"
        )
