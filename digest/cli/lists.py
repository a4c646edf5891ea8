"""
The lists as files: import and export.
"""

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .shared import AsJson, Name, counted, opened, print_json, say

if TYPE_CHECKING:
    from ..model import Entry, Newsletter, Problem
    from ..pipeline import Pipeline
    from ..roster import CheckTopics

CLEANED = "the name held line breaks or hidden characters, or was too long"
#: Said on standard error; --report has them all.
MAX_SAID = 100
COUNTS = ("added", "updated", "unchanged", "unsubscribed")
#: Said only where there are any.
RARE = ("bounced", "complained", "erased")


def import_(
    context: typer.Context,
    newsletter: Name,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="CSV with a header email,name,topics; or .jsonl.")
    ],
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would change, and change nothing.")
    ] = False,
    resubscribe: Annotated[
        bool, typer.Option("--resubscribe", help="Also those who left or bounced; not complainers.")
    ] = False,
    report: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write the rows that were not taken, as CSV, and why."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """
    Add and update subscribers from a file. Lines that cannot be taken are named, the rest is.

    Who is new is subscribed; a name or topics that differ are taken over, a name that is missing
    takes none away. Who left stays away, and so does whoever bounced, complained or was erased.
    """
    from ..roster import read_roster

    taking = _Taking(file)
    with opened(context) as pipeline:
        found = pipeline.settings.newsletter(newsletter)
        entries = taking.entries_iter(read_roster(file, topic_check(pipeline, found)))
        if dry_run and pipeline.existing_store is None:
            counts = dict.fromkeys((*COUNTS, *RARE), 0) | {"added": sum(1 for _ in entries)}
        else:
            counts = _merged(pipeline, found, entries, taking, again=resubscribe, dry_run=dry_run)
    if report:
        taking.write(report)
    if as_json:
        document = {"refused": taking.shown, "cleaned": taking.cleaned}
        print_json({"newsletter": newsletter, "dry_run": dry_run, **counts, **document})
    else:
        told = [f"{number} {name}" for name, number in counts.items() if number or name in COUNTS]
        prefix = "dry run, " if dry_run else ""
        say(f"{prefix}{newsletter}: {', '.join(told)}, {len(taking.refused)} refused")
    raise typer.Exit(bool(taking.refused))


def export(
    context: typer.Context,
    newsletter: Name,
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="Default: standard output.")
    ] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="JSON lines instead of CSV.")] = False,
) -> None:
    """
    Write who is subscribed, as CSV or JSON lines.

    No spreadsheet executes what it finds there, and `import` takes it back as it was.
    """
    from ..roster import write_csv, write_json_lines

    with opened(context) as pipeline:
        readers = pipeline.readers(pipeline.settings.newsletter(newsletter))
    lines = write_json_lines(readers) if as_json else write_csv(readers)
    if file is None:
        for line in lines:
            sys.stdout.buffer.write(line.encode())
        return
    _write(file, lines)
    say(f"{counted(len(readers), 'subscriber')} in {file}")


def topic_check(pipeline: "Pipeline", newsletter: "Newsletter") -> "CheckTopics":
    """
    Says what is wrong with a subscriber's topics.
    """
    from ..errors import NotFoundError

    @lru_cache
    def check(topics: tuple[str, ...]) -> str:
        try:
            known_topics_of(pipeline, newsletter, topics)
        except NotFoundError as error:
            return str(error)
        return ""

    return check


def known_topics_of(
    pipeline: "Pipeline", newsletter: "Newsletter", topics: Iterable[str]
) -> tuple[str, ...]:
    """
    Topics that a subscriber of the newsletter may choose. NotFoundError names another one.
    """
    from ..pipeline.topics import known_topics

    return known_topics(topics, newsletter, lambda: pipeline.topics, lambda: pipeline.taxonomy)


@dataclass
class _Taking:
    """
    Lines that are not taken: refused, or of somebody who stays away.
    """

    file: Path
    refused: list["Problem"] = field(default_factory=list)
    away: dict[int, str] = field(default_factory=dict)
    cleaned: list[int] = field(default_factory=list)

    def entries_iter(self, items: "Iterable[Entry | Problem]") -> "Iterator[Entry]":
        from ..model import Problem

        for item in items:
            if isinstance(item, Problem):
                self.refuse(item)
                continue
            if item.cleaned:
                self.clean(item)
            yield item

    def refuse(self, problem: "Problem") -> None:
        self.refused.append(problem)
        if len(self.refused) <= MAX_SAID:
            who = f" ({who})" if (who := getattr(problem, "who", "")) else ""
            say(f"{problem.file}:{problem.line}: refused: {problem.message}{who}")
        elif len(self.refused) == MAX_SAID + 1:
            say("more lines are refused: --report FILE writes them all")

    def clean(self, entry: "Entry") -> None:
        self.cleaned.append(entry.line)
        if len(self.cleaned) <= MAX_SAID:
            say(f"{self.file}:{entry.line}: cleaned: {CLEANED}")

    def keep_away(self, entry: "Entry", reason: str) -> None:
        self.away[entry.line] = reason

    @property
    def shown(self) -> list[dict[str, Any]]:
        return [{"line": each.line, "message": each.message} for each in self.refused]

    def write(self, report: Path) -> None:
        from ..roster import write_report

        reasons = {each.line or 0: each.message for each in self.refused} | self.away
        _write(report, write_report(self.file, reasons))
        say(f"{counted(len(reasons), 'row')} not taken, in {report}")


def _merged(
    pipeline: "Pipeline",
    newsletter: "Newsletter",
    entries: "Iterator[Entry]",
    taking: _Taking,
    *,
    again: bool,
    dry_run: bool,
) -> dict[str, int]:
    from ..model import Cause

    @lru_cache
    def spelt(topics: tuple[str, ...]) -> tuple[str, ...]:
        return known_topics_of(pipeline, newsletter, topics)

    def as_spelt(entry: "Entry") -> "Entry":
        """
        One topic, one edition: as newsletter and articles spell it.
        """
        if entry.topics is None or spelt(entry.topics) == entry.topics:
            return entry
        return replace(entry, topics=spelt(entry.topics) or None)

    merged = pipeline.store.subscribers.merge(
        newsletter.id,
        map(as_spelt, entries),
        Cause(by="import", reason="on a list", evidence={"file": taking.file.name}),
        again=again,
        away=taking.keep_away,
        dry_run=dry_run,
    )
    return {name: getattr(merged, name) for name in (*COUNTS, *RARE)}


def _write(file: Path, lines: Iterable[str]) -> None:
    from ..errors import StoreError
    from ..files import write_whole

    try:
        write_whole(file, "".join(lines).encode())
    except OSError as error:
        raise StoreError(f"{file} cannot be written: {error.strerror}") from None
