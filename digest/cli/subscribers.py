"""
The lists: add, remove, list, show, topics, import, export.
"""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..text import mask_address
from .shared import AsJson, Name, counted, iso, opened, print_json, print_table, say

if TYPE_CHECKING:
    from ..model import Entry, Newsletter
    from ..pipeline import Pipeline
    from ..roster import CheckTopics

app = typer.Typer(
    help="Who reads which newsletter, and with which topics.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Address = Annotated[str, typer.Argument(metavar="ADDRESS", help="A subscriber's mail address.")]
Topics = Annotated[
    str, typer.Option(metavar="'A;B'", help="Topics of their own. Default: the newsletter's.")
]


@app.command()
def add(
    context: typer.Context,
    newsletter: Name,
    address: Address,
    *,
    name: Annotated[str, typer.Option(help="Their name.")] = "",
    topics: Topics = "",
) -> None:
    """
    Subscribe one address.
    """
    from ..roster import parse_entry

    with opened(context) as pipeline:
        found = pipeline.settings.newsletter(newsletter)
        try:
            entry = parse_entry(address, name, topics.split(";"), _topic_check(pipeline, found))
        except ValueError as error:
            raise typer.BadParameter(str(error)) from None
        pipeline.store.subscribers.add(found.id, _spelt(pipeline, found, entry))
    say(f"{mask_address(entry.address)} is subscribed to {found.id}")


@app.command()
def remove(context: typer.Context, newsletter: Name, address: Address) -> None:
    """
    Unsubscribe one address. No letter goes to it that is not on its way yet.
    """
    with opened(context) as pipeline:
        found = pipeline.settings.newsletter(newsletter)
        pipeline.store.subscribers.remove(found.id, address)
    say(f"{mask_address(address)} is not subscribed to {newsletter} any more")


@app.command(name="list")
def list_(context: typer.Context, newsletter: Name, *, as_json: AsJson = False) -> None:
    """
    List who is subscribed.
    """
    with opened(context) as pipeline:
        readers = pipeline.readers(pipeline.settings.newsletter(newsletter))
    if as_json:
        shown = [
            {"email": each.address, "name": each.name, "topics": each.topics or ()}
            for each in readers
        ]
        print_json({"newsletter": newsletter, "subscribers": shown})
        return
    rows = [(each.address, each.name, "; ".join(each.topics or ())) for each in readers]
    print_table(
        f"{newsletter}: {counted(len(rows), 'subscriber')}", ("address", "name", "topics"), rows
    )


@app.command()
def show(context: typer.Context, address: Address, *, as_json: AsJson = False) -> None:
    """
    Show what one person subscribed to.
    """
    from ..pipeline.people import find_person

    with opened(context) as pipeline:
        subscriber, subscriptions = find_person(pipeline, address)
    if as_json:
        shown = [
            {
                "newsletter": each.newsletter,
                "state": each.state,
                "topics": each.topics or (),
                "since": iso(each.created_at),
                "changed": iso(each.changed_at),
            }
            for each in subscriptions
        ]
        document = {"email": subscriber.address, "name": subscriber.name, "subscriptions": shown}
        print_json(document)
        return
    rows = [
        (each.newsletter, each.state, "; ".join(each.topics or ()), f"{each.created_at:%Y-%m-%d}")
        for each in subscriptions
    ]
    title = f"{subscriber.name} {subscriber.address}".strip()
    print_table(title, ("newsletter", "state", "topics", "since"), rows)


@app.command()
def topics(
    context: typer.Context,
    newsletter: Name,
    address: Address,
    topics: Annotated[
        str, typer.Argument(metavar="'A;B'", help="Empty: the newsletter's topics.")
    ] = "",
) -> None:
    """
    Give a subscriber topics of their own, or the newsletter's again.
    """
    with opened(context) as pipeline:
        found = pipeline.settings.newsletter(newsletter)
        own = _known(pipeline, found, topics.split(";"))
        pipeline.store.subscribers.prefer(found.id, address, own)
    what = ", ".join(own) if own else "the newsletter's topics"
    say(f"{mask_address(address)} reads {what} in {newsletter}")


@app.command(name="import")
def import_(
    context: typer.Context,
    newsletter: Name,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="CSV with a header email,name,topics; or .jsonl.")
    ],
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what is wrong.")] = False,
    as_json: AsJson = False,
) -> None:
    """
    Add and update subscribers from a file. Lines that cannot be taken are named, the rest is.
    """
    from ..model import Entry, Problem
    from ..roster import read_roster

    with opened(context) as pipeline:
        found = pipeline.settings.newsletter(newsletter)
        items = list(read_roster(file, _topic_check(pipeline, found)))
        entries = [_spelt(pipeline, found, item) for item in items if isinstance(item, Entry)]
        refused = [item for item in items if isinstance(item, Problem)]
        if dry_run:
            counts = {"would_take": len(entries)}
        else:
            merged = pipeline.store.subscribers.merge(found.id, entries)
            names = ("added", "updated", "unchanged", "unsubscribed")
            counts = {name: getattr(merged, name) for name in names}
    for each in refused:
        say(f"{each.file}:{each.line}: refused: {each.message}")
    if as_json:
        lines = [{"line": each.line, "message": each.message} for each in refused]
        print_json({"newsletter": newsletter, **counts, "refused": lines})
    else:
        told = ", ".join(f"{number} {name.replace('_', ' ')}" for name, number in counts.items())
        say(f"{newsletter}: {told}, {len(refused)} refused")
    raise typer.Exit(bool(refused))


@app.command()
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
    Write who is subscribed, as CSV that no spreadsheet executes, or as JSON lines.
    """
    from ..errors import StoreError
    from ..files import write_whole
    from ..roster import write_csv, write_json_lines

    with opened(context) as pipeline:
        readers = pipeline.readers(pipeline.settings.newsletter(newsletter))
    text = "".join(write_json_lines(readers) if as_json else write_csv(readers))
    if file is None:
        typer.echo(text.encode(), nl=False)
        return
    try:
        write_whole(file, text.encode())
    except OSError as error:
        raise StoreError(f"{file} cannot be written: {error.strerror}") from None
    say(f"{counted(len(readers), 'subscriber')} in {file}")


def _topic_check(pipeline: "Pipeline", newsletter: "Newsletter") -> "CheckTopics":
    """
    Says what is wrong with a subscriber's topics.
    """
    from ..errors import NotFoundError

    def check(topics: tuple[str, ...]) -> str:
        try:
            _known(pipeline, newsletter, topics)
        except NotFoundError as error:
            return str(error)
        return ""

    return check


def _spelt(pipeline: "Pipeline", newsletter: "Newsletter", entry: "Entry") -> "Entry":
    """
    The entry with its topics as newsletter and articles spell them: one topic, one edition.
    """
    own = _known(pipeline, newsletter, entry.topics or ())
    return replace(entry, topics=own or None)


def _known(
    pipeline: "Pipeline", newsletter: "Newsletter", topics: Iterable[str]
) -> tuple[str, ...]:
    """
    Topics that a subscriber of the newsletter may choose. NotFoundError names another one.
    """
    from ..pipeline.topics import known_topics

    return known_topics(topics, newsletter, lambda: pipeline.topics, lambda: pipeline.taxonomy)
