"""
The secrets that sign links: keys rotate.
"""

from typing import Annotated

import typer

from .shared import opened, say

app = typer.Typer(
    help="The secrets that sign the links in letters.", no_args_is_help=True, rich_markup_mode=None
)


@app.callback()
def _keys() -> None:
    """
    The secrets that sign the links in letters.
    """


@app.command()
def rotate(
    context: typer.Context,
    *,
    force: Annotated[
        bool, typer.Option("--force", help="Even while an issue is not sent to everybody.")
    ] = False,
) -> None:
    """
    Sign new letters with a new key. Links of the last one stay good, those of older ones end.
    """
    from ..errors import StoreError
    from ..pipeline.standing import standings

    with opened(context) as pipeline, pipeline.store.lock():
        # Letters that are tried again have to keep their Message-IDs.
        unfinished = [each.issue.id for each in standings(pipeline) if each.state != "done"]
        if unfinished and not force:
            raise StoreError(
                f"{unfinished[0]} is not sent to everybody yet: send the rest first,"
                " or --force, and some may get it under another Message-ID"
            )
        key = pipeline.store.keys.rotate()
    say(f"new letters are signed with key {key.number}; links of the last key stay good")
