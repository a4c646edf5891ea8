"""
The live preview: a gallery for one person on one machine, kept up to date while they work.

Whoever does not know the path's token sees nothing, and no other site's page can ask under a name
of its own (DNS rebinding). Nothing here changes anything.
"""

import json
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Mount, Route

if TYPE_CHECKING:
    from ..gallery import Gallery

HOSTS = ("127.0.0.1", "localhost")
#: Between two looks whether there is something new; seconds.
PAUSE = 0.02
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
    ".eml": "message/rfc822",
    ".js": "text/javascript; charset=utf-8",
    ".jpg": "image/jpeg",
    ".png": "image/png",
}
HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
}
#: Pages are made of articles, which are hostile: whatever is in them, nothing of it runs.
PAGE_POLICY = (
    "sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox;"
    " default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'self'"
)
INDEX_POLICY = "frame-ancestors 'none'"


@dataclass(frozen=True, slots=True, kw_only=True)
class Display:
    """
    What is shown: the last gallery that could be made, and why there is no newer one.
    """

    gallery: "Gallery"
    edition: int = 0  #: counts the galleries
    trouble: str = ""


class Stand:
    """
    Where a display is put up and replaced, by one thread, for any number of others.
    """

    def __init__(self, display: Display) -> None:
        self.display = display

    def show(self, gallery: "Gallery") -> None:
        number = self.display.edition + 1
        self.display = Display(gallery=gallery, edition=number)

    def tell(self, trouble: str) -> None:
        self.display = replace(self.display, trouble=trouble)


def preview_app(
    stand: Stand,
    *,
    token: str,
    picture: Callable[[str], Path],
    is_closing: Callable[[], bool],
) -> Starlette:
    """
    The application. `picture` finds a picture by its name.
    """

    async def index(_: Request) -> Response:
        return _file("index.html", stand.display.gallery.files)

    async def file(request: Request) -> Response:
        return _file(request.path_params["name"], stand.display.gallery.files)

    async def show_picture(request: Request) -> Response:
        name: str = request.path_params["name"]
        if name not in stand.display.gallery.pictures:
            raise HTTPException(404)
        try:
            data = await run_in_threadpool(picture(name).read_bytes)
        except OSError:
            raise HTTPException(404) from None
        return Response(data, media_type=TYPES[Path(name).suffix], headers=HEADERS)

    async def events(_: Request) -> Response:
        stream = _events(stand, is_closing)
        return StreamingResponse(stream, media_type="text/event-stream", headers=HEADERS)

    routes = [
        Route("/", index),
        Route("/events", events),
        Route("/pictures/{name:path}", show_picture),
        Route("/{name:path}", file),
    ]
    # Browsers ask for it, whatever a page says.
    no_icon = Route("/favicon.ico", lambda _: Response(status_code=204))
    hosts = Middleware(TrustedHostMiddleware, allowed_hosts=HOSTS, www_redirect=False)
    return Starlette(routes=[no_icon, Mount(f"/{token}", routes=routes)], middleware=[hosts])


def _file(name: str, files: Mapping[str, bytes]) -> Response:
    if name not in files:
        raise HTTPException(404)
    kind = TYPES[Path(name).suffix]
    policy = INDEX_POLICY if name == "index.html" else PAGE_POLICY
    headers = HEADERS | {"Content-Security-Policy": policy}
    return Response(files[name], media_type=kind, headers=headers)


async def _events(stand: Stand, is_closing: Callable[[], bool]) -> AsyncIterator[str]:
    """
    What is shown now, and again whenever that changes.
    """
    from anyio import sleep

    told: Display | None = None
    while not is_closing():
        display = stand.display
        if display is not told:
            told = display
            event = {"edition": display.edition, "trouble": display.trouble}
            yield f"data: {json.dumps(event)}\n\n"
        await sleep(PAUSE)
