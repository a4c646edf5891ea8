"""
Many requests at once, and not too many: neither for us, nor for any one host.
"""

from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

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
    async def turn(self, target: Target, place: AsyncExitStack) -> AsyncIterator[None]:
        """
        Wait until the host may be asked. It is left to others with its answer; the place among
        all, which goes onto `place`, is kept for as long as that is open.

        HostAway, raised within, keeps everybody else from trying that server.
        """
        server = target.scheme, target.host, target.port
        # The one of the hop before: whoever waits for a host with a place in hand may wait for
        # somebody who has the host and waits for a place.
        await place.aclose()
        async with self._hosts[target.host]:
            await place.enter_async_context(self._places)
            self._check(server)
            try:
                yield
            except HostAway as error:
                self._away[server] = error
                raise
            self.answered = True

    def _check(self, server: Server) -> None:
        if before := self._away.get(server):
            raise HostAway(str(before), gone=before.gone)
