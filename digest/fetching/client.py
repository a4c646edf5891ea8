"""
One request at a time, under the guard and within the limits.
"""

import re
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from functools import cache
from types import TracebackType
from typing import Self
from urllib.parse import urljoin

import anyio
import httpcore2

from ..errors import FetchError, HostAway
from ..guard import Guard, Target
from ..text import clean_line
from . import Fetched, FetchLimits, Request
from .crowd import Crowd
from .network import GuardedNetwork, Resolve, resolve

OK = 200
REDIRECTS = {301, 302, 303, 307, 308}
DIGITS = re.compile(r"\d{1,18}")
MAX_SHOWN = 160


class Client:
    """
    Asks servers, each in its turn. To be entered and used within one event loop.

    Nothing of the environment has a say: a proxy would be judged in place of the target.
    """

    def __init__(
        self,
        guard: Guard,
        limits: FetchLimits,
        *,
        agent: str,
        resolve: Resolve = resolve,
        certificates: ssl.SSLContext | None = None,
    ) -> None:
        self._guard, self._limits, self._agent = guard, limits, agent
        self.crowd = Crowd(at_once=limits.at_once, per_host=limits.per_host)
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=certificates or _system_trust(),
            max_connections=None,
            # Servers close kept connections just as they are used again; new ones are judged.
            max_keepalive_connections=0,
            network_backend=GuardedNetwork(guard, resolve),
        )

    async def __aenter__(self) -> Self:
        await self._pool.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._pool.__aexit__(kind, error, traceback)

    @asynccontextmanager
    async def fetch(self, request: Request) -> AsyncIterator[Fetched]:
        """
        The answer; nobody else takes its place while it is dealt with.

        FetchError says in one line why there is none.
        """
        async with AsyncExitStack() as place:
            yield await self._follow(request, place)

    async def _follow(self, request: Request, place: AsyncExitStack) -> Fetched:
        target = self._guard.target(request.url)
        left = self._limits.seconds
        for hop in range(self._limits.redirects + 1):
            try:
                async with self.crowd.turn(target, place):
                    # Only now: waiting for a turn is none of the server's time.
                    began = anyio.current_time()
                    answer, location = await self._ask(request, target, left)
                    left -= anyio.current_time() - began
            except HostAway as error:
                # Behind a redirect it is another host than the one that is asked for.
                if hop:
                    raise FetchError(f"redirects: {error}", gone=error.gone) from None
                raise
            if location is None:
                return answer
            target = self._next(target, location)
        raise FetchError(f"redirects more than {self._limits.redirects} times", refused=True)

    async def _ask(
        self, request: Request, target: Target, seconds: float
    ) -> tuple[Fetched, str | None]:
        """
        The answer, and where it redirects to. FetchError if there is none within so many seconds.
        """
        try:
            with anyio.fail_after(seconds):
                return await self._exchange(request, target)
        except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
            raise HostAway(self._unreached(error), gone=_is_gone(error)) from None
        except (TimeoutError, httpcore2.TimeoutException) as error:
            reading = isinstance(error, httpcore2.ReadTimeout)
            limit = self._limits.read_seconds if reading else self._limits.seconds
            silent = "sent nothing for" if reading else "took longer than"
            raise FetchError(f"{silent} {limit:g} s") from None
        except (httpcore2.NetworkError, httpcore2.ProtocolError) as error:
            raise FetchError(f"the connection broke: {_shown(error)}") from None

    def _unreached(self, error: Exception) -> str:
        """
        Why there is no connection: no answer, or a certificate of somebody else's.
        """
        if isinstance(error, httpcore2.ConnectTimeout):
            return f"did not answer within {self._limits.connect_seconds:g} s"
        return f"cannot be connected to: {_shown(error)}"

    def _next(self, target: Target, location: str) -> Target:
        """
        Where a redirect leads, judged like the address before it.
        """
        try:
            following = self._guard.target(urljoin(target.url, location.strip()))
        except (FetchError, ValueError) as error:
            reason = error if isinstance(error, FetchError) else "is no web address"
            raise FetchError(f"redirects to what {reason}", refused=True) from None
        if target.scheme == "https" and following.scheme == "http":
            raise FetchError("redirects from https to http, which is refused", refused=True)
        return following

    async def _exchange(self, request: Request, target: Target) -> tuple[Fetched, str | None]:
        url = httpcore2.URL(
            scheme=target.scheme.encode(),
            host=target.host.encode(),
            port=target.port,
            target=target.path.encode(),
        )
        own = {"Host": target.place, "User-Agent": self._agent, "Connection": "close"}
        headers = list({**own, "Accept-Encoding": "identity", **request.headers}.items())
        timeouts = {"connect": self._limits.connect_seconds, "read": self._limits.read_seconds}
        timeouts["write"] = self._limits.read_seconds
        async with self._pool.stream(
            request.method, url, headers=headers, extensions={"timeout": timeouts}
        ) as response:
            found = _headers(response)
            location = found.get("location") if response.status in REDIRECTS else None
            data = b""
            if response.status == OK and request.body:
                data = await self._body(response, found)
        answer = Fetched(url=target.url, status=response.status, headers=found, data=data)
        return answer, location

    async def _body(self, response: httpcore2.Response, headers: Mapping[str, str]) -> bytes:
        encoding = headers.get("content-encoding", "identity").strip().lower()
        if encoding not in {"", "identity"}:
            raise FetchError("is sent compressed although it should not be", refused=True)
        most = self._limits.max_bytes
        too_large = FetchError(f"is larger than {most:,} bytes", refused=True)
        length = headers.get("content-length", "")
        if DIGITS.fullmatch(length) and int(length) > most:
            raise too_large
        data = bytearray()
        async for chunk in response.aiter_stream():
            data += chunk
            if len(data) > most:
                raise too_large
        return bytes(data)


@cache
def _system_trust() -> ssl.SSLContext:
    """
    The machine's own authorities: those of an intranet are among them.
    """
    return httpcore2.default_ssl_context()


def _is_gone(error: Exception) -> bool:
    """
    Whether somebody else has the name; whoever is away may be back tomorrow.
    """
    # The library's errors carry what they were raised for.
    return any(isinstance(each, ssl.SSLError) for each in error.args)


def _headers(response: httpcore2.Response) -> dict[str, str]:
    """
    The first of each name.
    """
    found: dict[str, str] = {}
    for name, value in response.headers:
        found.setdefault(name.decode("latin-1").lower(), value.decode("utf-8", "replace"))
    return found


def _shown(error: Exception) -> str:
    """
    What a library says, on one line: parts of it may come from the server.
    """
    return clean_line(str(error))[:MAX_SHOWN] or type(error).__name__
