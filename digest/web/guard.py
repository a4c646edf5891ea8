"""
Around all pages: headers, one log line per request without its address, and calm in trouble.
"""

import logging
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import urlsplit

from starlette.responses import PlainTextResponse, Response

from ..errors import DigestError
from .requests import BadRequest

#: Of what is no page: a page names its own style sheet.
POLICY = b"default-src 'none'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'"
LOG = logging.getLogger("digest.web")
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


class Guard:
    """
    What no page can forget, since none of them does it.
    """

    def __init__(self, app: App, site_url: str) -> None:
        self.app = app
        self._prefix = urlsplit(site_url).path
        # Not "no-referrer": with that, browsers send forms with the origin "null".
        headers = {
            b"cache-control": b"no-store",
            b"content-security-policy": POLICY,
            b"cross-origin-opener-policy": b"same-origin",
            b"cross-origin-resource-policy": b"same-origin",
            b"referrer-policy": b"same-origin",
            b"x-content-type-options": b"nosniff",
            b"x-frame-options": b"DENY",
            b"x-robots-tag": b"noindex",
        }
        self._headers = tuple(headers.items())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started, status = time.monotonic(), 0
        scope = self._without_prefix(scope)

        async def send_guarded(message: MutableMapping[str, Any]) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                given = {name for name, _ in message["headers"]}
                message["headers"] += [pair for pair in self._headers if pair[0] not in given]
            await send(message)

        try:
            await self.app(scope, receive, send_guarded)
        except Exception as error:  # noqa: BLE001 - whatever it is, its values are not logged
            answer = answer_to(error)
            if not status:
                await answer(scope, receive, send_guarded)
        _log(scope, status, time.monotonic() - started)

    def _without_prefix(self, scope: Scope) -> Scope:
        """
        A proxy may pass on the path of the site's address, or take it away.
        """
        path: str = scope["path"]
        if self._prefix and f"{path}/".startswith(f"{self._prefix}/"):
            return {**scope, "path": path[len(self._prefix) :] or "/"}
        return scope


def answer_to(error: Exception) -> Response:
    """
    What whoever asked is told of an error: nothing that they sent, nor what it was about.

    The log has its place in the program, and not its values.
    """
    if not isinstance(error, BadRequest):
        LOG.error("%s at %s", type(error).__name__, _place_of(error))
    if isinstance(error, BadRequest):
        return PlainTextResponse("This request is not understood.\n", error.status)
    if isinstance(error, DigestError):
        headers = {"Retry-After": "10"}
        return PlainTextResponse("Not possible just now: try again.\n", 503, headers)
    return PlainTextResponse("Something went wrong here.\n", 500)


def _place_of(error: Exception) -> str:
    trace, place = error.__traceback__, ""
    while trace:
        place = f"{trace.tb_frame.f_code.co_filename.rpartition('/')[2]}:{trace.tb_lineno}"
        trace = trace.tb_next
    return place


def _log(scope: Scope, status: int, seconds: float) -> None:
    """
    The route instead of the path: that holds the reader's token.
    """
    route = getattr(scope.get("route"), "path", "-")
    LOG.info("%s %s %d %.1f ms", scope["method"], route, status, 1_000 * seconds)
