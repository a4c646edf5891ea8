"""
The readers' side of a site: leave, choose topics, sign up, read issues again.

    /           what there is
    /u/TOKEN    unsubscribe                      /s/NEWSLETTER   sign up
    /p/TOKEN    preferences                      /c/TOKEN        confirm a sign-up
    /d/TOKEN    one's own data, by a fresh link  /n/TOKEN        confirm a new address
    /w/TOKEN/…  a letter in the browser          /a/…            archive and feeds
    /i/…        pictures

Everything works without JavaScript and without cookies. GET never changes anything.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from functools import partial

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, Router

from ..errors import DigestError
from ..model import Letter, Receipt
from ..pages.opening import open_pages
from ..pipeline import Pipeline
from ..pipeline.rhythms import families_of
from ..pipeline.ways_out import open_signers
from ..ports import Transport
from ..signer import Signer
from .arriving import Arriving
from .choosing import Choosing
from .guard import App, Guard, Receive, Scope, Send
from .joining import Joining
from .leaving import Leaving
from .mailer import Mailer
from .one_click import OneClick
from .owning import Owning
from .reading import Reading
from .services import Endpoint, Services
from .upcoming import Upcoming
from .writer import Writer

__all__ = ["create_app"]

LOG = logging.getLogger("digest.web")
#: Seconds between looks for mails that nobody has tried for so long.
LOOK_EVERY, GIVEN_UP = 300.0, timedelta(minutes=20)


def create_app(pipeline: Pipeline, *, random_bits: Callable[[int], int]) -> App:
    """
    The app for one event loop. It opens the store, and makes it if it is not there.
    """
    signers = open_signers(pipeline.settings)
    services = Services(
        pipeline=pipeline,
        random_bits=random_bits,
        pages=open_pages(pipeline),
        writer=Writer(
            partial(
                pipeline.store.choices.apply, families=families_of(pipeline.settings.newsletters)
            )
        ),
        mailer=Mailer(partial(_deliver, pipeline.transport, signers, pipeline.clock)),
        upcoming=Upcoming(
            lambda: Pipeline(pipeline.settings, clock=pipeline.clock, random_bits=random_bits)
        ),
    )

    @asynccontextmanager
    async def lifespan(_: Router) -> AsyncIterator[None]:
        services.mailer.open()
        await run_in_threadpool(services.resume)
        resuming = asyncio.create_task(_resume(services))
        yield
        resuming.cancel()
        await services.mailer.close()
        services.upcoming.close()

    async def not_found(scope: Scope, receive: Receive, send: Send) -> None:
        await services.not_found(scope, receive, send)

    router = Router(
        routes_of(services),
        default=not_found,
        # It would write tokens into the addresses of redirects.
        redirect_slashes=False,
        lifespan=lifespan,
    )
    return OneClick(Guard(router, pipeline.settings.site.url), services)


def routes_of(services: Services) -> list[Route]:
    """
    Every route there is; a table in the tests holds the same.
    """
    leaving, choosing = Leaving(services), Choosing(services)
    joining, owning, reading = Joining(services), Owning(services), Reading(services)
    return [
        _route("/", Arriving(services).show),
        _route("/u/{token}", leaving.show, leaving.choose),
        _route("/p/{token}", choosing.show, choosing.choose),
        _route("/s/{newsletter}", joining.show, joining.sign_up),
        _route("/c/{token}", joining.show_confirmation, joining.confirm),
        _route("/d/{token}", owning.show, owning.act),
        _route("/n/{token}", owning.show_address, owning.confirm_address),
        _route("/w/{token}/{issue}", reading.view),
        _route("/u/", reading.neutral),
        _route("/p/", reading.neutral),
        _route("/a/{path:path}", reading.archive),
        _route("/i/{folder}/{name}", reading.picture),
    ]


def _route(path: str, get: Endpoint, post: Endpoint | None = None) -> Route:
    """
    HEAD is answered like GET.
    """

    async def endpoint(request: Request) -> Response:
        return await (post if post and request.method == "POST" else get)(request)

    return Route(path, endpoint, methods=["GET", "POST"] if post else ["GET"])


async def _resume(services: Services) -> None:
    """
    From time to time mail what was given up for the time being.
    """
    while True:
        await asyncio.sleep(LOOK_EVERY)
        try:
            await run_in_threadpool(services.resume, GIVEN_UP)
        except DigestError as error:
            LOG.error("mails that wait cannot be read: %s", type(error).__name__)  # noqa: TRY400


def _deliver(
    transport: Transport,
    signers: Sequence[Signer],
    clock: Callable[[], datetime],
    letter: Letter,
) -> Iterable[Receipt]:
    for signer in signers:
        letter = signer.sign(letter, at=clock())
    return transport.deliver([letter], lambda _: True)
