"""
What the commands share: options, the open pipeline, and ways to print.
"""

import json
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .logs import say_at

if TYPE_CHECKING:
    from ..gatherer import Progress as Gathering
    from ..model import Issue, Newsletter
    from ..pipeline import Moment, Pipeline, Printed


def parse_time(text: str) -> datetime:
    """
    An ISO 8601 time. Without a zone it is the newsletter's.
    """
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        message = f'found "{text}", needed is a time such as 2026-11-23T07:00 or 2026-11-23T06:00Z'
        raise typer.BadParameter(message) from None


#: The status of what is to be tried again as it is: EX_TEMPFAIL of sysexits.h.
RUN_AGAIN = 75
#: Columns of a table that nobody sees on a terminal.
UNBOUNDED = 10_000

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]
At = Annotated[
    datetime | None,
    typer.Option(parser=parse_time, metavar="TIME", help="As if it were that time. Default: now."),
]
Since = Annotated[
    datetime | None, typer.Option(parser=parse_time, metavar="TIME", help="Start of the window.")
]
Until = Annotated[
    datetime | None, typer.Option(parser=parse_time, metavar="TIME", help="End of the window.")
]
Name = Annotated[str, typer.Argument(metavar="NEWSLETTER", help="Its id in the configuration.")]
Names = Annotated[
    list[str] | None,
    typer.Argument(metavar="NEWSLETTER...", help="Their ids. Default: all newsletters."),
]

Offline = Annotated[
    bool, typer.Option("--offline", help="Fetch no pictures; take those in the cache.")
]


def now() -> datetime:
    """
    The only clock.
    """
    return datetime.now(UTC)


def random_bits(number: int) -> int:
    """
    Chance, for what nobody may guess.
    """
    import secrets

    return secrets.randbits(number)


@contextmanager
def opened(context: typer.Context) -> Iterator["Pipeline"]:
    """
    The pipeline of the configuration, closed at the end.
    """
    from ..pipeline import Pipeline
    from ..settings import load_settings

    config: Path = context.obj
    settings = load_settings(config, os.environ)
    pipeline = Pipeline(settings, clock=now, random_bits=random_bits)
    try:
        with _interruptible():
            yield pipeline
    finally:
        pipeline.close()


@contextmanager
def _interruptible() -> Iterator[None]:
    """
    Ctrl-C is an exception, as there is something to close.
    """
    before = signal.getsignal(signal.SIGINT)
    if before is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def moment_of(
    at: datetime | None,
    since: datetime | None = None,
    until: datetime | None = None,
    name: str | None = None,
) -> "Moment":
    from ..pipeline import Moment

    return Moment(at=at or now(), since=since, until=until, name=name)


def newsletters_of(pipeline: "Pipeline", names: Sequence[str] | None) -> list["Newsletter"]:
    """
    The named newsletters, or all.
    """
    wanted = dict.fromkeys(names or pipeline.settings.newsletters)
    return [pipeline.settings.newsletter(name) for name in wanted]


def printed_of(
    pipeline: "Pipeline",
    names: Sequence[str] | None,
    moment: "Moment",
    address: str | None,
    *,
    most: int | None = None,
    fetch: "Gathering | None" = None,
) -> list[tuple["Issue", "Printed"]]:
    """
    The editions of the named newsletters or of all, or one subscriber's; at most so many of each.
    """
    from ..pipeline.daybook import DayBook
    from ..pipeline.people import find_subscriber

    book = DayBook()
    found: list[tuple[Issue, Printed]] = []
    for newsletter in newsletters_of(pipeline, names):
        issue = pipeline.issue(newsletter, moment)
        one = (find_subscriber(pipeline, newsletter, address),) if address else None
        readers = one or pipeline.readers(newsletter)
        printed, _ = pipeline.print_editions(
            newsletter, issue, readers, fetch=fetch, explain=True, most=most, book=book
        )
        shown = [(issue, each) for each in printed if each.readers or not one]
        if not shown:
            say(f"{issue.id} has nothing to read: see `digest select {newsletter.id} --explain`")
        found += shown
    return found


def print_json(document: dict[str, Any]) -> None:
    typer.echo(json.dumps(document, ensure_ascii=False, indent=2))


def print_table(
    title: str, columns: Sequence[str], rows: Sequence[Sequence[object]], *, note: str = ""
) -> None:
    """
    A table for people: on standard output if that is a terminal, else on standard error.
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(stderr=not sys.stdout.isatty())
    if not console.is_terminal:
        console.width = UNBOUNDED  # What is searched in a file or a pipe stands in one line.
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in columns:
        numeric = bool(rows) and all(isinstance(row[len(table.columns)], int) for row in rows)
        table.add_column(column, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text("" if value is None else str(value)) for value in row))
    console.print(Text(title, style="italic"))
    console.print(table)
    if note:
        console.print(Text(note))


def say(line: str) -> None:
    """
    A message for people, on standard error.
    """
    say_at(now(), line)


@contextmanager
def telling_of_index(pipeline: "Pipeline") -> Iterator[None]:
    """
    Say at the end why reading took longer than it should have, if it did.
    """
    try:
        yield
    finally:
        for each in dict.fromkeys(pipeline.index_problems):
            say(f"digest: {each.file}: {each.message}")


def counted(number: int, noun: str) -> str:
    """
    `1 letter`, `2 letters`.
    """
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
