"""
The command line. Parses, calls the pipeline, prints; decides nothing.
"""

import os
import sys
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.main import get_group

from .. import __version__
from ..errors import DigestError
from .shared import say

#: Where each command is: a function of a module, or the group that a module holds.
COMMANDS = {
    "init": "starting:init",
    "check": "looking:check",
    "topics": "looking:topics",
    "select": "looking:select",
    "preview": "looking:preview",
    "send": "sending:send",
    "status": "standing:status",
    "resolve": "standing:resolve",
    "worker": "working:worker",
    "bounces": "bouncing:bounces",
    "serve": "serving:serve",
    "subscribers": "subscribers:app",
    "images": "images:app",
    "archive": "archiving:app",
    "theme": "theming:app",
    "dkim": "dkim:app",
    "keys": "keys:app",
}


class Commands(TyperGroup):
    """
    All commands. The module of one is imported when it is asked for: a run needs no other.
    """

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002
        return [*COMMANDS]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name in COMMANDS and cmd_name not in self.commands:
            self.add_command(_command(cmd_name), cmd_name)
        return super().get_command(ctx, cmd_name)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args[0] not in COMMANDS:
            for name in COMMANDS:  # Whoever mistypes one is told of those that are like it.
                self.get_command(ctx, name)
        return super().resolve_command(ctx, args)


def _command(name: str) -> Any:
    module, _, attribute = COMMANDS[name].partition(":")
    found = getattr(import_module(f".{module}", __package__), attribute)
    # Rich help would double the time that --help takes.
    holder = typer.Typer(rich_markup_mode=None)
    if isinstance(found, typer.Typer):
        holder.add_typer(found, name=name)
    else:
        holder.command(name)(found)
    return get_group(holder).commands[name]


app = typer.Typer(
    name="digest",
    cls=Commands,
    help="Everybody gets the hottest stories of their topics, in one email, exactly once.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


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
    try:
        app()
    except DigestError as error:
        for line in str(error).splitlines():
            say(f"digest: {line}")
        sys.exit(error.exit_status)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)
