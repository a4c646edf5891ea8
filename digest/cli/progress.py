"""
What a run shows while it lasts, and how it is ended before its end.
"""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from .shared import say

if TYPE_CHECKING:
    from ..model import Issue, Receipt
    from ..pipeline.delivery import Progress
    from ..sender import Allowance


@contextmanager
def drained_by_signals(allowance: "Allowance") -> Iterator[None]:
    """
    The first SIGTERM or Ctrl-C takes no more letters; those under way get their receipts.
    """

    def drain(*_: object) -> None:
        say("digest: stopping after the letters under way")
        allowance.stop()
        for each, handler in before.items():
            signal.signal(each, handler)

    before = {each: signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGINT)}
    for each in before:
        signal.signal(each, drain)
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


@contextmanager
def shown_progress() -> Iterator["Progress"]:
    """
    A bar on a terminal, nothing elsewhere.
    """
    if not sys.stderr.isatty():
        yield lambda *_: None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        tasks = {}

        def show(issue: "Issue", total: int, receipt: "Receipt | None") -> None:
            if receipt is None:
                tasks[issue.id] = bar.add_task(issue.id, total=total)
            else:
                bar.advance(tasks[issue.id])

        yield show
