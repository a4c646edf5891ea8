"""
The command that answers browsers: serve.
"""

import os
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import SettingsError
from .logs import Format, LogFormat
from .serverlog import open_log
from .shared import At, Names, Since, Until, opened, random_bits, say

if TYPE_CHECKING:
    from socket import socket

    from ..pipeline import Pipeline

NEEDS_WEB = "serving needs an extra: pip install 'newsletter-digest[web]'"


def serve(
    context: typer.Context,
    newsletters: Names = None,
    *,
    preview: Annotated[
        bool, typer.Option("--preview", help="The preview, kept up to date while you work.")
    ] = False,
    host: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Where to listen. Default: [web].")
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(min=0, max=65_535, metavar="N", help="Default: [web]; a preview takes any."),
    ] = None,
    at: At = None,
    since: Since = None,
    until: Until = None,
    subscriber: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Their own edition alone.")
    ] = None,
    _: LogFormat = Format.TEXT,
) -> None:
    """
    Serve the pages behind the links in letters.

    They are unsubscribe, preferences, sign-up, archive, and the pictures.
    With --preview, show the preview instead, and every change as it is saved.
    """
    window = (at, since, until)
    if preview and host is not None:
        raise typer.BadParameter("a preview is for this machine alone: leave --host out")
    if not preview and (newsletters or subscriber or any(window)):
        raise typer.BadParameter("newsletters, times and --subscriber go with --preview")
    if preview:
        try:
            from .live import Live
        except ModuleNotFoundError:
            raise SettingsError(NEEDS_WEB) from None
        Live(context, newsletters, window, subscriber).run(port)
        return
    with opened(context) as pipeline:
        web = pipeline.settings.web
        _serve_readers(pipeline, host or web.host, web.port if port is None else port)


def _serve_readers(pipeline: "Pipeline", host: str, port: int) -> None:
    try:
        import uvicorn

        from ..web import create_app
    except ModuleNotFoundError:
        raise SettingsError(NEEDS_WEB) from None
    _log_to_stderr()
    listening = _listen(host, port)
    app = create_app(pipeline, random_bits=random_bits)
    config = uvicorn.Config(
        app,
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=10,
    )
    bound = "[{}]:{}" if ":" in host else "{}:{}"
    address = bound.format(*listening.getsockname()[:2])
    say(f"serving {pipeline.settings.site.url} on http://{address}")
    uvicorn.Server(config).run([listening])


def _listen(host: str, port: int) -> "socket":
    import socket

    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2_048)
    except OSError as error:
        reason = os.strerror(error.errno or 0)
        message = f"cannot listen on {host}:{port}: {reason}: choose another host or port in [web]"
        raise SettingsError(message) from None


def _log_to_stderr() -> None:
    """
    A line per request, without addresses and tokens.
    """
    import logging

    open_log()
    for noisy in ("uvicorn", "uvicorn.error", "asyncio"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
