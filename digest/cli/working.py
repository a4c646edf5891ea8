"""
The command that takes part in sending, beside others: worker.
"""

from typing import Annotated

import typer

from .logs import Format, LogFormat
from .shared import opened, say


def worker(
    context: typer.Context,
    *,
    once: Annotated[
        bool, typer.Option("--once", help="Stop when there is nothing left to do.")
    ] = False,
    _: LogFormat = Format.TEXT,
) -> None:
    """
    Take part in sending, beside others, on a PostgreSQL store. SIGTERM ends it in good order.
    """
    from ..errors import SettingsError

    with opened(context) as pipeline:
        try:
            from ..pipeline.taking_part import Worker
        except ModuleNotFoundError:
            message = "workers need an extra: pip install 'newsletter-digest[postgres]'"
            raise SettingsError(message) from None
        Worker(pipeline, say).run(once=once)
