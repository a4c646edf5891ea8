"""
The guard's place: between a host's name and the connection to it.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from threading import Thread

import anyio
from httpcore2 import (
    SOCKET_OPTION,
    AnyIOBackend,
    AsyncNetworkBackend,
    AsyncNetworkStream,
    ConnectError,
    ConnectTimeout,
)

from ..errors import FetchError, HostAway
from ..guard import Guard

#: Host and port -> all addresses, as text.
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]

MAX_DIALLED = 3


class GuardedNetwork(AsyncNetworkBackend):
    """
    Connects to addresses that the guard let pass, and to nothing else.
    """

    def __init__(self, guard: Guard, resolve: Resolve) -> None:
        self._guard, self._resolve = guard, resolve
        self._network = AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> AsyncNetworkStream:
        """
        The name is resolved here, once, and the judged addresses are the ones dialled.
        """
        try:
            with anyio.fail_after(timeout):
                addresses = await self._addresses(host, port)
                return await self._dial(addresses, port, local_address, socket_options)
        except TimeoutError:
            raise HostAway(f"{host} did not answer within {timeout:g} s") from None

    async def connect_unix_socket(self, *_: object, **__: object) -> AsyncNetworkStream:
        raise FetchError("a socket of this machine is refused", refused=True)

    async def sleep(self, seconds: float) -> None:
        await anyio.sleep(seconds)

    async def _addresses(self, host: str, port: int) -> list[str]:
        try:
            found = list(dict.fromkeys(await self._resolve(host, port)))
        except (OSError, UnicodeError):
            found = []
        if not found:
            raise HostAway(f"there is no host {host}", gone=True)
        self._guard.judge(host, port, found)
        return found[:MAX_DIALLED]

    async def _dial(
        self,
        addresses: Sequence[str],
        port: int,
        local_address: str | None,
        options: Iterable[SOCKET_OPTION] | None,
    ) -> AsyncNetworkStream:
        """
        One after the other. Each leaves time for those behind it.
        """
        scope = anyio.current_effective_deadline()
        failure = ""
        for left, address in zip(range(len(addresses), 0, -1), addresses, strict=True):
            patience = max(0.1, (scope - anyio.current_time()) / left)
            try:
                return await self._network.connect_tcp(
                    address, port, patience, local_address, options
                )
            except (ConnectError, ConnectTimeout) as error:
                failure = str(error)
        raise HostAway(f"cannot be connected to: {failure}")


async def resolve(host: str, port: int) -> list[str]:
    """
    Ask the system. A lookup that hangs holds up neither the loop nor the program's end.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[list[str]] = loop.create_future()

    def settle(found: list[str]) -> None:
        if not answer.done():
            answer.set_result(found)

    def look_up() -> None:
        found: list[str] = []
        with suppress(OSError, UnicodeError):
            infos = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            found = [str(info[4][0]) for info in infos]
        with suppress(RuntimeError):  # The loop ended meanwhile.
            loop.call_soon_threadsafe(settle, found)

    # A daemon: the library's own worker threads are waited for at the end.
    Thread(target=look_up, daemon=True).start()
    return await answer
