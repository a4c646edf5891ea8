"""
What a run shows while it lasts, and how it is ended before its end.
"""

import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .logs import for_programs, tell_event
from .shared import now, say

if TYPE_CHECKING:
    from ..gatherer import Progress as Gathering
    from ..model import Issue, Outcome, Receipt
    from ..pipeline.delivery import Progress
    from ..sender import Allowance

#: Seconds between two looks at a run: of somebody who watches, and of a program.
BAR_SECONDS = 0.1
EVENT_SECONDS = 5.0


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
def shown_pictures() -> Iterator["Gathering"]:
    """
    A bar for as long as pictures are fetched; on a terminal only.
    """
    if for_programs() or not sys.stderr.isatty():
        yield lambda *_: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (TextColumn("pictures"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", visible=False)

        def show(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total, visible=done < total)

        yield show


@contextmanager
def shown_progress() -> Iterator["Progress"]:
    """
    A bar on a terminal, events for programs, nothing for anybody else.
    """
    if for_programs():
        yield Watch(_tell, EVENT_SECONDS)
    elif sys.stderr.isatty():
        with _bar() as show:
            yield Watch(show, BAR_SECONDS)
    else:
        yield lambda *_: None


@dataclass(slots=True)
class Course:
    """
    How far an issue is.
    """

    issue_id: str
    total: int  #: letters that this run may send
    began: float
    shown: float = 0.0
    outcomes: "Counter[Outcome]" = field(default_factory=Counter)

    @property
    def done(self) -> int:
        return self.outcomes.total()

    def rate(self, at: float) -> float:
        """
        Letters a second.
        """
        return self.done / (at - self.began) if at > self.began else 0.0


class Watch:
    """
    Counts receipts, and shows how far it is at the start, at the end, and now and then between.
    """

    def __init__(
        self,
        show: Callable[[Course, float], None],
        pause: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._show, self._pause, self._clock = show, pause, clock
        self._course = Course(issue_id="", total=0, began=0.0)

    def __call__(self, issue: "Issue", total: int, receipt: "Receipt | None") -> None:
        at = self._clock()
        if receipt is None:
            self._course = Course(issue_id=issue.id, total=total, began=at)
        else:
            self._course.outcomes[receipt.outcome] += 1
            early = at - self._course.shown < self._pause
            if early and self._course.done < total:
                return
        self._course.shown = at
        self._show(self._course, at)


def _tell(course: Course, at: float) -> None:
    tell_event(
        now(),
        "progress" if course.done else "started",
        issue=course.issue_id,
        letters=course.total,
        done=course.done,
        rate=round(course.rate(at), 1),
        **{outcome.value: number for outcome, number in course.outcomes.items()},
    )


@contextmanager
def _bar() -> Iterator[Callable[[Course, float], None]]:
    """
    Letters, what became of them, how fast they go, and how long that will last.
    """
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
        BarColumn(bar_width=20),
        MofNCompleteColumn(),
        TextColumn("{task.fields[outcomes]}"),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        tasks = {}

        def show(course: Course, at: float) -> None:
            outcomes, rate = _told(course), f"{course.rate(at):,.0f}/s"
            if course.issue_id not in tasks:
                tasks[course.issue_id] = bar.add_task(
                    course.issue_id, total=course.total, outcomes=outcomes, rate=rate
                )
            bar.update(tasks[course.issue_id], completed=course.done, outcomes=outcomes, rate=rate)

        yield show


def _told(course: Course) -> str:
    return ", ".join(
        f"{number} {outcome.replace('_', ' ')}" for outcome, number in course.outcomes.items()
    )
