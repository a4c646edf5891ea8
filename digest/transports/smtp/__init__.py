"""
SMTP, one letter per transaction, so that one reader's address never touches another's letter.

What is in doubt is known exactly: a letter whose last byte was handed to the kernel and whose
reply never came. A line that breaks earlier has delivered nothing (checked with Postfix).
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Self

from ...model import Letter, Receipt
from ..pace import Pace
from ..stream import Stream
from .relays import Relays
from .server import Server, Times
from .session import Session, Standing, Terms

__all__ = ["Server", "SmtpTransport", "Times"]


class SmtpTransport:
    """
    One mail server, or several that share the work, by several connections at once.

    Entered as a context, it keeps its connections from one stream of letters to the next.
    """

    def __init__(
        self,
        *servers: Server,
        connections: int = 4,
        in_flight: int = 1,
        letters_per_connection: int | None = None,
        pace: Pace | None = None,
        times: Times = Times(),  # noqa: B008 - it is frozen
    ) -> None:
        self.connections = connections
        self._pace = pace or Pace()
        self._relays = Relays(servers, times, letters_per_line=letters_per_connection)
        self._terms = Terms(
            relays=self._relays,
            pace=self._pace,
            standing=Standing(),
            times=times,
            in_flight=in_flight,
        )

    def __enter__(self) -> Self:
        self._terms = replace(self._terms, keep=True)
        return self

    def __exit__(self, *_: object) -> None:
        self._terms = replace(self._terms, keep=False)
        self._relays.close()

    def deliver(
        self, letters: Iterable[Letter], begun: Callable[[Letter], bool], /
    ) -> Iterator[Receipt]:
        """
        Connects when the first letter is there, again when the server ends a connection.
        """
        yield from Session(self._terms, Stream(letters, self._pace), begun).receipts_iter()

    def stop(self) -> None:
        """
        The streams that there are wait no more: a letter that has to gets no receipt.
        """
        self._pace.stop()
