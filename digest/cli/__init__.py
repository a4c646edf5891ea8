"""
The command line. Parses, calls the pipeline, prints; decides nothing.
"""

import gc
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from .. import __version__
from ..errors import DigestError
from . import (
    archiving,
    bouncing,
    dkim,
    forms,
    images,
    keys,
    looking,
    sending,
    serving,
    standing,
    starting,
    subscribers,
    theming,
    working,
)
from .shared import say

app = typer.Typer(
    name="digest",
    help="Everybody gets the hottest stories of their topics, in one email, exactly once.",
    no_args_is_help=True,
    add_completion=False,
    # Rich help would double the time that --help takes.
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.command("init")(starting.init)
app.command("check")(looking.check)
app.command("topics")(looking.topics)
app.command("select")(looking.select)
app.command("preview")(looking.preview)
app.command("send")(sending.send)
app.command("status")(standing.status)
app.command("resolve")(standing.resolve)
app.command("worker")(working.worker)
app.command("bounces")(bouncing.bounces)
app.command("serve")(serving.serve)
subscribers.app.command("form")(forms.form)
app.add_typer(subscribers.app, name="subscribers")
app.add_typer(images.app, name="images")
app.add_typer(archiving.app, name="archive")
app.add_typer(theming.app, name="theme")
app.add_typer(dkim.app, name="dkim")
app.add_typer(keys.app, name="keys")


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"digest {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    context: typer.Context,
    config: Annotated[
        Path, typer.Option(help="The configuration file.", envvar="DIGEST_CONFIG", metavar="FILE")
    ] = Path("digest.toml"),
    *,
    _: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version.", callback=_print_version, is_eager=True
        ),
    ] = False,
) -> None:
    context.obj = config


def main() -> None:
    """
    Run a command. Our own errors are one line on standard error, and an exit status.
    """
    # Nothing here uses such plugins, and looking for them takes a while.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "true")
    # Nearly all that a command makes lives to its end; looking for the rest all the time is slow.
    gc.set_threshold(50_000)
    try:
        app()
    except DigestError as error:
        for line in str(error).splitlines():
            say(f"digest: {line}")
        sys.exit(error.exit_status)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)
