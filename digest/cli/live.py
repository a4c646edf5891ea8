"""
The live preview at work: one thread answers browsers, this one watches files and prints anew.
"""

import secrets
import signal
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from threading import Event, Thread
from time import thread_time

import typer
import uvicorn

from ..errors import DigestError, SettingsError
from ..gallery import empty_gallery, make_gallery
from ..languages import read_catalogue, wording
from ..pictures import FolderCache
from ..renderer import shipped_themes
from ..settings import Settings
from ..web.preview import Display, Stand, preview_app
from ..web.watching import look_at
from .shared import moment_of, opened, printed_of, say

HOST, PORT = "127.0.0.1", 8025
#: Of each newsletter the editions with the most readers: one has to see a change at once.
MOST = 12
#: Between two looks at the files; seconds. Looking takes a sixth of a processor at most.
PAUSE, SHARE = 0.05, 5
ENOUGH_CHANCE = 16  #: bytes of the token
GRACE = 2  #: seconds for answers that are on their way

Times = tuple[datetime | None, datetime | None, datetime | None]


class Live:
    """
    The editions of some newsletters, printed whenever anything changes that they are made of.
    """

    def __init__(
        self,
        context: typer.Context,
        newsletters: Sequence[str] | None,
        times: Times,
        subscriber: str | None,
    ) -> None:
        self._context, self._newsletters = context, newsletters
        self._times, self._subscriber = times, subscriber
        self._watched: tuple[Path, ...] = (context.obj, shipped_themes())
        self._cache: FolderCache | None = None
        self._state = look_at(())
        self._stand = Stand(Display(gallery=empty_gallery()))

    def run(self, port: int | None) -> None:
        """
        Until SIGINT or SIGTERM.
        """
        stop, token = Event(), secrets.token_urlsafe(ENOUGH_CHANCE)
        app = preview_app(self._stand, token=token, picture=self._picture, is_closing=stop.is_set)
        with _listening(port) as listening, _stopped_by_signals(stop):
            self._watch_once()
            server = uvicorn.Server(
                uvicorn.Config(
                    app,
                    lifespan="off",
                    log_config=None,
                    access_log=False,
                    server_header=False,
                    timeout_graceful_shutdown=GRACE,
                )
            )
            thread = Thread(target=server.run, kwargs={"sockets": [listening]})
            thread.start()
            say(f"Preview: http://{HOST}:{listening.getsockname()[1]}/{token}/ (Ctrl-C ends it)")
            try:
                self._watch(stop)
            finally:
                stop.set()
                server.should_exit = True
                thread.join()

    def _watch(self, stop: Event) -> None:
        pause = PAUSE
        while not stop.wait(pause):
            began = thread_time()
            state = look_at(self._watched)
            pause = max(PAUSE, SHARE * (thread_time() - began))
            if state != self._state:
                self._watch_once()

    def _watch_once(self) -> None:
        # First the look, then the print: what changes meanwhile is seen the next time.
        self._state = look_at(self._watched)
        watched = self._watched
        try:
            self._print()
        except DigestError as error:
            self._stand.tell(str(error))
        if self._watched != watched:
            self._state = look_at(self._watched)

    def _print(self) -> None:
        # Catalogues are read once in the life of other commands.
        wording.cache_clear()
        read_catalogue.cache_clear()
        with opened(self._context) as pipeline:
            self._watched = _made_of(pipeline.settings)
            self._cache = pipeline.pictures
            printed = printed_of(
                pipeline, self._newsletters, moment_of(*self._times), self._subscriber, most=MOST
            )
            number = self._stand.display.edition + 1
            self._stand.show(make_gallery(pipeline, printed, edition=number))

    def _picture(self, name: str) -> Path:
        return self._cache.path_of(name) if self._cache else Path(name)


def _made_of(settings: Settings) -> tuple[Path, ...]:
    """
    All that an edition is made of.
    """
    logos = {each.brand.logo for each in settings.newsletters.values()}
    return (
        settings.file,
        settings.content,
        settings.templates,
        settings.issues,
        shipped_themes(),
        *map(Path, sorted(filter(None, logos))),
    )


@contextmanager
def _listening(port: int | None) -> Iterator[socket.socket]:
    """
    A socket at this port; without one at the usual port, or at a free one if that is taken.
    """
    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((HOST, port or PORT))
        except OSError as error:
            if port:
                message = f"port {port} cannot be used: {error.strerror}; name another by --port"
                raise SettingsError(message) from None
            listening.bind((HOST, 0))
        # From now on whoever asks is answered, if not at once.
        listening.listen()
        yield listening


@contextmanager
def _stopped_by_signals(stop: Event) -> Iterator[None]:
    def end(*_: object) -> None:
        stop.set()

    before = {each: signal.signal(each, end) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
