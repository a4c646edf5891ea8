"""
Many requests at once, and not too many: neither for us, nor for any one host.
"""

from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

import anyio

from ..errors import HostAway
from . import NO_NETWORK

#: So many hosts away and none that answered: it is our own network.
HOSTS_AWAY = 6


class Crowd:
    """
    Whose turn it is. A host that is away is not asked again.
    """

    def __init__(self, *, at_once: int, per_host: int) -> None:
        self._places = anyio.Semaphore(at_once)
        self._hosts = defaultdict[str, anyio.Semaphore](lambda: anyio.Semaphore(per_host))
        self._away: dict[str, HostAway] = {}
        self._asked = 0  #: who have not answered yet
        self._news = anyio.Event()
        self.answered = False  #: by anybody

    @asynccontextmanager
    async def turn(self, host: str) -> AsyncIterator[Callable[[], None]]:
        """
        Wait for a place. What is yielded is to be called with the host's answer in hand: it leaves
        the host to others, while the place is kept.

        HostAway, raised within, keeps everybody else from trying.
        """
        queue = self._hosts[host]
        await queue.acquire()
        held = [queue]

        def leave_host() -> None:
            self.answered = True
            self._tell()
            held.pop().release()

        try:
            async with self._places:
                await self._check(host)
                with self._waiting():
                    yield leave_host
        except HostAway as error:
            self._away.setdefault(host, error)
            raise
        finally:
            for each in held:
                each.release()

    async def _check(self, host: str) -> None:
        """
        HostAway for a host that is, and for all where those asked before leave no hope.
        """
        while len(self._away) >= HOSTS_AWAY and not self.answered:
            if not self._asked:
                raise HostAway(NO_NETWORK)
            await self._news.wait()
        if host in self._away:
            before = self._away[host]
            raise HostAway(str(before), gone=before.gone)

    @contextmanager
    def _waiting(self) -> Iterator[None]:
        self._asked += 1
        try:
            yield
        finally:
            self._asked -= 1
            self._tell()

    def _tell(self) -> None:
        self._news.set()
        self._news = anyio.Event()
