"""
What the stages need from the outside world. Nothing here does anything.
"""

from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Protocol

from .model import Letter, Picture, Receipt, Recipient, Slot


class PictureCache(Protocol):
    """
    Pictures by source and slot. Safe with several runs at once.
    """

    def get(self, source: str, slot: Slot, /) -> Picture | None:
        """
        The picture made of `source` before, or None.
        """
        ...

    def put(self, source: str, data: bytes, slot: Slot, /) -> Picture:
        """
        Decode, crop and resize `data`, and keep it; PictureError if it is no picture.
        """
        ...

    def draw(self, label: str, topic: str, slot: Slot, /) -> Picture:
        """
        A placeholder: a few letters on the topic's colour.
        """
        ...

    def path_of(self, picture: str, /) -> Path:
        """
        Where the file of that name lies.
        """
        ...


class Transport(Protocol):
    """
    A way out. Each call of `deliver` is one connection; threads may call it at once.
    """

    @property
    def connections(self) -> int:
        """
        How many connections are welcome at once.
        """
        ...

    def deliver(self, letters: Iterable[Letter], /) -> Iterator[Receipt]:
        """
        Take letters as they can be sent, yield a receipt for each.

        A letter that was taken and has no receipt when the iteration ends or raises was
        not sent: the last byte of it never left. TransportError means that no letter
        could be sent this way.
        """
        ...


class Ledger(Protocol):
    """
    The memory that makes "never twice" true. Threads and processes share it.

    `run` is a random name for one run of the sender; what a run did not do itself it
    cannot undo.
    """

    def claim_batch(self, issue_id: str, run: str, /) -> Sequence[Recipient]:
        """
        The next batch that nobody works on, or nothing.
        """
        ...

    def intend(self, issue_id: str, subscriber_ids: Sequence[int], run: str, /) -> AbstractSet[int]:
        """
        Say, durably, that these letters are about to be sent. Only the returned ones may be.

        The others were sent by somebody else, or are not subscribed any more.
        """
        ...

    def record(self, issue_id: str, receipts: Iterable[Receipt], run: str, /) -> None:
        """
        Keep what became of letters that this run intended.
        """
        ...

    def release(self, issue_id: str, subscriber_ids: Iterable[int], run: str, /) -> None:
        """
        Take back an intent: the sender knows that no last byte left.
        """
        ...
