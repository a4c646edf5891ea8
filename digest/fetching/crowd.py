"""
Many requests at once, and not too many: neither for us, nor for any one host.
"""

from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import anyio

from ..errors import HostAway
from ..guard import Target

#: So many hosts away and none that answered: it is our own network.
HOSTS_AWAY = 6
#: Scheme, host and port.
Server = tuple[str, str, int]


class Crowd:
    """
    Whose turn it is. A server that is away is not asked again; others of its host are.
    """

    def __init__(self, *, at_once: int, per_host: int) -> None:
        self._places = anyio.Semaphore(at_once)
        self._hosts = defaultdict[str, anyio.Semaphore](lambda: anyio.Semaphore(per_host))
        self._away: dict[Server, HostAway] = {}
        self.answered = False  #: by anybody

    @property
    def offline(self) -> bool:
        """
        What can be said at the end only: whoever is asked next may be the first to answer.
        """
        hosts = {host for _, host, _ in self._away}
        return len(hosts) >= HOSTS_AWAY and not self.answered

    @asynccontextmanager
    async def turn(self, target: Target) -> AsyncIterator[Callable[[], None]]:
        """
        Wait for a place. What is yielded is to be called with the host's answer in hand: it leaves
        the host to others, while the place is kept.

        HostAway, raised within, keeps everybody else from trying that server.
        """
        server = target.scheme, target.host, target.port
        queue = self._hosts[target.host]
        await queue.acquire()
        held = [queue]

        def leave_host() -> None:
            self.answered = True
            held.pop().release()

        try:
            async with self._places:
                self._check(server)
                yield leave_host
        except HostAway as error:
            self._away.setdefault(server, error)
            raise
        finally:
            for each in held:
                each.release()

    def _check(self, server: Server) -> None:
        if before := self._away.get(server):
            raise HostAway(str(before), gone=before.gone)
