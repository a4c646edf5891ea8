"""
The short way for the one request that comes by the thousand: unsubscribing as RFC 8058 words it.

It costs less than half of the way through guard, routes and forms. Whatever is not that very
request goes on to the pages, which mean the same by it. It is logged by the batch, not by itself.
"""

import re
from collections.abc import MutableMapping
from typing import Any
from urllib.parse import urlsplit

from ..store import Choice
from ..tokens import PATHS, read_token
from .guard import App, Receive, Scope, Send, answer_to
from .services import Services

BODY = b"List-Unsubscribe=One-Click"
FORM = (b"content-type", b"application/x-www-form-urlencoded")
DONE = b"Unsubscribed.\n"
HEADERS = (
    (b"content-length", b"%d" % len(DONE)),
    (b"content-type", b"text/plain; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
)
Message = MutableMapping[str, Any]


class OneClick:
    """
    Around all else, which it knows nothing of.
    """

    def __init__(self, app: App, services: Services) -> None:
        self.app = app
        self._services = services
        prefix = re.escape(urlsplit(services.pipeline.settings.site.url).path)
        self._path = re.compile(f"(?:{prefix})?{PATHS['unsubscribe']}([A-Za-z0-9_-]{{32}})")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        token = self._token(scope)
        if token is None:
            await self.app(scope, receive, send)
            return
        first = await receive()
        if first.get("body") != BODY or first.get("more_body"):
            await self.app(scope, _again(first, receive), send)
            return
        try:
            whose = read_token(self._services.keys, "unsubscribe", token)
            if whose:
                await self._leave(whose)
        except Exception as error:  # noqa: BLE001 - whatever it is, they are not told that they left
            await answer_to(error)(scope, receive, send)
            return
        if whose is None:
            await self.app(scope, _again(first, receive), send)
            return
        await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
        await send({"type": "http.response.body", "body": DONE})

    def _token(self, scope: Scope) -> str | None:
        if scope["type"] != "http" or scope["method"] != "POST" or FORM not in scope["headers"]:
            return None
        found = self._path.fullmatch(scope["path"])
        return found[1] if found else None

    async def _leave(self, whose: tuple[int, int]) -> None:
        """
        Who was erased since is told the same: they get nothing, and nobody learns why.
        """
        choice = Choice(do="leave", newsletter=whose[1], subscriber=whose[0])
        await self._services.writer.write(choice)


def _again(first: Message, receive: Receive) -> Receive:
    """
    What was heard already, and then the rest.
    """
    heard: list[Message] = [first]

    async def receive_all() -> Message:
        return heard.pop() if heard else await receive()

    return receive_all
