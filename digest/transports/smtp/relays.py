"""
Which mail server a connection goes to: by weight, past those that are away just now.
"""

import ssl
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass
from functools import cached_property
from threading import Lock
from time import monotonic

from ...errors import TransportAway, TransportError
from .dialogue import Dialogue
from .opening import context_for, open_line, own_hostname
from .server import Server, Times

#: A server that failed is left alone so long, twice as long each time.
REST = 5.0
MAX_REST = 300.0


@dataclass
class Relay:
    """
    A server, how many lines to it are open, and until when it is left alone.
    """

    number: int
    server: Server
    lines: int = 0
    rests_until: float = float("-inf")
    rest: float = REST

    @cached_property
    def context(self) -> ssl.SSLContext | None:
        return context_for(self.server)

    @property
    def load(self) -> float:
        return self.lines / self.server.weight


class Relays:
    """
    The servers of a transport, and the lines to them that nobody needs just now.
    """

    def __init__(
        self,
        servers: Sequence[Server],
        times: Times,
        *,
        letters_per_line: int | None = None,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._letters_per_line = letters_per_line
        self._relays = [Relay(*each) for each in enumerate(servers)]
        self._times, self._clock = times, clock
        self._of: dict[Dialogue, Relay] = {}
        self._idle: list[tuple[Dialogue, float]] = []
        self._lock = Lock()

    def open(self, *, careful: bool = False) -> Dialogue:
        """
        A line to the server whose turn it is, or to the next one if that is away.

        If none is left TransportError says why.
        """
        while not careful and (kept := self._take_idle()):
            dialogue, since = kept
            if self._clock() - since <= self._times.idle and dialogue.line.is_quiet():
                return dialogue
            self.drop(dialogue)
        errors: dict[int, TransportError] = {}
        while relay := self._next(errors):
            try:
                return self._opened(relay, careful=careful)
            except TransportError as error:
                errors[relay.number] = error
        # A mistake of ours is worth more words than a server that is away.
        raise min(errors.values(), key=lambda error: isinstance(error, TransportAway))

    def put_back(self, dialogue: Dialogue) -> None:
        """
        Keep a line for whoever comes next.
        """
        with self._lock:
            self._idle.append((dialogue, self._clock()))

    def drop(self, dialogue: Dialogue, *, blame: bool = False) -> Server:
        """
        End a line, politely if nothing is under way. A server that is to blame rests a while.
        """
        dialogue.quit()
        with self._lock:
            relay = self._of.pop(dialogue)
            relay.lines -= 1
            if blame:
                self._send_to_rest(relay)
        return relay.server

    def close(self) -> None:
        """
        End the lines that were kept.
        """
        while kept := self._take_idle():
            self.drop(kept[0])

    @cached_property
    def _hostname(self) -> str:
        return own_hostname()

    def _next(self, tried: Container[int]) -> Relay | None:
        now = self._clock()
        with self._lock:
            left = [relay for relay in self._relays if relay.number not in tried]
            if not left:
                return None
            relay = min(left, key=lambda relay: (relay.rests_until > now, relay.load))
            relay.lines += 1
            return relay

    def _opened(self, relay: Relay, *, careful: bool) -> Dialogue:
        try:
            line, offers = open_line(relay.server, relay.context, self._hostname, self._times)
        except TransportError:
            with self._lock:
                self._send_to_rest(relay)
                relay.lines -= 1
            raise
        limit = self._letters_per_line
        dialogue = Dialogue(line, offers, self._times, limit=limit, careful=careful)
        with self._lock:
            relay.rest = REST
            self._of[dialogue] = relay
        return dialogue

    def _send_to_rest(self, relay: Relay) -> None:
        relay.rests_until = self._clock() + relay.rest
        relay.rest = min(relay.rest * 2, MAX_REST)

    def _take_idle(self) -> tuple[Dialogue, float] | None:
        with self._lock:
            return self._idle.pop() if self._idle else None
