"""
What the stages need from the outside world. Nothing here does anything.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from math import inf
from pathlib import Path
from typing import Protocol

from .model import Letter, Picture, PictureLimits, Receipt, Recipient, Slot


class PictureCache(Protocol):
    """
    Pictures by source and slot. Safe with several threads and several runs at once.

    CacheError, from any of these, says that the folder cannot be used: nothing of one picture.
    """

    @property
    def limits(self) -> PictureLimits:
        """
        What is let in.
        """
        ...

    def get(self, source: str, slot: Slot, /) -> Picture | None:
        """
        The picture made of `source` before, or None.
        """
        ...

    def has_lost(self, source: str, slot: Slot, /) -> bool:
        """
        Whether a picture was made of `source`, and its file is gone or damaged.
        """
        ...

    def put(self, source: str, data: bytes, slot: Slot, /, *, seconds: float = inf) -> Picture:
        """
        Decode, crop and resize `data`, and keep it in place of what was kept of `source` before.

        PictureError if it is no picture, or not one for this slot; it blocks until it is decoded.
        TimeoutError if that is not done in `seconds`, which says nothing of the picture.
        """
        ...

    def draw(self, label: str, colour: str, slot: Slot, logo: Picture | None = None, /) -> Picture:
        """
        A placeholder: a few letters, or a logo, on that colour.
        """
        ...

    def path_of(self, picture: str, /) -> Path:
        """
        Where the file of that name lies.
        """
        ...


class PictureHost(Protocol):
    """
    A place from which mail programs load pictures, beside the cache.
    """

    def publish(self, pictures: Mapping[str, Path], /) -> int:
        """
        Put there what is missing, name -> file of the cache; how many that were.

        PublishError if any of them is not there afterwards.
        """
        ...


class SourceNotes(Protocol):
    """
    What is known of the web addresses of pictures.
    """

    def trouble(self, source: str, /) -> str:
        """
        What went wrong when it was fetched the last time; empty if nothing did, or it never was.
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

    def deliver(
        self, letters: Iterable[Letter], begun: Callable[[Letter], bool], /
    ) -> Iterator[Receipt]:
        """
        Take letters as they can be sent, yield a receipt for each.

        `begun` is called with a letter just before the first byte of its content is written, and
        says whether it may leave. A letter that was taken and has no receipt when the iteration
        ends or raises was not sent: the last byte of it never left. TransportError means that no
        letter could be sent this way.
        """
        ...

    def stop(self) -> None:
        """
        Those who wait for a letter's time wait no more: their streams end.
        """
        ...


class Ledger(Protocol):
    """
    The memory that makes "never twice" true. Threads and processes share it.

    `run` is a random name for one run of the sender; what a run did not do itself it
    cannot undo.
    """

    def claim_batches(self, issue_id: str, run: str, letters: int, /) -> Sequence[Recipient]:
        """
        The next batches that nobody works on, about so many letters; nothing: there are none left.
        """
        ...

    def intend(
        self,
        issue_id: str,
        subscriber_ids: Sequence[int],
        run: str,
        /,
        receipts: Iterable[Receipt] = (),
    ) -> AbstractSet[int]:
        """
        Say, durably, that these letters are about to be sent. Only the returned ones may be.

        The others were sent by somebody else, or are not subscribed any more. Receipts are kept
        in the same breath.
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

    def let_go(self, issue_id: str, run: str, /) -> None:
        """
        The run takes no more letters. All that it recorded is durable from now on.
        """
        ...

    def next_attempt(self, issue_id: str, /) -> datetime | None:
        """
        When there will be a batch to claim, or None if there will be none.
        """
        ...
