"""
The archive as files: archive build.
"""

from pathlib import Path
from typing import Annotated

import typer

from .shared import AsJson, counted, opened, print_json, say

app = typer.Typer(
    help="Sent issues, to be read again on the web.", no_args_is_help=True, rich_markup_mode=None
)


@app.callback()
def _archive() -> None:
    """
    Sent issues, to be read again on the web.
    """


@app.command()
def build(
    context: typer.Context,
    out: Annotated[
        Path, typer.Argument(metavar="DIR", help="Becomes the root of the site at site.url.")
    ],
    *,
    as_json: AsJson = False,
) -> None:
    """
    Write the archive as static files.

    It is what `digest serve` shows: pages, feeds and their pictures. Pages and feeds of an earlier
    build that are no part of it any more are removed.
    """
    from ..archive.building import build_archive
    from ..pages.opening import open_pages

    with opened(context) as pipeline:
        written, removed = build_archive(pipeline, open_pages(pipeline), out)
    if as_json:
        print_json({"out": str(out), "files": written, "removed": removed})
    else:
        say(f"{counted(written, 'file')} in {out}" + (f", {removed} removed" if removed else ""))
